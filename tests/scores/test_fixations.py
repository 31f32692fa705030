"""Scores against fixations, by hand, beside plain loops and beside scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from segcli.errors import InputError, SettingError
from segcli.scores.fixations import auc_borji, auc_judd, auc_shuffled, normalized_scanpath_saliency

SIX = np.array([[0.9, 0.7, 0.5, 0.4, 0.2, 0.1]])
LOOKED = np.array([[1, 0, 1, 0, 0, 0]])


def random_pair(seed: int, levels: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    saliency = generator.random((12, 17))
    looked = generator.random((12, 17)) < 0.02 + 0.2 * saliency**2
    return (np.floor(saliency * levels) if levels else saliency), looked


def area(hits: list[float], alarms: list[float]) -> float:
    return float(np.trapezoid([0, *hits, 1], [0, *alarms, 1]))


def judd_by_loops(saliency: np.ndarray, looked: np.ndarray) -> float:
    hits, alarms = [], []
    for rank, threshold in enumerate(sorted(saliency[looked], reverse=True), 1):
        hits.append(rank / looked.sum())
        alarms.append(((saliency >= threshold).sum() - rank) / (~looked).sum())
    return area(hits, alarms)


def stepped_by_loops(saliency: np.ndarray, looked: np.ndarray, drawn: np.ndarray, step: float) -> float:
    saliency = (saliency - saliency.min()) / (saliency.max() - saliency.min())
    areas = []
    for places in drawn:
        negatives = saliency.ravel()[places]
        steps = np.arange(0, max(saliency[looked].max(), negatives.max()) + 1e-9, step)[::-1]
        hits = [(saliency[looked] >= threshold).mean() for threshold in steps]
        areas.append(area(hits, [(negatives >= threshold).mean() for threshold in steps]))
    return float(np.mean(areas))


def test_nss_divides_by_the_deviation_of_a_sample() -> None:
    # Mean .25, values at the fixations .2 and .4: (.3 - .25) / .129099. Over n, not n - 1, it would be .447214.
    saliency = np.array([[0.1, 0.2], [0.3, 0.4]])
    assert normalized_scanpath_saliency(saliency, [[0, 1], [0, 1]]) == pytest.approx(0.387298, abs=5e-7)
    assert normalized_scanpath_saliency(5 + 9 * saliency, [[0, 1], [0, 1]]) == pytest.approx(0.387298, abs=5e-7)


def test_auc_judd_of_six_pixels() -> None:
    # Points (0, 0), (0, 1/2), (1/4, 1), (1, 1): 1/4 * 3/4 + 3/4 = .9375; by ranks 7 of 8 pairs are right, .875.
    assert auc_judd(SIX, LOOKED, jitter=False) == 0.9375
    assert roc_auc_score(LOOKED[0], SIX[0]) == 0.875


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("levels", [0, 6])
def test_auc_judd_agrees_with_plain_loops(seed: int, levels: int) -> None:
    saliency, looked = random_pair(seed, levels)
    assert auc_judd(saliency, looked, jitter=False) == pytest.approx(judd_by_loops(saliency, looked))


@pytest.mark.parametrize("seed", range(3))
def test_auc_judd_is_above_the_exact_area_by_half_a_step_of_the_curve(seed: int) -> None:
    # Where no pixels are equal, the exact curve is level between two hits and the benchmark's climbs evenly, which
    # adds half a hit, 1 / 2n, over all false alarms down to the last fixation.
    saliency, looked = random_pair(seed)
    alarms = (saliency[~looked] > saliency[looked].min()).mean()
    exact = roc_auc_score(looked.ravel(), saliency.ravel())
    assert auc_judd(saliency, looked, jitter=False) == pytest.approx(exact + alarms / (2 * looked.sum()))


def test_jitter_breaks_ties_and_is_the_same_every_time() -> None:
    saliency, looked = random_pair(3, 2)
    jittered = auc_judd(saliency, looked)
    assert jittered == auc_judd(saliency, looked) != auc_judd(saliency, looked, seed=1)
    # With all ties broken the curve is close to the exact one, where half of each tie counts.
    exact = roc_auc_score(looked.ravel(), saliency.ravel())
    assert jittered == pytest.approx(exact, abs=0.08)
    assert abs(jittered - exact) < abs(auc_judd(saliency, looked, jitter=False) - exact)


@pytest.mark.parametrize(("splits", "step"), [(20, 0.1), (7, 0.03)])
def test_auc_borji_agrees_with_plain_loops(splits: int, step: float) -> None:
    saliency, looked = random_pair(4)
    drawn = np.random.default_rng(5).integers(saliency.size, size=(looked.sum(), splits)).T
    found = auc_borji(saliency, looked, splits=splits, step=step, seed=5)
    assert found == pytest.approx(stepped_by_loops(saliency, looked, drawn, step))


@pytest.mark.parametrize("share", [0.5, 0.01])
def test_shuffled_auc_agrees_with_plain_loops(share: float) -> None:
    saliency, looked = random_pair(6)
    others = np.random.default_rng(7).random(saliency.shape) < share
    places, generator = np.flatnonzero(others), np.random.default_rng(8)
    drawn = [generator.choice(places, min(looked.sum(), len(places)), replace=False) for _ in range(9)]
    found = auc_shuffled(saliency, looked, others, splits=9, seed=8)
    assert found == pytest.approx(stepped_by_loops(saliency, looked, np.array(drawn), 0.1))


def test_shuffled_negatives_are_all_of_the_others_when_these_are_few() -> None:
    # One negative at .2 below both positives: every threshold up to .9 hits first, area 1 but for steps of .1.
    saliency, looked = np.array([[1.0, 0.8, 0.15, 0.0]]), np.array([[1, 1, 0, 0]])
    assert auc_shuffled(saliency, looked, np.array([[0, 0, 1, 0]])) == 1


def test_a_middle_blob_gains_nothing_where_all_pictures_are_looked_at_in_the_middle() -> None:
    rows, columns = np.mgrid[-20:21, -20:21]
    blob = np.exp(-(rows**2 + columns**2) / 200)
    looked, others = (np.random.default_rng(seed).random(blob.shape) < 0.2 * blob**2 for seed in (1, 2))
    assert auc_judd(blob, looked) > 0.75
    assert auc_borji(blob, looked) > 0.75
    assert auc_shuffled(blob, looked, others) == pytest.approx(0.5, abs=0.06)


def test_a_flat_map_is_a_guess_and_nobody_looking_is_no_score() -> None:
    flat, nowhere = np.full((1, 6), 7), np.zeros((1, 6))
    for auc in (auc_judd, auc_borji, lambda *pair: auc_shuffled(*pair, np.ones((1, 6)))):
        assert auc(flat, LOOKED) == 0.5
        assert np.isnan(auc(SIX, nowhere))
    assert normalized_scanpath_saliency(flat, LOOKED) == 0
    assert np.isnan(normalized_scanpath_saliency(SIX, nowhere))
    assert np.isnan(auc_shuffled(SIX, LOOKED, nowhere))


def test_sizes_and_settings_are_checked() -> None:
    with pytest.raises(InputError, match="6 x 1"):
        auc_judd(SIX, LOOKED.T)
    with pytest.raises(InputError, match="1 x 6"):
        auc_shuffled(SIX, LOOKED, LOOKED.T)
    with pytest.raises(SettingError, match="splits is 0"):
        auc_borji(SIX, LOOKED, splits=0)
    with pytest.raises(SettingError, match="splits is 0"):
        auc_shuffled(SIX, LOOKED, LOOKED, splits=0)
    with pytest.raises(SettingError, match="step is 0"):
        auc_borji(SIX, LOOKED, step=0)
