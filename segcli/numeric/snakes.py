"""Closed curves with elasticity and rigidity in a field of forces (Kass, Witkin and Terzopoulos 1988)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Mask

Curve = NDArray[np.float64]

SPACING = 2.0
"""Distance in pixels between points of the curve along it."""

FEWEST = 8
"""Points below which a curve has vanished."""

LOOPED = 1.5
"""Difference between the area that a curve encloses and its pixels, per pixel of its length, that shows a loop."""

FRACTION = 4
"""Binary digits behind the point to which curves are drawn."""


def outline(mask: Array) -> Curve:
    """Return the outer edge of a mask's largest part as (N, 2) x, y, a quarter of a pixel inside its rim."""
    from segcli.opencv import cv2

    # Enlarged, because the curve runs through the middles of pixels.
    large = mask.astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    curves, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not curves:
        return np.zeros((0, 2))
    longest = max(curves, key=cv2.contourArea)
    return (longest.reshape(-1, 2) - 0.5) / 2


def resampled(curve: Curve, spacing: float = SPACING) -> Curve:
    """Return points at equal distances along a closed curve, its first point the first.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    >>> len(resampled(square, 1.0)), len(resampled(square, 2.0))
    (16, 8)
    """
    if not len(curve):
        return curve
    closed = np.concatenate([curve, curve[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(round(along[-1] / spacing), 1)
    places = np.arange(count) * (along[-1] / count)
    return np.stack([np.interp(places, along, closed[:, axis]) for axis in (0, 1)], axis=1)


def fill(curve: Curve, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return 1 where the middle of a pixel lies inside a closed curve or on it, (H, W) uint8."""
    from segcli.opencv import cv2

    mask = np.zeros(shape, np.uint8)
    if len(curve) > 2:
        points = np.rint(curve * (1 << FRACTION)).astype(np.int32)
        cv2.fillPoly(mask, [points.reshape(-1, 1, 2)], 1, shift=FRACTION)
    return mask


def implicit_step(curve: Curve, push: Curve, elasticity: float, rigidity: float) -> Curve:
    """Solve (1 + A) v = curve + push, where A v = -elasticity v'' + rigidity v''''.

    The matrix A of a closed curve is circulant (Kass et al., equation 19), so that its inverse is a division of Fourier
    coefficients.

    Examples
    --------
    >>> line = np.array([[0.0, 0.0], [4.0, 0.0]])
    >>> implicit_step(line, np.zeros((2, 2)), 0.25, 0.0)[:, 0].tolist()
    [1.0, 3.0]
    """
    count = len(curve)
    second = 2 - 2 * np.cos(2 * np.pi * np.arange(count // 2 + 1) / count)
    stiffness = 1 + elasticity * second + rigidity * second**2
    return np.asarray(np.fft.irfft(np.fft.rfft(curve + push, axis=0) / stiffness[:, None], count, axis=0))


def normals(curve: Curve) -> Curve:
    """Unit vectors that point out of a closed curve, (N, 2) x, y."""
    tangent = np.roll(curve, -1, axis=0) - np.roll(curve, 1, axis=0)
    outward = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    return np.asarray(np.sign(enclosed(curve)) * outward / np.maximum(np.hypot(*tangent.T), 1e-9)[:, None])


def slide(
    start: Mask, potential: Array, field: Array, elasticity: float, rigidity: float, balloon: float
) -> Iterator[tuple[Curve, NDArray[np.uint8], float]]:
    """Yield a closed curve, its inside and its energy, the start first; an empty curve once it has vanished.

    Parameters
    ----------
    start : (H, W) bool
        The curve starts as the outline of its largest part.
    potential : (H, W) float32
        What a point of the curve costs, per pixel of its length: from -1 on the strongest edges to 0.
    field : (H, W, 2) float32
        Force on a point, x and y, in pixels a step. No point is pushed farther than their spacing.
    elasticity, rigidity : float
        In pixels squared and to the fourth power.
    balloon : float
        Pixels by which each point is pushed outward a step where the potential is 0; not at all where it is -1.
    """
    tension, stiffness = elasticity / SPACING**2, rigidity / SPACING**4
    height, width = potential.shape
    curve, mask = resampled(outline(start)), start.astype(np.uint8)
    while len(curve) >= FEWEST:
        cost = looked_up(potential, curve)
        yield curve, mask, energy_of(curve, cost, tension, stiffness)
        push = looked_up(field, curve) + balloon * (1 + cost[:, None]) * normals(curve)
        push /= np.maximum(np.hypot(*push.T) / SPACING, 1)[:, None]
        moved = np.clip(implicit_step(curve, push, tension, stiffness), -0.5, (width - 0.5, height - 0.5))
        mask = fill(moved, (height, width))
        # A loop counts backward in the area that the curve encloses. It would grow where the rest shrinks.
        if abs(abs(enclosed(moved)) - np.count_nonzero(mask)) > LOOPED * SPACING * len(curve):
            moved = outline(mask)
            mask = fill(moved, (height, width))
        curve = resampled(moved)
    while True:
        yield np.zeros((0, 2)), np.zeros((height, width), np.uint8), 0.0


def energy_of(curve: Curve, cost: Array, tension: float, stiffness: float) -> float:
    """Sum elasticity and rigidity of a curve and what its points cost, per pixel of its length (Kass et al., eq. 2)."""
    first = np.roll(curve, -1, axis=0) - curve
    second = first - np.roll(first, 1, axis=0)
    bending = tension * np.sum(first**2) + stiffness * np.sum(second**2)
    return float(SPACING * (bending / 2 + cost.sum()))


def enclosed(curve: Curve) -> float:
    """Area inside a closed curve, above 0 if it runs from x to y."""
    x, y = curve.T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)


def looked_up(plane: Array, curve: Curve) -> Array:
    """Values of (H, W) or (H, W, K) between the pixels, at (N, 2) x, y; its border goes on outside."""
    height, width = plane.shape[:2]
    x, y = np.clip(curve.T, 0, ((width - 1,), (height - 1,)))
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    shape = (len(curve), *[1] * (plane.ndim - 2))
    across, down = (x - left).reshape(shape), (y - top).reshape(shape)
    upper = plane[top, left] * (1 - across) + plane[top, right] * across
    lower = plane[below, left] * (1 - across) + plane[below, right] * across
    return np.asarray(upper * (1 - down) + lower * down)


def slope_field(potential: Array) -> NDArray[np.float32]:
    """The force down a potential, (H, W, 2) float32 x and y, per pixel."""
    from segcli.opencv import cv2

    return np.dstack(
        [
            cv2.Sobel(potential, cv2.CV_32F, x, 1 - x, ksize=1, scale=-0.5, borderType=cv2.BORDER_REPLICATE)
            for x in (1, 0)
        ]
    )


def vector_flow(field: NDArray[np.float32], iterations: int, mu: float = 0.2) -> NDArray[np.float32]:
    """Spread a field away from the edges that it points to (Xu and Prince 1998, equation 16)."""
    from segcli.opencv import cv2

    square = np.sum(field * field, axis=2, keepdims=True)
    given = square * field
    for _ in range(iterations):
        spread = cv2.Laplacian(field, cv2.CV_32F, ksize=1, scale=mu, borderType=cv2.BORDER_REPLICATE)
        # With the pull of the edges taken implicitly, the step is stable for any edge and mu up to a quarter.
        field = (field + spread + given) / (1 + square)
    return field
