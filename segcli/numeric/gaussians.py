"""Gaussian classes in a space of features: fitted to given labels, or as a mixture by expectation maximization."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.numeric.clouds import Cloud, clouds
from segcli.numeric.clustering import partition

Points = NDArray[np.float32]
Reals = NDArray[np.float64]
Covariance = Literal["full", "diagonal"]

_LEAST_SHARE = 1e-12


@dataclass(frozen=True, eq=False)
class Gaussians:
    """Gaussian classes.

    Attributes
    ----------
    shares : (K,) float64
        They add up to 1; none is 0.
    means : (K, F) float64
    covariances : (K, F, F) float64
        Positive definite.
    """

    shares: Reals
    means: Reals
    covariances: Reals

    def costs(self, points: Points) -> NDArray[np.float32]:
        """Minus the log of each class's density, its share left aside, at (F, n) points: (n, K)."""
        from segcli.numeric import _gaussian_kernels as kernels

        costs = np.empty((points.shape[1], len(self.shares)), np.float32)
        kernels.all_costs(points, *replace(self, shares=np.ones(len(self.shares)))._terms(), costs)
        return costs

    def posteriors(self, points: Points) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Probability of each class at (F, n) points, (K, n), and the likeliest, the first of equals."""
        from segcli.numeric import _gaussian_kernels as kernels

        scores = np.empty((len(self.shares), points.shape[1]), np.float32)
        labels = np.empty(points.shape[1], np.uint8)
        kernels.posteriors(points, *self._terms(), scores, labels)
        return scores, labels

    def maximized(self, cloud: Cloud, covariance: Covariance, floor: float) -> tuple[Gaussians, float]:
        """One iteration of expectation maximization; also returns the log likelihood before it."""
        from segcli.numeric import _gaussian_kernels as kernels

        counts, sums, products = _no_moments(self.means.shape)
        likelihood = kernels.expect(cloud.points, cloud.weights, *self._terms(), counts, sums, products)
        return _from_moments(counts, sums, products, self.means, covariance, floor), float(likelihood)

    def reordered(self, order: Array) -> Gaussians:
        """The classes in another order."""
        return Gaussians(self.shares[order], self.means[order], self.covariances[order])

    def _terms(self) -> tuple[Reals, Reals, Reals]:
        """What a class costs at its mean, the means, and the roots of the inverse covariances."""
        factors = np.linalg.cholesky(self.covariances)
        half_log_determinants = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        constant = 0.5 * self.means.shape[1] * math.log(2 * math.pi)
        return constant + half_log_determinants - np.log(self.shares), self.means, np.linalg.inv(factors)


def rounding_variance(image: Array, space: Literal["rgb", "lab"] = "rgb") -> float:
    """Variance of rounding to 256 levels over an image's range: the least that a class may have in any feature."""
    span = 255.0 if image.dtype == np.uint8 else max(float(image.max()) - float(image.min()), 1e-30)
    return ((100.0 if space == "lab" else span) / 255) ** 2 / 12


def _no_moments(shape: tuple[int, ...]) -> tuple[Reals, Reals, Reals]:
    """Zeros to add up counts, sums and products of K classes in F features in."""
    classes, features = shape
    return np.zeros(classes), np.zeros((classes, features)), np.zeros((classes, features, features))


def _from_moments(
    counts: Reals, sums: Reals, products: Reals, origins: Reals, covariance: Covariance, floor: float
) -> Gaussians:
    """The likeliest Gaussians for moments around the origins; an empty class stays at its origin."""
    safe = np.maximum(counts, _LEAST_SHARE * counts.sum())
    steps = sums / safe[:, None]
    products = products + np.tril(products, -1).transpose(0, 2, 1)
    spreads = products / safe[:, None, None] - steps[:, :, None] * steps[:, None, :]
    if covariance == "diagonal":
        spreads = spreads * np.eye(sums.shape[1])
    return Gaussians(safe / safe.sum(), origins + steps, spreads + floor * np.eye(sums.shape[1]))


