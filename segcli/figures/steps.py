"""Draws how a segmentation came about: numbered pictures from its layers, series and numbers alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Color
from segcli.figures import pages
from segcli.figures.layers import colored, extent_text, scale_of
from segcli.figures.pages import RGB, Cuts, number_text
from segcli.figures.render import display_range, for_display, foreground, mean_colors, paint, palette_of, render
from segcli.files.palettes import instance_palette, voc_palette
from segcli.measure import foreground_share, region_count
from segcli.segmentation import VOID, Segmentation

DOT = 11
"""Diameter in pixels that a lone marker pixel has on the page."""

SPARSE = 0.05
"""Label layers that cover less than this share of the picture are markers, drawn as dots."""

LEGEND_LENGTH = 24
"""Classes that a legend names."""

CROWDED = 12
"""Columns of a series that can be told apart as curves."""

MOST_SWATCHES = 60

CONTOUR = r"contour_\d+"
"""Name of a layer that is the inside of a contour after so many iterations."""

BEST_BOXES = 20

ACROSS, GAP = 3, 8
"""Moments of a contour beside each other, and pixels between them."""

COLOR_WORDS = {"center", "centers", "color", "colors", "means", "modes"}
LABEL_WORDS = {"label", "labels", "marker", "markers", "seed", "seeds", "regions", "superpixels", "objects", "classes"}


def steps(segmentation: Segmentation, color_image: Color) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Draw a segmentation step by step.

    Parameters
    ----------
    segmentation : Segmentation
        Layers become pictures: bool black and white, whole-number labels in their colors over the dimmed picture,
        floats in a color map with its scale, (H, W, 3) as they are. Layers `contour_<iteration>` are drawn together,
        as outlines, and proposed boxes on the picture. Series become curves; `histogram` with `levels`, and the
        numbers named threshold, threshold_1, ..., a histogram with cuts. Series named after colors or centers, of
        three columns, become swatches.
    color_image : (H, W, 3) uint8, uint16 or float32
        The picture that was segmented.

    Yields
    ------
    str, (height, 1200, 3) uint8
        A file stem, such as '02_distance', and the page. The first is the picture, the last two are the labels
        and the overlay.

    Raises
    ------
    ValueError : a layer is not of the picture's size.
    """
    pages_in_order = _pages(segmentation, color_image)
    for number, (name, page) in enumerate(pages_in_order, start=1):
        yield f"{number:02d}_{re.sub('[^a-z0-9]+', '_', name.lower())}", page


