"""Mixtures and cuts in turns, and the border at full size."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from segcli.numeric.gaussian_mixture import split_fit
from segcli.numeric.sharpen import WINDOW, sharpen
from segcli.numeric.two_mixtures import Parting, part, probability, spanning


def scene(seed=0, shape=(30, 40), noise=25.0):
    """A noisy disk of two colors on a noisy ground of two, a trimap with a box around it, and the truth."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    center = (shape[0] / 2, shape[1] / 2)
    truth = (rows - center[0]) ** 2 + (columns - center[1]) ** 2 < (min(shape) / 3) ** 2
    colors = np.where((rows < center[0])[..., None], [60, 80, 160], [60, 140, 60]).astype(float)
    colors[truth] = np.where((columns < center[1])[truth][:, None], [200, 60, 60], [220, 190, 60])
    trimap = np.zeros(shape, np.uint8)
    trimap[3:-3, 6:-6] = 128
    return (colors + random.normal(0, noise, (*shape, 3))).clip(0, 255).astype(np.float32), trimap, truth


def test_energy_never_rises():
    for seed in range(6):
        colors, trimap, _ = scene(seed, noise=60.0)
        energies = part(colors, trimap, (trimap > 0).astype(np.uint8), 5, 12, 5.0).energies
        assert len(energies) > 1
        assert all(after <= before + 1e-6 * abs(before) for before, after in pairwise(energies))


def test_the_energy_is_that_of_the_mask_under_its_models():
    colors, trimap, _ = scene()
    result = part(colors, trimap, (trimap > 0).astype(np.uint8), 3, 1, 4.0)
    costs = [model.costs(colors.reshape(-1, 3)).reshape(trimap.shape) for model in result.models]
    total = np.where(result.mask, costs[1], costs[0]).sum()
    squares, links = [], []
    for row, column in np.ndindex(trimap.shape):
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
            other = (row + down, column + right)
            if other[0] < trimap.shape[0] and 0 <= other[1] < trimap.shape[1]:
                square = float(np.square(colors[row, column].astype(float) - colors[other]).sum())
                squares.append(square)
                if result.mask[row, column] != result.mask[other]:
                    links.append((square, np.hypot(down, right)))
    beta = 1 / (2 * np.mean(squares))
    total += sum(4.0 * np.exp(-beta * square) / distance for square, distance in links)
    assert result.energies[0] == pytest.approx(total, rel=1e-6)


def test_given_pixels_are_obeyed_against_their_color():
    colors, trimap, truth = scene()
    trimap[truth & (np.arange(40) == 20)] = 0
    trimap[4, 7:9] = 255
    mask = part(colors, trimap, (trimap > 0).astype(np.uint8), 3, 5, 4.0).mask
    assert mask[trimap == 255].all()
    assert not mask[trimap == 0].any()


def test_a_cut_that_leaves_no_object_is_reported_and_not_used():
    # The same noise inside the box as outside: no color tells them apart, and the cheapest border is none.
    colors = np.random.default_rng(0).normal(128, 20, (30, 40, 3)).astype(np.float32)
    trimap = scene()[1]
    result = part(colors, trimap, (trimap > 0).astype(np.uint8), 5, 5, 200.0)
    assert result.emptied
    assert result.energies == ()
    assert not result.mask.any()


def small_object(length, emptied=False):
    mask = np.zeros((10, 10), bool)
    mask[:length, :length] = True
    return Parting(mask, (None, None), () if emptied else (1.0,), emptied)


def test_the_weight_is_halved_until_the_object_spans_its_box():
    at = {8.0: small_object(2), 4.0: small_object(5), 2.0: small_object(9)}
    result, used, notes = spanning(at.__getitem__, 8.0, (0, 0, 10, 10))
    assert (result, used) == (at[2.0], 2.0)
    assert "at the weight 8; the weight 2 was taken" in notes[0]


def test_where_halving_does_not_help_the_given_weight_stays():
    at = {8.0: small_object(2), 4.0: small_object(3), 2.0: small_object(3), 1.0: small_object(3)}
    assert spanning(at.__getitem__, 8.0, (0, 0, 10, 10)) == (at[8.0], 8.0, ())


def test_what_stood_before_the_object_vanished_for_good_is_kept_and_said():
    empty = small_object(0, emptied=True)
    at = {8.0: replace(empty, energies=(9.0, 8.0)), 4.0: empty, 2.0: empty, 1.0: empty}
    result, used, notes = spanning(at.__getitem__, 8.0, None)
    assert (result, used) == (at[8.0], 8.0)
    assert notes == ("the object vanished after 2 iterations, of which the last was kept",)


def test_an_object_that_vanishes_at_every_weight_is_said():
    result, used, notes = spanning(lambda weight: small_object(0, emptied=True), 8.0, None)
    assert not result.mask.any()
    assert used == 1.0
    assert "the object vanished, at every weight down to 1" in notes[0]


def test_probability_is_high_on_the_object_and_low_on_the_ground():
    colors, trimap, truth = scene()
    likely = probability(colors, part(colors, trimap, (trimap > 0).astype(np.uint8), 3, 5, 4.0).models)
    assert likely[truth].mean() > 0.95
    assert likely[~truth].mean() < 0.05


@pytest.mark.parametrize("shape", [(90, 130), (WINDOW + 40, WINDOW + 200)])
def test_sharpening_finds_the_border_at_full_size_across_windows(shape):
    colors, _, truth = scene(3, shape)
    mask = truth[::4, ::4]
    models = tuple(split_fit(colors[truth == side], 3, 1.0) for side in (False, True))
    open_everywhere = np.full(shape, 128, np.uint8)
    sharp = sharpen(mask, colors, lambda window: window, open_everywhere, models, 10.0)
    blocky = np.kron(mask, np.ones((4, 4), bool))[: shape[0], : shape[1]]
    wrong, before = np.count_nonzero(sharp != truth), np.count_nonzero(blocky != truth)
    assert wrong < 0.1 * before
    assert wrong < 0.002 * truth.size


def test_sharpening_keeps_an_object_too_thin_for_the_cut():
    colors = np.zeros((40, 40, 3), np.float32)
    models = (split_fit(np.zeros((4, 3), np.float32), 1, 1.0), split_fit(np.full((4, 3), 255, np.float32), 1, 1.0))
    mask = np.zeros((10, 10), bool)
    mask[5] = True
    sharp = sharpen(mask, colors, lambda window: window, np.full((40, 40), 128, np.uint8), models, 1.0)
    assert np.flatnonzero(sharp.all(axis=1)).tolist() == [20, 21, 22, 23]
