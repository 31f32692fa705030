"""Exact minimum cuts of pixel grids."""

import itertools

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

from segcli.numeric.contrast import STEPS, contrast_weights
from segcli.numeric.maxflow import GridCut, cut_cost, grid_cut


def pairs(height, width, directions):
    """Every link as (direction, pixel, its neighbor)."""
    for direction, (down, right) in enumerate(STEPS[:directions]):
        for row, column in itertools.product(range(height), range(width)):
            if row + down < height and 0 <= column + right < width:
                yield direction, (row, column), (row + down, column + right)


def plain_cost(mask, source, sink, weights):
    """The cost of a cut, added up pixel by pixel and link by link."""
    total = sum(sink[p] if mask[p] else source[p] for p in np.ndindex(mask.shape))
    return total + sum(weights[d][p] for d, p, q in pairs(*mask.shape, len(weights)) if mask[p] != mask[q])


def whole_numbers(seed, height, width, directions, largest=9):
    random = np.random.default_rng(seed)
    source, sink = random.integers(0, largest + 1, (2, height, width)).astype(np.float64)
    return source, sink, random.integers(0, largest + 1, (directions, height, width)).astype(np.float32)


def test_a_chain_is_cut_at_its_weakest_link():
    # source -5- a -2- b -4- c -3- sink: the link a-b is the narrowest, so 2 units flow and a stays with the source.
    source, sink = np.array([[5.0, 0, 0]]), np.array([[0.0, 0, 3]])
    weights = np.array([[[2, 4, 99]], [[99, 99, 99]]], np.float32)
    mask, flow = grid_cut(source, sink, weights)
    assert mask.tolist() == [[True, False, False]]
    assert flow == 2


def test_what_source_and_sink_share_flows_straight_through():
    # Either side costs at least min(4, 3) = 3 and min(1, 6) = 1; parting the two would save nothing.
    mask, flow = grid_cut(np.array([[4.0, 1]]), np.array([[3.0, 6]]), np.full((2, 1, 2), 5, np.float32))
    assert mask.tolist() == [[False, False]]
    assert flow == 4 + 1


@pytest.mark.parametrize(("height", "width", "directions"), [(3, 3, 2), (3, 3, 4), (3, 4, 4), (1, 6, 4), (7, 1, 2)])
def test_no_labeling_of_a_tiny_grid_is_cheaper(height, width, directions):
    for seed in range(4):
        source, sink, weights = whole_numbers(seed, height, width, directions)
        mask, flow = grid_cut(source, sink, weights)
        every = [np.reshape(bits, (height, width)) for bits in itertools.product((False, True), repeat=height * width)]
        costs = np.array([cut_cost(labels, source, sink, weights) for labels in every])
        assert flow == costs.min() == plain_cost(mask, source, sink, weights)
        # Of all cheapest cuts, the one with the smallest source side: what they all have in common.
        cheapest = [labels for labels, cost in zip(every, costs, strict=True) if cost == flow]
        assert np.array_equal(mask, np.logical_and.reduce(cheapest))


@pytest.mark.parametrize("directions", [2, 4])
@pytest.mark.parametrize("strength", [1, 4, 30])
def test_the_flow_is_that_of_scipy(directions, strength):
    height, width = 24, 31
    source, sink, weights = whole_numbers(strength, height, width, directions)
    source, sink = source * strength, sink * strength * (np.arange(width) > 3)
    mask, flow = grid_cut(source, sink, weights)
    number = np.arange(height * width).reshape(height, width) + 2
    edges = [(0, number[p], source[p]) for p in np.ndindex(height, width)]
    edges += [(number[p], 1, sink[p]) for p in np.ndindex(height, width)]
    for d, p, q in pairs(height, width, directions):
        edges += [(number[p], number[q], weights[d][p]), (number[q], number[p], weights[d][p])]
    starts, ends, capacities = (np.array(part, np.int32) for part in zip(*edges, strict=True))
    graph = coo_array((capacities, (starts, ends)), (number.size + 2,) * 2).tocsr()
    assert flow == maximum_flow(graph, 0, 1).flow_value
    assert flow == plain_cost(mask, source, sink, weights)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_fractions_are_cut_to_float_precision(dtype, scale):
    random = np.random.default_rng(2)
    source, sink = scale * random.random((2, 40, 30)).astype(dtype)
    weights = scale * (0.2 * random.random((4, 40, 30))).astype(dtype)
    mask, flow = grid_cut(source, sink, weights)
    assert 0 < mask.mean() < 1
    assert flow == pytest.approx(plain_cost(mask, source, sink, weights), rel=1e-6)


