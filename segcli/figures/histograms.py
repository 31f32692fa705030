"""Draws how measurements are spread over regions."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np

from segcli.arrays import Array

MOST_BINS = 60
ACROSS = 3


def histograms(columns: Mapping[str, Array], rows: int) -> bytes:
    """Draw a histogram of each column as PNG, its median marked; numbers that are not finite are left out.

    Parameters
    ----------
    columns : numbers by name, at least one column. rows : how many regions there are, for the title.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = min(ACROSS, len(columns))
    down = -(-len(columns) // across)
    figure = Figure(figsize=(3.6 * across, 2.6 * down + 0.4), layout="constrained")
    figure.suptitle(f"{rows:,} region{'s' if rows != 1 else ''}", fontsize=10)
    grid = figure.subplots(down, across, squeeze=False).reshape(-1)
    for axes in grid[len(columns) :]:
        axes.set_visible(False)
    for axes, (name, column) in zip(grid, columns.items(), strict=False):
        values = np.asarray(column, np.float64)
        values = values[np.isfinite(values)]
        axes.set_title(name if not len(values) else f"{name}, median {np.median(values):.4g}", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
        axes.set_ylabel("regions", fontsize=8)
        axes.yaxis.get_major_locator().set_params(integer=True)
        if not len(values):
            axes.text(0.5, 0.5, "no numbers", ha="center", va="center", transform=axes.transAxes, color="#888888")
            continue
        axes.hist(values, bins=_edges(values), color="#3a7ca5", edgecolor="white", linewidth=0.4)
        axes.locator_params(axis="x", nbins=5)
        axes.axvline(float(np.median(values)), color="#d1495b", linewidth=1.2)
    data = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(data, format="png", dpi=110, metadata={"Software": None})
    return data.getvalue()


def _edges(values: Array) -> Array:
    """Edges of bins after Freedman and Diaconis, at least 10 and not too many; whole numbers in bins of whole width."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    quartiles = np.percentile(values, [25, 75])
    width = 2 * (quartiles[1] - quartiles[0]) / len(values) ** (1 / 3)
    bins = int(np.clip((high - low) / width if width > 0 else 10, 10, MOST_BINS))
    if (values == np.floor(values)).all():
        step = max(1, int(np.ceil((high - low + 1) / bins)))
        return np.arange(low - 0.5, high + step + 0.5, step)
    return np.linspace(low, high, bins + 1)
