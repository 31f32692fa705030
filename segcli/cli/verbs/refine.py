"""segcli refine: a better mask from anybody's mask."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from segcli.cli.options import Shared
from segcli.cli.request import cleanup, preparation
from segcli.cli.segment import run_segmenter
from segcli.errors import SettingError

MEANINGS = ("auto", "mask", "labels", "probability")


def refine(
    mask: Annotated[
        str,
        typer.Argument(
            metavar="MASK", help="A mask, labels, probabilities or scores; a folder by stem; or a path with {stem}."
        ),
    ],
    by: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="METHOD",
            help="crf, grabcut, graphcut, random-walker or chan-vese; knobs behind it, as in 'crf iterations=10'.",
            show_default=False,
        ),
    ],
    band: Annotated[
        int,
        typer.Option(
            "--band", metavar="N", help="How far from its border the mask may change, in pixels (crf: anywhere)."
        ),
    ] = 7,
    holds: Annotated[
        str, typer.Option("--holds", metavar="|".join(MEANINGS), help="What the numbers of MASK mean.")
    ] = "auto",
    *,
    shared: Shared,
) -> None:
    """Improve a mask, labels or a probability map of any origin by looking at the picture again.

    The mask is the start of a method that follows the picture's own borders: a random field (crf), cuts (grabcut,
    graphcut), random walks or a level set. All but crf leave alone what lies further than the band from the mask's
    border. crf and random-walker keep several labels apart. chan-vese is for objects and ground of one even shade each:
    on photographs it makes masks worse.
    """
    from segcli.files.hints import find_hints
    from segcli.phrase import segmenter_from_words
    from segcli.refine import Refiner

    if holds not in MEANINGS:
        raise SettingError("holds", f"is {holds!r}; it must be one of {', '.join(MEANINGS)}.")
    if not 1 <= band <= 1000:
        raise SettingError("band", f"is {band}; it must be between 1 and 1000 pixels.")
    segmenter = segmenter_from_words(by)
    before, after = preparation(shared), cleanup(shared)
    segmenter = replace(
        segmenter,
        preparation=before if before != type(before)() else segmenter.preparation,
        cleanup=after if after.asked else segmenter.cleanup,
    )
    run_segmenter(Refiner(segmenter, band, holds), [find_hints("mask", "map", mask)], shared)  # type: ignore[arg-type]
