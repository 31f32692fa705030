"""Recipes: what each step made of the picture, one after the other, and the result."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array
from segcli.figures.explain.subject import (
    Subject,
    labels_panel,
    lined,
    mask_panel,
    outlines_panel,
    picture_panel,
    value_panel,
)
from segcli.figures.explain.threshold import histogram_panel
from segcli.figures.render import for_display
from segcli.figures.sheet import Panel
from segcli.segmentation import Segmentation


def panels(subject: Subject) -> list[list[Panel | None]]:
    """Every step in the order of the recipe."""
    shown: list[Panel | None] = [picture_panel(subject)]
    shown += [_step(subject, name, layer) for name, layer in subject.layers.items()]
    shown += [histogram_panel(subject), labels_panel(subject), outlines_panel(subject)]
    kept = [panel for panel in shown if panel is not None]
    return [list(kept[start : start + 2]) for start in range(0, len(kept), 2)]


def _step(subject: Subject, name: str, layer: Array) -> Panel:
    """What one step made: a picture as it is, a mask in white, labels on the picture."""
    title = f"After {name.replace('_', ' ')}"
    if layer.ndim == 3:
        return Panel(title, "", for_display(layer))
    if layer.dtype == bool:
        return mask_panel(title, layer)
    if layer.dtype == np.int32:
        found = Segmentation(layer, "instances")
        return Panel(title, f"{int(layer.max()):,} regions", lined("overlay", found, subject.picture))
    if layer.dtype.kind in "iu":
        return Panel(title, "", np.dstack([for_display(layer)] * 3))
    return value_panel(title, layer)
