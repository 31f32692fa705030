"""The fully connected random field as a method."""

import numpy as np
import pytest

from segcli.errors import InputError, SettingError
from segcli.method import run
from segcli.methods.fields.crf import crf


def scene(dtype=np.uint8):
    """Two colors that part along a slanted line, with noise, and where the second is."""
    random = np.random.default_rng(0)
    rows, columns = np.indices((36, 48))
    truth = columns + rows // 3 > 28
    colors = np.where(truth[..., None], (150, 120, 60), (90, 100, 130)) + random.normal(0, 5, (36, 48, 3))
    scale = {"u1": 1, "u2": 257, "f4": 1 / 255}[np.dtype(dtype).str[1:]]
    return (colors * scale).astype(dtype), truth


def blocky(truth):
    """The truth on a grid of 12 pixels."""
    return np.kron(truth[6::12, 6::12], np.ones((12, 12))).astype(np.int32)


def test_three_pixels_agree_with_the_two_that_look_alike():
    # Colors 20, 21 and 22 are as one, and so are 90, 91 and 92: two votes against one, each of the same certainty.
    strip = np.array([[20, 21, 22, 90, 91, 92]], np.uint8)
    labels = np.array([[0, 0, 1, 1, 1, 1]], np.int32)
    result = run(crf, strip, labels=labels, smoothness_weight=0.0)
    assert result.labels.tolist() == [[0, 0, 0, 1, 1, 1]]
    assert result.layers["start"].tolist() == labels.tolist()
    # Without links the labels stay, at the certainty that they were given.
    alone = run(crf, strip, labels=labels, smoothness_weight=0.0, appearance_weight=0.0, certainty=0.8)
    assert alone.labels.tolist() == labels.tolist()
    assert alone.scores[1, 0] == pytest.approx([0.2, 0.2, 0.8, 0.8, 0.8, 0.8], abs=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_blocks_move_to_the_border_between_colors(dtype):
    image, truth = scene(dtype)
    coarse = blocky(truth)
    result = run(crf, image, labels=coarse)
    assert (coarse == truth).mean() < 0.95
    assert (result.labels == truth).mean() > 0.99
    assert result.kind == "mask"
    assert result.scores.shape == (2, 36, 48)
    assert np.array_equal(result.labels, result.scores.argmax(axis=0))
    assert (np.diff(result.series["energy"]) < 1e-5).all()
    assert result.numbers["change"] == result.series["change"][-1] < 0.01


def test_a_mask_scores_and_logits_that_say_the_same_give_the_same():
    image, truth = scene()
    coarse = blocky(truth)
    shares = np.where(np.arange(2)[:, None, None] == coarse, 0.9, 0.1).astype(np.float32)
    expected = run(crf, image, labels=coarse)
    for hint in ({"labels": 255 * coarse}, {"scores": 7 * shares}, {"scores": np.log(shares)}):
        other = run(crf, image, **hint)
        assert np.array_equal(other.labels, expected.labels)
        assert other.scores == pytest.approx(expected.scores, abs=1e-4)


def test_open_pixels_take_the_class_of_their_color():
    image, truth = scene()
    labels = np.full(truth.shape, 255, np.int32)
    labels[10:14, 4:12], labels[20:24, 38:46] = 1, 2
    labels[0, 0] = 0
    result = run(crf, image, labels=labels, smoothness_weight=0.0)
    assert result.kind == "classes"
    assert len(result.scores) == 3
    assert (result.labels == 1 + truth).mean() > 0.99


def test_without_hints_both_sides_of_the_gray_levels_are_found():
    image, truth = scene()
    gray = image[..., 0]
    bright = run(crf, gray, foreground="bright")
    assert (bright.labels == truth).mean() > 0.98
    dark = run(crf, gray, foreground="dark")
    assert np.array_equal(dark.labels, 1 - bright.labels)
    assert run(crf, gray).choices["foreground"] in ("bright", "dark")


def test_left_out_pixels_send_no_messages():
    image, truth = scene()
    valid = np.ones(truth.shape, bool)
    valid[:, 40:] = False
    labels = blocky(truth)
    wrong = np.where(valid, labels, 0)
    assert np.array_equal(
        run(crf, image, labels=labels, valid=valid).labels, run(crf, image, labels=wrong, valid=valid).labels
    )


def test_a_class_that_takes_all_is_said():
    image, _ = scene()
    labels = np.zeros((36, 48), np.int32)
    labels[5, 5] = 1
    result = run(crf, image, labels=labels, certainty=0.5)
    assert not result.labels.any()
    assert "class 0" in result.notes[0]


def test_labels_beside_scores_are_refused():
    image, truth = scene()
    with pytest.raises(SettingError, match="scores cannot be given beside labels"):
        run(crf, image, labels=blocky(truth), scores=np.ones((2, 36, 48), np.float32))


def test_labels_that_are_no_classes_are_refused_in_one_line():
    image, _ = scene()
    with pytest.raises(InputError, match="labels hold the value 300") as caught:
        run(crf, image, labels=np.full((36, 48), 300, np.int32))
    assert "\n" not in str(caught.value)
