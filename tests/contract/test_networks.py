"""What holds for every network of the table, at a small width; at full width with `-m slow`."""

import pytest
import torch

from segcli.errors import SettingError, UsageError
from segcli.networks.registry import ARCHITECTURES, build, find_architecture

WIDTH = 1 / 16
BY_NAME = {row.name: row for row in ARCHITECTURES}
each_network = pytest.mark.parametrize("name", BY_NAME)
SIZES = [(1, 1), (97, 131), (64, 32)]


def small(name, **settings):
    """A network of few channels; weights that begin at zero are drawn, for they would hide what they multiply."""
    network = build(name, **{"in_channels": 3, "classes": 2, "width": WIDTH, **settings})
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        if parameter.ndim > 1 and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1, generator=generator)
    return network


def picture(*shape, seed=0, dtype=torch.float32):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def margin(network):
    """Pixels that the output is smaller by on each side: of the network of valid convolutions alone."""
    return getattr(network, "margin", 0)


def expected_shape(row, network, batch, size, classes=2):
    if row.task == "classification":
        return (batch, classes)
    return (batch, classes, *(side - 2 * margin(network) for side in size))


def sizes(network):
    """Those of the contract; of valid convolutions the least that leaves something, and the next."""
    least = getattr(network, "least", None)
    return [(least, least), (least + network.multiple, least)] if least else SIZES


@each_network
@torch.no_grad()
def test_every_size_gives_logits_of_its_own_size(name):
    network = small(name).eval()
    for size in sizes(network):
        logits = network(picture(1, 3, *size))
        assert logits.shape == expected_shape(BY_NAME[name], network, 1, size)
        assert logits.isfinite().all()


@each_network
@torch.no_grad()
@pytest.mark.parametrize(("channels", "classes"), [(1, 1), (4, 5)])
def test_any_number_of_channels_and_classes(name, channels, classes):
    network = small(name, in_channels=channels, classes=classes).eval()
    size = sizes(network)[-1]
    expected = expected_shape(BY_NAME[name], network, 2, size, classes)
    assert network(picture(2, channels, *size)).shape == expected


@each_network
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
def test_training_gives_every_parameter_a_finite_gradient(name, dtype):
    network = small(name).train().to(dtype)
    images = picture(2, 3, *sizes(network)[-1], dtype=dtype)
    outputs = [network(images)]
    assert outputs[0].dtype == dtype
    if hasattr(network, "side_outputs"):
        outputs += network.side_outputs(images).values()
    sum(output.float().square().sum() for output in outputs).backward()
    for parameter_name, parameter in network.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, f"{parameter_name} has no gradient"
            assert parameter.grad.isfinite().all(), f"{parameter_name} has a broken gradient"


@each_network
@torch.no_grad()
def test_saved_weights_give_the_same_logits_again(name, tmp_path):
    from safetensors.torch import load_file, save_file

    network, other = small(name, seed=1).eval(), small(name, seed=2).eval()
    images = picture(1, 3, *sizes(network)[-1])
    save_file(
        {key: value.contiguous() for key, value in network.state_dict().items()}, tmp_path / "weights.safetensors"
    )
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    assert torch.equal(network(images), other(images))


@each_network
def test_the_seed_decides_the_start_values_and_leaves_the_random_state_alone(name):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again = small(name, seed=3).state_dict(), small(name, seed=3).state_dict()
    assert torch.equal(torch.rand(3), expected)
    assert first.keys() == again.keys()
    assert all(torch.equal(first[key], again[key]) for key in first)


@each_network
@torch.no_grad()
def test_a_picture_does_not_depend_on_the_others_of_its_batch(name):
    network = small(name).eval()
    images = picture(2, 3, *sizes(network)[-1])
    alone = network(images[1:])
    torch.testing.assert_close(network(images)[1:], alone, rtol=1e-4, atol=1e-5 * max(1, float(alone.abs().max())))


@each_network
@torch.no_grad()
def test_channels_last_gives_the_same_logits(name):
    network = small(name).eval()
    images = picture(1, 3, *sizes(network)[-1])
    expected = network(images)
    changed = network.to(memory_format=torch.channels_last)(images.to(memory_format=torch.channels_last))
    torch.testing.assert_close(changed, expected, rtol=1e-3, atol=1e-4 * max(1, float(expected.abs().max())))


@each_network
def test_the_input_is_left_as_it_was(name):
    network = small(name).train()
    images = picture(2, 3, *sizes(network)[-1])
    before = images.clone()
    network(images)
    assert torch.equal(images, before)


@each_network
def test_parameters_of_the_paper_are_counted_exactly(name):
    network = build(name, device="meta")
    learned = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    assert learned == BY_NAME[name].parameters


@each_network
def test_a_row_says_what_it_is(name):
    row = BY_NAME[name]
    assert find_architecture(name) == row
    assert name == name.lower()
    assert row.paper
    assert 1989 <= row.year <= 2026


@pytest.mark.slow
@each_network
@torch.no_grad()
def test_the_full_width_runs(name):
    row = BY_NAME[name]
    network = build(name).eval()
    size = sizes(network)[-1]
    logits = network(picture(1, row.in_channels, *size))
    assert logits.shape == expected_shape(row, network, 1, size, row.classes)
    assert logits.isfinite().all()


@pytest.mark.slow
@each_network
@torch.no_grad()
def test_it_exports(name):
    network = small(name).eval()
    images = picture(1, 3, *sizes(network)[-1])
    exported = torch.export.export(network, (images,)).module()
    torch.testing.assert_close(exported(images), network(images), rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@each_network
@torch.no_grad()
def test_a_graphics_card_gives_the_same_logits(name):
    network = small(name).eval()
    images = picture(1, 3, *sizes(network)[-1])
    expected = network(images)
    torch.testing.assert_close(network.cuda()(images.cuda()).cpu(), expected, rtol=1e-2, atol=1e-3)


def test_a_typo_names_the_nearest_network():
    with pytest.raises(UsageError, match="did you mean resnet50"):
        build("resnet5O")


def test_an_unknown_option_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="has no option 'deep'; it has depth, batch_norm, dropout"):
        build("vgg16", deep=3)


@pytest.mark.parametrize("settings", [{"in_channels": 0}, {"classes": 0}, {"width": 0}, {"width": 17}])
def test_numbers_out_of_range_are_refused(settings):
    with pytest.raises(SettingError):
        build("vgg16", **settings)
