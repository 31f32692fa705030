"""Probabilities of a picture's classes through one network or several: by windows, mirrored and scaled views, means.

They come in bands of rows from top to bottom, so that of a large picture only what is asked for is ever kept.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcli.arrays import Array
from segcli.errors import InputError, UsageError
from segcli.files.fitted import decode_fitted
from segcli.files.onnx_file import is_onnx
from segcli.files.read import read_bytes
from segcli.learning.card import ModelCard
from segcli.learning.model import from_fitted
from segcli.learning.onnx_card import open_onnx
from segcli.learning.resizing import enlarged, to_square
from segcli.learning.tiles import WIDEST_FIELD, Grid, Span, assembled, grid_of
from segcli.networks.registry import find_architecture
from segcli.networks.unet import valid_input

FLIPS = ((), (-1,), (-2,), (-2, -1))
SCALES = (1.0, 0.75, 1.25)
SCALES_MULTIPLE = 4
"""Sides that all scales take to whole numbers."""

HARMLESS = ("dropout", "batch_norm", "root", "width", "growth")
"""Options of networks that leave alone how far they see."""

BUDGET = {"cpu": 1 << 30, "mps": 1 << 30, "cuda": 4 << 30}
"""Bytes of activations up to which a picture is one window. Fixed, so that equal runs give equal bytes anywhere."""

SMALLEST, LARGEST, STEP = 256, 2048, 64
MOST_TOGETHER = 16
PROBE = 256
"""Side of the picture on which a network's need of memory is read off its shapes."""

CHANGED = "has changed since the run began; start it again."

_LOADING = threading.Lock()


@dataclass(frozen=True, eq=False)
class Member:
    """A network that is ready to predict, in evaluation mode on its device.

    Attributes
    ----------
    field : side of what an output sees at most, in pixels; None where that is unknown or everything.
    multiple : of its strides; windows begin at multiples of it.
    margin : pixels that the logits lack on each side of the picture, as those of the valid U-Net do.
    largest : side of the largest picture that it takes, if there is one.
    need : bytes of activations a pixel; None: found out from the network.
    """

    card: ModelCard
    network: nn.Module
    device: str
    field: int | None
    multiple: int
    margin: int = 0
    largest: int | None = None
    need: float | None = None

    def probabilities(self, images: Tensor) -> Tensor:
        """Probabilities (N, K, height, width) of pictures (N, C, H, W)."""
        logits = self.network(images).float()
        if logits.shape[1] == 1:
            foreground = logits.sigmoid()
            return torch.cat([1 - foreground, foreground], 1)
        return logits.softmax(1)

    def reads(self, span: Span) -> tuple[int, int]:
        """The first pixel that is looked at for a window, and the one after the last."""
        if not self.margin:
            return span.start, span.stop
        length = valid_input(span.stop - span.start, int(math.log2(self.multiple)))
        return span.start - self.margin, span.start - self.margin + length

    @cached_property
    def bytes_per_pixel(self) -> float:
        """Memory of the activations that are alive at once."""
        if self.need is not None:
            return self.need
        from segcli.networks.summary import summarize

        side = valid_input(PROBE, int(math.log2(self.multiple))) if self.margin else PROBE
        with torch.inference_mode(False):
            summary = summarize(self.network, self.card.channels, side, side)
        return (summary.inference - summary.weights) / side**2


def load_member(path: str, digest: str, device: str, strict: bool = True) -> Member:
    """Read a model for a device; once in a process.

    Parameters
    ----------
    digest : SHA-256 of the file, in hexadecimal.
    strict : no other device will do; else ONNX files may be computed on the processor.

    Raises
    ------
    InputError : it is no model, is damaged or has changed. The message begins after the file's name.
    SettingError : an ONNX file cannot be computed there.
    """
    with _LOADING:
        return _load_onnx(path, digest, device, strict) if is_onnx(path) else _load(path, digest, device)


@lru_cache(maxsize=8)
def _load_onnx(path: str, digest: str, device: str, strict: bool) -> Member:
    model = open_onnx(path)
    if model.digest != digest:
        raise InputError(CHANGED)
    from segcli.learning.onnx_network import OnnxNetwork, computes_on

    device = device if strict or computes_on(device) else "cpu"
    network = OnnxNetwork(model, device)
    sides = [side for side in model.sides if side]
    # Windows of one size are blended, wherever they begin.
    largest, multiple = (min(sides), 1) if sides else (None, model.multiple)
    return Member(model.card, network, device, model.field, multiple, model.margin, largest, model.bytes_per_pixel)


@lru_cache(maxsize=8)
def _load(path: str, digest: str, device: str) -> Member:
    data = read_bytes(path)
    if sha256(data).hexdigest() != digest:
        raise InputError(CHANGED)
    card, network = from_fitted(decode_fitted(data))
    del data
    if not card.makes_labels:
        raise InputError(f"is a model of {card.architecture}, which makes pictures and no labels.")
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise InputError(f"has weights {name!r} that are not finite, so it says nothing; train it again.")
    # Where the channels of a pixel lie together, convolutions take two thirds of the time on processors.
    network = network.requires_grad_(False).to(device)
    if device != "mps":
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return member_of(card, network, device)


def member_of(card: ModelCard, network: nn.Module, device: str) -> Member:
    """A network that lies on its device, with what must be known to lay windows for it."""
    multiple = int(getattr(network, "multiple", find_architecture(card.architecture).multiple))
    return Member(card, network, device, field_of(card, network), multiple, int(getattr(network, "margin", 0)))


def field_of(card: ModelCard, network: nn.Module) -> int | None:
    """How far a network sees at most: as it says itself, or as the table says where its options change nothing."""
    own = getattr(network, "field", None)
    if own is not None:
        return int(own)
    row = find_architecture(card.architecture)
    changed = {name for name, value in card.options.items() if value != row.options.get(name)}
    return row.receptive_field if changed <= set(HARMLESS) else None


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
