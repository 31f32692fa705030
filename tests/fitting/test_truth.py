"""What truth files mean, and which pixels are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.files.datasets.meaning import is_mask
from segcli.fitting.truth import Lazy, class_truth, draw, mask_truth, scribble_truth


def test_masks_are_known_by_their_values() -> None:
    assert is_mask({0, 255})
    assert is_mask({0, 1})
    assert is_mask({1})
    assert not is_mask({0, 1, 255})
    assert not is_mask({0, 2})


def test_classes_keep_their_numbers_and_void_is_unknown() -> None:
    labels = np.array([[0, 3, 255, 11]], np.int32)
    assert class_truth(labels, 11).tolist() == [[0, 3, -1, -1]]
    assert class_truth(labels.astype(np.uint8), 11).tolist() == [[0, 3, -1, -1]]
    assert mask_truth(labels).tolist() == [[0, 1, 1, 1]]
    with pytest.raises(InputError, match="--binary"):
        class_truth(np.array([[0, 900]], np.int32))


def test_strokes_of_two_are_object_and_background_and_of_more_classes_in_order() -> None:
    strokes = np.array([[0, 1, 2, 3]], np.uint8)
    assert scribble_truth(strokes[:, :3], 2).tolist() == [[-1, 1, 0]]
    assert scribble_truth(strokes, 3).tolist() == [[-1, 0, 1, 2]]


def test_pixels_are_drawn_evenly_from_classes_and_stand_for_all() -> None:
    truth = np.zeros((20, 20), np.int32)
    truth[:2], truth[2, :4], truth[3] = 1, 2, -1
    places, weights = draw(truth, 64, np.random.default_rng(0))
    classes = truth.ravel()[places]
    # Of class 2 there are 4; the other 60 are shared by the classes 0 and 1.
    assert np.bincount(classes).tolist() == [30, 30, 4]
    assert np.bincount(classes, weights) == pytest.approx([336, 40, 4])
    assert len(set(places.tolist())) == 64
    again, _ = draw(truth, 64, np.random.default_rng(0))
    assert np.array_equal(places, again)
    assert draw(np.full((2, 2), -1), 9, np.random.default_rng(0))[0].size == 0


def test_a_lazy_sequence_makes_each_item_when_it_is_asked_for() -> None:
    made: list[int] = []
    lazy = Lazy(3, lambda index: made.append(index) or 10 * index)  # type: ignore[func-returns-value]
    assert (len(lazy), made) == (3, [])
    assert (lazy[-1], made) == (20, [2])
    assert list(lazy) == [0, 10, 20]
    assert list(lazy[1:]) == [10, 20]
    with pytest.raises(IndexError):
        lazy[3]
