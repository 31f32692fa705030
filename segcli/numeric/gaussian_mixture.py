"""Mixtures of Gaussians over colors, in which each color belongs to one component."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array

Reals = NDArray[np.float64]
Colors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Mixture:
    """Gaussians with full covariances, each with its share of the colors.

    Attributes
    ----------
    shares : (K,) float64
        They add up to 1 and none is 0.
    means : (K, 3) float64
    covariances : (K, 3, 3) float64
        Positive definite; they contain `noise` where the mixture was fitted.
    noise : float
        Variance, in every channel, of the error with which the colors are known. A color stands for a little cloud
        of that variance: its cost is the mean over the cloud, which adds noise trace(covariance^-1) / 2. With this
        term, covariances that hold the noise are exactly the cheapest ones, and fitting never raises the cost.
    """

    shares: Reals
    means: Reals
    covariances: Reals
    noise: float = 0.0

    def costs(self, colors: Colors) -> Reals:
        """Cost of (n, 3) colors in the component that each fits best: minus the log of share times density."""
        return self._nearest(colors)[1]

    def components(self, colors: Colors) -> NDArray[np.uint8]:
        """The component that each of (n, 3) colors fits best, the first of equals."""
        return self._nearest(colors)[0]

    def log_likelihood(self, colors: Colors) -> Reals:
        """Log of the density of all components together at (n, 3) colors, less the term of the noise."""
        from segcli.numeric import _mixture_kernels as kernels

        cost = np.empty(len(colors))
        kernels.mixture_cost(colors, *self._terms(), cost)
        return -cost

    def _nearest(self, colors: Colors) -> tuple[NDArray[np.uint8], Reals]:
        """Best component and cost of every color."""
        from segcli.numeric import _mixture_kernels as kernels

        component, cost = np.zeros(len(colors), np.uint8), np.empty(len(colors))
        kernels.nearest(colors, *self._terms(), component, cost)
        return component, cost

    def _terms(self) -> tuple[Reals, Reals, Reals]:
        """What a component costs at its mean, the means, and the roots of the inverse covariances."""
        factors = np.linalg.cholesky(self.covariances)
        roots = np.linalg.inv(factors)
        half_log_determinants = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        blur = 0.5 * self.noise * np.square(roots).sum(axis=(1, 2))
        offsets = half_log_determinants + 1.5 * math.log(2 * math.pi) - np.log(self.shares) + blur
        return offsets, self.means, np.tril(roots)


def fit(colors: Colors, component: Array, noise: float) -> Mixture:
    """The cheapest mixture for (n, 3) colors of given components; components without a color are dropped.

    Colors must be at least one. The covariances are those of the colors plus `noise` in every channel.
    """
    from segcli.numeric import _mixture_kernels as kernels

    count = int(component.max()) + 1
    counts, sums, products = np.zeros(count), np.zeros((count, 3)), np.zeros((count, 3, 3))
    # Away from the origin, the difference of mean products and products of means would lose its last digits.
    middle = colors.mean(axis=0, dtype=np.float64)
    kernels.moments(colors, component, middle, counts, sums, products)
    used = counts > 0
    counts, sums, products = counts[used], sums[used], products[used]
    means = sums / counts[:, None]
    products += np.tril(products, -1).transpose(0, 2, 1)
    covariances = products / counts[:, None, None] - means[:, :, None] * means[:, None, :] + noise * np.eye(3)
    return Mixture(counts / counts.sum(), means + middle, covariances, noise)


def split_fit(colors: Colors, components: int, noise: float) -> Mixture:
    """A first mixture for at least one (n, 3) color, by splitting; no chance is involved.

    The component with the largest scatter along its principal axis is cut at its mean, across that axis, until there
    are as many components as asked for or no component has two different colors.

    References
    ----------
    M. T. Orchard and C. A. Bouman, "Color quantization of images", IEEE Trans. Signal Processing 39(12), 2677-2690,
    1991.
    """
    component = np.zeros(len(colors), np.uint8)
    axes = [_principal_axis(colors)]
    while len(axes) < components:
        widest = int(np.argmax([scatter for scatter, _, _ in axes]))
        scatter, axis, mean = axes[widest]
        if scatter <= 1e-9:
            break
        members = np.flatnonzero(component == widest)
        beyond = (colors[members] - mean) @ axis > 0
        component[members[beyond]] = len(axes)
        axes[widest] = _principal_axis(colors[members[~beyond]])
        axes.append(_principal_axis(colors[members[beyond]]))
    return fit(colors, component, noise)


def _principal_axis(colors: Colors) -> tuple[float, Reals, Reals]:
    """Scatter of (n, 3) colors along the direction in which they spread most, that direction, and their mean."""
    if len(colors) == 0:
        return 0.0, np.zeros(3), np.zeros(3)
    mean = colors.mean(axis=0, dtype=np.float64)
    centered = colors - mean
    scatters, axes = np.linalg.eigh(centered.T @ centered)
    return float(scatters[-1]), axes[:, -1], mean
