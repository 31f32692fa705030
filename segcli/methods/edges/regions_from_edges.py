"""Regions from edges: outlines are closed, and what they enclose is labeled."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Gray, Labels, Mask, Param, Valid
from segcli.numeric.canny import canny_edges
from segcli.numeric.components import connected_components
from segcli.segmentation import Segmentation


def regions_from_edges(
    image: Gray,
    *,
    valid: Valid = None,
    mask: Mask | None = None,
    sigma: Annotated[float, Param(min=0, max=100, unit="pixels")] = 1.5,
    low: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
    high: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
    gap: Annotated[int, Param(min=0, max=30, unit="pixels")] = 3,
    enclosed: bool = True,
) -> Segmentation:
    """Close edges and label the regions that they enclose.

    Gaps in the edges are bridged, and what hangs together between them is a region; the edges are shared out to the
    regions beside them. Works where outlines are strong and nearly closed. Fails where a gap is wider than gap, as the
    region then runs out, and on texture.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others belong to no region.
    mask : (H, W) bool
        Edges, instead of Canny's.
    sigma : float
        Blur before Canny's edges.
    low : float or auto
        Canny's lower level, in gray levels a pixel; auto: half of high.
    high : float or auto
        Canny's higher level; auto takes Otsu's threshold of the steepness.
    gap : int
        Widest gap that is bridged.
    enclosed : bool
        Leave out regions that touch the border of the picture; otherwise everything is parted.

    Returns
    -------
    Segmentation
        labels : (H, W) int32, regions 1..n in reading order; 0 where nothing is enclosed.
        numbers : objects, how many regions there are.
        layers : edges (H, W) bool as found; closed (H, W) bool with gaps bridged.

    Notes
    -----
        E = canny edges;   C = E with the gaps of up to `gap` pixels bridged
        regions = 4-connected parts of the picture without C;   pixels of C go to the region beside them

    References
    ----------
    W. K. Pratt, "Digital image processing", 3rd edition, Wiley, section 17.4, 2001.

    Examples
    --------
    >>> ring = np.zeros((7, 7), bool)
    >>> ring[1:6, 1:6] = True
    >>> ring[2:5, 2:5] = False
    >>> picture = np.arange(49, dtype=np.uint8).reshape(7, 7)
    >>> regions_from_edges(picture, mask=ring, gap=0).labels[3].tolist()
    [0, 1, 1, 1, 1, 1, 0]
    """
    edges = canny_edges(image, valid, sigma, low, high).mask if mask is None else mask
    if (image == image.flat[0]).all() or not edges.any():
        note = "there are no edges"
        return Segmentation(np.zeros(image.shape, np.int32), "instances", notes=(note,))
    inside = np.ones(image.shape, bool) if valid is None else valid
    # Outlines also end at pixels that are left out.
    closed = _closed(edges | ~inside, gap)
    regions, count = connected_components(~closed & inside, 4)
    if enclosed:
        kept = np.ones(count + 1, bool)
        kept[_rim(regions)] = False
        kept[0] = False
        regions = np.where(kept, np.cumsum(kept), 0).astype(np.int32)[regions]
    edges = edges & inside
    labels = _shared_out(regions, closed & inside & ~edges, edges, enclosed)
    objects = int(labels.max())
    return Segmentation(
        labels,
        "instances",
        numbers={"objects": objects},
        layers={"edges": edges, "closed": closed & inside},
        notes=() if objects else ("the edges enclose nothing; a larger gap, or a lower low, may close them",),
    )


def _closed(edges: Array, gap: int) -> Array:
    """Edges with gaps bridged by closings with a square and a diamond; beyond the border lies nothing.

    What closes a gap is a side longer than it: of a square in upright and level lines, of a diamond in slanted ones. A
    disc would reach into any gap with its tip.
    """
    from segcli.opencv import cv2

    if gap == 0:
        return edges
    reach = (gap + 1) // 2
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    # Every other slanted row of a diamond is shorter by one than its side.
    steps = np.abs(np.arange(-gap - 1, gap + 2))
    diamond = (steps[:, None] + steps <= gap + 1).astype(np.uint8)
    margin = 2 * gap + 2
    wide = np.pad(edges.astype(np.uint8), margin)
    bridged = np.maximum(*(cv2.morphologyEx(wide, cv2.MORPH_CLOSE, kernel) for kernel in (square, diamond)))
    return np.asarray(bridged[margin:-margin, margin:-margin] > 0)


def _rim(regions: Labels) -> Array:
    """Labels along the border of the picture."""
    return np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))


def _shared_out(regions: Labels, bridges: Array, edges: Array, enclosed: bool) -> Labels:
    """What bridges gaps, and then the edges, as parts of the regions beside them.

    Enclosed regions take the edge pixels that they touch; otherwise no edge is left.
    """
    labels = _spread(regions, bridges)
    return _spread(labels, edges, 1) if enclosed else _spread(labels, edges | bridges)


def _spread(labels: Labels, onto: Array, steps: int | None = None) -> Labels:
    """Labels grown onto pixels that have none, a step at a time; where two meet the higher goes on."""
    from segcli.opencv import cv2

    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    while steps is None or steps > 0:
        wide = np.asarray(cv2.dilate(labels.astype(np.float32), cross), np.int32)
        after = np.where(onto & (labels == 0), wide, labels)
        if np.array_equal(after, labels):
            break
        labels, steps = after, None if steps is None else steps - 1
    return labels
