"""Windows: their inside is what a network is told of, their surroundings what it sees beside."""

import numpy as np
import pytest
import torch

from segcli.errors import InputError, SettingError
from segcli.learning.augment import Augmentation
from segcli.learning.batches import Example
from segcli.learning.scaling import Scaling
from segcli.learning.windows import DamagedWindows, Frame, Windows, damaged, frame_of, learned_outputs, surrounded
from segcli.networks.registry import build

UNIT = Scaling("dataset", (0.0,), (1.0,))


def example(height=40, width=50, objects=None):
    random = np.random.default_rng(4)
    image = random.integers(0, 256, (height, width, 1)).astype(np.uint8)
    target = (image[..., 0] >= 128).astype(np.uint8)
    return Example("noise.png", image, target, objects)


def test_the_truth_of_a_window_lies_in_its_middle():
    windows = Windows(Frame(20, 4, 3), Augmentation(flip=True, quarter_turns=True), UNIT)
    for seed in range(8):
        image, target, weights = windows(example(), np.random.default_rng(seed))
        assert image.shape == (1, 20, 20)
        assert weights is None
        inside = image[0, 4:17, 4:17]
        np.testing.assert_array_equal(target, inside >= 128 / 255)


def test_windows_reach_all_pixels_of_the_border():
    windows = Windows(Frame(20, 5, 5), Augmentation(), UNIT)
    around = surrounded(example(30, 30), 5, 5)
    assert around.image.shape == (40, 40, 1)
    np.testing.assert_array_equal(around.image[:5], around.image[10:5:-1])
    corners = [windows.cut(example(30, 30), np.random.default_rng(seed)).image[5, 5, 0] for seed in range(400)]
    assert example(30, 30).image[0, 0, 0] in corners


@pytest.mark.parametrize("augmentation", [Augmentation(), Augmentation(rotation=180)], ids=["cut", "turned"])
def test_balanced_windows_lie_around_all_classes_alike(augmentation):
    rare = np.zeros((60, 60), np.uint8)
    rare[10:12, 30:32] = 1
    image = (rare * 200)[..., None]
    windows = Windows(Frame(9, 4, 4), augmentation, UNIT, balanced=True)
    labels = [
        int(windows(Example("rare.png", image, rare), np.random.default_rng(seed))[1][0, 0]) for seed in range(400)
    ]
    assert 0.4 < np.mean(labels) < 0.6


def test_weights_are_those_of_the_whole_window():
    objects = np.zeros((40, 50), np.int32)
    objects[:, :20], objects[:, 23:] = 1, 2
    windows = Windows(Frame(32, 8, 8), Augmentation(), UNIT, weighted=True)
    picture = Example("cells.png", np.zeros((40, 50, 1), np.uint8), (objects > 0).astype(np.uint8), objects)
    _, target, weights = windows(picture, np.random.default_rng(0))
    assert weights.shape == target.shape == (16, 16)
    assert weights[target == 0].min() > weights[target == 1].max()


def test_frames_follow_the_network():
    assert frame_of(build("unet", device="meta"), None, 64, 16, "unet") == Frame(64)
    valid = build("unet_valid", device="meta", depth=2)
    assert frame_of(valid, 100, 64, 4, "unet_valid") == Frame(100, 20, 20)
    assert frame_of(valid, None, 64, 4, "unet_valid").side >= 64 + 40
    patches = build("patch_classifier", device="meta")
    assert frame_of(patches, None, 256, 1, "patch_classifier") == Frame(95, 47, 47)
    with pytest.raises(InputError, match="nearest are 100 and 104"):
        frame_of(valid, 101, 64, 4, "unet_valid")
    with pytest.raises(SettingError, match="--option window=63"):
        frame_of(patches, 63, 256, 1, "patch_classifier")


def test_windows_of_patches_are_judged_in_their_middle():
    network = build("patch_classifier", in_channels=1, classes=2, width=1 / 16).eval()
    picture = torch.randn(1, 1, 120, 130, generator=torch.Generator().manual_seed(1))
    whole = network(picture)
    (middle,) = learned_outputs(network, picture[..., 10:105, 20:115])
    torch.testing.assert_close(middle[0, :, 0, 0], whole[0, :, 57, 67], atol=1e-5, rtol=1e-4)


def test_damage_is_done_to_the_picture_and_not_to_its_truth():
    windows = DamagedWindows(Windows(Frame(16), Augmentation(), UNIT), "masking=0.5")
    image, clean, weights = windows(example(), np.random.default_rng(0))
    assert weights is None
    assert 0.3 < np.mean(image == 0) < 0.7
    np.testing.assert_array_equal(image[image > 0], clean[image > 0])


def test_the_seed_decides_the_damage():
    clean = np.full((1, 9, 9), 0.5, np.float32)
    assert np.array_equal(damaged(clean, "gaussian=0.1", 3), damaged(clean, "gaussian=0.1", 3))
    assert not np.array_equal(damaged(clean, "gaussian=0.1", 3), damaged(clean, "gaussian=0.1", 4))
