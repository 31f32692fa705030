"""What holds for every row of the table of scores."""

import doctest
import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from segcli import scores
from segcli.errors import UsageError
from segcli.scores.comparison import compare_labels
from segcli.scores.panoptic import panoptic_matches
from segcli.scores.semantic import confusion
from segcli.scores.table import SCORES, find_score

MODULES = [module.name for module in pkgutil.iter_modules(scores.__path__)]
TRUTH = np.zeros((24, 30), int)
TRUTH[2:10, 3:12], TRUTH[2:20, 15:27] = 1, 2
WORSE = np.roll(TRUTH, 3, axis=0)
WORSE[:, 20] = 0
OTHERS = np.zeros_like(TRUTH)
OTHERS[::5, ::4] = 1
BLUR = np.where(WORSE > 0, 0.9, 0.2) + np.random.default_rng(0).random(TRUTH.shape) / 10
NOT_ONE = {"normalized_scanpath_saliency", "auc_borji"}
"""No upper end; and random pixels hit fixations as well, which then count against the best map."""


def example(inputs, prediction):
    """Inputs of one kind for a prediction; the truth itself is the best there is."""
    both = prediction, TRUTH
    classes = {1: 1, 2: 2}
    soft = (prediction > 0).astype(float) if prediction is TRUTH else BLUR
    return {
        "confusion": lambda: (confusion(*both),),
        "classes": lambda: both,
        "objects": lambda: both,
        "masks": lambda: (prediction > 0, TRUTH > 0),
        "regions": lambda: (prediction + 1, TRUTH + 1),
        "annotators": lambda: (prediction + 1, [TRUTH + 1]),
        "comparisons": lambda: ([compare_labels(*both)],),
        "panoptic": lambda: ([panoptic_matches(*both, classes, classes)],),
        "map": lambda: (soft, TRUTH > 0),
        "fixations": lambda: (soft, TRUTH > 0),
        "shuffled": lambda: (soft, TRUTH > 0, OTHERS * (TRUTH == 0)),
    }[inputs]()


each_score = pytest.mark.parametrize("row", SCORES, ids=lambda row: row.name)


@each_score
def test_the_truth_scores_best_and_the_better_way_is_as_the_table_says(row):
    best, worse = row(*example(row.inputs, TRUTH)), row(*example(row.inputs, WORSE))
    if row.better == "lower":
        assert best == pytest.approx(0, abs=1e-9)
        assert worse > best + 0.001
    else:
        assert best > 0.7 if row.name in NOT_ONE else best == pytest.approx(1, abs=2e-3)
        assert worse < best - 0.005


@each_score
def test_a_row_says_what_it_is_in_one_line(row):
    assert 0 < len(row.summary) <= 79
    assert not row.summary.endswith(".")
    assert row.paper[-4:].isdigit()
    assert row.name.isidentifier()


def test_names_are_unique_and_found_with_hyphens():
    assert len({row.name for row in SCORES}) == len(SCORES)
    assert find_score("Mean-IoU").place == "semantic.mean_iou"
    with pytest.raises(UsageError, match="no score 'hausdorf'; did you mean hausdorff"):
        find_score("hausdorf")
    with pytest.raises(UsageError, match="known are pixel_accuracy, mean_accuracy"):
        find_score("xyz")


def test_every_function_that_gives_one_number_has_a_row():
    listed = {".".join(row.place.split(".")[:2]) for row in SCORES}
    for name in MODULES:
        module = import_module(f"segcli.scores.{name}")
        for function, made in inspect.getmembers(module, inspect.isfunction):
            if made.__module__ == module.__name__ and made.__annotations__["return"] == "float":
                assert function.startswith("_") or f"{name}.{function}" in listed, f"{name}.{function} has no row"


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_docstrings_hold(name):
    if name.startswith("_"):
        return
    module = import_module(f"segcli.scores.{name}")
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0


def test_reading_the_table_loads_nothing_but_itself():
    code = "import sys, segcli.scores.table; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not {"scipy", "cv2", "torch", "numba", "segcli.scores.semantic"} & loaded
