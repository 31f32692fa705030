"""The region adjacency graph and what regions hold."""

import numpy as np
import pytest

from segcli.numeric.region_graph import drawn, merged, region_graph, region_sums

THREE = np.array([[1, 1, 2], [1, 3, 2], [0, 3, 2]], np.int32)
"""1 and 2 touch in one pair of pixels, 1 and 3 in two, 2 and 3 in two; 1 and 2 also share a corner, 1 and 3 none."""


def test_boundaries_have_their_length_and_their_mean_strength():
    gradient = np.array([[0, 4, 8], [2, 6, 0], [9, 0, 2]], np.float32)
    graph = region_graph(THREE, gradient)
    assert graph.regions == 3
    assert graph.edges.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert graph.lengths.tolist() == [1, 2, 2]
    # 1|2: (4 + 8) / 2. 1|3: the pairs (4, 6) and (2, 6). 2|3: (6, 0) and (0, 2).
    assert graph.strengths.tolist() == [6, (5 + 4) / 2, (3 + 1) / 2]


def test_corners_count_less_and_only_when_asked():
    checkers = np.array([[1, 2], [3, 4]], np.int32)
    assert region_graph(checkers).edges.tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    corners = region_graph(checkers, connectivity=8)
    assert corners.edges.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    assert corners.lengths == pytest.approx([1, 1, 0.5**0.5, 0.5**0.5, 1, 1])


def test_the_graph_of_random_regions_is_the_one_found_pixel_by_pixel():
    labels = np.random.default_rng(0).integers(0, 6, (9, 11)).astype(np.int32)
    found = {}
    for row, column in np.ndindex(labels.shape):
        for other in ((row, column + 1), (row + 1, column)):
            if other[0] < 9 and other[1] < 11 and labels[row, column] != labels[other]:
                low, high = sorted((int(labels[row, column]) - 1, int(labels[other]) - 1))
                if low >= 0:
                    found[low, high] = found.get((low, high), 0) + 1
    graph = region_graph(labels)
    assert dict(zip(map(tuple, graph.edges.tolist()), graph.lengths.tolist(), strict=True)) == found
    transposed = region_graph(np.ascontiguousarray(labels.T))
    assert np.array_equal(transposed.edges, graph.edges)
    assert np.array_equal(transposed.lengths, graph.lengths)


def test_one_region_and_none_have_no_edges():
    assert region_graph(np.ones((2, 3), np.int32)).edges.shape == (0, 2)
    assert region_graph(np.zeros((2, 3), np.int32)).regions == 0


def test_skimage_finds_the_same_edges():
    graph = pytest.importorskip("skimage.graph")
    labels = np.random.default_rng(1).integers(1, 9, (12, 13)).astype(np.int32)
    for connectivity in (4, 8):
        pairs = graph.RAG(labels, connectivity=connectivity // 4).edges()
        expected = sorted(sorted((first - 1, second - 1)) for first, second in pairs)
        assert region_graph(labels, connectivity=connectivity).edges.tolist() == expected


def test_sums_leave_out_label_0_and_know_variances():
    values = np.stack([THREE * 2.0, np.arange(9).reshape(3, 3)], axis=2)
    values[2, 0] = 1e9
    sums = region_sums(THREE, values)
    assert sums.sizes.tolist() == [3, 3, 2]
    assert sums.sums.tolist() == [[6, 0 + 1 + 3], [12, 2 + 5 + 8], [12, 4 + 7]]
    assert sums.means[:, 0].tolist() == [2, 4, 6]
    # Region 3 holds 4 and 7: the variance is 1.5 squared.
    assert sums.variances[2].tolist() == [0, 2.25]
    assert region_sums(THREE, values[:, :, 0], regions=4).means.tolist() == [[2], [4], [6], [0]]


def test_groups_are_numbered_in_reading_order_and_keep_what_is_left_out():
    assert merged(THREE, np.array([5, 0, 5])).tolist() == [[1, 1, 2], [1, 1, 2], [0, 1, 2]]
    assert merged(THREE, np.array([9, 4, 2])).tolist() == [[1, 1, 2], [1, 3, 2], [0, 3, 2]]


def test_values_are_drawn_where_their_region_is():
    assert drawn(THREE, np.array([0.5, 2, 7])).tolist() == [[0.5, 0.5, 2], [0.5, 7, 2], [0, 7, 2]]
