"""Contours that move by erosion and dilation of their inside (Marquez-Neila, Baumela and Alvarez 2014)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Mask
from segcli.numeric.two_means import TwoMeans

Bits = NDArray[np.uint8]

LINES = tuple(
    np.ascontiguousarray(line, np.uint8)
    for line in (np.eye(3), np.eye(3)[::-1], [[0, 0, 0], [1, 1, 1], [0, 0, 0]], [[0, 1, 0]] * 3)
)
"""Straight lines through the middle of 3 x 3 pixels: the set B of the curvature operators."""


def sup_inf(mask: Bits) -> Bits:
    """Keep a pixel where a line through it lies inside: SI_d, which takes away what sticks out."""
    from segcli.opencv import cv2

    kept = cv2.erode(mask, LINES[0])
    for line in LINES[1:]:
        np.bitwise_or(kept, cv2.erode(mask, line), out=kept)
    return np.asarray(kept)


def inf_sup(mask: Bits) -> Bits:
    """Set a pixel where every line through it meets the inside: IS_d, which fills what is bitten out."""
    from segcli.opencv import cv2

    kept = cv2.dilate(mask, LINES[0])
    for line in LINES[1:]:
        np.bitwise_and(kept, cv2.dilate(mask, line), out=kept)
    return np.asarray(kept)


def smoother(steps: int) -> Callable[[Bits], Bits]:
    """Return a function that moves the contour by its curvature, `steps` times a call, the two orders by turns.

    Examples
    --------
    >>> speck = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.uint8)
    >>> smoother(1)(speck).tolist()
    [[0, 0, 0], [0, 0, 0], [0, 0, 0]]
    """
    calls = 0

    def smooth(mask: Bits) -> Bits:
        nonlocal calls
        for _ in range(steps):
            mask = sup_inf(inf_sup(mask)) if calls % 2 == 0 else inf_sup(sup_inf(mask))
            calls += 1
        return mask

    return smooth


def fit_contour(means: TwoMeans, start: Mask, curvature_steps: int) -> Iterator[tuple[Bits, float]]:
    """Yield mask and energy of active contours without edges, the start first.

    Parameters
    ----------
    means : TwoMeans
        What the picture costs inside and outside.
    start : (H, W) bool
    curvature_steps : int
        Smoothing steps after each step of attachment.
    """
    smooth = smoother(curvature_steps)
    mask = start.astype(np.uint8)
    while True:
        means.measure(mask)
        yield mask, means.cost
        gain = means.gain()
        # Along its edge each pixel goes to the side that it fits better, and stays where both fit the same.
        moves = _edge(mask) & (gain != 0) & ((gain > 0) != mask.view(bool))
        mask = smooth(mask ^ moves.view(np.uint8))


def _edge(mask: Bits) -> Mask:
    """Where the central difference of a mask is not 0, across or down."""
    edge = np.zeros(mask.shape, bool)
    for across, found in ((mask, edge), (mask.T, edge.T)):
        if len(across) > 1:
            found[1:-1] |= across[2:] != across[:-2]
            found[0] |= across[1] != across[0]
            found[-1] |= across[-1] != across[-2]
    return edge


def geodesic_contour(
    indicator: NDArray[np.float32], start: Mask, balloon: float, curvature_steps: int, threshold: float
) -> Iterator[tuple[Bits, float]]:
    """Yield mask and energy of geodesic active contours, the start first.

    Parameters
    ----------
    indicator : (H, W) float32
        The edge indicator g.
    start : (H, W) bool
    balloon : float
        Grows the contour by a pixel a step if above 0, shrinks it if below, where g > threshold / |balloon|.
    curvature_steps : int
        Smoothing steps after each step.
    threshold : float

    Notes
    -----
    The energy is g summed over the pixels inside that touch the outside: the contour's length, short along edges.
    """
    from segcli.opencv import cv2

    square, cross = np.ones((3, 3), np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    down, across = _slopes(indicator)
    free = (indicator > threshold / abs(balloon)).view(np.uint8) if balloon else None
    move = cv2.dilate if balloon > 0 else cv2.erode
    smooth = smoother(curvature_steps)
    mask = start.astype(np.uint8)
    while True:
        rim = mask ^ np.asarray(cv2.erode(mask, cross), np.uint8)
        yield mask, float(cv2.mean(indicator, rim)[0]) * cv2.countNonZero(rim)
        if free is not None:
            mask = np.where(free, move(mask, square), mask)
        slope_down, slope_across = _slopes(mask.astype(np.float32))
        pull = down * slope_down + across * slope_across
        mask = np.where(pull != 0, pull > 0, mask).astype(np.uint8)
        mask = smooth(mask)


def _slopes(plane: Array) -> tuple[Array, Array]:
    """Central differences down and across, one-sided on the border."""
    slopes = []
    for axis in (0, 1):
        slopes.append(np.gradient(plane, axis=axis) if plane.shape[axis] > 1 else np.zeros_like(plane))
    return slopes[0], slopes[1]
