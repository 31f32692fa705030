"""Region growing: seeds take in the pixels like them."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Color, Gray, Labels, Param, Points, Valid
from segcli.errors import InputError
from segcli.numeric.edges import magnitude, slopes
from segcli.numeric.growing import flooded, grow_everywhere, grow_regions
from segcli.numeric.local_threshold import black_and_white
from segcli.numeric.outside import extended, placed, window_of
from segcli.numeric.partition import leave_flat
from segcli.segmentation import Segmentation


def region_growing(
    image: Gray | Color,
    *,
    valid: Valid = None,
    point: Points | None = None,
    markers: Labels | None = None,
    tolerance: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
    against: Literal["mean", "seed"] = "mean",
    connectivity: Literal[4, 8] = 4,
) -> Segmentation:
    """Let regions grow from seeds over the pixels that are like them.

    Of all pixels beside a region the one most like it joins first, as long as it is like it enough. Works for objects
    of even color with a clear border. Fails on soft borders, over which the region leaks, and on texture. Without
    seeds the whole picture is parted: again and again a region grows from the flattest pixel that is left.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Image in its own units; colors are compared by their Euclidean distance. Not modified.
    valid : (H, W) bool or None
        Pixels that count; no region enters the others.
    point : x,y
        Seeds of one region.
    markers : (H, W) int32
        Label image whose every label is the seed of one region; labels are kept.
    tolerance : float or auto
        How unlike a pixel that joins may be, in image units; auto: a thirteenth of the scale, 20 of 8 bits.
    against : mean or seed
        Compare with the mean of the region as it grows, or with that of its seeds.
    connectivity : 4 or 8
        Whether regions grow across corners (8).

    Returns
    -------
    Segmentation
        labels : of points (H, W) uint8, the region; otherwise (H, W) int32 regions; 0 where nothing came.
        numbers : objects, the number of regions (not of points).
        layers : seeds (H, W), whole numbers; order (H, W) float32 from points and markers, when each pixel joined, in
        percent (one region against its seed takes all at once).

    Raises
    ------
    InputError
        Points or markers on pixels that are left out, or no marker at all.

    Notes
    -----
    With the mean m_R of a region R, or of its seed:
        delta(p) = |I(p) - m_R|  for p beside R      (equation 1)
        the p with the least delta of all joins next, as long as delta <= tolerance

    References
    ----------
    R. Adams, L. Bischof, "Seeded region growing",
    IEEE Trans. Pattern Analysis and Machine Intelligence 16(6), 641-647, 1994.

    Examples
    --------
    >>> row = np.array([[10, 14, 18, 60, 18]], np.uint8)
    >>> region_growing(row, point=((0, 0),), tolerance=6).labels.tolist()
    [[1, 1, 1, 0, 0]]
    """
    hinted = point is not None or markers is not None
    if not hinted and (flat := leave_flat(image, valid)) is not None:
        return flat
    if tolerance == "auto":
        black, white = black_and_white(image, valid)
        tolerance = (white - black) / 12.75
    planes = image[:, :, None] if image.ndim == 2 else image
    if not hinted:
        labels, seeds = grow_everywhere(
            planes.astype(np.float64), _steepness(image, valid), tolerance, connectivity, valid
        )
        return Segmentation(labels, "instances", numbers={"objects": int(labels.max())}, layers={"seeds": seeds})
    seeds = _seeds(image.shape[:2], point, markers, valid)
    if point and against == "seed" and image.ndim == 2 and len({image[y, x].item() for x, y in point}) == 1:
        return Segmentation(flooded(image, point, tolerance, connectivity, valid), "mask", layers={"seeds": seeds})
    labels, order = grow_regions(planes.astype(np.float64), seeds, tolerance, against, connectivity, valid)
    layers: dict[str, Array] = {"seeds": seeds}
    if order.any():
        layers["order"] = (100 * order / order.max()).astype(np.float32)
    if markers is None:
        return Segmentation((labels > 0).astype(np.uint8), "mask", layers=layers)
    return Segmentation(labels, "instances", numbers={"objects": 0}, layers=layers)


def _seeds(shape: tuple[int, ...], point: Points | None, markers: Labels | None, valid: Array | None) -> Array:
    """Markers, or points as one region, on pixels that count."""
    if markers is not None:
        if point is not None:
            raise InputError("both points and markers are given; give one of them.")
        seeds = np.where(markers > 0, markers, 0).astype(np.int32)
        if valid is not None:
            seeds[~valid] = 0
        if not seeds.any():
            raise InputError("the markers mark no pixel that counts; give each region a label above 0.")
        return seeds
    seeds = np.zeros(shape, np.uint8)
    for x, y in point or ():
        if valid is not None and not valid[y, x]:
            raise InputError(f"point {x},{y} lies on a pixel that is left out; choose another.")
        seeds[y, x] = 1
    return seeds


def _steepness(image: Array, valid: Array | None) -> NDArray[np.float32]:
    """The slope of the blurred picture, of all channels together."""
    from segcli.opencv import cv2

    window = window_of(valid, image.shape[:2])
    part = extended(image[window], None if valid is None else valid[window])
    blurred = cv2.GaussianBlur(np.ascontiguousarray(part, np.float32), (0, 0), 1.0)
    planes = np.atleast_3d(np.asarray(blurred))
    steepness = sum(magnitude(*slopes(np.ascontiguousarray(plane))) for plane in np.moveaxis(planes, 2, 0))
    return placed(np.asarray(steepness, np.float32), window, image.shape[:2])
