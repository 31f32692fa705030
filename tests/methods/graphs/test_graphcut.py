"""The two-label graph cut as a method."""

import itertools
import json
import math

import numpy as np
import pytest
from PIL import Image

from segcli.arrays import Box
from segcli.errors import InputError, SettingError
from segcli.method import run
from segcli.methods.graphs.graphcut import graphcut


def blob(seed=0, dtype=np.uint8, top=255):
    """A noisy bright square (rows 8 to 19, columns 10 to 25) on a dark ground, and its truth."""
    random = np.random.default_rng(seed)
    truth = np.zeros((30, 40), bool)
    truth[8:20, 10:26] = True
    values = np.clip(np.where(truth, 0.7, 0.3) + random.normal(0, 0.12, truth.shape), 0, 1)
    values[0, 0], values[10, 12] = 0, 1
    return (np.rint(values * top) if np.dtype(dtype).kind == "u" else values).astype(dtype), truth


def strokes():
    scribbles = np.zeros((30, 40), np.int32)
    scribbles[13, 13:23] = 1
    scribbles[3, 2:38] = 2
    scribbles[26, 2:38] = 2
    return scribbles


def energy(labels, scribbles, posterior, image, weight, sigma):
    """The energy as the docstring defines it, for 8-connectivity, in plain loops."""
    image = image.astype(np.float64).reshape(*labels.shape, -1)
    total = 0.0
    for row, column in np.ndindex(labels.shape):
        if scribbles[row, column] == 0:
            share = posterior[row, column]
            total -= math.log(share if labels[row, column] else 1 - share)
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
            other = (row + down, column + right)
            if other[0] < labels.shape[0] and 0 <= other[1] < labels.shape[1] and labels[row, column] != labels[other]:
                square = np.sum((image[row, column] - image[other]) ** 2)
                total += weight * math.exp(-square / (2 * sigma**2)) / math.hypot(down, right)
    return total


def test_equal_colors_cost_ln_2_a_pixel_and_one_link():
    # Both models are the same, so either label of an open pixel costs -ln 1/2; one link of the chain must go and
    # none is weakened by contrast: 2 ln 2 + 3 * 1. The smallest object is taken.
    result = graphcut(np.full((1, 4), 7, np.uint8), scribbles=np.array([[2, 0, 0, 1]], np.int32), weight=3.0)
    assert result.labels.tolist() == [[0, 0, 0, 1]]
    assert result.numbers["energy"] == pytest.approx(2 * math.log(2) + 3, rel=1e-6)
    assert result.numbers["contrast"] == 0


def test_no_labeling_of_a_tiny_picture_has_less_energy():
    random = np.random.default_rng(3)
    for weight in (0.0, 0.5, 4.0):
        image = random.integers(0, 256, (3, 4, 3), dtype=np.uint8)
        scribbles = np.array([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 2]], np.int32)
        result = graphcut(image, scribbles=scribbles, weight=weight, contrast=90.0)
        posterior = result.layers["posterior"].astype(np.float64)
        energies = []
        for bits in itertools.product((0, 1), repeat=10):
            labels = np.reshape([1, *bits, 0], (3, 4))
            energies.append(energy(labels, scribbles, posterior, image, weight, 90.0))
        assert result.numbers["energy"] == pytest.approx(min(energies), rel=1e-5)
        assert result.numbers["flow"] == pytest.approx(min(energies), rel=1e-5)


@pytest.mark.parametrize("model", ["histogram", "gaussian"])
@pytest.mark.parametrize("connectivity", [4, 8])
def test_a_scribbled_square_is_found_and_the_flow_proves_the_energy(model, connectivity):
    image, truth = blob()
    result = run(graphcut, image, scribbles=strokes(), color_model=model, connectivity=connectivity, weight=3.0)
    assert (result.labels == truth).mean() > 0.98
    assert result.numbers["flow"] == pytest.approx(result.numbers["energy"], rel=1e-6)
    assert result.notes == ()


def test_scribbles_are_obeyed_against_the_colors():
    image, _ = blob()
    scribbles = strokes()
    scribbles[14, 15] = 2
    scribbles[4, 5] = 1
    labels = run(graphcut, image, scribbles=scribbles, weight=0.1).labels
    assert labels[14, 15] == 0
    assert labels[4, 5] == 1


