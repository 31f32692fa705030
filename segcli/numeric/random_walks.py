"""Random walks on the pixel grid: where they start, how they step, and which label's seeds they meet first."""

from __future__ import annotations

import numpy as np

from segcli.arrays import Array, Gray
from segcli.errors import InputError
from segcli.numeric.color import lab
from segcli.numeric.components import connected_components
from segcli.numeric.contrast import STEPS, contrast_weights, pair_views
from segcli.numeric.laplace import Laplace
from segcli.numeric.strokes import class_costs

_FLOOR = 1e-3
"""Added to every link between neighbors that count: every walk arrives, and a few dozen iterations are enough."""

_TOLERANCE = 1e-6
"""Of the energy norm; probabilities on photographs are then good to about 0.001."""

_WINDOW = 5
"""A sure pixel's window of so many pixels a side lies on its side of the cut."""


def surest_seeds(gray: Gray, bright: Array, valid: Array | None) -> Array:
    """Seeds 1 (background) and 2 (object): the half of each side farthest from the cut, less what lies near its rim."""
    from segcli.opencv import cv2

    seeds = np.zeros(gray.shape, np.uint8)
    for seed, side in ((1, ~bright), (2, bright)):
        counted = side if valid is None else side & valid
        middle = np.median(gray[counted])
        other = gray[~side if valid is None else ~side & valid]
        brighter = gray[counted].mean() > other.mean()
        sure = counted & ((gray >= middle) if brighter else (gray <= middle))
        around = side if valid is None else side | ~valid
        inner = cv2.erode(around.astype(np.uint8), np.ones((_WINDOW, _WINDOW), np.uint8)) > 0
        seeds[sure & inner if (sure & inner).any() else sure] = seed
    return seeds


def walking_weights(image: Array, space: str, beta: float, connectivity: int, valid: Array | None) -> Array:
    """Weights between neighbors: (exp(-beta squares / their mean) + 0.001) / distance.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
    space : auto, rgb or lab
        auto is lab, but rgb on floats.
    beta : float
    connectivity : 4 or 8
    valid : (H, W) bool or None
        Links of pixels left out weigh nothing.

    Raises
    ------
    InputError
        lab of floats outside 0 to 1.

    Examples
    --------
    >>> walking_weights(np.array([[5, 5, 7]], np.uint8), "rgb", 1.0, 4, None)[0].round(3).tolist()
    [[1.0010000467300415, 0.13600000739097595, 0.0]]
    """
    if image.ndim == 3 and (space == "lab" or (space == "auto" and image.dtype.kind != "f")):
        if image.dtype.kind == "f" and (image.min() < 0 or image.max() > 1):
            raise InputError("lab needs floats from 0 to 1; rescale the image, or take rgb.")
        image = np.asarray(lab(image), np.float32)
    weights, _ = contrast_weights(image, connectivity, None, valid)
    for plane, step in zip(weights, STEPS[: len(weights)], strict=True):
        linked, distance = pair_views(plane, step)[0], np.float32(np.hypot(*step))
        # They come as exp(-squares / 2 mean) / distance.
        linked *= distance
        np.power(linked, np.float32(2 * beta), out=linked)
        linked += np.float32(_FLOOR)
        linked /= distance
        if valid is not None:
            near, far = pair_views(valid, step)
            linked *= near & far
    return weights


def meeting_chances(
    image: Array, seeds: Array, count: int, weights: Array, prior: float, valid: Array | None
) -> tuple[Array, int]:
    """Find how likely a walk from each pixel meets each label's seeds first.

    Parameters
    ----------
    image : (H, W) or (H, W, 3)
        For the prior alone.
    seeds : (H, W) int
        1 to count; 0 where a walk starts.
    count : int
    weights : (2 or 4, H, W) float32
        Above 0 between neighbors that count.
    prior : float
        Weight of every pixel's link to the labels themselves.
    valid : (H, W) bool or None

    Returns
    -------
    scores : (count, H, W) float32
        They add up to 1; all are 0 where no walk arrives and on pixels left out.
    iterations : int
        Most that one label took.
    """
    fixed = seeds > 0
    if valid is not None:
        fixed |= ~valid
    if prior > 0:
        chances = np.exp(-class_costs(image, seeds, count, "histogram"))
    else:
        fixed |= ~_reached(seeds, weights, valid)
    equations = Laplace(weights, fixed, prior)
    scores = np.zeros((count, *seeds.shape), np.float32)
    most = 0
    for label in range(count - 1):
        values = (seeds == label + 1).astype(np.float64)
        if prior > 0:
            values = np.where(fixed, values, chances[..., label])
        solved, used = equations.solve(values, _TOLERANCE)
        scores[label] = np.clip(solved, 0, 1)
        most = max(most, used)
    scores[-1] = np.clip(1 - scores[:-1].sum(axis=0), 0, 1)
    scores[:, fixed & (seeds == 0)] = 0
    return scores, most


def _reached(seeds: Array, weights: Array, valid: Array | None) -> Array:
    """Pixels from which a walk can arrive at a seed: those of its island among the pixels that count."""
    ground = np.ones(seeds.shape, bool) if valid is None else valid
    islands, count = connected_components(ground, 4 if len(weights) == 2 else 8)
    met = np.zeros(count + 1, bool)
    met[islands[seeds > 0]] = True
    return np.asarray(met[islands])
