"""segcli export, and segcli predict with what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tools.discs import picture

from segcli.files.labels import read_labels, read_scores

pytest.importorskip("onnxruntime")
from tools.onnx_files import convolution, scattered

PLACES = [(20, 16), (20, 34), (45, 40)]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch, save):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGCLI_MODELS", str(tmp_path / "mine"))
    save("discs.png", picture(PLACES)[0])


def test_an_exported_network_gives_the_same_objects(segcli, disc_models):
    done = segcli("export", disc_models["borders"], "-o", "out/net.onnx")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("out/net.onnx  0.1 MB; logits up to ")
    assert "(77 x 53, 96 x 64, 41 x 131 pixels)" in done.out
    words = ("--instances", "--as", "mask", "--as", "scores", "--tta", "flip")
    for model, name in ((disc_models["borders"], "t.png"), ("out/net.onnx", "o.png")):
        assert segcli("predict", "discs.png", "--model", model, *words, "-o", f"{name[0]}/").code == 0
    ours, theirs = (read_scores(f"{folder}/discs.predict.scores.npz").astype(float) for folder in "ot")
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    assert read_labels("o/discs.predict.png").max() == read_labels("t/discs.predict.png").max() == 3


def test_the_figures_come_as_json(segcli, disc_models):
    found = json.loads(segcli("export", disc_models["discs"], "-o", "net.onnx", "--json").out)
    assert found["difference"] < 1e-4 < found["largest"]
    assert found["bytes"] == Path("net.onnx").stat().st_size
    assert found["sizes"] == [[53, 77], [64, 96], [131, 41]]


def test_what_exists_is_left_alone_unless_somebody_says_so(segcli, disc_models):
    Path("net.onnx").write_text("mine")
    words = ("export", disc_models["discs"], "-o", "net.onnx")
    assert segcli(*words).code == 2
    assert segcli(*words, "--exists", "skip").out == "net.onnx  in place already\n"
    assert Path("net.onnx").read_text() == "mine"
    assert segcli(*words, "--exists", "overwrite").code == 0
    assert segcli("export", "net.onnx", "-o", "again.onnx").err == (
        "segcli export: 'net.onnx' is an ONNX file already.\n"
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("x.safetensors", "-o", "net.onnx"), "'x.safetensors' does not exist"),
        (("segnet", "-o", "net.onnx"), "segnet is a network without weights here"),
        (("discs.png", "-o", "net.onnx"), "'discs.png' is not a fitted model"),
        (("discs.png", "-o", "net.pt"), "'net.pt': a network is written as .onnx"),
        (("discs.png", "--exists", "no"), "--exists is 'no'"),
    ],
)
def test_requests_that_cannot_be_are_one_line(segcli, words, complaint):
    done = segcli("export", *words)
    assert (done.code, done.out) == (2, "")
    assert complaint in done.err
    assert len(done.err.splitlines()) == 1
    assert not Path("net.onnx").exists()


def test_nothing_is_left_when_the_copy_gives_something_else(segcli, disc_models, monkeypatch):
    monkeypatch.setattr("segcli.learning.export.LARGEST_DIFFERENCE", 0.0)
    done = segcli("export", disc_models["discs"], "-o", "out/net.onnx")
    assert done.code == 2
    assert "gives other logits as ONNX" in done.err
    assert not Path("out").exists()


def test_without_the_packages_both_commands_say_what_to_install(segcli, disc_models, monkeypatch):
    convolution(Path("net.onnx"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for words in (("export", disc_models["discs"]), ("predict", "discs.png", "--model", "net.onnx")):
        done = segcli(*words)
        assert (done.code, len(done.err.splitlines())) == (2, 1)
        assert "pip install 'segcli[onnx]'" in done.err


def test_a_network_of_others_is_predicted_with_all_there_is(segcli):
    convolution(Path("net.onnx"), sides=(64, 64), batch=1)
    done = segcli("predict", "discs.png", "--model", "net.onnx")
    assert done.code == 0
    assert "note: net.onnx: it does not name its classes, and pictures go in as 0 to 1; net.json beside" in done.err
    np.testing.assert_array_equal(read_labels("discs.predict.png") > 0, picture(PLACES)[0] > 127)
    Path("net.json").write_text('{"names": ["ground", "disc"], "mean": [0.1], "std": [1]}')
    words = ("--instances", "--split", "--tta", "flip", "--as", "scores", "--as", "mask", "-o", "o/")
    more = segcli("predict", "discs.png", "--model", "net.onnx", "--ensemble", "net.onnx", *words)
    assert more.code == 0, more.err
    assert "tells apart ground, disc" in more.err
    assert "note" not in more.err


HOSTILE = {
    "text": (lambda path: path.write_text("no network"), "is no ONNX file"),
    "pickle": (lambda path: path.write_bytes(b"\x80\x04cposix\nsystem\n(S'touch owned'\ntR."), "is no ONNX file"),
    "empty": (lambda path: path.write_bytes(b""), "is no ONNX file"),
    "cut off": (lambda path: path.write_bytes(convolution(path).read_bytes()[:-30]), "is no ONNX file"),
    "two inputs": (lambda path: convolution(path, inputs=2), "has 2 inputs"),
    "elsewhere": (lambda path: scattered(path, "../../etc/passwd"), "keeps weights in '../../etc/passwd'"),
    "folder": (lambda path: path.mkdir(), "is a folder without best.safetensors"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_and_damaged_networks_are_one_line(segcli, kind):
    make, complaint = HOSTILE[kind]
    make(Path("bad.onnx"))
    done = segcli("predict", "discs.png", "--model", "bad.onnx", "-o", "out/")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("segcli predict: 'bad.onnx' ")
    assert complaint in done.err
    assert len(done.err.splitlines()) == 1
    assert not Path("out").exists()
    assert not Path("owned").exists()
