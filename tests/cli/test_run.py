"""segcli run and segcli recipe: recipes from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcli.files.labels import read_labels

Run = Callable[..., Any]
Save = Callable[..., Path]

CELLS = """
[[steps]]
use = "smooth"
sigma = 0.5

[[steps]]
use = "otsu"
name = "bright"

[[steps]]
use = "clean"
min_size = 100
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of the test's own, with a recipe."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.toml").write_text(CELLS, encoding="utf-8")
    return tmp_path


def test_a_recipe_runs_over_a_picture_and_gives_it_its_name(segcli: Run, save: Save) -> None:
    save("disks.png")
    done = segcli("run", "cells.toml", "disks.png")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("disks.png -> disks.cells.png  threshold ")
    assert np.count_nonzero(read_labels("disks.cells.png")) == 149 + 253


def test_options_of_every_segmenter_work_for_a_recipe(segcli: Run, save: Save) -> None:
    for name in ("in/a.png", "in/b.png", "in/c.png"):
        save(name)
    line = ("run", "cells.toml", "in", "-o", "out", "--as", "mask", "--as", "overlay", "--table", "t.csv", "--largest")
    assert segcli(*line, "--steps", "steps", "--jobs", "2").code == 0
    assert sorted(path.name for path in Path("out").iterdir())[:2] == ["a.cells.overlay.png", "a.cells.png"]
    assert len(Path("t.csv").read_text().splitlines()) == 1 + 3
    assert [path.name for path in sorted(Path("steps/a").iterdir())] == [
        "01_input.png",
        "02_histogram.png",
        "03_1_smooth.png",
        "04_2_bright.png",
        "05_labels.png",
        "06_overlay.png",
    ]
    again = segcli(*line[:4], "out2", "--as", "mask", "--largest")
    assert again.code == 0
    assert Path("out2/a.cells.png").read_bytes() == Path("out/a.cells.png").read_bytes()


def test_a_recipe_resumes_and_starts_over_when_a_step_changes(segcli: Run, save: Save, here: Path) -> None:
    save("in/a.png")
    line = ("run", "cells.toml", "in", "-o", "out", "--exists", "resume")
    assert "covers" in segcli(*line).out
    assert "in place already" in segcli(*line).out
    (here / "cells.toml").write_text(CELLS.replace("100", "50"), encoding="utf-8")
    assert "covers" in segcli(*line).out


def test_a_plan_is_printed_and_nothing_written(segcli: Run, save: Save) -> None:
    save("disks.png")
    assert "disks.cells.png" in segcli("run", "cells.toml", "disks.png", "--dry-run").out
    assert not Path("disks.cells.png").exists()


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["run", "xyz.toml", "disks.png"], "'xyz.toml' does not exist; a recipe is a file"),
        (["run", "cels.toml", "disks.png"], "'cels.toml' does not exist; did you mean 'cells.toml'?"),
        (["run", "otsu", "disks.png"], "segcli otsu runs the method"),
        (["run", "disks.png", "disks.png"], "'disks.png' is no recipe"),
        (["run", "bad.toml", "disks.png"], "'bad.toml', line 3: clases is no setting of otsu; did you mean classes?"),
        (["recipe", "show", "bad.toml"], "'bad.toml', line 3: clases is no setting of otsu; did you mean classes?"),
        (["recipe", "show", "cells.toml", "-o", "flow.pdf"], "must end in .png or .svg"),
        (["recipe", "show", "cells.toml", "-o", "disks.png"], "'disks.png' exists; --exists overwrite"),
    ],
)
def test_what_cannot_be_is_exit_2_and_one_line(
    segcli: Run, save: Save, here: Path, arguments: list[str], wanted: str
) -> None:
    save("disks.png")
    (here / "bad.toml").write_text("[[steps]]\nuse = 'otsu'\nclases = 3\n", encoding="utf-8")
    done = segcli(*arguments)
    assert done.code == 2
    assert wanted in done.err
    assert done.err.count("\n") == 1


def test_classes_that_are_cleaned_stop_the_run_with_advice(segcli: Run, save: Save, here: Path) -> None:
    save("disks.png", np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8))
    (here / "bad.toml").write_text('[[steps]]\nuse = "kmeans"\nclasses = 3\n[[steps]]\nuse = "clean"\n', "utf-8")
    done = segcli("run", "bad.toml", "disks.png")
    assert done.code == 2
    assert "Add a step select" in done.err


def test_a_recipe_is_shown_as_a_table_as_json_and_as_a_picture(segcli: Run) -> None:
    lines = segcli("recipe", "show", "cells.toml", "-o", "flow.png").out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["1", "smooth", "smooth"],
        ["2", "bright", "otsu"],
        ["3", "clean", "clean"],
    ]
    assert lines[3].endswith("2 bright  min_size = 100")
    first = Path("flow.png").read_bytes()
    assert segcli("recipe", "show", "cells.toml", "-o", "flow.png", "--exists", "overwrite").code == 0
    assert Path("flow.png").read_bytes() == first
    assert segcli("recipe", "show", "cells.toml", "-o", "flow.svg").code == 0
    assert b"<svg" in Path("flow.svg").read_bytes()[:500]
    record = json.loads(segcli("recipe", "show", "cells.toml", "--json").out)
    assert [step["use"] for step in record["recipe"]] == ["smooth", "otsu", "clean"]


def test_the_kinds_of_steps_are_listed_with_an_example_that_works(segcli: Run, here: Path) -> None:
    words = segcli("recipe").out
    for use in ("background", "predict", "combine", "measure", "rolling-ball", "min_size"):
        assert use in words
    (here / "example.toml").write_text(words[words.index("[[steps]]") :], encoding="utf-8")
    assert segcli("recipe", "show", "example.toml").code == 0
    rows = {row["use"]: row for row in json.loads(segcli("recipe", "--json").out)}
    assert rows["median"]["settings"][0]["max"] == 50
    assert rows["kmeans"]["role"] == "method"


def test_a_recipe_is_scored_and_compared_like_a_method(segcli: Run, save: Save) -> None:
    from conftest import disks

    save("data/images/a.png")
    save("data/masks/a.png", (disks() > 100).astype(np.uint8) * 255)
    for line in (["--method", "cells.toml"], ["--method", "otsu", "--vs", "cells.toml"]):
        done = segcli("eval", "data", "--json", *line)
        assert done.code == 0, done.err
        assert "cells.toml" in done.out
