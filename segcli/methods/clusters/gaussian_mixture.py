"""Mixture of Gaussians over gray levels or colors."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Color, Gray, Param, Valid
from segcli.errors import InputError
from segcli.numeric.clouds import clouds
from segcli.numeric.color_classes import dark_to_light
from segcli.numeric.forms import as_gray
from segcli.numeric.gaussians import MixtureFit, fit_mixture, rounding_variance
from segcli.numeric.samples import Samples, feature_points, samples
from segcli.segmentation import Segmentation

MOST_CLASSES = 8
"""So many classes are tried at most where their number is to be found."""


def gaussian_mixture(
    image: Gray | Color,
    *,
    valid: Valid = None,
    classes: Annotated[int, Param(min=1, max=64)] | Literal["auto"] = 2,
    features: Literal["auto", "gray", "color"] = "auto",
    space: Literal["rgb", "lab"] = "rgb",
    covariance: Literal["full", "diagonal"] = "full",
    iterations: Annotated[int, Param(min=1, max=100_000)] = 200,
    seed: Annotated[int, Param(min=0)] = 0,
) -> Segmentation:
    """Group pixels into classes of similar color, each with a size and spread.

    A mixture of Gaussians is fitted to all pixels by expectation maximization, and each pixel goes to its likeliest
    class. Unlike k-means it parts classes of very different size or spread, and says how sure it is. Works when the
    colors of each class form one cloud. Fails on textures and under uneven light, where one object is several clouds,
    and on humps that overlap wholly. No pixel looks at its neighbors: see mrf for that.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        In its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that take part.
    classes : int or auto
        Number of classes; auto takes that of 1 to 8 with the lowest Bayesian information criterion. Photographs have
        clouds of any shape, and auto then tends to many.
    features : auto, gray or color
        What pixels are compared by; auto is color, or gray on a gray image, where color means gray too.
    space : rgb or lab
        Colors as they are stored, or in CIE L*a*b* (D65, from sRGB). Gray images use L* alone.
    covariance : full or diagonal
        Clouds that lie in any direction, or along the axes of the color space.
    iterations : int
        Most iterations, on the pooled colors and over all of them together. It ends when one raises the mean log
        likelihood of a pixel by less than 0.0001.
    seed : int
        Start of the random numbers of k-means, whose classes are the start.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; classes, 0 the darkest: by the luma of the mean (for lab by its L*). Of classes equally
        likely the darker one is taken.
        scores : (classes, H, W) float32, posterior probabilities; those of left-out pixels mean nothing.
        numbers : log_likelihood, the mean of a pixel, with every variance at least that of rounding to 256
        levels; bic, of all pixels as if each were drawn by itself; iterations.
        layers["certainty"] : (H, W) float32, probability of the class that was taken.
        series : log_likelihood (iterations,), of the best start on pooled colors, then over all pixels; bic, of 1, 2, 3
        and so on classes on the pooled colors, where their number was to be found; means (classes, features); shares.

    Raises
    ------
    InputError
        The pixels have fewer distinct colors than classes, but more than one; or lab is asked for on float32 values
        outside 0 to 1.

    Notes
    -----
        p(x) = sum over k of w_k N(x; m_k, S_k)
        E step  r_pk = w_k N(x_p; m_k, S_k) / p(x_p)
        M step  w_k = mean of r_pk,   m_k = sum r_pk x_p / sum r_pk,   S_k = sum r_pk (x_p - m_k)(x_p - m_k)' / sum r_pk
        BIC = -2 ln likelihood + (number of parameters) ln (number of pixels)

    References
    ----------
    A. P. Dempster, N. M. Laird, D. B. Rubin, "Maximum likelihood from incomplete data via the EM algorithm", J. Royal
    Statistical Society B 39(1), 1-38, 1977.
    G. Schwarz, "Estimating the dimension of a model", Annals of Statistics 6(2), 461-464, 1978.

    Examples
    --------
    >>> stripes = np.array([[10, 12, 10, 12, 200, 204, 208]], np.uint8)
    >>> found = gaussian_mixture(stripes)
    >>> found.labels.tolist(), found.series["means"].ravel().tolist()
    ([[0, 0, 0, 0, 1, 1, 1]], [11.0, 204.0])
    """
    if image.ndim == 3 and features == "gray":
        image = as_gray(image)
    pixels = samples(image, valid)
    if (pixels.colors == pixels.colors[0]).all():
        note = "all pixels are equal: everything is class 0"
        return Segmentation(np.zeros(image.shape[:2], np.uint8), "classes", notes=(note,))
    settings = (covariance, rounding_variance(pixels.colors, space), iterations, seed)
    points, _ = feature_points(pixels, space, 0.0)
    total = float(np.broadcast_to(pixels.weights, len(pixels.colors)).sum())
    series: dict[str, Array] = {}
    if classes == "auto":
        series["bic"] = _criteria(points, pixels, total, settings)
        classes = int(series["bic"].argmin()) + 1
    found = _fit(points, pixels.weights, classes, settings)
    mixture = found.mixture.reordered(dark_to_light(found.mixture.means, image.ndim == 3 and space == "rgb"))
    scores, labels = mixture.posteriors(feature_points(samples(image, joined=False), space, 0.0)[0])
    scores, labels = scores.reshape(classes, *image.shape[:2]), labels.reshape(image.shape[:2])
    series |= {"log_likelihood": found.history, "means": mixture.means, "shares": mixture.shares}
    notes: tuple[str, ...] = (
        () if found.rests else (f"stopped after {iterations} iterations, before the likelihood came to rest",)
    )
    if classes == 1:
        notes += ("one class explains the colors best: everything is class 0",)
    return Segmentation(
        labels,
        "classes",
        scores=scores,
        numbers={
            "log_likelihood": found.likelihood / total,
            "bic": found.criterion(covariance, total),
            "iterations": len(found.history),
        },
        layers={"certainty": scores.max(axis=0)},
        series=series,
        notes=notes,
    )


Settings = tuple[Literal["full", "diagonal"], float, int, int]


def _fit(points: Array, weights: Array, classes: int, settings: Settings) -> MixtureFit:
    """Fit a mixture with the method's settings."""
    covariance, floor, iterations, seed = settings
    return fit_mixture(
        points,
        weights,
        classes,
        covariance=covariance,
        floor=floor,
        iterations=iterations,
        seed=seed,
    )


def _criteria(points: Array, pixels: Samples, total: float, settings: Settings) -> Array:
    """Information criterion of 1 to 8 classes, or as many as there are colors, on the pooled colors."""
    pooled = clouds(points, pixels.weights, MOST_CLASSES)[0]
    # Weights are (1,) where every point counts the same.
    found = []
    for classes in range(1, MOST_CLASSES + 1):
        try:
            fit = _fit(pooled.points, pooled.weights, classes, settings)
        except InputError:
            break
        found.append(fit.criterion(settings[0], total))
    return np.array(found)
