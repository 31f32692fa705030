"""Parts of a page that stands alone: tables, curves and pictures as HTML, without scripts or other files.

Every text that comes in is escaped. Curves are drawn in the page itself, pictures are held in it as PNG.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

from segcli.arrays import Array

STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --faint: #5d6975; --line: #d5dae0; --ground: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --faint: #9aa5b1; --line: #3e4c59; --ground: #15191e; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 68rem;
  margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; } p.faint, figcaption, caption { color: var(--faint); }
caption { text-align: left; } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0 1rem; }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } thead th { color: var(--faint); font-weight: 600; }
table.matrix td { text-align: right; min-width: 2.6rem; }
figure { display: inline-block; margin: .5rem 1rem .8rem 0; vertical-align: top; max-width: 100%; }
img { max-width: 100%; display: inline-block; margin-right: 4px; } figure svg { display: block; max-width: 100%; }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 1em; border-radius: 2px; }
"""
GRAY, BLUE, ORANGE = "#7b8794", "#2f81c7", "#f08c00"
"""Seen on light and on dark ground; in drawings no style sheet is relied on."""

COLORS = ("#0b7fd4", "#d9480f", "#2b8a3e", "#7048e8")
WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP = 380, 250, 44, 18, 38, 10
STRIP, STRIP_HEIGHT = 150, 14


def text(words: str) -> str:
    """A text as HTML; what a terminal or a browser would act on is escaped."""
    plain = "".join(letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in words)
    return escape(plain, quote=True)


