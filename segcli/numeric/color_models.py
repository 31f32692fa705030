"""How likely a color is under a set of sample pixels: smoothed histograms and Gaussians."""

from __future__ import annotations

from typing import Literal

import numpy as np

from segcli.arrays import Array
from segcli.numeric.histogram import histogram, otsu_threshold

GRAY_BINS, COLOR_BINS = 128, 32
BANDWIDTH = 1 / 32
"""Standard deviation of the smoothing of a histogram, as a share of the image's range."""
UNSEEN = 0.05
"""Share of a histogram that is spread evenly over all bins, so that no color is impossible."""


def log_likelihood(image: Array, samples: Array, model: Literal["histogram", "gaussian"]) -> Array:
    """Log of the density of every pixel's color under a model fitted to the weighted sample pixels.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
    samples : (H, W) float32, at least 0
        Weight of each pixel in the fit; must not be 0 everywhere.
    model : histogram or gaussian
        histogram: 128 gray levels or 32 x 32 x 32 colors, smoothed by a Gaussian of a 32nd of the range. The range
        is 0..255 for uint8, else from the image's least to its largest value.
        gaussian: mean and full covariance, with the rounding of 8 bits added to every channel's variance.

    Returns
    -------
    (H, W) float32, up to a constant that is the same for all samples of one image and model.
    """
    return _log_histogram(image, samples) if model == "histogram" else _log_gaussian(image, samples)


def _log_histogram(image: Array, samples: Array) -> Array:
    """Log of a smoothed joint histogram, read back at every pixel."""
    from scipy import ndimage

    bins = GRAY_BINS if image.ndim == 2 else COLOR_BINS
    channels = 1 if image.ndim == 2 else image.shape[2]
    index = bin_index(image, bins)
    counts = np.bincount(index.ravel(), samples.ravel(), bins**channels).reshape((bins,) * channels)
    smooth = ndimage.gaussian_filter(counts / counts.sum(), BANDWIDTH * bins, mode="constant")
    density = (1 - UNSEEN) * smooth / smooth.sum() + UNSEEN / smooth.size
    return np.asarray(np.log(density).astype(np.float32).ravel()[index])


def bin_index(image: Array, bins: int) -> Array:
    """The (H, W) number of each pixel's bin, counted over all channels, between the least and the largest value."""
    if image.dtype == np.uint8:
        low, span = 0.0, 256.0
    else:
        low = float(image.min())
        span = max((float(image.max()) - low) * (1 + 1e-6), 1e-30)
    level = ((np.atleast_3d(image).astype(np.float32) - np.float32(low)) * np.float32(bins / span)).astype(np.int32)
    np.minimum(level, bins - 1, out=level)
    index = level[..., 0]
    for channel in range(1, level.shape[2]):
        index = index * bins + level[..., channel]
    return index


def _log_gaussian(image: Array, samples: Array) -> Array:
    """Log of a Gaussian density with the samples' mean and covariance."""
    colors = np.atleast_3d(image).astype(np.float64)
    share = (samples / samples.sum(dtype=np.float64)).astype(np.float64)
    mean = np.einsum("ij,ijc->c", share, colors)
    colors -= mean
    covariance = np.einsum("ij,ijc,ijd->cd", share, colors, colors)
    covariance += np.eye(len(mean)) * _rounding(image)
    factor = np.linalg.cholesky(np.linalg.inv(covariance))
    distance = np.square(colors @ factor).sum(axis=2)
    return np.asarray(-0.5 * distance + np.log(np.diag(factor)).sum(), np.float32)


def bright_odds(gray: Array, valid: Array | None = None) -> Array | None:
    """Log of the odds that a pixel belongs to the brighter of two Gaussian classes; None where all pixels are equal.

    The classes are the two sides of Otsu's cut, each with its own share, mean and variance. (Iterating them by
    expectation maximization drifts to one narrow and one wide class, which are rarely objects and background.)
    A value darker than the dark mean counts as that mean, and likewise above the bright one: a wide class would
    otherwise claim both ends of the gray scale.

    Parameters
    ----------
    gray : (H, W) uint8, uint16 or float32
    valid : (H, W) bool or None
        Pixels that the classes are fitted to.

    Returns
    -------
    (H, W) float32, or None
    """
    present = histogram(gray, valid).occupied()
    if len(present.levels) < 2:
        return None
    threshold = otsu_threshold(present)
    means, variances, shares = np.empty(2), np.empty(2), np.empty(2)
    for side, chosen in enumerate((present.levels <= threshold, present.levels > threshold)):
        counts, levels = present.counts[chosen], present.levels[chosen]
        shares[side] = counts.sum() / present.total
        means[side] = np.average(levels, weights=counts)
        variances[side] = np.average((levels - means[side]) ** 2, weights=counts) + _rounding(gray)
    values = np.clip(gray, *means.astype(np.float32), dtype=np.float32, casting="unsafe")
    odds = np.full(gray.shape, np.diff(np.log(shares / np.sqrt(variances)))[0], np.float32)
    for sign, mean, variance in zip((1, -1), means, variances, strict=True):
        odds += np.float32(sign / (2 * variance)) * (values - np.float32(mean)) ** 2
    return odds


def _rounding(image: Array) -> float:
    """Variance of rounding to 256 levels over the image's range, the least that a Gaussian may have."""
    span = 255.0 if image.dtype == np.uint8 else max(float(np.ptp(image)), 1e-30)
    return (span / 255) ** 2 / 12
