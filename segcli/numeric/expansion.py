"""Alpha-expansion: many labels by a row of exact two-label cuts, under a Potts prior."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.numeric.maxflow import grid_cut

Reals = NDArray[np.float64]

_RESOLUTION = 1e-6
"""A move that gains less than this share of the largest weight counts as none: cuts are rounded to 2^-26 of it."""


@dataclass(frozen=True, eq=False)
class Expansion:
    """Labels that no single expansion improves.

    Attributes
    ----------
    labels : (H, W) or (nodes,) uint8
    energies : (cycles + 1,) float64
        Energy at the start, and after every label has been offered once, twice, and so on. It never rises.
    rests : whether it came to rest before the cycles were used up.
    """

    labels: NDArray[np.uint8]
    energies: Reals
    rests: bool


def potts_energy(unary: Array, weights: Array, labels: Array) -> float:
    """Sum of the pixels' costs and of the weights between neighbors with different labels.

    Parameters
    ----------
    unary : (H, W, K) float32
        Cost of each label at each pixel.
    weights : (2 or 4, H, W) float32
        Cost of parting a pixel from its neighbor: right, down, down-right, down-left; as `numeric.contrast` makes them.
    labels : (H, W) uint8

    Examples
    --------
    >>> potts_energy(np.float32([[[0, 3], [2, 1]]]), np.ones((2, 1, 2), np.float32), np.uint8([[0, 1]]))
    2.0
    """
    from segcli.numeric import _expansion_kernels as kernels

    return float(kernels.energy(unary, weights, labels))


def expand_grid(unary: Array, weights: Array, labels: Array | None = None, cycles: int = 1000) -> Expansion:
    """Minimize the Potts energy of an image by expansions.

    In a move one label is offered to all pixels at once, and the best set of takers is found by a minimum cut. It ends
    when no label finds takers any more: no labeling that differs by one expansion has less energy, and the energy is
    within a factor of two of the least.

    Parameters
    ----------
    unary : (H, W, K) float32, C-contiguous
        Cost of each label at each pixel; infinite where it is forbidden, but not for all labels.
    weights : (2 or 4, H, W) float32, at least 0, C-contiguous
        As in `potts_energy`.
    labels : (H, W) uint8 or None
        Start, with finite costs; None takes the cheapest label of each pixel by itself, the first of equals.
    cycles : int
        Most times that every label is offered.

    References
    ----------
    Y. Boykov, O. Veksler, R. Zabih, "Fast approximate energy minimization via graph cuts", IEEE Trans. Pattern Analysis
    and Machine Intelligence 23(11), 1222-1239, 2001.
    """
    from segcli.numeric import _expansion_kernels as kernels

    shape = unary.shape[:2]
    source, sink = np.empty(shape, np.float32), np.empty(shape, np.float32)
    links = np.empty(weights.shape, np.float32)

    def move(labels: Array, label: int) -> tuple[Array, float]:
        kernels.pose(unary, weights, labels, label, source, sink, links)
        # Without a link there is nothing that the capacities could be scaled by.
        chosen = grid_cut(source, sink, links)[0] if links.any() else source > 0
        return chosen, kernels.gain(unary, weights, labels, label, chosen)

    start = cheapest(unary) if labels is None else labels.astype(np.uint8)
    least = _RESOLUTION * float(weights.max(initial=0))
    return _descend(move, start, unary.shape[2], cycles, potts_energy(unary, weights, start), least)


def cheapest(unary: Array) -> NDArray[np.uint8]:
    """The label that costs least, the first of equals; costs are along the last axis."""
    best, labels = unary[..., 0].copy(), np.zeros(unary.shape[:-1], np.uint8)
    for label in range(1, unary.shape[-1]):
        better = unary[..., label] < best
        labels[better] = label
        np.minimum(best, unary[..., label], out=best)
    return labels


def _descend(
    move: Callable[[Array, int], tuple[Array, float]],
    labels: Array,
    count: int,
    cycles: int,
    start: float,
    least: float,
) -> Expansion:
    """Offer the labels in turn until none of them finds takers."""
    energies, refused = [start], 0
    for _ in range(cycles):
        energy = energies[-1]
        for label in range(count):
            if refused == count:
                return Expansion(labels, np.array(energies), True)
            chosen, change = move(labels, label)
            refused += 1
            if change < -least:
                labels[chosen] = label
                energy += change
                # The same label offered again at once would find no more takers.
                refused = 1
        energies.append(energy)
    return Expansion(labels, np.array(energies), refused == count)


def graph_energy(unary: Array, edges: Array, weights: Array, labels: Array) -> float:
    """Sum of the nodes' costs and of the weights of edges between different labels."""
    parted = labels[edges[:, 0]] != labels[edges[:, 1]]
    return float(unary[np.arange(len(unary)), labels].sum(dtype=np.float64) + weights[parted].sum(dtype=np.float64))


