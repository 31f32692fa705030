"""What a network makes of a few pictures while it learns, to look at."""

from __future__ import annotations

from itertools import islice

import numpy as np
import torch

from segcli.arrays import Array
from segcli.figures.samples import comparison_sheet, tile_sheet
from segcli.learning.batches import Example
from segcli.learning.member import member_of
from segcli.learning.predict import Predictor
from segcli.learning.train import Trainer
from segcli.learning.windows import damaged
from segcli.segmentation import Segmentation

SHOWN, SIDE = 4, 384
"""Pictures of a sheet, and the side of what is shown of each, in pixels."""


def sample_predictions(trainer: Trainer) -> bytes:
    """A PNG with a row a picture of the validation part, or of the training part where there is none.

    A row holds the picture, its truth and its prediction; of a network that makes pictures, what it was given, what it
    made of it and what it should have made.
    """
    card, network = trainer.card, trainer.judged()
    examples = list(islice(trainer.validation, SHOWN))
    if not examples:
        examples = [trainer.batches.load(number) for number in range(min(SHOWN, trainer.batches.count))]
    examples = [_middle(example) if card.size is None else example for example in examples]
    training = network.training
    network.eval()
    try:
        member = member_of(card, network, trainer.device)
        if not card.makes_labels:
            return tile_sheet([_restored(trainer, member.network, example) for example in examples])
        predictor = Predictor([member], tile=1024)
        rows = []
        for example in examples:
            bands = [scores.argmax(0) for _, scores in predictor.bands({card.channels: example.image})]
            found = np.concatenate(bands).astype(np.uint8)
            image = np.broadcast_to(example.image, (*found.shape, 3))
            truth, labels = (Segmentation(array, "classes", names=card.names) for array in (example.target, found))
            rows.append((image, truth, labels))
        return comparison_sheet(rows)
    finally:
        network.train(training)


def _middle(example: Example) -> Example:
    """The middle of a picture, where it is larger than what is shown."""
    rows, columns = (
        slice(max(0, (length - SIDE) // 2), max(0, (length - SIDE) // 2) + SIDE) for length in example.target.shape
    )
    return Example(example.name, example.image[rows, columns], example.target[rows, columns])


@torch.no_grad()
def _restored(trainer: Trainer, network: torch.nn.Module, example: Example) -> list[Array]:
    """The picture damaged, restored and as it was, in 8 bits."""
    scaling = trainer.card.scaling
    clean = scaling(example.image)
    noisy = damaged(clean, trainer.settings.corruption, 0)
    found = network(torch.from_numpy(noisy)[None].to(trainer.device))[0].float().cpu().numpy()
    mean, std = (np.asarray(values, np.float32) for values in (scaling.mean, scaling.std))
    return [
        np.repeat(
            np.clip((np.moveaxis(picture, 0, 2) * std + mean) * 255 + 0.5, 0, 255).astype(np.uint8),
            3 // picture.shape[0],
            axis=2,
        )
        for picture in (noisy, found, clean)
    ]
