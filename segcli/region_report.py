"""Measures label files of any program beside their pictures, one file at a time, into rows of one table."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError, SegcliError, SettingError, UsageError
from segcli.expression import Filter
from segcli.files.datasets.pairing import beginnings
from segcli.files.label_kinds import Known, read_segmentation
from segcli.files.limits import Limits
from segcli.files.read import read_bytes, read_image
from segcli.files.sources import ENDINGS, Item
from segcli.numeric.forms import as_color, as_gray
from segcli.numeric.region_counts import TOUCHING
from segcli.region_table import INTENSITIES, PixelSize, Regions, column_names, measure_columns
from segcli.segmentation import VOID, Kind, Segmentation


@dataclass(frozen=True)
class Pictures:
    """The pictures that label files belong to: one for all, or a folder of them by stem.

    file : the one, or ''.
    folder : name of the folder, for messages. paths : by stem.
    """

    file: str
    folder: str = ""
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, item: Item, record: Mapping[str, object] | None) -> str:
        """The picture of a label file: the stem that segcli wrote into it, the same stem, or the longest one that the
        file's name begins with, before a mark.

        Raises
        ------
        InputError : there is none, or there are two.
        """
        if self.file:
            return self.file
        stems = [os.path.splitext(str(record["input"]))[0]] if record and "input" in record else []
        stems += beginnings(item.stem)
        stem = next((stem for stem in stems if stem in self.paths), None)
        if stem is None:
            raise InputError(f"no picture for it in {self.folder!r}; expected one with the stem {item.stem!r}.")
        if len(self.paths[stem]) > 1:
            raise InputError(f"{len(self.paths[stem])} pictures in {self.folder!r} have the stem {stem!r}; keep one.")
        return self.paths[stem][0]

    @property
    def reads(self) -> list[str]:
        """Every file that may be read."""
        return [self.file] if self.file else [path for paths in self.paths.values() for path in paths]


def find_pictures(place: str) -> Pictures:
    """Look for pictures in a folder, or take a file.

    Raises
    ------
    SettingError : it does not exist, or holds no pictures.
    """
    if not os.path.isdir(place):
        if not os.path.exists(place):
            raise SettingError("image", f"is {place!r}, which does not exist.")
        return Pictures(place)
    paths: dict[str, tuple[str, ...]] = {}
    for name in sorted(os.listdir(place)):
        stem, ending = os.path.splitext(name)
        if ending.lower() in ENDINGS and not name.startswith("."):
            paths[stem] = (*paths.get(stem, ()), os.path.join(place, name))
    if not paths:
        raise SettingError("image", f"is {place!r}, a folder without pictures.")
    return Pictures("", place, paths)


def check_columns(names: Iterable[str], where: Filter | None, size: PixelSize | None, with_image: bool) -> None:
    """Refuse columns that no file can have, before any work.

    Raises
    ------
    UsageError : the first of them, and the nearest that there is.
    """
    known = column_names("classes", 1, size)
    for flag, asked in (("columns", list(names)), ("filter", [] if where is None else list(where.names))):
        for name in asked:
            if re.fullmatch(rf"intensity_({'|'.join(INTENSITIES)})(-\d+)?", name):
                if not with_image:
                    raise SettingError(flag, f"asks for {name}, which needs the picture; give --image.")
            elif flag == "columns" and name not in known:
                near = difflib.get_close_matches(name, known, 1, 0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}."
                raise SettingError("columns", f"has {name!r}; {hint}")
    if where is not None:
        try:
            where.check([*known, *(name for name in where.names if name.startswith("intensity_"))])
        except UsageError as failure:
            raise SettingError("filter", str(failure)) from failure


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured of one file.

    Attributes
    ----------
    known : what the file holds.
    columns : (N,) numbers by name, of the regions that the filter keeps; None for a column that it cannot have.
    areas : (N,) of these, in pixels.
    count : regions before the filter.
    kept : the segmentation with what the filter keeps; what it drops of classes counts as left out.
    notes : what was assumed.
    digest : SHA-256 of the file, in hexadecimal.
    """

    known: Known
    columns: dict[str, Array | None]
    areas: Array
    count: int
    kept: Segmentation
    notes: tuple[str, ...]
    digest: str


@dataclass(eq=False)
class Measurer:
    """Measures file after file; the first decides which columns the table has.

    Attributes
    ----------
    kind, mask_threshold : as for `read_segmentation`.
    pictures : for the intensities, or None.
    size : of a pixel, or None.
    reach : of neighbors, in pixels.
    where : keeps regions, or None.
    wanted : columns; () for all.
    names : the columns of the table, when they are settled.
    """

    kind: Kind | None = None
    mask_threshold: float | None = None
    pictures: Pictures | None = None
    size: PixelSize | None = None
    reach: float = TOUCHING
    where: Filter | None = None
    wanted: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    _channels: int = 0

    def __call__(self, item: Item, limits: Limits | None = None) -> Measured:
        """Measure one file.

        Raises
        ------
        InputError : it, or its picture, cannot be read, or they do not fit; the message begins after the file's name.
        """
        limits = limits or Limits()
        data = item.data if item.data is not None else read_bytes(item.path)
        known = read_segmentation(data, self.kind, mask_threshold=self.mask_threshold, limits=limits)
        found = known.segmentation
        image = None if self.pictures is None else self._image(self.pictures.of(item, known.record), found, limits)
        available = column_names(found.kind, self._channels, self.size)
        if not self.names:
            self.names = self.wanted or tuple(available)
        needed = {name for name in self.names if name in available} | {"area", "label"}
        if self.where is not None:
            try:
                self.where.check(available)
            except UsageError as failure:
                raise InputError(f"has no such column: {failure}") from failure
            needed |= set(self.where.names)
        regions = Regions(found, image, self.reach)
        columns = measure_columns(regions, sorted(needed), self.size)
        count, kept = len(columns["label"]), found
        if self.where is not None:
            keep = self.where.keep(columns)
            columns = {name: column[keep] for name, column in columns.items()}
            kept = _kept(regions, columns["label"])
        asked = {name: columns.get(name) for name in self.names}
        return Measured(known, asked, columns["area"], count, kept, found.notes, sha256(data).hexdigest())

    def _image(self, path: str, found: Segmentation, limits: Limits) -> Array:
        """A picture with as many channels as the first one had; three equal ones are one."""
        try:
            image = read_image(path, limits=limits)
            values = image.native if image.header.channels in (1, 3) else image.channels
        except SegcliError as failure:
            raise InputError(f"its picture {path!r} {failure}") from failure
        if values.shape[:2] != found.labels.shape:
            height, width = found.labels.shape
            raise InputError(
                f"is {width} x {height}, its picture {path!r} is {values.shape[1]} x {values.shape[0]}; "
                "they need the same size."
            )
        if values.ndim == 3 and values.shape[2] == 3 and (values == values[:, :, :1]).all():
            values = values[:, :, 0]
        channels = 1 if values.ndim == 2 else values.shape[2]
        self._channels = self._channels or channels
        if channels == self._channels:
            return values
        if {channels, self._channels} == {1, 3}:
            return as_gray(values) if self._channels == 1 else as_color(values)
        raise InputError(
            f"its picture {path!r} has {channels} channels, those before had {self._channels}; measure them apart."
        )


def _kept(regions: Regions, labels: Array) -> Segmentation:
    """A segmentation with some of its regions."""
    found = regions.segmentation
    inside = np.isin(regions.labels, labels)
    dropped = VOID if found.kind == "classes" else 0
    return Segmentation(np.where(inside, found.labels, found.labels.dtype.type(dropped)), found.kind)
