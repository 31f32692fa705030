"""Speed of the U-Net against MONAI's of the same shape and weights, by turns in one run.

Run by hand, with monai somewhere on the path: pytest tests/benchmarks/test_unet.py -s
"""

from time import process_time

import numpy as np
import pytest
import torch
from torch import nn

from segcli.networks.registry import build

SLOWEST = 1.05
"""Times the other."""

monai = pytest.importorskip("monai.networks.nets.basic_unet", reason="monai is not installed")


@pytest.fixture
def pair():
    """Ours and MONAI's; its last step up keeps twice the channels unless told not to."""
    ours = build("unet")
    settings = {"act": ("relu", {"inplace": True}), "norm": ("batch", {}), "bias": False, "upsample": "deconv"}
    theirs = monai.BasicUNet(2, 3, 2, features=(64, 128, 256, 512, 1024, 64), **settings)
    theirs.upcat_1 = monai.UpCat(2, 128, 64, 64, **settings, dropout=0.0, halves=True)
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)
    steps = [*ours.down, *(part for step in zip(ours.up, ours.join, strict=True) for part in step), ours.head]
    layers = [layer for step in steps for layer in step.modules() if isinstance(layer, kinds)]
    parts = ("conv_0", "down_1", "down_2", "down_3", "down_4", "upcat_4", "upcat_3", "upcat_2", "upcat_1", "final_conv")
    others = [layer for part in parts for layer in getattr(theirs, part).modules() if isinstance(layer, kinds)]
    for layer, other in zip(layers, others, strict=True):
        other.load_state_dict(layer.state_dict())
    return {"segcli": ours, "monai": theirs}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def compare(title, functions, rounds=8):
    """Print the shortest processor time of each, in milliseconds; the first may be a little slower than the second."""
    times = dict.fromkeys(functions, np.inf)
    for turn in range(rounds + 1):
        for name, function in functions.items():
            start = process_time()
            function()
            times[name] = min(times[name], 1000 * (process_time() - start)) if turn else np.inf
    ours, theirs = times.values()
    print(f"\n{title}: segcli {ours:.0f} ms, MONAI {theirs:.0f} ms, {ours / theirs:.3f} times")
    assert ours <= SLOWEST * theirs


@torch.no_grad()
@pytest.mark.parametrize("side", [128, 256])
def test_forward(pair, side):
    images = torch.rand(1, 3, side, side)
    for network in pair.values():
        network.eval()
    made = [network(images) for network in pair.values()]
    torch.testing.assert_close(*made, rtol=1e-5, atol=1e-5 * float(made[1].abs().max()))
    compare(f"forward {side} x {side}", {name: lambda n=network: n(images) for name, network in pair.items()})


def test_training_step(pair):
    images, labels = torch.rand(2, 3, 96, 96), torch.randint(0, 2, (2, 96, 96))
    optimizers = {name: torch.optim.SGD(network.parameters(), 1e-3) for name, network in pair.items()}

    def step(name):
        optimizers[name].zero_grad()
        nn.functional.cross_entropy(pair[name].train()(images), labels).backward()
        optimizers[name].step()

    compare("training step 2 x 96 x 96", {name: lambda n=name: step(n) for name in pair})
