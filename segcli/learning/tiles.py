"""Pictures larger than what fits at once: windows that overlap, put together so that no seam shows.

Where a network's receptive field is known and small, the middle of each window is exactly what the whole picture would
give: windows begin at multiples of the network's strides and overlap by the field. Where it is not, windows overlap by
a quarter and are blended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

Predict = Callable[[Tensor], Tensor]
"""Logits (1, K, H, W) of a picture (1, C, H, W)."""

WIDEST_FIELD = 512
"""Receptive fields above this would make windows overlap more than they are worth."""


@dataclass(frozen=True)
class Span:
    """A window along one side: what is read, and what of it is used, in pixels of the picture."""

    start: int
    stop: int
    first: int
    last: int


def spans(length: int, tile: int, margin: int, multiple: int) -> tuple[Span, ...]:
    """Cut a side into windows of at most `tile` pixels of which `margin` on each inner side serve as surroundings.

    Windows begin at multiples of `multiple`, so that poolings fall as in the whole picture.

    Examples
    --------
    >>> spans(100, 64, 16, 16)  # doctest: +NORMALIZE_WHITESPACE
    (Span(start=0, stop=64, first=0, last=48), Span(start=32, stop=96, first=48, last=80),
     Span(start=64, stop=100, first=80, last=100))
    """
    if length <= tile:
        return (Span(0, length, 0, length),)
    margin = -(-margin // multiple) * multiple
    step = max(multiple, (tile - 2 * margin) // multiple * multiple)
    found, first = [], 0
    while first < length:
        start = max(0, first - margin)
        last = start + tile - margin if start == 0 else first + step
        if last + margin >= length:
            found.append(Span(start, length, first, length))
            break
        found.append(Span(start, last + margin, first, last))
        first = last
    return tuple(found)


def bands(
    predict: Predict, image: Tensor, *, tile: int, field: int | None, multiple: int
) -> Iterator[tuple[int, Tensor]]:
    """Predict a picture by windows; yield logits of whole rows from top to bottom, as soon as they are complete.

    Parameters
    ----------
    predict : the network.
    image : (C, H, W)
    tile : side of the windows, in pixels.
    field : receptive field in pixels; None or large ones are blended.
    multiple : of the network's strides.

    Yields
    ------
    top, logits : first row, and (K, rows, W).
    """
    height, width = image.shape[-2:]
    exact = field is not None and field <= min(WIDEST_FIELD, tile * 3 // 4)
    margin = (field // 2 + 1) if exact and field is not None else tile // 8
    if exact:
        columns = spans(width, tile, margin, multiple)
        for row in spans(height, tile, margin, multiple):
            parts = []
            for column in columns:
                logits = predict(image[None, :, row.start : row.stop, column.start : column.stop])[0]
                inner = logits[:, row.first - row.start : row.last - row.start]
                parts.append(inner[..., column.first - column.start : column.last - column.start])
            yield row.first, torch.cat(parts, -1)
        return
    yield from _blended(predict, image, tile, margin, multiple)


def _blended(predict: Predict, image: Tensor, tile: int, margin: int, multiple: int) -> Iterator[tuple[int, Tensor]]:
    """Windows that overlap by twice the margin, faded into each other over it."""
    height, width = image.shape[-2:]
    rows, columns = (spans(side, tile, margin, multiple) for side in (height, width))
    total: Tensor | None = None
    top = 0
    for number, row in enumerate(rows):
        down = _fade(row, height, margin, image)
        for column in columns:
            logits = predict(image[None, :, row.start : row.stop, column.start : column.stop])[0].float()
            if total is None:
                total = logits.new_zeros(logits.shape[0] + 1, row.stop - top, width)
            if total.shape[1] < row.stop - top:
                total = torch.cat([total, total.new_zeros(total.shape[0], row.stop - top - total.shape[1], width)], 1)
            weight = down[:, None] * _fade(column, width, margin, image)[None]
            window = total[:, row.start - top : row.stop - top, column.start : column.stop]
            window[:-1] += logits * weight
            window[-1] += weight
        assert total is not None
        bottom = rows[number + 1].start if number + 1 < len(rows) else height
        done, total = total[:, : bottom - top], total[:, bottom - top :]
        yield top, done[:-1] / done[-1:]
        top = bottom


def _fade(span: Span, length: int, margin: int, like: Tensor) -> Tensor:
    """Weights along a window: 1 inside, falling linearly to almost 0 where the next window takes over."""
    place = torch.arange(span.start, span.stop, device=like.device, dtype=torch.float32) + 0.5
    weight = torch.ones_like(place)
    if span.start > 0:
        weight = weight.minimum((place - span.start) / (2 * margin))
    if span.stop < length:
        weight = weight.minimum((span.stop - place) / (2 * margin))
    return weight


def predict_logits(predict: Predict, image: Tensor, *, tile: int, field: int | None, multiple: int) -> Tensor:
    """The logits (K, H, W) of a picture (C, H, W), by windows where it is larger than one."""
    if max(image.shape[-2:]) <= tile:
        return predict(image[None])[0]
    return torch.cat([part for _, part in bands(predict, image, tile=tile, field=field, multiple=multiple)], 1)
