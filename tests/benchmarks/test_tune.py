"""A recipe from five pictures, scored on the test part of their set, through SEGCLI_DATA.

Run by hand on a quiet machine, about 25 minutes on two cores:
SEGCLI_DATA=... pytest tests/benchmarks/test_tune.py -s
SEGCLI_TUNE_BUDGET (120s) and SEGCLI_TUNE_CASES (all, by commas) make it shorter.
Five pictures of the train part, evenly by name; nuclei by their modality. Methods as they come are those that
`segcli tune` did not leave out as too slow; the best of them on the five pictures is what the recipe has to reach.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from segcli.files.sources import find_items
from segcli.judge import Judge
from segcli.recipe import RecipeSegmenter, load_recipe
from segcli.truths import find_truths
from segcli.tuning.candidate import Candidate, Part
from segcli.tuning.pictures import Pictures
from segcli.tuning.trials import Examiner, Trial, mean_score

FOLDER = Path(os.environ.get("SEGCLI_DATA", "."))
BUDGET = os.environ.get("SEGCLI_TUNE_BUDGET", "120s")
CASES = {
    "nuclei, fluorescence": ("nuclei", "fluorescence"),
    "nuclei, stained": ("nuclei", "stained_tissue"),
    "vessels": ("vessels", ""),
    "cracks": ("cracks", ""),
    "membrane": ("membrane", ""),
}
CHOSEN = os.environ.get("SEGCLI_TUNE_CASES", ",".join(name.replace(", ", " ") for name in CASES)).split(",")
COUNT, WORKERS = 5, 2
INSIDE = 4

pytestmark = pytest.mark.skipif(
    not ("SEGCLI_DATA" in os.environ and FOLDER.is_dir()), reason="needs SEGCLI_DATA with nuclei, vessels and others"
)


@dataclass
class Case:
    """Scores of one case."""

    name: str
    recipe: str
    score: str
    test: float
    told: float
    interval: tuple[float, float]
    chosen: tuple[str, float, float]
    hindsight: tuple[str, float]
    candidates: int
    reproduced: float

    @property
    def inside(self) -> bool:
        return self.interval[0] <= self.test <= self.interval[1]


def pictures_of(name: str, part: str) -> list[Path]:
    """Pictures of a part of a set, by modality where it has some."""
    folder, modality = CASES[name]
    found = sorted((FOLDER / folder / part / "images").iterdir())
    if modality:
        rows = json.loads((FOLDER / folder / "index.json").read_text())
        known = {row["stem"] for row in rows if row["modality"] == modality}
        found = [path for path in found if path.stem in known]
    return found


def with_truth(name: str, part: str, paths: list[Path]) -> Pictures:
    truths = find_truths(find_items([str(path) for path in paths]), [str(FOLDER / CASES[name][0] / part / "masks")])
    return Pictures(tuple(truths.examples.values()), truths.meaning)


def measure(name: str, folder: Path) -> Case:
    train = pictures_of(name, "train")
    five = [train[place] for place in np.linspace(0, len(train) - 1, COUNT).round().astype(int)]
    out = folder / "recipe.toml"
    command = [sys.executable, "-m", "segcli", "tune", *map(str, five), "-o", str(out), "--exists", "overwrite"]
    command += ["--truth", str(FOLDER / CASES[name][0] / "train" / "masks"), "--budget", BUDGET, "--json"]
    done = subprocess.run([*command, "--jobs", str(WORKERS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    judge = Judge(told["score"])
    test = with_truth(name, "test", pictures_of(name, "test"))
    segmenter = RecipeSegmenter(load_recipe(str(out)))
    own, seen = (
        np.mean([judge.score(segmenter(*_first(one, place)), one.read(place)[1]) for place in range(len(one))])
        for one in (test, with_truth(name, "train", five))
    )
    names = list(told["defaults"])
    trials = [Trial(0, Candidate(Part(one.replace("-", "_"))), (), tuple(range(len(test)))) for one in names]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        tried = list(pool.map(Examiner(test, judge), trials))
    defaults = {one: mean_score(result.variants[0][1]) for one, result in zip(names, tried, strict=True)}
    best, hindsight = names[0], max(names, key=lambda one: defaults[one])
    steps = " | ".join(" ".join(map(str, step.values())) for step in told["recipe"])
    return Case(
        name,
        steps,
        told["score"],
        float(own),
        told["expected"],
        tuple(told["interval"]),
        (best, told["defaults"][best], defaults[best]),
        (hindsight, defaults[hindsight]),
        told["candidates"],
        abs(float(seen) - told["chosen_on"]),
    )


def _first(pictures: Pictures, place: int):
    return pictures.read(place)[0], {}


@pytest.mark.timeout(7200)
def test_five_pictures_are_enough_to_reach_the_best_default(tmp_path):
    cases = []
    print(f"\nbudget {BUDGET}, {COUNT} pictures: scores on the test part")
    print(f"{'':22}{'recipe':>7} {'told':>6} {'interval':>14}  best default on the five      best default in hindsight")
    for name in CASES:
        if name.replace(", ", " ") not in CHOSEN:
            continue
        case = measure(name, tmp_path)
        cases.append(case)
        low, high = case.interval
        chosen = f"{case.chosen[0]} {case.chosen[2]:.3f}"
        print(
            f"{name:22}{case.test:7.3f} {case.told:6.3f} {low:6.3f}-{high:.3f}{'' if case.inside else '!':2} "
            f"{chosen:30}{case.hindsight[0]} {case.hindsight[1]:.3f} (gap {case.test - case.hindsight[1]:+.3f})  "
            f"{case.candidates} candidates: {case.recipe}",
            flush=True,
        )
    assert all(case.reproduced < 1e-9 for case in cases), "a recipe scores what was said of it"
    assert all(case.test >= case.chosen[2] for case in cases)
    assert sum(not case.inside for case in cases) <= len(CASES) - INSIDE
