"""segcli samples make, through the real command."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcli.files.datasets import find_dataset
from segcli.files.labels import read_labels

Run = Callable[..., Any]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_drawn_set_is_found_and_clean(segcli: Run, tmp_path: Path) -> None:
    result = segcli("samples", "make", tmp_path / "set", "--count", 20, "--size", 32)
    assert (result.code, result.out) == (0, f"{tmp_path}/set  20 pictures of 32 x 32, classes\n")
    data = find_dataset(tmp_path / "set")
    assert {part: len(rows) for part, rows in data.splits.items()} == {"train": 14, "val": 3, "test": 3}
    assert data.names == ("background", "disc", "cell")
    assert segcli("check", tmp_path / "set").code == 0
    example = data.splits["test"][0]
    objects = read_labels(example.masks[0].replace("masks", "instances"))
    assert np.array_equal(objects > 0, data.read(example).classes > 0)
    assert sorted(np.unique(objects)) == list(range(objects.max() + 1))


def test_numbered_objects_are_the_masks_where_they_are_the_task(segcli: Run, tmp_path: Path) -> None:
    segcli("samples", "make", tmp_path / "set", "--count", 3, "--size", 64, "--task", "instances")
    data = find_dataset(tmp_path / "set")
    assert data.kind == "instances"
    sample = data.read(data.examples[0])
    assert sample.instances is not None
    assert sample.instances.max() > 1


def test_equal_seeds_give_equal_files_and_more_pictures_the_same_first_ones(segcli: Run, tmp_path: Path) -> None:
    for name, count, seed in (("a", 4, 7), ("b", 4, 7), ("more", 6, 7), ("other", 4, 8)):
        segcli("samples", "make", tmp_path / name, "--count", count, "--size", 24, "--seed", seed, "--quiet")
    first = contents(tmp_path / "a")
    assert contents(tmp_path / "b") == first
    assert contents(tmp_path / "more").items() > first.items()
    assert contents(tmp_path / "other") != first


def test_a_full_disk_names_the_file(segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    result = segcli("samples", "make", tmp_path / "set", "--count", 1, "--size", 16)
    monkeypatch.undo()
    assert result.code == 3
    assert result.err == f"segcli samples: '{tmp_path}/set/classes.txt' cannot be written: No space left on device.\n"
    assert list((tmp_path / "set").iterdir()) == []


def test_json(segcli: Run, tmp_path: Path) -> None:
    result = segcli("samples", "make", tmp_path / "set", "--count", 1, "--size", 16, "--json")
    assert json.loads(result.out)["pictures"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["draw", "new"], "'draw' is no action; it must be make."),
        (["make", "new", "--count", "0"], "--count is 0; it must be between 1 and 1000000."),
        (["make", "new", "--size", "8"], "--size is 8; it must be between 16 and 4096."),
        (["make", "new", "--seed", "-1"], "--seed is -1; it must be between 0 and 4294967295."),
        (["make", "new", "--task", "x"], "--task is 'x'; it must be one of classes, instances."),
        (["make", "full"], "'full' exists and is not an empty folder; name a new one."),
    ],
)
def test_impossible_requests_write_nothing(
    segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    result = segcli("samples", *arguments)
    assert (result.code, result.out, result.err) == (2, "", f"segcli samples: {words}\n")
    assert not (tmp_path / "new").exists()
