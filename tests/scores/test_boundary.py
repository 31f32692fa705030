"""Distances of outlines, by hand, beside looking at every pair of pixels, and beside scikit-image."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.metrics import hausdorff_distance

from segcli.errors import InputError, SettingError
from segcli.scores import boundary as scores
from segcli.scores.boundary import (
    average_surface_distance,
    boundary_f1,
    hausdorff,
    hausdorff95,
    mean_boundary_f1,
    surface_distances,
)

SQUARE = np.zeros((20, 20), int)
SQUARE[5:15, 5:15] = 1
SHIFTED = np.roll(SQUARE, 2, axis=1)
EMPTY = np.zeros_like(SQUARE)


def blobs(seed: int, shape: tuple[int, int] = (40, 55)) -> np.ndarray:
    """Smooth random shapes, cut by the edge of the picture."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    return ndimage.gaussian_filter(noise, 3) > 0.02


def every_pair(mask: np.ndarray, truth: np.ndarray, size: tuple[float, float] = (1, 1)) -> tuple[np.ndarray, ...]:
    """Distances of boundary pixels, by all pairs of them; the erosion is SciPy's."""
    own, other = (np.argwhere(side & ~ndimage.binary_erosion(side)) * size for side in (mask, truth))
    table = np.sqrt(((own[:, None] - other) ** 2).sum(axis=-1))
    return table.min(axis=1), table.min(axis=0)


def test_a_square_shifted_by_two_pixels() -> None:
    # Each has 36 boundary pixels. Of the shifted one's, upper and lower row: eight on the other's, one 1 and one 2
    # away; right side: eight 2 away; left side: six 2 away, the outer two 1 from a row. 2 * 3 + 16 + 14 = 36.
    assert scores.boundary(SQUARE).sum() == scores.boundary(SHIFTED).sum() == 36
    assert hausdorff(SHIFTED, SQUARE) == hausdorff95(SHIFTED, SQUARE) == hausdorff95(SHIFTED, SQUARE, pooled=True) == 2
    assert average_surface_distance(SHIFTED, SQUARE) == pytest.approx(1.0)


def test_the_shifted_squares_outline_within_one_and_two_pixels() -> None:
    assert boundary_f1(SHIFTED, SQUARE, tolerance=1)[1] == pytest.approx(0.555556, abs=5e-7)  # 20 of 36
    assert boundary_f1(SHIFTED, SQUARE, tolerance=2)[1] == 1


def test_the_outline_of_a_cut_object_runs_along_the_pictures_edge() -> None:
    assert scores.boundary(np.ones((3, 4))).sum() == 10
    assert (scores.boundary(np.ones((1, 5))) == 1).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spacing", [(1, 1), (0.5, 3)])
def test_agrees_with_every_pair_of_pixels(seed: int, spacing: tuple[float, float]) -> None:
    mask, truth = blobs(seed), blobs(seed + 10)
    expected = every_pair(mask, truth, spacing)
    found = surface_distances(mask, truth, spacing)
    for side, other in zip(found, expected, strict=True):
        assert side == pytest.approx(other, rel=1e-14)
    both = np.concatenate(expected)
    assert hausdorff(mask, truth, spacing=spacing) == pytest.approx(both.max())
    assert hausdorff95(mask, truth, spacing=spacing) == pytest.approx(max(np.percentile(x, 95) for x in expected))
    assert hausdorff95(mask, truth, spacing=spacing, pooled=True) == pytest.approx(np.percentile(both, 95))
    assert average_surface_distance(mask, truth, spacing=spacing) == pytest.approx(both.mean())


@pytest.mark.parametrize("seed", range(4))
def test_scikit_image_agrees_on_the_boundaries(seed: int) -> None:
    mask, truth = blobs(seed), blobs(seed + 20)
    assert hausdorff(mask, truth) == hausdorff_distance(scores.boundary(mask), scores.boundary(truth))


