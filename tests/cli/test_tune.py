"""The verb tune: a recipe from a few pictures, the same from equal runs, and what it refuses."""

import csv
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from segcli.files.read import read_image
from segcli.judge import Judge
from segcli.recipe import RecipeSegmenter, load_recipe
from segcli.tuning import search as searching

Run = Callable[..., object]


def draw(folder: Path, count: int = 3) -> Path:
    """Pictures of dark discs on a slope with their masks, below a folder."""
    random = np.random.default_rng(0)
    for name in ("pics", "masks"):
        (folder / name).mkdir(parents=True)
    rows, columns = np.mgrid[:40, :60]
    for place in range(count):
        mask = np.zeros((40, 60), bool)
        for row, column in random.integers(8, 32, (4, 2)):
            mask |= (rows - row) ** 2 + (columns - column * 1.5) ** 2 <= 20
        pixels = 120 + columns - 60 * mask + random.normal(0, 22, mask.shape)
        cv2.imwrite(str(folder / "pics" / f"p{place}.png"), np.clip(pixels, 0, 255).astype(np.uint8))
        cv2.imwrite(str(folder / "masks" / f"p{place}.png"), mask.astype(np.uint8) * 255)
    return folder


QUICK = ("--methods", "otsu,sauvola,local-mean", "--budget", "8", "--jobs", "1")


