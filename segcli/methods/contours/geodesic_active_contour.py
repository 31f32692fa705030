"""Geodesic active contours: a contour that shrinks or grows onto edges, by morphology."""

from __future__ import annotations

from typing import Annotated, Literal

from segcli.arrays import Box, Color, Gray, Mask, Param, Points, Valid
from segcli.numeric.contour_film import flat, record, segmentation
from segcli.numeric.level_sets import edge_indicator, standardized, start_from
from segcli.numeric.morphological_contours import geodesic_contour
from segcli.segmentation import Segmentation

STOP = 0.5
"""Edge indicator at which a balloon of 1 stops: that of a gradient of the contrast."""


def geodesic_active_contour(
    image: Gray | Color,
    *,
    valid: Valid = None,
    init: Mask | None = None,
    box: Box | None = None,
    point: Points | None = None,
    radius: Annotated[float, Param(min=0.5, max=10000, unit="pixels")] = 10.0,
    sigma: Annotated[float, Param(min=0, max=100, unit="pixels")] = 4.0,
    contrast: Annotated[float, Param(min=1e-6, max=65535, unit="intensity")] | Literal["auto"] = "auto",
    balloon: Annotated[float, Param(min=-100, max=100)] | Literal["auto"] = "auto",
    curvature_steps: Annotated[int, Param(min=0, max=20)] = 1,
    iterations: Annotated[int, Param(min=1, max=100000)] = 500,
    tolerance: Annotated[float, Param(min=0, max=1)] = 1e-4,
) -> Segmentation:
    """Shrink or grow a contour until it rests on edges, by erosion and dilation.

    Each step moves the contour by a pixel where there is no edge (the balloon), pulls it down the slope of the edge
    indicator g = 1 / (1 + (gradient / contrast)^2), and smooths it. Works for objects with a nearly closed edge on a
    background calmer than that edge, from a start that lies wholly around or wholly inside. Fails where the
    edge has wide gaps (the contour leaks), and stops at strong texture on the way.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; there are no edges at the others.
    init : (H, W) bool
        Where the contour starts: its inside. It joins with box and point. Without any of the
        three it is the picture less a margin of 5 %.
    box : left, top, right, bottom
        Start as a rectangle around the object.
    point : x, y
        Start as discs around these points inside the object, from which it grows.
    radius : float
        Of those discs.
    sigma : float
        Standard deviation of the Gaussian that smooths the picture before its gradient is taken.
    contrast : float or auto
        Gradient per pixel at which g is one half and a balloon of 1 stops. Auto takes the one below
        which 35 % of the gradients inside the start lie, but at least a twentieth of the strongest.
    balloon : float or auto
        Above 0 the contour grows, below 0 it shrinks, by a pixel a step, where g > 1 / (2 |balloon|); a larger one
        crosses stronger edges. Auto grows from points alone and shrinks from all else. 0 lets edges and curvature
        move it.
    curvature_steps : int
        Smoothing steps an iteration; higher is smoother.
    iterations : int
        The most steps.
    tolerance : float
        Stops once at most this share of the pixels changed sides in ten steps, or if its mean area
        in ten steps differs by no more from that of the ten before.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; 1 inside the contour.
        numbers : iterations done; energy at the end;
        contrast in image units and balloon, as used.
        choices : converged, yes or no.
        series : energy and area (in pixels), before the first step and after each. The energy is g summed over the
        pixels inside that touch the outside.
        layers : edge_indicator, (H, W) float32; contour_N, bool, the inside after N steps, at about six moments.

    Raises
    ------
    InputError
        A start without a pixel that counts.

    Notes
    -----
        g = 1 / (1 + (|gradient of G(sigma) * I| / contrast)^2)
        dphi/dt = g |grad phi| (curvature + balloon) + grad g . grad phi
        in whole pixels: erode or dilate where g > 1 / (2 |balloon|); step by the sign of grad g . grad phi; smooth

    References
    ----------
    V. Caselles, R. Kimmel and G. Sapiro, "Geodesic active contours", Int. J. Computer Vision 22(1), 61-79, 1997. In
    the form of P. Marquez-Neila, L. Baumela and L. Alvarez, "A morphological approach to curvature-based evolution of
    curves and surfaces", IEEE Trans. Pattern Analysis and Machine Intelligence 36(1), 2-17, 2014.

    Examples
    --------
    >>> square = np.zeros((20, 20), np.uint8)
    >>> square[5:15, 5:15] = 200
    >>> geodesic_active_contour(square, sigma=1.0).labels[10].tolist()
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    """
    shape = (image.shape[0], image.shape[1])
    start = start_from(shape, valid, init=init, box=box, point=point, radius=radius)
    if standardized(image, valid) is None:
        return flat(shape)
    indicator, used = edge_indicator(image, valid, sigma, contrast, start.mask)
    if balloon == "auto":
        balloon = 1.0 if start.grows else -1.0
    states = geodesic_contour(indicator, start.mask, balloon, curvature_steps, STOP)
    film = record(states, iterations, tolerance, valid, by_area=True)
    return segmentation(
        film, numbers={"contrast": used, "balloon": balloon}, layers={"edge_indicator": indicator}, notes=start.notes
    )
