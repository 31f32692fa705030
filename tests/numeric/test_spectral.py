"""Normalized cuts against the dense generalized problem, all bipartitions and hand-made graphs."""

import itertools

import numpy as np
import pytest

from segcli.numeric.affinity import Links
from segcli.numeric.least_cut import least_cut
from segcli.numeric.spectral import (
    best_cut,
    cut_value,
    eigenvectors,
    ncut_value,
    split,
    split_at_once,
    split_recursively,
)


def random_links(seed, nodes=9, own=0.0):
    random = np.random.default_rng(seed)
    pairs = np.array(list(itertools.combinations(range(nodes), 2)), np.int32)
    kept = (random.random(len(pairs)) < 0.6) | (pairs[:, 1] == pairs[:, 0] + 1)
    return Links(nodes, pairs[kept], random.random(kept.sum()) + 0.01, np.full(nodes, own))


def clusters(seed=0, size=6, count=3, far=0.01):
    """Complete graphs of `size` nodes, weakly linked to each other."""
    nodes = size * count
    pairs = np.array(list(itertools.combinations(range(nodes), 2)), np.int32)
    same = pairs[:, 0] // size == pairs[:, 1] // size
    weights = np.where(same, 1.0, far) * (1 + 0.1 * np.random.default_rng(seed).random(len(pairs)))
    return Links(nodes, pairs, weights, np.zeros(nodes)), np.arange(nodes) // size


def dense(links):
    matrix = np.diag(links.own)
    matrix[tuple(links.pairs.T)] = matrix[tuple(links.pairs.T[::-1])] = links.weights
    return matrix


def bipartitions(nodes):
    for bits in itertools.product((0, 1), repeat=nodes - 1):
        if any(bits):
            yield np.array((0, *bits))


def test_ncut_of_a_chain_of_four():
    # 0 -9- 1 -1- 2 -9- 3: both halves have 9 + 10 = 19 links, 1 is cut. Cutting 0 off cuts 9 of 9 and 9 of 29.
    chain = Links(4, np.array([[0, 1], [1, 2], [2, 3]], np.int32), np.array([9.0, 1.0, 9.0]), np.zeros(4))
    assert cut_value(chain, np.array([0, 0, 1, 1])) == 1
    assert ncut_value(chain, np.array([0, 0, 1, 1])) == pytest.approx(2 / 19)
    assert ncut_value(chain, np.array([0, 1, 1, 1])) == pytest.approx(1 + 9 / 29)
    side, value = split(chain)
    assert side.tolist() == [False, False, True, True]
    assert value == pytest.approx(2 / 19)


@pytest.mark.parametrize("own", [0.0, 1.0])
def test_eigenvectors_solve_the_generalized_problem(own):
    linalg = pytest.importorskip("scipy.linalg")
    links = random_links(1, own=own)
    matrix, degrees = dense(links), np.diag(links.degrees)
    values, vectors = eigenvectors(links, 4)
    expected, others = linalg.eigh(degrees - matrix, degrees)
    assert values == pytest.approx(expected[:4], abs=1e-12)
    assert np.abs(others[:, :4].T @ degrees @ vectors) == pytest.approx(np.eye(4), abs=1e-9)
    assert vectors[np.abs(vectors).argmax(axis=0), range(4)].min() > 0


def test_large_graphs_have_the_same_eigenvectors_from_the_sparse_solver(monkeypatch):
    links = random_links(3, nodes=30)
    values, vectors = eigenvectors(links, 3)
    monkeypatch.setattr("segcli.numeric.spectral._DENSE", 10)
    again, others = eigenvectors(links, 3)
    assert again == pytest.approx(values, abs=1e-6)
    assert others == pytest.approx(vectors, abs=1e-5)
    assert np.array_equal(eigenvectors(links, 3)[1], others)


def test_the_cut_along_a_vector_is_the_least_of_all_places():
    for seed in range(5):
        links = random_links(seed, own=0.3)
        vector = np.random.default_rng(seed).random(9)
        upper, value = best_cut(links, vector)
        values = [ncut_value(links, (vector > place).astype(int)) for place in np.sort(vector)[:-1]]
        assert value == pytest.approx(min(values))
        assert ncut_value(links, upper.astype(int)) == pytest.approx(value)


def test_the_relaxed_problem_bounds_the_best_of_all_bipartitions():
    # No bipartition is below the second eigenvalue (Shi and Malik, equation 5), none found is below the best.
    for seed in range(6):
        links = random_links(seed, nodes=8)
        best = min(ncut_value(links, groups) for groups in bipartitions(8))
        found = split(links)[1]
        assert eigenvectors(links, 2)[0][1] <= best + 1e-12
        assert best - 1e-12 <= found <= 1.35 * best


@pytest.mark.parametrize("part", [split_recursively, split_at_once])
def test_three_clusters_are_found(part):
    links, truth = clusters()
    groups = part(links, 3).groups
    assert len(set(zip(groups.tolist(), truth.tolist(), strict=True))) == 3 == groups.max() + 1


def test_no_part_is_split_above_the_threshold():
    links, truth = clusters()
    parting = split_recursively(links, 99, threshold=0.5)
    assert parting.groups.tolist() == truth.tolist()
    assert len(parting.values) == 2
    assert (parting.values <= 0.5).all()
    assert split_recursively(links, 99, threshold=0).groups.tolist() == [0] * 18


def test_what_is_not_linked_is_parted_first_and_single_nodes_are_left():
    links = Links(5, np.array([[0, 1], [2, 3]], np.int32), np.ones(2), np.zeros(5))
    parting = split_recursively(links, 3)
    assert parting.values.tolist() == [0, 0]
    assert len({tuple(parting.groups[[0, 1]]), tuple(parting.groups[[2, 3]]), (parting.groups[4],)}) == 3
    assert len(set(split_recursively(links, 99).groups.tolist())) == 5
    assert len(set(split_at_once(links, 3).groups.tolist())) == 3


def test_the_same_seed_gives_the_same_groups():
    links = random_links(8, nodes=20)
    assert np.array_equal(split_at_once(links, 4, seed=5).groups, split_at_once(links, 4, seed=5).groups)


@pytest.mark.parametrize("seed", range(6))
def test_no_bipartition_is_cheaper_than_the_least_cut(seed):
    links = random_links(seed, nodes=8 + seed % 2)
    side, value = least_cut(links)
    assert not side[0]
    assert side.any()
    assert value == pytest.approx(min(cut_value(links, groups) for groups in bipartitions(links.nodes)))
    assert cut_value(links, side) == pytest.approx(value)


def test_networkx_finds_the_same_least_cut():
    networkx = pytest.importorskip("networkx")
    links = random_links(2, nodes=25)
    graph = networkx.Graph()
    graph.add_weighted_edges_from((*pair, weight) for pair, weight in zip(links.pairs, links.weights, strict=True))
    assert least_cut(links)[1] == pytest.approx(networkx.stoer_wagner(graph)[0])


def test_the_least_cut_takes_a_loose_node_where_the_normalized_one_parts_in_the_middle():
    # Two complete graphs of six, 0.36 between them in all, and a node that hangs on by 0.3.
    links, truth = clusters(size=6, count=2, far=0.01)
    pairs = np.concatenate([links.pairs, [[0, 12]]]).astype(np.int32)
    links = Links(13, pairs, np.append(links.weights, 0.3), np.zeros(13))
    assert np.flatnonzero(least_cut(links)[0]).tolist() == [12]
    assert split(links)[0][:12].tolist() == truth.astype(bool).tolist()
