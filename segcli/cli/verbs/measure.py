"""segcli measure: the regions of masks and label images of any program, as a table."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Optional

import typer

READ, ASKED, OUTPUT = "What is measured", "Columns and rows", "Output"
EXISTS = ("fail", "overwrite")


def _option(panel: str, *flags: str, metavar: str | None = None, text: str) -> Any:
    return typer.Option(*flags, metavar=metavar, help=text, show_default=False, rich_help_panel=panel)


def measure(
    labels: Annotated[
        Optional[list[str]],  # noqa: UP045 - Typer reads Optional at run time
        typer.Argument(metavar="LABELS...", help="Masks or label images of any program: files, folders, quoted globs."),
    ] = None,
    image: Annotated[
        str | None,
        _option(
            READ,
            "--image",
            metavar="FILE|FOLDER",
            text="The picture, for intensities: one for all, or a folder by stem (cell.otsu.png belongs to cell.tif).",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        _option(READ, "--kind", metavar="mask|classes|instances", text="What the numbers are; default found out."),
    ] = None,
    mask_threshold: Annotated[
        float | None,
        _option(READ, "--mask-threshold", metavar="GRAY", text="Measure what is above it, in lossy files too."),
    ] = None,
    recursive: Annotated[bool, _option(READ, "--recursive", "-r", text="Look into subfolders.")] = False,
    pixel_size: Annotated[
        str | None,
        _option(
            ASKED,
            "--pixel-size",
            metavar="SIZE",
            text="Such as 0.32um, or 0.32,0.5um (width, height): adds area_um2, perimeter_um ... beside the pixels.",
        ),
    ] = None,
    where: Annotated[
        str | None,
        _option(
            ASKED, "--filter", metavar="EXPR", text="Keep regions such as 'area>50 and eccentricity<0.9' (any column)."
        ),
    ] = None,
    columns: Annotated[
        str | None, _option(ASKED, "--columns", metavar="A,B,...", text="Only these, in this order; default all.")
    ] = None,
    neighbors: Annotated[
        float | None,
        _option(
            ASKED, "--neighbors", metavar="PIXELS", text="How near a neighbor lies; default: it touches, corners count."
        ),
    ] = None,
    out: Annotated[
        str | None,
        _option(
            OUTPUT,
            "--out",
            "-o",
            metavar="FILE.csv|FILE.json|-",
            text="One table for all inputs; default CSV on standard output.",
        ),
    ] = None,
    labels_out: Annotated[
        str | None, _option(OUTPUT, "--labels-out", metavar="FOLDER", text="Write what the filter keeps as labels.")
    ] = None,
    histogram: Annotated[
        str | None, _option(OUTPUT, "--histogram", metavar="FILE.png", text="Draw how the columns are spread.")
    ] = None,
    exists: Annotated[
        str, _option(OUTPUT, "--exists", metavar="|".join(EXISTS), text="What to do about existing outputs.")
    ] = "fail",
    json: Annotated[bool, _option(OUTPUT, "--json", text="One JSON object a region and line on stdout.")] = False,
    quiet: Annotated[bool, _option(OUTPUT, "--quiet", "-q", text="Print errors only.")] = False,
    debug: Annotated[bool, _option(OUTPUT, "--debug", text="Show the traceback of an error.")] = False,
) -> None:
    """Measure the regions of masks and label images: shape, intensity, neighbors; CSV or JSON, one row a region.

    For one pair: segcli measure cells.png --image cells.tif. Objects keep their numbers; of masks and classes the
    connected parts (8-connected) are numbered.

    Columns, called as in scikit-image's regionprops_table: label, class, area, centroid-0 and -1 (row, column), bbox-0
    to -3, perimeter, eccentricity, solidity, extent, circularity, equivalent_diameter_area, axis_major_length,
    axis_minor_length, orientation, feret_diameter_max, feret_diameter_min, area_convex, euler_number, pieces, holes,
    touches_border, neighbors; with --image intensity_mean, _std, _min, _max, _median, _sum (of color pictures
    intensity_mean-0 ... for red, green, blue, and intensity_mean of the gray value).
    """
    from segcli.cli.measuring import Places, Run, find_measurer, rows_to
    from segcli.files.sources import find_items

    items = find_items(labels or [], recursive=recursive)
    measurer = find_measurer(image, kind, mask_threshold, pixel_size, where, columns, neighbors)
    places = Places(out, labels_out, histogram, exists, json)
    run = Run(measurer, places, places.check(items, measurer), quiet)
    with rows_to(places) as table:
        for item in items:
            run.measure(item, table)
        if not run.done:
            raise SystemExit(1)
    run.finish()
    if run.failed:
        sys.stdout.flush()
        raise SystemExit(1)
