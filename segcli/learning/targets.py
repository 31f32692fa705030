"""What a network is to say of each pixel, made from the truth as people drew it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.errors import InputError

TargetKind = Literal["classes", "borders"]

BORDER_NAMES = ("background", "interior", "border")
REACH = 2
"""Pixels from another object, or from the background, up to which an object's rim goes."""


def borders(instances: Labels, reach: int = REACH) -> NDArray[np.uint8]:
    """Part pixels into background, the inside of objects, and borders, so that objects that touch come apart.

    Parameters
    ----------
    instances : (H, W) whole numbers; 0 is background.
    reach : a pixel of an object is border where a pixel outside it lies no further off in rows or columns; where the
        background lies within as many pixels of two objects, it is border too.

    Returns
    -------
    (H, W) uint8
        0 background, 1 interior, 2 border.

    Examples
    --------
    >>> borders(np.array([[0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2]]), reach=1).tolist()
    [[0, 0, 0, 0, 2, 1, 1, 1, 2, 2, 1, 1]]
    """
    from segcli.opencv import cv2

    labels = np.ascontiguousarray(instances, np.float32)
    if instances.size and instances.max() >= 1 << 24:
        raise InputError(f"an object has the number {instances.max()}; they go up to {(1 << 24) - 1}.")
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    highest = cv2.dilate(labels, window, borderType=cv2.BORDER_REPLICATE).reshape(labels.shape)
    # The lowest object in reach: background does not count.
    objects = np.where(labels > 0, labels, np.float32(1 << 24))
    lowest = cv2.erode(objects, window, borderType=cv2.BORDER_REPLICATE).reshape(labels.shape)
    background = cv2.erode(labels, window, borderType=cv2.BORDER_REPLICATE).reshape(labels.shape) == 0
    crowded = (highest > 0) & (highest != lowest)
    rim = (labels > 0) & background
    return np.where(crowded | rim, 2, (labels > 0).astype(np.uint8)).astype(np.uint8)


def target_of(classes: Array, instances: Array | None, kind: TargetKind, void: int) -> NDArray[np.uint8]:
    """The label of each pixel that a network is taught: the classes themselves, or borders made of the objects.

    Raises
    ------
    InputError : borders are wanted, and the truth has no objects.
    """
    if kind == "classes":
        return np.asarray(classes, np.uint8)
    if instances is None:
        raise InputError("has no objects, only classes; --target borders needs label images with a number an object.")
    found = borders(np.asarray(instances))
    found[np.asarray(classes) == void] = void
    return found
