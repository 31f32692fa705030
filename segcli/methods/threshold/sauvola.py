"""Sauvola and Pietikainen: a threshold that follows the light, and keeps empty paper empty."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Gray, Param, Valid
from segcli.numeric.local_threshold import beside, black_and_white, is_flat
from segcli.numeric.windows import WIDEST, check_window, local_statistics
from segcli.segmentation import Segmentation


def sauvola(
    image: Gray,
    *,
    valid: Valid = None,
    window: Annotated[int, Param(min=3, max=WIDEST, unit="pixels")] = 25,
    k: Annotated[float, Param(min=0, max=1)] = 0.2,
    span: Annotated[float, Param(min=1e-6, max=1e6)] | Literal["auto"] = "auto",
    foreground: Literal["bright", "dark"] = "dark",
) -> Segmentation:
    """Cut each pixel at the mean around it, lowered where there is little contrast.

    The threshold is m (1 + k (s / span - 1)), with mean m and standard deviation s of the window: where nothing is
    written, s is small and the threshold lies below the noise. Works for text and lines under uneven light. Fails for
    objects larger than the window, whose inside is lost, and where contrast is low everywhere (lower k or span).

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others are in no window and not in the result.
    window : int
        Side of the square around each pixel, odd: about twice as wide as the objects.
    k : float
        How far the threshold is lowered where contrast is low; less finds fainter objects, and more noise.
    span : float or auto
        The standard deviation that counts as full contrast, in image units. auto: 128 of 8 bits, and of other images
        half of the range of their values.
    foreground : bright or dark
        Objects brighter or darker than their surround. For bright ones the image is turned upside down first.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; a pixel equal to its threshold belongs below it.
        layers : local_threshold (H, W) float32, in image units.
        choices : foreground.

    Raises
    ------
    SettingError
        A window with an even side.

    Notes
    -----
        T(p) = m(p) (1 + k (s(p) / span - 1))      (equation 5; span is R there)
    Where s = span the threshold is the mean; where s = 0 it is m (1 - k).

    References
    ----------
    J. Sauvola, M. Pietikainen, "Adaptive document image binarization", Pattern Recognition 33(2), 225-236, 2000.

    Examples
    --------
    >>> page = np.tile(np.linspace(90, 250, 60).astype(np.uint8), (20, 1))
    >>> page[8:12, ::10] //= 3
    >>> np.flatnonzero(sauvola(page, window=11).labels[10]).tolist()
    [0, 10, 20, 30, 40, 50]
    """
    check_window(window)
    flat = is_flat(image, valid)
    if flat is not None:
        return flat
    means, deviations = local_statistics(image, window, valid)
    bottom, top = black_and_white(image, valid)
    contrast = np.float32((128.0 if image.dtype == np.uint8 else (top - bottom) / 2) if span == "auto" else span)
    # m (1 + k (s / span - 1)), from the black end of the scale; of bright objects, from the white end.
    black = np.float32(top if foreground == "bright" else bottom)
    deviations *= np.float32(k) / contrast
    deviations += np.float32(1 - k)
    means -= black
    means *= deviations
    means += black
    return beside(image, means, foreground)
