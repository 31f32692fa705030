"""segcli train when things go wrong: one line, the right exit code, and what can be relied on afterwards."""

import json
import os
import resource
import signal
import subprocess
import sys

import numpy as np
import pytest
from tools.squares import stored, written

from segcli.files.write import encode_array
from segcli.learning import train as training

QUICK = ("--width", "0.0625", "--option", "depth=1", "--crop", "16", "--batch", "2", "--steps-per-epoch", "4")
RUN = (*QUICK, "--epochs", 3, "--rate", 0.01, "--no-check", "--augment", "light")


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    return written(tmp_path_factory.mktemp("squares"), 6)


@pytest.fixture
def whole(segcli, squares, tmp_path):
    """What the files of an undisturbed run hold."""
    assert segcli("train", squares, "-o", tmp_path / "whole", *RUN).code == 0
    return stored(tmp_path / "whole")


def _signaled(monkeypatch, method, at, number):
    """Have a signal come in the midst of a step or of a judgement."""
    real, calls = getattr(training.Trainer, method), []

    def interrupted(self, *arguments):
        done = real(self, *arguments)
        calls.append(1)
        if len(calls) == at:
            os.kill(os.getpid(), number)
        return done

    monkeypatch.setattr(training.Trainer, method, interrupted)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    ("method", "at"), [("_update", 6), ("_backward", 1), ("_update", 12), ("_judge", 2), ("judged", 2)]
)
def test_a_run_that_is_interrupted_anywhere_goes_on_to_the_same_weights(
    segcli, squares, tmp_path, monkeypatch, whole, method, at, number, code
):
    with monkeypatch.context() as patched:
        _signaled(patched, method, at, number)
        stopped = segcli("train", squares, "-o", tmp_path / "run", *RUN)
    assert stopped.code == code, stopped.err
    assert "the same command with --resume goes on" in stopped.err
    again = segcli("train", squares, "-o", tmp_path / "run", *RUN, "--resume")
    assert again.code == 0, again.err
    assert stored(tmp_path / "run") == whole


def test_a_second_ctrl_c_stops_at_once_and_leaves_the_last_good_weights(segcli, squares, tmp_path, monkeypatch, whole):
    with monkeypatch.context() as patched:
        _signaled(patched, "_update", 6, signal.SIGINT)
        _signaled(patched, "_learn", 6, signal.SIGINT)
        assert segcli("train", squares, "-o", tmp_path / "run", *RUN).code == 130
    assert json.loads((tmp_path / "run" / "run.json").read_text())["steps"] == 4
    assert segcli("train", squares, "-o", tmp_path / "run", *RUN, "--resume").code == 0
    assert stored(tmp_path / "run") == whole


