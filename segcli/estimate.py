"""How long a segmenter will take, and how much memory: measured on small parts of a picture and scaled up."""

from __future__ import annotations

import io
import math
import os
import time
import tracemalloc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segcli.arrays import Array, Box, Hint, Point
from segcli.files.image import Image
from segcli.files.memory import image_of
from segcli.files.read import read_image
from segcli.segmenter import Segmenter, networks_in

if TYPE_CHECKING:
    from segcli.network_segmenter import NetworkSegmenter

SIDES = (48, 96, 192)
"""Sides of the parts, in pixels."""

NETWORK_SIDE = 256
"""The least window of a network."""

BUDGET = 1.0
"""Seconds after which no larger part is begun; each is foreseen from the one before."""

GROWTH = 6.0
"""How much longer a part of four times the pixels may take than the one before."""

STEEPEST = 1.2
"""Power of the pixels by which the time of a method may grow; small parts cannot tell of more."""

QUICK = 0.02
"""Seconds below which a time is taken twice, and the shorter counts."""

TRACED = 0.5
"""Seconds that a part may take to be segmented again for its memory."""

READ_OUTRIGHT = 1 << 24
"""Pixels up to which a picture is read to measure on; above it one is made up."""


@dataclass(frozen=True)
class Estimate:
    """Time and memory as they follow from small parts.

    Attributes
    ----------
    pixels, seconds : of the largest part that was measured.
    power : of the pixels by which the time grows, where it grows faster than they do; else `slope` counts.
    slope : seconds a pixel more.
    ceiling : pixels beyond which a method looks at a smaller copy, and takes little more.
    reading : seconds a pixel to read a picture.
    bytes_per_pixel, base : what segmenting takes beyond what the process has already, and that.
    sides : of the parts. made_up : whether they are of no real picture.
    """

    pixels: int
    seconds: float
    power: float
    slope: float
    reading: float
    bytes_per_pixel: float
    base: float
    sides: tuple[int, ...]
    ceiling: float = math.inf
    made_up: bool = False

    def seconds_for(self, pixels: float) -> float:
        """Seconds to read and segment a picture of so many pixels."""
        least = max(min(pixels, self.ceiling), 1)
        if self.power > 1:
            working = self.seconds * (least / self.pixels) ** self.power
        else:
            working = max(self.seconds + self.slope * (least - self.pixels), 0.0)
        return float(working + self.reading * pixels)

    def memory_for(self, pixels: float) -> float:
        """Bytes of the process at its peak."""
        return self.base + self.bytes_per_pixel * min(pixels, 2 * self.ceiling)

    @property
    def how(self) -> str:
        """How it was found, in words."""
        sides = " and ".join(f"{side} x {side}" for side in self.sides)
        of = "a made-up picture" if self.made_up else "a picture"
        return f"measured on {sides} pixels of {of} and scaled by pixels"


def estimate(segmenter: Segmenter, image: Image, hints: Mapping[str, Hint], reading: float = 0.0) -> Estimate:
    """Segment small parts of a picture, the next only while it will be quick, and scale time and memory up.

    Parameters
    ----------
    segmenter : any.
    image : a picture of the run.
    hints : those of this picture, with `roi` among them.
    reading : seconds a pixel that reading it took.

    Raises
    ------
    SegcliError : a part cannot be segmented.
    """
    networks = networks_in(segmenter)
    start, times = time.perf_counter(), list[tuple[int, float]]()
    sides = [min(side, max(image.size)) for side in ((NETWORK_SIDE,) if networks else SIDES)]
    for side in dict.fromkeys(sides):
        part, given, roi = part_of(image, hints, side)
        if not times:
            # The first call loads and compiles what all later ones have.
            segmenter(part, given, roi)
            start = time.perf_counter()
        times.append((part.native.shape[0] * part.native.shape[1], _timed(segmenter, part, given, roi, not networks)))
        # Two measurements show how it grows; one says little.
        room = BUDGET if len(times) > 1 else 2 * BUDGET
        if time.perf_counter() - start + GROWTH * times[-1][1] > room:
            break
    measured = tuple(dict.fromkeys(sides))[: len(times)]
    traced = sides[-1] if times[-1][1] < TRACED else measured[-1]
    per_pixel = sum(_network_bytes(network) for network in networks) + _traced(segmenter, image, hints, traced)
    # The picture itself, in its own form and as gray or color.
    held = 2.0 * image.native.dtype.itemsize * (3 if image.native.ndim == 3 else 1)
    ceiling = float(getattr(segmenter, "record", {}).get("settings", {}).get("working_size") or math.inf) ** 2
    power, slope = _growth(times)
    return Estimate(*times[-1], power, slope, reading, per_pixel + held, resident(), measured, ceiling)


