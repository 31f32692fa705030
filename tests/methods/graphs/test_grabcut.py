"""GrabCut as a method."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from segcli.arrays import Box
from segcli.errors import InputError
from segcli.method import run
from segcli.methods.graphs.grabcut import grabcut
from segcli.opencv import cv2

DATA = os.environ.get("SEGCLI_DATA")


def two_flats(shape=(24, 32), inner=np.s_[8:18, 10:24]):
    """A red rectangle on gray-blue, and its truth."""
    image = np.full((*shape, 3), (60, 70, 90), np.uint8)
    truth = np.zeros(shape, np.uint8)
    image[inner], truth[inner] = (200, 40, 30), 1
    return image, truth


def noisy(seed=0, shape=(60, 80), spread=20.0):
    """A noisy disk of two colors on a ground of two."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    truth = (rows - shape[0] / 2) ** 2 + (columns - shape[1] / 2) ** 2 < (0.3 * shape[0]) ** 2
    colors = np.where((rows < shape[0] / 2)[..., None], [60, 80, 160], [60, 140, 60]).astype(float)
    colors[truth] = np.where((columns < shape[1] / 2)[truth][:, None], [200, 60, 60], [220, 190, 60])
    return (colors + random.normal(0, spread, (*shape, 3))).clip(0, 255).astype(np.uint8), truth.astype(np.uint8)


def around(truth, margin=4):
    rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    return Box(columns[0] - margin, rows[0] - margin, columns[-1] + 1 + margin, rows[-1] + 1 + margin)


def overlap(labels, truth, counted=True):
    found, wanted = (labels > 0) & counted, (truth > 0) & counted
    return np.count_nonzero(found & wanted) / max(np.count_nonzero(found | wanted), 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_two_flat_colors_are_split_exactly(dtype):
    image, truth = two_flats()
    result = run(grabcut, image.astype(dtype) * dtype(3 if dtype == np.uint16 else 1), box=Box(6, 4, 28, 21))
    assert np.array_equal(result.labels, truth)
    assert result.notes == ()


def test_a_large_picture_of_two_flat_colors_is_split_exactly_at_full_size():
    image, truth = two_flats((301, 403), np.s_[83:187, 101:251])
    for size in (50, 320):
        result = run(grabcut, image, box=Box(80, 60, 270, 200), working_size=size)
        assert np.array_equal(result.labels, truth)


def test_gray_pictures_work_though_their_colors_lie_on_a_line():
    image, truth = noisy()
    gray = image.astype(np.float64).mean(axis=2).astype(np.uint8)
    gray[truth == 1] |= 128
    gray[truth == 0] &= 127
    assert overlap(run(grabcut, gray, box=around(truth)).labels, truth) > 0.95


def test_hard_hints_are_obeyed_at_full_size_even_against_color():
    image, truth = noisy(shape=(120, 160))
    scribbles = np.zeros(truth.shape, np.int32)
    scribbles[3, 5:40] = 1
    scribbles[60, 70:90] = 2
    for size in (60, 320):
        labels = run(grabcut, image, scribbles=scribbles, box=around(truth), working_size=size).labels
        assert labels[scribbles == 1].all()
        assert not labels[scribbles == 2].any()
        outside = np.ones(truth.shape, bool)
        box = around(truth)
        outside[box.top : box.bottom, box.left : box.right] = False
        assert not labels[outside & (scribbles != 1)].any()


def test_scribbles_of_both_sides_find_the_object():
    image, truth = noisy()
    scribbles = np.zeros(truth.shape, np.int32)
    scribbles[30, 30:51] = 1
    scribbles[5:55, 5] = 2
    assert overlap(run(grabcut, image, scribbles=scribbles).labels, truth) > 0.97


@pytest.mark.parametrize("label", [1, 2])
def test_scribbles_of_one_side_alone_take_the_rest_for_the_other(label):
    image, truth = noisy()
    scribbles = np.zeros(truth.shape, np.int32)
    if label == 1:
        scribbles[25:36, 30:51] = 1
    else:
        scribbles[:10], scribbles[50:], scribbles[:, :18], scribbles[:, 62:] = 2, 2, 2, 2
    assert overlap(run(grabcut, image, scribbles=scribbles).labels, truth) > 0.97


def test_a_trimap_decides_its_unknown_band():
    image, truth = noisy()
    kernel = np.ones((9, 9), np.uint8)
    trimap = np.where(cv2.erode(truth, kernel) > 0, 255, np.where(cv2.dilate(truth, kernel) > 0, 128, 0))
    result = run(grabcut, image, trimap=trimap)
    assert overlap(result.labels, truth) > 0.98
    assert np.array_equal(result.layers["trimap"], trimap)


def test_a_trimap_with_other_values_is_refused():
    image, truth = two_flats()
    with pytest.raises(InputError, match=r"the trimap holds the value 1; expected 0 \(background\), 128"):
        run(grabcut, image, trimap=truth)
    with pytest.raises(InputError, match="scribbles hold the value 3"):
        run(grabcut, image, scribbles=truth * 3)


def test_energy_never_rises_and_iterations_are_counted():
    image, truth = noisy(4, spread=60.0)
    result = run(grabcut, image, box=around(truth, 8), iterations=9)
    energies = result.series["energy"]
    assert 1 < len(energies) == result.numbers["iterations"] <= 9
    assert (np.diff(energies) <= 1e-6 * np.abs(energies[:-1])).all()
    assert result.numbers["energy"] == energies[-1]


def test_a_box_that_fills_the_picture_takes_a_frame_for_background():
    image, truth = noisy()
    result = run(grabcut, image, box=Box(0, 0, 80, 60))
    assert overlap(result.labels, truth) > 0.97
    assert any("a frame along the picture's border" in note for note in result.notes)


def test_without_hints_the_picture_less_a_margin_is_taken():
    image, truth = noisy()
    result = run(grabcut, image)
    assert overlap(result.labels, truth) > 0.97
    assert "the whole picture less a margin of 5 %" in result.notes[0]


def test_an_emptied_mask_is_cut_again_at_smaller_weights_and_said():
    # A patch hardly brighter than the noise around it.
    image = np.random.default_rng(0).normal(128, 20, (60, 80, 3))
    image[26:34, 36:44] = np.random.default_rng(1).normal(150, 20, (8, 8, 3))
    image, box = image.clip(0, 255).astype(np.uint8), Box(34, 24, 46, 36)
    rescued = run(grabcut, image, box=box, weight=50.0)
    assert rescued.labels[26:34, 36:44].any()
    assert rescued.numbers["weight"] < 50
    assert "the object vanished at the weight 50; the weight" in rescued.notes[0]
    empty = run(grabcut, image, box=box, weight=10000.0)
    assert not empty.labels.any()
    assert "the object vanished, at every weight down to 1250; draw scribbles on it" in empty.notes


def test_hints_that_leave_nothing_to_learn_are_said():
    image, truth = two_flats()
    result = run(grabcut, image, scribbles=np.ones(truth.shape, np.int32))
    assert result.labels.all()
    assert "no pixel to learn the background from" in result.notes[0]


def test_a_blank_picture_is_background_but_for_what_is_marked():
    scribbles = np.zeros((9, 9), np.int32)
    scribbles[4, 4] = 1
    result = run(grabcut, np.full((9, 9, 3), 5, np.uint8), scribbles=scribbles)
    assert np.array_equal(result.labels, scribbles)
    assert any("every pixel has the same value" in note for note in result.notes)


def test_pixels_left_out_do_not_teach():
    image, truth = noisy()
    valid = np.ones(truth.shape, bool)
    valid[:, 70:] = False
    spoiled = image.copy()
    spoiled[:, 70:] = (210, 100, 60)
    result = run(grabcut, spoiled, valid=valid, box=around(truth))
    assert overlap(result.labels, truth) > 0.97
    other = spoiled.copy()
    other[:, 70:] = (1, 255, 7)
    assert np.array_equal(result.labels, run(grabcut, other, valid=valid, box=around(truth)).labels)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 700), (1, 500)])