def test_an_ignored_ctrl_c_stays_ignored(squares, tmp_path):
    command = [sys.executable, "-m", "segcli", "train", str(squares), "-o", str(tmp_path / "run"), *map(str, RUN)]
    lines = (
        "import os, signal, sys",
        "from segcli.cli import app",
        "from segcli.learning.train import Trainer",
        "signal.signal(signal.SIGINT, signal.SIG_IGN)",
        "whole = Trainer._judge",
        "Trainer._judge = lambda *given: (os.kill(os.getpid(), signal.SIGINT), whole(*given))[1]",
        "sys.exit(app.run(sys.argv[1:]))",
    )
    done = subprocess.run(
        [command[0], "-c", "\n".join(lines), *command[3:]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("fault", ["cut off", "gone", "other size", "label", "text"])
def test_a_picture_that_is_damaged_while_it_runs_is_left_out_named_and_counted(segcli, tmp_path, monkeypatch, fault):
    data = written(tmp_path / "data", 12)
    image, mask = data / "images" / "3.png", data / "masks" / "3.png"
    damage = {
        "cut off": lambda: image.write_bytes(image.read_bytes()[:200]),
        "gone": image.unlink,
        "other size": lambda: mask.write_bytes(encode_array(np.zeros((9, 9), np.uint8), ".png", {})),
        "label": lambda: mask.write_bytes(encode_array(np.full((24, 24), 7, np.uint8), ".png", {})),
        "text": lambda: image.write_text("an apology of the server"),
    }
    from segcli.learning import run

    fit = run.fit_scaling

    def fitted(*arguments):
        done = fit(*arguments)
        damage[fault]()
        return done

    monkeypatch.setattr(run, "fit_scaling", fitted)
    done = segcli("train", data, "-o", tmp_path / "run", *RUN)
    assert done.code == 0, done.err
    named = [line for line in done.err.splitlines() if line.startswith("left out: ")]
    assert len(named) == 1
    assert "3.png" in named[0]
    assert "1 picture was left out" in done.err
    assert len(json.loads((tmp_path / "run" / "run.json").read_text())["left_out"]) == 1


def test_masks_with_numbers_that_are_no_class_are_refused_by_name(segcli, tmp_path):
    data = written(tmp_path / "data", 4)
    for mask in (data / "masks").iterdir():
        mask.write_bytes(encode_array(np.full((24, 24), 200, np.uint8), ".png", {}))
    done = segcli("train", data, "-o", tmp_path / "run", *QUICK, "--classes", "3", "--kind", "classes")
    assert done.code in (1, 2)
    assert "has value 200, 3 classes declared" in done.err
    assert len(done.err.splitlines()[-1]) < 400
    assert not (tmp_path / "run").exists()


def test_one_picture_is_enough(segcli, tmp_path):
    data = written(tmp_path / "data", 1)
    done = segcli("train", data, "-o", tmp_path / "run", *RUN)
    assert done.code == 0, done.err
    assert "1 train" in done.err


def test_an_empty_validation_part_leaves_the_loss_to_judge(segcli, squares, tmp_path):
    done = segcli("train", squares, "-o", tmp_path / "run", *RUN, "--val-share", 0)
    assert done.code == 0, done.err
    assert (tmp_path / "run" / "history.csv").read_text().startswith("epoch,step,seconds,rate,train_loss\n")
    assert (tmp_path / "run" / "best.safetensors").exists()


def test_a_full_disk_ends_with_3_and_one_line(segcli, squares, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        done = segcli("train", squares, "-o", tmp_path / "run", *RUN)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.code == 3
    assert done.err.splitlines()[-1].endswith("best.safetensors' cannot be written: File too large.")
    assert list((tmp_path / "run").iterdir()) == []


def test_a_folder_that_takes_no_files_is_refused_before_any_work(segcli, squares, tmp_path, monkeypatch):
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **more: mode != os.W_OK | os.X_OK and real(path, mode, **more))
    done = segcli("train", squares, "-o", tmp_path / "run", *RUN)
    assert done.code == 2
    assert "takes no files: it is read-only" in done.err.splitlines()[-1]


def test_a_loss_that_is_no_number_ends_with_1_and_keeps_the_last_good_weights(segcli, squares, tmp_path, monkeypatch):
    real = training.Trainer._backward

    def backward(self, batch):
        value = real(self, batch)
        return float("nan") if self.progress.step == 9 else value

    monkeypatch.setattr(training.Trainer, "_backward", backward)
    done = segcli("train", squares, "-o", tmp_path / "run", *RUN)
    assert done.code == 1
    assert "the loss is nan at step 10, for " in done.err.splitlines()[-1]
    assert ".png" in done.err.splitlines()[-1]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["steps"] == 8
    assert (
        segcli("predict", squares / "images" / "0.png", "--model", tmp_path / "run", "-o", tmp_path / "0.png").code == 0
    )


def _ended(segcli, squares, run, *more):
    done = segcli("train", squares, "-o", run, *RUN, *more)
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (("--loss", "ce"), "began with --loss ce+dice, and now it is ce; leave --loss out"),
        (("--lr", "0.02"), "began with --rate 0.01, and now it is 0.02"),
        (("--crop", "32"), "began with --crop 16, and now it is 32"),
        (("--option", "depth=2"), "began with --options depth=1, and now it is depth=2"),
        (("--model", "segnet"), "began with --model unet, and now it is segnet"),
        (("--clip", "1"), "began with --clip 0, and now it is 1"),
    ],
)
def test_a_run_goes_on_with_its_own_settings_only(segcli, squares, tmp_path, more, complaint):
    _ended(segcli, squares, tmp_path / "run")
    before = (tmp_path / "run" / "last.safetensors").read_bytes()
    done = segcli("train", squares, "-o", tmp_path / "run", *RUN, "--resume", *more)
    assert done.code == 2
    assert complaint in done.err.splitlines()[-1]
    assert (tmp_path / "run" / "last.safetensors").read_bytes() == before


def test_a_run_goes_on_without_being_told_its_settings_again(segcli, squares, tmp_path):
    _ended(segcli, squares, tmp_path / "run")
    before = stored(tmp_path / "run")
    done = segcli("train", squares, "-o", tmp_path / "run", "--resume", "--no-check")
    assert done.code == 0, done.err
    assert stored(tmp_path / "run") == before


def test_a_run_goes_on_for_more_epochs_as_if_it_had_been_asked_for_them(segcli, squares, tmp_path):
    constant = ("--schedule", "constant")
    _ended(segcli, squares, tmp_path / "run", *constant, "--epochs", 1)
    _ended(segcli, squares, tmp_path / "run", *constant, "--resume")
    _ended(segcli, squares, tmp_path / "whole", *constant)
    assert stored(tmp_path / "run") == stored(tmp_path / "whole")


def test_a_run_does_not_go_on_with_other_data(segcli, squares, tmp_path):
    _ended(segcli, squares, tmp_path / "run")
    other = written(tmp_path / "other", 7)
    done = segcli("train", other, "-o", tmp_path / "run", *RUN, "--resume")
    assert done.code == 2
    assert "the data are not those that the run" in done.err.splitlines()[-1]


@pytest.mark.parametrize("damage", ["cut off", "text", "empty", "best"])
def test_a_damaged_last_is_one_line(segcli, squares, tmp_path, damage):
    _ended(segcli, squares, tmp_path / "run")
    last = tmp_path / "run" / "last.safetensors"
    made = {
        "cut off": last.read_bytes()[:-7],
        "text": b"so sorry",
        "empty": b"",
        "best": (tmp_path / "run" / "best.safetensors").read_bytes(),
    }
    last.write_bytes(made[damage])
    done = segcli("train", squares, "-o", tmp_path / "run", *RUN, "--resume")
    assert done.code in (1, 2)
    assert "last.safetensors" in done.err.splitlines()[-1]
    assert "fault of segcli" not in done.err
