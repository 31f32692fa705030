"""How good a network is while it learns: scores of whole pictures that it does not learn from."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from segcli.learning.batches import Examples
from segcli.learning.card import ModelCard
from segcli.learning.member import Member, member_of
from segcli.learning.predict import Predictor
from segcli.learning.windows import damaged
from segcli.scores.semantic import confusion, dice_per_class, mean_iou, pixel_accuracy
from segcli.segmentation import VOID

TILE = 1024
"""Side of the windows in which larger pictures are judged; fixed, so that scores do not depend on memory."""


def validate(
    network: nn.Module, card: ModelCard, examples: Examples, device: str, corruption: str = "gaussian=0.1"
) -> dict[str, float]:
    """Score a network on whole pictures, of all pictures' pixels together.

    Returns
    -------
    mean IoU, mean Dice and pixel accuracy; of a network that restores pictures, which are damaged as `corruption` says,
    the peak signal-to-noise ratio in decibels. Nothing where no pixel's truth is known.
    """
    training = network.training
    network.eval()
    member = member_of(card, network, device)
    try:
        return _labeled(member, card, examples) if card.makes_labels else _restored(member, card, examples, corruption)
    finally:
        network.train(training)


def _labeled(member: Member, card: ModelCard, examples: Examples) -> dict[str, float]:
    predictor = Predictor([member], tile=TILE)
    matrix = np.zeros((card.planes, card.planes), np.int64)
    for example in examples:
        for top, scores in predictor.bands({card.channels: example.image}):
            labels = scores.argmax(0).astype(np.uint8)
            matrix += confusion(labels, example.target[top : top + labels.shape[0]], card.planes, ignore=VOID)
    if not matrix.any():
        return {}
    with np.errstate(invalid="ignore"):
        return {
            "miou": mean_iou(matrix),
            "dice": float(np.nanmean(dice_per_class(matrix))),
            "accuracy": pixel_accuracy(matrix),
        }


@torch.no_grad()
def _restored(member: Member, card: ModelCard, examples: Examples, corruption: str) -> dict[str, float]:
    squares, count = 0.0, 0
    for number, example in enumerate(examples):
        clean = card.scaling(example.image)
        noisy = torch.from_numpy(damaged(clean, corruption, number)).to(member.device)
        found = member.network(noisy[None])[0].float().clamp(0, 1).cpu().numpy()
        squares += float(((found - clean).astype(np.float64) ** 2).sum())
        count += clean.size
    if not count:
        return {}
    return {"psnr": float(10 * np.log10(count / max(squares, 1e-12 * count)))}
