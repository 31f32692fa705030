"""What goes wrong in a run: it stops with one line, or goes on."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from tools.squares import SETTINGS, Squares, finished, trainer

from segcli.errors import EnvironmentFailure, InputError, SettingError, UsageError
from segcli.files.fitted import read_fitted
from segcli.learning.batches import Example
from segcli.learning.folder import BEST, LAST, RunFolder, load_last
from segcli.learning.model import from_fitted
from segcli.learning.processes import Processes
from segcli.networks.registry import build


def _spoil(made, step, how):
    """Have the gradient of a step, counted from 0, spoiled after it was computed."""
    whole = made._backward

    def backward(batch):
        value = whole(batch)
        if made.progress.step == step:
            next(made.network.parameters()).grad.fill_(how)
        return value

    made._backward = backward


@pytest.mark.parametrize("how", [float("nan"), float("inf")])
@pytest.mark.parametrize("clip", [0.0, 1.0])
@pytest.mark.parametrize("step", [2, 5])
def test_a_gradient_that_is_no_number_never_reaches_the_weights(tmp_path, how, clip, step):
    made, folder = trainer(replace(SETTINGS, clip=clip)), RunFolder(str(tmp_path), {})
    _spoil(made, step, how)
    with pytest.raises(InputError, match=rf"gradient .* at step {step + 1}, for square\d\.png.*last good weights"):
        finished(made, folder)
    assert all(bool(tensor.isfinite().all()) for tensor in made.network.state_dict().values())
    if step > 2:
        for name in (BEST, LAST):
            _, network = from_fitted(read_fitted(tmp_path / name))
            assert all(bool(tensor.isfinite().all()) for tensor in network.state_dict().values())
    else:
        assert not list(tmp_path.iterdir())


def test_weights_that_are_no_numbers_are_not_kept(tmp_path):
    made, folder = trainer(), RunFolder(str(tmp_path), {})
    update = made._update

    def spoiling():
        done = update()
        if made.progress.step == 5:
            with torch.no_grad():
                list(made.network.parameters())[2].fill_(float("inf"))
        return done

    made._update = spoiling
    with pytest.raises(InputError, match=r"'.*' are not finite after step 6; the last good weights"):
        finished(made, folder)
    assert load_last(str(tmp_path))[0].facts["architecture"] == "unet"
    assert len(made.progress.history) == 1


def test_a_machine_short_of_memory_says_what_would_fit():
    made = trainer()

    def backward(batch):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory: 1 bytes")

    made._backward = backward
    with pytest.raises(EnvironmentFailure, match=r"2 windows of 16 pixels .*--batch 1 --accumulate 2, or --crop 8\."):
        finished(made)


def test_a_damaged_picture_of_the_validation_part_is_left_out_once_and_named():
    made = trainer(validation=Squares(3, broken=(1,)))
    finished(made)
    assert list(made.broken.values()) == ["'square1.png' is damaged."]
    alone = trainer(validation=Squares(3))
    alone.validation = [alone.validation[0], alone.validation[2]]
    assert [epoch.scores for epoch in finished(alone)] == [row["scores"] for row in made.progress.history]


def test_a_validation_part_that_cannot_be_read_at_all_is_named_and_the_loss_judges():
    made = trainer(validation=Squares(2, broken=(0, 1)))
    epochs = finished(made)
    assert [list(epoch.scores) for epoch in epochs] == [["loss"], ["loss"]]
    assert epochs[0].best
    assert len(made.broken) == 2


def test_a_validation_part_of_which_nothing_is_known_is_judged_by_the_loss(tmp_path):
    made, folder = trainer(validation=Squares(2, void=24)), RunFolder(str(tmp_path / "run"), {})
    epochs = finished(made, folder)
    assert [list(epoch.scores) for epoch in epochs] == [["loss"], ["loss"]]
    folder.finish(made)
    assert folder.best_of(made).keys() == {"loss"}


def test_pictures_of_which_part_or_all_is_void_are_learned_from():
    finished(trainer(training=Squares(4, void=5), settings=replace(SETTINGS, loss="ce+dice")))
    made = trainer(training=Squares(4, void=24), settings=replace(SETTINGS, loss="ce+dice"))
    assert [epoch.loss for epoch in finished(made)] == [0.0, 0.0]


def _with_holes(image):
    holed = image.astype(np.float32) / 255
    holed[3, 4], holed[5, 6] = np.nan, np.inf
    return holed


@pytest.mark.parametrize("scaling", ["dataset", "picture"])
def test_numbers_of_a_picture_that_are_not_finite_are_void(tmp_path, scaling):
    made = trainer(training=Squares(4, change=_with_holes), settings=replace(SETTINGS, scaling=scaling))
    example = made.batches.load(0)
    assert np.isfinite(example.image).all()
    assert example.target[3, 4] == example.target[5, 6] == 255
    finished(made, RunFolder(str(tmp_path), {}))
    assert np.isfinite(made.card.scaling.mean).all()


def test_a_picture_without_any_finite_number_is_left_out():
    nothing = Squares(4, change=lambda image: np.full(image.shape, np.nan, np.float32))
    with pytest.raises(InputError, match=r"square\d\.png.*NaN"):
        finished(trainer(training=nothing))


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 3)])
@pytest.mark.parametrize("augment", ["none", "standard", "unet"])
def test_pictures_of_hardly_any_size_are_learned_from(size, augment):
    class Small(Squares):
        def __getitem__(self, number):
            found = super().__getitem__(number)
            image, target = np.resize(found.image, size), np.resize(found.target, size)
            return Example(found.name, image, target, None)

    assert len(finished(trainer(replace(SETTINGS, augment=augment), Small(2), Small(1)))) == 2


def test_one_picture_and_no_validation_part_are_enough(tmp_path):
    made, folder = trainer(training=Squares(1), validation=Squares(0)), RunFolder(str(tmp_path / "run"), {})
    assert finished(made, folder)[0].best
    folder.finish(made)
    assert sorted(os.listdir(tmp_path / "run")) == [
        BEST,
        "curves.png",
        "history.csv",
        LAST,
        "run.json",
    ]


def test_a_label_beyond_the_classes_is_one_line():
    with pytest.raises(InputError, match=r"a label is 4; they go from 0 to 1; 255 marks pixels left out"):
        finished(trainer(training=Squares(4, classes=5)))


def test_one_value_a_channel_is_refused_with_what_would_do():
    settings = replace(SETTINGS, options={"depth": 4, "batch_norm": True}, batch=1, crop=16)
    with pytest.raises(UsageError, match=r"1 window of 16 pixels .* --batch 2 .*--crop 32"):
        finished(trainer(settings))
    assert len(finished(trainer(replace(settings, freeze_norm=True)))) == 2


def test_a_network_that_pools_to_one_value_learns_from_single_windows():
    settings = replace(SETTINGS, model="deeplabv3_resnet50", options={}, batch=1, crop=32, epochs=1, steps_per_epoch=1)
    assert len(finished(trainer(settings))) == 1


@pytest.mark.parametrize("loss", ["boundary+dice", "ce+boundary", "boundary"])
def test_the_boundary_loss_is_learned_from(loss):
    made = trainer(replace(SETTINGS, loss=loss))
    assert all(np.isfinite(epoch.loss) for epoch in finished(made))


def test_the_boundary_loss_looks_at_distances_of_each_window():
    from segcli.learning.distance_map import signed_distances

    made = trainer(replace(SETTINGS, loss="boundary"))
    batch = made.batches.at(0)
    distances = torch.from_numpy(np.stack([signed_distances(target, 2) for target in batch.targets.numpy()]))
    logits = made.network.train()(batch.images).detach()
    expected = float(made.loss(logits, batch.targets, distance_map=distances))
    assert expected != 0
    assert made._backward(batch) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("loss", ["ce", "ce+dice", "ce+boundary"])
def test_side_outputs_are_learned_from(loss):
    settings = replace(SETTINGS, model="unet_plus_plus", options={}, loss=loss, epochs=1, steps_per_epoch=1)
    made = trainer(settings)
    assert len(made.learner(made.batches.at(0).images)) > 1
    assert len(finished(made)) == 1


@pytest.mark.parametrize("model", ["unet", "unet_plus_plus"])
def test_a_weight_map_weighs_all_outputs(model):
    settings = replace(
        SETTINGS, model=model, options={}, weight_map=True, epochs=1, steps_per_epoch=1, target="classes"
    )
    made = trainer(settings, training=Squares(4, objects=True))
    batch = made.batches.at(0)
    doubled = replace(batch, weights=2 * batch.weights)
    made.network.train()
    assert made._backward(doubled) == pytest.approx(2 * made._backward(batch), rel=1e-4)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"loss": "dice", "weight_map": True}, UsageError, "no term of the loss dice takes a weight map; add ce"),
        ({"loss": "mse"}, UsageError, "mse compares values"),
        ({"loss": "bce"}, UsageError, "bce is for one logit, the network has 3; write ce"),
        ({"loss": "dice", "class_weights": "median-frequency"}, SettingError, "do nothing in the loss dice; add ce"),
    ],
)
def test_losses_that_do_not_go_with_the_data_are_refused_before_any_step(change, error, words):
    with pytest.raises(error, match=words):
        trainer(replace(SETTINGS, **change), training=Squares(4, objects=True))


def test_processes_that_cannot_share_a_batch_are_refused():
    with pytest.raises(SettingError, match=r"batch is 3; 2 processes need a multiple of 2, such as 4"):
        trainer(replace(SETTINGS, batch=3), processes=Processes(0, 2))


@pytest.mark.parametrize(
    ("name", "option"), [("cunet", "unets"), ("dilation10", "layers"), ("refinenet50", "pooling_stages")]
)
def test_a_file_that_asks_for_very_many_layers_is_refused(name, option):
    with pytest.raises(SettingError, match=rf"{option} is 4096; .*(between 1 and|at most) \d+\."):
        build(name, in_channels=1, classes=2, width=1 / 16, device="meta", **{option: 4096})
