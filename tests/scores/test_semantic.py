import numpy as np
import pytest

from segcli.errors import InputError
from segcli.scores import semantic
from segcli.scores.semantic import confusion, dice, iou

MATRIX = np.array([[50, 10], [5, 35]])


def test_scores_of_a_two_class_matrix():
    assert semantic.pixel_accuracy(MATRIX) == 0.85  # 85 / 100
    assert semantic.accuracy_per_class(MATRIX) == pytest.approx([50 / 60, 35 / 40])
    assert semantic.mean_accuracy(MATRIX) == pytest.approx(0.854167, abs=5e-7)
    assert semantic.iou_per_class(MATRIX) == pytest.approx([50 / 65, 35 / 50])
    assert semantic.mean_iou(MATRIX) == pytest.approx(0.734615, abs=5e-7)
    assert semantic.frequency_weighted_iou(MATRIX) == pytest.approx(0.6 * 50 / 65 + 0.4 * 0.7)
    assert semantic.dice_per_class(MATRIX) == pytest.approx([100 / 115, 70 / 85])


def test_precision_recall_and_f1_of_a_two_class_matrix():
    assert semantic.precision_per_class(MATRIX) == pytest.approx([50 / 55, 35 / 45])
    assert semantic.recall_per_class(MATRIX) == pytest.approx([50 / 60, 35 / 40])
    assert semantic.f1_per_class(MATRIX) == pytest.approx([0.869565, 0.823529], abs=5e-7)
    assert semantic.mean_precision(MATRIX) == pytest.approx((50 / 55 + 35 / 45) / 2)
    assert semantic.mean_recall(MATRIX) == semantic.mean_accuracy(MATRIX)
    assert semantic.mean_dice(MATRIX) == pytest.approx((100 / 115 + 70 / 85) / 2)


def test_a_class_never_predicted_or_never_true_scores_zero_and_an_absent_one_nothing():
    # Class 1 is true and never predicted, class 2 predicted and never true, class 3 neither.
    matrix = confusion(np.array([[0, 0, 2]]), np.array([[0, 1, 0]]), 4)
    for score, first in (("precision", 1 / 2), ("recall", 1 / 2), ("f1", 2 / 4)):
        values = getattr(semantic, f"{score}_per_class")(matrix)
        assert values[:3].tolist() == [first, 0, 0]
        assert np.isnan(values[3])
    assert semantic.mean_precision(matrix) == semantic.mean_recall(matrix) == semantic.mean_dice(matrix) == 0.5 / 3


def test_precision_recall_and_f1_agree_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    truth, prediction = np.random.default_rng(6).integers(0, 5, (2, 400))
    truth[truth == 3], prediction[prediction == 1] = 2, 4
    matrix = confusion(prediction[None], truth[None])
    expected = metrics.precision_recall_fscore_support(truth, prediction, labels=range(5), zero_division=0)
    assert semantic.precision_per_class(matrix) == pytest.approx(expected[0])
    assert semantic.recall_per_class(matrix) == pytest.approx(expected[1])
    assert semantic.f1_per_class(matrix) == pytest.approx(expected[2])


def test_confusion_has_truth_in_rows():
    truth = np.repeat([0, 1], [60, 40])[None]
    prediction = np.repeat([0, 1, 0, 1], [50, 10, 5, 35])[None]
    assert confusion(prediction, truth).tolist() == MATRIX.tolist()
    assert confusion(truth, prediction).tolist() == MATRIX.T.tolist()


def test_an_absent_class_is_left_out_of_the_means():
    matrix = np.zeros((3, 3), int)
    matrix[:2, :2] = MATRIX
    assert np.isnan([semantic.iou_per_class(matrix)[2], semantic.dice_per_class(matrix)[2]]).all()
    for score in (semantic.mean_iou, semantic.mean_accuracy, semantic.frequency_weighted_iou):
        assert score(matrix) == score(MATRIX)


def test_a_matrix_of_nothing_scores_nan_without_a_warning():
    empty = np.zeros((2, 2), int)
    assert np.isnan([semantic.mean_iou(empty), semantic.pixel_accuracy(empty), semantic.mean_accuracy(empty)]).all()


def test_a_class_only_predicted_scores_zero():
    matrix = confusion(np.array([[0, 1]]), np.array([[0, 0]]))
    assert semantic.iou_per_class(matrix).tolist() == [0.5, 0.0]
    assert semantic.mean_accuracy(matrix) == 0.5  # class 1 has no true pixel


def test_void_pixels_count_in_neither_picture():
    truth = np.array([[0, 1, 255, 1]], np.uint8)
    assert confusion(np.array([[0, 1, 1, 255]], np.uint8), truth).tolist() == [[1, 0], [0, 1]]
    assert confusion(np.array([[0, 1, 1, 1]]), truth, ignore=None).shape == (256, 256)


def test_matrices_of_pictures_add_up_to_the_matrix_of_all():
    truth = np.random.default_rng(1).integers(0, 4, (2, 20, 20))
    prediction = np.random.default_rng(2).integers(0, 4, (2, 20, 20))
    parts = [confusion(own, other, 4) for own, other in zip(prediction, truth, strict=True)]
    assert (sum(parts) == confusion(prediction.reshape(40, 20), truth.reshape(40, 20), 4)).all()


def test_matrix_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    truth, prediction = np.random.default_rng(4).integers(0, 5, (2, 30, 30))
    matrix = confusion(prediction, truth)
    assert (matrix == metrics.confusion_matrix(truth.ravel(), prediction.ravel())).all()
    assert semantic.mean_iou(matrix) == pytest.approx(
        metrics.jaccard_score(truth.ravel(), prediction.ravel(), average="macro")
    )


def test_shifted_square_has_two_thirds_iou_and_dice_of_four_fifths():
    truth = np.zeros((20, 20), bool)
    truth[5:15, 5:15] = True
    shifted = np.roll(truth, 2, axis=1)  # 80 shared, 120 united
    assert iou(shifted, truth) == pytest.approx(80 / 120)
    assert dice(shifted, truth) == pytest.approx(160 / 200)


def test_any_label_but_zero_is_foreground_and_ignored_pixels_are_dropped():
    mask, truth = np.array([[0, 1, 1, 1]]), np.array([[0, 200, 255, 0]])
    assert iou(mask, truth) == 2 / 3
    assert iou(mask, truth, ignore=255) == 1 / 2
    assert dice(mask, truth, ignore=255) == 2 / 3


def test_two_empty_masks_agree_and_an_empty_one_misses_all():
    empty, full = np.zeros((2, 2), bool), np.ones((2, 2), bool)
    assert dice(empty, empty) == iou(empty, empty) == 1.0
    assert dice(empty, full) == iou(full, empty) == 0.0


def test_sizes_and_labels_outside_the_classes_are_refused():
    with pytest.raises(InputError, match="prediction is 2 x 1, the truth is 1 x 2"):
        dice(np.ones((1, 2)), np.ones((2, 1)))
    with pytest.raises(InputError, match="a label is 7; with 3 classes they go from 0 to 2"):
        confusion(np.array([[7]]), np.array([[0]]), 3)
