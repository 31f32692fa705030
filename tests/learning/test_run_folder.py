"""What a run leaves on the disk can be relied on, whatever happens, and a run goes on from it."""

import errno
import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from tools.squares import SETTINGS, Squares, finished, stored, trainer

from segcli.errors import EnvironmentFailure, SegcliError, UsageError
from segcli.files.fitted import read_fitted
from segcli.learning.folder import BEST, LAST, RunFolder, go_on, load_last
from segcli.learning.train import Epoch


def _full_after(monkeypatch, writes):
    """A disk that takes so many more writes."""
    real, left = os.write, [writes]

    def write(descriptor, data):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)


@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_a_full_disk_stops_the_run_and_leaves_what_was_there(tmp_path, monkeypatch, writes):
    made, folder = trainer(), RunFolder(str(tmp_path), {})
    run = made.run()
    for event in run:
        if isinstance(event, Epoch):
            folder.save(made, best=True)
            break
    before, names = stored(tmp_path), sorted(os.listdir(tmp_path))
    for event in run:
        if isinstance(event, Epoch):
            break
    with monkeypatch.context() as patched:
        _full_after(patched, writes)
        with pytest.raises(EnvironmentFailure, match=r"^'.*(safetensors|csv|json)' cannot be written: No space left"):
            folder.save(made, best=True)
    after = stored(tmp_path)
    assert sorted(os.listdir(tmp_path)) == names
    assert (after[BEST] == before[BEST]) == (writes == 0)
    assert (after[LAST] == before[LAST]) == (writes <= 1)
    again = trainer()
    go_on(again, load_last(str(tmp_path))[0])
    finished(again, folder)
    assert stored(tmp_path) == _undisturbed(tmp_path / "whole")


def _undisturbed(path):
    finished(trainer(), RunFolder(str(path), {}))
    return stored(path)


def test_a_checkpoint_that_reads_back_otherwise_does_not_replace_the_last(tmp_path, monkeypatch):
    from segcli.files import fitted

    made, folder = trainer(), RunFolder(str(tmp_path), {})
    finished(made, folder)
    before, names = stored(tmp_path), sorted(os.listdir(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(fitted, "read_bytes", lambda path: b"{}")
        with pytest.raises(EnvironmentFailure, match=r"^'.*last.safetensors' .*is not on the disk as it was written"):
            folder.save(made)
    assert stored(tmp_path) == before
    assert sorted(os.listdir(tmp_path)) == names


def test_a_folder_that_takes_no_files_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="read-only"):
        RunFolder(str(tmp_path / "run"), {}).check(resume=False)


def test_what_a_killed_run_left_half_written_goes(tmp_path):
    made, folder = trainer(), RunFolder(str(tmp_path), {})
    finished(made, folder)
    names = sorted(os.listdir(tmp_path))
    (tmp_path / f".{LAST}.999999999.segcli-tmp").write_bytes(b"half")
    (tmp_path / f".fresh-{LAST}").write_bytes(b"half")
    folder.check(resume=True)
    assert sorted(os.listdir(tmp_path)) == names


def test_a_run_of_very_many_epochs_and_steps_can_be_kept_and_goes_on(tmp_path):
    made, folder = trainer(), RunFolder(str(tmp_path), {})
    finished(made)
    made.progress.history *= 20_000
    made.progress.losses = [0.123456789012345] * 300_000
    folder.save(made)
    again = trainer()
    go_on(again, load_last(str(tmp_path))[0])
    assert again.progress.losses == made.progress.losses
    assert again.progress.history == made.progress.history


@pytest.mark.parametrize("change", [{"patience": 1, "rate": 1e-12, "freeze_norm": True}, {"max_seconds": 1}])
def test_a_run_that_is_over_stays_as_it_is(tmp_path, change):
    settings = replace(SETTINGS, epochs=1000, **change)
    made, folder = trainer(settings), RunFolder(str(tmp_path), {})
    epochs = finished(made, folder)
    assert len(epochs) < 1000
    again = trainer(settings)
    go_on(again, load_last(str(tmp_path))[0])
    assert list(again.run()) == []


@pytest.mark.parametrize("schedule", ["constant", "plateau"])
def test_a_longer_run_is_a_shorter_one_gone_on_with(tmp_path, schedule):
    short, folder = trainer(replace(SETTINGS, schedule=schedule)), RunFolder(str(tmp_path), {})
    finished(short, folder)
    long = replace(SETTINGS, schedule=schedule, epochs=3)
    again = trainer(long)
    go_on(again, load_last(str(tmp_path))[0])
    finished(again)
    whole = trainer(long)
    finished(whole)
    assert all(torch.equal(*pair) for pair in zip(again.network.parameters(), whole.network.parameters(), strict=True))


def _rewritten(path, **changes):
    """A `last` whose facts or arrays are others."""
    from segcli.arrays import Fitted
    from segcli.files.fitted import write_fitted

    found = read_fitted(path)
    arrays = {**found.arrays, **changes.pop("arrays", {})}
    arrays = {name: values for name, values in arrays.items() if values is not None}
    write_fitted(path, Fitted(found.method, arrays, {**found.facts, **changes}), overwrite=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"run": 3},
        {"run": None},
        {"arrays": {"training/progress": None}},
        {"arrays": {"training/progress": np.frombuffer(b"[", np.uint8)}},
        {"arrays": {"training/progress": np.frombuffer(b"[]", np.uint8)}},
        {"arrays": {"training/progress": np.frombuffer(b'{"step": "x"}', np.uint8)}},
        {"arrays": {"training/progress": np.frombuffer(b'{"stop": 1}', np.uint8)}},
        {"arrays": {"training/progress": np.zeros(3, np.float32)}},
        {"arrays": {"training/optimizer/exp_avg:nothing": np.zeros(3, np.float32)}},
        {"arrays": {"training/optimizer/exp_avg:head.weight": np.zeros(3, np.float32)}},
        {"arrays": {"training/average/00000": np.zeros(3, np.float32)}},
    ],
)
def test_a_last_that_is_not_of_this_run_is_one_line(tmp_path, changes):
    made, folder = trainer(), RunFolder(str(tmp_path), {})
    finished(made, folder)
    name = next(name for name, _ in made.network.named_parameters())
    if "training/optimizer/exp_avg:head.weight" in changes.get("arrays", {}):
        changes = {"arrays": {f"training/optimizer/exp_avg:{name}": np.zeros(3, np.float32)}}
    _rewritten(tmp_path / LAST, **changes)
    with pytest.raises(SegcliError) as refusal:
        go_on(trainer(), load_last(str(tmp_path))[0])
    assert "\n" not in str(refusal.value)
    assert "last.safetensors" in str(refusal.value)


def test_the_run_is_described_with_finite_numbers_only(tmp_path):
    made, folder = trainer(validation=Squares(2, void=24)), RunFolder(str(tmp_path), {})
    finished(made, folder)
    json.loads((tmp_path / "run.json").read_text(), parse_constant=lambda text: pytest.fail(text))
