"""What strokes and a box fix in a cut, and what colors learned from them cost each label."""

from __future__ import annotations

from typing import Literal

import numpy as np

from segcli.arrays import Array, Box
from segcli.errors import InputError
from segcli.numeric.color_models import log_likelihood

OBJECT, BACKGROUND = 1, 2


def read_strokes(scribbles: Array | None, box: Box | None, valid: Array | None, shape: tuple[int, int]) -> Array:
    """Pixels whose label is given: 1 object, 2 background, 0 open."""
    seeds = np.zeros(shape, np.uint8)
    if box is not None:
        seeds[...] = BACKGROUND
        seeds[box.top : box.bottom, box.left : box.right] = 0
    if scribbles is not None:
        if scribbles.min() < 0 or scribbles.max() > BACKGROUND:
            wrong = int(scribbles[(scribbles < 0) | (scribbles > BACKGROUND)][0])
            raise InputError(f"scribbles hold the value {wrong}; they take 1 (object), 2 (background) and 0 (none).")
        seeds[scribbles > 0] = scribbles[scribbles > 0]
    if valid is not None:
        seeds[~valid] = 0
    present = np.bincount(seeds.ravel(), minlength=3)
    if box is not None and not present[BACKGROUND]:
        raise InputError("the box covers the whole image; leave some background outside, or draw scribbles of 2.")
    if box is not None and not (present[OBJECT] or ((seeds == 0) & (True if valid is None else valid)).any()):
        raise InputError("nothing inside the box is left: it is all left out or scribbled as 2 (background).")
    if box is None and scribbles is not None and not (present[OBJECT] and present[BACKGROUND]):
        missing = "1 (object)" if not present[OBJECT] else "2 (background)"
        raise InputError(
            f"scribbles have no pixel of {missing}; draw both 1 (object) and 2 (background), or give a box."
        )
    return seeds


def learned_odds(
    image: Array, seeds: Array, valid: Array | None, color_model: Literal["histogram", "gaussian"]
) -> Array:
    """Log odds of object over background by colors learned from the seeds, or from the open pixels of a box."""
    background = log_likelihood(image, (seeds == BACKGROUND).astype(np.float32), color_model)
    if (seeds == OBJECT).any():
        samples = (seeds == OBJECT).astype(np.float32)
    else:
        samples = (seeds == 0).astype(np.float32)
        if valid is not None:
            samples *= valid
        # A box holds object and background: p_in >= (1 - a) p_background, and what exceeds it is the object's.
        inside = log_likelihood(image, samples, color_model)
        samples *= 1e-6 - np.expm1(np.minimum(background - inside, 0))
    return log_likelihood(image, samples, color_model) - background


def terminals(odds: Array, seeds: Array, valid: Array | None) -> tuple[Array, Array]:
    """Cost of calling each pixel background, and of calling it object: -ln of either's posterior."""
    source = np.logaddexp(np.float32(0), odds)
    sink = np.logaddexp(np.float32(0), -odds)
    for seed, forced, free in ((OBJECT, source, sink), (BACKGROUND, sink, source)):
        forced[seeds == seed] = np.inf
        free[seeds == seed] = 0
    if valid is not None:
        source[~valid] = sink[~valid] = 0
    return source, sink


def read_class_strokes(scribbles: Array, classes: int, valid: Array | None) -> Array:
    """Pixels whose class is given: 1 to `classes`, 0 open.

    Raises
    ------
    InputError
        Values below 0 or above `classes`, or a class without a pixel that counts.
    """
    if scribbles.min() < 0 or scribbles.max() > classes:
        wrong = int(scribbles[(scribbles < 0) | (scribbles > classes)][0])
        raise InputError(f"scribbles hold the value {wrong}; for {classes} classes they take 0 (none) to {classes}.")
    seeds = scribbles if valid is None else np.where(valid, scribbles, 0)
    present = np.bincount(seeds.ravel(), minlength=classes + 1)[1:]
    if not present.all():
        missing = int(present.argmin()) + 1
        raise InputError(f"scribbles have no pixel of {missing}; each of {classes} classes needs at least one.")
    return seeds


def class_costs(image: Array, taught: Array, classes: int, color_model: Literal["histogram", "gaussian"]) -> Array:
    """Minus the log of each class's posterior at every pixel, (H, W, classes) float32, classes at equal shares.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
    taught : (H, W) int
        Pixels that teach the colors of class 1 to `classes`; 0 teaches nothing. Every class needs one.
    classes : int
    color_model : histogram or gaussian
    """
    costs = np.empty((*taught.shape, classes), np.float32)
    for label in range(classes):
        costs[..., label] = -log_likelihood(image, (taught == label + 1).astype(np.float32), color_model)
    costs -= costs.min(axis=2, keepdims=True)
    costs += np.log(np.exp(-costs).sum(axis=2, keepdims=True))
    return costs
