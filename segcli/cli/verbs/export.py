"""segcli export: a trained network as an ONNX file, for other programs."""

from __future__ import annotations

import json as jsonlib
import os
import time
from typing import Annotated

import typer

from segcli.cli.options import check_choice
from segcli.errors import InputError, UsageError
from segcli.files.onnx_file import is_onnx, need_onnx

EXISTS = ("fail", "skip", "overwrite")


def export(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A set of weights, as in predict: a name, a file or a run's folder.")
    ],
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="NAME.onnx; default: the model's name in this folder."),
    ] = None,
    exists: Annotated[
        str, typer.Option("--exists", metavar="|".join(EXISTS), help="What to do about an existing file.")
    ] = "fail",
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a line.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Write a trained network as ONNX, for any number of pictures of any size.

    Before it is written it is computed by onnxruntime and compared with torch at three sizes. Names of the classes,
    scaling and all else stand in the file; segcli predict --model NAME.onnx needs nothing more.
    """
    start = time.perf_counter()
    check_choice("exists", exists, EXISTS)
    need_onnx()
    from segcli.network_segmenter import ModelFile

    path = out or f"{os.path.splitext(os.path.basename(os.path.normpath(model)))[0]}.onnx"
    if not is_onnx(path):
        raise UsageError(f"{path!r}: a network is written as .onnx; name the file so.")
    if os.path.isdir(path):
        raise UsageError(f"{path!r} is a folder; name a file.")
    if exists == "skip" and os.path.lexists(path):
        _say({"output": path, "status": "skipped"}, f"{path}  in place already", json, quiet)
        return
    if exists == "fail" and os.path.lexists(path):
        raise UsageError(f"{path!r} exists; --exists overwrite replaces it.")
    opened = ModelFile.open(model)
    if is_onnx(opened.path):
        raise UsageError(f"{opened.path!r} is an ONNX file already.")
    _export(opened.path, opened.digest, path, start, json, quiet)


def _export(model: str, digest: str, path: str, start: float, json: bool, quiet: bool) -> None:
    """Load, export, compare, write, report."""
    from segcli.files.write import check_folder, put
    from segcli.learning.export import export_onnx
    from segcli.learning.member import load_member

    check_folder(os.path.dirname(path))
    try:
        made = export_onnx(load_member(model, digest, "cpu"))
    except InputError as failure:
        raise UsageError(f"{model!r} {failure}") from failure
    put(path, made.data)
    seconds = time.perf_counter() - start
    sizes = [list(size[1:]) for size in made.sizes]
    found = {"output": path, "status": "done", "model": model, "bytes": len(made.data)}
    found |= {"difference": made.difference, "largest": made.largest, "sizes": sizes}
    compared = ", ".join(f"{width} x {height}" for height, width in sizes)
    line = (
        f"{path}  {len(made.data) / 1e6:.1f} MB; logits up to {made.largest:.3g} differ from torch's by at most "
        f"{made.difference:.1e} ({compared} pixels), {seconds:.1f} s"
    )
    _say({**found, "seconds": round(seconds, 4)}, line, json, quiet)


def _say(found: dict[str, object], line: str, json: bool, quiet: bool) -> None:
    if json:
        print(jsonlib.dumps(found, allow_nan=False))
    elif not quiet:
        print(line)
