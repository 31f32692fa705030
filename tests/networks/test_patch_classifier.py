"""The sliding window: what it sees, which pixel it labels, and the short cut past windows."""

import numpy as np
import pytest
import torch
from torch import nn

from segcli.errors import SettingError, UsageError
from segcli.networks.registry import build


def picture(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def windows_of(image, window, row, column):
    """The windows around one pixel, cut from numpy's mirror image."""
    before, after = window // 2, window - 1 - window // 2
    borders = ((0, 0), (0, 0), (before, after), (before, after))
    surrounded = np.pad(image.numpy(), borders, mode="reflect")
    return torch.from_numpy(surrounded[:, :, row : row + window, column : column + window])


class Pixel(nn.Module):
    """Says what lies at one place of a window."""

    def __init__(self, place):
        super().__init__()
        self.place = place

    def forward(self, patches):
        return patches[:, :, self.place, self.place]


def test_the_patch_network_has_the_parameters_of_its_layer_list():
    # 816 + 57,648 + 36,912 + 36,912 + 86,600 + 402
    assert sum(parameter.numel() for parameter in build("patch_classifier", device="meta").parameters()) == 219_290


def test_95_pixels_close_exactly():
    network, sizes = build("patch_classifier", width=1 / 48), []
    for layer in network.network.convolutions:
        layer.register_forward_pre_hook(lambda _, given: sizes.append(given[0].shape[2]))
    assert network.network.hidden.kernel_size == (3, 3)
    assert network.patch_logits(picture(5, 1, 95, 95)).shape == (5, 2)
    side, expected = 95, []
    for kernel in (4, 5, 4, 4):
        expected += [side - kernel + 1]
        side = expected[-1] // 2
    assert expected == [92, 42, 18, 6]


@pytest.mark.parametrize("window", [95, 79, 64, 63])
@pytest.mark.parametrize("stride", [1, 2, 3, 4, 16, 24])
@torch.no_grad()
def test_all_windows_at_once_are_each_window_by_itself(window, stride):
    network = build("patch_classifier", in_channels=2, classes=3, width=1 / 8, window=window, stride=stride).eval()
    image = picture(2, 2, 50, 26)
    logits = network(image)
    for row in sorted({0, stride, 48 // stride * stride}):
        for column in sorted({0, stride, 24 // stride * stride}):
            alone = network.patch_logits(windows_of(image, window, row, column))
            torch.testing.assert_close(logits[:, :, row, column], alone)


@torch.no_grad()
def test_the_short_cut_is_exact_at_full_width():
    network = build("patch_classifier").eval()
    image = picture(1, 1, 5, 6)
    logits = network(image)
    for row, column in ((0, 0), (2, 3), (4, 5)):
        torch.testing.assert_close(logits[:, :, row, column], network.patch_logits(windows_of(image, 95, row, column)))


@torch.no_grad()
def test_gradients_of_the_short_cut_are_those_of_windows():
    network = build("patch_classifier", width=1 / 8)
    image = picture(1, 1, 3, 2)
    with torch.enable_grad():
        everywhere = network(image).square().sum()
        each = [network.patch_logits(windows_of(image, 95, row, column)) for row in range(3) for column in range(2)]
        one_by_one = torch.stack(each).square().sum()
        parameters = list(network.parameters())
        pairs = zip(
            torch.autograd.grad(everywhere, parameters), torch.autograd.grad(one_by_one, parameters), strict=True
        )
    for dense, alone in pairs:
        torch.testing.assert_close(dense, alone, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("window", [33, 34, 95])
@torch.no_grad()
def test_the_labeled_pixel_is_the_middle_of_the_window(window):
    network = build("patch_classifier", in_channels=3, classes=3, width=1 / 48, backbone="vgg16", window=window)
    network.network = Pixel(window // 2)
    image = picture(2, 3, 9, 14)
    assert torch.equal(network(image), image)


@torch.no_grad()
def test_pixels_between_are_filled_in_on_straight_lines():
    network = build("patch_classifier", in_channels=1, classes=1, width=1 / 48, backbone="vgg16", window=33, stride=4)
    network.network = Pixel(16)
    rows, columns = torch.meshgrid(torch.arange(9.0), torch.arange(13.0), indexing="ij")
    ramp = (3 * rows - 2 * columns)[None, None]
    torch.testing.assert_close(network(ramp), ramp)
    image = picture(1, 1, 11, 14)
    assert torch.equal(network(image)[..., ::4, ::4], image[..., ::4, ::4])


@pytest.mark.parametrize("batch", [1, 7, 1000])
@torch.no_grad()
def test_any_classifier_of_the_table_can_look_through_the_window(batch):
    settings = {"in_channels": 3, "classes": 2, "width": 1 / 64, "backbone": "vgg16", "window": 37, "stride": 5}
    network = build("patch_classifier", **settings, batch=batch).eval()
    image = picture(2, 3, 12, 8)
    logits = network(image)
    assert logits.shape == (2, 2, 12, 8)
    for row, column in ((0, 0), (5, 5), (10, 0)):
        alone = network.patch_logits(windows_of(image, 37, row, column))
        torch.testing.assert_close(logits[:, :, row, column], alone)


def test_the_backbone_takes_the_seed_and_the_device_of_the_whole():
    settings = {"width": 1 / 64, "backbone": "vgg16"}
    first, again, other = (build("patch_classifier", **settings, seed=seed).state_dict() for seed in (1, 1, 2))
    key = "network.features.0.weight"
    assert torch.equal(first[key], again[key])
    assert not torch.equal(first[key], other[key])
    assert build("patch_classifier", **settings, device="meta").network.features[0].weight.is_meta


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 62}, "window is 62; the patch network needs at least 63 pixels"),
        ({"stride": 0}, "stride is 0; it must be at least 1"),
        ({"batch": 0}, "batch is 0; it must be at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(options, message):
    with pytest.raises(SettingError, match=message):
        build("patch_classifier", **options)


def test_a_network_that_labels_pixels_cannot_be_the_backbone():
    with pytest.raises(UsageError, match="'fcn8s' labels pixels; a window needs one that classifies"):
        build("patch_classifier", backbone="fcn8s")
