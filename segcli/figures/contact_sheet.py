"""Draws a contact sheet: many results of a picture side by side, each with its name and figures beneath.

A sheet is as wide as a page of A4 across printed with 200 dots an inch; rows make it taller.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.figures.pages import DOTS_PER_INCH, FAINT, INK
from segcli.figures.render import for_display, render
from segcli.segmentation import Segmentation

WIDTH = 2340
MARGIN, GAP = 42, 18
TITLE, SUBTITLE = 40, 24
"""Heights of letters in pixels."""

HEADER = 132
FEWEST, MOST = 3, 9
"""Tiles beside each other."""

PAGE = 2**0.5
"""Width over height of a page across."""

FINE = 2
"""A result is drawn so many times as large as its tile, and then shrunk, which keeps its outlines smooth."""

HALF, TRACE = 0.5, 0.12
"""Share of a small pixel that must be object: of areas, and of thin lines, which would be lost."""

SQUEEZE = 0.72
"""How far letters shrink before words are cut."""

PAPER, BLANK = 255, 236
RGB = NDArray[np.uint8]


@dataclass(frozen=True)
class Layout:
    """How tiles lie on a sheet: how many beside each other, and their largest width and height in pixels."""

    columns: int
    width: int
    height: int

    @property
    def letters(self) -> int:
        """Height of the names' letters."""
        return int(np.clip(self.width / 13, 15, 27))

    @property
    def caption(self) -> int:
        """Room beneath a tile."""
        return int(self.letters * 3.1)


@dataclass(frozen=True, eq=False)
class Tile:
    """One result.

    Attributes
    ----------
    picture : (h, w, 3) uint8, no larger than the layout says; None: a blank one with a message.
    title, words : the two lines beneath. message : on the blank tile.
    """

    picture: RGB | None
    title: str
    words: str = ""
    message: str = ""


