"""Draws how a search went: every candidate's score, the best so far, and what to compare them with."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

COLORS = ("#4878a8", "#d1605e", "#6a9f58", "#e49444", "#85608f", "#9a6324", "#5a9bb5")
REST = "#bbbbbb"


def search_plot(
    points: Sequence[tuple[int, float, str]],
    lines: Sequence[tuple[str, float]],
    recipe: tuple[str, float, float, float],
    score: str,
    *,
    lower: bool = False,
) -> bytes:
    """Scores against the candidates tried, as a PNG.

    Parameters
    ----------
    points : number of the trial, score and method of each.
    lines : what to compare with, in words, and its score.
    recipe : in words, its cross-validated score, and from where to where new pictures will lie.
    score : its name.
    lower : whether less is better.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.subplots()
    best: dict[str, float] = {}
    for _, value, method in points:
        better = min if lower else max
        best[method] = better(best.get(method, value), value)
    ranked = sorted(best, key=lambda name: best[name], reverse=not lower)
    for place, name in enumerate([*ranked[: len(COLORS)], ""]):
        chosen = [one for one in points if (one[2] == name if name else one[2] in ranked[len(COLORS) :])]
        if chosen:
            x, y, _ = zip(*chosen, strict=True)
            color = COLORS[place] if name else REST
            axes.scatter(x, y, s=12, color=color, label=name or "other methods", linewidths=0, zorder=2 if name else 1)
    _draw_best(axes, points, lower)
    last = max((number for number, _, _ in points), default=1)
    for number, (words, value) in enumerate(lines):
        axes.axhline(value, color="#555555", linewidth=1, linestyle=("--", ":")[number % 2], label=words, zorder=1)
    words, middle, low, high = recipe
    ends = [[middle - low], [high - middle]]
    axes.errorbar([last * 1.04 + 1], [middle], ends, fmt="D", color="black", markersize=5, capsize=4, label=words)
    axes.set_xlabel("candidate, in the order tried")
    axes.set_ylabel(f"{score}{', less is better' if lower else ''}")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    data = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(data, format="png", dpi=130, metadata={"Software": None})
    return data.getvalue()


def _draw_best(axes: Any, points: Sequence[tuple[int, float, str]], lower: bool) -> None:
    """The best score so far, as steps."""
    x: list[int] = []
    y: list[float] = []
    for number, value, _ in points:
        if not y or (value < y[-1] if lower else value > y[-1]):
            x.append(number)
            y.append(value)
    if x:
        x.append(points[-1][0])
        y.append(y[-1])
        axes.step(x, y, where="post", color="#222222", linewidth=1.4, label="best so far", zorder=3)
