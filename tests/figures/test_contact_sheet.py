"""Contact sheets: where tiles lie, how results are shrunk, and that texts stay in their room."""

from __future__ import annotations

import numpy as np
import pytest

from segcli.figures.contact_sheet import (
    BLANK,
    HEADER,
    MARGIN,
    WIDTH,
    Layout,
    Tile,
    contact_sheet,
    draw,
    fit,
    heat,
    plan,
    shrink,
    tiles_in_rows,
)
from segcli.segmentation import Segmentation

LAYOUT = Layout(3, 200, 150)


def tile(level: int, title: str = "otsu", words: str = "") -> Tile:
    return Tile(np.full((150, 200, 3), level, np.uint8), title, words)


@pytest.mark.parametrize("count", [12, 45])
def test_a_plan_comes_near_to_a_page_across(count: int) -> None:
    layout = plan(count, (1000, 1000))
    rows = -(-count // layout.columns)
    assert layout.columns * layout.width <= WIDTH - 2 * MARGIN
    sheet = contact_sheet("a", "b", tiles_in_rows([Tile(None, "x")] * count, layout.columns), layout)
    assert sheet.shape[1] == WIDTH
    assert 0.9 < sheet.shape[1] / sheet.shape[0] < 2
    assert rows * (layout.height + layout.caption) < sheet.shape[0]


def test_tiles_lie_in_rows_pixel_by_pixel() -> None:
    tiles = [tile(10), tile(20), tile(30), tile(40)]
    sheet = contact_sheet("title", "words", tiles_in_rows(tiles, 3), LAYOUT)
    assert (sheet[HEADER : HEADER + 150, MARGIN : MARGIN + 200] == 10).all()
    assert (sheet == 40).all(axis=2).sum() >= 150 * 200
    assert sheet[2, 2].tolist() == [255, 255, 255]


def test_a_result_that_is_missing_says_why_on_a_blank_tile() -> None:
    sheet = contact_sheet("t", "w", [[Tile(None, "otsu", "failed", "needs more memory than there is")]], LAYOUT)
    blank = sheet[HEADER : HEADER + 150, MARGIN : MARGIN + 200]
    assert (blank == BLANK).all(axis=2).mean() > 0.7
    assert blank.min() < 80


@pytest.mark.parametrize("title", ["distance-regularized iterations=200 " * 4, "$x^2$ \u4e2d\u6587", ""])
def test_texts_end_at_the_width_of_their_tile(title: str) -> None:
    sheet = contact_sheet(title, "", [[tile(90, title)]], LAYOUT)
    beneath = sheet[HEADER + 150 :]
    assert (beneath[:, MARGIN + 200 + 3 :] == 255).all()
    assert (beneath.min() < 200) == bool(title)


def test_equal_sheets_have_equal_bytes() -> None:
    sheets = [contact_sheet("a", "b", [[tile(90), tile(80)]], LAYOUT) for _ in range(2)]
    assert sheets[0].tobytes() == sheets[1].tobytes()


def test_pictures_fit_their_tile_and_small_ones_are_enlarged() -> None:
    assert fit(np.zeros((400, 100, 3), np.uint8), LAYOUT).shape == (150, 38, 3)
    assert fit(np.zeros((30, 40, 3), np.uint8), LAYOUT).shape == (150, 200, 3)
    assert fit(np.zeros((30, 40, 3), np.uint8), LAYOUT, 2).shape == (30, 40, 3)
    assert fit(np.zeros((3000, 4000, 3), np.uint16), LAYOUT, 2).shape == (300, 400, 3)


def test_thin_lines_survive_and_areas_keep_their_size() -> None:
    labels = np.zeros((400, 400), np.uint8)
    labels[200, :] = 1
    line = Segmentation(labels, "mask")
    assert shrink(line, (100, 100), lines=True).labels.sum() == 100
    assert shrink(line, (100, 100)).labels.sum() == 0
    half = Segmentation((np.arange(400)[:, None] < 200).astype(np.uint8) * np.ones((1, 400), np.uint8), "mask")
    assert shrink(half, (100, 100)).labels.mean() == 0.5
    numbered = Segmentation(np.kron(np.array([[1, 70_000]], np.int32), np.ones((40, 20), np.int32)), "instances")
    assert np.unique(shrink(numbered, (10, 10)).labels).tolist() == [1, 70_000]


def test_partitions_are_outlined_and_objects_tinted() -> None:
    picture = np.full((150, 200, 3), 100, np.uint8)
    halves = np.ones((150, 200), np.int32)
    halves[:, 100:] = 2
    outlined = draw(Segmentation(halves, "instances"), picture, LAYOUT, partition=True)
    assert (outlined[:, :90] == 100).all()
    assert not (outlined[:, 95:105] == 100).all()
    tinted = draw(Segmentation((halves - 1).astype(np.uint8), "mask"), picture, LAYOUT)
    assert (tinted[:, :90] == 100).all()
    assert not (tinted[:, 110:] == 100).any(axis=2).any()


def test_two_classes_have_the_color_of_a_mask() -> None:
    picture = np.full((150, 200, 3), 100, np.uint8)
    labels = np.zeros((150, 200), np.uint8)
    labels[:, 100:] = 1
    assert (
        draw(Segmentation(labels, "classes"), picture, LAYOUT) == draw(Segmentation(labels, "mask"), picture, LAYOUT)
    ).all()


def test_disagreement_glows_on_the_dimmed_picture() -> None:
    values = np.zeros((150, 200), np.float32)
    values[:, 100:] = 1
    drawn = heat(values, np.full((150, 200, 3), 100, np.uint8), LAYOUT)
    assert (drawn[:, :90] == 35).all()
    assert drawn[:, 110:].min(axis=(0, 1)).sum() > 400