def plan(count: int, size: tuple[int, int]) -> Layout:
    """Choose a layout for so many tiles of pictures of a size, so that the sheet comes near to a page across.

    Parameters
    ----------
    count : of the tiles. size : (width, height) of the pictures in pixels.
    """
    layouts = [_layout(columns, size) for columns in range(FEWEST, MOST + 1)]
    return min(layouts, key=lambda layout: abs(np.log(WIDTH / _height(-(-count // layout.columns), layout) / PAGE)))


def plan_rows(across: int, size: tuple[int, int]) -> Layout:
    """A layout with so many tiles beside each other."""
    return _layout(across, size)


def _layout(columns: int, size: tuple[int, int]) -> Layout:
    """Tiles of the pictures' shape; what is taller than one and a half times its width is made narrower."""
    width = (WIDTH - 2 * MARGIN - (columns - 1) * GAP) // columns
    return Layout(columns, width, max(1, round(width * min(1.5, size[1] / size[0]))))


def _height(rows: int, layout: Layout) -> int:
    return HEADER + rows * (layout.height + layout.caption + GAP) + MARGIN


def fit(image: Array, layout: Layout, times: int = 1) -> RGB:
    """A picture (H, W, 3) of any type as (h, w, 3) uint8 that fits a tile, `times` as large; never enlarged.

    A picture smaller than a tile is enlarged for `times` 1 alone, pixel by pixel.
    """
    from segcli.opencv import cv2

    shown = for_display(image)
    height, width = shown.shape[:2]
    scale = min(layout.width * times / width, layout.height * times / height)
    if times > 1:
        scale = min(1.0, scale)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(np.ascontiguousarray(shown), size, interpolation=way))


def draw(found: Segmentation, picture: RGB, layout: Layout, *, partition: bool = False, lines: bool = False) -> RGB:
    """Draw a result on a picture that `fit` made FINE times as large as its tile, and shrink both to it.

    Parameters
    ----------
    found : of the whole picture. picture : (h, w, 3) uint8.
    partition : regions without a background, of which the outlines are drawn alone; else the overlay.
    lines : thin lines, each of which is to be seen.
    """
    if partition:
        # Nothing but outlines: shrinking would dim them.
        picture = fit(picture, layout)
    small = shrink(found, picture.shape[:2], lines)
    if small.kind == "classes" and int(small.labels.max(initial=0)) <= 1:
        # In the color of masks, which it is as good as.
        small = Segmentation(small.labels, "mask")
    drawn = render("contours" if partition else "overlay", small, picture)
    return fit(drawn, layout)


def shrink(found: Segmentation, shape: tuple[int, int], lines: bool = False) -> Segmentation:
    """A segmentation with (height, width) `shape`: masks by the share of each pixel, labels by the nearest one."""
    from segcli.opencv import cv2

    size = shape[1], shape[0]
    if found.labels.shape == shape:
        return found
    if found.kind == "mask":
        share = cv2.resize(found.labels.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        return Segmentation((share >= (TRACE if lines else HALF)).astype(np.uint8), "mask")
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int) for new, old in zip(shape, found.labels.shape, strict=True)
    )
    return Segmentation(np.ascontiguousarray(found.labels[np.ix_(rows, columns)]), found.kind)


def heat(values: Array, picture: RGB, layout: Layout) -> RGB:
    """Draw (H, W) numbers from 0 to 1 in colors, from the dimmed gray picture at 0 to bright at 1."""
    from matplotlib import colormaps

    from segcli.opencv import cv2

    size = picture.shape[1], picture.shape[0]
    share = cv2.resize(np.ascontiguousarray(values, np.float32), size, interpolation=cv2.INTER_AREA)[:, :, None]
    colors = colormaps["inferno"](share[:, :, 0])[:, :, :3] * 255
    ground = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2) * 0.35
    return fit(np.rint(ground * (1 - share) + colors * share).astype(np.uint8), layout)


def contact_sheet(title: str, words: str, rows: Sequence[Sequence[Tile]], layout: Layout) -> RGB:
    """Lay tiles out on a page.

    Parameters
    ----------
    title, words : at its top.
    rows : of tiles, no more in one than the layout has columns.

    Returns
    -------
    (H, W, 3) uint8
    """
    page = np.full((_height(len(rows), layout), WIDTH, 3), PAPER, np.uint8)
    texts = [_Text(MARGIN, MARGIN + 20, title, TITLE, INK, "bold", WIDTH - 2 * MARGIN)]
    texts.append(_Text(MARGIN, MARGIN + 60, words, SUBTITLE, FAINT, "normal", WIDTH - 2 * MARGIN))
    for down, row in enumerate(rows):
        top = HEADER + down * (layout.height + layout.caption + GAP)
        for across, tile in enumerate(row):
            left = MARGIN + across * (layout.width + GAP)
            drawn = _blank(layout) if tile.picture is None else tile.picture
            height, width = drawn.shape[:2]
            page[top : top + height, left : left + width] = drawn
            if tile.picture is None:
                texts += _message(tile.message, left, top, layout)
            base = top + layout.height + layout.letters
            texts.append(_Text(left, base, tile.title, layout.letters, INK, "bold", layout.width))
            second = base + int(1.3 * layout.letters)
            texts.append(_Text(left, second, tile.words, layout.letters - 2, FAINT, "normal", layout.width))
    return _written(page, texts)


def tiles_in_rows(tiles: Sequence[Tile], columns: int) -> list[list[Tile]]:
    """Tiles one row after the other."""
    return [list(tiles[first : first + columns]) for first in range(0, len(tiles), columns)]


@dataclass(frozen=True)
class _Text:
    """Words at a place: the left end and the middle of their height in pixels."""

    left: int
    middle: int
    words: str
    letters: int
    color: str
    weight: str
    room: int


def _blank(layout: Layout) -> RGB:
    return np.full((layout.height, layout.width, 3), BLANK, np.uint8)


def _message(message: str, left: int, top: int, layout: Layout) -> list[_Text]:
    """A message in as many lines as it needs, in the middle of a blank tile."""
    letters = layout.letters - 3
    lines = textwrap.wrap(message, max(12, int(layout.width / letters * 1.75)))[
        : max(1, layout.height // (2 * letters))
    ]
    step = int(1.45 * letters)
    first = top + layout.height // 2 - step * (len(lines) - 1) // 2
    return [
        _Text(left + 12, first + number * step, line, letters, INK, "normal", layout.width - 24)
        for number, line in enumerate(lines)
    ]


def _written(page: RGB, texts: Sequence[_Text]) -> RGB:
    """Write texts on a page; what is too long ends in three dots."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties, fontManager, get_font

    height, width = page.shape[:2]
    size = width / DOTS_PER_INCH, height / DOTS_PER_INCH
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor="white")
    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    glyphs = get_font(fontManager.findfont(FontProperties())).get_charmap()
    for text in texts:
        font = FontProperties(size=text.letters * 72 / DOTS_PER_INCH, weight=text.weight)
        words = "".join(letter if ord(letter) in glyphs else "?" for letter in text.words)
        shown = words
        wide = renderer.get_text_width_height_descent(shown, font, False)[0]
        font.set_size(font.get_size() * max(SQUEEZE, min(1.0, text.room / max(wide, 1))))
        while shown and renderer.get_text_width_height_descent(shown, font, False)[0] > text.room + 1:
            words = words[:-1]
            shown = words.rstrip() + "..."
        place = text.left / width, 1 - text.middle / height
        figure.text(*place, shown, font=font, color=text.color, va="center_baseline", parse_math=False)
    canvas.draw()
    # Dark letters on white: the darker of both is the page where there are none.
    return np.asarray(np.minimum(page, np.asarray(canvas.buffer_rgba())[:, :, :3]))
