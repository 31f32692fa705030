"""Spectral residual: what is unusual in the spectrum of a picture stands out."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from segcli.arrays import Color, Param, Valid
from segcli.numeric.saliency import Map, segment_map
from segcli.segmentation import Segmentation


def spectral_residual(
    image: Color,
    *,
    valid: Valid = None,
    working_size: Annotated[int, Param(min=16, max=1024, unit="pixels")] = 64,
    sigma: Annotated[float, Param(min=0, max=100, unit="pixels")] = 5.0,
    center: Annotated[float, Param(min=0, max=1)] = 1.0,
) -> Segmentation:
    """Find what the spectrum of a picture does not lead one to expect.

    The log spectra of pictures fall off alike; what is left of one when its local mean is taken away belongs to the
    unusual. Works for small things before a regular ground, in a millisecond. Fails for large objects, of which it
    finds the outline, and among clutter.

    Parameters
    ----------
    image : (H, W, 3) uint8, uint16 or float32
        Image in its own units; its luminance counts. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the map is computed on the smallest box around them.
    working_size : int
        Longer side of the copy that is looked at: the scale of what can stand out.
    sigma : float
        Blur of the map, in pixels of that copy.
    center : float
        How much the middle of the picture counts more: 0 gives the map of the paper, 1 weighs it by a Gaussian of a
        fifth of height and width, since photographers put their object there.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8, the map above its Otsu threshold.
        scores : (2, H, W) float32; the second is the map, 0 to 1.
        numbers : threshold of the map.
        layers : saliency (H, W) float32, 0 to 1; before_the_blur, the root of the map as the spectrum gives it.

    Notes
    -----
        A, P = amplitude and phase of the Fourier transform of I;   L = ln A
        R = L - (mean of L over 3 x 3)
        map = G(sigma) * |inverse transform of exp(R + i P)|^2      (equations 3 to 6)

    References
    ----------
    X. Hou, L. Zhang, "Saliency detection: a spectral residual approach", IEEE CVPR, 1-8, 2007.

    Examples
    --------
    >>> lawn = np.random.default_rng(0).integers(90, 110, (64, 64, 3)).astype(np.uint8)
    >>> lawn[28:34, 30:36] = 255
    >>> bool(spectral_residual(lawn, sigma=2).labels[31, 33])
    True
    """
    return segment_map(image, valid, working_size, center, lambda colors: _residual(colors, sigma))


def _residual(colors: Map, sigma: float) -> tuple[Map, dict[str, Map]]:
    """The saliency map of the paper's section 2.3, equations 3 to 6."""
    from segcli.opencv import cv2

    luminance = colors @ np.array([0.299, 0.587, 0.114], np.float32)
    spectrum = np.fft.fft2(luminance.astype(np.float64))
    log_amplitude = np.log(np.abs(spectrum) + 1e-6)
    residual = log_amplitude - cv2.blur(log_amplitude, (3, 3), borderType=cv2.BORDER_REFLECT)
    saliency = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    saliency = saliency.astype(np.float32)
    blurred = np.asarray(cv2.GaussianBlur(saliency, (0, 0), sigma) if sigma else saliency, np.float32)
    return blurred, {"before_the_blur": np.sqrt(saliency)}
