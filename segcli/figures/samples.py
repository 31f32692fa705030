"""Draws sheets of pictures beside their truth and what a network makes of them."""

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
    tiles = [np.hstack([for_display(image), render("overlay", truth, image)]) for image, truth in windows]
    return tile_sheet([tiles[first : first + across] for first in range(0, len(tiles), across)])


def comparison_sheet(rows: Sequence[tuple[Array, Segmentation, Segmentation]]) -> bytes:
    """A PNG with a row a picture: the picture (H, W, 3), the truth and the prediction on it."""
    return tile_sheet(
        [[for_display(image), *(render("overlay", labels, image) for labels in both)] for image, *both in rows]
    )


def tile_sheet(rows: Sequence[Sequence[Array]]) -> bytes:
    """A PNG of uint8 tiles (H, W, 3) in rows, with gaps between them."""
    from segcli.files.write import encode_array

    heights = [max(tile.shape[0] for tile in row) for row in rows]
    widths = [max(row[column].shape[1] for row in rows if column < len(row)) for column in range(max(map(len, rows)))]
    sheet = np.full(
        (sum(heights) + GAP * (len(heights) + 1), sum(widths) + GAP * (len(widths) + 1), 3), LIGHT, np.uint8
    )
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        left = GAP
        for tile, width in zip(row, widths, strict=False):
            sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
            left += width + GAP
        top += height + GAP
    return encode_array(sheet, ".png", {})
