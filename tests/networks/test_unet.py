"""U-Net: counts, sizes and start values of the paper; tiles that fit together."""

import pytest
import torch

from segcli.errors import InputError, SettingError
from segcli.networks.registry import build
from segcli.networks.unet import margin_of, valid_input, valid_output


def parameters(name, **settings):
    return sum(parameter.numel() for parameter in build(name, device="meta", **settings).parameters())


def rand(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("channels", "classes", "count"), [(1, 2, 31030658), (3, 2, 31031810), (1, 1, 31030593), (3, 21, 31033045)]
)
def test_the_original_has_31_million_parameters(channels, classes, count):
    assert parameters("unet_valid", in_channels=channels, classes=classes) == count
    assert parameters("unet", in_channels=channels, classes=classes, batch_norm=False) == count


def test_batch_normalization_takes_the_place_of_biases():
    assert parameters("unet", in_channels=3, classes=2) == 31037698
    assert parameters("unet", in_channels=3, classes=2, bilinear=True) == 17263042


@pytest.mark.parametrize(("root", "count"), [(32, 7759521), (35, 9282246)])
def test_other_root_widths_are_those_that_unet_plus_plus_is_compared_with(root, count):
    assert parameters("unet", in_channels=1, classes=1, root=root, batch_norm=False) == count


def test_depth_and_root_make_small_networks():
    network = build("unet", depth=2, root=8, classes=2, batch_norm=False)
    assert [unit[0].out_channels for unit in network.down] == [8, 16, 32]
    assert network(rand(1, 3, 21, 6)).shape == (1, 2, 21, 6)
    with pytest.raises(SettingError, match="depth is 0; it must be between 1 and 8"):
        build("unet", depth=0)


@pytest.mark.parametrize(
    ("picture", "logits"), [(188, 4), (204, 20), (252, 68), (508, 324), (572, 388), (684, 500), (700, 516)]
)
def test_valid_convolutions_leave_184_pixels_less(picture, logits):
    assert valid_output(picture) == logits
    assert valid_input(logits) == picture
    with torch.device("meta"):
        images = torch.empty(1, 1, picture, 188)
    assert build("unet_valid", width=1 / 16, device="meta")(images).shape == (1, 2, logits, 4)


