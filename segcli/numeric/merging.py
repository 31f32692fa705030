"""Bottom-up merging of the regions of a graph, the cheapest pair first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.numeric.region_graph import RegionGraph, RegionSums

Linkage = Literal["ward_boundary", "ward", "mean_color", "boundary"]

_CODES: dict[Linkage, int] = {"ward": 0, "mean_color": 1, "boundary": 2, "ward_boundary": 3}
"""As `_merging_kernels` names them."""


@dataclass(frozen=True, eq=False)
class MergeTree:
    """All merges of a graph, in the order in which they happened.

    Attributes
    ----------
    regions : number of regions in the beginning.
    pairs : (merges, 2) int32
        The two regions of each merge by the lowest region in each, the lower first: it stands for both from then on.
    heights : (merges,) float64
        What each merge cost. A merge may cost less than the one before it.
    """

    regions: int
    pairs: NDArray[np.int32]
    heights: NDArray[np.float64]

    def merges_until(self, regions: int, height: float | None) -> int:
        """Count the merges down to a number of regions, or up to the first that costs more than a height."""
        merges = min(max(self.regions - regions, 0), len(self.pairs))
        if height is not None:
            above = np.flatnonzero(self.heights[:merges] > height)
            merges = int(above[0]) if len(above) else merges
        return merges

    def groups(self, merges: int) -> NDArray[np.int32]:
        """(regions,) the lowest region in each one's group after so many merges."""
        group = np.arange(self.regions, dtype=np.int32)
        # A region is taken in once, by a lower one, so from the last merge back every taker's own group is known.
        for taker, taken in self.pairs[:merges][::-1].tolist():
            group[taken] = group[taker]
        return group

    def joined_at(self, edges: Array) -> NDArray[np.float64]:
        """(E,) the highest merge that it took to bring both regions of each edge together."""
        never = len(self.pairs)
        taker, turn = np.arange(self.regions), np.full(self.regions, never)
        taker[self.pairs[:, 1]], turn[self.pairs[:, 1]] = self.pairs[:, 0], np.arange(never)
        here, there = edges.T.astype(np.intp)
        last = np.zeros(len(edges), np.intp)
        # Whichever was taken in first goes to its taker, until both are the same region.
        while (apart := here != there).any():
            first = turn[here] < turn[there]
            last = np.where(apart, np.minimum(turn[here], turn[there]), last)
            here, there = np.where(apart & first, taker[here], here), np.where(apart & ~first, taker[there], there)
        return np.maximum.accumulate(self.heights)[last] if never else np.zeros(len(edges))


def merge_tree(graph: RegionGraph, sums: RegionSums, linkage: Linkage) -> MergeTree:
    """Merge the pair of touching regions that costs least, again and again, until nothing touches.

    Parameters
    ----------
    graph : RegionGraph
        With boundary strengths, where the linkage asks for them.
    sums : RegionSums
        Sizes and colors of the regions.
    linkage : ward, mean_color, boundary or ward_boundary
        What a merge costs. ward: sqrt(2 a b / (a + b)) |difference of the means| for sizes a and b, the root of twice
        the growth of the squared error, as scipy has it. mean_color: |difference of the means|. boundary: mean
        strength of the boundary. ward_boundary: the product of ward and boundary, over the root of all pixels.

    Returns
    -------
    MergeTree
        Of pairs that cost the same the one with the lowest region merges first, then the one with the lower partner.

    References
    ----------
    J. H. Ward, "Hierarchical grouping to optimize an objective function", J. American Statistical Association
    58(301), 236-244, 1963.

    Examples
    --------
    >>> from segcli.numeric.region_graph import region_graph, region_sums
    >>> strip, values = np.array([[1, 2, 3, 4]], np.int32), np.array([[0, 10, 11, 30]])
    >>> tree = merge_tree(region_graph(strip), region_sums(strip, values), "mean_color")
    >>> tree.pairs.tolist(), tree.heights.tolist()
    ([[1, 2], [0, 1], [0, 3]], [1.0, 10.5, 23.0])
    """
    from segcli.numeric._merging_kernels import Chains, Content, Queue, merge_all, prepare

    edges, regions = len(graph.edges), graph.regions
    content = Content(
        sums.sizes.astype(np.float64), sums.sums.copy(), graph.lengths.copy(), graph.strengths * graph.lengths
    )
    halves, marks = np.full(2 * edges, -1, np.int32), np.full((4, regions), -1, np.int32)
    chains = Chains(graph.edges.copy().reshape(-1), halves, *marks)
    queue = Queue(np.empty(edges, np.int32), np.empty(edges, np.int32), np.empty(edges), np.empty(edges, np.int64))
    prepare(_CODES[linkage], content, chains, queue)
    # Edges are sorted by their regions, so a stable sort by cost is the heap's own order.
    queue.heap[:] = np.argsort(queue.costs, kind="stable")
    queue.places[queue.heap] = np.arange(edges)
    pairs, heights = np.empty((max(regions - 1, 0), 2), np.int32), np.empty(max(regions - 1, 0))
    merges = merge_all(_CODES[linkage], content, chains, queue, pairs, heights)
    scale = math.sqrt(sums.sizes.sum()) if linkage == "ward_boundary" else 1.0
    return MergeTree(regions, pairs[:merges], heights[:merges] / scale)
