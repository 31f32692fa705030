"""Batches for the tests of losses, and a loss's value by its name."""

import torch

from segcli.learning.distance_map import signed_distances
from segcli.learning.loss_expression import ROWS
from segcli.learning.losses import loss_from_expression
from segcli.segmentation import VOID

LABEL_LOSSES = [name for name in ROWS if name not in ("mse", "bce")]
OVERLAPS = ["dice", "jaccard", "tversky", "focal_tversky", "generalized_dice"]
CORRECTING = ["ce", "focal", *OVERLAPS, "dice(squared=true)", "ce+dice", "ce+focal", "focal+dice", "dice+boundary"]
"""Losses that are least where the prediction is the truth, and that lead there."""


def batch(classes, size=(2, 4, 5)):
    """Logits, labels of all classes (some of them void) and distance maps, at random."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(size[0], classes, *size[1:], generator=generator, dtype=torch.float64)
    truth = torch.randint(0, max(classes, 2), size, generator=generator)
    truth[torch.rand(size, generator=generator) < 0.2] = VOID
    return logits, truth, distances(truth, classes)


def distances(truth, classes):
    """Distance maps of a batch of labels."""
    return torch.stack([torch.from_numpy(signed_distances(labels, classes)) for labels in truth.numpy()])


def value(name, logits, truth, distance_map=None, **options):
    """Value of a loss; the distance map is handed over if it is needed."""
    loss = loss_from_expression(name, classes=logits.shape[1], **options)
    return loss(logits, truth, distance_map=distance_map if loss.needs_distance_map else None)


def sure_of(truth, classes, height=60.0):
    """Logits that are sure of the truth, and of class 0 where it is void."""
    labels = truth.where(truth != VOID, 0)
    if classes == 1:
        return (2 * labels - 1)[:, None].double() * height
    return torch.nn.functional.one_hot(labels, classes).movedim(-1, 1).double() * height
