"""Bottom-up merging against the same done naively, and against scipy where everything touches."""

import itertools

import numpy as np
import pytest

from segcli.numeric.merging import merge_tree
from segcli.numeric.region_graph import RegionGraph, RegionSums, region_graph, region_sums


def case(seed, shape=(5, 6), levels=5):
    """Pixels of a few levels, so that many merges cost the same, as regions of their own."""
    random = np.random.default_rng(seed)
    labels = np.arange(1, shape[0] * shape[1] + 1, dtype=np.int32).reshape(shape)
    values, gradient = random.integers(0, levels, (*shape, 2)), random.integers(0, 4, shape).astype(np.float32)
    return labels, values, gradient


def cost(linkage, a, b, pixels, boundary, total):
    """The cost of a merge as the docstring defines it; a region is the list of its values."""
    first, second = np.array(pixels[a], float), np.array(pixels[b], float)
    far = np.sqrt(np.sum((first.sum(axis=0) / len(first) - second.sum(axis=0) / len(second)) ** 2))
    ward = np.sqrt(2 * len(first) * len(second) / (len(first) + len(second)) * far**2)
    edge = np.sum(boundary) / len(boundary)
    return {"mean_color": far, "ward": ward, "boundary": edge, "ward_boundary": ward * edge / np.sqrt(total)}[linkage]


def naive(labels, values, gradient, linkage):
    """All merges, each found by looking at every pair of regions again."""
    pixels = {int(label) - 1: [values[place].tolist()] for place, label in np.ndenumerate(labels)}
    pairs = {}
    for row, column in np.ndindex(labels.shape):
        for other in ((row, column + 1), (row + 1, column)):
            if other[0] < labels.shape[0] and other[1] < labels.shape[1]:
                ends = (int(labels[row, column]) - 1, int(labels[other]) - 1)
                pairs[ends] = [(float(gradient[row, column]) + float(gradient[other])) / 2]
    merges = []
    while pairs:
        costs = {ends: cost(linkage, *ends, pixels, boundary, labels.size) for ends, boundary in pairs.items()}
        cheapest = min(pairs, key=lambda ends: (round(costs[ends], 9), ends))
        merges.append((*cheapest, costs[cheapest]))
        keep, gone = cheapest
        pixels[keep] += pixels.pop(gone)
        joined = {}
        for ends, boundary in pairs.items():
            moved = tuple(sorted(keep if end == gone else end for end in ends))
            if moved[0] != moved[1]:
                joined[moved] = joined.get(moved, []) + boundary
        pairs = joined
    return np.array(merges)


@pytest.mark.parametrize("linkage", ["mean_color", "ward", "boundary", "ward_boundary"])
@pytest.mark.parametrize("seed", range(4))
def test_merges_and_heights_are_those_found_naively(linkage, seed):
    # Costs are rounded in the naive search alone: values of few levels make ties exact in both, or far apart.
    labels, values, gradient = case(seed, levels=5 if linkage == "boundary" else 4000)
    tree = merge_tree(region_graph(labels, gradient), region_sums(labels, values), linkage)
    expected = naive(labels, values, gradient, linkage)
    assert tree.pairs.tolist() == expected[:, :2].astype(int).tolist()
    assert tree.heights == pytest.approx(expected[:, 2], rel=1e-9)


def test_of_equal_costs_the_lowest_regions_merge_first():
    # Differences 2 everywhere; 0 takes 1, whose mean 1 is then 3 away from region 2's 4, while 2 and 3 are 2 apart.
    labels = np.array([[1, 2, 3, 4]], np.int32)
    tree = merge_tree(region_graph(labels), region_sums(labels, np.array([[0, 2, 4, 6]])), "mean_color")
    assert tree.pairs.tolist() == [[0, 1], [2, 3], [0, 2]]
    assert tree.heights.tolist() == [2, 2, 4]


def test_ward_on_a_complete_graph_is_scipys():
    hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
    points = np.random.default_rng(5).normal(size=(24, 3))
    edges = np.array(list(itertools.combinations(range(24), 2)), np.int32)
    graph = RegionGraph(24, edges, np.ones(len(edges)), np.zeros(len(edges)))
    tree = merge_tree(graph, RegionSums(np.ones(24, np.int64), points, points**2), "ward")
    expected = hierarchy.linkage(points, "ward")
    assert tree.heights == pytest.approx(expected[:, 2], rel=1e-9)
    for count in (2, 5, 9):
        groups = tree.groups(tree.merges_until(count, None))
        other = hierarchy.fcluster(expected, count, "maxclust")
        assert len(set(zip(groups.tolist(), other.tolist(), strict=True))) == count == len(set(groups.tolist()))


def test_merging_stops_at_regions_or_before_a_height():
    labels = np.array([[1, 2, 3, 4]], np.int32)
    tree = merge_tree(region_graph(labels), region_sums(labels, np.array([[0, 1, 10, 30]])), "mean_color")
    assert tree.heights.tolist() == [1, 9.5, 30 - 11 / 3]
    assert [tree.merges_until(regions, None) for regions in (1, 3, 4, 9)] == [3, 1, 0, 0]
    assert [tree.merges_until(1, height) for height in (0.5, 1, 9.5, 99)] == [0, 1, 2, 3]
    assert tree.groups(2).tolist() == [0, 0, 0, 3]


def test_regions_that_never_touch_stay_apart():
    labels = np.array([[1, 2, 0, 3, 4]], np.int32)
    tree = merge_tree(region_graph(labels), region_sums(labels, np.array([[1, 2, 0, 4, 8]])), "ward")
    assert tree.groups(len(tree.pairs)).tolist() == [0, 0, 2, 2]


def test_two_regions_are_together_from_the_highest_merge_between_them():
    labels = np.array([[1, 2, 3, 4]], np.int32)
    tree = merge_tree(region_graph(labels), region_sums(labels, np.array([[0, 1, 10, 30]])), "mean_color")
    every = np.array([[0, 1], [0, 2], [1, 3]])
    assert tree.joined_at(every).tolist() == [1, 9.5, 30 - 11 / 3]
