"""How the pixels of a TIFF page are stored, checked against the size of the file. Nothing is decoded here."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.tiff_tags import (
    BITS,
    COLOR_MAP,
    COMPRESSION,
    DEPTH,
    EXTRA_SAMPLES,
    FILL_ORDER,
    HEIGHT,
    JPEG_TABLES,
    ORIENTATION,
    PHOTOMETRIC,
    PLANAR,
    PREDICTOR,
    ROWS_PER_STRIP,
    SAMPLE_FORMAT,
    SAMPLES,
    STRIP_COUNTS,
    STRIP_OFFSETS,
    SUBSAMPLING,
    TILE_COUNTS,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    WIDTH,
    Directory,
    Tags,
)

WHITE_IS_0, BLACK_IS_0, RGB, PALETTE, MASK, CMYK, YCBCR = range(7)
"""Values of the tag that says what samples mean."""


@dataclass(frozen=True)
class Layout:
    """How one page is stored.

    width, height, samples, bits : of the page. format : 1 unsigned, 2 signed, 3 float.
    tile_width, tile_height : size of a segment (a strip is a tile as wide as the page). `tiled` says which.
    offsets, counts : where the segments lie, plane by plane, row by row.
    subsampled : whether color is stored more coarsely than brightness (YCbCr).
    alpha : 0 none, 1 in the colors already (premultiplied), 2 plain; it is the last sample.
    """

    width: int
    height: int
    samples: int
    bits: int
    format: int
    compression: int
    photometric: int
    predictor: int
    planar: bool
    fill_order: int
    orientation: int
    alpha: int
    tiled: bool
    tile_width: int
    tile_height: int
    offsets: Array
    counts: Array
    colors: Array | None
    tables: bytes
    order: str
    subsampled: bool

    @property
    def planes(self) -> int:
        return self.samples if self.planar else 1

    @property
    def tile_samples(self) -> int:
        return 1 if self.planar else self.samples

    @property
    def across(self) -> int:
        return -(-self.width // self.tile_width)

    @property
    def down(self) -> int:
        return -(-self.height // self.tile_height)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of a segment when unpacked."""
        return (self.tile_width * self.tile_samples * self.bits + 7) // 8

    def rows(self) -> Array:
        """Rows of each segment when unpacked; the last strip of a plane may be short."""
        rows = np.full(self.down, self.tile_height)
        if not self.tiled:
            rows[-1] = self.height - (self.down - 1) * self.tile_height
        return np.tile(np.repeat(rows, self.across), self.planes)


def read_layout(tags: Tags, directory: Directory) -> Layout:
    """Check one page's tags against each other and against the file's size."""
    number = tags.number
    width, height = number(directory, WIDTH, 0), number(directory, HEIGHT, 0)
    tags.limits.check_size(width, height)
    samples = number(directory, SAMPLES, 1)
    bits = set(tags.numbers(directory, BITS)[: max(samples, 1)].tolist()) or {1}
    formats = set(tags.numbers(directory, SAMPLE_FORMAT)[: max(samples, 1)].tolist()) or {1}
    if len(bits) > 1 or len(formats) > 1:
        raise InputError(f"is a TIFF whose channels differ in type ({', '.join(map(str, sorted(bits)))} bits).")
    tiled, tile_width, tile_height = _segment_size(tags, directory, width, height)
    photometric = number(directory, PHOTOMETRIC, 2 if samples >= 3 else 1)
    layout = Layout(
        width=width,
        height=height,
        samples=samples,
        bits=bits.pop(),
        format=formats.pop(),
        compression=number(directory, COMPRESSION, 1),
        photometric=photometric,
        predictor=number(directory, PREDICTOR, 1),
        planar=number(directory, PLANAR, 1) == 2 and samples > 1,
        fill_order=number(directory, FILL_ORDER, 1),
        orientation=_orientation(number(directory, ORIENTATION, 1)),
        alpha=_alpha(samples, photometric, tags.numbers(directory, EXTRA_SAMPLES).tolist()),
        tiled=tiled,
        tile_width=tile_width,
        tile_height=tile_height,
        offsets=tags.numbers(directory, TILE_OFFSETS if tiled else STRIP_OFFSETS),
        counts=tags.numbers(directory, TILE_COUNTS if TILE_COUNTS in directory else STRIP_COUNTS),
        colors=_color_map(tags, directory),
        tables=tags.content(directory, JPEG_TABLES),
        order=tags.order,
        subsampled=photometric == YCBCR and set(tags.numbers(directory, SUBSAMPLING).tolist() or [2]) != {1},
    )
    return _check_segments(layout, len(tags.data))


