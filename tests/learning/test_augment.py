"""Windows and their changes: the picture and its truth stay together."""

from dataclasses import replace

import numpy as np
import pytest

from segcli.errors import SettingError, UsageError
from segcli.learning.augment import SETS, Augmentation, augmentation_from
from segcli.learning.batches import Batches, Example, window_of


def example(height=60, width=80, dtype=np.uint8, channels=1):
    """A picture whose gray level tells its class: below the middle 0, above it 1; and three objects."""
    rows, columns = np.mgrid[:height, :width]
    classes = (((rows - 30) ** 2 + (columns - 40) ** 2) < 400).astype(np.uint8)
    image = np.repeat((classes * 200 + 20)[..., None], channels, 2).astype(dtype)
    return Example("disc", image, classes, classes.astype(np.int32) * 70_000)


def generator(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(("height", "width"), [(60, 80), (20, 90), (5, 5), (1, 1), (64, 64)])
def test_a_window_has_its_size_whatever_the_picture_s(name, height, width):
    made = SETS[name](example(height, width), 64, generator())
    assert made.image.shape == (64, 64, 1)
    assert made.target.shape == made.instances.shape == (64, 64)
    assert made.image.dtype == np.uint8
    assert set(np.unique(made.target)) <= {0, 1}


@pytest.mark.parametrize("name", ["none", "light"])
def test_truth_and_objects_move_with_the_picture(name):
    for seed in range(8):
        made = SETS[name](example(), 48, generator(seed))
        expected = made.image[..., 0] > 120
        assert np.mean(expected == (made.target == 1)) > 0.995
        assert set(np.unique(made.instances)) <= {0, 70_000}
        assert np.array_equal(made.instances > 0, made.target == 1)


def test_a_turned_and_deformed_truth_still_lies_on_the_picture():
    bend = Augmentation(rotation=180, scale=1.3, elastic=6, flip=True, quarter_turns=True)
    for seed in range(8):
        made = bend(example(), 64, generator(seed))
        assert np.mean((made.image[..., 0] > 120) == (made.target == 1)) > 0.98


def test_the_same_generator_gives_the_same_window():
    for augmentation in SETS.values():
        first, second = (augmentation(example(), 32, generator(7)) for _ in range(2))
        assert np.array_equal(first.image, second.image)
        assert np.array_equal(first.target, second.target)


def test_quarter_turns_and_flips_only_rearrange():
    turned = Augmentation(flip=True, flip_vertical=True, quarter_turns=True)
    source = example(16, 16)
    source = replace(source, image=np.arange(256, dtype=np.uint8).reshape(16, 16, 1))
    seen = {turned(source, 16, generator(seed)).image.tobytes() for seed in range(60)}
    assert len(seen) == 8
    assert all(sorted(found) == list(range(256)) for found in seen)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_intensities_keep_type_and_range(dtype):
    loud = Augmentation(brightness=0.5, contrast=1, gamma=1, noise=0.2, blur=2, color=0.5, cutout=0.5)
    image = (np.random.default_rng(0).random((32, 32, 3)) * (255 if dtype == np.uint8 else 1000)).astype(dtype)
    made = loud(Example("noise", image, np.zeros((32, 32), np.uint8)), 32, generator())
    assert made.image.dtype == dtype
    assert not np.array_equal(made.image, image)
    assert np.isfinite(made.image).all()


def test_a_large_picture_is_warped_beyond_what_opencv_takes_at_once():
    image = np.zeros((40, 40_000, 1), np.uint8)
    image[:, 35_000:] = 255
    source = Example("wide", image, (image[..., 0] > 0).astype(np.uint8))
    made = Augmentation(rotation=5)(source, 32, generator(3))
    assert np.mean((made.image[..., 0] > 127) == (made.target == 1)) > 0.95


def test_a_table_of_changes_comes_from_a_file(tmp_path):
    file = tmp_path / "changes.toml"
    file.write_text("flip = true\nrotation = 30\n")
    assert augmentation_from(str(file)) == Augmentation(flip=True, rotation=30)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("rotatoin = 3", UsageError, "did you mean rotation"),
        ("flip = 3", UsageError, "must be true or false"),
        ("rotation = 'a'", UsageError, "must be a number"),
        ("rotation = 300", SettingError, "between 0 and 180"),
        ("rotation = ", UsageError, "changes.toml"),
    ],
)
def test_mistakes_in_such_a_file_are_named(tmp_path, text, error, words):
    file = tmp_path / "changes.toml"
    file.write_text(text)
    with pytest.raises(error, match=words):
        augmentation_from(str(file))


def test_windows_of_small_pictures_go_on_mirrored():
    source = Example("two", np.array([[[1], [2]]], np.uint8), np.array([[0, 1]], np.uint8))
    made = window_of(source, 4, generator())
    assert made.image[0, :, 0].tolist() == [1, 2, 2, 1]
    assert made.target[3].tolist() == [0, 1, 1, 0]


def test_every_picture_comes_once_before_any_comes_again_and_processes_share_a_batch():
    def batches(rank=0, world=1):
        return Batches(5, lambda number: example(), lambda *_: None, 4, seed=1, rank=rank, world=world)

    numbers = [number for step in range(5) for _, number in batches().places(step)]
    assert [sorted(numbers[start : start + 5]) for start in (0, 5, 10, 15)] == [[0, 1, 2, 3, 4]] * 4
    assert sorted(batches(0, 2).places(3) + batches(1, 2).places(3)) == sorted(batches().places(3))