@pytest.mark.parametrize("model", ["histogram", "gaussian"])
def test_a_box_keeps_everything_outside_it_as_background(model):
    image, truth = blob()
    result = run(graphcut, image, box=(7, 5, 30, 23), color_model=model, weight=3.0)
    assert (result.labels == truth).mean() > 0.97
    outside = np.ones(truth.shape, bool)
    outside[5:23, 7:30] = False
    assert not result.labels[outside].any()


def test_a_box_with_a_scribble_takes_the_colors_of_the_scribble():
    image = np.full((20, 30, 3), 60, np.uint8)
    image[5:15, 5:14] = (200, 30, 30)
    image[5:15, 16:25] = (30, 200, 30)
    scribbles = np.zeros((20, 30), np.int32)
    scribbles[8, 18:22] = 1
    labels = run(graphcut, image, box=(3, 3, 27, 17), scribbles=scribbles, weight=1.0).labels
    assert labels[5:15, 16:25].all()
    assert labels.sum() == 90


@pytest.mark.parametrize("model", ["histogram", "gaussian"])
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_the_pixel_type_makes_no_difference(model, dtype):
    # The picture reaches from 0 to the type's top, so that all histograms have the same range.
    eight = run(graphcut, blob()[0], scribbles=strokes(), color_model=model, weight=3.0).labels
    other = run(graphcut, blob(dtype=dtype, top=65535)[0], scribbles=strokes(), color_model=model, weight=3.0).labels
    assert (other == eight).mean() > 0.995


def test_without_hints_the_smaller_side_is_the_object():
    image, truth = blob()
    bright = run(graphcut, image, weight=3.0)
    assert (bright.labels == truth).mean() > 0.98
    assert bright.choices["foreground"] == "bright"
    dark = run(graphcut, 255 - image, weight=3.0)
    assert np.array_equal(dark.labels, bright.labels)
    assert dark.choices["foreground"] == "dark"
    assert (run(graphcut, image, foreground="dark", weight=3.0).labels != truth).mean() > 0.98


def test_the_border_never_grows_with_the_weight():
    image, _ = blob(1)
    borders = []
    for weight in (0.0, 1.0, 3.0, 10.0, 30.0):
        labels = run(graphcut, image, scribbles=strokes(), weight=weight, contrast=30.0).labels
        borders.append(energy(labels, np.ones(labels.shape), labels, image, 1.0, 30.0))
    assert all(after <= before + 1e-6 for before, after in itertools.pairwise(borders))
    assert borders[-1] < borders[0]


def test_left_out_pixels_teach_nothing_and_stay_background():
    image, truth = blob()
    spoiled = image.copy()
    spoiled[:, 30:] = 255
    valid = np.ones(image.shape, bool)
    valid[:, 30:] = False
    scribbles = strokes()
    scribbles[:, 30:] = 0
    for hints in ({"scribbles": strokes()}, {}):
        result = run(graphcut, spoiled, valid=valid, weight=3.0, **hints)
        assert (result.labels == truth).mean() > 0.98
        assert not result.labels[:, 30:].any()


def test_a_constant_picture_without_hints_is_background_with_a_note():
    result = run(graphcut, np.full((5, 6), 9, np.uint8))
    assert not result.labels.any()
    assert "same value" in result.notes[0]


def test_an_empty_cut_is_said():
    image, _ = blob()
    result = run(graphcut, image, weight=10000.0)
    assert not result.labels.any()
    assert "no object" in result.notes[0]


@pytest.mark.parametrize(
    ("hints", "words"),
    [
        ({"scribbles": np.eye(5, dtype=np.int32)}, r"no pixel of 2 \(background\)"),
        ({"scribbles": 2 * np.eye(5, dtype=np.int32)}, r"no pixel of 1 \(object\)"),
        ({"scribbles": 255 * np.eye(5, dtype=np.int32)}, "value 255"),
        ({"scribbles": -np.eye(5, dtype=np.int32)}, "value -1"),
        ({"box": Box(0, 0, 5, 5)}, "covers the whole image"),
        ({"box": Box(0, 0, 2, 2), "scribbles": np.full((5, 5), 2)}, "nothing inside the box"),
        ({"box": Box(0, 0, 2, 2), "valid": np.arange(25).reshape(5, 5) > 10}, "nothing inside the box"),
    ],
)
def test_hints_that_say_too_little_are_refused_in_one_line(hints, words):
    with pytest.raises(InputError, match=words) as caught:
        run(graphcut, np.arange(25, dtype=np.uint8).reshape(5, 5), **hints)
    assert "\n" not in str(caught.value)


