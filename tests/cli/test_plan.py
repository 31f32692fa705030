"""--dry-run: what a run would do, and what it is expected to take."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcli.cli.plan import Forecast
from segcli.estimate import Estimate

Run = Callable[..., Any]
Save = Callable[..., Path]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_plan_ends_with_an_estimate_and_writes_nothing(segcli: Run, save: Save, here: Path) -> None:
    for name in ("in/a.png", "in/b.png"):
        save(name)
    done = segcli("otsu", "in", "-o", "out", "--dry-run", "--jobs", "2")
    assert done.code == 0
    assert done.out.splitlines() == ["in/a.png -> out/a.otsu.png  mask", "in/b.png -> out/b.otsu.png  mask"]
    first, last = done.err.splitlines()
    assert first.startswith("estimate: about ")
    assert "for a picture of 60 x 40" in first
    assert "for 2 pictures with 2 workers" in first
    assert first.endswith("scaled by pixels, so no promise")
    assert last == "2 inputs; nothing was written"
    assert not Path("out").exists()
    assert "estimate" not in segcli("otsu", "in", "-o", "out", "--dry-run", "--quiet").err


def test_json_carries_the_estimate(segcli: Run, save: Save) -> None:
    save("a.png")
    row = json.loads(segcli("otsu", "a.png", "--dry-run", "--json").out)
    found = row["estimate"]
    assert (found["size"], found["pictures"], found["workers"]) == ([60, 40], 1, 1)
    assert found["bytes"] > 10_000_000
    assert row["status"] == "planned"


def test_hints_and_pages_are_taken_along(segcli: Run, save: Save) -> None:
    save("a.png")
    marks = np.zeros((40, 60), np.uint8)
    marks[12, 12], marks[38, 3] = 1, 2
    save("m.png", marks)
    for words in (["random-walker", "--markers", "m.png"], ["grabcut", "--box", "2,2,30,30"]):
        assert "estimate: about" in segcli(*words, "a.png", "--dry-run").err


def test_why_there_is_no_estimate_is_told(segcli: Run, save: Save, here: Path) -> None:
    save("flat.png", np.eye(40, dtype=np.uint8))
    done = segcli("otsu", "flat.png", "--classes", "5", "--dry-run")
    assert done.code == 0
    assert "no estimate of time and memory: the image has 2 gray levels" in done.err
    save("in/good.png", np.add.outer(np.arange(40), np.arange(40)).astype(np.uint8))
    save("in/flat.png", np.eye(40, dtype=np.uint8))
    assert "estimate: about" in segcli("otsu", "in", "--classes", "5", "--dry-run").err
    (here / "bad.png").write_text("no picture", encoding="utf-8")
    assert "none of the pictures can be read" in segcli("otsu", "bad.png", "--dry-run").err
    row = json.loads(segcli("otsu", "bad.png", "--dry-run", "--json").out)
    assert row["estimate"] == {"problem": "none of the pictures can be read"}


def test_a_network_names_model_device_and_windows(segcli: Run, save: Save, disc_models: dict[str, Path]) -> None:
    save("a.png", np.tile(np.arange(0, 250, 10, dtype=np.uint8), (90, 6)))
    line = ("predict", "a.png", "--model", disc_models["discs"], "--tile", "64", "--device", "cpu", "--dry-run")
    done = segcli(*line)
    assert re.search(r"network: discs.safetensors on cpu, \d+ windows \(\d+ x \d+\) of 64 x 64 pixels", done.err)
    assert "estimate: about" in done.err
    found = json.loads(segcli(*line, "--json").out)["estimate"]
    across, down = found["networks"][0]["windows"]
    assert across > down > 1


def test_seconds_and_bytes_add_up() -> None:
    each = Estimate(100, 1.0, 1.0, 0.01, 0.0, 10.0, 1e6, (10,))
    found = Forecast(each, ((10, 10), (30, 10)), 200, 2)
    # 1 s and 3 s in turn, by two workers, and their start.
    assert found.seconds == pytest.approx(200 * 2 / 2 + 0.6)
    assert found.memory == 2 * (1e6 + 3000)
    (line,) = found.lines()
    assert "about 3 s for a picture of 30 x 10, 3 min for 200 pictures with 2 workers, and 2 MB of memory" in line
