"""Pictures larger than what fits at once: windows that overlap, put together so that no seam shows.

Where a network's receptive field is known and small, the middle of each window is exactly what the whole picture would
give: windows begin at multiples of the network's strides and overlap by the field. Where it is not, windows overlap by
a quarter and are blended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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

    Windows begin at multiples of `multiple`, so that poolings fall as in the whole picture; where the surroundings
    would leave nothing of them, they are larger.

    Examples
    --------
    >>> spans(100, 64, 16, 16)  # doctest: +NORMALIZE_WHITESPACE
    (Span(start=0, stop=64, first=0, last=48), Span(start=32, stop=96, first=48, last=80),
     Span(start=64, stop=100, first=80, last=100))
    """
    if length <= tile:
        return (Span(0, length, 0, length),)
    margin = -(-margin // multiple) * multiple
    # Windows all of whose pixels are surroundings would never get on.
    tile = max(tile, 2 * margin + multiple)
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


@dataclass(frozen=True)
class Grid:
    """Windows over a picture. Where `fade` is above 0 they overlap by twice as many pixels and are blended."""

    height: int
    width: int
    rows: tuple[Span, ...]
    columns: tuple[Span, ...]
    fade: int = 0


Windows = Callable[[Span, Sequence[Span]], Iterable[Tensor]]
"""What is found in the windows of a row: (K, height, width) for each span of columns."""


def grid_of(height: int, width: int, *, tile: int, field: int | None, multiple: int) -> Grid:
    """Lay windows over a picture.

    Parameters
    ----------
    tile : side of the windows, in pixels.
    field : receptive field in pixels; None or large ones are blended.
    multiple : of the network's strides.
    """
    exact = field is not None and field <= min(WIDEST_FIELD, tile * 3 // 4)
    margin = (field // 2 + 1 if field else 0) if exact and field is not None else tile // 8
    rows, columns = (spans(side, tile, margin, multiple) for side in (height, width))
    return Grid(height, width, rows, columns, 0 if exact else margin)


def bands(
    predict: Predict, image: Tensor, *, tile: int, field: int | None, multiple: int
) -> Iterator[tuple[int, Tensor]]:
    """Predict a picture by windows; yield logits of whole rows from top to bottom, as soon as they are complete.

    Parameters
    ----------
    predict : the network.
    image : (C, H, W)
    tile, field, multiple : as for `grid_of`.

    Yields
    ------
    top, logits : first row, and (K, rows, W).
    """

    def windows(row: Span, columns: Sequence[Span]) -> Iterator[Tensor]:
        for column in columns:
            yield predict(image[None, :, row.start : row.stop, column.start : column.stop])[0]

    height, width = image.shape[-2:]
    yield from assembled(grid_of(height, width, tile=tile, field=field, multiple=multiple), windows)


def assembled(grid: Grid, windows: Windows) -> Iterator[tuple[int, Tensor]]:
    """Put what is found in windows together; yield whole rows from top to bottom, as soon as they are complete.

    Yields
    ------
    top, found : first row, and (K, rows, W).
    """
    if grid.fade and len(grid.rows) * len(grid.columns) > 1:
        yield from _blended(grid, windows)
        return
    for row in grid.rows:
        parts = []
        for column, found in zip(grid.columns, windows(row, grid.columns), strict=True):
            inner = found[:, row.first - row.start : row.last - row.start]
            parts.append(inner[..., column.first - column.start : column.last - column.start])
        yield row.first, torch.cat(parts, -1)


def _blended(grid: Grid, windows: Windows) -> Iterator[tuple[int, Tensor]]:
    """Windows that overlap by twice the margin, faded into each other over it."""
    total: Tensor | None = None
    top = 0
    for number, row in enumerate(grid.rows):
        for column, found in zip(grid.columns, windows(row, grid.columns), strict=True):
            found = found.float()
            if total is None:
                total = found.new_zeros(found.shape[0] + 1, row.stop - top, grid.width)
            if total.shape[1] < row.stop - top:
                more = total.new_zeros(total.shape[0], row.stop - top - total.shape[1], grid.width)
                total = torch.cat([total, more], 1)
            down, right = (
                _fade(span, length, grid.fade, found) for span, length in ((row, grid.height), (column, grid.width))
            )
            weight = down[:, None] * right[None]
            window = total[:, row.start - top : row.stop - top, column.start : column.stop]
            window[:-1] += found * weight
            window[-1] += weight
        assert total is not None
        bottom = grid.rows[number + 1].start if number + 1 < len(grid.rows) else grid.height
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
