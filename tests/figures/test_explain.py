"""A page for every method: legible, 1200 pixels wide, the same each time."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from contract.test_methods import ROWS, picture, segment

from segcli.figures.explain import Subject, explaining_rows
from segcli.figures.explain.floods import _cut_through
from segcli.figures.explain.subject import borders, busiest, busiest_row
from segcli.figures.layers import colored, scale_of
from segcli.figures.lettering import paragraphs
from segcli.figures.sheet import Panel, Sheet, draw_sheet, plain_style, sheet_figure, vector_sheet
from segcli.method import docstring_sections
from segcli.methods import FAMILIES
from segcli.segmentation import Segmentation

COLORFUL = ("clusters", "saliency", "examples", "superpixels")


def sheet_of(name: str) -> Sheet:
    """The page of a method on a tiny picture."""
    row = ROWS[name]
    image = picture(color=row.family in COLORFUL)
    result = learned(image) if name == "pixel_classifier" else segment(row, image)
    color = image if image.ndim == 3 else np.dstack([image] * 3)
    notes = docstring_sections(row.function)["Notes"]
    rows = explaining_rows(row.family, Subject(name, result, color, image))
    return Sheet(row.command, row.summary, "32 x 24 pixels", rows, notes, (row.paper,))


def learned(image: np.ndarray) -> Segmentation:
    """What a classifier gives, without one."""
    share = image[..., 1].astype(np.float32) / 255
    layers = {"probability": share, "uncertainty": 1 - np.abs(2 * share - 1)}
    return Segmentation((share > 0.45).astype(np.uint8), "mask", scores=np.stack([1 - share, share]), layers=layers)


def texts_of(figure: Any) -> list[tuple[str, Any]]:
    """Every text that is seen, and the rectangle that it takes."""
    seen = list(figure.texts)
    for axes in figure.axes:
        seen += [*axes.texts, axes.title, axes._left_title, axes._right_title]
        seen += [] if axes.get_legend() is None else axes.get_legend().get_texts()
        if not axes.axison:
            continue
        for axis in (axes.xaxis, axes.yaxis):
            seen += [axis.label, axis.get_offset_text()]
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if low <= tick.get_loc() <= high:
                    seen += [label for label in (tick.label1, tick.label2) if label.get_visible()]
    renderer = figure.canvas.get_renderer()
    return [(text.get_text(), text.get_window_extent(renderer)) for text in seen if text.get_text().strip()]


def assert_legible(figure: Any) -> None:
    """No text meets another or leaves the page."""
    figure.draw_without_rendering()
    width, height = figure.canvas.get_width_height()
    assert width == 1200
    placed = texts_of(figure)
    assert len(placed) > 8
    for text, box in placed:
        assert box.x0 >= 0, text
        assert box.x1 <= width, text
        assert box.y0 >= 0, text
        assert box.y1 <= height, text
    for (one, first), (other, second) in combinations(placed, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert min(across, down) <= 1.5, f"{one!r} meets {other!r}"


@pytest.mark.parametrize("name", ROWS)
def test_every_method_has_a_page_on_which_no_text_meets_another(name: str) -> None:
    with plain_style():
        assert_legible(sheet_figure(sheet_of(name)))


def test_two_texts_that_meet_are_found() -> None:
    with plain_style():
        figure = sheet_figure(sheet_of("otsu"))
        figure.text(0.05, 0.5, "one word")
        figure.text(0.06, 0.5, "another")
        with pytest.raises(AssertionError, match="meets"):
            assert_legible(figure)


@pytest.mark.parametrize("name", ["watershed", "kmeans"])
def test_a_page_is_1200_pixels_wide_and_the_same_each_time(name: str) -> None:
    first = draw_sheet(sheet_of(name))
    assert first.dtype == np.uint8
    assert first.shape[1:] == (1200, 3)
    assert np.array_equal(first, draw_sheet(sheet_of(name)))


@pytest.mark.parametrize("form", ["svg", "pdf"])
def test_vector_pages_are_the_same_bytes_each_time(form: Any) -> None:
    first = vector_sheet(sheet_of("otsu"), form)
    assert first == vector_sheet(sheet_of("otsu"), form)
    assert first.startswith(b"<?xml" if form == "svg" else b"%PDF")


def test_every_family_is_drawn_by_a_builder_of_its_own() -> None:
    from segcli.figures.explain import BUILDERS

    assert set(BUILDERS) == {*FAMILIES, "recipe"}


def test_panels_are_numbered_in_the_order_of_reading() -> None:
    titles = [panel.title for row in sheet_of("otsu").rows for panel in row]
    assert titles == [
        "1  The picture",
        "2  On the picture",
        "3  Histogram",
        "4  The binary image",
        "5  Variance between the classes",
    ]


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (5, 5)])
def test_blank_and_odd_pictures_have_a_page(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 7, np.uint8)
    for name in ("watershed", "chan_vese"):
        result = Segmentation(np.zeros(shape, np.uint8), "mask")
        with plain_style():
            rows = explaining_rows(ROWS[name].family, Subject(name, result, image, image))
            sheet_figure(Sheet(name, "", "", rows)).draw_without_rendering()


def test_a_long_word_and_a_long_sentence_stay_on_the_page() -> None:
    panel = Panel(
        "t" * 40, "many words " * 30, np.zeros((20, 20, 3), np.uint8), legend=[((0.0, 0.0, 0.0), "w" * 30)] * 5
    )
    with plain_style():
        figure = sheet_figure(
            Sheet("title", "lead " * 60, "note", [[panel, panel, panel]], "prose\n    x = y\n", ("foot",))
        )
        assert_legible(figure)


def test_what_a_user_set_for_matplotlib_changes_nothing() -> None:
    import matplotlib

    before = draw_sheet(sheet_of("otsu"))
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "font.family": ["serif"]}):
        assert np.array_equal(draw_sheet(sheet_of("otsu")), before)
        assert matplotlib.rcParams["axes.facecolor"] == "red"


def test_prose_is_joined_and_formulas_stay_as_they_are() -> None:
    assert paragraphs("one\ntwo\n    x = 1\n    y = 2\nthree\n\nfour") == [
        "one two",
        "    x = 1",
        "    y = 2",
        "three",
        "four",
    ]


def test_the_busiest_window_and_row_are_where_most_is_marked() -> None:
    marks = np.zeros((30, 50), bool)
    marks[20:24, 40:44] = True
    rows, columns = busiest(marks, 8)
    assert marks[rows, columns].sum() == 16
    marks[5, ::2] = True
    assert busiest_row(marks) == 5


def test_borders_lie_left_of_and_above_a_change() -> None:
    assert borders(np.array([[1, 1, 2], [1, 1, 2]])).tolist() == [[False, True, False]] * 2


def test_the_water_in_a_cut_rises_to_the_dam() -> None:
    # Two basins of depth 4 and 3 in one row of pixels, parted behind the fourth; the pass between them is at -1.
    relief = np.array([[0, 2, 4, 1, 1, 3, 2, 0]], np.float32)
    labels = np.array([[0, 1, 1, 1, 2, 2, 2, 0]], np.int32)
    image = np.zeros((1, 8, 3), np.uint8)
    subject = Subject("watershed", Segmentation(labels, "instances"), image, image)
    panel = _cut_through(subject, relief, True)
    assert panel is not None
    with plain_style():
        figure = sheet_figure(Sheet("", "", "", [[panel]]))
    (axes,) = figure.axes
    tops = [shape.get_paths()[0].vertices[:, 1].max() for shape in axes.collections[1:] if shape.get_paths()]
    assert tops == [-1.0]
    dams = [line.get_xdata()[0] for line in axes.lines if line.get_color() == "#e03131"]
    # The line begins half a step beyond the deepest pixel, which is the third.
    assert len(dams) == 1


def test_values_without_a_finite_one_are_black_and_signed_ones_are_white_at_zero() -> None:
    assert scale_of(np.full((2, 2), np.nan)) is None
    assert colored(np.full((1, 1), np.nan), None).tolist() == [[[0, 0, 0]]]
    values = np.array([[-2.0, 0.0, 2.0]])
    assert colored(values, scale_of(values))[0, 1].min() > 240