def test_thin_pictures_work_with_every_hint(shape):
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    marks = np.zeros(shape, np.int32)
    marks[0, 0] = 1
    for hints in ({}, {"box": Box(0, 0, shape[1], shape[0])}, {"scribbles": marks}, {"trimap": marks * 255}):
        assert run(grabcut, image, **hints).labels.shape == shape


def test_the_same_call_gives_the_same_result():
    image, truth = noisy()
    first, second = (run(grabcut, image, box=around(truth)).labels for _ in range(2))
    assert np.array_equal(first, second)


def test_agreement_with_opencv_on_an_easy_picture():
    image, truth = noisy(shape=(120, 160))
    box = around(truth, 10)
    mask = np.zeros(truth.shape, np.uint8)
    cv2.grabCut(
        np.ascontiguousarray(image[..., ::-1]),
        mask,
        (int(box.left), int(box.top), int(box.right - box.left), int(box.bottom - box.top)),
        np.zeros((1, 65)),
        np.zeros((1, 65)),
        5,
        cv2.GC_INIT_WITH_RECT,
    )
    assert overlap(run(grabcut, image, box=box).labels, mask & 1) > 0.97


@pytest.mark.skipif(not DATA, reason="SEGCLI_DATA is not set")
def test_an_easy_photograph_is_cut_close_to_the_truth():
    folder = Path(DATA) / "grabcut"
    box = Box(*json.loads((folder / "boxes.json").read_text())["86016"]["box"])
    image = cv2.imread(str(folder / "images" / "86016.jpg"))[..., ::-1]
    truth = cv2.imread(str(folder / "masks" / "86016.png"), cv2.IMREAD_GRAYSCALE)
    assert overlap(run(grabcut, image, box=box).labels, truth == 255, truth != 128) > 0.95
