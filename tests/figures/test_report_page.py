"""A page that stands alone: well-formed, without scripts and addresses, whatever names it holds."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from segcli.figures import report_page as html
from segcli.figures.mistakes import (
    CONFUSED,
    EXTRA,
    FOUND,
    LARGEST,
    MISSED,
    SMALLEST,
    STRENGTH,
    canvas,
    draw_borders,
    draw_classes,
    draw_objects,
    fitted,
)
from segcli.files.write import encode_array

NASTY = '<script src="https://evil.example/x.js">&"\'</td>\x1b[31m\u202e\n'
VOID_TAGS = {"meta", "img"}


class Checked(HTMLParser):
    """Every tag is closed in order; what stands in attributes and texts is kept."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def checked(text: str) -> Checked:
    """Parse a page, and see that it stands alone."""
    found = Checked()
    found.feed(text)
    found.close()
    assert found.open == []
    assert not found.tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    for name, value in found.attributes:
        assert not name.startswith("on"), name
        assert name not in ("href", "srcset", "action", "data"), name
        assert name != "src" or value.startswith("data:image/png;base64,")
        assert "url(" not in value
    assert not re.search(r"@import|url\(", html.STYLE)
    return found


def test_names_cannot_leave_their_place() -> None:
    png = encode_array(np.zeros((2, 2, 3), np.uint8), ".png", {})
    parts = [
        html.heading(NASTY),
        html.paragraph(NASTY),
        html.table((NASTY, "b"), [(NASTY, html.strip(0.5, 0.4, 0.6))], NASTY),
        html.matrix((NASTY, "b"), (NASTY, "b"), np.array([[1, 2], [0, 0]])),
        html.plot(NASTY, NASTY, {NASTY: [(0.0, 0.5), (1.0, 1.0)], "b": [(0.0, float("nan"))]}),
        html.histogram(NASTY, NASTY, [0.5, float("nan"), 1.0]),
        html.pictures(NASTY, {NASTY: png}),
        html.key({NASTY: (1, 2, 3)}),
    ]
    page = html.page(NASTY, "mark", parts)
    found = checked(page)
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert sum("<script" in text for text in found.texts) >= 8


def test_a_page_begins_with_its_mark() -> None:
    assert html.page("t", "segcli eval", []).startswith("<!doctype html>\n<!-- segcli eval -->\n")


def test_bars_are_as_long_as_scores() -> None:
    assert f'width="{html.STRIP * 0.25:.1f}"' in html.strip(0.25)
    assert html.strip(float("nan")) == html.strip(7.0) == ""


def test_shares_of_a_matrix_are_those_of_its_rows() -> None:
    found = html.matrix(("a", "b"), ("a", "b"), np.array([[3, 1], [0, 0]]))
    assert re.findall(r">([\d.]+)</td>", found) == ["75.0", "25.0", "4", "0"]
    assert found.count("<td>-</td>") == 2


def test_curves_go_through_their_points() -> None:
    found = html.plot("t", "x", {"a": [(0.5, 0.0), (0.95, 1.0)]}, (0.5, 0.95))
    points = re.search(r'points="([^"]+)"', found)
    assert points is not None
    bottom, right = html.HEIGHT - html.BOTTOM, html.WIDTH - html.RIGHT
    assert points[1] == f"{html.LEFT:.1f},{bottom:.1f} {right:.1f},{html.TOP:.1f}"


def tint(color: tuple[int, int, int], ground: int = 100) -> list[int]:
    return [round((1 - STRENGTH) * ground + STRENGTH * part) for part in color]


def test_mistakes_of_classes_have_their_colors() -> None:
    picture = np.full((1, 5, 3), 100, np.uint8)
    true, predicted = np.array([[0, 1, 0, 2, 1]]), np.array([[0, 0, 1, 1, 0]])
    void = np.array([[False, False, False, False, True]])
    drawn = draw_classes(picture, predicted, true, void)[0].tolist()
    assert drawn == [[100] * 3, tint(MISSED), tint(EXTRA), tint(CONFUSED), [100] * 3]
    assert picture.max() == 100


def test_without_a_ground_every_mistake_is_a_confusion() -> None:
    picture, void = np.full((1, 3, 3), 100, np.uint8), np.zeros((1, 3), bool)
    drawn = draw_classes(picture, np.array([[0, 1, 1]]), np.array([[1, 0, 2]]), void, ground=False)[0].tolist()
    assert drawn == [tint(CONFUSED)] * 3


def test_objects_are_found_missed_or_extra() -> None:
    picture, true = np.full((9, 30, 3), 100, np.uint8), np.zeros((9, 30), np.int32)
    predicted = true.copy()
    true[2:7, 2:7], true[2:7, 12:17] = 1, 2
    predicted[2:7, 2:7], predicted[2:7, 22:27] = 8, 9
    drawn = draw_objects(picture, predicted, true)
    assert drawn[4, 4].tolist() == [100] * 3
    assert drawn[2, 2].tolist() == list(FOUND)
    assert drawn[4, 14].tolist() == tint(MISSED)
    assert drawn[4, 24].tolist() == tint(EXTRA)


def test_borders_within_reach_are_found() -> None:
    picture, true, predicted = canvas(None, (5, 30)), np.ones((5, 30), int), np.ones((5, 30), int)
    true[:, 10:], predicted[:, 11:20], predicted[:, 20:] = 2, 2, 3
    drawn = draw_borders(picture, predicted, true)
    assert drawn[2, 11].tolist() == list(FOUND)
    assert drawn[2, 20].tolist() == list(EXTRA)
    assert drawn[2, 10].tolist() == [232] * 3


@pytest.mark.parametrize(("side", "longest"), [(30, 240), (300, 300), (2000, LARGEST), (1, SMALLEST)])
def test_pictures_get_a_size_to_look_at(side: int, longest: int) -> None:
    assert max(fitted(np.zeros((side, max(1, side // 2), 3), np.uint8)).shape) == longest


def test_gray_and_deep_pictures_are_shown_in_eight_bits() -> None:
    shown = canvas(np.array([[0, 65_535]], np.uint16), (1, 2))
    assert shown.tolist() == [[[0] * 3, [255] * 3]]
