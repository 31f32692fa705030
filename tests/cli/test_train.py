"""segcli train through the command line: a run, its folder, what goes wrong, going on."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from segcli.files.write import encode_array

QUICK = ("--width", "0.0625", "--option", "depth=2", "--crop", "32", "--batch", "2", "--steps-per-epoch", "3")


@pytest.fixture(scope="module")
def discs(tmp_path_factory):
    """Six pictures of a bright disc in images/ and masks/."""
    folder = tmp_path_factory.mktemp("discs")
    for part in ("images", "masks"):
        (folder / part).mkdir()
    for number in range(6):
        random = np.random.default_rng(number)
        rows, columns = np.ogrid[:40, :40]
        mask = (rows - random.integers(12, 28)) ** 2 + (columns - random.integers(12, 28)) ** 2 < 90
        image = np.clip(60 + 100 * mask + random.normal(0, 8, mask.shape), 0, 255).astype(np.uint8)
        (folder / "images" / f"disc{number}.png").write_bytes(encode_array(image, ".png", {}))
        (folder / "masks" / f"disc{number}.png").write_bytes(encode_array(mask.astype(np.uint8) * 255, ".png", {}))
    return folder


def test_a_run_leaves_weights_history_curves_and_how_it_was_made(segcli, discs, tmp_path):
    result = segcli("train", discs, "-o", tmp_path / "run", *QUICK, "--epochs", 2, "--rate", 0.01)
    assert result.code == 0, result.err
    assert "2 classes" in result.err
    assert result.out.startswith(f"{tmp_path / 'run' / 'best.safetensors'}  miou ")
    names = {path.name for path in (tmp_path / "run").iterdir()} - {"tensorboard"}
    assert names == {"best.safetensors", "last.safetensors", "history.csv", "run.json", "curves.png", "samples"}
    sheets = sorted(path.name for path in (tmp_path / "run" / "samples").iterdir())
    assert sheets == ["epoch-0001.png", "epoch-0002.png"]
    made = json.loads((tmp_path / "run" / "run.json").read_text())
    assert made["settings"]["rate"] == 0.01
    assert len(made["fingerprint"]) == 64
    assert made["steps"] == 6


def test_epochs_come_as_json(segcli, discs, tmp_path):
    result = segcli("train", discs, "-o", tmp_path / "run", *QUICK, "--epochs", 2, "--rate", 0.01, "--json")
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert {"loss", "miou", "dice", "accuracy", "rate", "seconds", "best"} <= rows[0].keys()
    assert result.err == ""


def test_a_preview_draws_windows_and_trains_nothing(segcli, discs, tmp_path):
    result = segcli("train", discs, *QUICK, "--preview", tmp_path / "sheet.png")
    assert result.code == 0, result.err
    assert (tmp_path / "sheet.png").read_bytes()[:4] == b"\x89PNG"
    assert os.listdir(tmp_path) == ["sheet.png"]


def test_a_run_that_was_interrupted_is_kept_and_goes_on(discs, tmp_path):
    arguments = ["train", str(discs), "-o", str(tmp_path / "run"), *QUICK, "--epochs", "500", "--rate", "0.01"]
    command = [sys.executable, "-m", "segcli", *arguments]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for line in running.stderr:
        if line.startswith("epoch   2"):
            break
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "--resume goes on" in err
    steps = json.loads((tmp_path / "run" / "run.json").read_text())["steps"]
    again = subprocess.Popen([*command, "--resume"], stderr=subprocess.PIPE, text=True)
    for line in again.stderr:
        if line.startswith("epoch"):
            number = int(line.split()[1].partition("/")[0])
            break
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=60)
    assert again.returncode in (130, 143)
    assert number == steps // 3 + 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--model", "unett"), "did you mean unet?"),
        (("--loss", "dise"), "dice"),
        (("--lr", "0"), "--rate is 0"),
        (("--optimizer", "adamm"), "--optimizer is 'adamm'"),
        (("--max-time", "soon"), "--max-time is 'soon'"),
        (("--option", "depth"), "write NAME=VALUE"),
        (("--option", "deep=3"), "has no option 'deep'"),
        (("--device", "gpu"), "--device is 'gpu'"),
        (("--augment", "strong"), "no augmentation 'strong'"),
    ],
)
def test_impossible_wishes_are_refused_before_any_work(segcli, discs, tmp_path, words, complaint):
    result = segcli("train", discs, "-o", tmp_path / "run", *QUICK, *words)
    assert result.code == 2
    assert complaint in result.err.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_a_folder_with_a_run_is_not_overwritten_and_one_without_not_resumed(segcli, discs, tmp_path):
    assert segcli("train", discs, "-o", tmp_path / "run", *QUICK, "--epochs", 1, "--rate", 0.01).code == 0
    before = (tmp_path / "run" / "last.safetensors").read_bytes()
    again = segcli("train", discs, "-o", tmp_path / "run", *QUICK, "--epochs", 1, "--rate", 0.01)
    assert again.code == 2
    assert "holds a run already" in again.err
    assert (tmp_path / "run" / "last.safetensors").read_bytes() == before
    assert "nothing to resume" in segcli("train", discs, "-o", tmp_path / "none", *QUICK, "--resume").err
    assert "name a folder" in segcli("train", discs, *QUICK).err


def test_help_and_typos_do_not_load_torch():
    lines = ("import sys", "from segcli.cli import app", "app.run(['train', 'x', '--loss', 'dise'])")
    code = "\n".join((*lines, "print('torch' in sys.modules)"))
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.splitlines()[-1] == "False"
