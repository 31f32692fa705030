"""What a network costs, on layers small enough to count by hand, and against torch's own counter."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from segcli.networks.registry import ARCHITECTURES, build
from segcli.networks.summary import summarize

FEW = ("vgg16", "unet", "unet_valid", "unet_plus_plus")
BY_NAME = {row.name: row for row in ARCHITECTURES}


def rows(summary):
    return [(layer.name, layer.kind, layer.shape, layer.parameters, layer.multiply_adds) for layer in summary.layers]


class Branches(nn.Module):
    """A convolution that runs twice, a sum, a join, a resize, and a head that the answer does not need."""

    def __init__(self):
        super().__init__()
        self.twice = nn.Conv2d(2, 2, 3, padding=1)
        self.up = nn.ConvTranspose2d(4, 3, 2, 2)
        self.unused = nn.Conv2d(2, 5, 1)

    def forward(self, image):
        first = self.twice(image)
        both = first + self.twice(first)
        joined = torch.cat([first, both], 1)[..., 1:, :]
        return nn.functional.interpolate(self.up(joined), scale_factor=2, mode="bilinear")


def test_layers_and_what_stands_between_them_are_listed_as_they_run():
    network = Branches()
    summary = summarize(network, 2, 6, 5)
    assert rows(summary) == [
        ("twice", "Conv2d", (1, 2, 6, 5), 2 * 2 * 9 + 2, 30 * 2 * 18),
        ("twice", "Conv2d", (1, 2, 6, 5), 0, 30 * 2 * 18),
        ("", "add", (1, 2, 6, 5), 0, 0),
        ("", "cat", (1, 4, 6, 5), 0, 0),
        ("up", "ConvTranspose2d", (1, 3, 10, 10), 4 * 3 * 4 + 3, 25 * 4 * 12),
        ("", "upsample_bilinear2d", (1, 3, 20, 20), 0, 0),
        ("unused", "Conv2d", (), 15, 0),
    ]
    assert summary.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert summary.multiply_adds == 2 * 30 * 2 * 18 + 25 * 4 * 12


def test_matrices_and_groups_are_multiplied_too():
    network = nn.Sequential(nn.Conv2d(4, 6, 3, groups=2, bias=False), nn.Flatten(), nn.Linear(6, 7))
    summary = summarize(network, 4, 3, 3)
    assert [layer.multiply_adds for layer in summary.layers] == [6 * 2 * 9, 0, 6 * 7]
    assert summary.inference - summary.weights == 4 * (36 + 6 + 7)  # a matrix seen transposed is not an activation


def test_memory_is_that_of_what_is_alive():
    # A picture of 100 floats; 200 after the first layer, 200 after the second, 100 after the last.
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Conv2d(2, 1, 3, padding=1))
    summary = summarize(network, 1, 10, 10)
    learned = 20 + 19
    assert summary.weights == 4 * learned
    assert summary.inference == 4 * (learned + 100 + 200 + 200)
    assert summary.training == 4 * (4 * learned + 100 + 200)  # the picture and the ReLU's result; nothing twice


def test_a_layer_in_place_needs_no_memory_of_its_own():
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(2, 1, 3, padding=1))
    summary = summarize(network, 1, 10, 10)
    assert summary.inference == 4 * (39 + 100 + 200 + 100)
    assert summary.training == 4 * (4 * 39 + 100 + 200)


def test_what_is_no_longer_needed_is_given_back():
    deep = [summarize(nn.Sequential(*[nn.Sigmoid()] * count), 1, 10, 10).inference for count in (2, 3, 9)]
    assert deep == [4 * 300, 4 * 300, 4 * 300]  # the picture, a result, and the one before it


def test_frozen_weights_have_no_gradient_and_buffers_count():
    network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.BatchNorm2d(1))
    network[0].weight.requires_grad_(False)
    summary = summarize(network, 1, 10, 10)
    assert summary.parameters == 2
    assert summary.weights == 4 + 4 * 4 + 8  # the kernel; gain, shift, mean, variance; how many batches came
    assert summary.training - summary.weights == 3 * 8 + 4 * 100 + 4 * 2 // 2  # ... mean and spread, of two pictures


def test_activations_grow_with_the_batch_and_the_weights_do_not():
    network = build("unet", width=1 / 16, device="meta")
    one, four = summarize(network, 3, 64, 64), summarize(network, 3, 64, 64, batch=4)
    assert four.inference - four.weights == 4 * (one.inference - one.weights)
    assert four.multiply_adds == 4 * one.multiply_adds
    assert four.weights == one.weights


def test_half_the_precision_takes_half_the_memory():
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU())
    full = summarize(network, 1, 10, 10)
    half = summarize(network.bfloat16(), 1, 10, 10)
    assert (2 * half.weights, 2 * half.inference, 2 * half.training) == (full.weights, full.inference, full.training)


def test_the_network_is_left_as_it_was():
    network = build("unet", width=1 / 16).train()
    network.pool.eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    summarize(network, 3, 33, 47)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert network.training
    assert not network.pool.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


@pytest.mark.parametrize(
    "name", [*FEW, *(pytest.param(name, marks=pytest.mark.slow) for name in BY_NAME if name not in FEW)]
)
def test_multiply_adds_are_half_of_torchs_floating_point_operations(name):
    row = BY_NAME[name]
    network = build(name, width=1 / 16, device="meta").eval()
    side = getattr(network, "least", 64)
    summary = summarize(network, row.in_channels, side, side)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.empty(1, row.in_channels, side, side, device="meta"))
    assert 2 * summary.multiply_adds == counter.get_total_flops() > 0
    assert summary.parameters == sum(each.numel() for each in network.parameters() if each.requires_grad)
    assert summary.weights < summary.inference
    assert summary.weights < summary.training


@pytest.mark.parametrize("name", ["unet", "unet_plus_plus"])
def test_what_training_keeps_is_what_a_real_run_keeps(name):
    network = build(name, in_channels=3, width=1 / 16).train()
    weights, kept = {parameter.data_ptr() for parameter in network.parameters()}, {}
    weights |= {buffer.data_ptr() for buffer in network.buffers()}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    summary = summarize(network, 3, 33, 48, batch=2)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = network(torch.rand(2, 3, 33, 48))
    learned = sum(parameter.nbytes for parameter in network.parameters())
    assert summary.training - summary.weights - 3 * learned == sum(kept.values())
    assert logits.shape[-2:] == (33, 48)
