"""Selective search: boxes that may hold an object, from regions grouped in many ways."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Color, Param, Valid
from segcli.numeric.dense_crf import levels
from segcli.numeric.proposals import color_spaces, propose, trees
from segcli.segmentation import Segmentation

ALL, NO_COLOR, FILL, SIZE = (True,) * 4, (False, True, True, True), (False,) * 3 + (True,), (False, False, True, False)
"""Which of the similarities of color, texture, size and fill count."""

MODES = {
    "single": (("hsv",), (1.0,), (ALL,)),
    "fast": (("hsv", "lab"), (0.5, 1.0), (ALL, NO_COLOR)),
    "quality": (("hsv", "lab", "rgi", "hue", "intensity"), (0.5, 1.0, 1.5, 3.0), (ALL, NO_COLOR, FILL, SIZE)),
}
"""Color spaces, scales as multiples of k, and similarities of each mode; all are combined."""


def selective_search(
    image: Color,
    *,
    valid: Valid = None,
    mode: Literal["fast", "single", "quality"] = "fast",
    k: Annotated[float, Param(min=1, max=100_000)] = 150.0,
    sigma: Annotated[float, Param(min=0, max=100, unit="pixels")] = 0.8,
    regions: Annotated[int, Param(min=1, max=100_000)] = 20,
    proposals: Annotated[int, Param(min=1, max=1_000_000)] = 2000,
    seed: Annotated[int, Param(min=0)] = 0,
) -> Segmentation:
    """Propose boxes around possible objects by grouping regions in many ways.

    The picture is cut into small regions (Felzenszwalb's method); the two most similar neighbors are joined until one
    region is left, and the box of every region on the way is a proposal. Similar is what shares histograms of color
    and of texture, what is small, and what fills its box. Works as a first step that hands places to a recognizer: of
    some hundred boxes one or two fit each object well. Fails on objects whose parts have nothing in common but meaning,
    and on those of a few pixels.

    Parameters
    ----------
    image : (H, W, 3) uint8, uint16 or float32
        In its own units. Not modified.
    valid : (H, W) bool or None
        Pixels left out belong to no region.
    mode : fast, single or quality
        How many groupings there are: single has 1, fast 8 (two color spaces, scales and sets of similarities),
        quality 80 (five color spaces, four scales, four sets).
    k : float
        Scale of the small regions: more makes them larger. On the scale of 8 bits, as in Felzenszwalb's method; fast
        also takes half of it, quality half, one and a half, and three times.
    sigma : float
        The picture is smoothed by a Gaussian of this standard deviation for the small regions.
    regions : int
        How many regions the labels show, all if there are fewer: those of the first grouping when so many were left.
    proposals : int
        Most boxes, the best ones.
    seed : int
        Start of the random numbers in the ranks.

    Returns
    -------
    Segmentation
        labels : (H, W) int32; regions 1..n in reading order.
        boxes : (N, 4) int32, each once, best first.
        ranks : (N,) float32, lower is better: a region's place in its grouping, counted from the last, times a random
        number between 0 and 1, so that large regions do not all come first.
        numbers : regions, proposals (the boxes), and groupings.

    Notes
    -----
        s(A, B) = color + texture + size + fill      (equation 6)
        color, texture = sum over bins of min(histogram of A, histogram of B)      (equations 1, 3)
        size = 1 - (|A| + |B|) / |picture|,   fill = 1 - (|box of A and B| - |A| - |B|) / |picture|      (4, 5)
        rank = (place of the region in its grouping, from the last) * random number, 0 to 1

    References
    ----------
    J. Uijlings, K. van de Sande, T. Gevers, A. Smeulders, "Selective search for object recognition", Int. J. Computer
    Vision 104(2), 154-171, 2013.

    Examples
    --------
    >>> picture = np.zeros((20, 30), np.uint8)
    >>> picture[5:15, 10:25] = 200
    >>> found = selective_search(np.repeat(picture[..., None], 3, axis=2), sigma=0, regions=2)
    >>> found.boxes.tolist(), int(found.labels.max())
    ([[0, 0, 30, 20], [10, 5, 25, 15]], 2)
    """
    counted = image if valid is None else image[valid]
    if (counted == counted.reshape(-1, 3)[0]).all():
        note = "every pixel has the same value; there is nothing to propose"
        return Segmentation(np.zeros(image.shape[:2], np.int32), "instances", notes=(note,))
    spaces, scales, likenesses = MODES[mode]
    found = [
        tree
        for planes in color_spaces(levels(image, valid), spaces)
        for tree in trees(planes, tuple(k * scale for scale in scales), likenesses, sigma, valid)
    ]
    boxes, ranks = propose(found, seed)
    labels = found[0].cut(regions)
    return Segmentation(
        labels,
        "instances",
        boxes=boxes[:proposals],
        ranks=ranks[:proposals],
        numbers={"regions": int(labels.max()), "proposals": len(boxes[:proposals]), "groupings": len(found)},
    )
