"""segcli eval, through the real command."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from figures.test_report_page import checked
from files.datasets.folders import by_parts, mask, pairs, save

Run = Callable[..., Any]


def halves(folder: Path) -> Path:
    """Truth of a and b, and predictions of which b is a quarter too large."""
    pairs(folder / "data", ["a", "b"], {0: mask(0, 255), 1: mask(0, 0, 255, 255)})
    save(folder / "found" / "a.png", mask(0, 255))
    save(folder / "found" / "b.png", mask(0, 255, 255, 255))
    return folder / "found"


def test_two_folders_are_scored(segcli: Run, tmp_path: Path) -> None:
    result = segcli("eval", halves(tmp_path), tmp_path / "data" / "masks", "--resamples", 0)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == (f"{tmp_path}/found against {tmp_path}/data/masks: 2 pictures; masks, 2 classes")
    # 384 pixels, of which 48 are taken for object: IoU (192 - 48) / 192 and 192 / 240.
    table = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("  ")}
    assert table["mean_iou"] == ["0.7750"]
    assert table["background"] == ["0.7500", "0.8571", "1.0000", "0.7500"]
    assert table["object"] == ["0.8000", "0.8889", "0.8000", "1.0000"]
    assert lines[-2] == "worst by mean_iou: b 0.583, a 1.000"
    assert lines[-1].startswith("no intervals")


def test_two_files_are_scored(segcli: Run, tmp_path: Path) -> None:
    found = halves(tmp_path)
    result = segcli("eval", found / "b.png", tmp_path / "data" / "masks" / "b.png", "--json")
    held = json.loads(result.out)
    assert held["tasks"]["semantic"]["scores"]["iou"] == pytest.approx(2 / 3)
    assert held["tasks"]["semantic"]["intervals"] == {}
    assert "no intervals" in held["intervals"]
    assert held["tasks"]["semantic"]["confusion"] == [[48, 48, 0], [0, 96, 0]]


def test_a_missed_condition_ends_with_1_and_says_which(segcli: Run, tmp_path: Path) -> None:
    words = ("eval", halves(tmp_path), tmp_path / "data", "--quiet", "--fail-under")
    result = segcli(*words, "miou=0.9", "--fail-under", "recall=1")
    assert (result.code, result.out, result.err) == (1, "", "segcli eval: mean_iou is 0.7750, under 0.9.\n")
    assert segcli(*words, "miou=0.7").code == 0
    unknown = segcli(*words, "mio=0.7")
    assert (unknown.code, unknown.err) == (2, "segcli eval: --fail-under is 'mio=0.7'; did you mean miou?\n")


def test_a_missing_prediction_is_an_error_before_any_work(segcli: Run, tmp_path: Path) -> None:
    found = halves(tmp_path)
    (found / "b.png").unlink()
    result = segcli("eval", found, tmp_path / "data", "--table", tmp_path / "t.csv")
    assert result.code == 2
    assert "1 of 2 pictures have no prediction" in result.err
    assert not (tmp_path / "t.csv").exists()
    allowed = segcli("eval", found, tmp_path / "data", "--allow-missing", "--table", tmp_path / "t.csv", "--json")
    held = json.loads(allowed.out)
    assert (allowed.code, held["missing"], held["pictures"]) == (0, ["b"], 1)
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert [(row["picture"], row["mean_iou"]) for row in rows] == [("a", "1"), ("b", "")]
    assert "1 without a prediction are not scored" in segcli("eval", found, tmp_path / "data", "--allow-missing").out


def test_pictures_at_fault_end_with_1_and_give_no_scores(segcli: Run, tmp_path: Path) -> None:
    found = halves(tmp_path)
    save(found / "a.png", mask(0, 255, shape=(8, 9)))
    result = segcli("eval", found, tmp_path / "data")
    assert (result.code, result.out) == (1, "")
    words = f"prediction '{found}/a.png' is 9 x 8, truth '{tmp_path}/data/masks/a.png' is 16 x 12; they must be equal."
    assert result.err == f"segcli eval: {words}\n"
    assert json.loads(segcli("eval", found, tmp_path / "data", "--json").out)["faults"] == [words]


def test_methods_and_networks_are_scored_alike(segcli: Run, tmp_path: Path, disc_models: dict[str, Path]) -> None:
    data = by_parts(tmp_path / "data")
    for words in (("--method", "otsu", "--set", "classes=2"), ("--model", disc_models["discs"], "--device", "cpu")):
        result = segcli("eval", *words, data, "--split", "all", "--json")
        held = json.loads(result.out)
        assert (result.code, held["pictures"], held["part"]) == (0, 6, "all")
        assert set(held["tasks"]) == {"semantic"}


def test_a_second_set_is_compared_on_the_same_pictures(segcli: Run, tmp_path: Path) -> None:
    found, truth = halves(tmp_path), tmp_path / "data"
    result = segcli("eval", found, truth, "--vs", truth / "masks", "--json")
    held = json.loads(result.out)["against"]
    assert held["differences"]["semantic"]["mean_iou"]["value"] == pytest.approx(0.775 - 1)
    assert held["differences"]["semantic"]["mean_iou"]["p"] == 1
    assert "permutation test, all 4 swaps" in held["test"]
    words = segcli("eval", found, truth, "--vs", "otsu").out
    assert "against otsu" in words
    assert "paired bootstrap over 2 pictures" in words


def test_the_page_stands_alone_and_shows_the_worst(segcli: Run, tmp_path: Path) -> None:
    folder = tmp_path / "da<b>ta"
    pairs(folder, ["a", "<script>b", "c&d"], {1: mask(0, 0, 255, 255), 2: mask(255, 0)})
    page = tmp_path / "report.html"
    for task in ("semantic", "boundary", "saliency", "partition"):
        result = segcli("eval", "--method", "otsu", folder, "--task", task, "--report", page, "--vs", "kmeans")
        assert result.code == 0, result.err
        found = checked(page.read_text())
        texts = " ".join(found.texts)
        assert "<script>b" in texts
        assert "Against kmeans" in texts
        assert sum(value.startswith("data:image/png") for _, value in found.attributes) == 6
        assert "http" not in page.read_text().replace("data:image/png", "")[:20_000].split("base64")[0]
    save(folder / "masks" / "a.png", mask(1, 0, 2, kind=np.uint16))
    result = segcli("eval", "--method", "otsu", folder, "--kind", "instances", "--report", page)
    assert result.code == 0
    assert "Objects of all pictures" in " ".join(checked(page.read_text()).texts)


def test_masks_alone_make_a_page_without_pictures(segcli: Run, tmp_path: Path) -> None:
    found = halves(tmp_path)
    page = tmp_path / "new" / "report.html"
    assert segcli("eval", found, tmp_path / "data" / "masks", "--report", page).code == 0
    assert sum(value.startswith("data:") for _, value in checked(page.read_text()).attributes) == 2


def test_only_tables_and_pages_of_its_own_are_replaced(segcli: Run, tmp_path: Path) -> None:
    words = ("eval", halves(tmp_path), tmp_path / "data", "--quiet")
    for flag, name in (("--table", "t.csv"), ("--table", "t.json"), ("--report", "r.html")):
        assert segcli(*words, flag, tmp_path / name).code == 0
        first = (tmp_path / name).read_bytes()
        assert segcli(*words, flag, tmp_path / name).code == 0
        assert (tmp_path / name).read_bytes() == first
        (tmp_path / name).write_text("mine")
        refused = segcli(*words, flag, tmp_path / name)
        assert refused.code == 2
        assert "is not of segcli eval" in refused.err
        assert (tmp_path / name).read_text() == "mine"
    assert [row["picture"] for row in _rows(segcli, words, tmp_path / "u.json")] == ["a", "b"]


def _rows(segcli: Run, words: tuple[Any, ...], path: Path) -> Any:
    assert segcli(*words, "--table", path).code == 0
    return json.loads(path.read_text())


def test_two_tasks_share_a_table_and_a_name_that_both_have_needs_one_of_them(segcli: Run, tmp_path: Path) -> None:
    save(tmp_path / "truth" / "a.png", mask(1, 0, 2, kind=np.uint16))
    words = ("eval", tmp_path / "truth", tmp_path / "truth", "--kind", "instances", "--quiet")
    assert segcli(*words, "--table", tmp_path / "t.csv").code == 0
    assert {"instance.f1", "semantic.iou"} <= set((tmp_path / "t.csv").read_text().splitlines()[0].split(","))
    refused = segcli(*words, "--fail-under", "recall=.5")
    assert (refused.code, "instance.recall or semantic.recall" in refused.err) == (2, True)
    assert segcli(*words, "--fail-under", "instance.recall=1").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("found",), "1 place is given"),
        (("found", "data", "more"), "3 places are given"),
        (("found", "data", "--method", "otsu"), "name the data set alone"),
        (("data", "--method", "otsu", "--model", "x"), "--model and --method are given"),
        (("found", "data", "--set", "classes=2"), "it goes with --method"),
        (("data", "--method", "otzu"), "did you mean otsu?"),
        (("data", "--model", "segnet"), "segcli train --model segnet"),
        (("found", "data", "--task", "semantik"), "--task is 'semantik'"),
        (("found", "data", "--jobs", "-1"), "--jobs is -1"),
        (("found", "data", "--threshold", "7"), "--threshold is 7"),
        (("found", "data", "--report", "page.pdf"), "must end in .html or .htm"),
        (("found", "data", "--table", "found"), "must end in .csv or .json"),
        (("none", "data"), "'none' do not exist"),
        (("found", "none"), "'none' do not exist"),
        (("found", "data/masks", "--vs", "otsu"), "needs pictures"),
    ],
)
def test_impossible_requests_end_with_2(
    segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    halves(tmp_path)
    monkeypatch.chdir(tmp_path)
    result = segcli("eval", *words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from segcli.cli import app; app.run(['eval', '--help']); "
        "print({'torch', 'scipy', 'cv2', 'matplotlib', 'numba'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "set()"
    assert "--fail-under" in done.stdout
