"""Active contours without edges as a method."""

import numpy as np
import pytest
from skimage.segmentation import chan_vese as library_chan_vese

from segcli.arrays import Box, Point
from segcli.errors import InputError
from segcli.method import run
from segcli.methods.contours.chan_vese import chan_vese
from segcli.numeric.level_sets import checkerboard

FORMS = ("level_set", "morphological")
each_form = pytest.mark.parametrize("form", FORMS)


def blobs(seed=0, dtype=np.uint8, top=255):
    """Two bright blobs in noise, and their truth."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:50, :60]
    truth = (np.hypot(rows - 18, columns - 18) < 11) | (np.hypot(rows - 32, columns - 44) < 9)
    values = np.clip(np.where(truth, 0.7, 0.3) + random.normal(0, 0.1, truth.shape), 0, 1)
    return (values * top).astype(dtype), truth


@each_form
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_two_flat_halves_are_found_exactly(form, dtype):
    image = np.full((20, 31), 3, dtype)
    image[:, 17:] = 9
    result = run(chan_vese, image, form=form, foreground="bright")
    assert np.array_equal(result.labels, image == 9)
    assert result.choices == {"converged": "yes", "foreground": "bright"}
    assert result.numbers["iterations"] < 60


@each_form
def test_noisy_blobs_are_found_on_either_side(form):
    image, truth = blobs()
    bright = run(chan_vese, image, form=form, length=0.5)
    assert np.mean(bright.labels == truth) > 0.99
    assert bright.choices["foreground"] == "bright"
    dark = run(chan_vese, 255 - image, form=form, length=0.5)
    assert dark.choices["foreground"] == "dark"
    assert np.mean(dark.labels == truth) > 0.99
    asked = run(chan_vese, image, form=form, length=0.5, foreground="dark")
    assert np.array_equal(asked.labels, 1 - bright.labels)


@each_form
def test_gray_as_color_and_other_pixel_types_give_the_same(form):
    image, _ = blobs()
    expected = run(chan_vese, image, form=form).labels
    assert np.mean(run(chan_vese, np.dstack([image] * 3), form=form).labels == expected) > 0.999
    for dtype in (np.uint16, np.float32):
        other, _ = blobs(dtype=dtype, top=65535 if dtype == np.uint16 else 1)
        assert np.mean(run(chan_vese, other, form=form).labels == expected) > 0.995


def test_colors_of_one_gray_are_told_apart():
    image = np.zeros((20, 30, 3), np.uint8)
    image[...] = (120, 60, 60)
    image[5:15, 8:20] = (60, 91, 60)
    assert run(chan_vese, image).labels.sum() == 10 * 12


def test_the_level_set_ends_where_the_one_of_scikit_image_does():
    image, _ = blobs(3)
    ours = run(chan_vese, image, length=0.3, tolerance=0, iterations=500, foreground="bright")
    # There the picture goes from 0 to 1, and the delta function has no factor 1 / pi.
    spread = (image / (float(image.max()) - float(image.min()))).std()
    theirs = library_chan_vese(
        image.astype(np.float64),
        mu=0.3 * spread**2,
        dt=100 / np.pi,
        tol=1e-4,
        max_num_iter=500,
        init_level_set=checkerboard(image.shape).astype(np.float64),
    )
    same = np.mean(theirs == (ours.labels > 0))
    assert max(same, 1 - same) > 0.995


@each_form
def test_the_object_is_the_inside_of_a_given_start(form):
    image, truth = blobs()
    inside = run(chan_vese, image, form=form, length=0.5, point=(Point(18, 18),), radius=6.0)
    # The level set finds what is far from its contour too; the morphological contour only moves.
    here = truth & (np.arange(60) < 31) if form == "morphological" else truth
    assert np.mean(inside.labels == here) > 0.97
    outside = run(chan_vese, image, form=form, length=0.5, box=Box(0, 0, 60, 4))
    assert outside.labels[18, 18] == 0
    assert outside.choices["foreground"] == "dark"


def test_the_border_shortens_as_length_and_smoothing_grow():
    image, _ = blobs(1)
    image = np.clip(image + np.random.default_rng(5).normal(0, 40, image.shape), 0, 255).astype(np.uint8)

    def border(labels):
        return np.count_nonzero(np.diff(labels, axis=0)) + np.count_nonzero(np.diff(labels, axis=1))

    lengths = [border(run(chan_vese, image, length=length).labels) for length in (0.0, 0.1, 1.0)]
    assert lengths[0] > lengths[1] > lengths[2] > 0
    steps = [border(run(chan_vese, image, form="morphological", curvature_steps=n).labels) for n in (0, 1, 3)]
    assert steps[0] > steps[1] > steps[2] > 0


def test_what_moved_is_shown():
    image, _ = blobs()
    result = run(chan_vese, image, iterations=30, tolerance=0)
    moments = [int(name.removeprefix("contour_")) for name in result.layers if name.startswith("contour_")]
    assert moments == sorted(moments)
    assert moments[0] == 0
    assert moments[-1] == result.numbers["iterations"]
    assert len(moments) == 6
    assert np.array_equal(result.layers[f"contour_{moments[-1]}"], result.labels > 0)
    assert len(result.series["energy"]) == len(result.series["area"]) == result.numbers["iterations"] + 1
    assert result.series["area"][-1] == result.labels.sum()
    assert result.numbers["energy"] == result.series["energy"][-1]


def test_left_out_pixels_are_in_no_mean():
    image, truth = blobs()
    spoiled = image.copy()
    spoiled[:, 55:] = 255
    valid = np.ones(image.shape, bool)
    valid[:, 55:] = False
    for form in FORMS:
        result = run(chan_vese, spoiled, valid=valid, form=form, length=0.5)
        assert np.mean((result.labels == truth)[valid]) > 0.99


def test_a_flat_picture_is_background_with_a_note():
    result = run(chan_vese, np.full((6, 7), 8, np.uint8))
    assert not result.labels.any()
    assert "same value" in result.notes[0]


def test_a_start_that_is_left_out_is_refused():
    image, _ = blobs()
    valid = np.ones(image.shape, bool)
    valid[:10, :10] = False
    with pytest.raises(InputError, match="no pixel that counts"):
        run(chan_vese, image, valid=valid, box=Box(0, 0, 9, 9))
