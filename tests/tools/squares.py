"""Runs that take a moment: pictures of squares, a small network, and what its folder holds."""

import os

import numpy as np

from segcli.errors import InputError
from segcli.files.fitted import read_fitted
from segcli.files.write import encode_array
from segcli.learning.batches import Example
from segcli.learning.folder import BEST, LAST
from segcli.learning.run import prepare
from segcli.learning.settings import TrainSettings
from segcli.learning.train import Epoch

SETTINGS = TrainSettings(
    "unet",
    width=1 / 16,
    options={"depth": 1},
    loss="ce",
    epochs=2,
    steps_per_epoch=3,
    batch=2,
    crop=16,
    rate=1e-2,
    augment="none",
    seed=3,
)
NAMES = ("ground", "disc")


class Squares:
    """Bright squares on dark ground; class 1 is the square, `classes` - 1 its middle pixel."""

    def __init__(self, count, *, broken=(), objects=False, void=0, change=None, classes=2, size=24):
        self.count, self.broken, self.objects, self.void = count, broken, objects, void
        self.change, self.classes, self.size = change, classes, size

    def __len__(self):
        return self.count

    def __getitem__(self, number):
        if number in self.broken:
            raise InputError(f"'square{number}.png' is damaged.")
        random = np.random.default_rng(number)
        row, column = random.integers(0, self.size - 8, 2)
        target = np.zeros((self.size, self.size), np.uint8)
        target[row : row + 8, column : column + 8] = 1
        image = np.clip(60 + 90 * target + random.normal(0, 10, target.shape), 0, 255).astype(np.uint8)
        objects = target.astype(np.int32) if self.objects else None
        target[row + 4, column + 4] = self.classes - 1
        target[: self.void] = 255
        return Example(f"square{number}.png", image if self.change is None else self.change(image), target, objects)


def trainer(settings=SETTINGS, training=None, validation=None, names=NAMES, **more):
    training = Squares(5) if training is None else training
    validation = Squares(2) if validation is None else validation
    return prepare(training, validation, names, settings, threads=0, **more)


def finished(made, folder=None):
    """Go through a run, keeping each epoch; its epochs."""
    epochs = []
    for event in made.run():
        if isinstance(event, Epoch):
            epochs.append(event)
            if folder is not None:
                folder.save(made, best=event.best)
    return epochs


def stored(folder):
    """The bytes of all arrays of the two files, but those that say when."""
    files = {name: read_fitted(os.path.join(folder, name)).arrays for name in (BEST, LAST)}
    return {
        name: {key: values.tobytes() for key, values in arrays.items() if key != "training/progress"}
        for name, arrays in files.items()
    }


def written(folder, count):
    """Pictures of squares in images/ and masks/ of a folder."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number, example in enumerate(Squares(count)[place] for place in range(count)):
        mask = np.where(example.target == 1, np.uint8(255), np.uint8(0))
        (folder / "images" / f"{number}.png").write_bytes(encode_array(example.image, ".png", {}))
        (folder / "masks" / f"{number}.png").write_bytes(encode_array(mask, ".png", {}))
    return folder
