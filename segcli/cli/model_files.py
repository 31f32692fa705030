"""segcli models --weights, keep, import and get: the models to predict with, and what becomes one of them."""

from __future__ import annotations

import json as jsonlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segcli.cli.options import check_choice
from segcli.cli.report import printable
from segcli.errors import InputError, SettingError, UsageError
from segcli.files.fitted import ENDING

if TYPE_CHECKING:
    from segcli.learning.model_places import KnownModel

EXISTS = ("fail", "skip", "overwrite")
MB = 1_000_000
MOST_MB = 100_000
HEADS = ("name", "network", "segments", "data", "licence", "score", "size")
SCORES = ("miou", "dice", "accuracy")
"""What a table shows of a model's scores: the first of these that it has."""


def list_weights(json: bool) -> None:
    """Print the models that have names; what is broken is said in its line."""
    from segcli.learning.model_places import list_models, user_folder
    from segcli.networks.registry import find_architecture

    # Auto-encoders are models too, but make no labels.
    found = [
        model
        for model in list_models()
        if model.problem or find_architecture(model.facts["architecture"]).task == "segmentation"
    ]
    if json:
        print(jsonlib.dumps([_as_dict(model) for model in found], indent=2))
        return
    if not found:
        print(f"no models yet: none came with segcli, none lie in {printable(user_folder())}", file=sys.stderr)
        return
    cells = [HEADS, *(_cells(model) for model in found if not model.problem)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADS))]
    for row in cells if len(cells) > 1 else ():
        left = [cell.ljust(width) for cell, width in zip(row[:6], widths[:6], strict=True)]
        print("  ".join((*left, row[6].rjust(widths[6]))))
    for model in found:
        if model.problem:
            print(f"{printable(model.name)}  broken: {printable(model.path)} {model.problem}")


def _words(facts: Any) -> str:
    """What a model segments, or the names of its classes."""
    return facts.get("segments") or ", ".join(facts["names"])


def _numbers(facts: Any) -> dict[str, float]:
    scores = facts.get("scores") or {}
    return {name: value for name, value in scores.items() if isinstance(value, (int, float)) and name.isprintable()}


def _cells(model: KnownModel) -> tuple[str, ...]:
    facts = model.facts
    scores = _numbers(facts)
    score = next((f"{name} {scores[name]:.3f}" for name in SCORES if name in scores), "-")
    words = [_words(facts), facts.get("data") or "-", facts.get("licence") or "-"]
    short = [word if len(word) <= 60 else f"{word[:57]}..." for word in words]
    return printable(model.name), facts["architecture"], *short, score, f"{model.size / MB:.1f} MB"


def _as_dict(model: KnownModel) -> dict[str, Any]:
    common = {"name": model.name, "path": model.path, "origin": model.origin, "bytes": model.size}
    if model.problem:
        return {**common, "status": "broken", "message": model.problem}
    facts = model.facts
    kept = {name: facts[name] for name in ("architecture", "width", "channels", "classes", "names", "target")}
    words = {"segments": _words(facts), "data": facts.get("data", ""), "licence": facts.get("licence", "")}
    return {**common, "status": "ok", **kept, **words, "scores": _numbers(facts)}