def test_a_recipe_a_table_and_a_picture_are_written(
    segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(draw(tmp_path))
    done = segcli("tune", "pics", "--truth", "masks", "-o", "out/discs.toml", *QUICK)
    assert done.code == 0, done.err
    assert done.err == ""
    lines = done.out.splitlines()
    assert lines[0].startswith("recipe: ")
    assert lines[1].startswith("expect: dice 0.")
    assert lines[-1] == "out/discs.toml, out/discs.tried.csv, out/discs.png"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["discs.png", "discs.toml", "discs.tried.csv"]
    text = (tmp_path / "out" / "discs.toml").read_text()
    assert text.startswith("# Found by segcli tune ")
    assert "#   'p0' " in text
    assert tomllib.loads(text)["steps"]
    with open(tmp_path / "out" / "discs.tried.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["origin"] for row in rows[:3]] == ["default"] * 3
    assert len(rows) == 3 + 48 + 8
    assert sum(row["taken"] == "yes" for row in rows) >= 1
    assert cv2.imread(str(tmp_path / "out" / "discs.png")) is not None


def test_the_recipe_scores_as_was_said(segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(draw(tmp_path))
    found = json.loads(segcli("tune", "pics", "--truth", "masks", "--json", *QUICK).out)
    segmenter, judge = RecipeSegmenter(load_recipe("recipe.toml")), Judge("dice")
    scores = []
    for place in range(3):
        truth = cv2.imread(f"masks/p{place}.png", cv2.IMREAD_UNCHANGED) > 0
        scores.append(judge.score(segmenter(read_image(f"pics/p{place}.png"), {}), truth))
    assert found["chosen_on"] == pytest.approx(np.mean(scores))
    assert found["interval"][0] <= found["expected"] <= found["interval"][1]
    assert found["chosen_on"] >= max(found["defaults"].values())
    assert found["seed"] == 0


def test_equal_runs_write_equal_bytes_whatever_the_number_of_workers(
    segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(draw(tmp_path))
    for name, jobs in (("one", 1), ("two", 2)):
        done = segcli("tune", "pics", "--truth", "masks", "-o", f"{name}.toml", *QUICK[:-2], "--jobs", jobs)
        assert done.code == 0, done.err
    for ending in (".toml", ".tried.csv", ".png"):
        assert Path(f"one{ending}").read_bytes() == Path(f"two{ending}").read_bytes(), ending


def test_another_seed_searches_elsewhere(segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(draw(tmp_path))
    tables = []
    for seed in (0, 1):
        segcli("tune", "pics", "--truth", "masks", "-o", f"{seed}.toml", *QUICK, "--seed", seed)
        tables.append(Path(f"{seed}.tried.csv").read_text())
    assert tables[0] != tables[1]


def test_a_time_is_a_budget_too(segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(draw(tmp_path))
    done = segcli("tune", "pics", "--truth", "masks", "--methods", "otsu,threshold", "--budget", "1s", "--jobs", 1)
    assert done.code == 0, done.err
    assert "budget 1 s: how many are tried in it depends on the machine" in Path("recipe.toml").read_text()


def test_ctrl_c_keeps_the_best_so_far(segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(draw(tmp_path))

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(searching.Search, "_cycle", interrupted)
    done = segcli("tune", "pics", "--truth", "masks", *QUICK)
    assert done.code == 130
    assert done.err == "segcli tune: interrupted\n"
    assert "0 candidates beside 3 defaults" in done.out
    assert "seed 0, stopped by hand." in Path("recipe.toml").read_text()


def test_what_exists_is_refused_before_any_work(segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(draw(tmp_path))
    Path("recipe.tried.csv").write_text("mine")
    done = segcli("tune", "pics", "--truth", "masks", *QUICK)
    assert done.code == 2
    assert done.err == ("segcli tune: 'recipe.tried.csv' exists; choose another name with -o, or --exists overwrite.\n")
    assert not Path("recipe.toml").exists()
    assert segcli("tune", "pics", "--truth", "masks", "--exists", "overwrite", *QUICK).code == 0
    assert Path("recipe.tried.csv").read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--truth is missing; name the folder of the true masks."),
        (("--truth", "nowhere"), "the truth 'nowhere' does not exist."),
        (("--truth", "masks", "--budget", "soon"), "--budget is 'soon'; it must be a time such as 60s"),
        (("--truth", "masks", "--budget", "0.5s"), "--budget is '0.5s'; it must be between 1 second and a week."),
        (("--truth", "masks", "--methods", "otsi"), "there is no method 'otsi'; did you mean otsu?"),
        (("--truth", "masks", "--methods", "pixel-classifier"), "'pixel-classifier' needs a fitted model"),
        (("--truth", "masks", "--methods", ","), "--methods names none"),
        (("--truth", "masks", "--score", "dise"), "there is no score 'dise'; did you mean dice?"),
        (("--truth", "masks", "-o", "best.json"), "--out is 'best.json'; the recipe's name must end in .toml."),
        (("--truth", "masks", "--seed", "-1"), "--seed is -1; it must be between 0 and"),
        (("--truth", "masks", "--exists", "maybe"), "--exists is 'maybe'; it must be one of fail, overwrite."),
    ],
)
def test_an_impossible_request_is_refused_in_one_line(
    segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(draw(tmp_path))
    done = segcli("tune", "pics", *arguments)
    assert done.code == 2
    assert done.err.startswith(f"segcli tune: {words}")
    assert len(done.err.splitlines()) == 1
    assert done.out == ""


def test_a_picture_that_is_not_there_is_told(segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(draw(tmp_path))
    done = segcli("tune", "pics", "more.png", "--truth", "masks", *QUICK)
    assert (done.code, done.err) == (2, "segcli tune: the picture 'more.png' does not exist.\n")


def test_of_many_pictures_some_are_used(segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(draw(tmp_path, 33))
    done = segcli("tune", "pics", "--truth", "masks", "--methods", "otsu", "--budget", 0, "--jobs", 1, "--json")
    assert done.err == "segcli tune: of 33 pictures 32 are used, evenly\n"
    assert len(json.loads(done.out)["pictures"]) == 32


def test_methods_that_cannot_do_it_are_told_together(
    segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(draw(tmp_path))
    done = segcli("tune", "pics", "--truth", "masks", "--methods", "otsu,slic,felzenszwalb", "--budget", 1, "--jobs", 1)
    assert done.code == 0
    (line,) = done.err.splitlines()
    assert line.startswith("segcli tune: felzenszwalb, slic left out: the result parts the whole picture into regions")


def test_no_method_that_can_do_it_is_an_error(segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(draw(tmp_path))
    done = segcli("tune", "pics", "--truth", "masks", "--methods", "slic", "--budget", 1, "--jobs", 1)
    assert done.code == 2
    assert done.err.startswith("segcli tune: no method has a score on these pictures: slic left out: the result parts")
    assert not Path("recipe.toml").exists()


def test_pictures_without_a_truth_are_told_and_not_used(
    segcli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(draw(tmp_path))
    Path("masks/p1.png").unlink()
    done = segcli("tune", "pics", "--truth", "masks", "--json", *QUICK)
    assert json.loads(done.out)["pictures"] == ["p0", "p2"]
    assert done.err.startswith("segcli tune: no truth for 'pics/p1.png'; not used")