def page(title: str, mark: str, parts: Sequence[str]) -> str:
    """A whole page.

    Parameters
    ----------
    title : in words. mark : a word in the first lines by which such pages are known. parts : HTML, in order.
    """
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{text(title)}</title>'
    body = "\n".join((f"<h1>{text(title)}</h1>", *parts))
    return (
        f'<!doctype html>\n<!-- {text(mark)} -->\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def heading(words: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{text(words)}</h{level}>"


def paragraph(words: str, *, faint: bool = False) -> str:
    """A paragraph."""
    return f"<p{' class=' + chr(34) + 'faint' + chr(34) if faint else ''}>{text(words)}</p>"


def key(colors: Mapping[str, tuple[int, int, int]]) -> str:
    """What colors mean."""
    rows = (
        f'<span class="key" style="background:rgb({red},{green},{blue})"></span>{text(words)}'
        for words, (red, green, blue) in colors.items()
    )
    return f"<p>{''.join(rows)}</p>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """A table; cells that begin with <svg are drawings, all others are words."""
    said = f"<caption>{text(caption)}</caption>" if caption else ""
    top = "".join(f"<th>{text(cell)}</th>" for cell in head)
    body = "\n".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table>{said}<thead><tr>{top}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


class Drawing(str):
    """HTML that was made here and is put in as it is."""


def _cell(cell: str) -> str:
    return str(cell) if isinstance(cell, Drawing) else text(cell)


def strip(value: float, low: float = math.nan, high: float = math.nan) -> Drawing:
    """A score from 0 to 1 as a bar, and its interval as a line across its end."""
    if not 0 <= value <= 1:
        return Drawing("")
    parts = [
        f'<rect x="0" y="3" width="{STRIP}" height="8" fill="{GRAY}" opacity=".25"/>',
        f'<rect x="0" y="3" width="{STRIP * value:.1f}" height="8" fill="{BLUE}"/>',
    ]
    if not (math.isnan(low) or math.isnan(high)):
        ends = (STRIP * max(0, low), STRIP * min(1, high))
        parts.append(
            f'<path d="M{ends[0]:.1f} 1V13M{ends[0]:.1f} 7H{ends[1]:.1f}M{ends[1]:.1f} 1V13" stroke="{ORANGE}" '
            'stroke-width="1.6" fill="none"/>'
        )
    return Drawing(f'<svg width="{STRIP}" height="{STRIP_HEIGHT}" role="img">{"".join(parts)}</svg>')


def matrix(rows: Sequence[str], columns: Sequence[str], counts: Array) -> str:
    """A confusion matrix: the share of each true class that went where, shaded; counts when pointed at."""
    top = "".join(f"<th>{text(name)}</th>" for name in columns)
    lines = []
    for name, row in zip(rows, counts.tolist(), strict=True):
        total = sum(row)
        cells = "".join(_share(count, total) for count in row)
        lines.append(f"<tr><th>{text(name)}</th>{cells}<td>{total:,}</td></tr>")
    caption = "Share of each true class (row) that is predicted as each class (column), in percent."
    return (
        f'<div class="wide"><table class="matrix"><caption>{caption}</caption><thead><tr><th>true</th>{top}'
        f"<th>pixels</th></tr></thead><tbody>\n{chr(10).join(lines)}\n</tbody></table></div>"
    )


def _share(count: int, total: int) -> str:
    """One cell, the darker the greater its share."""
    if not total:
        return "<td>-</td>"
    share = count / total
    ink = "color:#fff;" if share > 0.55 else ""
    return f'<td title="{count:,} pixels" style="{ink}background:rgba(11,98,164,{share:.3f})">{100 * share:.1f}</td>'


def plot(
    title: str, across: str, lines: Mapping[str, Sequence[tuple[float, float]]], span: tuple[float, float] = (0, 1)
) -> str:
    """Curves of values from 0 to 1.

    Parameters
    ----------
    title, across : of the figure, and of its horizontal axis. lines : points of each curve. span : of that axis.
    """
    parts = _axes(span, across)
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    for (name, points), color in zip(lines.items(), COLORS, strict=False):
        known = [(x, y) for x, y in points if not (math.isnan(x) or math.isnan(y))]
        steps = (
            f"{LEFT + width * (x - span[0]) / (span[1] - span[0]):.1f},{TOP + height * (1 - y):.1f}" for x, y in known
        )
        line = f'<polyline fill="none" stroke-width="2" stroke="{color}" points="{" ".join(steps)}">'
        parts.append(f"{line}<title>{text(name)}</title></polyline>")
    keys = "".join(
        f'<span class="key" style="background:{color}"></span>{text(name)}'
        for name, color in zip(lines, COLORS, strict=False)
    )
    return _figure(parts, f"<b>{text(title)}</b>{keys if len(lines) > 1 else ''}")


def histogram(title: str, across: str, values: Sequence[float], bins: int = 20) -> str:
    """How many of the values, from 0 to 1, fall where."""
    known = [value for value in values if 0 <= value <= 1]
    counts = [0] * bins
    for value in known:
        counts[min(bins - 1, int(value * bins))] += 1
    most = max(1, *counts)
    parts = _axes((0, 1), across, f"{most:,}")
    width, height = (WIDTH - LEFT - RIGHT) / bins, HEIGHT - TOP - BOTTOM
    for place, count in enumerate(counts):
        tall = height * count / most
        parts.append(
            f'<rect x="{LEFT + width * place + 1:.1f}" y="{TOP + height - tall:.1f}" width="{width - 2:.1f}" '
            f'height="{tall:.1f}" fill="{BLUE}"><title>{count:,}</title></rect>'
        )
    return _figure(parts, f"<b>{text(title)}</b>")


def _axes(span: tuple[float, float], across: str, highest: str = "1") -> list[str]:
    """A frame with ticks."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = LEFT + width * share, TOP + height * (1 - share)
        parts.append(
            f'<path stroke="{GRAY}" opacity=".3" d="M{LEFT} {y:.1f}H{LEFT + width}M{x:.1f} {TOP}V{TOP + height}"/>'
        )
        tick = f"{span[0] + share * (span[1] - span[0]):.3g}"
        parts.append(_label(x, TOP + height + 14, "middle", tick))
        side = f"{share:g}" if highest == "1" else "0" if share == 0 else highest if share == 1 else ""
        parts.append(_label(LEFT - 6, y + 4, "end", side))
    parts.append(_label(LEFT + width / 2, HEIGHT - 6, "middle", across))
    return parts


def _label(x: float, y: float, anchor: str, words: str) -> str:
    """A text in a drawing."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="11" fill="{GRAY}">{text(words)}</text>'


def _figure(parts: Sequence[str], caption: str) -> str:
    return (
        f'<figure><figcaption>{caption}</figcaption><svg width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg></figure>'
    )


def pictures(caption: str, pngs: Mapping[str, bytes]) -> str:
    """Pictures side by side, each with what it shows, under one caption."""
    images = "".join(
        f'<img alt="{text(words)}" title="{text(words)}" src="data:image/png;base64,{b64encode(png).decode()}">'
        for words, png in pngs.items()
    )
    return f"<figure><figcaption>{text(caption)}</figcaption>{images}</figure>"
