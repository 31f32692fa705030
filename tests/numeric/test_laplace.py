"""Laplace's equation on the pixel grid."""

import numpy as np
import pytest

from segcli.numeric.contrast import STEPS, pair_views
from segcli.numeric.laplace import Laplace
from segcli.numeric.potts import plain_links


def direct(weights, fixed, values, tie=0.0):
    """The same equations by a dense solver."""
    count = fixed.size
    matrix, number = np.zeros((count, count)), np.arange(count).reshape(fixed.shape)
    for plane, step in zip(weights, STEPS, strict=False):
        (near, far), weight = pair_views(number, step), pair_views(plane, step)[0].ravel()
        matrix[near.ravel(), far.ravel()] -= weight
        matrix[far.ravel(), near.ravel()] -= weight
    matrix -= np.diag(matrix.sum(axis=1))
    free, known = ~fixed.ravel(), fixed.ravel()
    right = tie * values.ravel()[free] - matrix[np.ix_(free, known)] @ values.ravel()[known]
    solved = values.ravel().copy()
    solved[free] = np.linalg.solve(matrix[np.ix_(free, free)] + tie * np.eye(free.sum()), right)
    return solved.reshape(fixed.shape)


def test_equal_links_in_a_row_give_even_steps():
    # 0 ? ? ? 1 with links of 1: each value is the mean of its neighbors', so 1/4, 1/2, 3/4.
    fixed = np.array([[True, False, False, False, True]])
    values, _ = Laplace(plain_links((1, 5), 4, 1.0), fixed).solve(np.array([[0, 0, 0, 0, 1.0]]))
    assert values.ravel() == pytest.approx([0, 0.25, 0.5, 0.75, 1], abs=1e-9)


@pytest.mark.parametrize(("shape", "connectivity"), [((17, 23), 4), ((16, 21), 8), ((1, 40), 4), ((45, 2), 8)])
@pytest.mark.parametrize("tie", [0.0, 0.01])
def test_random_weights_over_five_decades_agree_with_a_dense_solver(shape, connectivity, tie):
    random = np.random.default_rng(shape[1])
    weights = (plain_links(shape, connectivity, 1.0) * 10 ** random.uniform(-5, 0, (connectivity // 2, *shape))).astype(
        np.float32
    )
    fixed = random.random(shape) < 0.1
    fixed[0, 0] = True
    values = random.random(shape)
    found, iterations = Laplace(weights, fixed, tie).solve(values, 1e-9)
    assert np.abs(found - direct(weights, fixed, values, tie)).max() < 1e-5
    assert iterations < 60


def test_solutions_stay_between_the_fixed_values():
    random = np.random.default_rng(0)
    weights = plain_links((40, 40), 4, 1.0) * random.random((2, 40, 40), np.float32)
    fixed = random.random((40, 40)) < 0.01
    found, _ = Laplace(weights, fixed).solve(random.random((40, 40)))
    assert found.min() >= -1e-6
    assert found.max() <= 1 + 1e-6


def test_iterations_hardly_grow_with_the_picture():
    counts = []
    for size in (32, 128):
        fixed = np.zeros((size, size), bool)
        fixed[0, 0] = fixed[-1, -1] = True
        counts.append(Laplace(plain_links((size, size), 4, 1.0), fixed).solve(np.tri(size))[1])
    assert counts[1] <= counts[0] + 4
