"""Scaling of pictures, targets made of objects, and learning rates over time."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.learning.scaling import IMAGENET_MEAN, Scaling, fit_scaling
from segcli.learning.schedule import Schedule
from segcli.learning.targets import borders, target_of


def test_a_data_set_is_scaled_to_mean_zero_and_deviation_one():
    random = np.random.default_rng(0)
    images = [random.integers(50, 150, (20, 30, 3)).astype(np.uint8) for _ in range(5)]
    scaling = fit_scaling(images, "dataset")
    made = np.concatenate([scaling(image).reshape(3, -1) for image in images], 1)
    np.testing.assert_allclose(made.mean(1), 0, atol=1e-3)
    np.testing.assert_allclose(made.std(1), 1, atol=1e-3)


def test_each_picture_by_itself_does_not_depend_on_exposure():
    image = np.random.default_rng(1).integers(0, 100, (40, 40)).astype(np.uint16)
    scaling = fit_scaling([image[..., None]], "picture")
    np.testing.assert_allclose(scaling(image), scaling(image * 300 + 7), atol=1e-4)


def test_a_few_bright_pixels_stay_within_bounds():
    image = np.random.default_rng(2).integers(0, 10, (100, 100)).astype(np.uint8)
    image[0, :5] = 255
    made = fit_scaling([image[..., None]], "picture")(image)
    assert made.max() == (3 - 0.5) / 0.5


def test_exposures_that_differ_more_than_pixels_do_are_scaled_by_themselves():
    flat = [np.full((8, 8, 1), level, np.uint8) + np.eye(8, dtype=np.uint8)[..., None] for level in (10, 100, 200)]
    assert fit_scaling(flat).kind == "picture"
    noisy = [np.random.default_rng(seed).integers(0, 255, (8, 8, 1)).astype(np.uint8) for seed in range(3)]
    assert fit_scaling(noisy).kind == "dataset"


def test_imagenet_takes_its_own_numbers_and_the_range_of_the_type():
    scaling = fit_scaling([], "imagenet")
    assert scaling.mean == IMAGENET_MEAN
    made = scaling(np.full((1, 1, 3), 65535, np.uint16))
    np.testing.assert_allclose(made[:, 0, 0], (1 - np.array(IMAGENET_MEAN)) / np.array(scaling.std), rtol=1e-5)


def test_a_scaling_survives_its_file_and_refuses_other_channels():
    scaling = Scaling("dataset", (0.5,), (0.25,))
    assert Scaling.from_dict(scaling.as_dict()) == scaling
    with pytest.raises(InputError, match="has 3 channels; the model takes 1"):
        scaling(np.zeros((2, 2, 3), np.uint8))


def test_objects_that_touch_are_parted_by_a_border():
    instances = np.zeros((9, 12), np.int32)
    instances[1:8, 1:6], instances[1:8, 6:11] = 4, 9
    made = borders(instances, reach=1)
    assert (made[4, 5], made[4, 6]) == (2, 2)
    assert (made[4, 3], made[4, 8]) == (1, 1)
    assert (made[4, 1], made[1, 3]) == (2, 2)
    assert made[0].tolist() == [0] * 5 + [2, 2] + [0] * 5


def test_narrow_background_between_two_objects_is_border_too():
    made = borders(np.array([[1, 1, 1, 1, 0, 2, 2, 2, 2]]), reach=1)
    assert made.tolist() == [[1, 1, 1, 2, 2, 2, 1, 1, 1]]


def test_void_stays_void_and_classes_have_no_borders():
    classes = np.array([[0, 1, 255]], np.uint8)
    made = target_of(classes, np.array([[0, 3, 3]]), "borders", 255)
    assert made[0, 2] == 255
    with pytest.raises(InputError, match="needs label images"):
        target_of(classes, None, "borders", 255)


@pytest.mark.parametrize(
    ("kind", "shares"),
    [
        ("constant", [1, 1, 1]),
        ("step", [1, 0.1, 0.01]),
        ("poly", [1, 0.5359, 0.1259]),  # (1 - share)^.9
        ("cosine", [1, 0.5, 0.0245]),
    ],
)
def test_rates_over_a_run(kind, shares):
    schedule = Schedule(kind, 100)
    assert [schedule.share(step) for step in (0, 50, 90)] == pytest.approx(shares, abs=1e-4)


def test_a_rate_warms_up_in_equal_steps():
    schedule = Schedule("constant", 100, warmup=3)
    assert [schedule.share(step) for step in range(5)] == [0.25, 0.5, 0.75, 1, 1]
