"""Recipes from steps in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcli.errors import UsageError
from segcli.files.labels import read_labels
from segcli.phrase import segmenter_named
from segcli.recipe import read_recipe
from segcli.recipe.words import steps_from_words

Run = Callable[..., Any]
Save = Callable[..., Path]


def test_what_is_said_of_every_method_becomes_steps_of_its_own() -> None:
    steps = steps_from_words("watershed channel=g blur=1.5 min_distance=20 min-size=30 fill_holes=true name=cells")
    assert [(step.use, dict(step.settings), step.name) for step in steps] == [
        ("gray", {"channel": "g"}, None),
        ("smooth", {"sigma": 1.5}, None),
        ("watershed", {"min_distance": 20}, "cells"),
        ("clean", {"min_size": 30, "fill_holes": True}, None),
    ]


def test_quotes_keep_blanks_and_commas_part_lists() -> None:
    (measured,) = steps_from_words("measure filter='area > 50 and eccentricity < .9'")
    assert measured.settings == {"filter": "area > 50 and eccentricity < .9"}
    (chosen,) = steps_from_words("select classes=1,sky")
    assert chosen.settings == {"classes": [1, "sky"]}
    (cut,) = steps_from_words("threshold at=80,150")
    assert cut.settings == {"at": (80.0, 150.0)}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("otsu blr=1", "blr is no setting of otsu"),
        ("smoth sigma=1", "did you mean smooth?"),
        ("smooth sigma", "sigma has no value; write NAME=VALUE."),
        ("smooth sigma=x", "it must be a number"),
        ("clean blur=1", "blur is no setting of clean; it belongs to a step of its own, use = 'smooth'."),
        ("otsu classes=2 classes=3", "given twice"),
        ("measure filter='area>5", "a quote is not closed"),
        (" ", "a step is empty"),
    ],
)
def test_mistakes_are_quoted(words: str, complaint: str) -> None:
    with pytest.raises(UsageError) as failure:
        steps_from_words(words)
    assert complaint in str(failure.value)


def test_a_network_with_more_than_its_own_settings_needs_a_recipe() -> None:
    with pytest.raises(UsageError) as failure:
        segmenter_named("predict model=unet min_size=30")
    assert "segcli recipe make" in str(failure.value)


def test_a_recipe_that_is_made_runs_as_the_method_does(
    segcli: Run, save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save("a.png")
    made = segcli("recipe", "make", "otsu blur=1 min_size=30", "-o", "cut.toml")
    assert (made.code, made.out) == (0, "cut.toml  smooth | otsu | clean\n")
    printed = segcli("recipe", "make", "otsu blur=1 min_size=30").out
    assert read_recipe(printed, "x.toml").steps == read_recipe(Path("cut.toml").read_text(), "x.toml").steps
    assert segcli("run", "cut.toml", "a.png").code == segcli("otsu", "a.png", "--blur", 1, "--min-size", 30).code == 0
    assert np.array_equal(read_labels("a.cut.png"), read_labels("a.otsu.png"))
    again = segcli("recipe", "make", "otsu", "-o", "cut.toml")
    assert (again.code, "--exists overwrite" in again.err) == (2, True)
    assert "no step segments" in segcli("recipe", "make", "smooth sigma=2").err
    assert "must end in .toml" in segcli("recipe", "make", "otsu", "-o", "cut.txt").err
