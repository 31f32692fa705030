"""Alpha-expansion on grids and on any graph."""

import itertools

import numpy as np
import pytest

from segcli.numeric.contrast import STEPS
from segcli.numeric.expansion import cheapest, expand_graph, expand_grid, graph_energy, potts_energy
from segcli.numeric.potts import plain_links


def problem(seed, shape=(3, 3), labels=3, connectivity=8):
    """Random costs and weights, as large as each other."""
    random = np.random.default_rng(seed)
    unary = random.random((*shape, labels)).astype(np.float32)
    return unary, plain_links(shape, connectivity, 1.0) * random.random((connectivity // 2, *shape), np.float32)


def as_graph(unary, weights):
    """The same problem as a list of edges."""
    height, width = unary.shape[:2]
    edges, costs = [], []
    for plane, (down, right) in zip(weights, STEPS, strict=False):
        for row, column in np.argwhere(plane > 0):
            edges.append((row * width + column, (row + down) * width + column + right))
            costs.append(plane[row, column])
    return unary.reshape(height * width, -1), np.array(edges), np.array(costs)


def moves(labels, count):
    """Every labeling that one expansion leads to."""
    for label in range(count):
        others = np.argwhere(labels != label)
        for taken in itertools.product((False, True), repeat=len(others)):
            after = labels.copy()
            after[tuple(others[list(taken)].T)] = label
            yield after


def test_energy_of_a_hand_worked_picture():
    # Labels 0 1 / 0 0. Costs of the labels taken: 1 + 2 + 3 + 4 = 10. Parted: right of the first pixel (weight 5),
    # below the second (7), and the diagonal from the second down left (9); the diagonal 0 0 (11) holds together: 31.
    unary = np.array([[[1, 0], [0, 2]], [[3, 0], [4, 0]]], np.float32)
    weights = np.zeros((4, 2, 2), np.float32)
    weights[0, 0, 0], weights[1, 0, 1], weights[3, 0, 1], weights[2, 0, 0] = 5, 7, 9, 11
    labels = np.array([[0, 1], [0, 0]], np.uint8)
    assert potts_energy(unary, weights, labels) == 31
    assert graph_energy(*as_graph(unary, weights), labels.ravel()) == 31


@pytest.mark.parametrize("connectivity", [4, 8])
def test_three_labels_on_nine_pixels_come_within_a_twentieth_of_the_least_energy(connectivity):
    unary, weights = problem(connectivity, connectivity=connectivity)
    least = min(
        potts_energy(unary, weights, np.reshape(labels, (3, 3)).astype(np.uint8))
        for labels in itertools.product(range(3), repeat=9)
    )
    found = expand_grid(unary, weights)
    assert least <= found.energies[-1] + 1e-6
    assert found.energies[-1] <= 1.05 * least


def test_no_single_expansion_improves_the_result():
    for seed in range(4):
        unary, weights = problem(seed, (3, 4), 3)
        labels = expand_grid(unary, weights).labels
        energy = potts_energy(unary, weights, labels)
        assert min(potts_energy(unary, weights, after) for after in moves(labels, 3)) >= energy - 1e-5


def test_energy_never_rises_and_is_told_truly():
    for seed in range(20):
        unary, weights = problem(seed, (9, 11), 5)
        start = np.random.default_rng(seed).integers(0, 5, (9, 11)).astype(np.uint8)
        found = expand_grid(unary, weights, start)
        assert found.energies[0] == pytest.approx(potts_energy(unary, weights, start))
        assert (np.diff(found.energies) <= 0).all()
        assert found.energies[-1] == pytest.approx(potts_energy(unary, weights, found.labels), rel=1e-6)
        assert found.rests


def test_a_graph_comes_to_the_labels_of_the_grid():
    for seed in range(8):
        unary, weights = problem(seed, (6, 7), 4)
        grid, graph = expand_grid(unary, weights), expand_graph(*as_graph(unary, weights))
        assert np.array_equal(graph.labels.reshape(6, 7), grid.labels)
        assert graph.energies == pytest.approx(grid.energies, rel=1e-6)


def test_forbidden_labels_are_never_taken():
    unary, weights = problem(1, (5, 6), 3)
    unary[2, 3] = (np.inf, 5, np.inf)
    unary[0, :, 2] = np.inf
    for labels in (expand_grid(unary, weights).labels, expand_graph(*as_graph(unary, weights)).labels.reshape(5, 6)):
        assert labels[2, 3] == 1
        assert not (labels[0] == 2).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (4, 1)])
def test_without_weights_each_pixel_takes_its_cheapest_label(shape):
    unary, weights = problem(2, shape)
    assert np.array_equal(expand_grid(unary, 0 * weights).labels, cheapest(unary))
    assert np.array_equal(cheapest(unary), unary.argmin(axis=2))


def test_a_pixel_whose_neighbors_all_have_the_label_still_follows_them():
    # No link is left in the move of label 0: its cost 0.4 more is weighed against the weight 0.5 alone.
    unary = np.array([[[0, 9], [0.4, 0]]], np.float32)
    weights = plain_links((1, 2), 4, 0.5)
    assert expand_grid(unary, weights).labels.tolist() == [[0, 0]]
    assert expand_graph(*as_graph(unary, weights)).labels.tolist() == [0, 0]