@pytest.mark.parametrize("share", [0.3, 0.003, 0.00004])
def test_the_distance_transform_is_as_exact_as_the_tree(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    # Squared distances are whole numbers; both ways give the roots of the same ones, far beyond float32's digits.
    generator = np.random.default_rng(1)
    mask, truth = generator.random((2, 300, 400)) < share
    mask[0, 0] = truth[-1, -1] = True
    by_tree = surface_distances(mask, truth)
    monkeypatch.setattr(scores, "MANY", 0)
    for tree, transform in zip(by_tree, surface_distances(mask, truth), strict=True):
        assert (tree == transform).all()


def test_distances_beyond_what_float32_keeps_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "MANY", 0)
    mask, truth = np.zeros((2, 2, 6001), bool)
    mask[0, 0] = truth[1, 6000] = True
    assert hausdorff(mask, truth) == np.sqrt(6000**2 + 1)


@pytest.mark.parametrize("seed", range(3))
def test_boundary_f1_agrees_with_every_pair_of_pixels(seed: int) -> None:
    prediction, truth = blobs(seed).astype(int) + blobs(seed + 1), blobs(seed + 2).astype(int) + blobs(seed + 1)
    expected = []
    for label in range(3):
        precision, recall = ((side <= 1.5).mean() for side in every_pair(prediction == label, truth == label))
        expected.append(2 * precision * recall / (precision + recall))
    assert boundary_f1(prediction, truth, tolerance=1.5) == pytest.approx(expected)
    assert mean_boundary_f1(prediction, truth, tolerance=1.5) == pytest.approx(np.mean(expected))


def test_the_usual_tolerance_is_a_share_of_the_diagonal() -> None:
    # 300 x 400 pixels: .75 % of 500 is 3.75. A line 3 off is found, one 4 off is not.
    truth = np.zeros((300, 400), int)
    truth[100] = 1
    assert boundary_f1(np.roll(truth, 3, axis=0), truth)[1] == 1
    assert boundary_f1(np.roll(truth, 4, axis=0), truth)[1] == 0


def test_a_class_that_is_missed_scores_zero_and_one_that_is_invented_does_not_count() -> None:
    truth, prediction = np.array([[0, 0, 1, 1]]), np.array([[0, 0, 2, 2]])
    assert boundary_f1(prediction, truth, tolerance=0)[:2].tolist() == [1, 0]
    assert np.isnan(boundary_f1(prediction, truth, 4, tolerance=0)[2:]).all()
    assert mean_boundary_f1(prediction, truth, tolerance=0) == 0.5


def test_void_pixels_count_in_neither_picture() -> None:
    truth = np.array([[0, 0, 1, 255, 255]], np.uint8)
    assert boundary_f1(np.array([[0, 0, 1, 1, 0]], np.uint8), truth, tolerance=0).tolist() == [1, 1]
    assert np.isnan(mean_boundary_f1(truth * 0 + 255, truth))


def test_an_empty_mask_is_far_from_any_but_an_empty_one() -> None:
    for score in (hausdorff, hausdorff95, average_surface_distance):
        assert score(EMPTY, EMPTY) == 0
        assert score(EMPTY, SQUARE) == score(SQUARE, EMPTY) == np.inf
        assert score(SQUARE, EMPTY, missing="diagonal", spacing=(3, 4)) == pytest.approx(100)


def test_sizes_and_settings_are_checked() -> None:
    with pytest.raises(InputError, match="the prediction is 20 x 20, the truth is 19 x 20"):
        hausdorff(SQUARE, SQUARE[:, 1:])
    with pytest.raises(InputError, match=r"shape \(2, 20, 20\)"):
        hausdorff(np.stack([SQUARE] * 2), np.stack([SQUARE] * 2))
    with pytest.raises(SettingError, match="spacing is 0"):
        hausdorff(SQUARE, SQUARE, spacing=0)
    with pytest.raises(SettingError, match="percentile is 101"):
        hausdorff(SQUARE, SQUARE, 101)
    with pytest.raises(SettingError, match="missing is 'nan'"):
        hausdorff(SQUARE, EMPTY, missing="nan")
    with pytest.raises(SettingError, match="tolerance is -1"):
        boundary_f1(SQUARE, SQUARE, tolerance=-1)
    with pytest.raises(InputError, match="a label is 1; with 1 classes"):
        boundary_f1(SQUARE, SQUARE, 1)
