"""segcli clean: the shared clean-up and more, on masks of any program."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from segcli.cli.options import AFTER, Shared
from segcli.cli.refusals import check_cleanup
from segcli.cli.request import cleanup
from segcli.cli.segment import run_segmenter
from segcli.errors import SettingError, UsageError

WITHOUT = ("channel", "blur", "roi", "nodata", "alpha")
"""Shared options of pictures, which labels are not."""


def _option(flag: str, metavar: str | None, text: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=text, show_default=False, rich_help_panel=AFTER)


def clean(
    opening: Annotated[
        int, _option("--opening", "RADIUS", "Drop parts of objects into which a disc of this radius does not fit.")
    ] = 0,
    closing: Annotated[int, _option("--closing", "RADIUS", "Fill cracks and gaps into which it does not fit.")] = 0,
    split: Annotated[
        bool, _option("--split", None, "Part objects that touch at their necks; a mask becomes numbered objects.")
    ] = False,
    where: Annotated[
        str | None,
        _option("--filter", "EXPR", "Keep objects such as 'area>50 and eccentricity<0.9' (columns of measure)."),
    ] = None,
    hull: Annotated[bool, _option("--hull", None, "Fill the convex hull of each object.")] = False,
    relabel: Annotated[
        bool, _option("--relabel", None, "Number objects 1..n in reading order; a mask becomes numbered objects.")
    ] = False,
    kind: Annotated[
        str | None, _option("--kind", "mask|instances", "What the numbers of the files are; default found out.")
    ] = None,
    mask_threshold: Annotated[
        float | None, _option("--mask-threshold", "GRAY", "Make masks of what is above it, of lossy files too.")
    ] = None,
    *,
    shared: Shared,
) -> None:
    """Tidy masks and label images of any program.

    INPUT are label files here. In this order, whatever the order of the words: --smooth, --opening, --closing,
    --fill-holes, --split, then --clear-border, --min-size, --largest, --filter, then --hull and --relabel. Objects that
    are left are numbered 1..n in the order they had.
    """
    from segcli.cleaning import Cleaner
    from segcli.expression import Filter
    from segcli.files.label_kinds import check_kind

    asked = replace(cleanup(shared), opening=opening, closing=closing, split=split, hull=hull)
    check_cleanup(asked)
    try:
        segmenter = Cleaner(asked, None if where is None else Filter(where), relabel, check_kind(kind), mask_threshold)
    except SettingError:
        raise
    except UsageError as failure:
        if where is None:
            raise
        raise SettingError("filter", str(failure)) from failure
    run_segmenter(segmenter, [], shared)
