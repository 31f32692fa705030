"""Markov random field: classes of gray levels or colors, in which neighbors are likely alike."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Color, Gray, Param, Valid
from segcli.numeric.color_classes import color_classes, dark_to_light
from segcli.numeric.expansion import cheapest
from segcli.numeric.gaussians import Gaussians, class_gaussians, rounding_variance
from segcli.numeric.potts import minimize, plain_links
from segcli.numeric.samples import feature_points, samples
from segcli.segmentation import VOID, Segmentation


def mrf(
    image: Gray | Color,
    *,
    valid: Valid = None,
    classes: Annotated[int, Param(min=2, max=64)] = 2,
    weight: Annotated[float, Param(min=0, max=10000)] = 1.5,
    optimizer: Literal["icm", "annealing", "expansion", "belief_propagation"] = "expansion",
    iterations: Annotated[int, Param(min=1, max=100_000)] = 50,
    rounds: Annotated[int, Param(min=1, max=100)] = 1,
    connectivity: Literal[4, 8] = 8,
    seed: Annotated[int, Param(min=0)] = 0,
) -> Segmentation:
    """Group pixels by color while neighbors prefer to be of the same class.

    The energy of a labeling L, its negative log posterior under a Potts prior,
    sum over pixels of -ln N(color of p; mean and covariance of class L_p)
    + weight * sum over neighbors with different labels of 1 / distance(p, q),
    is made small. The Gaussians come from k-means. Works on noisy pictures of a few flat materials, which a threshold
    or k-means fills with specks. Fails under uneven light, and rubs out parts thinner than the noise needs; borders are
    as likely on an edge as off it, for which see graphcut.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        In its own units. Not modified.
    valid : (H, W) bool or None
        Pixels left out have no links and teach nothing.
    classes : int
        Number of classes.
    weight : float
        What it costs to part two neighbors, in units of log likelihood; higher is smoother.
    optimizer : icm, annealing, expansion or belief_propagation
        How the energy is lowered. icm is the quickest and ends in the nearest dip; expansion goes on from there by
        exact cuts and is nearly always the best; annealing draws labels by chance while it cools; belief propagation
        lets pixels exchange messages, and takes the most memory.
    iterations : int
        Most sweeps over the picture (expansion: most times that every label is offered); annealing makes all of them,
        and is better with more.
    rounds : int
        How many times the Gaussians are learned and the labels found, from each other in turn. More follow the picture
        away from k-means, at best to better classes, at worst until a class dies out.
    connectivity : 4 or 8
        Neighbors of a pixel.
    seed : int
        Start of the random numbers of k-means and of annealing.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; classes, 0 the darkest by the luma of its mean.
        numbers : energy of the labels, and of the start under the same Gaussians; iterations.
        layers["start"] : (H, W) uint8, the likeliest class of each pixel by itself: what a weight of 0 gives.
        series["energy"] : (iterations + 1,) at the start and after each iteration, rounds one after the other. For
        annealing and belief propagation, which may rise, the last entry is the best labeling followed down by icm.
        series["means"] : (classes, channels), those of the last round.

    Raises
    ------
    InputError
        The pixels have fewer distinct colors than classes, but more than one; or belief propagation would take more
        than 4 GiB.

    Notes
    -----
        E(L) = sum over p of -ln N(I_p; m_L_p, S_L_p) + weight * number of neighbors p, q with L_p != L_q
        icm         each pixel takes its best label given its neighbors, until none changes
        annealing   it takes label l with probability exp(-E_l / T), while T falls
        expansion   the best set of pixels to change to l at once, by a minimum cut, for each l in turn

    References
    ----------
    J. Besag, "On the statistical analysis of dirty pictures", J. Royal Statistical Society B 48(3), 259-302, 1986.
    S. Geman and D. Geman, "Stochastic relaxation, Gibbs distributions, and the Bayesian restoration of images", IEEE
    Trans. Pattern Analysis and Machine Intelligence 6(6), 721-741, 1984.
    Y. Boykov, O. Veksler, R. Zabih, "Fast approximate energy minimization via graph cuts", IEEE Trans. Pattern Analysis
    and Machine Intelligence 23(11), 1222-1239, 2001.
    P. F. Felzenszwalb and D. P. Huttenlocher, "Efficient belief propagation for early vision", Int. J. Computer Vision
    70(1), 41-54, 2006.

    Examples
    --------
    >>> speck = np.array([[20, 60, 30, 115, 40, 25, 55, 200, 160, 190, 170]], np.uint8)
    >>> mrf(speck, weight=0).labels.tolist(), mrf(speck, weight=9).labels.tolist()
    ([[0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1]], [[0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]])
    """
    labels = color_classes(image, classes, valid, seed)
    if labels is None:
        note = "all pixels are equal: everything is class 0"
        return Segmentation(np.zeros(image.shape[:2], np.uint8), "classes", notes=(note,))
    weights = plain_links(labels.shape, connectivity, weight, valid)
    points, _ = feature_points(samples(image, joined=False), "rgb", 0.0)
    floor = rounding_variance(image if valid is None else image[valid])
    curves: list[Array] = []
    notes: tuple[str, ...] = ()
    for turn in range(rounds):
        if turn and len(np.unique(labels if valid is None else labels[valid])) < classes:
            notes = (f"a class died out in round {turn}; ask for fewer classes or rounds, or a lower weight",)
            break
        gaussians = _learn(points, labels, valid, classes, floor)
        unary = gaussians.costs(points).reshape(*labels.shape, classes)
        if valid is not None:
            unary[~valid] = 0
        found = minimize(unary, weights, optimizer, iterations, seed + turn, labels if turn else None)
        labels = found.labels
        curves.append(found.energies)
    order = dark_to_light(gaussians.means, image.ndim == 3)
    names = np.argsort(order).astype(np.uint8)
    energies = np.concatenate(curves)
    return Segmentation(
        names[labels],
        "classes",
        numbers={"energy": curves[-1][-1], "start": curves[-1][0], "iterations": len(energies) - len(curves)},
        layers={"start": names[cheapest(unary)]},
        series={"energy": energies, "means": gaussians.means[order]},
        notes=notes if found.rests else (*notes, f"stopped after {iterations} iterations, before it came to rest"),
    )


def _learn(points: Array, labels: Array, valid: Array | None, classes: int, floor: float) -> Gaussians:
    """Fit a Gaussian to the pixels of each class."""
    taught = labels if valid is None else np.where(valid, labels, np.uint8(VOID))
    return class_gaussians(points, np.ones(1), taught.reshape(-1), classes, "full", floor)
