"""SLIC and watershed superpixels: connected, about as many as asked for, along the edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage import color, segmentation
from tools.draw_samples import touching_discs

from segcli.method import run
from segcli.methods import find
from segcli.numeric.partition import numbered, painted
from segcli.numeric.slic import slic as part
from segcli.scores.segments import boundary_recall, undersegmentation_error

METHODS = ("slic", "watershed_superpixels")
PICTURE, TRUTH = touching_discs((160, 200), seed=3)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("regions", [20, 150])
def test_superpixels_are_whole_and_about_as_many_as_asked_for(name: str, regions: int) -> None:
    labels = run(find(name), PICTURE, regions=regions).labels
    count = labels.max()
    assert 0.6 * regions < count < 1.5 * regions
    assert [ndimage.label(labels == label)[1] for label in range(1, count + 1)] == [1] * count
    assert labels.min() == 1


@pytest.mark.parametrize("name", METHODS)
def test_they_follow_edges_better_than_a_grid(name: str) -> None:
    labels = run(find(name), PICTURE, regions=150).labels
    rows, columns = np.indices(PICTURE.shape)
    squares = (rows // 14) * 100 + columns // 14
    assert boundary_recall(labels, TRUTH) > boundary_recall(squares, TRUTH) + 0.3
    assert undersegmentation_error(labels, TRUTH) < undersegmentation_error(squares, TRUTH) / 2


def test_slic_is_as_good_as_scikit_images() -> None:
    image = np.repeat(PICTURE[:, :, None], 3, axis=2)
    theirs = segmentation.slic(image, 150, 10.0, start_label=1)
    ours = run(find("slic"), image, regions=150).labels
    assert boundary_recall(ours, TRUTH) > boundary_recall(theirs, TRUTH) - 0.02
    assert undersegmentation_error(ours, TRUTH) < undersegmentation_error(theirs, TRUTH) + 0.01


def test_one_step_by_hand() -> None:
    # Two cells of 2 x 2: centers in the columns 1 and 3; colors decide column 1 against the distance.
    planes = np.array([[[0.0], [0.0], [90.0], [90.0]]] * 2, np.float32)
    assert part(planes, 2, 1.0).tolist() == [[1, 1, 2, 2]] * 2
    # Compactness beyond the contrast leaves places alone; column 2 is as near to either center, and the first has it.
    bent = np.array([[[0.0], [90.0], [90.0], [90.0]]] * 2, np.float32)
    assert part(bent, 2, 1e6).tolist() == [[1, 1, 1, 2]] * 2


def test_compact_superpixels_are_squares_and_adaptive_ones_have_even_outlines() -> None:
    def outline(**settings: object) -> float:
        labels = run(find("slic"), PICTURE, regions=80, **settings).labels
        return float(segmentation.find_boundaries(labels).mean())

    assert outline(compactness=1000.0) < outline(adaptive=True) < outline(compactness=0.5)


@pytest.mark.parametrize("name", METHODS)
def test_left_out_pixels_belong_to_none(name: str) -> None:
    valid = np.ones(PICTURE.shape, bool)
    valid[40:90, 60:120] = False
    labels = run(find(name), PICTURE, valid=valid, regions=100).labels
    assert not labels[~valid].any()
    assert labels[valid].all()


def test_compact_floods_agree_with_scikit_images() -> None:
    image = color.gray2rgb(PICTURE)
    result = run(find("watershed_superpixels"), image, regions=100, compactness=0.0)
    theirs = segmentation.watershed(result.layers["gradient"], result.layers["markers"], connectivity=1)
    assert np.mean(theirs == result.labels) > 0.98


def test_labels_are_numbered_as_a_reader_meets_them() -> None:
    assert numbered(np.array([[7, 7, 3], [9, 3, 3]])).tolist() == [[1, 1, 2], [3, 2, 2]]
    valid = np.array([[False, False, True], [True, True, True]])
    assert numbered(np.array([[7, 7, 3], [9, 3, 3]]), valid).tolist() == [[0, 0, 1], [2, 1, 1]]


def test_regions_are_painted_in_their_mean_color() -> None:
    image = np.array([[[0, 10, 20], [4, 20, 21]], [[9, 9, 9], [1, 1, 1]]], np.uint8)
    assert painted(np.array([[1, 1], [0, 2]]), image).tolist() == [[[2, 15, 20]] * 2, [[9, 9, 9], [1, 1, 1]]]
