"""Nothing that is read is ever written over, and two results never share a place."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Run = Callable[..., Any]
Save = Callable[..., Path]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(result: Any, words: str) -> None:
    assert (result.code, result.err.count("\n"), result.out) == (2, 1, ""), result.err
    assert words in result.err
    assert "fault of segcli" not in result.err


def test_steps_of_two_inputs_never_share_a_folder(segcli: Run, save: Save) -> None:
    save("one/x.png")
    save("two/x.png")
    arguments = ("otsu", "one/x.png", "two/x.png", "--name", "{parent}_{stem}", "-o", "out")
    refused(segcli(*arguments, "--steps", "steps"), "steps/x")
    assert not os.path.exists("out")


def test_steps_never_replace_an_input_or_what_is_not_their_own(segcli: Run, save: Save) -> None:
    image = save("steps/a/01_input.png")
    before = image.read_bytes()
    save("a.png")
    refused(segcli("otsu", "a.png", image, "-o", "out", "--steps", "steps"), "is an input")
    refused(segcli("otsu", "a.png", "-o", "out", "--steps", "steps"), "exists")
    refused(segcli("otsu", "a.png", "-o", "steps/a/01_input.png", "--steps", "steps"), "steps")
    assert image.read_bytes() == before
    assert segcli("otsu", "a.png", "-o", "out", "--steps", "steps", "--exists", "overwrite").code == 0
    assert segcli("otsu", "a.png", "-o", "out", "--steps", "steps").code == 0


def test_scribbles_found_by_a_pattern_are_never_written_over(segcli: Run, save: Save) -> None:
    save("a.png")
    scribbles = save("s/a.png", np.eye(40, 60, dtype=np.uint8))
    before = scribbles.read_bytes()
    result = segcli(
        *("graphcut", "a.png", "--scribbles", "s/{stem}.png", "-o", "s", "--name", "{stem}", "--exists", "overwrite")
    )
    refused(result, "is an input of this run")
    assert scribbles.read_bytes() == before


def test_table_and_report_have_a_name_of_their_own(segcli: Run, save: Save) -> None:
    save("a.png")
    refused(segcli("otsu", "a.png", "--table", "x.json", "--report", "x.json"), "x.json")
    refused(segcli("otsu", "a.png", "--report", ""), "--report is empty")
    refused(segcli("otsu", "a.png", "--steps", ""), "--steps is empty")
    refused(segcli("otsu", "a.png", "--report", "-"), "--json")
    refused(segcli("otsu", "a.png", "--table", ".csv"), "--table")
    os.mkdir("folder.csv")
    refused(segcli("otsu", "a.png", "--table", "folder.csv"), "is a folder")
    refused(segcli("otsu", "a.png", "--table", "a.png/x.csv"), "cannot be made")
    assert sorted(os.listdir(".")) == ["a.png", "folder.csv"]


def test_a_table_or_report_replaces_only_one_of_its_kind(segcli: Run, save: Save) -> None:
    save("a.png")
    Path("notes.csv").write_text("name,date\n")
    refused(segcli("otsu", "a.png", "--table", "notes.csv"), "notes.csv")
    refused(segcli("otsu", "a.png", "--report", "notes.csv"), "notes.csv")
    assert Path("notes.csv").read_text() == "name,date\n"
    for _ in range(2):
        assert segcli("otsu", "a.png", "--table", "t.csv", "--report", "r.jsonl").code == 0
        assert segcli("otsu", "a.png", "--table", "t.json").code == 0
    assert segcli("otsu", "a.png", "--table", "notes.csv", "--exists", "overwrite").code == 0
    assert len(list(csv.DictReader(Path("notes.csv").read_text().splitlines()))) == 3


@pytest.mark.skipif(os.name != "posix", reason="named pipes are of POSIX systems")
def test_a_report_into_a_pipe_or_device_is_refused_and_leaves_it_there(segcli: Run, save: Save) -> None:
    save("a.png")
    os.mkfifo("pipe")
    refused(segcli("otsu", "a.png", "--report", "pipe"), "pipe")
    assert Path("pipe").is_fifo()


def test_a_folder_in_the_place_of_an_output_is_found_before_work(segcli: Run, save: Save) -> None:
    save("a.png")
    save("b.png")
    os.makedirs("out/b.otsu.png")
    for policy in ("fail", "overwrite", "skip", "resume"):
        refused(segcli("otsu", "a.png", "b.png", "-o", "out", "--exists", policy), "out/b.otsu.png")
    assert os.listdir("out") == ["b.otsu.png"]


def test_a_file_in_the_place_of_a_subfolder_is_found_before_work(segcli: Run, save: Save) -> None:
    save("in/a.png")
    save("in/deep/b.png")
    os.mkdir("out")
    Path("out/deep").write_bytes(b"")
    refused(segcli("otsu", "in", "-r", "-o", "out"), "out/deep")
    refused(segcli("otsu", "in/a.png", "-o", "masks", "--steps", "out/deep"), "out/deep")
    assert os.listdir("out") == ["deep"]


def test_a_name_too_long_for_its_output_is_found_before_work(segcli: Run, save: Save) -> None:
    save("a.png")
    save(f"{'n' * 250}.png")
    refused(segcli("otsu", "a.png", f"{'n' * 250}.png", "-o", "out"), "--name")
    assert not os.path.exists("out")


def test_a_long_table_name_is_written(segcli: Run, save: Save) -> None:
    save("a.png")
    name = f"{'t' * 250}.csv"
    assert segcli("otsu", "a.png", "--table", name).code == 0
    assert os.path.exists(name)


@pytest.mark.parametrize("name", ["", "sub/", ".png", "{stem:d}", "{stem!z}", "{stem:{x}}"])
def test_a_template_that_names_no_file_is_refused(segcli: Run, save: Save, name: str) -> None:
    save("a.png")
    refused(segcli("otsu", "a.png", "-o", "out", "--name", name), "--name")


def test_one_file_named_in_two_ways_is_one_input(segcli: Run, save: Save) -> None:
    save("in/a.png")
    assert segcli("otsu", "in/a.png", "./in/a.png", "in//a.png", "in", "-o", "out").code == 0
    assert os.listdir("out") == ["a.otsu.png"]


def test_outputs_by_the_thousand_are_checked_in_no_time(tmp_path: Path) -> None:
    from time import perf_counter

    from segcli.files.sinks import Sink, plan
    from segcli.files.sources import Item

    items = [Item(f"{number:05d}.png") for number in range(4000)]
    for item in items:
        (tmp_path / f"{item.stem}.otsu.png").touch()
        (tmp_path / item.path).touch()
    sink = Sink(str(tmp_path), "{stem}.{method}", ("mask",), "otsu")
    named = [Item(str(tmp_path / item.path)) for item in items]
    begun = perf_counter()
    plan(sink, [(item, sink.outputs(item)) for item in named])
    assert perf_counter() - begun < 1.5
