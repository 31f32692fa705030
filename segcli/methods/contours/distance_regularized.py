"""Distance regularized level set evolution: a level set that keeps its slope while it moves onto edges."""

from __future__ import annotations

from typing import Annotated, Literal

from segcli.arrays import Box, Color, Gray, Mask, Param, Points, Valid
from segcli.numeric.contour_film import flat, record, segmentation
from segcli.numeric.level_set_flow import distance_regularized_flow
from segcli.numeric.level_sets import edge_indicator, standardized, start_from
from segcli.segmentation import Segmentation


def distance_regularized(
    image: Gray | Color,
    *,
    valid: Valid = None,
    init: Mask | None = None,
    box: Box | None = None,
    point: Points | None = None,
    radius: Annotated[float, Param(min=0.5, max=10000, unit="pixels")] = 10.0,
    sigma: Annotated[float, Param(min=0, max=100, unit="pixels")] = 1.0,
    contrast: Annotated[float, Param(min=1e-6, max=65535, unit="intensity")] | Literal["auto"] = "auto",
    balloon: Annotated[float, Param(min=-100, max=100)] | Literal["auto"] = "auto",
    length: Annotated[float, Param(min=0, max=100)] = 5.0,
    iterations: Annotated[int, Param(min=1, max=100000)] = 500,
    tolerance: Annotated[float, Param(min=0, max=1)] = 1e-4,
) -> Segmentation:
    """Shrink or grow a smooth level set until it rests on edges.

    The level set moves down the energy: length of the contour weighted by the edge indicator
    g = 1 / (1 + (gradient / contrast)^2), less balloon times the area inside weighted by g, plus a potential with two
    wells that keeps the level set's slope at 1 near the contour and at 0 far from it, so that it never has to be made
    anew. Works for objects with a nearly closed edge, from a start around or inside them; crosses small gaps and faint
    texture better than a contour moved by whole pixels. Fails where the edge has wide gaps, and at strong texture.

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
        Gradient per pixel at which g is one half. Auto takes the one below which 35 % of the gradients inside the
        start lie, but at least a twentieth of the strongest.
    length : float
        Weight of the contour's length; higher is smoother and bridges wider gaps.
    balloon : float or auto
        Weight of the area: above 0 the contour grows, below 0 it shrinks; a larger one crosses stronger edges. Auto is
        1.5 from points alone and -1.5 from all else.
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
        series : energy and area (in pixels), before the first step and after each.
        layers : edge_indicator, (H, W) float32; contour_N, bool, the inside after N steps, at about six moments.

    Raises
    ------
    InputError
        A start without a pixel that counts.

    Notes
    -----
        E(phi) = sum of p(|grad phi|) + length * g delta(phi) |grad phi| - balloon * g H(-phi)
        p(s) = (1 - cos(2 pi s)) / (2 pi)^2 for s <= 1,   (s - 1)^2 / 2 above: wells at slopes 0 and 1
        g = 1 / (1 + (|gradient of G(sigma) * I| / contrast)^2)

    References
    ----------
    C. Li, C. Xu, C. Gui and M. D. Fox, "Distance regularized level set evolution and its application to image
    segmentation", IEEE Trans. Image Processing 19(12), 3243-3254, 2010.

    Examples
    --------
    >>> square = np.zeros((20, 20), np.uint8)
    >>> square[5:15, 5:15] = 200
    >>> distance_regularized(square).labels[10].tolist()
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    """
    shape = (image.shape[0], image.shape[1])
    start = start_from(shape, valid, init=init, box=box, point=point, radius=radius)
    if standardized(image, valid) is None:
        return flat(shape)
    indicator, used = edge_indicator(image, valid, sigma, contrast, start.mask)
    if balloon == "auto":
        balloon = 1.5 if start.grows else -1.5
    film = record(
        distance_regularized_flow(indicator, start.mask, length, balloon), iterations, tolerance, valid, by_area=True
    )
    return segmentation(
        film, numbers={"contrast": used, "balloon": balloon}, layers={"edge_indicator": indicator}, notes=start.notes
    )