def import_model(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Public weights: a .pth, .pt or .safetensors file.")],
    network: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="NETWORK",
            help="Of torchvision fcn_resnet50, fcn_resnet101, deeplabv3_resnet50, deeplabv3_resnet101; "
            "fcn32s, fcn16s, fcn8s (VGG16 converted from Caffe).",
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", metavar="NAME", help="In your folder of models, or a path; default: the network's."
        ),
    ] = None,
    exists: Annotated[
        str, typer.Option("--exists", metavar="|".join(EXISTS), help="What to do about an existing model.")
    ] = "fail",
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a line.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Make a model of public weights of a whole network, to predict with. No code in the file is run."""
    from segcli.files.fitted import check_model_path
    from segcli.learning.model_places import user_folder
    from segcli.networks.registry import find_architecture

    _check_exists(exists)
    name = out or find_architecture(network).name
    plain = os.path.basename(name) == name and not name.endswith(ENDING)
    path = os.path.join(user_folder(), name + ENDING) if plain else name
    if exists == "skip" and os.path.lexists(path):
        _say({"output": path, "status": "skipped"}, f"{printable(path)}  in place already", json, quiet)
        return
    check_model_path(path, exists)
    from hashlib import sha256

    from segcli.files.checkpoints import read_checkpoint
    from segcli.files.fitted import write_fitted
    from segcli.files.read import read_bytes
    from segcli.learning.model import as_fitted
    from segcli.learning.public_models import import_public

    try:
        data = read_bytes(file)
        made = import_public(network, read_checkpoint(data), digest=sha256(data).hexdigest())
    except InputError as failure:
        raise UsageError(f"{file!r} {failure}") from failure
    write_fitted(path, as_fitted(made.card, made.network), overwrite=True)
    card = made.card
    called = name if plain else path
    found: dict[str, Any] = {"output": path, "status": "done", "model": called, "architecture": card.architecture}
    found |= {"names": list(card.names), "left_out": list(made.left_out)}
    classes = card.segments or f"{card.planes} classes"
    line = f"{printable(path)}  {card.architecture}, {classes}; segcli predict --model {printable(called)}"
    _say(found, line, json, quiet)


def keep(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The folder of a training run, or a model's file.")],
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="NAME", help="A name in your folder of models, or a path.")
    ],
    segments: Annotated[str, typer.Option("--segments", metavar="WORDS", help="What it finds.")] = "",
    data: Annotated[str, typer.Option("--data", metavar="WORDS", help="What it was trained on.")] = "",
    licence: Annotated[str, typer.Option("--licence", metavar="WORDS", help="On what terms it may be used.")] = "",
    exists: Annotated[
        str, typer.Option("--exists", metavar="|".join(EXISTS), help="What to do about an existing model.")
    ] = "fail",
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a line.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Keep a trained network under a name, to predict with: its best weights in 16 bits, and its run.json beside."""
    from segcli.files.fitted import check_model_path, read_fitted, write_fitted
    from segcli.files.write import write_bytes
    from segcli.learning.keeping import kept_model, kept_run
    from segcli.learning.model_places import find_model, user_folder

    _check_exists(exists)
    plain = os.path.basename(out) == out and not out.endswith(ENDING)
    path = os.path.join(user_folder(), out + ENDING) if plain else out
    if exists == "skip" and os.path.lexists(path):
        _say({"output": path, "status": "skipped"}, f"{printable(path)}  in place already", json, quiet)
        return
    source = find_model(run)
    check_model_path(path, exists)
    try:
        made = kept_model(read_fitted(source), segments=segments, data=data, licence=licence)
    except InputError as failure:
        raise UsageError(f"{source!r} {failure}") from failure
    record = kept_run(os.path.dirname(source))
    write_fitted(path, made, overwrite=True)
    if record is not None:
        write_bytes(path.removesuffix(ENDING) + ".json", record)
    called = out if plain else path
    found = {"output": path, "status": "done", "model": called, "architecture": made.facts["architecture"]}
    line = f"{printable(path)}  {made.facts['architecture']}; segcli predict --model {printable(called)}"
    _say(found, line, json, quiet)