def test_ten_scribbled_photographs_reach_an_overlap_of_0_9(data):
    overlaps = []
    for name in json.loads((data / "grabcut/boxes.json").read_text()):
        image = np.array(Image.open(data / f"grabcut/images/{name}.jpg").convert("RGB"))
        truth = np.array(Image.open(data / f"grabcut/masks/{name}.png"))
        result = run(graphcut, image, scribbles=np.array(Image.open(data / f"grabcut/scribbles/{name}_s2.png")))
        assert result.numbers["flow"] == pytest.approx(result.numbers["energy"], rel=1e-6)
        found, wanted = result.labels[truth != 128] > 0, truth[truth != 128] == 255
        overlaps.append((found & wanted).sum() / (found | wanted).sum())
    assert np.mean(overlaps) > 0.9


def four_stripes(seed=0):
    """Four noisy colored stripes from dark to bright, their truth, and a stroke on each, numbered from the bright."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(4), 10)[None].repeat(20, axis=0)
    colors = np.array([(30, 20, 40), (120, 40, 60), (60, 150, 90), (220, 200, 170)])
    image = np.clip(colors[truth] + random.normal(0, 20, (20, 40, 3)), 0, 255).astype(np.uint8)
    scribbles = np.zeros(truth.shape, np.int32)
    for label in range(4):
        scribbles[4:16, 10 * label + 5] = 4 - label
    return image, truth, scribbles


def test_scribbles_of_four_classes_are_numbered_as_drawn():
    image, truth, scribbles = four_stripes()
    result = run(graphcut, image, classes=4, scribbles=scribbles, weight=3.0)
    assert result.kind == "classes"
    assert np.mean(result.labels == 3 - truth) > 0.98
    assert np.array_equal(result.labels[scribbles > 0], scribbles[scribbles > 0] - 1)
    assert (np.diff(result.series["energy"]) <= 0).all()


def test_classes_without_scribbles_are_groups_of_color_from_dark_to_light():
    image, truth, _ = four_stripes(1)
    result = run(graphcut, image, classes=4, weight=3.0)
    assert np.mean(result.labels == truth) > 0.98
    assert np.mean(result.layers["likeliest"] == truth) < np.mean(result.labels == truth)


def test_energy_of_three_equal_classes_by_hand():
    # All colors are the same, so any class of the two open pixels costs ln 3; two links of weight 2 must be cut.
    scribbles = np.array([[1, 0, 2, 0, 3]], np.int32)
    result = run(graphcut, np.full((1, 5), 7, np.uint8), classes=3, scribbles=scribbles, weight=2.0)
    assert result.numbers["energy"] == pytest.approx(2 * math.log(3) + 4, rel=1e-6)


def test_a_class_that_no_pixel_takes_is_said():
    result = run(graphcut, four_stripes()[0], classes=4, weight=10000.0)
    assert "no pixel is of class" in result.notes[0]


def test_more_classes_have_neither_box_nor_side():
    image = four_stripes()[0]
    for name, value in (("box", Box(1, 1, 9, 9)), ("foreground", "dark")):
        with pytest.raises(SettingError, match="needs two classes, there are 3") as caught:
            run(graphcut, image, classes=3, **{name: value})
        assert caught.value.name == name
    with pytest.raises(InputError, match="no pixel of 4"):
        run(graphcut, image, classes=5, scribbles=np.minimum(four_stripes()[2], 3))


def test_hints_are_a_layer_and_without_hints_there_is_none():
    image, _ = blob()
    assert np.array_equal(run(graphcut, image, scribbles=strokes()).layers["seeds"], strokes())
    boxed = run(graphcut, image, box=Box(6, 4, 30, 24)).layers["seeds"]
    assert boxed[0, 0] == 2
    assert boxed[10, 12] == 0
    assert "seeds" not in run(graphcut, image).layers
