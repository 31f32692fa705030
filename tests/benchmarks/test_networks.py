"""Speed of networks against torchvision's, by turns in one run, on one thread.

Run by hand: OMP_NUM_THREADS=1 pytest tests/benchmarks/test_networks.py -s
Times are those of this process on the processor, which other programs do not lengthen.
"""

import time

import pytest
import torch
from tools.peers import torchvision_network

from segcli.networks.registry import ARCHITECTURES, build

ROUNDS = 9
NETWORKS = {
    "resnet50": (2, 3, 128, 128),
    "deeplabv3_resnet50": (2, 3, 65, 65),
}
"""Those that both have, and the pictures that they are measured on."""
each_network = pytest.mark.parametrize(
    "name", [name for name in NETWORKS if name in {row.name for row in ARCHITECTURES}]
)


def by_turns(functions):
    """Return the shortest time of each function, in milliseconds."""
    times = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, function in functions.items():
            start = time.process_time()
            function()
            times[name].append(1000 * (time.process_time() - start))
    return {name: min(measured) for name, measured in times.items()}


def report(title, times):
    print(f"\n{title}, {torch.get_num_threads()} thread(s)")
    for name, milliseconds in times.items():
        print(f"  {name:14s} {milliseconds:9.1f} ms   {milliseconds / times['torchvision']:6.3f} x torchvision")


def pair(name):
    """Our network and theirs, with the same weights."""
    ours, theirs = build(name), torchvision_network(name)
    ours.load_state_dict(theirs.state_dict())
    return {"segcli": ours, "torchvision": theirs}


def logits(made):
    """The one tensor that our networks give, of theirs the main one."""
    return made["out"] if isinstance(made, dict) else made


@each_network
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last], ids=["planes", "channels last"])
@torch.no_grad()
def test_a_forward_pass_takes_at_most_1_05_times_theirs(name, memory):
    images = torch.rand(NETWORKS[name], generator=torch.Generator().manual_seed(0)).to(memory_format=memory)
    networks = {key: network.eval().to(memory_format=memory) for key, network in pair(name).items()}
    times = by_turns({key: lambda network=network: network(images) for key, network in networks.items()})
    report(f"{name} forward, {tuple(images.shape)}", times)
    assert times["segcli"] <= 1.05 * times["torchvision"]


@each_network
def test_a_training_step_takes_at_most_1_05_times_theirs(name):
    images = torch.rand(NETWORKS[name], generator=torch.Generator().manual_seed(0))

    def stepping(network):
        optimizer = torch.optim.SGD(network.parameters(), 1e-6)

        def step():
            optimizer.zero_grad()
            logits(network(images)).square().mean().backward()
            optimizer.step()

        return step

    steps = {key: stepping(network.train()) for key, network in pair(name).items()}
    times = by_turns(steps)
    report(f"{name} training step, {tuple(images.shape)}", times)
    assert times["segcli"] <= 1.05 * times["torchvision"]
