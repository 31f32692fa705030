"""segcli predict: a trained network as a command like all others."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tools.discs import picture

from segcli.arrays import Fitted
from segcli.files.fitted import encode_fitted, read_fitted
from segcli.files.labels import read_labels, read_scores
from segcli.files.provenance import read_provenance

PLACES = [(20, 16), (20, 34), (45, 40)]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Any) -> Path:
    """Three pictures in a folder, one beside it, and nobody's own models."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGCLI_MODELS", str(tmp_path / "mine"))
    for number in range(3):
        save(f"in/{number}.png", picture(PLACES[: number + 1], seed=number)[0])
    save("discs.png", picture(PLACES)[0])
    return tmp_path


def test_a_picture_becomes_a_mask_that_says_where_it_comes_from(segcli, disc_models):
    done = segcli("predict", "discs.png", "--model", disc_models["discs"])
    assert done.code == 0
    assert done.out.startswith("discs.png -> discs.predict.png  regions 2, covers ")
    assert done.err == "segcli predict: discs.safetensors (unet) tells apart ground, disc; on cpu\n"
    labels = read_labels("discs.predict.png")
    assert np.mean((labels > 0) == (picture(PLACES)[1] > 0)) > 0.95
    record = read_provenance(Path("discs.predict.png").read_bytes())
    assert record["method"] == "predict"
    assert record["models"][0]["name"] == "discs.safetensors"
    assert len(record["models"][0]["sha256"]) == 64
    assert str(disc_models["discs"].parent) not in json.dumps(record)


def test_objects_are_counted_measured_and_drawn(segcli, disc_models):
    words = ("--instances", "--as", "mask", "--as", "overlay", "--as", "scores", "--steps", "st", "--table", "t.csv")
    done = segcli("predict", "discs.png", "--model", disc_models["borders"], *words)
    assert done.code == 0, done.err
    assert "objects 3" in done.out
    assert read_labels("discs.predict.png").max() == 3
    assert read_scores("discs.predict.scores.npz").shape == (3, 64, 64)
    with np.load("discs.predict.scores.npz") as held:
        assert held["scores"].dtype == np.float16
    assert len(Path("t.csv").read_text().splitlines()) == 4
    names = [path.name for path in sorted(Path("st").rglob("*.png"))]
    assert [name[3:] for name in names] == [
        *("input.png", "background_probability.png", "interior_probability.png", "border_probability.png"),
        *("seeds.png", "labels.png", "overlay.png"),
    ]


def test_scores_as_tiff_are_read_again(segcli, disc_models):
    assert segcli("predict", "discs.png", "--model", disc_models["discs"], "--as", "scores", "-o", "s.tif").code == 0
    assert segcli("predict", "discs.png", "--model", disc_models["discs"], "--as", "scores", "-o", "s.npz").code == 0
    np.testing.assert_array_equal(read_scores("s.tif"), read_scores("s.npz"))
    refined = segcli("refine", "s.npz", "discs.png", "--with", "crf iterations=1", "-q")
    assert refined.code == 0, refined.err


def test_every_option_does_something(segcli, disc_models):
    base = segcli("predict", "discs.png", "--model", disc_models["discs"], "--json", "-q")
    assert base.code == 0
    first = json.loads(base.out)
    for words, settings in (
        (("--tile", "64"), {"tile": 64}),
        (("--tta", "flip", "--tta", "scale"), {"tta": ["flip", "scale"]}),
        (("--threshold", "0.3"), {"threshold": 0.3}),
        (("--instances", "--split"), {"instances": True, "split": True}),
        (("--gray", "--batch", "2", "--device", "cpu"), {"gray": True}),
        (("--ensemble", disc_models["another"]), {}),
        (("--refine", "crf iterations=1"), {}),
        (("--min-size", "5", "--fill-holes", "--blur", "0.5"), {}),
    ):
        done = segcli("predict", "discs.png", "--model", disc_models["discs"], "--json", "-q", *words)
        assert done.code == 0, done.err
        found = json.loads(done.out)
        assert found["settings"] == {**first["settings"], **settings}
        assert {name: found.get(name) for name in ("settings", "models", "refine", "cleanup")} != {
            name: first.get(name) for name in ("settings", "models", "refine", "cleanup")
        }


def test_one_and_two_workers_and_threads_give_equal_bytes(segcli, disc_models):
    words = ("predict", "in", "--model", disc_models["borders"], "--instances", "--as", "mask", "--as", "scores")
    for jobs in (1, 2):
        done = segcli(*words, "-o", f"out{jobs}/", "--jobs", jobs)
        assert done.code == 0, done.err
        assert [line.split()[0] for line in done.out.splitlines()] == ["in/0.png", "in/1.png", "in/2.png"]
    single = segcli(*words[:1], "in/1.png", *words[2:], "-o", "out3/")
    assert single.code == 0
    files = sorted(path.relative_to("out1") for path in Path("out1").rglob("*.*") if path.suffix in (".png", ".npz"))
    assert len(files) == 6
    for file in files:
        assert (Path("out1") / file).read_bytes() == (Path("out2") / file).read_bytes()
    assert Path("out3/1.predict.png").read_bytes() == next(Path("out1").rglob("1.predict.png")).read_bytes()


