"""Everything that can be measured of regions, column by column, in pixels and in physical units."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.errors import UsageError
from segcli.measure import (
    Moments,
    classes_of,
    eccentricity,
    hull_areas,
    moments,
    perimeters,
    principal_variances,
    regions_of,
)
from segcli.numeric.forms import as_gray
from segcli.numeric.hulls import Spans, feret_diameters
from segcli.numeric.region_counts import TOUCHING, euler_numbers, neighbor_counts, piece_counts
from segcli.numeric.runs import Runs, cut_runs, run_starts
from segcli.segmentation import Kind, Segmentation

FARTHEST = 500
"""Largest distance of neighbors, in pixels."""

Sides = tuple[float, float]


@dataclass(frozen=True)
class PixelSize:
    """Width and height of a pixel, and their unit as it stands in names of columns: um for micrometers."""

    width: float
    height: float
    unit: str

    @property
    def is_square(self) -> bool:
        return self.width == self.height


def read_pixel_size(text: str) -> PixelSize:
    """Read `0.32um`, or `0.32,0.5um` for width and height.

    Raises
    ------
    UsageError : anything else.

    Examples
    --------
    >>> read_pixel_size("0.32,0.5um")
    PixelSize(width=0.32, height=0.5, unit='um')
    """
    number = r"(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)"
    match = re.fullmatch(rf"{number}(?:,{number})?\s*([A-Za-zµμ]{{1,12}})", text.strip())
    if match is None:
        raise UsageError(f"is {text!r}; expected a number and a unit, such as 0.32um, or 0.32,0.5um (width, height).")
    width, height = float(match[1]), float(match[2] or match[1])
    if not (0 < width < np.inf and 0 < height < np.inf):
        raise UsageError(f"is {text!r}; a pixel is wider and higher than 0.")
    return PixelSize(width, height, match[3].replace("µ", "u").replace("μ", "u"))


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of a segmentation; what several columns share is worked out once.

    Attributes
    ----------
    segmentation : as for `segcli.measure.measure`.
    image : (H, W) or (H, W, C) numbers, or None.
    reach : distance of neighbors, in pixels.
    """

    segmentation: Segmentation
    image: Array | None = None
    reach: float = TOUCHING

    @cached_property
    def labels(self) -> Labels:
        """(H, W) the regions by number."""
        return regions_of(self.segmentation)

    @cached_property
    def runs(self) -> Runs:
        """Their runs of pixels."""
        return cut_runs(self.labels)

    @cached_property
    def moments(self) -> Moments:
        """Area, center and second moments."""
        return moments(self.runs)

    @cached_property
    def perimeters(self) -> NDArray[np.float64]:
        """(N,) pixels."""
        return perimeters(self.labels, self.runs.labels)

    @cached_property
    def convex(self) -> NDArray[np.float64]:
        """(N,) pixels of the convex hulls."""
        return hull_areas(self.runs)

    @cached_property
    def euler(self) -> NDArray[np.int64]:
        """(N,) pieces less holes."""
        return euler_numbers(self.labels, self.runs.labels)

    @cached_property
    def pieces(self) -> NDArray[np.int64]:
        """(N,) pieces; only numbered objects can have several."""
        numbered = self.segmentation.kind == "instances"
        return piece_counts(self.labels, self.runs) if numbered else np.ones(len(self.runs.labels), np.int64)

    @cached_property
    def ferets(self) -> dict[Sides, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Longest and shortest diameters by the size of a pixel, as far as they were asked for."""
        return {}

    def feret(self, sides: Sides) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longest and shortest diameter."""
        if sides not in self.ferets:
            self.ferets[sides] = feret_diameters(Spans(*self.runs.rows), len(self.runs.labels), sides)
        return self.ferets[sides]

    def axes(self, sides: Sides) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lengths of the axes of the ellipse with the same second moments."""
        width, height = sides
        found = self.moments._replace(
            row_variance=self.moments.row_variance * height**2,
            column_variance=self.moments.column_variance * width**2,
            covariance=self.moments.covariance * width * height,
        )
        longer, shorter = principal_variances(found)
        return 4 * np.sqrt(longer), 4 * np.sqrt(shorter)

    @cached_property
    def orientation(self) -> NDArray[np.float64]:
        """Angle of the major axis from the rows' axis, counterclockwise, in radians."""
        steep = self.moments.row_variance - self.moments.column_variance
        turned = 0.5 * np.arctan2(2 * self.moments.covariance, steep)
        even = np.where(self.moments.covariance > 0, np.pi / 4, -np.pi / 4)
        return np.asarray(np.where(steep == 0, even, turned))

    @cached_property
    def touches_border(self) -> NDArray[np.int64]:
        """1 where a region has a pixel at the picture's edge."""
        top, left, bottom, right = self.runs.bounds
        height, width = self.labels.shape
        return np.asarray((top == 0) | (left == 0) | (bottom == height) | (right == width), np.int64)

    @cached_property
    def pixels(self) -> tuple[Array, Array]:
        """Index of the region of each pixel that has one, rising, and the pixel's flat place."""
        length = self.runs.right - self.runs.left
        begins = np.cumsum(length) - length
        flat = self.runs.row * self.labels.shape[1] + self.runs.left
        return np.repeat(self.runs.region, length), np.arange(length.sum()) + np.repeat(flat - begins, length)

    def luma_means(self) -> NDArray[np.float64]:
        """Mean of the gray value of a picture in color, as `segcli.measure.measure` gives it."""
        sums = np.add.reduceat(as_gray(np.asarray(self.image)).reshape(-1), run_starts(self.labels), dtype=np.float64)
        return self.runs.total(sums[self.runs.order]) / self.moments.area


@dataclass(frozen=True)
class Column:
    """How one measurement is made.

    Attributes
    ----------
    made : of regions and the sides of a pixel.
    unit : in words, for pixels.
    power : 1 for lengths and 2 for areas, which have a column in physical units too; 0 for all else.
    """

    made: Callable[[Regions, Sides], Array]
    unit: str
    power: int = 0


def _bound(number: int) -> Callable[[Regions, Sides], Array]:
    return lambda regions, _: np.asarray(regions.runs.bounds[number])


def _circularity(regions: Regions, sides: Sides) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 4 * np.pi * regions.moments.area / regions.perimeters**2
    return np.asarray(np.where(regions.perimeters > 0, found, np.nan))


def _extent(regions: Regions, sides: Sides) -> Array:
    top, left, bottom, right = regions.runs.bounds
    return np.asarray(regions.moments.area / ((bottom - top) * (right - left)))


def _area(regions: Regions, sides: Sides) -> Array:
    area = regions.moments.area
    return area.astype(np.int64) if sides == (1, 1) else area * (sides[0] * sides[1])


COLUMNS: dict[str, Column] = {
    "label": Column(lambda regions, _: regions.runs.labels.astype(np.int64), "number of the region"),
    "class": Column(lambda regions, _: classes_of(regions.segmentation, regions.runs), "number of the class"),
    "area": Column(_area, "pixels", 2),
    "centroid-0": Column(lambda regions, _: regions.moments.row, "row in pixels"),
    "centroid-1": Column(lambda regions, _: regions.moments.column, "column in pixels"),
    "bbox-0": Column(_bound(0), "first row"),
    "bbox-1": Column(_bound(1), "first column"),
    "bbox-2": Column(_bound(2), "row after the last"),
    "bbox-3": Column(_bound(3), "column after the last"),
    "perimeter": Column(lambda regions, sides: regions.perimeters * sides[0], "pixels", 1),
    "eccentricity": Column(
        lambda regions, _: eccentricity(*principal_variances(regions.moments)), "0 circle to 1 line"
    ),
    "solidity": Column(lambda regions, _: regions.moments.area / regions.convex, "share of the convex hull, 0 to 1"),
    "extent": Column(_extent, "share of the bounding box, 0 to 1"),
    "circularity": Column(_circularity, "4 pi area / perimeter^2; 1 for a large disc, more for small ones"),
    "equivalent_diameter_area": Column(
        lambda regions, sides: np.sqrt(4 / np.pi * regions.moments.area * (sides[0] * sides[1])), "pixels", 1
    ),
    "axis_major_length": Column(lambda regions, sides: regions.axes(sides)[0], "pixels", 1),
    "axis_minor_length": Column(lambda regions, sides: regions.axes(sides)[1], "pixels", 1),
    "orientation": Column(lambda regions, _: regions.orientation, "radians from downwards, counterclockwise"),
    "feret_diameter_max": Column(lambda regions, sides: regions.feret(sides)[0], "pixels", 1),
    "feret_diameter_min": Column(lambda regions, sides: regions.feret(sides)[1], "pixels", 1),
    "area_convex": Column(lambda regions, sides: regions.convex * (sides[0] * sides[1]), "pixels", 2),
    "euler_number": Column(lambda regions, _: regions.euler, "pieces less holes"),
    "pieces": Column(lambda regions, _: regions.pieces, "8-connected pieces"),
    "holes": Column(lambda regions, _: regions.pieces - regions.euler, "4-connected holes"),
    "touches_border": Column(lambda regions, _: regions.touches_border, "1 at the picture's edge"),
    "neighbors": Column(
        lambda regions, _: neighbor_counts(regions.labels, regions.runs, regions.reach), "other regions that are near"
    ),
}
"""Every measurement of shape and place, in the order of the table."""

INTENSITIES = ("mean", "std", "min", "max", "median", "sum")
"""What is said of the pixels of each channel, in columns such as intensity_mean."""


def column_names(kind: Kind, channels: int = 0, size: PixelSize | None = None) -> list[str]:
    """List the columns that regions of a kind can have.

    Parameters
    ----------
    kind : of the segmentation.
    channels : of the image; 0 without one.
    size : of a pixel; adds a column in its unit to each length and area, such as area_um2. A perimeter in physical
        units has no meaning where pixels are not square.
    """
    names = [name for name in COLUMNS if name != "class" or kind == "classes"]
    if size is not None:
        names += [
            _physical(name, column.power, size)
            for name, column in COLUMNS.items()
            if column.power and (name != "perimeter" or size.is_square)
        ]
    if channels == 1:
        return names + [f"intensity_{word}" for word in INTENSITIES]
    luma = ["intensity_mean"] if channels == 3 else []
    return names + luma + [f"intensity_{word}-{channel}" for channel in range(channels) for word in INTENSITIES]


def _physical(name: str, power: int, size: PixelSize) -> str:
    return f"{name}_{size.unit}{power if power > 1 else ''}"


def measure_columns(regions: Regions, names: Collection[str], size: PixelSize | None = None) -> dict[str, Array]:
    """Measure regions.

    Parameters
    ----------
    regions : of one picture.
    names : of the columns wanted, among `column_names`.
    size : of a pixel.

    Returns
    -------
    (N,) numbers by name, in the order of the names.
    """
    columns = {name: (column, (1.0, 1.0)) for name, column in COLUMNS.items()}
    if size is not None:
        sides = (size.width, size.height)
        columns |= {_physical(name, one.power, size): (one, sides) for name, one in COLUMNS.items() if one.power}
    channels = sorted({int(name.partition("-")[2] or -1) for name in names if name.startswith("intensity_")})
    image = np.zeros(0) if regions.image is None else regions.image
    found: dict[str, Array] = {}
    for channel in channels:
        suffix = "" if channel < 0 else f"-{channel}"
        if channel < 0 and image.ndim == 3 and image.shape[2] > 1:
            found["intensity_mean"] = regions.luma_means()
            continue
        plane = image if image.ndim == 2 else image[:, :, max(channel, 0)]
        found |= {f"intensity_{word}{suffix}": value for word, value in intensities(regions, plane).items()}
    return {name: found[name] if name in found else columns[name][0].made(regions, columns[name][1]) for name in names}


def intensities(regions: Regions, plane: Array) -> dict[str, NDArray[np.float64]]:
    """Measure the pixels of a channel; those that are no finite number do not count, and a region without others has
    no numbers but the sum, 0.

    Parameters
    ----------
    plane : (H, W) numbers.
    """
    owner, places = regions.pixels
    values = np.ascontiguousarray(plane).reshape(-1)[places]
    if values.dtype.kind == "f" and not (finite := np.isfinite(values)).all():
        owner, values = owner[finite], values[finite]
    count = np.bincount(owner, minlength=len(regions.runs.labels))
    ranked = _ranked(owner, values).astype(np.float64)
    some, starts = count > 0, np.cumsum(count) - count
    found = {word: np.full(len(count), np.nan) for word in INTENSITIES}
    found["sum"] = np.bincount(owner, weights=values, minlength=len(count)).astype(np.float64)
    np.divide(found["sum"], count, out=found["mean"], where=some)
    apart = (values - found["mean"][owner]) ** 2
    squares = np.bincount(owner, weights=apart, minlength=len(count))
    found["std"][some] = np.sqrt(squares[some] / count[some])
    first, last = starts[some], (starts + count)[some] - 1
    found["min"][some], found["max"][some] = ranked[first], ranked[last]
    found["median"][some] = (ranked[(first + last) // 2] + ranked[(first + last + 1) // 2]) / 2
    return found


def _ranked(owner: Array, values: Array) -> Array:
    """Values, those of each region sorted; the owners rise already."""
    if values.dtype.kind in "bu" and values.dtype.itemsize <= 2:
        key = owner.astype(np.int64) << 16 | values
        key.sort()
        return key & 0xFFFF
    return values[np.lexsort((values, owner))]
