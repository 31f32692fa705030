"""Shows a picture in a terminal: two pixels in each character cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array

TerminalColor = Literal["truecolor", "256", "none"]

SHADES = " .:-=+*#%@"
"""From dark to light, for a terminal with light letters on a dark ground."""

UPPER_HALF = "\u2580"
RESET = "\x1b[0m"

CUBE = np.array([0, 95, 135, 175, 215, 255])
"""Levels of red, green and blue in colors 16 to 231 of a 256-color terminal."""

GRAYS = 8 + 10 * np.arange(24)
"""Levels of colors 232 to 255."""


def terminal_color(environ: Mapping[str, str]) -> TerminalColor:
    """Say how many colors a terminal shows, from NO_COLOR, TERM and COLORTERM.

    Examples
    --------
    >>> terminal_color({"TERM": "xterm-256color", "COLORTERM": "truecolor"})
    'truecolor'
    """
    term = environ.get("TERM", "")
    # Windows Terminal sets no TERM.
    modern = "WT_SESSION" in environ
    if environ.get("NO_COLOR") or term == "dumb" or not (term or modern):
        return "none"
    if modern or environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return "truecolor"
    return "256"


def half_blocks(picture: Array, columns: int, *, color: TerminalColor, rows: int | None = None) -> str:
    """Return a picture as lines of text.

    Parameters
    ----------
    picture : (H, W, 3) uint8 RGB
        Made smaller where it has more than `columns` pixels in width; never enlarged. A cell, twice as high as wide,
        shows two pixels, so the shape is kept.
    columns : int
        Cells that a line may take.
    color : truecolor, 256 or none
        none uses letters of rising density, one for each cell, and no escape codes.
    rows : int, optional
        Lines that the text may take.

    Returns
    -------
    str
        Lines joined by newlines, without one at the end; each line ends with the colors reset.

    Examples
    --------
    >>> print(half_blocks(np.array([[[0] * 3, [255] * 3]] * 2, np.uint8), 80, color="none") + "|")
     @|
    """
    small = _shrunk(np.ascontiguousarray(picture), columns, rows)
    if color == "none":
        return _shaded(small)
    top, bottom = small[0::2], small[1::2]
    code = _truecolor if color == "truecolor" else _palette256
    upper, lower = code(top), code(bottom)
    lines = []
    for row in range(len(top)):
        below = lower[row] if row < len(lower) else [""] * len(upper[row])
        lines.append(_line(upper[row], below))
    return "\n".join(lines)


def _shrunk(picture: NDArray[np.uint8], columns: int, rows: int | None) -> NDArray[np.uint8]:
    """Scale down by averaging until the picture fits."""
    from segcli.opencv import cv2

    height, width = picture.shape[:2]
    scale = min(1.0, max(columns, 1) / width)
    if rows is not None:
        scale = min(scale, 2 * max(rows, 1) / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return picture if scale == 1 else np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _line(upper: list[str], lower: list[str]) -> str:
    """Join half blocks, naming a color only where it changes; an empty lower color is the terminal's own."""
    parts = []
    before = ("", "")
    for now in zip(upper, lower, strict=True):
        codes = [f"3{now[0]}"] if now[0] != before[0] else []
        if now[1] != before[1]:
            codes.append(f"4{now[1]}")
        parts.append((f"\x1b[{';'.join(codes)}m" if codes else "") + UPPER_HALF)
        before = now
    return "".join(parts) + RESET


def _truecolor(pixels: NDArray[np.uint8]) -> list[list[str]]:
    """SGR codes of colors, without the 3 (letters) or 4 (ground) in front."""
    return [[f"8;2;{red};{green};{blue}" for red, green, blue in row] for row in pixels.tolist()]


def _palette256(pixels: NDArray[np.uint8]) -> list[list[str]]:
    """SGR codes of the nearest of the 216 cube colors and 24 grays; in a tie the cube's."""
    values = pixels.astype(np.int64)
    nearest = np.abs(values[..., None] - CUBE).argmin(axis=-1)
    shade = np.abs(values.mean(axis=-1)[..., None] - GRAYS).argmin(axis=-1)
    cube_error = ((CUBE[nearest] - values) ** 2).sum(axis=-1)
    gray_error = ((GRAYS[shade][..., None] - values) ** 2).sum(axis=-1)
    index = np.where(gray_error < cube_error, 232 + shade, 16 + nearest @ np.array([36, 6, 1]))
    return [[f"8;5;{number}" for number in row] for row in index.tolist()]


def _shaded(pixels: NDArray[np.uint8]) -> str:
    """One letter for each two pixels by their mean luma."""
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    if len(luma) % 2:
        luma = np.vstack([luma, luma[-1:]])
    cells = (luma[0::2] + luma[1::2]) / 2
    index = np.minimum(cells * len(SHADES) / 256, len(SHADES) - 1).astype(int)
    return "\n".join("".join(SHADES[number] for number in row) for row in index.tolist())
