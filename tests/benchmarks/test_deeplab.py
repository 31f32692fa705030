"""DeepLab v3 against torchvision's: `pytest tests/benchmarks/test_deeplab.py -s`.

The same weights and pictures in float32, by turns in one process; the figure is the median of the ratios of the turns,
ours to theirs. A training step is forward, cross-entropy of both heads, backward and a step of SGD. Where torchvision
was built for another torch, its compiled operators are declared, not loaded: its networks need none.
"""

from statistics import median
from time import perf_counter

import pytest
import torch
import torch.nn.functional as F

from segcli.networks.registry import build

pytestmark = pytest.mark.timeout(1800)

TURNS = 15
DEPTHS = [50, 101]


def torchvision_segmentation():
    try:
        from torchvision.models import segmentation
    except ImportError:
        pytest.skip("torchvision is not installed")
    except RuntimeError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        torchvision_segmentation.library = library
        from torchvision.models import segmentation
    return segmentation


def pair(depth):
    """Our network and theirs with the same weights."""
    make = getattr(torchvision_segmentation(), f"deeplabv3_resnet{depth}")
    theirs = make(weights=None, weights_backbone=None, num_classes=21, aux_loss=True)
    ours = build(f"deeplabv3_resnet{depth}", aux=True)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def ratios(ours, theirs):
    """Seconds of ours by seconds of theirs, of each turn but the first; each goes first every other turn."""
    taken = []
    for turn in range(TURNS + 1):
        seconds = {}
        for action in (ours, theirs) if turn % 2 else (theirs, ours):
            start = perf_counter()
            action()
            seconds[action] = perf_counter() - start
        taken.append(seconds[ours] / seconds[theirs])
    return taken[1:]


def report(what, taken):
    ordered = sorted(taken)
    print(f"\n{what}: {median(taken):.3f} of torchvision's time ({ordered[0]:.3f} to {ordered[-1]:.3f})")


@pytest.mark.parametrize("depth", DEPTHS)
@torch.no_grad()
def test_forward(depth):
    ours, theirs = (network.eval() for network in pair(depth))
    images = torch.rand(1, 3, 257, 257)
    expected = theirs(images)["out"]
    torch.testing.assert_close(ours(images), expected, rtol=1e-4, atol=1e-5 * max(1, float(expected.abs().max())))
    # theirs computes the auxiliary head in evaluation too: ours is asked for both
    report(f"forward, ResNet-{depth}", ratios(lambda: ours.side_outputs(images), lambda: theirs(images)))


def step(network, outputs, images, labels):
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)

    def run():
        optimizer.zero_grad()
        main, aux = outputs(images)
        (F.cross_entropy(main, labels) + 0.5 * F.cross_entropy(aux, labels)).backward()
        optimizer.step()

    return run


@pytest.mark.parametrize("depth", DEPTHS)
def test_training_step(depth):
    ours, theirs = (network.train() for network in pair(depth))
    images, labels = torch.rand(2, 3, 129, 129), torch.randint(21, (2, 129, 129))

    def of_theirs(images):
        made = theirs(images)
        return made["out"], made["aux"]

    own = step(ours, lambda images: ours.side_outputs(images).values(), images, labels)
    report(f"training step, ResNet-{depth}", ratios(own, step(theirs, of_theirs, images, labels)))
