"""Draws how a training run went."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence


def curves(losses: Sequence[float], scores: Mapping[str, Sequence[float]], rates: Sequence[float]) -> bytes:
    """Loss, scores and learning rate by epoch, as a PNG.

    Parameters
    ----------
    losses, rates : one number an epoch.
    scores : one number an epoch of each score, from 0 to 1.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    epochs = range(1, len(losses) + 1)
    left.plot(epochs, losses, color="#4878a8")
    left.set_title("training loss")
    for name, values in scores.items():
        middle.plot(epochs, values, label=name)
    middle.set_title("scores of the validation part")
    if scores:
        middle.legend(frameon=False)
    right.plot(epochs, rates, color="#666666")
    right.set_title("learning rate")
    for axes in (left, middle, right):
        axes.set_xlabel("epoch")
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.get_major_locator().set_params(integer=True)
    data = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(data, format="png", dpi=110, metadata={"Software": None})
    return data.getvalue()
