"""What a pixel's surroundings look like at several scales: the features that pixel classifiers learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.numeric.color import lab, lightness
from segcli.numeric.forms import as_gray

Planes = NDArray[np.float32]

AT_EACH_SCALE = (
    "intensity",
    "gradient",
    "laplacian",
    "structure_large",
    "structure_small",
    "hessian_large",
    "hessian_small",
    "deviation",
)
"""Features of a channel at one scale, in this order."""

SIGMAS = (0.7, 1.0, 1.6, 3.5, 5.0, 10.0)

_REACH = 9
"""Rows that decide a feature, on either side, in sigmas: two smoothings in a row, and differences between."""


def has_color(image: Array) -> bool:
    """Whether a picture holds more than gray."""
    return image.ndim == 3 and bool((image != image[:, :, :1]).any())


def channel_planes(image: Array, color: bool) -> Planes:
    """Lay a picture out as (C, H, W): L*, or L*, a* and b*, in hundredths; a gray picture has a* = b* = 0.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
    color : bool
        Whether colors count.

    Raises
    ------
    InputError
        Colors of floats outside 0 to 1.

    Examples
    --------
    >>> channel_planes(np.array([[0, 255]], np.uint8), color=True)[:, 0].tolist()
    [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
    """
    if not (color and image.ndim == 3):
        gray = lightness(as_gray(image))[None] / np.float32(100)
        return np.concatenate([gray, np.zeros((2, *gray.shape[1:]), np.float32)]) if color else gray
    if image.dtype.kind == "f" and (image.min() < 0 or image.max() > 1):
        raise InputError(
            f"the image's values go from {image.min():g} to {image.max():g}; colors of floats lie between 0 and 1."
        )
    return np.ascontiguousarray(np.moveaxis(lab(image), 2, 0)) / np.float32(100)


def feature_names(color: bool, sigmas: Sequence[float] = SIGMAS) -> tuple[str, ...]:
    """Names of the features that `multiscale_features` gives, in its order."""
    names = []
    for channel in ("L", "a", "b")[: 3 if color else 1]:
        names.append(channel)
        names += [f"{channel}_{feature}_{sigma:g}" for sigma in sigmas for feature in AT_EACH_SCALE]
    return tuple(names)


def multiscale_features(planes: Planes, sigmas: Sequence[float] = SIGMAS, valid: Array | None = None) -> Planes:
    """Describe every pixel by its channels, and at each scale by eight features of each channel.

    They are the Gaussian mean, the gradient's magnitude and the Laplacian of that mean, the eigenvalues (larger first)
    of the structure tensor and of the Hessian, and the deviation from the mean. What lies outside the picture and
    left-out pixels weigh nothing: every smoothing is a normalized convolution.

    Parameters
    ----------
    planes : (C, H, W) float32
    sigmas : standard deviations in pixels
    valid : (H, W) bool or None

    Returns
    -------
    (C * (1 + 8 * scales), H, W) float32, named by `feature_names`.

    References
    ----------
    S. Berg et al., "ilastik: interactive machine learning for (bio)image analysis", Nature Methods 16, 1226-1232, 2019.
    H. Knutsson and C.-F. Westin, "Normalized and differential convolution", Proc. IEEE Conf. Computer Vision and
    Pattern Recognition (CVPR), 515-523, 1993.

    Examples
    --------
    >>> flat = multiscale_features(np.full((1, 3, 3), 0.5, np.float32), (1.0,))
    >>> flat[:2, 0, 0].tolist(), float(abs(flat[2:]).max()) < 1e-6
    ([0.5, 0.5], True)
    """
    channels, height, width = planes.shape
    features = np.empty((channels, 1 + len(AT_EACH_SCALE) * len(sigmas), height, width), np.float32)
    weight = np.ones((height, width), np.float32) if valid is None else valid.astype(np.float32)
    features[:, 0] = planes
    for scale, sigma in enumerate(sigmas):
        # Sigmas are few and the weights the same for all channels.
        share = 1 / np.maximum(_gaussian(weight, sigma), np.float32(1e-6))
        start = 1 + scale * len(AT_EACH_SCALE)
        for plane, place in zip(planes, features[:, start : start + len(AT_EACH_SCALE)], strict=True):
            _describe(plane, sigma, weight, share, place)
    return features.reshape(-1, height, width)


def reach(sigmas: Sequence[float]) -> int:
    """How many rows above and below decide the features of a row."""
    return int(np.ceil(_REACH * max(sigmas))) + 4


def _describe(plane: Array, sigma: float, weight: Array, share: Array, place: Array) -> None:
    """The eight features of one channel at one scale, into `place`."""
    if not plane.any():
        place[:] = 0
        return
    from segcli.opencv import cv2

    def smooth(values: Array) -> Array:
        return _gaussian(values * weight, sigma) * share

    def difference(values: Array, across: int, down: int) -> Array:
        kind = cv2.BORDER_REPLICATE
        edges = cv2.Sobel(values, cv2.CV_32F, across, down, ksize=1, scale=0.5, borderType=kind)
        return np.asarray(edges).reshape(values.shape)

    mean = smooth(plane)
    across, down = difference(mean, 1, 0), difference(mean, 0, 1)
    bend_across, bend_down, twist = difference(across, 1, 0), difference(down, 0, 1), difference(across, 0, 1)
    place[0] = mean
    # OpenCV's magnitude differs in the last bit with the address of its input.
    place[1] = np.sqrt(across * across + down * down)
    place[2] = bend_across + bend_down
    _eigenvalues(smooth(across * across), smooth(down * down), smooth(across * down), place[3:5])
    _eigenvalues(bend_across, bend_down, twist, place[5:7])
    place[7] = np.sqrt(np.maximum(smooth((plane - mean) ** 2), 0))


def _gaussian(values: Array, sigma: float) -> Array:
    """Gaussian smoothing with zeros outside."""
    from segcli.opencv import cv2

    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)).reshape(values.shape)


def _eigenvalues(first: Array, last: Array, between: Array, place: Array) -> None:
    """Eigenvalues of the symmetric matrices [[first, between], [between, last]], the larger first."""
    middle, half = (first + last) / 2, (first - last) / 2
    radius = np.sqrt(half * half + between * between)
    np.add(middle, radius, out=place[0])
    np.subtract(middle, radius, out=place[1])