def test_a_damaged_picture_costs_one_input(segcli, disc_models):
    Path("in/1.png").write_bytes(Path("in/1.png").read_bytes()[:200])
    done = segcli("predict", "in", "--model", disc_models["discs"], "-o", "out/")
    assert done.code == 1
    assert "'in/1.png'" in done.err
    assert "2 done, 1 failed" in done.err


def test_a_run_is_resumed_without_doing_it_again(segcli, disc_models):
    words = ("predict", "in", "--model", disc_models["discs"], "-o", "out/", "--exists", "resume")
    assert segcli(*words).code == 0
    next(Path("out").rglob("1.predict.png")).unlink()
    again = segcli(*words)
    assert again.code == 0
    assert "1 done, 2 skipped" in again.err
    other = segcli(*words, "--threshold", "0.3")
    assert "3 done" in other.err


def test_a_color_picture_costs_a_word_for_a_gray_model(segcli, disc_models, save):
    values = picture(PLACES)[0]
    save("colors.png", np.stack([values, values, 255 - values], -1))
    refused = segcli("predict", "colors.png", "--model", disc_models["discs"])
    assert refused.code == 1
    assert "is in color, and the model 'discs.safetensors' takes gray. Say --gray" in refused.err
    assert segcli("predict", "colors.png", "--model", disc_models["discs"], "--gray", "-q").code == 0


def test_names_are_looked_up_in_the_users_folder(segcli, disc_models, here):
    (here / "mine" / "run").mkdir(parents=True)
    (here / "mine" / "my_discs.safetensors").write_bytes(disc_models["discs"].read_bytes())
    (here / "mine" / "run" / "best.safetensors").write_bytes(disc_models["borders"].read_bytes())
    for name, words in (("my_discs", "my_discs (unet)"), ("My-Discs", "(unet)"), ("run", "run (unet)")):
        done = segcli("predict", "discs.png", "--model", name, "--exists", "overwrite")
        assert done.code == 0, done.err
        assert words in done.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--model", "my_disc"), "there is no model 'my_disc'; did you mean my_discs?"),
        (("--model", "FCN16s"), "fcn16s is a network without weights here; train it: segcli train --model fcn16s DATA"),
        (("--model", "x.safetensors"), "'x.safetensors' does not exist"),
        (("--model", "in"), "'in' is a folder without best.safetensors"),
        (("--model", "discs.png"), "'discs.png' is not a fitted model"),
        (("--model", ""), "there is no model ''"),
        (("--model", "my_discs", "--device", "cuda:77"), "--device is cuda:77; torch finds"),
        (("--model", "my_discs", "--device", "tpu"), "--device is 'tpu'; it must be auto"),
        (("--model", "my_discs", "--tile", "5"), "--tile is '5'; it must be auto, or from 32"),
        (("--model", "my_discs", "--tta", "turn"), "--tta is 'turn'; it must be one of flip, scale"),
        (("--model", "my_discs", "--threshold", "2"), "--threshold is 2; it must be between 0 and 1"),
        (("--model", "my_discs", "--batch", "0"), "--batch is 0; it must be between 1"),
        (("--model", "my_discs", "--refine", "otsu"), "--refine takes crf"),
        (("--model", "my_discs", "--split"), "--split parts the objects of --instances"),
        (("--model", "my_discs", "--exists", "perhaps"), "--exists is 'perhaps'"),
    ],
)
def test_requests_that_cannot_be_are_refused_before_any_work(segcli, disc_models, here, words, complaint):
    (here / "mine").mkdir()
    (here / "mine" / "my_discs.safetensors").write_bytes(disc_models["discs"].read_bytes())
    done = segcli("predict", "discs.png", "-o", "out/", *words)
    assert (done.code, done.out) == (2, "")
    assert complaint in done.err
    assert len(done.err.splitlines()) == 1
    assert not Path("out").exists()


def changed(path, **facts):
    """The bytes of a model whose card says something else."""
    model = read_fitted(path)
    return encode_fitted(replace(model, facts={**model.facts, **facts}))


def without_a_weight(path):
    model = read_fitted(path)
    arrays = dict(model.arrays)
    arrays.pop(sorted(arrays)[0])
    return encode_fitted(Fitted(model.method, arrays, model.facts))


def with_other_shapes(path):
    model = read_fitted(path)
    return encode_fitted(Fitted(model.method, {**model.arrays, "head.bias": np.zeros(7, np.float32)}, model.facts))


def with_nothing_finite(path):
    model = read_fitted(path)
    bad = np.full_like(model.arrays["head.bias"], np.nan)
    return encode_fitted(Fitted(model.method, {**model.arrays, "head.bias": bad}, model.facts))


