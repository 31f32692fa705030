"""Probabilities of a picture's classes through one network or several: by windows, mirrored and scaled views, means.

They come in bands of rows from top to bottom, so that of a large picture only what is asked for is ever kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from segcli.arrays import Array
from segcli.errors import InputError, UsageError
from segcli.learning.member import Member
from segcli.learning.resizing import enlarged, to_square
from segcli.learning.tiles import WIDEST_FIELD, Grid, Span, assembled, grid_of

FLIPS = ((), (-1,), (-2,), (-2, -1))
SCALES = (1.0, 0.75, 1.25)
SCALES_MULTIPLE = 4
"""Sides that all scales take to whole numbers."""

BUDGET = {"cpu": 1 << 30, "mps": 1 << 30, "cuda": 4 << 30}
"""Bytes of activations up to which a picture is one window. Fixed, so that equal runs give equal bytes anywhere."""

SMALLEST, LARGEST, STEP = 256, 2048, 64
MOST_TOGETHER = 16


class Predictor:
    """Networks that predict together, by the mean of their probabilities.

    Parameters
    ----------
    members : with classes of the same names.
    tile : side of the windows in pixels; None: the whole picture where it fits into memory, else the largest that do.
    flip : look at the picture mirrored in both ways too.
    scale : look at it in three quarters and five quarters of its size too.
    batch : windows at once; None: one on a processor, elsewhere as many as fit.

    Raises
    ------
    UsageError : other classes, or scales with a network that takes windows of certain sizes only.
    """

    def __init__(
        self,
        members: Sequence[Member],
        *,
        tile: int | None = None,
        flip: bool = False,
        scale: bool = False,
        batch: int | None = None,
    ) -> None:
        first = members[0].card
        for member in members[1:]:
            if (member.card.names, member.card.planes) != (first.names, first.planes):
                words = " and ".join(", ".join(card.names) for card in (first, member.card))
                raise UsageError(f"models of an ensemble need the same classes; these have {words}.")
        if scale and any(member.margin for member in members):
            raise UsageError("--tta scale needs a network that takes any size; the valid U-Net takes --tta flip.")
        sizes = {member.card.size for member in members}
        if len(sizes) > 1:
            raise UsageError(
                "models of an ensemble need pictures of the same size; one of these was trained by --size."
            )
        self.members, self.tile, self.batch, self.size = tuple(members), tile, batch, sizes.pop()
        self.flips = FLIPS if flip else FLIPS[:1]
        self.scales = SCALES if scale else SCALES[:1]

    def grid(self, height: int, width: int) -> Grid:
        """The windows that a picture is predicted in."""
        multiple = math.lcm(*(member.multiple for member in self.members))
        multiple *= SCALES_MULTIPLE if len(self.scales) > 1 else 1
        field = self._field()
        if len(self.flips) > 1 or len(self.scales) > 1:
            # Mirrored and scaled views of a window lie on the strides as those of the whole picture do.
            height, width = (-(-side // multiple) * multiple for side in (height, width))
        tile = self._side(height, width, multiple) if self.tile is None else max(multiple, self.tile)
        largest = [member.largest for member in self.members if member.largest]
        if largest:
            tile = int(min(tile, min(largest) / max(self.scales)))
        if max(height, width) > tile:
            tile = max(multiple, tile // multiple * multiple)
        return grid_of(height, width, tile=tile, field=field, multiple=multiple)

    def _field(self) -> int | None:
        """How far all of them see at most; surroundings that are read beyond a window's edge do not count."""
        fields = [0 if member.margin else member.field for member in self.members]
        known = [field for field in fields if field is not None]
        if len(known) < len(fields):
            return None
        # Resampling looks two pixels further.
        return max(known) if len(self.scales) == 1 else math.ceil(max(known) / min(self.scales)) + 8

    def _side(self, height: int, width: int, multiple: int) -> int:
        """The side of a window: the picture's where it fits into the budget, else what does."""
        if max(height, width) <= SMALLEST:
            return SMALLEST
        pixels = self._pixels()
        if height * width <= pixels:
            return max(height, width)
        step = math.lcm(STEP, multiple)
        field = self._field() or 0
        least = max(SMALLEST, 2 * field if field <= WIDEST_FIELD else 0)
        return max(step, int(min(LARGEST, max(least, math.sqrt(pixels)))) // step * step)

    def _pixels(self) -> float:
        """Pixels that fit into the budget."""
        need = max(member.bytes_per_pixel for member in self.members) * max(self.scales) ** 2
        return BUDGET[self.members[0].device.split(":")[0]] / max(need, 1.0)

    @torch.inference_mode()
    def bands(self, pictures: Mapping[int, Array]) -> Iterator[tuple[int, Array]]:
        """Predict a picture.

        Parameters
        ----------
        pictures : the picture (H, W) or (H, W, 3) in its own units, by the number of channels that networks take.

        Yields
        ------
        top, probabilities : first row, and (K, rows, W) float32.

        Raises
        ------
        InputError : it does not fit into the device's memory.
        """
        planes = {channels: np.atleast_3d(picture) for channels, picture in pictures.items()}
        if self.size is None:
            for top, found in self._bands(planes):
                yield top, found.cpu().numpy()
            return
        height, width = next(iter(planes.values())).shape[:2]
        squares = {channels: to_square(picture, self.size) for channels, picture in planes.items()}
        whole = torch.cat([found for _, found in self._bands(squares)], 1)
        for top, found in enlarged(whole, height, width):
            yield top, found.cpu().numpy()

    def _bands(self, planes: Mapping[int, Array]) -> Iterator[tuple[int, Tensor]]:
        """Probabilities of a picture (H, W, C) by bands."""
        height, width = next(iter(planes.values())).shape[:2]
        grid = self.grid(height, width)
        readers = [_reader(member, planes[member.card.channels]) for member in self.members]

        def windows(row: Span, columns: Sequence[Span]) -> Iterator[Tensor]:
            for group in self._groups(row, columns):
                yield from self._window_scores(readers, row, group)

        try:
            for top, found in assembled(grid, windows):
                if top < height:
                    yield top, found[:, : height - top, :width]
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as failure:
            if not isinstance(failure, (torch.OutOfMemoryError, MemoryError)) and "allocate" not in str(failure):
                raise
            side = max(span.stop - span.start for span in (*grid.rows, *grid.columns))
            smaller = max(64, side // 2)
            raise InputError(
                f"needs more memory than {self.members[0].device} has free, in windows of {side} pixels; "
                f"try --tile {smaller}."
            ) from failure

    def _groups(self, row: Span, columns: Sequence[Span]) -> Iterator[list[Span]]:
        """Neighbors of the same size, as many as are computed at once."""
        batch = self.batch or 1
        if self.batch is None and self.members[0].device != "cpu":
            area = (row.stop - row.start) * max(column.stop - column.start for column in columns)
            batch = int(np.clip(self._pixels() // area, 1, MOST_TOGETHER)) if len(columns) > 1 else 1
        group: list[Span] = []
        for column in columns:
            size = column.stop - column.start
            if group and (len(group) == batch or size != group[0].stop - group[0].start):
                yield group
                group = []
            group.append(column)
        yield group

    def _window_scores(self, readers: Sequence[Callable[..., Tensor]], row: Span, group: Sequence[Span]) -> Tensor:
        """Mean probabilities (N, K, height, width) of windows in a row."""
        total: Tensor | None = None
        for member, read in zip(self.members, readers, strict=True):
            images = read(row, group)
            found = self._mean_of_views(member, images)
            found = found[..., : row.stop - row.start, : group[0].stop - group[0].start]
            total = found if total is None else total + found.to(total.device)
        assert total is not None
        return total if len(self.members) == 1 else total / len(self.members)

    def _mean_of_views(self, member: Member, images: Tensor) -> Tensor:
        """Mean probabilities of pictures as they are, mirrored and scaled."""
        total: Tensor | None = None
        for scale in self.scales:
            sized = images if scale == 1 else F.interpolate(images, scale_factor=scale, mode="bilinear")
            for axes in self.flips:
                found = member.probabilities(sized.flip(axes) if axes else sized)
                found = found.flip(axes) if axes else found
                if scale != 1:
                    found = F.interpolate(found, size=images.shape[-2:], mode="bilinear")
                total = found if total is None else total + found
        assert total is not None
        views = len(self.scales) * len(self.flips)
        return total if views == 1 else total / views


def _reader(member: Member, planes: Array) -> Callable[[Span, Sequence[Span]], Tensor]:
    """What reads windows of a picture as a network wants them."""
    scaled = member.card.scaling.of(planes)
    layout = torch.contiguous_format if member.device == "mps" else torch.channels_last

    def read(row: Span, group: Sequence[Span]) -> Tensor:
        windows = [scaled(window_at(planes, member.reads(row), member.reads(column))) for column in group]
        images = torch.from_numpy(windows[0][None] if len(windows) == 1 else np.stack(windows))
        return images.to(member.device, memory_format=layout)

    return read


def window_at(planes: Array, rows: tuple[int, int], columns: tuple[int, int]) -> Array:
    """A window of a picture (H, W, C) that goes on mirrored beyond its borders, the edge pixel not repeated."""
    height, width = planes.shape[:2]
    if rows[0] >= 0 and columns[0] >= 0 and rows[1] <= height and columns[1] <= width:
        return planes[slice(*rows), slice(*columns)]
    return planes[np.ix_(_folded(*rows, height), _folded(*columns, width))]


def _folded(first: int, last: int, length: int) -> Array:
    """Places outside 0 .. length - 1 reflected until they lie inside."""
    places = np.arange(first, last)
    if length == 1:
        return np.zeros_like(places)
    places %= 2 * length - 2
    return np.minimum(places, 2 * length - 2 - places)
