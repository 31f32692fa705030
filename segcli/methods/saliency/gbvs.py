"""Graph-based visual saliency: where a random walker that is drawn to differences spends his time."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Color, Param, Valid
from segcli.numeric.saliency import Map, opponents, oriented, segment_map, unit
from segcli.segmentation import Segmentation

REACH, GATHER, BLUR = 0.15, 0.06, 0.02
"""Standard deviations of both chains' steps and of the last blur, as shares of the grid's mean side."""

LEVELS = (1, 2)
"""Levels of the pyramid from which features are taken."""

PLANES = {"color": ("red_green", "blue_yellow"), "intensity": ("intensity",)}


def gbvs(
    image: Color,
    *,
    valid: Valid = None,
    grid: Annotated[int, Param(min=8, max=64)] = 32,
    center: Annotated[float, Param(min=0, max=1)] = 1.0,
) -> Segmentation:
    """Find where a random walk that is drawn to differences spends its time.

    The points of a coarse grid are the states of a Markov chain whose steps prefer near points with unlike features;
    its equilibrium is high on what is unlike its surround. A second chain gathers that to peaks. Colors, intensity
    and four orientations are treated so and added. Works for whole objects, and favors the middle by itself. Fails
    where detail matters: the map is as coarse as the grid.

    Parameters
    ----------
    image : (H, W, 3) uint8, uint16 or float32
        Image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the map is computed on the smallest box around them.
    grid : int
        Points along the longer side; time and memory grow with its fourth power.
    center : float
        How much the middle of the picture counts more: 0 gives the map of the paper, 1 weighs it by a Gaussian of a
        fifth of height and width, since photographers put their object there.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8, the map above its Otsu threshold.
        scores : (2, H, W) float32; the second is the map, 0 to 1.
        numbers : threshold of the map.
        layers : saliency (H, W) float32, 0 to 1; color, intensity and orientation, the maps that it is made of.

    Notes
    -----
        w(i, j) = |M(i) - M(j)| exp(-distance^2 / (2 s^2))
        activation a = equilibrium of the walk with chances w, each point's share of all weights
        w2(i, j) = a(i) a(j) exp(-distance^2 / (2 s2^2));   map = sum over features of its equilibrium

    Features are compared by the amount of their difference, which the paper found as good as that of their logarithms.

    References
    ----------
    J. Harel, C. Koch, P. Perona, "Graph-based visual saliency",
    Advances in Neural Information Processing Systems 19, 545-552, 2006.

    Examples
    --------
    >>> field = np.full((96, 96, 3), (40, 120, 40), np.uint8)
    >>> field[40:56, 40:56] = (220, 30, 30)
    >>> bool(gbvs(field).labels[48, 48])
    True
    """
    return segment_map(image, valid, 512, center, lambda colors: _equilibrium(colors, grid))


def _equilibrium(colors: Map, grid: int) -> tuple[Map, dict[str, Map]]:
    """The map, and what it is made of, of the paper's sections 3.1 and 3.2, added over the features."""
    from segcli.opencv import cv2

    factor = min(1.0, grid / max(colors.shape[:2]))
    height, width = (max(1, round(side * factor)) for side in colors.shape[:2])
    side = (height + width) / 2
    near, nearer = (_closeness((height, width), share * side) for share in (REACH, GATHER))
    parts: dict[str, Map] = {}
    for name, planes in zip((*PLANES, "orientation"), _features(colors), strict=True):
        channel = np.zeros(height * width)
        for plane in planes:
            cells = unit(np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA))).ravel()
            # Both chains are walks on undirected graphs: the second has the weights a_i a_j F_ij. The equilibrium of
            # such a walk is known without walking, each point's share of all weights.
            activation = _share((np.abs(cells[:, None] - cells) * near).sum(axis=1))
            channel += _share(activation * (nearer @ activation))
        parts[name] = unit(channel.reshape(height, width).astype(np.float32))
    total = cv2.GaussianBlur(np.asarray(sum(parts.values()), np.float32), (0, 0), max(BLUR * side, 0.3))
    return np.asarray(cv2.resize(total, colors.shape[1::-1], interpolation=cv2.INTER_CUBIC)).clip(0), parts


def _features(colors: Map) -> list[list[Map]]:
    """Planes of color, intensity and orientation, each at the levels."""
    from segcli.opencv import cv2

    found = opponents(colors)
    levels: dict[str, list[Map]] = {}
    for name in ("intensity", "red_green", "blue_yellow"):
        plane, levels[name] = getattr(found, name), []
        for _ in LEVELS:
            plane = np.asarray(cv2.pyrDown(plane))
            levels[name].append(plane)
    turned = [oriented(plane, degrees) for plane in levels["intensity"] for degrees in (0, 45, 90, 135)]
    return [[plane for name in names for plane in levels[name]] for names in PLANES.values()] + [turned]


def _closeness(shape: tuple[int, int], reach: float) -> NDArray[np.float64]:
    """(N, N) Gaussian of the distances between the points of a grid."""
    points = np.indices(shape).reshape(2, -1).T.astype(np.float64)
    squares = (points**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * points @ points.T
    return np.asarray(np.exp(-distances / (2 * reach**2)))


def _share(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights as shares of their sum; equal ones where there are none."""
    total = float(weights.sum())
    return weights / total if total > 0 else np.full(len(weights), 1 / len(weights))
