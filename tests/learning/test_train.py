"""The loop: it learns, it stops, and where it was killed it goes on as if it had not been."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from segcli.errors import InputError, SettingError, UsageError
from segcli.files.fitted import read_fitted
from segcli.learning.batches import Example
from segcli.learning.folder import RunFolder, go_on, load_last
from segcli.learning.model import from_fitted
from segcli.learning.rate import find_rate
from segcli.learning.run import prepare
from segcli.learning.settings import TrainSettings
from segcli.learning.train import Epoch, Step

SETTINGS = TrainSettings(
    "unet",
    width=1 / 16,
    options={"depth": 2, "dropout": 0.2},
    loss="ce",
    epochs=2,
    steps_per_epoch=3,
    batch=2,
    crop=32,
    rate=1e-2,
    augment="standard",
    seed=3,
)


class Discs:
    """Bright discs on dark ground, with noise; class 1 is the disc."""

    def __init__(self, count, size=48, broken=(), objects=False):
        self.count, self.size, self.broken, self.objects = count, size, broken, objects

    def __len__(self):
        return self.count

    def __getitem__(self, number):
        if number in self.broken:
            raise InputError(f"disc {number} is damaged.")
        random = np.random.default_rng(number)
        row, column = random.integers(12, self.size - 12, 2)
        rows, columns = np.ogrid[: self.size, : self.size]
        disc = ((rows - row) ** 2 + (columns - column) ** 2 < 100).astype(np.uint8)
        image = np.clip(60 + 90 * disc + random.normal(0, 10, disc.shape), 0, 255).astype(np.uint8)
        return Example(f"disc{number}.png", image, disc, disc.astype(np.int32) if self.objects else None)


def trainer(settings=SETTINGS, training=None, validation=None, **more):
    return prepare(training or Discs(5), validation or Discs(2), ("ground", "disc"), settings, **more)


def weights(made):
    return {name: tensor.clone() for name, tensor in made.network.state_dict().items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_yields_its_steps_and_epochs_in_order():
    events = list(trainer().run())
    assert [type(event) for event in events] == [Step, Step, Step, Epoch] * 2
    assert [event.step for event in events if isinstance(event, Step)] == [1, 2, 3, 4, 5, 6]
    assert set(events[-1].scores) == {"miou", "dice", "accuracy", "loss"}


def test_discs_are_learned():
    made = trainer(replace(SETTINGS, epochs=4, steps_per_epoch=20, options={"depth": 2}))
    events = [event for event in made.run() if isinstance(event, Epoch)]
    assert events[-1].scores["miou"] > 0.9
    assert events[-1].loss < events[0].loss


@pytest.mark.parametrize("change", [{}, {"ema": 0.9}, {"optimizer": "sgd"}, {"accumulate": 2}, {"schedule": "plateau"}])
@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_run_that_was_killed_goes_on_bit_by_bit(tmp_path, change, stop):
    settings = replace(SETTINGS, **change)
    whole = trainer(settings)
    list(whole.run())
    first, folder = trainer(settings), RunFolder(str(tmp_path), {})
    for event in first.run():
        if isinstance(event, Step) and event.step == stop:
            folder.save(first)
            break
    second = trainer(settings)
    found, _ = load_last(str(tmp_path))
    go_on(second, found)
    list(second.run())
    assert same(weights(second), weights(whole))
    assert all(torch.equal(*pair) for pair in zip(second.average, whole.average, strict=True))
    without_time = [{k: v for k, v in row.items() if k != "seconds"} for row in second.progress.history]
    assert without_time == [{k: v for k, v in row.items() if k != "seconds"} for row in whole.progress.history]


def test_equal_seeds_give_equal_weights_with_and_without_threads():
    first, second, other = trainer(threads=0), trainer(threads=3), trainer(replace(SETTINGS, seed=4))
    for made in (first, second, other):
        list(made.run())
    assert same(weights(first), weights(second))
    assert not same(weights(first), weights(other))


def test_best_and_last_are_models_that_say_what_they_are(tmp_path):
    made, folder = trainer(), RunFolder(str(tmp_path / "run"), {"data": "discs"})
    for event in made.run():
        if isinstance(event, Epoch):
            folder.save(made, best=event.best)
    for name in ("best", "last"):
        card, network = from_fitted(read_fitted(tmp_path / "run" / f"{name}.safetensors"))
        assert (card.architecture, card.channels, card.names, card.crop) == ("unet", 1, ("ground", "disc"), 32)
        assert card.training["data"] == "discs"
        assert not network.training
    assert same(dict(network.state_dict()), weights(made))
    rows = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert rows[0] == "epoch,step,seconds,rate,train_loss,miou,dice,accuracy"
    assert len(rows) == 3
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "best.safetensors",
        "history.csv",
        "last.safetensors",
        "run.json",
    ]


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_pictures():
    made = trainer(replace(SETTINGS, rate=1e-3))
    with torch.no_grad():
        next(made.network.parameters()).fill_(float("nan"))
    with pytest.raises(InputError, match=r"the loss is nan at step 1, for disc\d\.png.*the last good weights are kept"):
        list(made.run())


def test_a_damaged_picture_is_skipped_once_and_named():
    made = trainer(training=Discs(5, broken=(2,)), settings=replace(SETTINGS, epochs=4))
    assert len([event for event in made.run() if isinstance(event, Epoch)]) == 4
    assert made.broken == {2: "disc 2 is damaged."}


def test_a_run_ends_when_nothing_gets_better_or_its_time_is_over():
    patient = trainer(replace(SETTINGS, epochs=50, steps_per_epoch=1, rate=1e-12, patience=3, freeze_norm=True))
    assert len([event for event in patient.run() if isinstance(event, Epoch)]) < 10
    timed = trainer(replace(SETTINGS, epochs=1000, steps_per_epoch=1000, max_seconds=1))
    events = list(timed.run())
    assert isinstance(events[-1], Epoch)
    assert len(events) < 1000


def test_the_moving_average_is_what_is_judged():
    made = trainer(replace(SETTINGS, ema=0.99))
    list(made.run())
    judged = made.judged().state_dict()
    assert not same(dict(judged), weights(made))
    assert judged.keys() == made.network.state_dict().keys()


def test_frozen_norms_keep_their_statistics():
    made = trainer(replace(SETTINGS, freeze_norm=True))
    before = weights(made)
    list(made.run())
    changed = {name for name, tensor in weights(made).items() if not torch.equal(tensor, before[name])}
    assert changed
    assert not any("running" in name for name in changed)


def test_a_range_test_finds_a_rate_that_learns_and_leaves_the_network_alone():
    made = trainer(replace(SETTINGS, options={"depth": 2}))
    before = weights(made)
    rate = find_rate(made)
    assert same(weights(made), before)
    assert 1e-4 < rate < 0.3


def test_objects_are_learned_by_their_borders_and_gaps_may_weigh_more():
    made = trainer(replace(SETTINGS, weight_map=True, augment="auto"), training=Discs(4, objects=True))
    assert made.card.names == ("background", "interior", "border")
    assert made.settings.augment == "unet"
    batch = made.batches.at(0)
    assert batch.weights is not None
    assert set(batch.targets.unique().tolist()) <= {0, 1, 2}


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"model": "resnet18"}, UsageError, "resnet18 is no network that segcli trains"),
        ({"model": "unett"}, UsageError, "did you mean unet"),
        ({"loss": "dise"}, UsageError, "dice"),
        ({"crop": 33}, SettingError, "needs a multiple of"),
        ({"batch": 0}, SettingError, "between 1 and"),
        ({"optimizer": "adamm"}, SettingError, "adamw, adam, sgd, rmsprop"),
        ({"augment": "standart"}, UsageError, "known are none, flip, light, standard, turns, unet"),
        ({"best_by": "psnr"}, UsageError, "make pictures"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, error, words):
    with pytest.raises(error, match=words):
        trainer(replace(SETTINGS, **change))


class Sparse(Discs):
    """One disc in a corner of a large dark picture."""

    def __getitem__(self, number):
        image = np.random.default_rng(number).integers(0, 4, (256, 256)).astype(np.uint8)
        disc = np.zeros((256, 256), np.uint8)
        disc[:24, :24] = 1
        return Example(f"disc{number}.png", np.where(disc, 200, image).astype(np.uint8), disc, None)


def test_windows_are_scaled_as_the_whole_picture_is():
    settings = replace(SETTINGS, augment="none", scaling="picture", batch=8)
    made = trainer(settings, Sparse(2), Sparse(1))
    whole = made.card.scaling(np.asarray(Sparse(2)[0].image)[..., None])
    (batch,) = made.batches.between(range(1), 0)
    seen = batch.images.numpy()
    dark = seen[batch.targets.numpy()[:, None] == 0]
    assert dark.max() < -0.9
    assert seen.min() >= whole.min() - 0.05
