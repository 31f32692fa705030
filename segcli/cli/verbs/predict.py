"""segcli predict: segment with a trained network."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from segcli.cli.announce import announce
from segcli.cli.options import Shared
from segcli.cli.refusals import check_words
from segcli.cli.request import cleanup, preparation
from segcli.cli.segment import run_segmenter
from segcli.errors import SettingError

VIEWS = ("flip", "scale")
LEAST_TILE, MOST_TILE, MOST_BATCH = 32, 16_384, 1024
MODEL = "Model"

THREADS = 3
"""One picture at a time is computed; the others are read, and written to a disk that may take its time."""


def _option(flag: str, metavar: str | None, text: str) -> typer.models.OptionInfo:
    """An option of the panel of the model; flags take no metavar."""
    found: typer.models.OptionInfo = typer.Option(
        flag, metavar=metavar, help=text, show_default=False, rich_help_panel=MODEL
    )
    return found


def predict(
    model: Annotated[
        str,
        _option(
            "--model",
            "NAME|FILE",
            "A set of weights: a name among those that came with segcli or lie in your folder (SEGCLI_MODELS), a "
            ".safetensors or .onnx file, or the folder of a run. (In train it names a network.)",
        ),
    ],
    ensemble: Annotated[
        list[str] | None,
        _option(
            "--ensemble", "NAME|FILE", "One more model of the same classes, may repeat; probabilities are averaged."
        ),
    ] = None,
    instances: Annotated[
        bool, _option("--instances", None, "Number the objects: parted by the borders the model learned, or connected.")
    ] = False,
    split: Annotated[
        bool, _option("--split", None, "Part objects of --instances at their necks (models without borders).")
    ] = False,
    threshold: Annotated[
        float | None, _option("--threshold", "X", "Probability above which a pixel is object; default 0.5.")
    ] = None,
    refine: Annotated[
        str | None,
        _option("--refine", "METHOD", "crf, a random field over picture and scores; knobs as in 'crf iterations=5'."),
    ] = None,
    tta: Annotated[
        list[str] | None,
        _option("--tta", "|".join(VIEWS), "Look at the picture mirrored, in three sizes, or (given twice) both."),
    ] = None,
    tile: Annotated[
        str, _option("--tile", "auto|N", "Side of the windows of large pictures, in pixels; auto: by their memory.")
    ] = "auto",
    batch: Annotated[int | None, _option("--batch", "N", "Windows at once; default: as the device likes.")] = None,
    device: Annotated[
        str, _option("--device", "auto|cpu|cuda|cuda:N|mps", "Where to compute; all but auto are strict.")
    ] = "auto",
    gray: Annotated[
        bool, _option("--gray", None, "Take the gray of color pictures, where the model takes gray.")
    ] = False,
    *,
    shared: Shared,
) -> None:
    """Segment with a trained network.

    Pictures of any size and type: scaling, channels and classes come from the model's file. Two classes give a mask,
    more give classes, --instances objects that are counted. Large pictures are predicted by windows that overlap, so
    that no seam shows. segcli train makes models; segcli models lists networks.
    """
    check_words(shared)
    views = _views(tta or [])
    if threshold is not None and not 0 < threshold < 1:
        raise SettingError("threshold", f"is {threshold:g}; it must be between 0 and 1.")
    if batch is not None and not 1 <= batch <= MOST_BATCH:
        raise SettingError("batch", f"is {batch}; it must be between 1 and {MOST_BATCH}.")
    from segcli.network_segmenter import ModelFile, NetworkSegmenter
    from segcli.phrase import segmenter_from_words

    segmenter = NetworkSegmenter(
        tuple(ModelFile.open(name) for name in (model, *(ensemble or []))),
        device=device,
        tile=_tile(tile),
        flip="flip" in views,
        scale="scale" in views,
        batch=batch,
        threshold=threshold,
        instances=instances,
        split=split,
        to_gray=gray,
        refined=None if refine is None else segmenter_from_words(refine),
        preparation=preparation(shared),
        cleanup=cleanup(shared),
    )
    segmenter = replace(segmenter, scores="scores" in shared.kinds, layers=shared.steps is not None)
    run_segmenter(segmenter, [], shared, ready=lambda: announce(segmenter, "predict", shared.quiet), threads=THREADS)


def _views(words: list[str]) -> set[str]:
    """The views that are asked for.

    Raises
    ------
    SettingError : a word that is none of them.
    """
    unknown = [word for word in words if word not in VIEWS]
    if unknown:
        raise SettingError("tta", f"is {unknown[0]!r}; it must be one of {', '.join(VIEWS)}.")
    return set(words)


def _tile(text: str) -> int | None:
    """The side of the windows, None for auto.

    Raises
    ------
    SettingError : no number of pixels.
    """
    if text == "auto":
        return None
    if not (text.isascii() and text.isdigit()) or not LEAST_TILE <= int(text) <= MOST_TILE:
        raise SettingError("tile", f"is {text!r}; it must be auto, or from {LEAST_TILE} to {MOST_TILE} pixels.")
    return int(text)
