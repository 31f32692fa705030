"""segcli compare: sheet, table, consensus, and manners."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from segcli.figures.contact_sheet import WIDTH
from segcli.files.provenance import read_provenance

Run = Callable[..., Any]
Save = Callable[..., Path]

FEW = ("--methods", "otsu,slic,canny", "--with", "otsu foreground=dark", "--with", "kmeans classes=3", "--jobs", "1")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def disc_truth() -> np.ndarray:
    from conftest import disks

    return np.where(disks() > 100, np.uint8(255), np.uint8(0))


def test_a_picture_without_truth_gives_a_sheet_and_who_agrees(segcli: Run, save: Save) -> None:
    save("a.png")
    result = segcli("compare", "a.png", *FEW)
    assert result.code == 0, result.err
    assert "5 segmenters, no truth" in result.out
    assert "-> a.compare.png" in result.out
    data = Path("a.compare.png").read_bytes()
    record = read_provenance(data)
    assert record is not None
    assert record["inputs"] == ["a.png"]
    assert record["segmenters"]["kmeans classes=3"]["settings"]["classes"] == 3
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[1] == WIDTH


def test_with_truth_the_best_comes_first_and_the_table_says_all(segcli: Run, save: Save) -> None:
    save("a.png")
    save("t.png", disc_truth())
    result = segcli(
        "compare", "a.png", "--truth", "t.png", *FEW, "--score", "dice", "--score", "covering", "--table", "t.csv"
    )
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[2].split()[:3] == ["1", "otsu", "1.0000"]
    with open("t.csv", newline="") as stream:
        rows = {row["method"]: row for row in csv.DictReader(stream)}
    assert list(rows) == ["otsu", "slic", "canny", "otsu foreground=dark", "kmeans classes=3", "majority", "STAPLE"]
    assert float(rows["otsu"]["dice"]) == 1
    assert rows["slic"]["dice"] == ""
    assert "none is background" in rows["slic"]["note"]
    assert float(rows["slic"]["covering"]) > 0
    assert json.loads(rows["otsu foreground=dark"]["settings"])["settings"]["foreground"] == "dark"
    assert float(rows["otsu"]["foreground"]) == pytest.approx((disc_truth() > 0).mean(), abs=1e-5)
    assert float(rows["otsu"]["seconds"]) > 0


def test_the_border_gives_partitions_an_object(segcli: Run, save: Save) -> None:
    save("a.png")
    save("t.png", disc_truth())
    methods = ("--methods", "otsu,felzenszwalb", "--jobs", "1", "--json")
    scores = {}
    for ground in ("zero", "border"):
        result = segcli("compare", "a.png", "--truth", "t.png", *methods, "--ground", ground)
        rows = json.loads(result.out)["pictures"][0]["results"]
        scores[ground] = {row["method"]: row["scores"] for row in rows[:2]}
    assert scores["zero"] == {"otsu": {"dice": 1.0}, "felzenszwalb": {}}
    assert scores["border"]["otsu"] == {"dice": 1.0}
    # It finds two of the three discs: the third is smaller than its least region.
    assert 0.7 < scores["border"]["felzenszwalb"]["dice"] < 0.8


def test_several_pictures_get_means_with_intervals_and_are_ranked_by_disagreement(segcli: Run, save: Save) -> None:
    from conftest import disks

    noise = np.random.default_rng(0).integers(0, 90, (40, 60), np.uint8)
    for name, image in (("a", disks()), ("b", disks() // 2 + noise), ("c", disks())):
        save(f"p/{name}.png", image)
        save(f"m/{name}_mask.png", disc_truth())
    methods = ("--methods", "otsu,kmeans", "--with", "otsu blur=4", "--jobs", "1")
    result = segcli("compare", "p", "--truth", "m", *methods, "--json", "--table", "t.json")
    assert result.code == 0, result.err
    found = json.loads(result.out)
    standing = {row["method"]: row for row in found["standing"]}
    assert standing["otsu"]["pictures"] == 3
    low, high = standing["otsu"]["intervals"]["dice"]
    assert low <= standing["otsu"]["scores"]["dice"] <= high
    parted = {row["picture"]: row["disagreement"] for row in found["pictures"]}
    wanted = sorted(parted.values(), reverse=True)
    assert [row["disagreement"] for row in found["by_disagreement"]] == wanted
    assert wanted[0] > wanted[-1]
    assert found["outputs"] == ["compare.png", "t.json"]
    rows = json.loads(Path("t.json").read_text())
    assert {row["method"] for row in rows if row["picture"] == "(mean)"} >= {"otsu", "majority"}
    assert found["pictures"][0]["agreement"][0][0] == 1


def test_pictures_without_truth_are_those_to_annotate_next(segcli: Run, save: Save) -> None:
    from conftest import disks

    noise = np.random.default_rng(0).integers(0, 90, (40, 60), np.uint8)
    for name, image in (("a", disks()), ("b", disks() // 2 + noise)):
        save(f"p/{name}.png", image)
    methods = ("--methods", "otsu,kmeans", "--with", "otsu blur=4", "--jobs", "1")
    lines = segcli("compare", "p", *methods).out.splitlines()
    first = lines.index("annotate next, the most disagreement first:")
    listed = [float(line.split()[0]) for line in lines[first + 1 : first + 3]]
    assert listed == sorted(listed, reverse=True)
    save("m/b.png", disc_truth())
    lines = segcli("compare", "p", "--truth", "m", *methods).out.splitlines()
    first = lines.index("annotate next, the most disagreement first:")
    assert lines[first + 1].endswith(os.path.join("p", "a.png"))
    assert not lines[first + 2].endswith(os.path.join("p", "b.png"))


def test_a_folder_takes_a_page_a_picture(segcli: Run, save: Save) -> None:
    for name in ("a", "b"):
        save(f"p/{name}.png")
    assert segcli("compare", "p", "--methods", "otsu,canny", "-o", "pages", "--jobs", "1").code == 0
    assert sorted(os.listdir("pages")) == ["a.compare.png", "b.compare.png"]


def test_the_consensus_is_written_with_where_it_came_from(segcli: Run, save: Save) -> None:
    save("a.png")
    result = segcli("compare", "a.png", *FEW, "--consensus", "joint", "--with", "kmeans classes=2")
    assert result.code == 0, result.err
    assert sorted(os.listdir("joint")) == ["a.disagreement.png", "a.majority.png", "a.staple.png", "agreement.csv"]
    mask = cv2.imread("joint/a.majority.png", cv2.IMREAD_UNCHANGED)
    # otsu and kmeans agree on the discs, otsu of the dark side is the contrary.
    assert (mask == disc_truth()).all()
    record = read_provenance(Path("joint/a.staple.png").read_bytes())
    assert record is not None
    assert (record["consensus"], record["kind"]) == ("staple", "mask")
    assert set(record["voters"]) == {"otsu", "otsu foreground=dark", "kmeans classes=2"}
    with open("joint/agreement.csv", newline="") as stream:
        table = list(csv.reader(stream))
    assert table[0] == ["agreement", "otsu", "otsu foreground=dark", "kmeans classes=2"]
    assert table[1][1:] == ["1", "0", "1"]


def test_without_seconds_equal_runs_give_equal_bytes_for_any_number_of_workers(segcli: Run, save: Save) -> None:
    save("a.png")
    save("t.png", disc_truth())
    said = []
    for folder, jobs in (("run1", 1), ("run2", 2)):
        arguments = ("--no-seconds", "-o", f"{folder}/a.png", "--table", f"{folder}/t.csv", "--consensus", folder)
        result = segcli("compare", "a.png", "--truth", "t.png", *FEW[:-1], jobs, *arguments)
        assert result.code == 0, result.err
        said.append(result.out.replace(folder, "x"))
    assert said[0] == said[1]
    names = sorted(os.listdir("run1"))
    assert len(names) == 6
    for name in names:
        assert (Path("run1") / name).read_bytes() == (Path("run2") / name).read_bytes(), name


def test_own_work_is_replaced_and_that_of_others_is_not(segcli: Run, save: Save) -> None:
    save("a.png")
    arguments = ("compare", "a.png", "--methods", "otsu,canny", "--jobs", "1", "--table", "t.csv")
    assert segcli(*arguments).code == 0
    assert segcli(*arguments).code == 0
    save("a.compare.png")
    refused = segcli(*arguments)
    assert refused.code == 2
    assert "'a.compare.png' exists" in refused.err
    assert segcli(*arguments, "--exists", "overwrite").code == 0
    Path("t.csv").write_text("mine\n")
    assert segcli(*arguments).code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--methods", "otsuu"), "otsuu"),
        (("--score", "dice"), "it needs the truth"),
        (("--truth", "a.png", "--score", "dise"), "did you mean dice"),
        (("--truth", "nowhere"), "does not exist"),
        (("-o", "a.jpg"), "must end in .png"),
        (("-o", "a.png"), "is an input of this run"),
        (("--table", "t.txt"), "must end in .csv or .json"),
        (("--jobs", "-1"), "--jobs is -1"),
        (("--ground", "sky"), "it must be one of zero, border"),
        (("--with", "kmeans klasses=3"), "klasses"),
        (("--methods", "pixel-classifier"), "needs a fitted model"),
    ],
)
def test_the_impossible_is_refused_before_any_work(segcli: Run, save: Save, words: tuple[str, ...], said: str) -> None:
    save("a.png")
    result = segcli("compare", "a.png", *words)
    assert result.code == 2
    assert said in result.err
    assert result.err.count("\n") == 1
    assert os.listdir() == ["a.png"]


def test_a_picture_that_cannot_be_read_is_one_line_and_the_others_go_on(segcli: Run, save: Save) -> None:
    save("p/a.png")
    Path("p/b.png").write_text("no picture")
    result = segcli("compare", "p", "--methods", "otsu,canny", "--jobs", "1")
    assert result.code == 1
    assert result.err.count("b.png") == 1
    assert "1 picture" in result.out or "a.png" in result.out
    assert Path("compare.png").exists()


def test_a_truth_of_another_size_is_told(segcli: Run, save: Save) -> None:
    save("a.png")
    save("t.png", disc_truth()[:-1])
    result = segcli("compare", "a.png", "--truth", "t.png", "--methods", "otsu,canny", "--jobs", "1")
    assert result.code == 1
    assert "60 x 39" in result.err
    assert result.err.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_keeps_what_is_done(save: Save) -> None:
    for number in range(100):
        save(f"p/{number:03}.png")
    command = [sys.executable, "-m", "segcli", "compare", "p", "--methods", "otsu,local-mean", "-o", "out", "-j", "1"]
    root = os.fspath(Path(__file__).parents[2])
    process = subprocess.Popen(
        [*command, "--table", "t.csv"], stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}, text=True
    )
    end = time.monotonic() + 60
    while not list(Path("out").glob("[!.]*.png")) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130, words
    assert words.strip().endswith("interrupted")
    done = len(list(Path("out").glob("[!.]*.png")))
    assert 0 < done < 100
    with open("t.csv", newline="") as stream:
        assert len({row["picture"] for row in csv.DictReader(stream)}) == done
    assert not list(Path("out").glob(".*"))
