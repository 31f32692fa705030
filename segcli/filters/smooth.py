"""A Gaussian blur."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from segcli.arrays import Array, Color, Gray, Param


def smooth(image: Gray | Color, *, sigma: Annotated[float, Param(min=0.1, max=1000, unit="pixels")] = 1.0) -> Array:
    """Blur with a Gaussian, which evens out noise and rounds off corners.

    Details smaller than twice sigma disappear; edges stay where they are but become slopes (see median).

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
    sigma : float
        Standard deviation of the Gaussian.

    Returns
    -------
    array of the picture's shape and type.
    """
    from segcli.opencv import cv2

    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma))
