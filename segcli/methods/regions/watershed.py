"""Watershed: objects that touch are parted where the floods from their middles meet."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Gray, Labels, Mask, Param, Valid
from segcli.numeric.distance import distance_to_background, squared
from segcli.numeric.edges import magnitude, slopes
from segcli.numeric.flood import dams, flood
from segcli.numeric.ground import Ground, given_ground, otsu_ground
from segcli.numeric.peaks import local_maxima
from segcli.segmentation import Segmentation


def watershed(
    image: Gray,
    *,
    valid: Valid = None,
    markers: Labels | None = None,
    mask: Mask | None = None,
    on: Literal["distance", "gradient", "intensity"] = "distance",
    min_distance: Annotated[int, Param(min=1, max=500, unit="pixels")] = 10,
    sigma: Annotated[float, Param(min=0, max=100, unit="pixels")] = 0.0,
    correction: Annotated[float, Param(min=0.05, max=3)] = 1.0,
    foreground: Literal["bright", "dark", "auto"] = "auto",
    compactness: Annotated[float, Param(min=0, max=1e6)] = 0.0,
    connectivity: Literal[4, 8] = 4,
    lines: bool = False,
) -> Segmentation:
    """Part objects that touch, by flooding each from its middle.

    The foreground is Otsu's, a given mask, or the picture itself if it has two gray levels only. Its exact distance
    to the background is turned upside down and flooded from its deepest points, one an object. Works for compact
    objects that touch or overlap a little. Fails where objects overlap by more than half (they stay one), on ragged
    or long shapes (they are split: raise min_distance or sigma), and under light so uneven that no threshold finds
    the objects (give a mask).

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others are background.
    markers : (H, W) int32
        Label image whose every label is the start of one object, instead of points found in the distance map. Labels
        are kept. Parts of the foreground without a marker become background. On gradient or intensity without a mask
        the whole picture is shared out among the markers, so mark the background too.
    mask : (H, W) bool
        Foreground, instead of Otsu's.
    on : distance, gradient or intensity
        What is flooded: the distance to the background, which parts objects at their necks; the Sobel gradient, which
        parts them at edges; or the gray levels, which part bright objects at dark seams and dark ones at bright seams.
    min_distance : int
        Least distance between the middles of two objects, the larger of rows and columns.
    sigma : float
        The distance map is smoothed by a Gaussian of this standard deviation before middles are sought in it.
    correction : float
        Moves Otsu's threshold: 1 leaves it; at 0.8 it lies at 0.8 of the way from the background's median to it,
        so that faint objects and rims are taken in.
    foreground : bright, dark or auto
        The side of the threshold that is the objects. Auto takes the rounder, smaller side that lies less along the
        border; in a picture with two gray levels, the larger one. With a given mask it matters for intensity alone.
    compactness : float
        Makes objects rounder: each pixel is raised by this times its distance to its object's marker. In units of
        what is flooded per pixel.
    connectivity : 4 or 8
        Whether the flood also runs across corners (8).
    lines : bool
        Part objects by lines of background one pixel wide.

    Returns
    -------
    Segmentation
        labels : (H, W) int32; 0 background, 1..n the objects, in reading order of their middles; after them the parts
        of the foreground too small for a middle of their own. Of two floods that arrive at once the one that entered
        first stays.
        numbers : objects; threshold in image units, where one was taken.
        choices : foreground; mask, where the picture itself was taken.
        layers : mask, distance, markers, gradient, lines, as far as they were needed.

    Notes
    -----
        F = foreground;   D(p) = distance of p to the nearest pixel outside F
        markers = maxima of G(sigma) * D, at least min_distance apart
        label(p) = the marker from which the lowest pass leads to p: least over paths of the greatest -D on the way
    Compactness raises the height of p by compactness * distance(p, marker).

    References
    ----------
    F. Meyer, "Topographic distance and watershed lines", Signal Processing 38(1), 113-125, 1994.

    Examples
    --------
    >>> dumbbell = np.array([[0, 9, 9, 9, 0, 0, 0], [0, 9, 9, 9, 9, 9, 9], [0, 9, 9, 9, 0, 9, 0]], np.uint8)
    >>> watershed(dumbbell, min_distance=1).labels[1].tolist()
    [0, 1, 1, 1, 1, 2, 2]
    """
    if mask is None and markers is not None and on != "distance":
        mask, foreground = np.ones(image.shape, bool), "dark" if foreground == "auto" else foreground
    if mask is None:
        ground = otsu_ground(image, valid, foreground, correction)
    else:
        ground = given_ground(image, mask, foreground) if on == "intensity" else Ground(mask, {})
    area = ground.mask > 0
    if valid is not None:
        area &= valid
    layers: dict[str, Array] = {"mask": area}
    if markers is None or on == "distance":
        layers["distance"] = distance_to_background(area)
    layers["markers"] = _middles(layers["distance"], area, min_distance, sigma) if markers is None else markers
    if on == "gradient":
        layers["gradient"] = _gradient(image)
    labels = flood(
        _landscape(image, on, ground.choices.get("foreground"), layers, exact=compactness > 0),
        layers["markers"],
        area,
        connectivity=connectivity,
        compactness=compactness,
        fill_unmarked=markers is None,
    )
    if lines:
        layers["lines"] = dams(labels)
        labels[layers["lines"]] = 0
    # Labels of found markers have no gaps, unless a line took the whole of a tiny object.
    found = labels.max() if markers is None and not lines else np.count_nonzero(np.bincount(labels.ravel())[1:])
    notes = ground.notes
    if not found and not notes:
        notes = ("nothing is foreground" if markers is None else "no marker lies on the foreground",)
    return Segmentation(
        labels,
        "instances",
        numbers={"objects": int(found), **ground.numbers},
        choices=ground.choices,
        layers=layers,
        notes=notes,
    )


def _middles(distance: Array, area: Mask, min_distance: int, sigma: float) -> Labels:
    """A marker, one pixel, for each peak of the distance map."""
    from segcli.opencv import cv2

    if sigma > 0:
        distance = cv2.GaussianBlur(distance, (0, 0), sigma) * area
    rows, columns = local_maxima(distance, min_distance).T
    markers: Labels = np.zeros(distance.shape, np.int32)
    markers[rows, columns] = np.arange(1, len(rows) + 1)
    return markers


def _gradient(image: Gray) -> Array:
    """Sobel gradient magnitude, in gray levels per pixel."""
    return magnitude(*slopes(np.ascontiguousarray(image)))


def _landscape(image: Gray, on: str, side: str | None, layers: dict[str, Array], exact: bool) -> Array:
    """What is flooded, lowest first; whole numbers in the same order where they do, because they flood faster."""
    if on == "distance":
        heights = layers["distance"] if exact else squared(layers["distance"])
        return np.negative(heights, out=None if exact else heights)
    if on == "gradient":
        # Eight times the gradient of an 8-bit image is the root of a whole number below 2^22.
        whole = image.dtype == np.uint8 and not exact
        return squared(8 * layers["gradient"]) if whole else layers["gradient"]
    heights = image if image.dtype.kind == "f" else image.astype(np.int32)
    return -heights if side == "bright" else heights