def _pages(segmentation: Segmentation, color_image: Color) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield name and page of every step, not yet numbered."""
    labels = segmentation.labels
    height, width = labels.shape
    picture = _resized(for_display(color_image))
    yield "input", pages.picture_page("Input", f"{width} x {height} pixels", picture)
    series = {name: np.asarray(values) for name, values in segmentation.series.items() if np.size(values)}
    beside = _beside_histogram(series)
    if beside is not None:
        yield "histogram", _histogram(segmentation, beside)
        series = {name: values for name, values in series.items() if name not in beside and name != "levels"}
    moments = {name: layer for name, layer in segmentation.layers.items() if re.fullmatch(CONTOUR, name)}
    for name, layer in segmentation.layers.items():
        if layer.shape[:2] != labels.shape:
            raise ValueError(f"layer {name!r} is {layer.shape}, the labels are {labels.shape}")
        if name not in moments:
            yield name, _layer(name, layer, picture)
    if moments:
        yield "contours", _contours(moments, picture)
    for name, values in series.items():
        page = _series(name, values, segmentation, color_image)
        if page is not None:
            yield name, page
    small = replace(segmentation, labels=_nearest(labels))
    legend = _class_legend(segmentation) if segmentation.kind == "classes" else []
    if segmentation.boxes is not None:
        yield "proposals", _proposals(segmentation.boxes, labels.shape, picture)
    yield "labels", pages.picture_page("Labels", _summary(segmentation), paint(small), legend=legend)
    yield "overlay", pages.picture_page("Overlay", _in_numbers(segmentation), render("overlay", small, picture))


def _contours(moments: dict[str, Array], picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw a contour as it moves, moment beside moment."""
    from segcli.opencv import cv2

    width = (picture.shape[1] - (ACROSS - 1) * GAP) // ACROSS
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    small = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
    rows = -(-len(moments) // ACROSS)
    sheet = np.full((rows * (height + GAP) - GAP, picture.shape[1], 3), 255, np.uint8)
    for place, inside in enumerate(moments.values()):
        mask = cv2.resize(inside.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        top, left = (place // ACROSS) * (height + GAP), (place % ACROSS) * (width + GAP)
        outlined = render("contours", Segmentation(np.asarray(mask, np.uint8), "mask"), small)
        sheet[top : top + height, left : left + width] = outlined
    numbers = [name.rpartition("_")[2] for name in moments]
    return pages.picture_page("Contour", f"after {', '.join(numbers)} iterations, row by row", sheet)


def _proposals(boxes: Array, shape: tuple[int, ...], picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw the best boxes, the very best last and brightest."""
    from segcli.opencv import cv2

    scale = picture.shape[1] / shape[1]
    shown = (picture * 0.6).astype(np.uint8)
    best = boxes[:BEST_BOXES]
    for place, box in reversed(list(enumerate(best))):
        left, top, right, bottom = (round(float(edge) * scale) for edge in box)
        red, green, blue = (round(level * (1 - 0.7 * place / len(best))) for level in (255, 225, 0))
        cv2.rectangle(shown, (left, top), (max(right - 1, left), max(bottom - 1, top)), (red, green, blue), 2)
    return pages.picture_page("Proposals", f"the best {len(best)} of {len(boxes)}", shown)


def _summary(segmentation: Segmentation) -> str:
    """How much was found, in a line."""
    count = region_count(segmentation)
    if segmentation.kind == "mask":
        return f"foreground on {foreground_share(segmentation):.1%} of the picture"
    if segmentation.kind == "classes":
        return f"{count} class" + "es" * (count != 1)
    return f"{count} object" + "s" * (count != 1)


def _class_legend(segmentation: Segmentation) -> list[tuple[RGB, str]]:
    """Color, name and share of every class that occurs, the largest LEGEND_LENGTH of them."""
    counts = np.bincount(segmentation.labels.ravel(), minlength=VOID + 1)
    present = [int(number) for number in np.argsort(-counts, kind="stable")[:LEGEND_LENGTH] if counts[number]]
    palette = palette_of(segmentation) / 255
    legend = []
    for number in sorted(present):
        name = segmentation.names[number] if number < len(segmentation.names) else f"class {number}"
        name = "left out" if number == VOID else name
        legend.append((_rgb(palette[number]), f"{name}, {counts[number] / counts.sum():.1%}"))
    return legend


def _plain(name: str) -> str:
    """Turn a key into a title."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _in_numbers(segmentation: Segmentation) -> str:
    """The method's first numbers and choices in one line."""
    parts = [f"{name.replace('_', ' ')} {number_text(value)}" for name, value in segmentation.numbers.items()]
    parts += [f"{name.replace('_', ' ')} {value}" for name, value in segmentation.choices.items()]
    return ", ".join(parts[:6])


def _resized(picture: Array) -> Array:
    """Bring a picture to the size in which it is shown; large pixels stay square, finer ones are smoothed."""
    from segcli.opencv import cv2

    height, width = pages.picture_size(picture.shape)
    if width < picture.shape[1]:
        how = cv2.INTER_AREA
    else:
        how = cv2.INTER_NEAREST if width >= 4 * picture.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=how))


def _nearest(labels: Array) -> Array:
    """Bring labels to the size in which they are shown."""
    height, width = pages.picture_size(labels.shape)
    rows = (2 * np.arange(height) + 1) * labels.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * labels.shape[1] // (2 * width)
    return np.asarray(labels[rows[:, None], columns])


def _layer(name: str, layer: Array, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw one layer by what it holds."""
    if layer.ndim == 3:
        return pages.picture_page(_plain(name), "", _resized(for_display(layer)))
    words = set(name.lower().split("_"))
    if layer.dtype == bool or (layer.dtype == np.uint8 and layer.max() <= 1 and not words & LABEL_WORDS):
        share = np.count_nonzero(layer) / layer.size
        shown = _nearest(layer).astype(np.uint8) * np.uint8(255)
        return pages.picture_page(_plain(name), f"white on {share:.1%} of the picture", np.dstack([shown] * 3))
    if layer.dtype.kind in "iu" and (layer.dtype.itemsize >= 4 or words & LABEL_WORDS):
        return _label_layer(name, layer, picture)
    return _value_layer(name, layer)


def _label_layer(name: str, layer: Array, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw labels in their colors over the dimmed picture, small ones as dots."""
    from segcli.opencv import cv2

    labels = np.where((layer > 0) & ((layer != VOID) | (layer.dtype != np.uint8)), layer, 0).astype(np.int32)
    count = int(np.count_nonzero(np.bincount(labels.ravel())[1:]))
    dim = np.repeat((picture.mean(axis=2, keepdims=True) * 0.4).astype(np.uint8), 3, axis=2)
    if np.count_nonzero(labels) < SPARSE * labels.size:
        # Widened first so that none falls between the pixels that are kept.
        reach = -(-labels.shape[1] // picture.shape[1])
        kept = _nearest(_widened(labels, cv2.getStructuringElement(cv2.MORPH_RECT, (reach, reach))))
        disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (DOT, DOT))
        small = Segmentation(_widened(kept, disk), "instances")
        shown = np.where(foreground(small)[:, :, None], paint(small), dim)
    else:
        shown = render("overlay", Segmentation(_nearest(labels), "instances"), dim)
    return pages.picture_page(_plain(name), f"{count} label" + "s" * (count != 1), shown)


def _widened(labels: Array, window: Array) -> Array:
    """Turn each labeled pixel into the shape of a window, where nothing else is labeled."""
    from segcli.opencv import cv2

    return np.where(labels, labels, cv2.dilate(labels.astype(np.float32), window)).astype(np.int32)


def _value_layer(name: str, layer: Array) -> NDArray[np.uint8]:
    """Draw values in a color map: signed ones around white, others from dark to bright."""
    values = layer.astype(np.float32)
    bar = scale_of(values)
    if bar is None:
        return pages.picture_page(_plain(name), extent_text(values), colored(_nearest(values), bar))
    return pages.picture_page(_plain(name), extent_text(values), colored(_resized(values), bar), bar=bar)


def _beside_histogram(series: dict[str, Array]) -> dict[str, Array] | None:
    """Return the histogram and the curves over the same intensities, or None where there is no histogram."""
    counts = series.get("histogram")
    if counts is None or counts.ndim != 1 or not counts.any():
        return None
    curves = {name: values for name, values in series.items() if values.shape == counts.shape and name != "levels"}
    return {"histogram": counts, **curves}


def _histogram(segmentation: Segmentation, series: dict[str, Array]) -> NDArray[np.uint8]:
    """Draw the histogram with its cuts."""
    counts = series["histogram"]
    levels = np.asarray(segmentation.series.get("levels", np.arange(len(counts))), np.float64)
    positions = sorted(value for name, value in segmentation.numbers.items() if re.fullmatch(r"threshold(_\d+)?", name))
    curves = {_plain(name).lower(): values for name, values in series.items() if name != "histogram"}
    note = f"{int(counts.sum()):,} pixels"
    if positions:
        note += f", cut at {', '.join(number_text(value) for value in positions)}"
    cuts = Cuts(positions, class_colors(segmentation, len(positions)))
    return pages.histogram_page("Histogram", note, counts, levels, curves, cuts)


def class_colors(segmentation: Segmentation, cuts: int) -> list[RGB | None]:
    """Colors of the classes between the cuts, dark to bright, as the labels show them."""
    if segmentation.kind == "classes":
        palette = voc_palette()[: cuts + 1] / 255
        return [_rgb(color) for color in palette]
    object_color = _rgb(instance_palette(1)[1] / 255)
    if cuts != 1:
        return []
    dark = segmentation.choices.get("foreground") == "dark"
    return [object_color, None] if dark else [None, object_color]


def _rgb(color: Array) -> RGB:
    return float(color[0]), float(color[1]), float(color[2])


def _series(name: str, values: Array, segmentation: Segmentation, color_image: Color) -> NDArray[np.uint8] | None:
    """Draw a series: swatches for colors, curves for the rest; None for what is neither."""
    # A merge tree and the points of a curve are data, and no curves over a number.
    if values.ndim > 2 or name in ("tree", "curve"):
        return None
    colors = _colors(values, segmentation, color_image) if set(name.lower().split("_")) & COLOR_WORDS else None
    if colors is not None:
        texts = [_in_lines(np.atleast_1d(row)) for row in values[:MOST_SWATCHES]]
        return pages.swatch_page(_plain(name), f"{len(values)} colors", colors[:MOST_SWATCHES], texts)
    if values.ndim == 2 and values.shape[1] > CROWDED:
        return None
    note = f"from {number_text(values[0])} to {number_text(values[-1])}" if values.ndim == 1 else ""
    # One value more than there were iterations: the first is the start.
    beyond = len(values) - segmentation.numbers.get("iterations", -1)
    across = "iteration" if beyond in (0, 1) else "number"
    return pages.curve_page(_plain(name), note, values, across=across, first=0 if beyond == 1 else 1)


def _in_lines(values: Array) -> str:
    """Write numbers, three to a line, at most nine."""
    texts = [number_text(value) for value in values[:9]]
    return "\n".join("   ".join(texts[start : start + 3]) for start in range(0, len(texts), 3))


def _colors(values: Array, segmentation: Segmentation, color_image: Color) -> list[RGB] | None:
    """Colors to show for centers: one for each class, its mean in the picture; else three columns as they are."""
    labels = np.where(segmentation.labels == VOID, 0, segmentation.labels)
    if segmentation.kind == "classes" and len(values) == int(labels.max()) + 1:
        means = mean_colors(segmentation.labels, for_display(color_image)) / 255
        return [_rgb(color) for color in means[: len(values)]]
    if values.shape[1:] != (3,):
        return None
    low, high = display_range(color_image)
    return [_rgb(color) for color in np.clip((values - low) / (high - low), 0, 1)]