def _segment_size(tags: Tags, directory: Directory, width: int, height: int) -> tuple[bool, int, int]:
    """Whether a page is tiled, and the size of a tile or strip."""
    tiled = TILE_OFFSETS in directory
    rows = min(tags.number(directory, ROWS_PER_STRIP, height), height)
    tile_width = tags.number(directory, TILE_WIDTH, 0) if tiled else width
    tile_height = tags.number(directory, TILE_HEIGHT, 0) if tiled else rows
    # A tile may be a little larger than a small page, never larger than the largest page.
    if (
        tile_width < 1
        or tile_height < 1
        or (tiled and tile_width * tile_height > tags.limits.pixels and not tags.limits.unlimited)
    ):
        raise InputError(f"is damaged: TIFF segments of {tile_width} x {tile_height} pixels.")
    if tags.number(directory, SAMPLES, 1) < 1:
        raise InputError("is damaged: a TIFF without channels.")
    if tags.number(directory, DEPTH, 1) > 1:
        raise InputError("is a TIFF volume (more than one image deep), which is not read.")
    return tiled, tile_width, tile_height


def _orientation(value: int) -> int:
    return value if 1 <= value <= 8 else 1


def _alpha(samples: int, photometric: int, extra: list[int]) -> int:
    """Whether the last sample is alpha, and of which kind."""
    colors = {RGB: 3, CMYK: 4, YCBCR: 3}.get(photometric, 1)
    return extra[-1] if samples == colors + 1 and extra and extra[-1] in (1, 2) else 0


def _color_map(tags: Tags, directory: Directory) -> Array | None:
    """The palette as (N, 3) uint8; files by old writers have 8 bits in it instead of 16."""
    values = tags.numbers(directory, COLOR_MAP)
    if not len(values) or len(values) % 3:
        return None
    colors = values.reshape(3, -1).T
    return (colors >> 8 if int(colors.max()) > 255 else colors).astype(np.uint8)


def _check_segments(layout: Layout, size: int) -> Layout:
    """Refuse missing segments and segments outside the file; complete the counts of uncompressed ones."""
    word = "tile" if layout.tiled else "strip"
    wanted = layout.across * layout.down * layout.planes
    offsets, counts = layout.offsets[:wanted], layout.counts[:wanted]
    if len(offsets) < wanted:
        raise InputError(f"is damaged: a TIFF with {len(offsets):,} of {wanted:,} {word}s.")
    if layout.compression == 1:
        counts = layout.rows() * layout.row_bytes
    elif len(counts) < wanted:
        raise InputError(f"is damaged: a TIFF that gives the size of {len(counts):,} of {wanted:,} {word}s.")
    bad = np.flatnonzero((offsets < 0) | (counts <= 0) | (offsets > size) | (counts > size - offsets) | (offsets == 0))
    if len(bad):
        first = int(bad[0])
        left = max(0, size - max(0, int(offsets[first])))
        if counts[first] <= 0 or offsets[first] == 0:
            raise InputError(f"is damaged: {word} {first + 1} of {wanted:,} is missing.")
        raise InputError(f"is truncated: {word} {first + 1} needs {int(counts[first]):,} bytes, the file has {left:,}.")
    return replace(layout, offsets=offsets, counts=counts)
