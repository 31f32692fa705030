"""segcli fit: from pictures and truth to a model that a method takes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcli import fitting
from segcli.files.fitted import read_fitted
from segcli.files.labels import read_labels

Run = Callable[..., Any]
Save = Callable[..., Path]


def rough(seed: int, scale: int = 1) -> tuple[Any, Any]:
    """A bright disc with noise; scale 255 for masks as pictures."""
    rows, columns = np.mgrid[:40, :60]
    disc = (rows - 18) ** 2 + (columns - 25) ** 2 < 130
    noise = np.random.default_rng(seed).normal(0, 12, disc.shape)
    return (np.where(disc, 150, 100) + noise).astype(np.uint8), (disc * scale).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path, save: Save, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three pictures, and their masks, in the folders images and masks of the current one."""
    monkeypatch.chdir(tmp_path)
    for seed in range(3):
        image, mask = rough(seed, 255)
        save(f"images/{seed}.png", image)
        save(f"masks/{seed}.png", mask)
    return tmp_path


FOREST = ("--classifier", "forest")


def test_a_model_is_fitted_to_a_folder_and_finds_the_disc_in_a_new_picture(
    segcli: Run, folder: Path, save: Save
) -> None:
    fitted = segcli("fit", "pixel-classifier", "images", "--truth", "masks", "-o", "m.safetensors", *FOREST)
    assert (fitted.code, fitted.err) == (0, "")
    assert fitted.out.startswith("m.safetensors  3 images, 7200 samples, 2 classes, right on 9")
    image, mask = rough(9)
    save("new.png", image)
    found = segcli("pixel-classifier", "new.png", "--model", "m.safetensors", "-q")
    assert (found.code, found.err) == (0, "")
    assert np.mean((read_labels("new.pixel-classifier.png") > 0) == mask) > 0.97
    record = json.loads(segcli("info", "new.pixel-classifier.png", "--json").out)["provenance"]
    assert record["hints"]["model"]["file"] == "m.safetensors"
    assert len(record["hints"]["model"]["sha256"]) == 64


def test_json_names_everything_and_quiet_says_nothing(segcli: Run, folder: Path) -> None:
    words = ("fit", "superpixel-crf", "images/0.png", "--truth", "masks/0.png", "--regions", "60", "-o")
    said = json.loads(segcli(*words, "a.safetensors", "--classifier", "logistic", "--json").out)
    assert (said["output"], said["method"], said["classes"]) == ("a.safetensors", "superpixel-crf", [0, 1])
    assert (said["images"], said["classifier"], said["regions"]) == (1, "logistic", 60)
    quiet = segcli(*words, "b.safetensors", "--classifier", "logistic", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert Path("a.safetensors").read_bytes() == Path("b.safetensors").read_bytes()


def test_a_handful_of_strokes_is_enough(segcli: Run, folder: Path, save: Save) -> None:
    strokes = np.zeros((40, 60), np.uint8)
    strokes[18, 18:33], strokes[5, 2:55], strokes[34:37, 40] = 1, 2, 2
    save("strokes.png", strokes)
    done = segcli(
        "fit", "pixel-classifier", "images/0.png", "--scribbles", "strokes.png", "-o", "m.safetensors", *FOREST
    )
    assert (done.code, done.err) == (0, "")
    assert "71 samples, 2 classes" in done.out
    assert segcli("pixel-classifier", "images/1.png", "--model", "m.safetensors", "-q").code == 0
    assert np.mean((read_labels("1.pixel-classifier.png") > 0) == (read_labels("masks/1.png") > 0)) > 0.9


def test_numbered_objects_need_binary_and_other_numbers_are_classes(segcli: Run, folder: Path, save: Save) -> None:
    _, mask = rough(0)
    save("objects.png", mask.astype(np.uint16) * 900)
    words = ("fit", "pixel-classifier", "images/0.png", "--truth", "objects.png", "-o", "m.safetensors", *FOREST)
    refused = segcli(*words)
    assert refused.code == 1
    assert "--binary" in refused.err
    assert segcli(*words, "--binary").code == 0
    assert read_fitted("m.safetensors").arrays["classes"].tolist() == [0, 1]
    classes = mask * 2
    classes[:4], classes[-4:] = 255, 7
    save("classes.png", classes)
    words = ("fit", "pixel-classifier", "images/0.png", "--truth", "classes.png", "-o", "c.safetensors", *FOREST)
    assert segcli(*words, "--ignore", "7").code == 0
    assert read_fitted("c.safetensors").arrays["classes"].tolist() == [0, 2]


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("otsu", "images", "--truth", "masks"), 2, "does not learn from examples"),
        (("pixel-classifier", "images"), 2, "give --truth or --scribbles"),
        (("pixel-classifier", "images", "--truth", "masks", "--scribbles", "masks"), 2, "one of them"),
        (("pixel-classifier", "images", "--truth", "masks/0.png"), 2, "one file for 3 images"),
        (("pixel-classifier", "images", "--truth", "nowhere"), 2, "--truth 'nowhere' does not exist"),
        (("pixel-classifier", "nowhere.png", "--truth", "masks"), 1, "no truth for it"),
        (("pixel-classifier", "images", "--truth", "{stem}.png"), 1, "'0.png' does not exist"),
        (
            ("pixel-classifier", "images", "--truth", "masks", "--classifier", "logistic"),
            2,
            "--classifier is 'logistic'",
        ),
        (("pixel-classifier", "images", "--truth", "masks", "--regions", "9"), 2, "--regions is for superpixel-crf"),
        (("superpixel-crf", "images", "--truth", "masks", "--regions", "1"), 2, "--regions is 1"),
        (("pixel-classifier", "images", "--truth", "masks", "--seed", "-1"), 2, "--seed is -1"),
        (("pixel-classifier", "images", "--scribbles", "masks", "--binary"), 2, "--binary belongs to --truth"),
        (("pixel-classifier", "images/0.png", "--truth", "flat.png"), 1, "class 0 only"),
        (("pixel-classifier", "images/0.png", "--truth", "small.png"), 1, "20 x 10, 'images/0.png' is 60 x 40"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    segcli: Run, folder: Path, save: Save, words: tuple[str, ...], code: int, complaint: str
) -> None:
    save("flat.png", np.zeros((40, 60), np.uint8))
    save("small.png", np.zeros((10, 20), np.uint8))
    refused = segcli("fit", *words, "-o", "m.safetensors")
    assert refused.code == code
    assert complaint in refused.err
    assert refused.err.startswith("segcli fit: ")
    assert refused.err.count("\n") == 1
    assert not Path("m.safetensors").exists()


