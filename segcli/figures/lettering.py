"""Text that is measured before it is written: paragraphs, and lines that are no wider than they may be."""

from __future__ import annotations

from functools import cache
from typing import Any

from segcli.figures.pages import DOTS_PER_INCH

WIDTHS: dict[tuple[Any, ...], float] = {}
"""Of words that were measured, by their letters and font."""


def paragraphs(text: str) -> list[str]:
    """Prose joined to one line a paragraph; indented lines as they are."""
    found: list[str] = []
    joins = False
    for line in text.splitlines():
        if line.startswith(" ") or not line.strip():
            joins = False
            found += [line] if line.strip() else []
        elif joins:
            found[-1] += f" {line}"
        else:
            joins = True
            found.append(line)
    return found


def broken(text: str, font: Any, width: float) -> list[str]:
    """Lines that are no wider than they may be; a line that begins with spaces keeps them."""
    if wide(text, font) <= width:
        # Formulas are set in columns; what fits stays as it was written.
        return [text] if text.strip() else []
    indent = text[: len(text) - len(text.lstrip())]
    lines: list[str] = []
    line, further = indent, indent + "  " * bool(indent)
    for word in text.split():
        longer = line + " " * bool(line.strip()) + word
        if line.strip() and wide(longer, font) > width:
            lines.append(line)
            longer = further + word
        line = longer
    return [*lines, line]


def wide(text: str, font: Any) -> float:
    """Width in pixels, added up word by word: each is measured once."""
    key = (font.get_name(), font.get_size(), font.get_weight())
    space = _word("x x", font, key) - _word("xx", font, key)
    return sum(_word(word, font, key) for word in text.split(" ") if word) + space * text.count(" ")


def _word(text: str, font: Any, key: tuple[Any, ...]) -> float:
    """Width of one word."""
    if (text, *key) not in WIDTHS:
        WIDTHS[text, *key] = float(_renderer().get_text_width_height_descent(text, font, False)[0])
    return WIDTHS[text, *key]


@cache
def _renderer() -> Any:
    """What measures text as the pages draw it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    canvas: Any = FigureCanvasAgg(Figure(dpi=DOTS_PER_INCH))
    return canvas.get_renderer()