def _timed(segmenter: Segmenter, part: Image, given: dict[str, Hint], roi: Array | None, alone: bool) -> float:
    """Seconds to segment a part; `alone` counts those of this process, which others do not lengthen."""
    clock = time.process_time if alone else time.perf_counter
    taken = math.inf
    for _ in range(2):
        begun = clock()
        segmenter(part, given, roi)
        first = taken == math.inf
        taken = min(taken, clock() - begun)
        if first and taken > QUICK:
            break
    return max(taken, 1e-6)


def _growth(times: list[tuple[int, float]]) -> tuple[float, float]:
    """The power of the pixels by which the last two times grew, and seconds a pixel between them."""
    (large, slow) = times[-1]
    if len(times) < 2 or large == times[-2][0]:
        return 1.0, slow / large
    small, quick = times[-2]
    power = math.log(slow / quick) / math.log(large / small)
    return min(power, STEEPEST), max(slow - quick, 0.0) / (large - small)


def _traced(segmenter: Segmenter, image: Image, hints: Mapping[str, Hint], side: int) -> float:
    """Bytes a pixel that Python sees allocated at the peak, by what a part takes more than a smaller one."""
    peaks = []
    for length in (max(side // 2, 1), side):
        part, given, roi = part_of(image, hints, length)
        _ = part.native
        tracemalloc.start()
        try:
            segmenter(part, given, roi)
            peaks.append((part.native.shape[0] * part.native.shape[1], tracemalloc.get_traced_memory()[1]))
        finally:
            tracemalloc.stop()
    (small, low), (large, high) = peaks
    return float(max(high - low, 0) / (large - small) if large > small else high / large)


def part_of(image: Image, hints: Mapping[str, Hint], side: int) -> tuple[Image, dict[str, Hint], Array | None]:
    """A square part of a picture with the parts of its hints that lie in it, and of the region of interest.

    It lies around a box or points that are given, else in the middle. Where labels are drawn on the picture, a small
    copy of the whole is taken instead: a part need not have any of them.
    """
    pixels = image.native
    if any(isinstance(hint, np.ndarray) for name, hint in hints.items() if name != "roi"):
        return _reduced(image, hints, -(-max(pixels.shape[:2]) // side))
    height, width = min(side, pixels.shape[0]), min(side, pixels.shape[1])
    middle = next((_middle(hint) for hint in hints.values() if isinstance(hint, Box) or _is_points(hint)), None)
    x, y = middle or (pixels.shape[1] // 2, pixels.shape[0] // 2)
    left = int(np.clip(x - width // 2, 0, pixels.shape[1] - width))
    top = int(np.clip(y - height // 2, 0, pixels.shape[0] - height))
    given: dict[str, Hint] = {}
    for name, hint in hints.items():
        if isinstance(hint, np.ndarray):  # the region of interest
            given[name] = hint[..., top : top + height, left : left + width]
        elif isinstance(hint, Box):
            given[name] = _inside(hint, left, top, width, height)
        elif _is_points(hint):
            points: Any = hint
            given[name] = tuple(
                Point(min(max(x - left, 0), width - 1), min(max(y - top, 0), height - 1)) for x, y in points
            )
        else:
            given[name] = hint
    roi: Any = given.pop("roi", None)
    if roi is not None and not roi.any():
        roi = None
    part = np.ascontiguousarray(pixels[top : top + height, left : left + width])
    return _as_file(part, image.name), given, roi


def _as_file(pixels: Array, name: str) -> Image:
    """Pixels as an image that was read from a file: some segmenters look at that."""
    data = io.BytesIO()
    np.save(data, pixels, allow_pickle=False)
    return read_image(data.getvalue(), name=name)


def _reduced(image: Image, hints: Mapping[str, Hint], factor: int) -> tuple[Image, dict[str, Hint], Array | None]:
    """Every so many pixels of a picture, with its hints; no label is lost."""
    pixels = np.ascontiguousarray(image.native[::factor, ::factor])
    height, width = pixels.shape[:2]
    given: dict[str, Hint] = {}
    for name, hint in hints.items():
        if isinstance(hint, np.ndarray) and hint.ndim == 2:
            margins = [(0, factor * length - side) for length, side in zip((height, width), hint.shape, strict=True)]
            given[name] = np.pad(hint, margins).reshape(height, factor, width, factor).max(axis=(1, 3))
        elif isinstance(hint, np.ndarray):
            given[name] = hint[..., ::factor, ::factor]
        elif isinstance(hint, Box):
            left, top, right, bottom = (side // factor for side in hint)
            given[name] = Box(left, top, max(right, left + 1), max(bottom, top + 1))
        elif _is_points(hint):
            points: Any = hint
            given[name] = tuple(Point(x // factor, y // factor) for x, y in points)
        else:
            given[name] = hint
    roi: Any = given.pop("roi", None)
    return _as_file(pixels, image.name), given, roi


def _is_points(hint: Hint) -> bool:
    return isinstance(hint, tuple) and not isinstance(hint, Box)


def _middle(hint: Any) -> tuple[int, int]:
    """The middle of a box, or the first point."""
    if isinstance(hint, Box):
        return (hint.left + hint.right) // 2, (hint.top + hint.bottom) // 2
    return hint[0][0], hint[0][1]


def _inside(box: Box, left: int, top: int, width: int, height: int) -> Box:
    """What of a box lies in a part, with some ground around it."""
    across, down = width // 8, height // 8
    return Box(
        int(np.clip(box.left - left, across, max(width // 2 - 1, 0))),
        int(np.clip(box.top - top, down, max(height // 2 - 1, 0))),
        int(np.clip(box.right - left, width // 2, max(width - across, width // 2))) or 1,
        int(np.clip(box.bottom - top, height // 2, max(height - down, height // 2))) or 1,
    )


def made_up(width: int, height: int, channels: int, dtype: str) -> Image:
    """A small picture of blurred noise that is announced as a large one would be, in its type."""
    from segcli.opencv import cv2

    shape = (min(height, SIDES[-1]), min(width, SIDES[-1]), *([3] if channels == 3 else []))
    noise = np.random.default_rng(0).normal(0.5, 0.15, shape).astype(np.float32)
    values = np.clip(cv2.GaussianBlur(noise, (0, 0), 2) * 3 - 1, 0, 1)
    scale = {"uint8": 255, "uint16": 65_535}.get(dtype)
    return image_of(values if scale is None else (values * scale).astype(dtype), "made up")


def resident() -> float:
    """Bytes of memory that this process has; 100 MB where nobody says."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return float(int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, IndexError):
        return 1e8


def _network_bytes(network: NetworkSegmenter) -> float:
    """Bytes a pixel that are kept of a network's result; its layers are in windows, and counted with these."""
    return 2.0 * network.card.planes if network.scores or network.layers else 1.0


def network_plans(segmenter: Segmenter, sizes: Iterable[tuple[int, int]]) -> list[dict[str, Any]]:
    """How each network will go about the largest of some pictures.

    Parameters
    ----------
    sizes : width and height of each.

    Returns
    -------
    list of dict
        model, device, windows (columns, rows), window (width, height), and bytes: of weights and one window.
    """
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    found = []
    for network in networks_in(segmenter):
        predictor = network.load()
        grid = predictor.grid(height, width)
        span = [max(part.stop - part.start for part in parts) for parts in (grid.columns, grid.rows)]
        each = max(member.bytes_per_pixel for member in predictor.members) * max(predictor.scales) ** 2
        found.append(
            {
                "model": " and ".join(model.name for model in network.models),
                "device": predictor.members[0].device,
                "windows": [len(grid.columns), len(grid.rows)],
                "window": span,
                "bytes": round(each * span[0] * span[1]),
            }
        )
    return found
