"""One annotated page for each method: how it comes to its result on a picture."""

from __future__ import annotations

from collections.abc import Callable

from segcli.figures.explain import (
    clusters,
    contours,
    edges,
    fields,
    graphs,
    recipes,
    regions,
    saliency,
    superpixels,
    threshold,
)
from segcli.figures.explain.subject import (
    Subject,
    labels_panel,
    numbered,
    outlines_panel,
    overlay_panel,
    picture_panel,
)
from segcli.figures.sheet import Panel, Row

__all__ = ["Subject", "explaining_rows"]

BUILDERS: dict[str, Callable[[Subject], list[list[Panel | None]]]] = {
    "threshold": threshold.panels,
    "edges": edges.panels,
    "regions": regions.panels,
    "superpixels": superpixels.panels,
    "clusters": clusters.panels,
    "graphs": graphs.panels,
    "fields": fields.panels,
    "examples": fields.panels,
    "contours": contours.panels,
    "saliency": saliency.panels,
    "recipe": recipes.panels,
}
"""What draws the methods of each family."""


def explaining_rows(family: str, subject: Subject) -> list[Row]:
    """The panels that explain a result, numbered, in rows.

    Parameters
    ----------
    family : of the method; any other is shown by its labels alone.
    subject : the result with its picture.
    """
    build = BUILDERS.get(family)
    blank = subject.labels.size < 16 or not _varied(subject)
    if build is None or blank:
        rows: list[list[Panel | None]] = [[picture_panel(subject), labels_panel(subject)]]
        if not blank:
            rows.append([overlay_panel(subject), outlines_panel(subject, "Outlines")])
    else:
        rows = build(subject)
    return list(numbered(rows))


def _varied(subject: Subject) -> bool:
    """Whether there is anything to explain: more than one label, and layers or series that say why."""
    found = subject.segmentation
    return bool((found.labels != found.labels.flat[0]).any())
