"""Graphs: what each pixel would be by itself, the links that were cut, eigenvectors, the energy."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.figures.explain.subject import (
    ACCENT,
    Subject,
    borders,
    busiest,
    curve_panel,
    energy_panel,
    labels_panel,
    outlines_panel,
    overlay_panel,
    picture_panel,
    probability_panel,
    value_panel,
)
from segcli.figures.pages import RGB, number_text
from segcli.figures.render import paint
from segcli.figures.sheet import Panel
from segcli.files.palettes import instance_palette
from segcli.segmentation import VOID, Segmentation

WINDOW = 24
"""Side of the part in which pixels and their links are drawn one by one."""

LARGE, MOST_KINDS = 0.2, 5
EIGENVECTORS = ("eigenvector_2", "eigenvector_3", "eigenvector_4")


def panels(subject: Subject) -> list[list[Panel | None]]:
    """Graphs of superpixels, or of pixels."""
    if "superpixels" in subject.layers:
        return _of_superpixels(subject)
    return _of_pixels(subject)


def _of_pixels(subject: Subject) -> list[list[Panel | None]]:
    """Strokes, the colors' own verdict, the cut, and its links where they are many."""
    layers = subject.layers
    scores = subject.segmentation.scores
    verdict = None
    for name in ("posterior", "probability"):
        if name in layers:
            verdict = probability_panel("Object by color alone", layers[name], "probability of the object")
    if "likeliest" in layers:
        classes = Segmentation(layers["likeliest"].astype(np.uint8), "classes")
        verdict = Panel("Classes by color alone", "", paint(classes), coarse=True)
    if scores is not None and len(scores) == 2:
        verdict = probability_panel(
            "Probability of the object", scores[1], "that a walk from here meets its seeds first"
        )
    certainty = None
    if "certainty" in layers:
        certainty = probability_panel("Certainty", layers["certainty"], "the largest probability of a pixel")
    return [
        [hints_panel(subject), verdict],
        [overlay_panel(subject), links_panel(subject)],
        [energy_panel(subject)] if certainty is None else [certainty, labels_panel(subject)],
    ]


def hints_panel(subject: Subject) -> Panel:
    """The picture with what was known beforehand."""
    seeds = subject.layers.get("seeds", subject.layers.get("trimap"))
    if seeds is None:
        return picture_panel(subject)
    if "trimap" in subject.layers:
        return _trimap(subject, seeds)
    seeds = np.where(seeds == VOID, 0, seeds).astype(np.int32)
    painted = paint(Segmentation(seeds, "instances"))
    # Large seeds, such as all that lies outside a box, must let the picture through.
    share = 0.5 if np.count_nonzero(seeds) > LARGE * seeds.size else 0.0
    painted = np.rint(painted * (1 - share) + subject.picture * share).astype(np.uint8)
    shown = np.where((seeds > 0)[:, :, None], painted, subject.picture)
    counts = np.bincount(seeds.ravel())
    kinds = [int(kind) for kind in np.flatnonzero(counts) if kind]
    sides = ("background", "object") if subject.name == "random_walker" else ("object", "background")
    names = dict(enumerate(sides, start=1)) if subject.segmentation.kind == "mask" else {}
    palette = instance_palette(max(kinds, default=1)) / 255
    legend: list[tuple[RGB, str]] = [
        ((float(palette[kind][0]), float(palette[kind][1]), float(palette[kind][2])), names.get(kind, f"label {kind}"))
        for kind in kinds[:MOST_KINDS]
    ]
    more = "" if len(kinds) <= MOST_KINDS else f", the first of {len(kinds):,} labels"
    text = f"{int(counts[1:].sum()):,} pixels{more}"
    return Panel("Seeds on the picture", text, shown, legend=legend, coarse=True)


def _trimap(subject: Subject, trimap: Array) -> Panel:
    """Sure and likely sides, tinted."""
    sides = {
        0: ((200, 60, 60), "surely background"),
        128: ((130, 130, 130), "unknown"),
        255: ((255, 225, 0), "surely object"),
    }
    shown = (subject.picture * 0.55).astype(np.uint8)
    legend = []
    for value, (color, text) in sides.items():
        here = trimap == value
        if here.any():
            shown[here] = (subject.picture[here] * 0.5 + 0.5 * np.array(color)).astype(np.uint8)
            legend.append(((color[0] / 255, color[1] / 255, color[2] / 255), text))
    return Panel("What is known beforehand", "", shown, legend=legend, coarse=True)


