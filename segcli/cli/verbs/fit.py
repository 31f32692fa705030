"""segcli fit: learn from examples."""

from __future__ import annotations

import json as jsonlib
import os
import time
from typing import Annotated, Any

import typer

from segcli.cli.options import check_choice
from segcli.errors import SettingError, UsageError

LEARNERS = {
    "pixel-classifier": ("boosting", "forest"),
    "superpixel-crf": ("boosting", "logistic", "linear-svm", "rbf-svm"),
}
EXISTS = ("fail", "skip", "overwrite")


def fit(
    method: Annotated[str, typer.Argument(metavar="METHOD", help=" or ".join(LEARNERS) + ".")],
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Files, folders or quoted globs.")],
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="The model, NAME.safetensors.")],
    truth: Annotated[
        str | None,
        typer.Option(
            "--truth",
            metavar="MASKS",
            help="Masks or label images: a file for one image, a folder by stem, or a path with {stem}. "
            "0 and 255, or 0 and 1, are a mask; other numbers classes, 255 unknown.",
        ),
    ] = None,
    scribbles: Annotated[
        str | None,
        typer.Option(
            "--scribbles",
            metavar="STROKES",
            help="Strokes instead: 0 unmarked, 1 object, 2 background; or 1 to K for more classes.",
        ),
    ] = None,
    binary: Annotated[
        bool, typer.Option("--binary", help="Any number above 0 in --truth is the object, as in numbered objects.")
    ] = False,
    ignore: Annotated[
        int | None, typer.Option("--ignore", metavar="N", help="A number in --truth that means unknown, besides 255.")
    ] = None,
    classifier: Annotated[
        str | None,
        typer.Option(
            "--classifier",
            metavar="NAME",
            help="; ".join(f"{name}: {', '.join(words)}" for name, words in LEARNERS.items()) + ". The first is usual.",
        ),
    ] = None,
    balanced: Annotated[
        bool, typer.Option("--balanced", help="All classes weigh the same, however rare (as strokes always do).")
    ] = False,
    regions: Annotated[
        int | None, typer.Option("--regions", metavar="N", help="superpixel-crf: superpixels a picture, default 500.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of the samples and the trees, from 0.")] = 0,
    exists: Annotated[
        str, typer.Option("--exists", metavar="|".join(EXISTS), help="What to do about an existing model.")
    ] = "fail",
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into subfolders.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a line.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Learn from pictures and their masks, labels or strokes what to segment, into one model file.

    The model is then the --model of the method: segcli pixel-classifier new.png --model model.safetensors. It holds
    numbers alone, no code.
    """
    start = time.perf_counter()
    settings = _settings(method, classifier, regions, seed, exists)
    if (truth is None) == (scribbles is None):
        raise UsageError("the truth is missing; give --truth or --scribbles, one of them.")
    if scribbles is not None and (binary or ignore is not None):
        raise SettingError("binary" if binary else "ignore", "belongs to --truth; strokes leave 0 unmarked.")
    from segcli.files.fitted import check_model_path, write_fitted

    check_model_path(out, exists)
    if exists == "skip" and os.path.lexists(out):
        _say({"output": out, "status": "skipped"}, f"{out}  in place already", json, quiet)
        return
    fitted = _learn(method, images, recursive, (truth, scribbles, binary, ignore), {**settings, "balanced": balanced})
    write_fitted(out, fitted, overwrite=True)
    seconds = time.perf_counter() - start
    classes = fitted.arrays["classes"].tolist()
    found = {"output": out, "status": "done", "method": method, "classes": classes, **fitted.facts}
    _say({**found, "seconds": round(seconds, 4)}, _line(out, fitted.facts, len(classes), seconds), json, quiet)


def _settings(method: str, classifier: str | None, regions: int | None, seed: int, exists: str) -> dict[str, Any]:
    """What the learner is told, checked.

    Raises
    ------
    UsageError : a method that does not learn, or a setting it cannot take.
    """
    if method not in LEARNERS:
        raise UsageError(f"{method!r} does not learn from examples; those that do are {', '.join(LEARNERS)}.")
    settings: dict[str, Any] = {"seed": seed}
    if classifier is not None:
        if classifier not in LEARNERS[method]:
            raise SettingError("classifier", f"is {classifier!r}; it must be one of {', '.join(LEARNERS[method])}.")
        settings["classifier"] = classifier
    if regions is not None:
        if method != "superpixel-crf":
            raise SettingError("regions", f"is for superpixel-crf; {method} has no superpixels.")
        if not 2 <= regions <= 100_000:
            raise SettingError("regions", f"is {regions}; it must be between 2 and 100000.")
        settings["regions"] = regions
    if not 0 <= seed < 2**32:
        raise SettingError("seed", f"is {seed}; it must be between 0 and {2**32 - 1}.")
    check_choice("exists", exists, EXISTS)
    return settings


def _learn(
    method: str,
    inputs: list[str],
    recursive: bool,
    given: tuple[str | None, str | None, bool, int | None],
    settings: Any,
) -> Any:
    """Pair the files, read their truth and fit."""
    from segcli.files.sources import find_items
    from segcli.fitting import LEARNERS as FITTING
    from segcli.fitting.pairs import find_pairs

    truth, scribbles, binary, ignore = given
    items = find_items(inputs, recursive=recursive)
    if scribbles is not None:
        settings["balanced"] = True
    pairs = find_pairs(items, truth or scribbles or "", strokes=scribbles is not None, binary=binary, ignore=ignore)
    return FITTING[method](pairs.images, pairs.truths, **settings)


def _line(out: str, facts: Any, classes: int, seconds: float) -> str:
    """What was learned, on one line."""
    samples = f"{facts['images']} images, {facts['samples']} samples, {classes} classes"
    accuracy = "" if facts.get("accuracy") is None else f", right on {100 * facts['accuracy']:.1f} % held out"
    overlap = "" if facts.get("mean_iou") is None else f", mean IoU {facts['mean_iou']:.3f}"
    return f"{out}  {samples}{accuracy}{overlap}, {seconds:.1f} s"


def _say(found: dict[str, Any], line: str, json: bool, quiet: bool) -> None:
    if json:
        print(jsonlib.dumps(found, allow_nan=False))
    elif not quiet:
        print(line)
