"""Snakes: a curve with elasticity and rigidity that is drawn to edges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Box, Color, Gray, Mask, Param, Points, Valid
from segcli.numeric.contour_film import flat, record, segmentation
from segcli.numeric.level_sets import edge_indicator, smoothed, standardized, start_from
from segcli.numeric.outside import extended, window_of
from segcli.numeric.snakes import slide, slope_field, vector_flow
from segcli.segmentation import Segmentation


def snake(
    image: Gray | Color,
    *,
    valid: Valid = None,
    init: Mask | None = None,
    box: Box | None = None,
    point: Points | None = None,
    radius: Annotated[float, Param(min=0.5, max=10000, unit="pixels")] = 10.0,
    elasticity: Annotated[float, Param(min=0, max=1000)] = 0.5,
    rigidity: Annotated[float, Param(min=0, max=10000)] = 1.0,
    edge_weight: Annotated[float, Param(min=0, max=100)] = 0.3,
    line_weight: Annotated[float, Param(min=-100, max=100)] = 0.0,
    balloon: Annotated[float, Param(min=-100, max=100)] | Literal["auto"] = "auto",
    spread: Annotated[int, Param(min=0, max=10000)] = 20,
    sigma: Annotated[float, Param(min=0, max=100, unit="pixels")] = 2.0,
    contrast: Annotated[float, Param(min=1e-6, max=65535, unit="intensity")] | Literal["auto"] = "auto",
    iterations: Annotated[int, Param(min=1, max=100000)] = 500,
    tolerance: Annotated[float, Param(min=0, max=1)] = 1e-4,
) -> Segmentation:
    """Slide an elastic, stiff closed curve onto the edges near it.

    The curve moves down its energy, elasticity / 2 * sum |v'|^2 + rigidity / 2 * sum |v''|^2 + the sum of g - 1 along
    it, where g = 1 / (1 + (gradient / contrast)^2), by semi-implicit steps, with its points kept 2 pixels apart. A
    balloon pushes it on where there is no edge. Works for one compact object with a clear edge, from a start near or
    around it. Fails in deep hollows, at strong texture on the way and for several objects: the curve stays one, and
    where it crosses itself the largest part is kept.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; there are no edges at the others.
    init : (H, W) bool
        Where the contour starts: its inside, of whose parts the largest counts. It joins with
        box and point. Without any of the three it is the picture less a margin of 5 %.
    box : left, top, right, bottom
        Start as a rectangle around the object.
    point : x, y
        Start as discs around these points inside the object, from which it grows.
    radius : float
        Of those discs.
    elasticity : float
        Pull of the curve on itself, in pixels squared; higher is shorter.
    rigidity : float
        Resistance to bending, in pixels to the fourth power; higher is rounder.
    edge_weight : float
        Pull of edges, in pixels a step.
    line_weight : float
        Pull of dark lines and areas in standard deviations of the picture; below 0 of bright ones.
    balloon : float or auto
        Pixels a step by which the curve is pushed outward (above 0) or inward where there is no edge. Auto is 0.5 from
        points alone and -0.5 from all else.
    spread : int
        Steps by which the pull of edges is spread over the calm areas between them (gradient vector flow); with 0 it
        reaches as far as sigma.
    sigma : float
        Standard deviation of the Gaussian that smooths the picture before its gradient is taken.
    contrast : float or auto
        Gradient per pixel at which g is one half. Auto takes the one below which 35 % of the gradients inside the
        start lie, but at least a twentieth of the strongest.
    iterations : int
        The most steps.
    tolerance : float
        Stops once at most this share of the pixels changed sides in ten steps, or if its mean area
        in ten steps differs by no more from that of the ten before.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; 1 inside the curve.
        numbers : iterations done; energy at the end;
        contrast in image units and balloon, as used.
        choices : converged, yes or no.
        series : energy and area (in pixels), before the first step and after each; curve, (N, 2) float64, x and y
        of its points at the end.
        layers : edge_indicator, (H, W) float32; contour_N, bool, the inside after N steps, at about six moments.

    Raises
    ------
    InputError
        A start without a pixel that counts.

    Notes
    -----
        E(v) = sum of elasticity / 2 |v'|^2 + rigidity / 2 |v''|^2 + edge_weight (g(v) - 1) + line_weight I(v)
        (1 + step A) v_next = v + step (force(v) + balloon * normal),   A = the matrix of both smoothing terms
        g = 1 / (1 + (|gradient of G(sigma) * I| / contrast)^2)

    References
    ----------
    M. Kass, A. Witkin and D. Terzopoulos, "Snakes: active contour models", Int. J. Computer Vision 1(4), 321-331,
    1988. Spreading: C. Xu and J. L. Prince, "Snakes, shapes, and gradient vector flow", IEEE Trans. Image Processing
    7(3), 359-369, 1998. Balloon: L. D. Cohen, "On active contour models and balloons", CVGIP: Image Understanding
    53(2), 211-218, 1991.

    Examples
    --------
    >>> square = np.zeros((40, 40), np.uint8)
    >>> square[10:30, 10:30] = 200
    >>> found = snake(square, box=Box(4, 4, 36, 36)).labels > 0
    >>> bool(np.mean(found == (square > 0)) > 0.97)
    True
    """
    shape = (image.shape[0], image.shape[1])
    start = start_from(shape, valid, init=init, box=box, point=point, radius=radius)
    # Nothing outside the box around the pixels that count has a say, not even by the form of its edges.
    window = window_of(valid, shape)
    picture, counted = image[window], None if valid is None else valid[window]
    scaled = standardized(picture, counted)
    if scaled is None:
        return flat(shape)
    indicator, used = edge_indicator(picture, counted, sigma, contrast, start.mask[window])
    if balloon == "auto":
        balloon = 0.5 if start.grows else -0.5
    # Edges go on where no pixel counts, so that they draw nothing there.
    edges = extended(indicator - 1, counted)
    force = np.float32(edge_weight) * _pull(edges, spread)
    if line_weight:
        lines = smoothed(scaled, counted, sigma).reshape(*edges.shape, -1).mean(axis=2)
        force += np.float32(line_weight) * slope_field(lines)
    layer = np.ones(shape, np.float32)
    layer[window] = indicator
    curves: list[Array] = []

    def states() -> Iterator[tuple[Array, float]]:
        whole, corner = np.zeros(shape, np.uint8), np.array([window[1].start, window[0].start])
        for curve, mask, energy in slide(start.mask[window], edges, force, elasticity, rigidity, balloon):
            curves[:] = [curve + corner]
            whole[window] = mask
            yield whole, energy

    film = record(states(), iterations, tolerance, valid, by_area=True)
    return segmentation(
        film,
        numbers={"contrast": used, "balloon": balloon},
        layers={"edge_indicator": layer},
        series={"curve": curves[0]},
        notes=start.notes,
    )


def _pull(edges: Array, spread: int) -> NDArray[np.float32]:
    """The force toward edges, 1 where it is strongest; where it was spread, 1 everywhere that it reaches."""
    field = slope_field(edges)
    size = np.sqrt((field**2).sum(axis=2, keepdims=True))
    field /= max(float(size.max()), 1e-6)
    if not spread:
        return field
    field = vector_flow(field, spread)
    return np.asarray(field / np.maximum(np.sqrt((field**2).sum(axis=2, keepdims=True)), 1e-3))
