"""Active contours without edges: two colors that fit best, with a short border between them."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Box, Color, Gray, Mask, Param, Points, Valid
from segcli.numeric.contour_film import Film, flat, record, segmentation
from segcli.numeric.foreground import choose_side
from segcli.numeric.forms import as_gray
from segcli.numeric.level_set_flow import two_mean_flow
from segcli.numeric.level_sets import checkerboard, signed_distance, standardized, start_from
from segcli.numeric.morphological_contours import fit_contour
from segcli.numeric.two_means import TwoMeans
from segcli.segmentation import Segmentation

TILT = np.float32(1)
"""Level that a standard deviation of the picture adds to the checkerboard, whose sides may have equal means."""

PLATEAU = np.float32(3)
"""Greatest level of a start: sides are told apart from the first step, and every pixel can still turn."""


def chan_vese(
    image: Gray | Color,
    *,
    valid: Valid = None,
    form: Literal["level_set", "morphological"] = "level_set",
    init: Mask | None = None,
    box: Box | None = None,
    point: Points | None = None,
    radius: Annotated[float, Param(min=0.5, max=10000, unit="pixels")] = 10.0,
    length: Annotated[float, Param(min=0, max=100)] = 0.1,
    curvature_steps: Annotated[int, Param(min=0, max=20)] = 1,
    inside_weight: Annotated[float, Param(min=0, max=100)] = 1.0,
    outside_weight: Annotated[float, Param(min=0, max=100)] = 1.0,
    foreground: Literal["bright", "dark", "auto"] = "auto",
    iterations: Annotated[int, Param(min=1, max=100000)] = 200,
    tolerance: Annotated[float, Param(min=0, max=1)] = 1e-4,
) -> Segmentation:
    """Part a picture into two mean colors with a short border between them.

    A contour moves down the energy
    length * (length of the contour) + inside_weight * sum inside of |I - mean inside|^2
    + outside_weight * sum outside of |I - mean outside|^2, of a picture scaled to a standard deviation of 1.
    It needs no edges, and splits and merges freely. Works for objects that
    differ in mean from a fairly even background, also blurred and noisy ones. Fails under uneven light, on textures,
    and on objects of several colors: from a box it does not stay in the box (see grabcut).

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others pull at no contour and are in no mean.
    form : level_set or morphological
        The level set moves by steps of the partial differential equation and obeys length. The morphological form
        erodes and dilates the inside instead and obeys curvature_steps: several times faster, and it only moves the
        contour that is there, so that it finds no object far from it.
    init : (H, W) bool
        Where the contour starts: its inside. It joins with box and point.
    box : left, top, right, bottom
        Start as a rectangle.
    point : x, y
        Start as discs around these points.
    radius : float
        Of those discs.
    length : float
        Level set: what a pixel of border costs; higher is smoother and drops small objects.
    curvature_steps : int
        Morphological: smoothing steps an iteration; higher is smoother.
    inside_weight, outside_weight : float
        What a deviation costs on each side. A heavier side becomes more uniform, and smaller.
    foreground : bright, dark or auto
        The side that is the object. Auto: the inside, if the contour was given a start; else, from the checkerboard,
        the rounder, smaller side that lies less along the border.
    iterations : int
        The most steps.
    tolerance : float
        Stops once at most this share of the pixels changed sides in ten steps.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; 1 on the object.
        numbers : iterations done; energy at the end.
        choices : foreground, the side of the object; converged, yes or no.
        series : energy and area (in pixels), before the first step and after each.
        layers : contour_N, bool, the inside after N steps, at about six moments.

    Raises
    ------
    InputError
        A start without a pixel that counts.

    Notes
    -----
        E = length * Length(C) + inside_weight * sum inside of |I - c1|^2 + outside_weight * sum outside of |I - c2|^2
        c1, c2 = means inside and outside
        dphi/dt = delta(phi) (length * curvature - inside_weight (I - c1)^2 + outside_weight (I - c2)^2)

    References
    ----------
    T. F. Chan and L. A. Vese, "Active contours without edges", IEEE Trans. Image Processing 10(2), 266-277, 2001.
    Level set step: P. Getreuer, "Chan-Vese segmentation", Image Processing On Line 2, 214-224, 2012. Morphological:
    P. Marquez-Neila, L. Baumela and L. Alvarez, "A morphological approach to curvature-based evolution of curves and
    surfaces", IEEE Trans. Pattern Analysis and Machine Intelligence 36(1), 2-17, 2014.

    Examples
    --------
    >>> halves = np.repeat(np.array([[20, 20, 20, 90]], np.uint8), 4, axis=0)
    >>> chan_vese(halves).labels[0].tolist()
    [0, 0, 0, 1]
    """
    picture = standardized(image, valid)
    if picture is None:
        return flat((image.shape[0], image.shape[1]))
    shape = (image.shape[0], image.shape[1])
    start = start_from(shape, valid, init=init, box=box, point=point, radius=radius, default="checkerboard")
    levels = signed_distance(start.mask) if start.given else checkerboard(shape) + TILT * _tilt(picture, valid)
    levels = np.clip(levels, -PLATEAU, PLATEAU)
    means = TwoMeans(picture, valid, inside_weight, outside_weight)
    if form == "morphological":
        film = record(fit_contour(means, levels > 0, curvature_steps), iterations, tolerance, valid)
    else:
        film = record(two_mean_flow(means, levels, length), iterations, tolerance, valid)
    flipped, choices = _object_side(film, image, valid, foreground, start.given)
    return segmentation(film, flipped=flipped, choices=choices, notes=start.notes)


def _tilt(picture: NDArray[np.float32], valid: Array | None) -> NDArray[np.float32]:
    """The channel that varies most, from its mean, in its standard deviation."""
    channels = picture.reshape(*picture.shape[:2], -1)
    counted = (channels if valid is None else channels[valid]).reshape(-1, channels.shape[2])
    spread = counted.std(axis=0, dtype=np.float64)
    most = int(np.argmax(spread))
    mean = counted[:, most].mean(dtype=np.float64)
    return np.asarray((channels[:, :, most] - np.float32(mean)) / np.float32(spread[most]), np.float32)


def _object_side(
    film: Film, image: Array, valid: Array | None, foreground: str, given: bool
) -> tuple[bool, dict[str, str]]:
    """Whether the object is outside the contour, and which side that is."""
    gray = as_gray(image)
    counted = film.mask if valid is None else film.mask & valid
    others = ~film.mask if valid is None else ~film.mask & valid
    if not counted.any() or not others.any():
        return not counted.any() and not given, {}
    inside_bright = gray[counted].mean(dtype=np.float64) >= gray[others].mean(dtype=np.float64)
    if foreground == "auto" and given:
        return False, {"foreground": "bright" if inside_bright else "dark"}
    if foreground == "auto":
        foreground = choose_side((film.mask == inside_bright).view(np.uint8), valid)
    return inside_bright != (foreground == "bright"), {"foreground": foreground}
