"""Draws a sheet of pictures with their truth beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segcli.arrays import Array
from segcli.figures.render import for_display, render
from segcli.segmentation import Segmentation

GAP = 6
LIGHT = 245


def sample_sheet(windows: Sequence[tuple[Array, Segmentation]], across: int = 4) -> bytes:
    """A PNG of windows of one size, each with its overlay on its right.

    Parameters
    ----------
    windows : (H, W, 3) pictures and what is said of them.
    across : windows beside each other.
    """
    from segcli.files.write import encode_array

    height, width = windows[0][0].shape[:2]
    rows = -(-len(windows) // across)
    sheet = np.full((rows * (height + GAP) + GAP, across * (2 * width + 2 * GAP) + GAP, 3), LIGHT, np.uint8)
    for number, (image, truth) in enumerate(windows):
        top = GAP + number // across * (height + GAP)
        left = GAP + number % across * (2 * width + 2 * GAP)
        sheet[top : top + height, left : left + width] = for_display(image)
        sheet[top : top + height, left + width : left + 2 * width] = render("overlay", truth, image)
    return encode_array(sheet, ".png", {})
