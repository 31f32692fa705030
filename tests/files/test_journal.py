"""What resume trusts: the journal and the outputs' own word, never mere existence."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from segcli.files.journal import NAME, Journal
from segcli.files.sinks import Output
from segcli.files.write import encode_labels


@pytest.fixture
def run(tmp_path: Path) -> tuple[str, str]:
    """An input, an output and the journal of the run that made it."""
    source, output = tmp_path / "a.png", tmp_path / "a.otsu.png"
    source.write_bytes(b"image")
    output.write_bytes(b"mask")
    Journal(str(tmp_path)).add(
        str(source), digest(b"image"), [(Output("mask", str(output)), digest(b"mask"))], "work", None, {"regions": 3}
    )
    return str(source), str(output)


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def finished(run: tuple[str, str], work: str = "work") -> bool:
    source, output = run
    return Journal(os.path.dirname(output)).finished(source, [Output("mask", output)], work) is not None


def test_a_finished_input_is_recognised_with_its_summary(run: tuple[str, str]) -> None:
    source, output = run
    entry = Journal(os.path.dirname(output)).finished(source, [Output("mask", output)], "work")
    assert entry is not None
    assert entry["summary"] == {"regions": 3}


def test_other_settings_or_version_are_not_finished(run: tuple[str, str]) -> None:
    assert not finished(run, "other work")


def test_a_missing_or_changed_output_is_not_finished(run: tuple[str, str]) -> None:
    Path(run[1]).write_bytes(b"mask changed")
    assert not finished(run)
    os.unlink(run[1])
    assert not finished(run)


def test_a_changed_input_is_not_finished_but_a_touched_one_is(run: tuple[str, str]) -> None:
    os.utime(run[0], ns=(1, 1))
    assert finished(run)
    Path(run[0]).write_bytes(b"other")
    assert not finished(run)


def test_a_torn_line_is_ignored_and_the_next_one_starts_afresh(run: tuple[str, str], tmp_path: Path) -> None:
    journal = tmp_path / NAME
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'\n{"outputs": [{"pa')
    assert finished(run)
    journal.write_bytes(whole[: len(whole) // 2])
    assert not finished(run)
    Journal(str(tmp_path)).add(run[0], digest(b"image"), [(Output("mask", run[1]), digest(b"mask"))], "work", None, {})
    assert finished(run)


def test_without_a_journal_the_output_itself_is_asked(tmp_path: Path) -> None:
    source, output = tmp_path / "a.png", tmp_path / "a.otsu.png"
    source.write_bytes(b"image")
    record = {"work": "work", "sha256": digest(b"image"), "as": "mask"}
    output.write_bytes(encode_labels(np.zeros((2, 2), np.uint8), "mask", ".png", record))
    assert finished((str(source), str(output)))
    assert not finished((str(source), str(output)), "other")
    source.write_bytes(b"another image")
    assert not finished((str(source), str(output)))