def get(
    name: Annotated[str, typer.Argument(metavar="NAME|URL", help="A known file (fcn_resnet50, vgg16, ...), or https.")],
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="PATH", help="A file, or a folder; default: your folder of models."),
    ] = None,
    digest: Annotated[
        str | None,
        typer.Option("--sha256", metavar="HEX", help="Of the file; needed where its name holds no digits of it."),
    ] = None,
    exists: Annotated[
        str, typer.Option("--exists", metavar="|".join(EXISTS), help="What to do about an existing file.")
    ] = "fail",
    largest: Annotated[int, typer.Option("--max-size", metavar="MB", help="Larger files are not loaded.")] = 2000,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a line.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Load a file of public weights from the network, and check it against its published hash.

    Known names: fcn_resnet50, fcn_resnet101, deeplabv3_resnet50, deeplabv3_resnet101, whose files
    segcli models import makes models of; vgg16, vgg16_bn, vgg19, vgg19_bn, resnet18, resnet34, resnet50, resnet101,
    resnet152, which segcli train takes as --encoder-weights.
    """
    start = time.perf_counter()
    _check_exists(exists)
    if not 1 <= largest <= MOST_MB:
        raise SettingError("max_size", f"is {largest}; it must be between 1 and {MOST_MB}.")
    from segcli.files.download import check_address, download
    from segcli.files.write import check_folder
    from segcli.learning.public_files import digits_in, find_public

    public = find_public(name)
    check_address(public.address)
    digits = _digits(digest, digits_in(public.address), public.address)
    path = _place(out, public.address)
    if os.path.isdir(path):
        raise UsageError(f"{path!r} is a folder; name a file.")
    if os.path.lexists(path) and exists != "overwrite":
        if exists == "skip":
            _say({"output": path, "status": "skipped"}, f"{printable(path)}  in place already", json, quiet)
            return
        raise UsageError(f"{path!r} exists; --exists overwrite replaces it.")
    check_folder(os.path.dirname(path))
    done = 0
    with _bar(os.path.basename(path), not quiet) as advance:
        for done, total in download(public.address, path, digits, largest * MB):
            advance(done, total)
    seconds = time.perf_counter() - start
    found = {"output": path, "status": "done", "address": public.address, "bytes": done, "checked": digits}
    found |= {"data": public.data, "licence": public.licence, "seconds": round(seconds, 4)}
    terms = "" if public.licence == "unknown" else f" Data: {public.data}. Licence: {public.licence}."
    line = f"{printable(path)}  {done / MB:.1f} MB, SHA-256 begins with {digits[:16]} as published, {seconds:.1f} s."
    _say(found, line + terms + _next(public.name, public.score is not None, path), json, quiet)


def _next(name: str, whole: bool, path: str) -> str:
    """What to do with a known file."""
    if not name:
        return ""
    shown = printable(path)
    return (
        f" Next: segcli models import {shown} --as {name}"
        if whole
        else f" Next: segcli train --encoder-weights {shown}"
    )


def _digits(given: str | None, named: str, address: str) -> str:
    """The digits to check by.

    Raises
    ------
    UsageError : there are none, or they are no SHA-256.
    """
    if given is None:
        if not named:
            raise UsageError(
                f"{address!r} has no digits of its hash in its name; give --sha256, as its publisher says."
            )
        return named
    wanted = given.lower()
    if len(wanted) != 64 or set(wanted) - set("0123456789abcdef"):
        raise SettingError("sha256", f"is {given[:80]!r}; it must be 64 digits from 0 to 9 and a to f.")
    if not wanted.startswith(named):
        raise SettingError("sha256", f"begins with {wanted[:8]}, the file's published name says {named[:8]}.")
    return wanted


def _place(out: str | None, address: str) -> str:
    """Where the file goes."""
    from segcli.learning.model_places import user_folder
    from segcli.learning.public_files import file_name

    if out is None:
        return os.path.join(user_folder(), file_name(address))
    return os.path.join(out, file_name(address)) if out.endswith(("/", os.sep)) or os.path.isdir(out) else out


def _check_exists(exists: str) -> None:
    check_choice("exists", exists, EXISTS)


@contextmanager
def _bar(name: str, wanted: bool) -> Iterator[Any]:
    """A bar on stderr where that is a terminal; yields what takes the bytes so far and all of them."""
    if not wanted or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
    with bar:
        task = bar.add_task(printable(name), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _say(found: dict[str, Any], line: str, json: bool, quiet: bool) -> None:
    if json:
        print(jsonlib.dumps(found, allow_nan=False))
    elif not quiet:
        print(line)
