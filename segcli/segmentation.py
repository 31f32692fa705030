"""What every segmenter returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from segcli.arrays import Array, Scores

Kind = Literal["mask", "classes", "instances"]

VOID = 255
"""Label of pixels left out of a `classes` segmentation (PASCAL VOC's void)."""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Labels of one image and how they came about. Data only; pictures are drawn from it elsewhere.

    Attributes
    ----------
    labels : (H, W)
        kind mask: uint8, 0 and 1. kind classes: uint8, 0 is a class like the others, 255 marks
        pixels that were left out. kind instances: int32, 0 is background, 1..n the objects.
    kind : mask, classes or instances
    names : names of the classes, where they are known.
    scores : (K, H, W) float32 (networks: float16), or None.
    boxes : (N, 4) int32 left, top, right, bottom of proposed regions, best first; or None.
    ranks : (N,) float32, one for each box, lower is better; or None.
    numbers : threshold, energy, iterations and the like; shown in the printed line.
    choices : what the method decided by itself, as words, such as foreground=dark.
    layers : same-size images made on the way: distance map, gradient, markers.
    series : curves made on the way: histogram, energy per iteration.
    notes : warnings that the user should see.
    """

    labels: Array
    kind: Kind
    names: tuple[str, ...] = ()
    scores: Scores | None = None
    boxes: Array | None = None
    ranks: Array | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, Array] = field(default_factory=dict)
    series: Mapping[str, Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
