"""Probabilities by windows, mirrored and scaled views and ensembles, against the network applied at once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from segcli.errors import InputError, UsageError
from segcli.learning.card import ModelCard
from segcli.learning.device import choose_device
from segcli.learning.member import Member, field_of, load_member
from segcli.learning.predict import Predictor, window_at
from segcli.learning.scaling import Scaling
from segcli.networks.registry import build, find_architecture
from segcli.networks.shapes import mirrored
from segcli.networks.unet import valid_input

SCALED = Scaling("dataset", (0.4,), (0.25,))


def member(name="unet", classes=3, seed=0, channels=1, scaling=SCALED, **options):
    """A small network with start values, and statistics of normalization that are not those of the start."""
    card = ModelCard(name, channels, classes, tuple("abc"[: max(2, classes)]), scaling, width=1 / 16, options=options)
    network = build(name, in_channels=channels, classes=classes, width=1 / 16, seed=seed, **options).eval()
    generator = torch.Generator().manual_seed(seed)
    for place, tensor in network.named_buffers():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + (-0.5 if place.endswith("mean") else 0.5))
    # Probabilities near 0 and 1.
    with torch.no_grad():
        network.head.weight.mul_(6)
    row = find_architecture(name)
    multiple = getattr(network, "multiple", row.multiple)
    return Member(card, network, "cpu", field_of(card, network), multiple, getattr(network, "margin", 0))


def picture(height, width, channels=1, seed=0):
    """Noise at several scales, uint8."""
    random = np.random.default_rng(seed)
    shape = (height, width) if channels == 1 else (height, width, channels)
    coarse = random.normal(0, 30, (height // 16 + 1, width // 16 + 1)).repeat(16, 0).repeat(16, 1)[:height, :width]
    coarse = coarse if channels == 1 else coarse[:, :, None]
    return np.clip(110 + coarse + random.normal(0, 20, shape), 0, 255).astype(np.uint8)


def whole(predictor, image, channels=1):
    tops, parts = zip(*predictor.bands({channels: image}), strict=True)
    assert tops == tuple(sum(part.shape[1] for part in parts[:number]) for number in range(len(parts)))
    return np.concatenate(parts, 1)


def at_once(one, image):
    with torch.inference_mode():
        return one.network(torch.from_numpy(one.card.scaling(image))[None])[0].softmax(0).numpy()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (37, 50), (160, 210)])
def test_a_picture_that_fits_is_what_the_network_says_of_it(size):
    one, image = member(depth=2), picture(*size)
    found = whole(Predictor([one]), image)
    np.testing.assert_allclose(found, at_once(one, image), rtol=0, atol=1e-5)
    assert found.max() > 0.9 or image.size < 100


@pytest.mark.parametrize("kind", ["dataset", "picture"])
@pytest.mark.parametrize("batch", [1, 3])
def test_windows_equal_the_whole_within_a_ten_thousandth(kind, batch):
    one = member(depth=2, scaling=Scaling(kind, (0.4,), (0.25,)))
    image = picture(230, 301)
    made = Predictor([one], tile=96, batch=batch)
    assert len(made.grid(230, 301).columns) > 3
    assert made.grid(230, 301).fade == 0
    np.testing.assert_allclose(whole(made, image), at_once(one, image), rtol=0, atol=1e-4)


@pytest.mark.parametrize("views", [{"flip": True}, {"scale": True}, {"flip": True, "scale": True}])
def test_views_of_windows_equal_views_of_the_whole(views):
    one, image = member(depth=1), picture(131, 174)
    by_windows = Predictor([one], tile=96, **views)
    assert by_windows.grid(131, 174).fade == 0
    assert len(by_windows.grid(131, 174).rows) > 1
    at_once = Predictor([one], tile=1024, **views)
    np.testing.assert_allclose(whole(by_windows, image), whole(at_once, image), rtol=0, atol=1e-4)


def test_mirrored_views_of_a_symmetric_picture_are_symmetric():
    quarter = picture(32, 48)
    image = np.block([[quarter, quarter[:, ::-1]], [quarter[::-1], quarter[::-1, ::-1]]])
    one = member(depth=2)
    made = whole(Predictor([one], flip=True), image)
    for axis in (1, 2):
        np.testing.assert_allclose(made, np.flip(made, axis), rtol=0, atol=1e-5)
    assert np.abs(at_once(one, image) - np.flip(at_once(one, image), 2)).max() > 1e-3


def test_the_mean_of_views_is_the_mean():
    one, image = member(depth=1), picture(16, 24)
    mirrored_ways = [(slice(None, None, down), slice(None, None, right)) for down in (1, -1) for right in (1, -1)]
    expected = np.mean([at_once(one, image[way].copy())[(slice(None), *way)] for way in mirrored_ways], 0)
    np.testing.assert_allclose(whole(Predictor([one], flip=True), image), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (20, 33), (130, 170)])
def test_the_valid_unet_sees_the_picture_go_on_mirrored(size):
    one, image = member("unet_valid", depth=2), picture(*size)
    height, width = (valid_input(side, 2) for side in size)
    tensor = torch.from_numpy(one.card.scaling(image))[None]
    extended = mirrored(tensor, 20, width - size[1] - 20, 20, height - size[0] - 20)
    with torch.inference_mode():
        expected = one.network(extended)[0].softmax(0)[:, : size[0], : size[1]].numpy()
    for made in (Predictor([one]), Predictor([one], tile=48)):
        np.testing.assert_allclose(whole(made, image), expected, rtol=0, atol=1e-4)


def test_the_valid_unet_takes_mirrored_views_but_no_scales():
    one, image = member("unet_valid", depth=1), picture(70, 90)
    by_windows = whole(Predictor([one], tile=32, flip=True), image)
    np.testing.assert_allclose(by_windows, whole(Predictor([one], flip=True), image), rtol=0, atol=1e-4)
    with pytest.raises(UsageError, match="--tta flip"):
        Predictor([one], scale=True)


def test_networks_that_see_everything_are_blended_without_a_jump():
    # Its field is larger than the windows.
    one, image = member(depth=4), np.full((200, 260), 90, np.uint8)
    made = Predictor([one], tile=96)
    assert made.grid(200, 260).fade > 0
    found = whole(made, image)
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-5)
    assert found.shape == (3, 200, 260)


def test_an_ensemble_is_the_mean_of_its_probabilities():
    first, second, image = member(depth=1), member("unet_valid", depth=2, seed=3), picture(80, 90)
    expected = (whole(Predictor([first]), image) + whole(Predictor([second]), image)) / 2
    np.testing.assert_allclose(whole(Predictor([first, second]), image), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(whole(Predictor([first, second], tile=48), image), expected, rtol=0, atol=1e-4)


def test_gray_and_color_networks_vote_together():
    gray = member(depth=1)
    color = member(depth=1, channels=3, scaling=Scaling("imagenet", (0.4,) * 3, (0.2,) * 3))
    image, colors = picture(20, 20), picture(20, 20, 3)
    expected = (at_once(gray, image) + at_once(color, colors)) / 2
    tops = list(Predictor([gray, color]).bands({1: image, 3: colors}))
    np.testing.assert_allclose(tops[0][1], expected, rtol=0, atol=1e-5)


def test_an_ensemble_needs_the_same_classes():
    with pytest.raises(UsageError, match="same classes; these have a, b, c and a, b"):
        Predictor([member(depth=1), member(depth=1, classes=2)])


def test_one_logit_is_two_classes():
    one, image = member(depth=1, classes=1), picture(9, 9)
    found = whole(Predictor([one]), image)
    with torch.inference_mode():
        expected = one.network(torch.from_numpy(SCALED(image))[None])[0, 0].sigmoid().numpy()
    np.testing.assert_allclose(found, [1 - expected, expected], atol=1e-5)


def test_windows_of_a_large_picture_are_as_large_as_the_memory_allows(monkeypatch):
    one = member(depth=2)
    assert one.bytes_per_pixel > 4 * 3
    monkeypatch.setattr("segcli.learning.predict.BUDGET", {"cpu": int(one.bytes_per_pixel * 400 * 400)})
    large, small = Predictor([one]).grid(2000, 3000), Predictor([one]).grid(300, 500)
    assert max(span.stop - span.start for span in large.rows + large.columns) == 384
    assert (len(small.rows), len(small.columns)) == (1, 1)


@pytest.mark.parametrize(("rows", "columns"), [((-3, 4), (2, 9)), ((-30, 40), (-25, 30)), ((0, 5), (0, 7))])
def test_windows_go_on_mirrored_beyond_the_borders(rows, columns):
    planes = picture(5, 7)[:, :, None]
    extended = mirrored(torch.from_numpy(planes).permute(2, 0, 1)[None].float(), 40, 40, 40, 40)
    expected = extended[0, 0, rows[0] + 40 : rows[1] + 40, columns[0] + 40 : columns[1] + 40].numpy()
    np.testing.assert_array_equal(window_at(planes, rows, columns)[..., 0], expected)
    np.testing.assert_array_equal(window_at(planes[:1, :1], (-2, 2), (0, 3))[..., 0], np.full((4, 3), planes[0, 0, 0]))


def test_options_that_change_how_far_a_network_sees_are_not_overlooked():
    assert member("unet", depth=2).field == 48
    assert member("unet").field == 204
    card = member("unet", depth=1).card
    assert field_of(replace(card, options={"dropout": 0.1}), torch.nn.Identity()) == 204
    assert field_of(replace(card, options={"depth": 6}), torch.nn.Identity()) is None


def test_memory_that_is_not_there_is_told_with_what_to_try():
    one = member(depth=1)
    one.network.forward = lambda images: (_ for _ in ()).throw(torch.OutOfMemoryError("no"))
    with pytest.raises(InputError, match=r"needs more memory than cpu has free.*try --tile 128"):
        list(Predictor([one]).bands({1: picture(256, 9)}))


@pytest.mark.parametrize("word", ["gpu", "cuda:x", "CUDA", "", "cuda:999", "cuda 1"])
def test_devices_that_are_none_are_refused(word):
    with pytest.raises(UsageError, match="auto"):
        choose_device(word)


def test_devices_are_strict_and_auto_takes_what_is_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [choose_device(word) for word in ("auto", "cpu", "cuda", "cuda:1")] == ["cuda", "cpu", "cuda", "cuda:1"]
    with pytest.raises(UsageError, match="finds 2 of them"):
        choose_device("cuda:2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="no graphics card"):
        choose_device("cuda")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto") == "cpu"
    with pytest.raises(UsageError, match="none here"):
        choose_device("mps")


def test_a_model_is_read_once_and_must_not_change_meanwhile(disc_models):
    from hashlib import sha256

    path = str(disc_models["discs"])
    digest = sha256(disc_models["discs"].read_bytes()).hexdigest()
    assert load_member(path, digest, "cpu") is load_member(path, digest, "cpu")
    with pytest.raises(InputError, match="has changed"):
        load_member(path, "0" * 64, "cpu")