def flipped(path):
    """One bit of a weight is another."""
    data = bytearray(path.read_bytes())
    data[-5] ^= 16
    return bytes(data)


HOSTILE = {
    "pickle": (lambda path: b"\x80\x04cposix\nsystem\n(S'touch owned'\ntR.", "a pickle or an archive"),
    "archive": (lambda path: b"PK\x03\x04" + b"\0" * 200, "a pickle or an archive"),
    "empty": (lambda path: b"", "empty"),
    "long header": (lambda path: struct.pack("<Q", 1 << 60) + b"{" + b"x" * 99, "is not a fitted model"),
    "large header": (lambda path: struct.pack("<Q", 5 << 20) + b"{" * (6 << 20), "has a header of 5242880 bytes"),
    "nested header": (lambda path: struct.pack("<Q", 90_000) + b"{" + b'"a":[' * 20_000, "header cannot be read"),
    "cut off": (lambda path: path.read_bytes()[:-9], "damaged model"),
    "flipped bit": (flipped, "damaged model"),
    "no weights": (lambda path: changed(path, architecture="nothing"), "there is no network 'nothing'"),
    "classifier": (lambda path: changed(path, architecture="lenet5"), "lenet5 is not for segmentation"),
    "path": (lambda path: changed(path, architecture="os.system"), "there is no network 'os.system'"),
    "number": (lambda path: changed(path, architecture=3), "missing or broken"),
    "option": (lambda path: changed(path, options={"depht": 2}), "has no option 'depht'"),
    "deep": (lambda path: changed(path, options={"depth": 10**9}), "its option 'depth' is 1000000000"),
    "deeper": (lambda path: changed(path, options={"depth": 9}), "depth is 9; it must be between 1 and 8"),
    "word": (lambda path: changed(path, options={"depth": "two"}), "cannot be built"),
    "self": (lambda path: changed(path, options={"self": 1}), "option 'self'"),
    "named": (lambda path: changed(path, options={"in_channels": 1}), "cannot be built"),
    "wide": (lambda path: changed(path, width=16), "the network needs"),
    "infinitely wide": (lambda path: changed(path, width="NaN"), "is no model of a network"),
    "many classes": (lambda path: changed(path, classes=10**9, names=["a"]), "classes is 1000000000"),
    "names": (lambda path: changed(path, names=["a\x1b[31m", "b"]), "names of classes are no words"),
    "channels": (lambda path: changed(path, channels=2), "channels is 2; pictures have 1 or 3"),
    "scaling": (lambda path: changed(path, scaling={"kind": "dataset", "mean": [0], "std": [0]}), "divides by 0"),
    "more scaling": (lambda path: changed(path, scaling={"kind": "eval", "mean": [0], "std": [1]}), "scaling does not"),
    "target": (lambda path: changed(path, target="borders"), "target is 'borders' with 2 classes"),
    "lacking": (without_a_weight, "lacks the weights"),
    "shapes": (with_other_shapes, "has weights 'head.bias' of shape (7,)"),
    "not finite": (with_nothing_finite, "has weights 'head.bias' that are not finite"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_and_damaged_models_are_one_line(segcli, disc_models, kind):
    make, complaint = HOSTILE[kind]
    Path("bad.safetensors").write_bytes(make(disc_models["discs"]))
    done = segcli("predict", "discs.png", "--model", "bad.safetensors", "-o", "out/")
    assert (done.code, done.out) == (2, "")
    assert complaint in done.err
    assert done.err.startswith("segcli predict: 'bad.safetensors' ")
    assert len(done.err.splitlines()) == 1
    assert done.err.strip().isprintable()
    assert not Path("out").exists()
    assert not Path("owned").exists()


def test_a_pipe_is_no_model(segcli):
    os.mkfifo("pipe")
    done = segcli("predict", "discs.png", "--model", "pipe")
    assert done.code == 2
    assert "'pipe' is no regular file" in done.err


def test_the_plan_is_shown_and_nothing_written(segcli, disc_models):
    done = segcli("predict", "in", "--model", disc_models["discs"], "--dry-run", "-o", "out/")
    assert done.code == 0
    assert len(done.out.splitlines()) == 3
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["predict", "--help"], 0),
        (["predict", "discs.png"], 2),
        (["predict", "discs.png", "--modell", "x"], 2),
        (["predict", "discs.png", "--model", "nothing"], 2),
        (["predict", "discs.png", "--model", "segnet"], 2),
        (["predict", "discs.png", "--model", "discs.png"], 2),
        (["predict", "--model", "own", "--as", "pictures", "discs.png"], 2),
        (["predict", "--model", "own", "missing", "-o", "x.jpg"], 2),
    ],
)
def test_help_and_typos_do_not_load_torch(disc_models, here, words, code):
    (here / "mine").mkdir()
    (here / "mine" / "own.safetensors").write_bytes(disc_models["discs"].read_bytes())
    program = f"import sys\nfrom segcli.cli import app\ncode = app.run({words!r})\nprint(code, 'torch' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout.splitlines()[-1] == f"{code} False"
