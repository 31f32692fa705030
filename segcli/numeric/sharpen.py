"""Carrying the border of a parting over from a reduced picture to the full one."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from segcli.arrays import Array, Mask
from segcli.numeric.contrast import contrast_weights
from segcli.numeric.gaussian_mixture import Mixture
from segcli.numeric.maxflow import grid_cut
from segcli.numeric.trimaps import BACKGROUND, OBJECT, OPEN
from segcli.numeric.two_mixtures import ties

WINDOW = 512
"""Side of the windows in which the border is cut, in pixels."""


def sharpen(
    mask: Mask,
    image: Array,
    to_colors: Callable[[Array], Array],
    trimap: Array,
    models: tuple[Mixture, Mixture],
    weight: float,
    valid: Array | None = None,
) -> Mask:
    """Carry a mask over to a larger image: its border is cut anew, within a pixel and a half of the mask's.

    The models stay. The image is done in windows that overlap by twice that band, so that memory stays small
    whatever its size; each takes its own mean contrast, and what it does not reach is left to the next. An object
    so thin that nothing is left of it is enlarged as it is.

    Parameters
    ----------
    mask : (h, w) bool
    image : (H, W, 3) in its own units, at least as large
    to_colors : makes float32 colors on a scale of 0 to 255 of a part of the image.
    trimap : (H, W) uint8
        BACKGROUND and OBJECT are obeyed.
    models : the background's mixture and the object's.
    weight : what parting equal neighbors costs.
    valid : (H, W) bool or None
        Pixels left out cost nothing and have no links.
    """
    from segcli.opencv import cv2

    height, width = trimap.shape
    reduced = mask.astype(np.uint8) * np.uint8(255)
    blurred = cv2.blur(reduced, (3, 3), borderType=cv2.BORDER_REPLICATE)
    band = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR)
    band[(band > 0) & (band < 255)] = OPEN
    np.copyto(band, trimap, where=trimap != OPEN)
    result = band == OBJECT
    margin = math.ceil(3 * max(height / mask.shape[0], width / mask.shape[1]))
    for top in range(0, height, WINDOW):
        for left in range(0, width, WINDOW):
            inner = np.s_[top : top + WINDOW, left : left + WINDOW]
            if not (band[inner] == OPEN).any():
                continue
            first_row, first_column = max(top - margin, 0), max(left - margin, 0)
            window = np.s_[first_row : top + WINDOW + margin, first_column : left + WINDOW + margin]
            part_valid = None if valid is None else valid[window]
            cut = _cut_open(to_colors(image[window]), band[window], models, weight, part_valid)
            result[inner] = cut[top - first_row :, left - first_column :][:WINDOW, :WINDOW]
    if mask.any() and not result.any():
        enlarged = cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR) > 127
        result = enlarged & (trimap != BACKGROUND)
    return np.asarray(result)


def _cut_open(
    colors: Array, trimap: Array, models: tuple[Mixture, Mixture], weight: float, valid: Array | None
) -> Mask:
    """Decide the open pixels of one window."""
    weights = contrast_weights(colors, 8, valid=valid)[0]
    weights *= np.float32(weight)
    decided = trimap == OPEN if valid is None else (trimap == OPEN) & valid
    costs = (np.zeros(trimap.shape, np.float32), np.zeros(trimap.shape, np.float32))
    for cost, model in zip(costs, models, strict=True):
        cost[decided] = model.costs(colors[decided])
    return grid_cut(*ties(costs, trimap), weights)[0]
