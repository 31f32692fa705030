"""U-Net++: counts, the graph of nodes, heads, and what is left out when it is pruned."""

import pytest
import torch

from segcli.errors import SettingError
from segcli.networks.registry import build, find_architecture


def small(**settings):
    return build("unet++", **{"in_channels": 3, "classes": 2, "width": 1 / 16, **settings}).eval()


def rand(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("channels", "classes", "supervised", "count"),
    [
        (1, 1, False, 9041601),
        (3, 1, False, 9042177),
        (1, 1, True, 9041700),
        (3, 1, True, 9042276),
        (3, 21, True, 9044916),
    ],
)
def test_parameters_are_counted_exactly(channels, classes, supervised, count):
    network = build("unet++", in_channels=channels, classes=classes, deep_supervision=supervised, device="meta")
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_its_name_may_be_written_as_in_the_paper():
    assert find_architecture("UNet++").name == "unet_plus_plus"


def test_nodes_see_those_on_their_left_and_the_one_below():
    network = build("unet++", device="meta")
    given = {node: unit[0].in_channels for node, unit in network.nodes.items()}
    assert len(given) == 15
    assert [given[f"{row}_0"] for row in range(5)] == [3, 32, 64, 128, 256]
    assert [given[f"0_{column}"] for column in range(1, 5)] == [64, 96, 128, 160]
    assert [given[f"1_{column}"] for column in range(1, 4)] == [128, 192, 256]
    assert (given["2_1"], given["2_2"], given["3_1"]) == (256, 384, 512)


@torch.no_grad()
def test_a_node_joins_its_row_in_order_with_the_upsampled_one_below():
    network, made, joined = small(), {}, {}
    for node, unit in network.nodes.items():
        unit.register_forward_hook(
            lambda unit, given, output, node=node: (
                (made.update({node: output}), joined.update({node: given[0]}))[2:] or None
            )
        )
    network(rand(1, 3, 16, 32))
    expected = torch.cat([made["0_0"], made["0_1"], network.up["0_2"](made["1_1"])], 1)
    assert torch.equal(joined["0_2"], expected)
    assert torch.equal(joined["2_0"], network.pool(made["1_0"]))


@torch.no_grad()
@pytest.mark.parametrize("classes", [1, 3])
def test_the_accurate_answer_is_the_mean_of_probabilities(classes):
    network, images = small(classes=classes), 4 * rand(2, 3, 20, 33)
    probabilities = torch.sigmoid if classes == 1 else lambda logits: logits.softmax(1)
    heads = network.side_outputs(images)
    assert list(heads) == ["1", "2", "3", "4"]
    expected = torch.stack([probabilities(logits) for logits in heads.values()]).mean(0)
    torch.testing.assert_close(probabilities(network(images)), expected)
    of_logits = probabilities(torch.stack(list(heads.values())).mean(0))
    assert not torch.allclose(of_logits, expected, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_a_pruned_network_needs_a_triangle_of_nodes_alone(level):
    network, images = small(), rand(1, 3, 33, 18)
    expected = network.side_outputs(images)[str(level)]
    network.level = level
    for part in (network.nodes, network.up):
        for node, unit in part.items():
            if sum(map(int, node.split("_"))) > level:
                for parameter in unit.parameters():
                    parameter.fill_(float("nan"))
    assert torch.equal(network(images), expected)


@torch.no_grad()
def test_a_level_is_the_shallower_network():
    network, images = small(level=2), rand(1, 3, 32, 48)
    shallow = build("unet++", in_channels=3, classes=2, width=1 / 16, depth=2, deep_supervision=False).eval()
    weights = {key: value for key, value in network.state_dict().items() if key in shallow.state_dict()}
    shallow.load_state_dict(weights)
    torch.testing.assert_close(network(images), shallow(images))


def test_a_level_without_a_head_is_refused():
    with pytest.raises(SettingError, match="level is 5; this network has a head at 1, 2, 3, 4"):
        small(level=5)
    with pytest.raises(SettingError, match="level is 1; this network has a head at 4"):
        small(deep_supervision=False).level = 1
    with pytest.raises(SettingError, match="depth is 9"):
        small(depth=9)


def test_dropout_follows_each_convolution():
    assert [type(layer).__name__ for layer in small(dropout=0.5).nodes["0_1"]] == ["Conv2d", "ReLU", "Dropout"] * 2
    assert small(dropout=0.5).nodes["0_1"][2].p == 0.5
