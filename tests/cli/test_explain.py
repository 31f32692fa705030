"""segcli explain: words, pages, and everything that can be wrong with a command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from segcli.explanation.specimens import SPECIMENS
from segcli.explanation.words import method_page, split_prose
from segcli.files.provenance import read_provenance
from segcli.method import describe, docstring_sections
from segcli.methods import FAMILIES, NAMES, all_methods
from segcli.networks.registry import ARCHITECTURES

Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_name_all_families_methods_and_networks_are_listed(segcli: Run) -> None:
    out = segcli("explain").out
    for family in FAMILIES:
        assert f"\n{family}\n" in f"\n{out}"
    for function in all_methods():
        assert describe(function).summary in out
    assert "fcn8s" in out


def test_the_page_of_a_method_has_idea_formulas_failure_knobs_and_paper(segcli: Run) -> None:
    page = segcli("explain", "otsu").out
    for part in ("Idea", "When it works", "When it fails", "In formulas", "Knobs", "Paper", "w0 w1 (m1 - m0)^2"):
        assert part in page
    assert "--classes N" in page
    assert "[2 to 16, default 2]" in page


@pytest.mark.parametrize("name", NAMES)
def test_every_method_says_its_idea_its_formulas_and_when_it_works_and_fails(name: str) -> None:
    row = describe(all_methods()[list(NAMES).index(name)])
    idea, works, fails = split_prose(row.description)
    assert idea
    assert works.startswith("Works")
    assert fails.startswith("Fails")
    formulas = [line for line in docstring_sections(row.function)["Notes"].splitlines() if line.startswith("    ")]
    assert formulas
    page = method_page(row)
    assert max(map(len, page.splitlines())) <= 124
    for knob in row.knobs:
        assert f"--{knob.name.replace('_', '-')}" in page


def test_the_page_of_a_network_is_made_without_its_library(segcli: Run) -> None:
    for row in ARCHITECTURES[::9]:
        page = segcli("explain", row.name).out
        assert f"{row.parameters:,}" in page
        assert " ".join(row.paper.split()) in " ".join(page.split())


def test_a_method_on_a_picture_is_one_page_that_says_how_it_was_made(segcli: Run, save: Any, folder: Path) -> None:
    save("discs.png")
    done = segcli("explain", "otsu", "discs.png", "--classes", "3", "--blur", "1")
    assert done.code == 0
    assert done.out.startswith("discs.png -> discs.otsu.explained.png  threshold_1 ")
    page = cv2.imread("discs.otsu.explained.png")
    assert page.shape[1] == 1200
    record = read_provenance(Path("discs.otsu.explained.png").read_bytes())
    assert record is not None
    assert record["untouched"]
    assert record["as"] == "explanation"
    assert record["settings"]["classes"] == 3
    refused = segcli("rerun", "discs.otsu.explained.png")
    assert refused.code == 2
    assert "is a page of segcli explain" in refused.err
    # Segcli's own untouched work may be replaced; equal runs give equal bytes.
    first = Path("discs.otsu.explained.png").read_bytes()
    assert segcli("explain", "otsu", "discs.png", "--classes", "3", "--blur", "1").code == 0
    assert Path("discs.otsu.explained.png").read_bytes() == first


@pytest.mark.parametrize(("name", "start"), [("page.svg", b"<?xml"), ("page.PDF", b"%PDF")])
def test_the_ending_decides_the_format(segcli: Run, save: Any, folder: Path, name: str, start: bytes) -> None:
    save("discs.png")
    assert segcli("explain", "otsu", "discs.png", "-o", name).code == 0
    assert Path(name).read_bytes().startswith(start)
    # They cannot say whose they are, so they are not replaced unasked.
    again = segcli("explain", "otsu", "discs.png", "-o", name)
    assert again.code == 2
    assert "--exists overwrite" in again.err
    assert segcli("explain", "otsu", "discs.png", "-o", name, "--exists", "overwrite").code == 0


def test_without_a_picture_the_page_shows_a_sample_with_settings_that_suit(segcli: Run, folder: Path) -> None:
    done = segcli("explain", "sauvola", "-o", "new/page.png", "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["input"].endswith("page.png")
    assert found["settings"]["window"] == 41
    assert found["outputs"] == ["new/page.png"]
    assert Path("new/page.png").exists()


def test_what_the_user_says_comes_before_what_suits_the_sample(segcli: Run, folder: Path) -> None:
    done = segcli("explain", "sauvola", "-o", "page.png", "--window", "21", "--json")
    assert json.loads(done.out)["settings"]["window"] == 21


@pytest.mark.parametrize("name", NAMES)
def test_every_method_has_a_sample_with_knobs_of_its_own(name: str) -> None:
    from segcli.cli.options import SHARED

    row = describe(all_methods()[list(NAMES).index(name)])
    assert Path(SPECIMENS[name].path).exists()
    known = {knob.name for knob in row.knobs} | set(SHARED)
    assert set(SPECIMENS[name].values()) <= known


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["ostu"], 2, "there is no method or network 'ostu'; did you mean otsu?"),
        (["ostu", "a.png", "--classes", "3"], 2, "did you mean otsu?"),
        (["unett"], 2, "did you mean unet?"),
        (["otsu", "a.png", "--classes", "1"], 2, "--classes is 1; it must be between 2 and 16."),
        (["otsu", "missing.png"], 1, "'missing.png' does not exist"),
        (["otsu", "a.png", "-o", "page.jpg"], 2, "--out is 'page.jpg'; its name must end in .png, .svg or .pdf."),
        (["otsu", "a.png", "-o", "page"], 2, "must end in"),
        (["otsu", "a.png", "-o", "a.png"], 2, "is an input of this run"),
        (["otsu", "a.png", "-o", "notes.png"], 2, "--exists overwrite"),
        (["otsu", "."], 2, "explain takes one"),
        (["otsu", "notes.png"], 1, "'notes.png'"),
        (["otsu", "a.png", "--page", "none"], 2, "--page is 'none'"),
        (["otsu", "a.png", "--exists", "skip"], 2, "--exists is 'skip'; it must be one of fail, overwrite."),
        (["unet", "a.png", "--at", "here"], 2, "--at is 'here'; it must be X,Y"),
        (["fcn8s", "a.png", "--model", "unet"], 2, "--model is 'unet', a unet; it must be a fcn8s."),
        (["segnet", "a.png"], 2, "segnet is a network without weights here"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    segcli: Run, save: Any, folder: Path, words: list[str], code: int, said: str
) -> None:
    save("a.png")
    Path("notes.png").write_text("mine")
    done = segcli("explain", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert done.err.count("\n") == 1
    assert Path("notes.png").read_text() == "mine"


def test_a_network_shows_how_far_it_sees_and_what_it_finds_at_a_pixel(
    segcli: Run, save: Any, folder: Path, disc_models: dict[str, Path]
) -> None:
    save("discs.png", np.pad(np.full((20, 20), 200, np.uint8), 22, constant_values=30))
    done = segcli("explain", "--model", disc_models["discs"], "discs.png", "--at", "32,31", "-o", "page.png")
    assert done.code == 0, done.err
    assert cv2.imread("page.png").shape[1] == 1200
    outside = segcli("explain", "--model", disc_models["discs"], "discs.png", "--at", "64,0", "-o", "page.png")
    assert outside.code == 1
    assert "'discs.png' has no pixel 64,0: it is 64 x 64." in outside.err


RECIPE = """[[steps]]
use = "median"
radius = 1