def links_panel(subject: Subject) -> Panel:
    """Pixels and links of a part of the picture; those that are cut in red."""
    window = busiest(borders(subject.labels), WINDOW)
    rows, columns = window
    part = subject.labels[window]

    def draw(axes: Any) -> None:
        from matplotlib.collections import LineCollection

        kept, cut = _links(part)
        axes.add_collection(LineCollection(kept, colors="#dfe5ec", linewidths=0.8, alpha=0.75))
        axes.add_collection(LineCollection(cut, colors="#e03131", linewidths=2.6))
        y, x = np.indices(part.shape)
        axes.plot(x.ravel(), y.ravel(), "o", color="#141414", markersize=2.2)

    count = len(_links(part)[1])
    where = f"columns {columns.start} to {columns.stop - 1}, rows {rows.start} to {rows.stop - 1}"
    text = f"{count} links cut (red) in {where}; of all links, those beside and below are drawn"
    return Panel("The links that are cut", text, subject.picture[window], draw, coarse=True)


def _links(labels: Array) -> tuple[list[Any], list[Any]]:
    """Segments from pixel to neighbor: those within a label, those between two."""
    kept: list[Any] = []
    cut: list[Any] = []
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            for below, beside in ((0, 1), (1, 0)):
                if y + below < height and x + beside < width:
                    same = labels[y, x] == labels[y + below, x + beside]
                    (kept if same else cut).append(((x, y), (x + beside, y + below)))
    return kept, cut


def graph_panel(subject: Subject, superpixels: Array, labels: Array, title: str = "The graph and its cut") -> Panel:
    """Superpixels as nodes, neighbors linked; links between two labels in red."""
    pairs = _touching(superpixels)
    middles, label = _middles(superpixels, labels)
    cut = label[pairs[:, 0]] != label[pairs[:, 1]]
    segments = middles[pairs][:, :, ::-1]

    def draw(axes: Any) -> None:
        from matplotlib.collections import LineCollection

        axes.add_collection(LineCollection(list(segments[~cut]), colors="#dfe5ec", linewidths=0.9, alpha=0.8))
        axes.add_collection(LineCollection(list(segments[cut]), colors="#ff4d4d", linewidths=2.2))
        present = np.unique(superpixels[superpixels > 0])
        axes.plot(middles[present, 1], middles[present, 0], "o", color=ACCENT, markersize=3)

    count = len(np.unique(superpixels))
    text = f"{count:,} superpixels, {len(pairs):,} pairs that touch, {int(cut.sum()):,} of them cut (red)"
    return Panel(title, text, subject.dim, draw)


def _touching(labels: Array) -> Array:
    """(pairs, 2), which labels have a common border."""
    found = [np.zeros((0, 2), np.int64)]
    for one, other in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        differ = (one != other) & (one > 0) & (other > 0)
        found.append(np.sort(np.stack([one[differ], other[differ]], axis=1).astype(np.int64), axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _middles(superpixels: Array, labels: Array) -> tuple[Array, Array]:
    """Middle (row, column) of each superpixel, and the label of one of its pixels."""
    flat = superpixels.ravel()
    counts = np.maximum(np.bincount(flat), 1)
    middles = np.stack([np.bincount(flat, index.ravel()) / counts for index in np.indices(superpixels.shape)], axis=1)
    held = np.zeros(len(counts), np.int64)
    held[flat] = labels.ravel()
    return middles, held


def _of_superpixels(subject: Subject) -> list[list[Panel | None]]:
    """The graph of superpixels, its eigenvectors, the cut."""
    layers = subject.layers
    strength = (
        value_panel("Strength of the edges", layers["strength"], "gradient in L*a*b* a pixel")
        if "strength" in layers
        else None
    )
    rows: list[list[Panel | None]] = [
        [picture_panel(subject), graph_panel(subject, layers["superpixels"], subject.labels)],
        [value_panel(f"Eigenvector {name[-1]}", layers[name]) for name in EIGENVECTORS if name in layers],
        [strength, labels_panel(subject)],
    ]
    values = subject.series("ncut")
    curve = None
    if values is not None and len(values) > 1:
        curve = curve_panel("Ncut of each split", values, "within the part that it split", across="split", up="Ncut")
    elif "ncut" in subject.numbers:
        cut, ncut = (number_text(subject.numbers[name]) for name in ("cut", "ncut"))
        return [*rows, [overlay_panel(subject, text=f"cut {cut}, Ncut {ncut}"), outlines_panel(subject, "Outlines")]]
    return [*rows, [curve, outlines_panel(subject)]]
