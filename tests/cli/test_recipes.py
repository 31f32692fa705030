"""Recipes through the command line: each trains, and what it leaves predicts."""

import json

import numpy as np
import pytest

from segcli.files.labels import read_labels
from segcli.files.write import encode_array

SHORT = ("--epochs", 1, "--steps-per-epoch", 2, "--batch", 2, "--no-check", "--quiet")


@pytest.fixture(scope="module")
def nerves(tmp_path_factory):
    """Pictures NAME.png with masks NAME_mask.png beside them, 70 x 100 pixels."""
    folder = tmp_path_factory.mktemp("nerves")
    for number in range(5):
        random = np.random.default_rng(number)
        rows, columns = np.ogrid[:70, :100]
        mask = (rows - random.integers(20, 50)) ** 2 + (columns - random.integers(20, 80)) ** 2 < 150
        image = np.clip(60 + 100 * mask + random.normal(0, 8, mask.shape), 0, 255).astype(np.uint8)
        (folder / f"{number}.png").write_bytes(encode_array(image, ".png", {}))
        (folder / f"{number}_mask.png").write_bytes(encode_array(mask.astype(np.uint8) * 255, ".png", {}))
    return folder


@pytest.mark.parametrize(
    ("recipe", "changes"),
    [
        ("carvana", ("--width", 1 / 64, "--size", 32)),
        ("nerve-fcn", ("--width", 1 / 64, "--size", 32)),
        ("nerve-unet", ("--crop", 60, "--option", "root=4")),
        ("membranes", ("--width", 1 / 32, "--crop", 60, "--option", "depth=2")),
        ("sliding-window", ("--width", 1 / 16, "--option", "window=63")),
    ],
)
def test_a_recipe_trains_and_predicts(segcli, nerves, tmp_path, recipe, changes):
    result = segcli("train", nerves, "--recipe", recipe, "-o", tmp_path / "run", *SHORT, *changes)
    assert result.code == 0, result.err
    result = segcli("predict", "--model", tmp_path / "run", nerves / "0.png", "-o", tmp_path / "0.png", "--quiet")
    assert result.code == 0, result.err
    assert read_labels(str(tmp_path / "0.png")).shape == (70, 100)


def test_auto_encoders_restore_pictures_and_label_none(segcli, nerves, tmp_path):
    words = ("--recipe", "denoising-autoencoder", "--crop", 32, "--width", 0.25)
    result = segcli("train", nerves, *words, "-o", tmp_path / "run", "--epochs", 2, "--steps-per-epoch", 100)
    assert result.code == 0, result.err
    made = json.loads((tmp_path / "run" / "run.json").read_text())
    assert made["settings"]["best_by"] == "psnr"
    # Noise of deviation .1 leaves 20 decibels.
    assert made["best"] > 22
    assert (tmp_path / "run" / "samples" / "epoch-0002.png").exists()
    result = segcli("predict", "--model", tmp_path / "run", nerves / "0.png", "-o", tmp_path / "0.png")
    assert result.code == 2
    assert "makes pictures and no labels" in result.err


def test_the_command_line_overrules_a_recipe(segcli, nerves, tmp_path):
    words = ("--recipe", "paper", "--model", "segnet_basic", "--width", 1 / 32, "--crop", 32, "--rate", 0.05)
    result = segcli("train", nerves, *words, "-o", tmp_path / "run", "--epochs", 1, "--steps-per-epoch", 1)
    assert result.code == 0, result.err
    assert "recipe: Badrinarayanan" in result.err
    settings = json.loads((tmp_path / "run" / "run.json").read_text())["settings"]
    assert (settings["rate"], settings["momentum"], settings["batch"]) == (0.05, 0.9, 12)
    assert settings["class_weights"] == "median-frequency"


def test_an_unknown_recipe_is_refused(segcli, nerves, tmp_path):
    result = segcli("train", nerves, "--recipe", "nerves", "-o", tmp_path / "run")
    assert result.code == 2
    assert "there is no recipe 'nerves'" in result.err
