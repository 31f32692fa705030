"""Curves for TensorBoard."""

import pytest

from segcli.learning.board import write_board
from segcli.learning.train import Epoch

EVENTS = [
    Epoch(number, 2, 1.0 - number / 2, {"miou": 0.5 + number / 10, "loss": 1.0}, 1e-3, 1.0, True) for number in (0, 1)
]


def test_nothing_is_written_without_tensorboard(tmp_path, monkeypatch):
    monkeypatch.setattr("segcli.learning.board.find_spec", lambda name: None)
    assert not write_board(str(tmp_path / "board"), EVENTS[0], 10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_what_was_written(tmp_path):
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for step, event in zip((10, 20), EVENTS, strict=True):
        assert write_board(str(tmp_path), event, step)
    found = [EventAccumulator(str(path)).Reload() for path in sorted(tmp_path.iterdir())]
    read = [(event.step, event.value) for part in found for event in part.Scalars("validation/miou")]
    assert sorted(read) == [(10, pytest.approx(0.5)), (20, pytest.approx(0.6))]
