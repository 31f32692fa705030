"""Signed distances to the contours of classes, for the boundary loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.numeric.distance import distance_to_background
from segcli.segmentation import VOID


def signed_distances(
    labels: Array, classes: int, *, ignore: int | None = VOID, offset: float = 1.0
) -> NDArray[np.float32]:
    """Measure how far each pixel is from the contour of each class, negative inside.

    Outside a class it is the distance to its nearest pixel; inside, minus the distance to the nearest pixel of
    another class, plus `offset`. Pixels to be ignored are on neither side. A class that is absent or has no
    outside has no contour: its map is 0.

    Parameters
    ----------
    labels : (H, W) whole numbers
    classes : of the network. One logit stands for class 1 alone.
    ignore : label of pixels that do not count; None if all do.
    offset : 1 as in the authors' program, where the inner rim is at 0; 0 as the paper's text has it.

    Returns
    -------
    (classes, H, W) float32, in pixels.

    References
    ----------
    H. Kervadec et al., "Boundary loss for highly unbalanced segmentation", MIDL, 2019; Medical Image Analysis 67,
    2021.

    Examples
    --------
    >>> signed_distances(np.array([[0, 0, 1, 1, 1]]), 1).tolist()
    [[[2.0, 1.0, 0.0, -1.0, -2.0]]]
    """
    labels = np.asarray(labels)
    known = labels != ignore if ignore is not None else np.ones(labels.shape, bool)
    maps = np.zeros((classes, *labels.shape), np.float32)
    for plane, name in zip(maps, [1] if classes == 1 else range(classes), strict=True):
        inside = known & (labels == name)
        others = known & ~inside
        if inside.any() and others.any():
            plane += distance_to_background(~inside)
            plane -= np.where(inside, distance_to_background(~others) - np.float32(offset), 0)
    return maps