def expand_graph(
    unary: Array, edges: Array, weights: Array, labels: Array | None = None, cycles: int = 1000
) -> Expansion:
    """Minimize the Potts energy of any small graph, such as that of superpixels, by expansions.

    Parameters
    ----------
    unary : (N, K) float
        Cost of each label at each node; infinite where it is forbidden, but not for all labels.
    edges : (E, 2) int
        Pairs of different nodes. A pair that stands there twice has both weights.
    weights : (E,) float, at least 0
    labels : (N,) uint8 or None
        Start, with finite costs; None takes the cheapest label of each node by itself.
    cycles : int

    Examples
    --------
    >>> unary = np.array([[0, 9], [2, 1], [2, 1], [0, 9]], float)
    >>> expand_graph(unary, np.array([[0, 1], [1, 2], [2, 3]]), np.full(3, 1.5)).labels.tolist()
    [0, 0, 0, 0]
    """
    unary, weights = np.asarray(unary, np.float64), np.asarray(weights, np.float64)
    nodes = np.arange(len(unary))
    near, far = np.asarray(edges, np.intp).reshape(-1, 2).T

    def move(labels: Array, label: int) -> tuple[Array, float]:
        own, mine, other = labels != label, labels[near], labels[far]
        change = np.where(own, unary[:, label] - unary[nodes, labels], 0.0)
        # As in the kernel `pose`.
        links = np.where((mine == label) | (other == label), 0.0, np.where(mine == other, weights, weights / 2))
        parted = np.where(mine == other, 0.0, weights)
        for here, there in ((near, far), (far, near)):
            eager = np.where(labels[there] == label, parted, parted / 2)
            change -= np.bincount(here, eager, len(unary)) * own
        chosen = _graph_cut(change, near, far, links) & own
        after = np.where(chosen, label, labels)
        before = graph_energy(unary, edges, weights, labels)
        return chosen, graph_energy(unary, edges, weights, after) - before

    start = cheapest(unary) if labels is None else np.asarray(labels, np.uint8).copy()
    energy = graph_energy(unary, edges, weights, start)
    return _descend(move, start, unary.shape[1], cycles, energy, _RESOLUTION * float(weights.max(initial=0)))


def _graph_cut(change: Reals, near: Array, far: Array, links: Reals) -> NDArray[np.bool_]:
    """The smallest set of nodes with the least sum of changes and of links that leave it."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    count = len(change)
    reach = np.bincount(near, links, count) + np.bincount(far, links, count)
    if not reach.any():
        return change < 0
    # No node needs to be tied more strongly than all its links together.
    tie = np.where(reach > 0, np.clip(change, -reach - links.max(), reach + links.max()), 0.0)
    scale = 2**30 / max(np.abs(tie).max(), reach.max())
    source, sink, ends = count, count + 1, np.arange(count)
    heads = np.concatenate([near, far, np.full(count, source), ends])
    tails = np.concatenate([far, near, ends, np.full(count, sink)])
    capacity = np.concatenate([links, links, np.maximum(-tie, 0), np.maximum(tie, 0)])
    whole = np.rint(capacity * scale).astype(np.int64)
    graph = coo_array((whole, (heads, tails)), shape=(count + 2, count + 2)).tocsr()
    graph = graph.astype(np.int32)
    residual = graph - maximum_flow(graph, source, sink).flow
    residual.eliminate_zeros()
    reached = np.zeros(count + 2, bool)
    reached[breadth_first_order(residual, source, return_predecessors=False)] = True
    return np.asarray(np.where(reach > 0, reached[:count], change < 0))