def test_infinite_ties_are_kept():
    source, sink, weights = whole_numbers(5, 8, 9, 4)
    source[2, 2], sink[2, 2] = np.inf, 0
    sink[5, 5], source[5, 5] = np.inf, 0
    mask, flow = grid_cut(source, sink, weights)
    assert mask[2, 2]
    assert not mask[5, 5]
    assert flow == plain_cost(mask, source, sink, weights)


def test_links_that_leave_the_image_do_not_count():
    source, sink, weights = whole_numbers(6, 6, 7, 4)
    wild = weights.copy()
    wild[0, :, -1] = wild[1:, -1] = wild[2, :, -1] = wild[3, :, 0] = 1e9
    mask, flow = grid_cut(source, sink, wild)
    wanted_mask, wanted_flow = grid_cut(source, sink, weights)
    assert flow == wanted_flow
    assert np.array_equal(mask, wanted_mask)


def test_without_links_every_pixel_goes_where_it_is_tied_most():
    source, sink = np.array([[2.0, 1, 3]]), np.array([[1.0, 2, 3]])
    mask, flow = grid_cut(source, sink, np.zeros((4, 1, 3), np.float32))
    assert mask.tolist() == [[True, False, False]]
    assert flow == 1 + 1 + 3


def test_a_graph_cut_again_gives_what_a_fresh_one_gives():
    weights = whole_numbers(7, 20, 22, 4)[2]
    graph = GridCut(weights)
    for seed in range(5):
        source, sink, _ = whole_numbers(seed, 20, 22, 4, largest=60)
        source[seed, seed], sink[seed, seed] = np.inf, 0
        mask, flow = graph.cut(source, sink)
        wanted_mask, wanted_flow = grid_cut(source, sink, weights)
        assert flow == wanted_flow
        assert np.array_equal(mask, wanted_mask)


def test_inputs_are_left_alone_and_may_be_read_only_and_strided():
    source, sink, weights = whole_numbers(8, 10, 12, 4)
    wanted = grid_cut(source, sink, weights)
    strided = [np.repeat(array, 2, axis=-1)[..., ::2] for array in (source, sink, weights)]
    for array in strided:
        array.flags.writeable = False
    mask, flow = grid_cut(*strided)
    assert flow == wanted[1]
    assert np.array_equal(mask, wanted[0])


def test_the_cost_of_a_cut_adds_up_as_a_plain_loop_does():
    source, sink, weights = whole_numbers(9, 6, 5, 4)
    mask = np.random.default_rng(0).random((6, 5)) > 0.5
    assert cut_cost(mask, source, sink, weights) == plain_cost(mask, source, sink, weights)


def test_links_weaken_with_contrast_and_distance():
    # Squared differences: right 3^2 and 0, down 0 and 3^2, diagonals 3^2 and 0; mean (9 + 0 + 0 + 9 + 9 + 0) / 6 = 4.5.
    image = np.array([[10, 13], [10, 10]], np.uint8)
    weights, sigma = contrast_weights(image, 8)
    assert sigma == pytest.approx(np.sqrt((9 + 0 + 0 + 9 + 0 + 9) / 6))
    edge = np.exp(-9 / (2 * 4.5))
    np.testing.assert_allclose(weights[:, 0], [[edge, 0], [1, edge], [1 / np.sqrt(2), 0], [0, edge / np.sqrt(2)]], 1e-6)
    np.testing.assert_allclose(weights[:, 1], [[1, 0], [0, 0], [0, 0], [0, 0]])


def test_links_of_left_out_pixels_weigh_nothing():
    image = np.array([[0, 200, 4]], np.uint8)
    weights, sigma = contrast_weights(image, 4, valid=np.array([[False, True, True]]))
    assert sigma == 196
    assert weights[0].tolist() == [[0, pytest.approx(np.exp(-0.5)), 0]]
