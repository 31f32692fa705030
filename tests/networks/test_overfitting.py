"""Every network learns four small pictures by heart; `-m slow -s` prints how many steps each one needs.

A loss that cannot fit four pictures is a bug: a broken gradient, a shifted output, a dead start.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from segcli.learning.corruption import gaussian_noise
from segcli.networks.registry import ARCHITECTURES, build
from segcli.networks.shapes import mirrored

SIDE = 96
EACH = 10
"""Steps between two looks at the score."""


@dataclass(frozen=True)
class Recipe:
    """How one network is made and trained: Adam at a learning rate, at most so many steps, up to a score."""

    width: float = 1 / 8
    rate: float = 3e-3
    steps: int = 400
    goal: float = 0.95
    options: Mapping[str, Any] = field(default_factory=dict)


RECIPES = {
    # outlines are as fine as 32 pixels allow
    "fcn32s": Recipe(goal=0.85),
    "fcn_alexnet": Recipe(goal=0.85),
    "carvana": Recipe(rate=1e-3),
    "refinenet50": Recipe(rate=1e-3),
    "refinenet101": Recipe(rate=1e-3),
    "refinenet152": Recipe(rate=1e-3),
    # a picture with one class alone has other statistics than the batch that it was learned with
    **{f"fc_densenet{depth}": Recipe(options={"batch_statistics": False}) for depth in (56, 67, 103)},
    # an eighth of the pixels: the best that its upsampling can draw is .967
    **{
        name: Recipe(rate=2e-3, steps=600, options={"dropout": 0.0})
        for name in ("dilated_front_end", "dilation8", "dilation8_camvid", "dilation10")
    },
    # an eighth of the pixels
    "dense_autoencoder": Recipe(steps=800),
    "deep_saliency": Recipe(rate=1e-3, options={"resize": False}),
}
TRAINED = [row for row in ARCHITECTURES if row.task != "classification"]


def shapes():
    """Four pictures with a disc or a square each, their labels, and maps that are brightest in the middle of it."""
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    pictures, labels, maps = [], [], []
    for label, row, column, radius in ((1, 40, 44, 30), (2, 50, 50, 26), (1, 56, 48, 34), (2, 44, 56, 30)):
        down, across = (rows - row).abs(), (columns - column).abs()
        inside = down**2 + across**2 <= radius**2 if label == 1 else torch.maximum(down, across) <= radius
        colors = torch.tensor([[0.2, 0.3, 0.2], [0.8, 0.4, 0.3], [0.3, 0.5, 0.9]])
        labels.append(inside * label)
        pictures.append(colors[labels[-1]].permute(2, 0, 1))
        maps.append(torch.exp(-(down**2 + across**2) / (2 * radius**2 / 4)))
    noise = torch.randn(4, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    return (torch.stack(pictures) + 0.05 * noise).clamp(0, 1), torch.stack(labels), torch.stack(maps)[:, None]


def answered(network, pictures):
    """Logits of the pictures' size; a network of valid convolutions gets its margin from the mirror."""
    margin = getattr(network, "margin", 0)
    if not margin:
        return network(pictures)
    needed = SIDE + 2 * margin - network.least
    beyond = network.least + -(-needed // network.multiple) * network.multiple - SIDE - margin
    return network(mirrored(pictures, margin, beyond, margin, beyond))[..., :SIDE, :SIDE]


def mean_iou(logits, labels):
    """Intersection over union, the mean of the three classes."""
    found = logits.argmax(1)
    ratios = [((found == k) & (labels == k)).sum() / ((found == k) | (labels == k)).sum() for k in range(3)]
    return float(torch.stack(ratios).mean())


def correlation(made, expected):
    """Pearson's coefficient, the mean over the pictures."""
    pairs = zip(made.flatten(1), expected.flatten(1), strict=True)
    return float(torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in pairs]).mean())


def steps_to(recipe, network, pictures, loss, score):
    """Steps until the score in evaluation reaches the goal, and the score; the last if it never does."""
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=recipe.rate)
    reached = -1.0
    for step in range(1, recipe.steps + 1):
        optimizer.zero_grad()
        loss(answered(network.train(), pictures)).backward()
        optimizer.step()
        if step % EACH == 0:
            with torch.no_grad():
                reached = score(answered(network.eval(), pictures))
            if reached > recipe.goal:
                return step, reached
    return recipe.steps, reached


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("row", TRAINED, ids=lambda row: row.name)
def test_four_pictures_are_learned_by_heart(row):
    recipe = RECIPES.get(row.name, Recipe())
    pictures, labels, maps = shapes()
    classes = {"segmentation": 3, "map": 1, "image": 3}[row.task]
    network = build(row.name, in_channels=3, classes=classes, width=recipe.width, **recipe.options)
    given = pictures - pictures.mean()
    if row.task == "segmentation":
        loss, score = (lambda made: F.cross_entropy(made, labels)), (lambda made: mean_iou(made, labels))
    elif row.task == "map":
        loss, score = (lambda made: F.mse_loss(made, maps)), (lambda made: correlation(made, maps))
    else:
        given = gaussian_noise(pictures, 0.1, torch.Generator().manual_seed(1))
        with torch.no_grad():
            first = F.mse_loss(network.eval()(given), pictures)
        # a tenth of the first error is a share of 0.9 that is gone
        recipe = replace(recipe, goal=0.9)
        loss = lambda made: F.mse_loss(made, pictures)  # noqa: E731
        score = lambda made: float(1 - loss(made) / first)  # noqa: E731
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        steps, reached = steps_to(recipe, network, given, loss, score)
    print(f"\n{row.name}: width {recipe.width:g}, rate {recipe.rate:g}: {reached:.3f} after {steps} steps")
    assert reached > recipe.goal