[[steps]]
use = "watershed"
min_distance = 4

[[steps]]
use = "clean"
min_size = 9
"""


def test_a_recipe_is_explained_step_by_step(segcli: Run, save: Any, folder: Path) -> None:
    save("discs.png")
    Path("cells.toml").write_text(RECIPE)
    words = segcli("explain", "cells.toml").out
    assert "1  median (radius = 1): " in words
    assert "3  clean (min_size = 9): " in words
    done = segcli("explain", "cells.toml", "discs.png")
    assert done.code == 0, done.err
    assert done.out.startswith("discs.png -> discs.cells.explained.png")
    assert cv2.imread("discs.cells.explained.png").shape[1] == 1200
    missing = segcli("explain", "nuclei.toml")
    assert (missing.code, missing.out) == (2, "")
    assert "'nuclei.toml' does not exist" in missing.err


def test_the_verdict_depends_on_pixels_within_the_receptive_field_alone(disc_models: dict[str, Path]) -> None:
    from segcli.arrays import Point
    from segcli.learning.looking import look_inside
    from segcli.network_segmenter import ModelFile, NetworkSegmenter

    member = NetworkSegmenter((ModelFile.open(str(disc_models["discs"])),)).load().members[0]
    image = np.random.default_rng(0).integers(0, 256, (300, 700), dtype=np.uint8)
    planes = image if member.card.channels == 1 else np.dstack([image] * 3)
    at = Point(600, 150)
    look = look_inside(member, planes, at)
    assert look.influence is not None
    assert look.influence.shape == (look.height, look.width)
    # A large picture is looked at in part, and that part holds the pixel.
    assert look.left <= at.x < look.left + look.width < 701
    assert look.width < 700
    rows, columns = np.nonzero(look.influence)
    assert member.field is not None
    reach = member.field
    assert np.abs(rows + look.top - at.y).max() <= reach
    assert np.abs(columns + look.left - at.x).max() <= reach
    names = [activation.layer for activation in look.activations]
    assert len(names) == len(set(names)) > 2


@pytest.mark.parametrize("architecture", ["unet_valid", "unet"])
def test_a_small_picture_is_looked_at_whole(architecture: str) -> None:
    from segcli.arrays import Point
    from segcli.learning.card import ModelCard
    from segcli.learning.looking import look_inside
    from segcli.learning.member import member_of
    from segcli.learning.scaling import Scaling

    card = ModelCard(architecture, 1, 2, ("ground", "disc"), Scaling("dataset", (0.5,), (0.25,)), width=1 / 8)
    member = member_of(card, card.build().eval().requires_grad_(False), "cpu")
    image = np.random.default_rng(0).integers(0, 256, (45, 70), dtype=np.uint8)
    look = look_inside(member, image, Point(69, 44))
    assert (look.left, look.top, look.width, look.height) == (0, 0, 70, 45)
    assert look.influence is not None
    assert look.influence.shape == (45, 70)
    assert look.influence.max() > 0


def test_a_network_without_layers_to_look_into_has_a_page_of_scores() -> None:
    from segcli.arrays import Point
    from segcli.figures.explain.networks import Glance, network_rows
    from segcli.figures.explain.subject import Subject
    from segcli.segmentation import Segmentation

    scores = np.stack([np.full((9, 9), 0.25, np.float32), np.full((9, 9), 0.75, np.float32)])
    found = Segmentation(np.ones((9, 9), np.uint8), "mask", names=("ground", "disc"), scores=scores)
    image = np.zeros((9, 9, 3), np.uint8)
    rows = network_rows(Subject("unet", found, image, image), Glance(Point(4, 4), None, (0, 0), (), None))
    assert [panel.title for panel in rows[0]] == ["1  Receptive field", "2  Scores of the classes at the cross"]
    assert rows[0][1].text == "disc wins"


def test_the_help_of_a_method_names_its_knobs(segcli: Run) -> None:
    page = segcli("explain", "kmeans", "--help").out
    assert "--restarts" in page
    assert "--blur" in page
    assert "--at" in segcli("explain", "--help").out


def test_sentences_are_sorted_by_how_they_begin() -> None:
    text = "It cuts. Works on x. Fails (see y). It is exact."
    assert split_prose(text) == ("It cuts. It is exact.", "Works on x.", "Fails (see y).")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_page_on_its_sample_is_legible(
    segcli: Run, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from figures.test_explain import assert_legible

    from segcli import explanation
    from segcli.figures.sheet import plain_style, sheet_figure

    sheets: list[Any] = []
    draw = explanation.page_bytes
    monkeypatch.setattr(explanation, "page_bytes", lambda *told: (sheets.append(told[0]), draw(*told))[1])
    done = segcli("explain", name.replace("_", "-"), "-o", "page.png")
    assert done.code == 0, done.err
    assert cv2.imread("page.png").shape[1] == 1200
    with plain_style():
        assert_legible(sheet_figure(sheets[0]))