def walked(side, depth):
    """The side after all layers, or None where a pooling would cut a pixel off or nothing is left."""
    sides = [side - 4]
    for _ in range(depth):
        if sides[-1] % 2 or sides[-1] <= 0:
            return None
        sides.append(sides[-1] // 2 - 4)
    for _ in range(depth):
        if sides[-1] <= 0:
            return None
        sides.append(2 * sides[-1] - 4)
    return sides[-1] if sides[-1] > 0 else None


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_sizes_of_any_depth_are_those_of_a_walk_through_the_layers(depth):
    fits = {side: walked(side, depth) for side in range(1, 620) if walked(side, depth)}
    assert {side: valid_output(side, depth) for side in fits} == fits
    for side in set(range(1, 620)) - set(fits):
        with pytest.raises(InputError):
            valid_output(side, depth)
    for output in range(1, max(fits.values()) + 1):
        assert valid_input(output, depth) == min(side for side, left in fits.items() if left >= output)


def test_a_picture_that_does_not_fit_is_told_which_sizes_do():
    network = build("unet_valid", width=1 / 16)
    with pytest.raises(InputError, match=r"side of 500 pixels .* takes 188 and every 16 more, nearest are 492 and 508"):
        network(rand(1, 1, 188, 500))
    with pytest.raises(InputError, match="nearest are 188 and 204"):
        network(rand(1, 1, 97, 188))


def test_a_network_says_what_a_tile_costs():
    network = build("unet_valid", width=1 / 16)
    assert (network.margin, network.least, network.multiple) == (92, 188, 16)
    assert not hasattr(build("unet", width=1 / 16), "margin")
    assert [margin_of(depth) for depth in (1, 2, 3)] == [8, 20, 44]


def test_skips_of_572_pixels_are_cropped_in_the_middle():
    network = build("unet_valid", device="meta")
    downs, joins = [], []
    for unit in network.down[:-1]:
        unit.register_forward_hook(lambda unit, given, made: downs.append(made.shape[-1]))
    for unit in network.join:
        unit.register_forward_pre_hook(lambda unit, given: joins.insert(0, given[0].shape[-1]))
    with torch.device("meta"):
        network(torch.empty(1, 1, 572, 572))
    assert (downs, joins) == ([568, 280, 136, 64], [392, 200, 104, 56])
    assert [(down - join) // 2 for down, join in zip(downs, joins, strict=True)] == [88, 40, 16, 4]


@torch.no_grad()
def test_the_skip_comes_before_what_is_upsampled():
    network, seen = build("unet_valid", width=1 / 16).eval(), {}
    network.down[0].register_forward_hook(lambda unit, given, made: seen.update(skip=made))
    network.up[-1].register_forward_hook(lambda unit, given, made: seen.update(up=made))
    network.join[-1].register_forward_pre_hook(lambda unit, given: seen.update(join=given[0]))
    network(rand(1, 1, 188, 188))
    skip, up = seen["join"].chunk(2, 1)
    assert torch.equal(skip, seen["skip"][..., 88:96, 88:96])
    assert torch.equal(up, seen["up"])


def in_tiles(network, image, side, step):
    """Logits of tiles of `side` pixels, `step` apart, laid over one another."""
    made = torch.full((1, 2, *(valid_output(length) for length in image.shape[-2:])), float("nan"))
    for top in range(0, image.shape[-2] - side + 1, step):
        for left in range(0, image.shape[-1] - side + 1, step):
            tile = network(image[..., top : top + side, left : left + side])
            made[..., top : top + tile.shape[-2], left : left + tile.shape[-1]] = tile
    return made


@torch.no_grad()
def test_tiles_a_multiple_of_16_apart_give_the_logits_of_the_whole():
    network = build("unet_valid", width=1 / 16).eval()
    image, side = rand(1, 1, 252, 284), 204
    whole, scale = network(image), float(network(image).abs().max())
    torch.testing.assert_close(in_tiles(network, image, side, valid_output(side) - 4), whole, rtol=0, atol=1e-5 * scale)


@torch.no_grad()
def test_tiles_any_distance_apart_are_pooled_in_other_squares():
    network = build("unet_valid", width=1 / 16).eval()
    image, side = rand(1, 1, 252, 252), 204
    shifted = network(image[..., 4 : 4 + side, 4 : 4 + side])
    whole = network(image)[..., 4 : 4 + shifted.shape[-2], 4 : 4 + shifted.shape[-1]]
    assert (shifted - whole).abs().max() > 1e-3 * whole.abs().max()


def test_start_values_are_those_of_the_paper():
    network = build("unet_valid", depth=2)
    first = network.down[0][2].weight
    assert first[0].numel() == 576
    assert float(first.detach().std()) == pytest.approx((2 / 576) ** 0.5, rel=0.02)
    assert round((2 / 576) ** 0.5, 4) == 0.0589
    up = network.up[0].weight  # one tap of each of 256 channels reaches a pixel
    assert float(up.detach().std()) == pytest.approx((2 / 256) ** 0.5, rel=0.02)
    assert all(not parameter.any() for name, parameter in network.named_parameters() if name.endswith("bias"))


def test_dropout_is_at_the_end_of_the_contracting_path_in_training_alone():
    network, made = build("unet_valid", width=1 / 4, dropout=1.0), []
    network.join[0].register_forward_pre_hook(lambda unit, given: made.append(given[0]))
    for mode in (True, False):
        network.train(mode)(rand(1, 1, 188, 188))
    trained, evaluated = made
    assert not trained.any()  # the skip of the last level but one, and what comes from the deepest: biases of 0
    assert evaluated.any()
