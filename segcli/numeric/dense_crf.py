"""Mean-field inference in a conditional random field whose every pixel is linked to every other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Scores
from segcli.errors import InputError
from segcli.numeric.permutohedral import Lattice, build_lattice

LIMIT = 8 << 30
"""Bytes that the work may take."""


@dataclass(frozen=True)
class Links:
    """How strongly two pixels ask for equal labels.

    Attributes
    ----------
    appearance_weight, position_sigma, color_sigma : float
        Kernel exp(-distance^2 / (2 position_sigma^2) - color difference^2 / (2 color_sigma^2)): its weight, and its
        reach in pixels and in levels of 0 to 255.
    smoothness_weight, sigma : float
        Kernel exp(-distance^2 / (2 sigma^2)): its weight, and its reach in pixels.
    """

    appearance_weight: float = 5.0
    position_sigma: float = 30.0
    color_sigma: float = 8.0
    smoothness_weight: float = 3.0
    sigma: float = 2.0


@dataclass(frozen=True, eq=False)
class Inference:
    """What mean-field inference found.

    Attributes
    ----------
    probabilities : (K, H, W) float32
        They sum to 1 at each pixel; what the unary energies alone say at pixels that are left out.
    energies : (iterations,) float64
        Free energy before each iteration: the Kullback-Leibler divergence from the field's distribution, up to a
        constant.
    changes : (iterations,) float64
        Mean over pixels of how much probability each iteration moved from label to label, 0 to 1.
    """

    probabilities: Scores
    energies: NDArray[np.float64]
    changes: NDArray[np.float64]


def mean_field(
    unary: Scores, image: Array, links: Links, *, iterations: int = 5, valid: Array | None = None
) -> Inference:
    """Approximate the marginals of a fully connected field with Potts compatibility.

    The field's energy is the sum of the unary energies and, over pairs of pixels with different labels, of the two
    kernels of `Links`. A kernel k is normalized symmetrically: k(i, j) / (n_i n_j)^(1/2), n_i the sum over j of
    k(i, j). All pixels are updated at once, and a pixel hears itself too (j = i), as in the authors' own program; with
    exact kernels no iteration then raises the free energy.

    Parameters
    ----------
    unary : (K, H, W) float32
        Energy (negative log probability, up to a constant) of each label.
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Levels fill the type's range; floats lie in 0 to 1, or else their range is stretched. A gray level counts as
        three equal channels.
    links : Links
    iterations : int
    valid : (H, W) bool or None
        Pixels that exchange messages.

    Raises
    ------
    InputError
        The work would not fit into memory, or a sigma is too small for the size of the image.

    References
    ----------
    P. Krähenbühl and V. Koltun, "Efficient inference in fully connected CRFs with Gaussian edge potentials", Advances
    in Neural Information Processing Systems 24, 109-117, 2011.
    """
    from segcli.numeric import _crf_kernels as kernels

    classes = len(unary)
    pixels = unary[0].size if valid is None else np.count_nonzero(valid)
    _check_memory(int(pixels), classes, int(pixels))
    rows = unary.reshape(classes, -1).T
    energies = np.ascontiguousarray(rows if valid is None else rows[valid.reshape(-1)], np.float32)
    lattices = _lattices(image, links, valid)
    shares, masses = np.zeros_like(energies), np.empty_like(energies)
    logits, totals = np.negative(energies), np.empty(len(energies), np.float32)
    # One piece of memory serves all filters: handing it out afresh takes as long as the filters do.
    most = max((lattice.neighbors.shape[1] for lattice, _ in lattices), default=0)
    _check_memory(int(pixels), classes, most)
    room = np.empty(2 * most * classes, np.float32)
    curve, changes = np.empty(iterations), np.empty(iterations)
    kernels.center(energies, logits, shares)
    np.exp(logits, out=masses)
    _, information = kernels.share(logits, masses, totals, shares)
    for iteration in range(iterations):
        entropy = np.log(totals, dtype=np.float64).sum() - information
        np.negative(energies, out=logits)
        for lattice, weight in lattices:
            shape = (2, lattice.neighbors.shape[1], classes)
            lattice.add_filtered(shares, weight, logits, room[: np.prod(shape)].reshape(shape))
        curve[iteration] = kernels.center(energies, logits, shares) - entropy
        np.exp(logits, out=masses)
        change, information = kernels.share(logits, masses, totals, shares)
        changes[iteration] = change / (2 * len(energies))
    return Inference(_planes(shares, unary, valid), curve, changes)


def _check_memory(pixels: int, classes: int, vertices: int) -> None:
    """Refuse what would not fit: four arrays of all labels, two of all vertices, and what leads from one to another."""
    needed = 4 * classes * (4 * pixels + 2 * vertices) + 200 * pixels + 120 * vertices
    if needed > LIMIT:
        raise InputError(
            f"{pixels} pixels with {classes} classes would take about {needed / 2**30:.1f} GiB, more than "
            f"{LIMIT >> 30}; shrink the image, join classes, or take larger sigmas."
        )


def _planes(shares: NDArray[np.float32], unary: Scores, valid: Array | None) -> Scores:
    """Lay (N, K) shares out as (K, H, W)."""
    if valid is None:
        return np.ascontiguousarray(shares.T).reshape(unary.shape)
    masses = np.exp(unary.min(axis=0) - unary)
    planes: Scores = (masses / masses.sum(axis=0)).astype(np.float32)
    planes[:, valid] = shares.T
    return planes


def _lattices(image: Array, links: Links, valid: Array | None) -> list[tuple[Lattice, float]]:
    """A normalized lattice and the weight of each kernel that counts."""
    height, width = image.shape[:2]
    places = np.indices((height, width), np.float32)[::-1]
    found = []
    if links.smoothness_weight > 0:
        found.append((_normalized(places / np.float32(links.sigma), valid), links.smoothness_weight))
    if links.appearance_weight > 0:
        colors = levels(image, valid).reshape(height, width, -1).transpose(2, 0, 1)
        planes = [places / np.float32(links.position_sigma), colors / np.float32(links.color_sigma)]
        found.append((_normalized(np.concatenate(planes), valid), links.appearance_weight))
    return found


def _normalized(planes: NDArray[np.float32], valid: Array | None) -> Lattice:
    """The lattice of (d, H, W) features, whose filter is divided by the roots of the kernel's sums at both ends."""
    points = planes.reshape(len(planes), -1) if valid is None else planes[:, valid]
    lattice = build_lattice(np.ascontiguousarray(points.T))
    sums = lattice.filter(np.ones((len(lattice.weights), 1), np.float32))
    lattice.scale(np.reciprocal(np.sqrt(sums[:, 0])))
    return lattice


def levels(image: Array, valid: Array | None = None) -> Array:
    """The image in float32 levels of 0 to 255, gray ones times the root of 3: as far apart as three equal channels."""
    values = image.astype(np.float32)
    if image.dtype == np.uint16:
        values /= 257
    elif image.dtype.kind == "f":
        counted = values if valid is None else values[valid]
        low, high = float(counted.min()), float(counted.max())
        low, high = (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)
        values = (values - np.float32(low)) * np.float32(255 / (high - low))
    return values if image.ndim == 3 else np.asarray(values * np.float32(3**0.5))
