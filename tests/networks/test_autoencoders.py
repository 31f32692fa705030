"""Denoising auto-encoders: counts, tiles, ties."""

import numpy as np
import pytest
import torch

from segcli.errors import SettingError
from segcli.networks.registry import build


def picture(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        ("dense_autoencoder", {}, 785_284),
        ("dense_autoencoder", {"tied": True}, 393_284),
        ("conv_autoencoder", {}, 31_457),
    ],
)
def test_the_parameters_are_those_of_the_layer_list(name, options, count):
    network = build(name, device="meta", **options)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize("tied", [False, True])
@torch.no_grad()
def test_a_digit_passes_two_layers_of_sigmoid_units(tied):
    network = build("dense_autoencoder", width=1 / 50, tied=tied).double()
    image = picture(3, 1, 28, 28).double()
    state = {name: parameter.numpy() for name, parameter in network.named_parameters()}
    hidden = sigmoid(image.numpy().reshape(3, 784) @ state["encoder.weight"].T + state["encoder.bias"])
    weight = state["encoder.weight"] if tied else state["decoder.weight"].T
    bias = state["decoder_bias"] if tied else state["decoder.bias"]
    expected = sigmoid(hidden @ weight + bias).reshape(3, 1, 28, 28)
    np.testing.assert_allclose(network(image).numpy(), expected, rtol=1e-12)


@torch.no_grad()
def test_larger_pictures_are_tiles_that_do_not_see_each_other():
    network = build("dense_autoencoder", in_channels=2, classes=3, width=1 / 20)
    image = picture(2, 2, 56, 84)
    made = network(image)
    for top in (0, 28):
        for left in (0, 28, 56):
            tile = (..., slice(top, top + 28), slice(left, left + 28))
            torch.testing.assert_close(made[tile], network(image[tile]))


@torch.no_grad()
def test_what_comes_out_of_the_dense_one_is_a_picture_not_logits():
    made = build("dense_autoencoder")(100 * picture(1, 1, 40, 30) - 50)
    assert 0 <= made.min() < made.max() <= 1


def test_weights_begin_with_glorots_spread():
    weight = build("dense_autoencoder").encoder.weight
    bound = (6 / 1284) ** 0.5
    assert 0.999 * bound < weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.01)


def test_tied_weights_give_back_the_channels_put_in():
    with pytest.raises(SettingError, match="classes is 1; tied weights give back the 3 channels put in"):
        build("dense_autoencoder", in_channels=3, classes=1, tied=True)


@torch.no_grad()
def test_the_convolutional_one_narrows_to_a_quarter_of_the_side():
    network, sizes = build("conv_autoencoder").eval(), []
    network.encoder.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape)))
    assert network(picture(1, 1, 29, 32)).shape == (1, 1, 29, 32)
    assert sizes == [(1, 64, 8, 8)]