def test_an_existing_model_is_kept_unless_it_may_be_replaced(segcli: Run, folder: Path) -> None:
    Path("m.safetensors").write_text("mine")
    words = ("fit", "pixel-classifier", "images/0.png", "--truth", "masks", "-o", "m.safetensors", *FOREST)
    refused = segcli(*words)
    assert (refused.code, "exists" in refused.err) == (2, True)
    skipped = segcli(*words, "--exists", "skip")
    assert (skipped.code, "in place already" in skipped.out) == (0, True)
    assert Path("m.safetensors").read_text() == "mine"
    assert segcli(*words, "--exists", "overwrite").code == 0
    assert read_fitted("m.safetensors").method == "pixel_classifier"
    assert segcli("fit", "pixel-classifier", "images", "--truth", "masks", "-o", "m.pkl").code == 2


def test_an_interrupted_fit_leaves_no_file(segcli: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    before = sorted(os.listdir())
    monkeypatch.setitem(fitting.LEARNERS, "pixel-classifier", interrupted)  # type: ignore[arg-type]
    words = ("fit", "pixel-classifier", "images", "--truth", "masks", "-o", "m.safetensors", *FOREST)
    stopped = segcli(*words)
    assert (stopped.code, stopped.err) == (130, "segcli fit: interrupted\n")
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(os, "replace", interrupted)
    assert segcli(*words).code == 130
    assert sorted(os.listdir()) == before


def test_a_model_that_is_none_is_refused_before_any_work(segcli: Run, folder: Path) -> None:
    Path("m.safetensors").write_bytes(b"\x80\x04pickle")
    for value, complaint in (
        ("m.safetensors", "--model 'm.safetensors' is not a fitted model"),
        ("images", "is a folder"),
        ("none.safetensors", "'none.safetensors' does not exist"),
    ):
        refused = segcli("pixel-classifier", "images", "--model", value)
        assert (refused.code, refused.out) == (2, "")
        assert complaint in refused.err
        assert refused.err.count("\n") == 1
    segcli("fit", "superpixel-crf", "images", "--truth", "masks", "-o", "s.safetensors", "--classifier", "logistic")
    other = segcli("pixel-classifier", "images/0.png", "--model", "s.safetensors")
    assert (other.code, "was fitted for superpixel_crf" in other.err) == (1, True)
    none = segcli("pixel-classifier", "images/0.png")
    assert "model is missing; fit one by: segcli fit pixel-classifier" in none.err
