"""Optimizers of the Potts energy of an image beside `expansion`: greedy, by chance, and by messages.

unary is (H, W, K) float32, the finite cost of each label at each pixel; weights (2 or 4, H, W) float32 are the cost of
parting a pixel from its neighbor right, down, down-right and down-left, 0 where the link leaves the image; both are
C-contiguous.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.numeric.contrast import STEPS, pair_views
from segcli.numeric.expansion import cheapest, expand_grid, potts_energy

_HOTTEST, _COLDEST = 3.0, 0.1
"""First and last temperature of annealing, where the costs are natural logarithms of likelihoods."""

_DAMPING = 0.3
"""Share of the old message that stays in the new one."""

_PATIENCE = 5
"""Messages go on for so many iterations without a better labeling."""

_MOST_MESSAGES = 1 << 30
"""Numbers in all messages together: 4 GiB."""


@dataclass(frozen=True, eq=False)
class Minimum:
    """Labels (H, W) uint8, the energies at the start and after each iteration, and whether it came to rest."""

    labels: NDArray[np.uint8]
    energies: NDArray[np.float64]
    rests: bool


def plain_links(shape: tuple[int, int], connectivity: int, weight: float, valid: Array | None = None) -> Array:
    """Weigh every link by weight / distance, and those that leave the image or the valid pixels by 0.

    Examples
    --------
    >>> plain_links((1, 3), 4, 2.0).tolist()
    [[[2.0, 2.0, 0.0]], [[0.0, 0.0, 0.0]]]
    """
    steps = STEPS[: connectivity // 2]
    weights = np.zeros((len(steps), *shape), np.float32)
    for plane, step in zip(weights, steps, strict=True):
        linked = pair_views(plane, step)[0]
        linked[...] = weight / math.hypot(*step)
        if valid is not None:
            near, far = pair_views(valid, step)
            linked *= near & far
    return weights


def iterated_modes(unary: Array, weights: Array, labels: Array | None = None, iterations: int = 1000) -> Minimum:
    """Give the pixels, one after the other, the label that costs least beside their neighbors; never raises the energy.

    References
    ----------
    J. Besag, "On the statistical analysis of dirty pictures", J. Royal Statistical Society B 48(3), 259-302, 1986.
    """
    from segcli.numeric import _potts_kernels as kernels

    labels = cheapest(unary) if labels is None else labels.copy()
    energies = [potts_energy(unary, weights, labels)]
    stale = np.ones(labels.shape, bool)
    for _ in range(iterations):
        energies.append(energies[-1] + min(kernels.improve(unary, weights, labels, stale), 0.0))
        if not stale.any():
            return Minimum(labels, np.array(energies), True)
    return Minimum(labels, np.array(energies), False)


def anneal(unary: Array, weights: Array, labels: Array | None = None, iterations: int = 100, seed: int = 0) -> Minimum:
    """Draw the pixels' labels again and again while it gets colder, and keep the best labeling that was met.

    The temperature falls from 3 to 0.1 by equal factors; the logarithmic fall that would find the least energy for
    certain takes longer than anyone can wait. `iterated_modes` follows the best labeling down to its floor.

    References
    ----------
    S. Geman and D. Geman, "Stochastic relaxation, Gibbs distributions, and the Bayesian restoration of images", IEEE
    Trans. Pattern Analysis and Machine Intelligence 6(6), 721-741, 1984.
    """
    from segcli.numeric import _potts_kernels as kernels

    labels = cheapest(unary) if labels is None else labels.copy()
    energies = [potts_energy(unary, weights, labels)]
    best, least = labels.copy(), energies[0]
    state = np.array([seed % (1 << 64)], np.uint64)
    for temperature in np.geomspace(_HOTTEST, _COLDEST, iterations):
        energies.append(energies[-1] + kernels.sample(unary, weights, labels, float(temperature), state))
        if energies[-1] < least:
            best, least = labels.copy(), energies[-1]
    return _settled(unary, weights, best, energies, True)


def propagate(unary: Array, weights: Array, iterations: int = 100) -> Minimum:
    """Let neighbors tell each other what every label would cost at least, and keep the best labeling that was met.

    Min-sum loopy belief propagation, in which a message travels the whole picture in one iteration: rows are gone
    through downward, then upward. It ends when five iterations brought nothing better. `iterated_modes` follows the
    best labeling down to its floor.

    Raises
    ------
    InputError
        Messages of more than 4 GiB.

    References
    ----------
    P. F. Felzenszwalb and D. P. Huttenlocher, "Efficient belief propagation for early vision", Int. J. Computer Vision
    70(1), 41-54, 2006.
    """
    from segcli.numeric import _potts_kernels as kernels

    height, width, count = unary.shape
    size = unary.size * 2 * len(weights)
    if size > _MOST_MESSAGES:
        raise InputError(
            f"belief propagation over {width} x {height} pixels and {count} classes would need {size * 4 / 2**30:.0f} "
            "GiB for its messages; shrink the image, take connectivity 4, or another optimizer."
        )
    messages = np.zeros((height, width, 2 * len(weights), count), np.float32)
    labels = cheapest(unary)
    energies = [potts_energy(unary, weights, labels)]
    best, least, met = labels.copy(), energies[0], 0
    for iteration in range(1, iterations + 1):
        kernels.pass_messages(unary, weights, messages, labels, _DAMPING, False)
        kernels.pass_messages(unary, weights, messages, labels, _DAMPING, True)
        energies.append(potts_energy(unary, weights, labels))
        if energies[-1] < least:
            best, least, met = labels.copy(), energies[-1], iteration
        if iteration >= met + _PATIENCE:
            return _settled(unary, weights, best, energies, True)
    return _settled(unary, weights, best, energies, False)


def _settled(unary: Array, weights: Array, best: Array, energies: list[float], rests: bool) -> Minimum:
    """Follow a labeling down to its floor, as the last entry of the curve."""
    floor = iterated_modes(unary, weights, best)
    return Minimum(floor.labels, np.array([*energies, floor.energies[-1]]), rests)


def minimize(
    unary: Array, weights: Array, optimizer: str, iterations: int, seed: int = 0, labels: Array | None = None
) -> Minimum:
    """Minimize by icm, annealing, expansion or belief_propagation; `labels` are a start, which messages do not need.

    Expansion starts where icm ends, and so never ends above it.
    """
    if optimizer == "annealing":
        return anneal(unary, weights, labels, iterations, seed)
    if optimizer == "belief_propagation":
        return propagate(unary, weights, iterations)
    greedy = iterated_modes(unary, weights, labels, iterations)
    if optimizer == "icm":
        return greedy
    expanded = expand_grid(unary, weights, greedy.labels, iterations)
    return Minimum(expanded.labels, np.concatenate([greedy.energies[:1], expanded.energies]), expanded.rests)
