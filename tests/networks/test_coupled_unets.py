"""CU-Net: counts, coupling of order K, heads, and no memory between two calls."""

import pytest
import torch
from torch import nn

from segcli.errors import SettingError
from segcli.networks.registry import build


def small(**settings):
    return build("cunet", **{"in_channels": 3, "classes": 2, "width": 1 / 16, **settings}).eval()


def rand(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("classes", "counts"),
    [(16, {2: 1923200, 4: 3952128, 8: 8009984, 16: 16125696}), (21, {2: 1924480, 4: 3954688, 8: 8015104})],
)
def test_parameters_are_counted_exactly(classes, counts):
    for unets, count in counts.items():
        network = build("cunet", classes=classes, unets=unets, device="meta")
        assert sum(parameter.numel() for parameter in network.parameters()) == count


@pytest.mark.parametrize("order", [0, 1, 2, 3])
@torch.no_grad()
def test_blocks_see_the_same_blocks_of_the_last_unets(order):
    network, given, made = small(unets=4, order=order), [], []
    for unet in network.unets:
        unet.register_forward_pre_hook(lambda unet, inputs: given.append(inputs[1]))
        unet.register_forward_hook(lambda unet, inputs, outputs: made.append(outputs[1]))
    network(rand(1, 3, 64, 64))
    for number, history in enumerate(given):
        assert len(history) == 9
        for block, saved in enumerate(history):
            expected = [made[earlier][block] for earlier in range(max(0, number - order), number)]
            assert [id(tensor) for tensor in saved] == [id(tensor) for tensor in expected]


@pytest.mark.parametrize("order", [0, 1, 2])
@torch.no_grad()
def test_inputs_of_a_unet_are_merged_with_those_of_the_last_ones(order):
    network, inputs, outputs, merges = small(unets=4, order=order), [], [], []
    for unet in network.unets:
        unet.register_forward_pre_hook(lambda unet, given: inputs.append(given[0]))
        unet.register_forward_hook(lambda unet, given, made: outputs.append(made[0]))
    for merge in network.merge:
        merge.register_forward_pre_hook(lambda merge, given: merges.append(given[0].clone()))
    network(rand(1, 3, 64, 64))
    for number, merged in enumerate(merges, start=1):
        assert torch.equal(merged, torch.cat([outputs[number - 1], *inputs[max(0, number - order) : number]], 1))


@torch.no_grad()
def test_order_0_is_a_plain_row_of_unets():
    network, images = small(unets=3, order=0), rand(2, 3, 64, 128)

    def block(part, image):
        everything = torch.cat([image, part.dense(image)], 1)
        return part.ahead(everything), part.skip(everything) if part.skip else None

    features = network.stem(images)
    for number, unet in enumerate(network.unets):
        features = network.merge[number - 1](features) if number else features
        skips = []
        for part in unet.down:
            features, skip = block(part, features)
            features = nn.functional.max_pool2d(features, 2)
            skips.append(skip)
        features, _ = block(unet.neck, features)
        for part in unet.up:
            raised = features.repeat_interleave(2, -1).repeat_interleave(2, -2)
            features, _ = block(part, torch.cat([raised, skips.pop()], 1))
    logits = network.heads["3"](features)
    expected = nn.functional.interpolate(logits, size=(64, 128), mode="bilinear")
    torch.testing.assert_close(network(images), expected)


@torch.no_grad()
def test_a_call_inside_a_call_and_a_broken_call_leave_nothing_behind():
    network, first, second = small(unets=3), rand(1, 3, 64, 64), rand(2, 3, 128, 64, seed=1)
    expected = network(first), network(second)
    inner = []

    def call_again(unet, inputs):
        if not inner:
            inner.append(None)
            inner[0] = network(second)

    hook = network.unets[1].register_forward_pre_hook(call_again)
    outer = network(first)
    hook.remove()
    assert torch.equal(outer, expected[0])
    assert torch.equal(inner[0], expected[1])

    def stop(unet, inputs):
        raise KeyboardInterrupt

    hook = network.unets[2].register_forward_pre_hook(stop)
    with pytest.raises(KeyboardInterrupt):
        network(second)
    hook.remove()
    assert torch.equal(network(first), expected[0])


@pytest.mark.parametrize(
    ("unets", "heads", "places"),
    [(4, None, "1 2 3 4"), (4, 2, "2 4"), (8, 1, "8"), (5, 2, "3 5"), (8, 3, "3 5 8"), (1, 1, "1")],
)
def test_heads_are_evenly_spaced_and_end_at_the_last_unet(unets, heads, places):
    network = small(unets=unets, order=min(1, unets - 1), heads=heads)
    outputs = network.side_outputs(rand(1, 3, 40, 70))
    assert list(outputs) == places.split()
    assert {logits.shape for logits in outputs.values()} == {(1, 2, 40, 70)}
    assert torch.equal(network(rand(1, 3, 40, 70)), outputs[str(unets)])


def test_start_values_are_uniform():
    network = build("cunet", unets=2)
    weight = network.unets[0].down[0].dense[5].weight.detach()  # 3 x 3 on 128 channels
    assert float(weight.abs().max()) == pytest.approx((9 * 128) ** -0.5, rel=1e-3)
    assert float(weight.std()) == pytest.approx((9 * 128 * 3) ** -0.5, rel=0.02)
    gains = torch.cat([layer.weight.detach() for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)])
    assert 0 <= float(gains.min()) < 0.01 < 0.99 < float(gains.max()) <= 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"unets": 0}, "unets is 0"),
        ({"unets": 2, "order": 2}, "order is 2; with 2 U-Nets it must be between 0 and 1"),
        ({"unets": 2, "heads": 3}, "heads is 3; with 2 U-Nets it must be between 1 and 2"),
    ],
)
def test_wrong_settings_are_refused(settings, words):
    with pytest.raises(SettingError, match=words):
        small(**settings)
