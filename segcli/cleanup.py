"""Clean-up of masks and instances, the same for every segmenter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import partial

import numpy as np

from segcli.arrays import Array
from segcli.segmentation import Kind

WIDEST = 1000
"""Largest radius, in pixels."""


@dataclass(frozen=True)
class Cleanup:
    """What to tidy, in the order it is done; sizes in pixels.

    smooth : radius of a median of the mask (each instance gives way to the majority around it).
    opening : radius of a disc; parts of an object into which it does not fit go.
    closing : radius of a disc; gaps in and between the parts of an object into which it does not fit fill.
    fill_holes : fill holes that are enclosed by one object, also where a dropped object lay in them.
    split : part objects that touch at their necks, by the watershed of the distance to the border; a mask becomes
        instances.
    clear_border : drop objects that touch the picture's border.
    min_size : drop objects with fewer pixels.
    largest : keep the largest object alone.
    hull : fill the convex hull of each object that is left; where two meet, each keeps its own pixels and the first
        takes what lay free.
    """

    smooth: int = 0
    fill_holes: bool = False
    clear_border: bool = False
    min_size: int = 0
    largest: bool = False
    opening: int = 0
    closing: int = 0
    hull: bool = False
    split: bool = False

    @property
    def asked(self) -> bool:
        return any(astuple(self))


def clean(labels: Array, kind: Kind, cleanup: Cleanup) -> tuple[Array, Kind]:
    """Apply the clean-up to (H, W) labels of kind mask or instances.

    Returns
    -------
    labels : (H, W) of the same type, or int32 where a mask was split; instances are renumbered 1..n in order.
    kind : as it was, or instances where a mask was split.
    """
    if cleanup.smooth:
        labels = _smooth(labels, cleanup.smooth, kind)
    if cleanup.opening:
        labels = _open(labels, cleanup.opening, kind)
    if cleanup.closing:
        labels = _close(labels, cleanup.closing, kind)
    if cleanup.fill_holes:
        labels = _fill_holes(labels, kind)
    if cleanup.split:
        from segcli.numeric.objects import parts_at_necks, parts_of_objects

        labels = parts_of_objects(labels) if kind == "instances" else parts_at_necks(labels > 0)
        kind = "instances"
    if cleanup.clear_border or cleanup.min_size > 1 or cleanup.largest:
        labels = _drop(labels, kind, cleanup)
    elif kind == "instances":
        labels = _renumber(labels)
    return (_fill_hulls(labels, kind) if cleanup.hull else labels), kind


def _drop(labels: Array, kind: Kind, cleanup: Cleanup) -> Array:
    """Drop objects by place and size."""
    objects = labels if kind == "instances" else _components(labels)
    sizes = np.bincount(objects.ravel())
    keep = sizes > 0
    keep[0] = False
    if cleanup.clear_border:
        for edge in (objects[0], objects[-1], objects[:, 0], objects[:, -1]):
            keep[edge] = False
    keep &= sizes >= cleanup.min_size
    if cleanup.largest and keep.any():
        keep &= np.arange(len(keep)) == np.argmax(np.where(keep, sizes, 0))
    if kind == "mask":
        return keep.astype(labels.dtype)[objects]
    kept = np.where(keep, np.cumsum(keep), 0).astype(labels.dtype)[objects]
    return _fill_holes(kept, kind) if cleanup.fill_holes else kept


def _open(labels: Array, radius: int, kind: Kind) -> Array:
    """Open the mask, or each instance by itself."""
    from segcli.numeric.discs import opened

    if kind == "mask":
        return opened(labels > 0, radius).astype(labels.dtype)
    return _each(np.zeros_like(labels), labels, 1, partial(opened, radius=radius))


def _close(labels: Array, radius: int, kind: Kind) -> Array:
    """Close the mask, or each instance by itself."""
    from segcli.numeric.discs import closed

    if kind == "mask":
        return closed(labels > 0, radius).astype(labels.dtype)
    return _each(labels.copy(), labels, radius + 1, partial(closed, radius=radius))


def _fill_hulls(labels: Array, kind: Kind) -> Array:
    """Fill the convex hull of each object."""
    from segcli.numeric.hulls import fill_hulls

    if kind == "instances":
        return fill_hulls(labels)
    return (fill_hulls(_components(labels)) > 0).astype(labels.dtype)


def _each(target: Array, labels: Array, margin: int, change: Callable[[Array], Array]) -> Array:
    """Write each object, as `change` makes it of a window around it, into what is free of the target."""
    from scipy.ndimage import find_objects

    for number, box in enumerate(find_objects(labels), 1):
        if box is not None:
            window = tuple(slice(max(side.start - margin, 0), side.stop + margin) for side in box)
            free = target[window]
            free[change(labels[window] == number) & (free == 0)] = number
    return target


def _components(mask: Array) -> Array:
    """Label the 8-connected components of a mask."""
    from segcli.opencv import cv2

    return np.asarray(cv2.connectedComponents(mask.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)[1])


def _renumber(labels: Array) -> Array:
    """Number the labels that occur 1..n, keeping their order."""
    present = np.bincount(labels.ravel()) > 0
    present[0] = False
    return np.where(present, np.cumsum(present), 0).astype(labels.dtype)[labels]


def _smooth(labels: Array, radius: int, kind: Kind) -> Array:
    """Give each pixel to foreground or background by majority in a disc-free square window of 2 radius + 1."""
    from segcli.opencv import cv2

    window = (2 * radius + 1, 2 * radius + 1)
    mask = (labels > 0).astype(np.float32)
    # A box mean of a 0/1 image above one half is its median, in constant time for any radius.
    majority = cv2.boxFilter(mask, -1, window, borderType=cv2.BORDER_REFLECT) > 0.5
    if kind == "mask":
        return majority.astype(labels.dtype)
    grown = cv2.dilate(labels.astype(np.float32), np.ones(window, np.uint8)).astype(labels.dtype)
    return np.where(majority, np.where(labels > 0, labels, grown), 0).astype(labels.dtype)


def _fill_holes(labels: Array, kind: Kind) -> Array:
    """Fill background that one object encloses; 4-connected background, as objects are 8-connected."""
    from segcli.opencv import cv2

    count, holes, stats, _ = cv2.connectedComponentsWithStats((labels == 0).astype(np.uint8), connectivity=4)
    open_air = np.zeros(count, bool)
    for edge in (holes[0], holes[-1], holes[:, 0], holes[:, -1]):
        open_air[edge] = True
    open_air[0] = True
    if kind == "mask":
        return np.where(open_air[holes], labels, labels.dtype.type(1))
    filled = labels.copy()
    for hole in np.flatnonzero(~open_air):
        left, top, width, height = stats[hole, :4]
        window = (slice(max(top - 1, 0), top + height + 1), slice(max(left - 1, 0), left + width + 1))
        inside = holes[window] == hole
        ring = labels[window][cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~inside]
        around = np.unique(ring[ring > 0])
        if len(around) == 1:
            filled[window][inside] = around[0]
    return filled
