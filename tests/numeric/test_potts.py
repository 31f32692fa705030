"""Optimizers of the Potts energy."""

import itertools

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.numeric import potts
from segcli.numeric.expansion import potts_energy
from segcli.numeric.potts import anneal, iterated_modes, minimize, plain_links, propagate

OPTIMIZERS = ("icm", "annealing", "expansion", "belief_propagation")


def noisy(seed, shape=(12, 14), labels=3):
    """Costs of noisy vertical stripes, one for each label."""
    random = np.random.default_rng(seed)
    truth = np.arange(shape[1]) * labels // shape[1]
    values = truth + random.normal(0, 0.7, shape)
    return ((values[..., None] - np.arange(labels)) ** 2).astype(np.float32)


def test_links_weigh_less_across_corners_and_none_leads_out():
    # Two by two pixels: one link right and one down each twice, and one along each diagonal, 3 / sqrt 2.
    links = plain_links((2, 2), 8, 3.0)
    diagonal = pytest.approx(3 / np.sqrt(2))
    assert links[:2].tolist() == [[[3, 0], [3, 0]], [[3, 3], [0, 0]]]
    assert [links[2, 0, 0], links[3, 0, 1]] == [diagonal, diagonal]
    assert np.count_nonzero(links) == 6
    assert not plain_links((2, 2), 8, 3.0, np.array([[True, False], [False, False]])).any()


def test_icm_follows_its_neighbors_by_hand():
    # The middle pixel's own labels cost 0 (label 1) and 1 (label 0); both links cost 0.6 to part: 1 < 2 * 0.6.
    unary = np.array([[[0, 5], [1, 0], [0, 5]]], np.float32)
    found = iterated_modes(unary, plain_links((1, 3), 4, 0.6))
    assert found.labels.tolist() == [[0, 0, 0]]
    assert found.energies.tolist() == pytest.approx([1.2, 1.0, 1.0])
    assert iterated_modes(unary, plain_links((1, 3), 4, 0.4)).labels.tolist() == [[0, 1, 0]]


def test_icm_never_raises_the_energy_and_no_pixel_alone_can_lower_it():
    for seed in range(20):
        unary, links = noisy(seed), plain_links((12, 14), 8, 0.5)
        found = iterated_modes(unary, links)
        assert (np.diff(found.energies) <= 0).all()
        energy = potts_energy(unary, links, found.labels)
        assert found.energies[-1] == pytest.approx(energy, rel=1e-6)
        for row, column in itertools.product(range(0, 12, 3), range(0, 14, 3)):
            for label in range(3):
                changed = found.labels.copy()
                changed[row, column] = label
                assert potts_energy(unary, links, changed) >= energy - 1e-4


def test_expansion_never_ends_above_icm():
    for seed in range(40):
        unary, links = noisy(seed, labels=4), plain_links((12, 14), 4, 0.8)
        icm, expansion = (minimize(unary, links, name, 50) for name in ("icm", "expansion"))
        assert expansion.energies[-1] <= icm.energies[-1] + 1e-6
        assert potts_energy(unary, links, expansion.labels) <= potts_energy(unary, links, icm.labels) + 1e-3


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_all_tell_the_energy_of_their_labels_and_none_ends_above_its_start(optimizer):
    unary, links = noisy(3), plain_links((12, 14), 8, 0.6)
    found = minimize(unary, links, optimizer, 40, seed=5)
    assert found.energies[-1] == pytest.approx(potts_energy(unary, links, found.labels), rel=1e-6)
    assert found.energies[-1] <= found.energies.min() + 1e-6


@pytest.mark.parametrize("optimizer", ["annealing", "expansion", "belief_propagation"])
def test_nine_pixels_come_near_the_least_energy_of_all(optimizer):
    for seed in range(5):
        unary, links = noisy(seed, (3, 3)), plain_links((3, 3), 8, 0.6)
        least = min(
            potts_energy(unary, links, np.reshape(labels, (3, 3)).astype(np.uint8))
            for labels in itertools.product(range(3), repeat=9)
        )
        found = minimize(unary, links, optimizer, 100, seed=1)
        assert least - 1e-5 <= found.energies[-1] <= 1.05 * least


def test_messages_are_exact_on_a_chain():
    unary, links = noisy(7, (1, 9)), plain_links((1, 9), 4, 0.6)
    # Dynamic programming from left to right.
    costs = unary[0, 0].astype(float)
    for pixel in unary[0, 1:]:
        costs = np.minimum(costs, costs.min() + np.float32(0.6)) + pixel
    assert propagate(unary, links).energies[-1] == pytest.approx(costs.min(), rel=1e-6)


def test_annealing_depends_on_its_seed_alone():
    unary, links = noisy(2), plain_links((12, 14), 8, 0.6)
    first, again, other = (anneal(unary, links, iterations=10, seed=seed).energies for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_messages_that_would_fill_the_memory_are_refused(monkeypatch):
    monkeypatch.setattr(potts, "_MOST_MESSAGES", 100)
    with pytest.raises(InputError, match=r"14 x 12 pixels and 3 classes.*connectivity 4"):
        propagate(noisy(0), plain_links((12, 14), 8, 1.0))
