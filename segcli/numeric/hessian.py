"""Second derivatives of a picture at a scale, and the filters for lines that are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array

REACH = 4.0
"""Where the Gaussians are cut off, in standard deviations."""

Filter = Literal["frangi", "sato", "meijering"]


def line_strength(image: Array, sigma: float, kind: Filter) -> NDArray[np.float32]:
    """How much each pixel lies on a dark line of about the width of a scale.

    Parameters
    ----------
    image : (H, W) float32
    sigma : the scale, in pixels; lines of width 2 sigma to 3 sigma answer best.
    kind : sato, the greater curvature, 0 where it is negative, in image units; frangi, 0 to 1, high where one curvature
        is great and the other small (equation 15, beta 0.5, c half the greatest norm at this scale); meijering, 0 to 1,
        the greater curvature plus a third of the other, over its greatest value at this scale.

    Returns
    -------
    (H, W) float32
    """
    greater, smaller = curvatures(image, sigma)
    if kind == "sato":
        return np.maximum(greater, 0)
    if kind == "meijering":
        # Of the two modified curvatures l1 + l2 / 3 and l2 + l1 / 3, the one of greater amount.
        first, second = greater + smaller / 3, smaller + greater / 3
        values = np.maximum(np.where(np.abs(second) > np.abs(first), second, first), 0)
        peak = float(values.max())
        return np.asarray(values / np.float32(peak) if peak > 0 else values, np.float32)
    large = np.where(np.abs(greater) >= np.abs(smaller), greater, smaller)
    small = np.where(np.abs(greater) >= np.abs(smaller), smaller, greater)
    ratio = np.square(small / np.maximum(large, 1e-10 * max(1.0, float(np.abs(large).max()))))
    norm = np.square(large) + np.square(small)
    bend = 2 * (0.5 * np.sqrt(norm.max())) ** 2
    found = np.exp(-np.minimum(ratio, 1e6) / 0.5) * (1 - np.exp(-norm / (bend if bend > 0 else 1)))
    return np.where(large > 0, found, 0).astype(np.float32)


def curvatures(image: Array, sigma: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Eigenvalues of the Hessian times sigma squared, the greater and the smaller, (H, W) float32 each.

    References
    ----------
    T. Lindeberg, "Edge detection and ridge detection with automatic scale selection",
    International Journal of Computer Vision 30(2), 117-154, 1998.
    """
    plain, slope, bend = kernels(sigma)
    across, down, mixed = _filtered(image, ((bend, plain), (plain, bend), (slope, slope)))
    mean = (across + down) * (0.5 * sigma**2)
    spread = np.sqrt(np.square((across - down) * (0.5 * sigma**2)) + np.square(mixed * sigma**2))
    return (mean + spread).astype(np.float32), (mean - spread).astype(np.float32)


def laplacian_of_gaussian(image: Array, sigma: float) -> NDArray[np.float32]:
    """The Laplacian of a picture blurred by a Gaussian, times sigma squared, (H, W) float32."""
    plain, _, bend = kernels(sigma)
    across, down = _filtered(image, ((bend, plain), (plain, bend)), np.float32)
    across += down
    across *= np.float32(sigma**2)
    return across


def difference_of_gaussians(image: Array, sigma: float, ratio: float) -> NDArray[np.float32]:
    """The picture blurred by ratio times sigma less the picture blurred by sigma, (H, W) float32."""
    narrow, wide = (_filtered(image, ((kernels(scale)[0],) * 2,), np.float32)[0] for scale in (sigma, ratio * sigma))
    return np.asarray(wide - narrow)


def _filtered(image: Array, pairs: Sequence[tuple[Array, Array]], depth: type = np.float64) -> list[Array]:
    """The picture under pairs of horizontal and vertical kernels of one length; sums in the type of depth."""
    from segcli.opencv import cv2

    reach = len(pairs[0][0]) // 2
    inner = (slice(reach, reach + image.shape[0]), slice(reach, reach + image.shape[1]))
    # Turned about its border, a slope goes on beyond it; mirrored, it would have a crease there.
    wide: Array = np.pad(image.astype(depth), reach, mode="reflect", reflect_type="odd")
    return [
        np.asarray(cv2.sepFilter2D(wide, -1, horizontal, vertical, borderType=cv2.BORDER_REFLECT), depth)[inner]
        for horizontal, vertical in pairs
    ]


def kernels(sigma: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """A Gaussian and its first two derivatives, sampled and made to answer 1, 1 and 1 to 1, x and x squared over 2."""
    places = np.arange(-round(REACH * sigma + 0.5), round(REACH * sigma + 0.5) + 1, dtype=np.float64)
    gaussian = np.exp(-0.5 * (places / sigma) ** 2)
    gaussian /= gaussian.sum()
    slope = places * gaussian
    slope /= (slope * places).sum()
    bend = (places**2 / sigma**2 - 1) * gaussian
    bend -= bend.mean()
    bend /= 0.5 * (bend * places**2).sum()
    return gaussian, slope, bend
