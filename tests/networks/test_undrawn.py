"""Networks that have shapes alone are made without what draws start values."""

import subprocess
import sys

import pytest
import torch

from segcli.networks.registry import build

PROGRAM = """
import sys
from segcli.networks.registry import build
network = build({name!r}, width=1 / 16, device="meta")
print("torch._dynamo" in sys.modules, all(tensor.is_meta for tensor in network.state_dict().values()))
"""


@pytest.mark.parametrize("name", ["unet", "fcn8s"])
def test_shapes_are_made_without_torchs_compiler(name):
    made = subprocess.run([sys.executable, "-c", PROGRAM.format(name=name)], capture_output=True, text=True, check=True)
    assert made.stdout.split() == ["False", "True"]


def test_networks_with_memory_are_drawn_as_before():
    build("unet", width=1 / 16, device="meta")
    first, second, other = (build("unet", width=1 / 16, seed=seed).head.weight for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
