"""Colors for labels: the PASCAL VOC palette for classes, and one of any length for instances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GOLDEN_ANGLE = 180 * (3 - 5**0.5)
"""Degrees from one hue to the next; no two of n hues then come closer than about 140 / n degrees."""

FIRST_HUE = 350.0
"""CIELAB hue of instance 1, a pink that is rare in photographs."""

LIGHTNESS = (62.0, 78.0, 54.0)
"""CIELAB lightness of instances in turn: far from both black and white."""

CHROMA = 72.0


def voc_palette() -> NDArray[np.uint8]:
    """Return the PASCAL VOC palette, (256, 3) RGB; 0 is black, 255 (void) is (224, 224, 192).

    The bits of a class number, three at a time, become the bits of red, green and blue from the highest down.

    References
    ----------
    M. Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge",
    International Journal of Computer Vision 88(2), 303-338, 2010 (VOCcode, labelcolormap).

    Examples
    --------
    >>> voc_palette()[[1, 2, 15]].tolist()
    [[128, 0, 0], [0, 128, 0], [192, 128, 128]]
    """
    numbers = np.arange(256)[:, None]
    channels = np.arange(3)
    palette = np.zeros((256, 3), np.int64)
    for group in range(3):
        palette |= ((numbers >> (3 * group + channels)) & 1) << (7 - group)
    return palette.astype(np.uint8)


def instance_palette(count: int) -> NDArray[np.uint8]:
    """Return colors for instances 0..count, (count + 1, 3) RGB; 0 is black, the background.

    Hues advance by the golden angle and lightness changes in turn, so that objects with neighboring numbers, which
    mostly lie side by side, look clearly different. A longer palette starts with the shorter one.

    Examples
    --------
    >>> instance_palette(2).shape
    (3, 3)
    """
    from segcli.opencv import cv2

    order = np.arange(count)
    hue = np.deg2rad(FIRST_HUE + GOLDEN_ANGLE * order)
    lightness = np.array(LIGHTNESS)[order % len(LIGHTNESS)]
    lab = np.stack([lightness, CHROMA * np.cos(hue), CHROMA * np.sin(hue)], axis=1).astype(np.float32)
    palette = np.zeros((count + 1, 3), np.uint8)
    if count:
        colors = cv2.cvtColor(lab[None], cv2.COLOR_LAB2RGB)[0]
        palette[1:] = np.rint(np.clip(colors, 0, 1) * 255)
    return palette