def class_gaussians(
    points: Points, weights: Reals, labels: Array, classes: int, covariance: Covariance, floor: float
) -> Gaussians:
    """Fit one Gaussian to each class of labeled points.

    Parameters
    ----------
    points : (F, n) float32
    weights : (n,) float64, or (1,)
    labels : (n,) uint8
        0 to classes - 1; 255 for points that teach nothing.
    classes : int
    covariance : full or diagonal
    floor : added to the variance of each feature.

    Examples
    --------
    >>> found = class_gaussians(np.float32([[1, 3, 8]]), np.ones(1), np.uint8([0, 0, 1]), 2, "full", 0.5)
    >>> found.means[:, 0].tolist(), found.covariances[:, 0, 0].tolist()
    ([2.0, 8.0], [1.5, 0.5])
    """
    from segcli.numeric import _gaussian_kernels as kernels

    middle = points.mean(axis=1, dtype=np.float64)
    counts, sums, products = _no_moments((classes, len(points)))
    kernels.add_classes(points, weights, labels, middle, counts, sums, products)
    return _from_moments(counts, sums, products, np.tile(middle, (classes, 1)), covariance, floor)


@dataclass(frozen=True, eq=False)
class MixtureFit:
    """A mixture, its log likelihood of all points, and the mean log likelihood before each iteration.

    `rests` tells whether it came to rest before the iterations were used up.
    """

    mixture: Gaussians
    likelihood: float
    history: Reals
    rests: bool

    def criterion(self, covariance: Covariance, count: float) -> float:
        """Schwarz's information criterion (BIC) for so many points; lower is better."""
        classes, features = self.mixture.means.shape
        spread = features if covariance == "diagonal" else features * (features + 1) // 2
        parameters = int(classes * (1 + features + spread) - 1)
        return -2 * self.likelihood + parameters * math.log(count)


def fit_mixture(
    points: Points,
    weights: Reals,
    classes: int,
    *,
    covariance: Covariance = "full",
    floor: float = 1e-6,
    restarts: int = 3,
    iterations: int = 200,
    tolerance: float = 1e-4,
    seed: int = 0,
) -> MixtureFit:
    """Fit a mixture of Gaussians by expectation maximization.

    Starts are the classes of k-means. Where there are many points, they are pooled into the cells of a grid first; the
    best of the starts there is iterated over all points.

    Parameters
    ----------
    points : (F, n) float32
    weights : (n,) float64, or (1,) where every point counts the same
    classes : int
        1 to 255.
    covariance : full or diagonal
    floor : added to the variance of each feature, above 0: no class can shrink to a point.
    restarts : int
    iterations : most of them, on the grid and over all points together.
    tolerance : it ends when an iteration raises the mean log likelihood of a point by less.
    seed : int

    Raises
    ------
    InputError
        Fewer distinct points than classes.

    References
    ----------
    A. P. Dempster, N. M. Laird, D. B. Rubin, "Maximum likelihood from incomplete data via the EM algorithm", J. Royal
    Statistical Society B 39(1), 1-38, 1977.
    """
    stages = clouds(points, weights, max(classes, 2))
    first, whole = stages[0], stages[-1]
    fits = []
    for start in range(restarts if classes > 1 else 1):
        labels = np.zeros(first.count, np.uint8)
        if classes > 1:
            labels = partition(first.points, first.weights, classes, restarts=1, seed=seed + start).labels
        mixture = class_gaussians(first.points, first.weights, labels, classes, covariance, floor)
        fits.append(_climb(mixture, first, covariance, floor, iterations, tolerance))
    mixture, history, rests = max(fits, key=lambda fit: fit[1][-1])
    if first is not whole:
        mixture, more, rests = _climb(mixture, whole, covariance, floor, max(iterations - len(history), 1), tolerance)
        history = [*history, *more]
    return MixtureFit(mixture, history[-1] * whole.moments[1], np.array(history), rests)


def _climb(
    mixture: Gaussians, cloud: Cloud, covariance: Covariance, floor: float, iterations: int, tolerance: float
) -> tuple[Gaussians, list[float], bool]:
    """Iterate over a cloud; the last likelihood is that of the mixture that is returned."""
    history: list[float] = []
    total = cloud.moments[1]
    while True:
        following, likelihood = mixture.maximized(cloud, covariance, floor)
        history.append(likelihood / total)
        rests = len(history) > 1 and history[-1] - history[-2] < tolerance
        if rests or len(history) > iterations:
            return mixture, history, rests
        mixture = following
