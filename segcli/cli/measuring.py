"""The run behind segcli measure: options checked, files measured one by one, rows and words put where they go."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from segcli import __version__
from segcli.arrays import Array
from segcli.cli.options import Shared, check_choice
from segcli.cli.refusals import check_existing, check_places
from segcli.cli.report import Table, about, appearing, finite, printable
from segcli.errors import InputError, SettingError, UsageError
from segcli.expression import Filter
from segcli.files.label_kinds import check_kind
from segcli.files.provenance import portable
from segcli.files.sinks import STDOUT, Sink, plan
from segcli.files.sources import Item
from segcli.files.write import encode_labels, put
from segcli.numeric.region_counts import TOUCHING
from segcli.region_report import Measured, Measurer, check_columns, find_pictures
from segcli.region_table import FARTHEST, read_pixel_size

EXISTS = ("fail", "overwrite")
DRAWN = ("area", "circularity", "eccentricity", "solidity", "feret_diameter_max", "intensity_mean")
"""Columns whose histograms are drawn where --columns names none; area in its unit where there is one."""

MOST_DRAWN = 12


def find_measurer(
    image: str | None,
    kind: str | None,
    mask_threshold: float | None,
    pixel_size: str | None,
    where: str | None,
    columns: str | None,
    neighbors: float | None,
) -> Measurer:
    """What the options ask for, checked.

    Raises
    ------
    UsageError : one that cannot be.
    """
    try:
        size = None if pixel_size is None else read_pixel_size(pixel_size)
    except UsageError as failure:
        raise SettingError("pixel_size", str(failure)) from failure
    try:
        asked = None if where is None else Filter(where)
    except UsageError as failure:
        raise SettingError("filter", str(failure)) from failure
    if neighbors is not None and not 1 <= neighbors <= FARTHEST:
        raise SettingError("neighbors", f"is {neighbors:g}; it must be between 1 and {FARTHEST} pixels.")
    wanted = tuple(dict.fromkeys(name.strip() for name in (columns or "").split(",") if name.strip()))
    if columns is not None and not wanted:
        raise SettingError("columns", "is empty; name columns such as area,perimeter.")
    check_columns(wanted, asked, size, image is not None)
    return Measurer(
        check_kind(kind),
        mask_threshold,
        None if image is None else find_pictures(image),
        size,
        TOUCHING if neighbors is None else neighbors,
        asked,
        wanted,
    )


@dataclass(frozen=True)
class Places:
    """Where results go.

    out : a table, - or None for standard output. labels_out : a folder. histogram : a picture. exists : what to do
    about files that are there. json : rows as JSON lines.
    """

    out: str | None
    labels_out: str | None
    histogram: str | None
    exists: str
    json: bool

    @property
    def table(self) -> str | None:
        """The file of the table, if it is one."""
        return None if self.out == STDOUT else self.out

    def check(self, items: list[Item], measurer: Measurer) -> Sink:
        """Find every collision before any work; returns the rules for label files.

        Raises
        ------
        UsageError : words or places that cannot be.
        """
        self._check_words()
        sink = Sink(os.path.join(self.labels_out or ".", ""), "{stem}.{method}", ("mask",), "measure")
        asked = self.labels_out is not None
        planned = tuple((item, ((None, sink.outputs(item) if asked else ()),)) for item in items)
        writes = [path for path in (self.table, self.histogram) if path is not None]
        reads = [] if measurer.pictures is None else measurer.pictures.reads
        plan(sink, [(item, outputs) for item, pages in planned for _, outputs in pages], reads, writes)
        shared = Shared(table=self.table, out=self.labels_out, exists=self.exists)
        folders = {os.path.dirname(self.histogram)} if self.histogram is not None else set()
        check_places(shared, sink, planned, folders)
        check_existing(shared, sink, planned, [], "measure")
        if self.histogram is not None and os.path.lexists(self.histogram) and self.exists != "overwrite":
            raise UsageError(f"{self.histogram!r} exists; choose another name, or --exists overwrite.")
        return sink

    def _check_words(self) -> None:
        """Refuse names with other endings, and two things for one stream."""
        check_choice("exists", self.exists, EXISTS)
        if self.table is not None and os.path.splitext(self.table)[1].lower() not in (".csv", ".json"):
            raise SettingError("out", f"is {self.table!r}; its name must end in .csv or .json, or be - for stdout.")
        if self.table is not None and self.json:
            raise UsageError("--json writes rows to standard output; leave it out, or name no table.")
        if self.histogram is not None and os.path.splitext(self.histogram)[1].lower() != ".png":
            raise SettingError("histogram", f"is {self.histogram!r}; its name must end in .png.")
        if self.labels_out is not None and os.path.isfile(self.labels_out):
            raise SettingError("labels_out", f"is {self.labels_out!r}, which is a file; name a folder.")


class Lines(Table):
    """Rows as JSON objects, a line each."""

    def add_rows(self, named: Mapping[str, Any], rows: Mapping[str, list[Any]]) -> None:
        """Write rows, given by columns, that begin with the same values."""
        for values in zip(*rows.values(), strict=True):
            cells = zip(rows, map(finite, values), strict=True)
            self.stream.write(json.dumps({**named, **dict(cells)}, allow_nan=False) + "\n")


@contextmanager
def rows_to(places: Places) -> Iterator[Table]:
    """The table that rows go to."""
    if places.table is None:
        yield Lines(sys.stdout, True) if places.json else Table(sys.stdout, False)
        return
    with appearing(places.table) as stream:
        assert stream is not None
        table = Table(stream, places.table.lower().endswith(".json"))
        yield table
        table.close()


@dataclass
class Run:
    """Measures files one by one and tells of each.

    Attributes
    ----------
    sink : rules for label files.
    failed : files that could not be measured. regions : in all the others, behind the filter.
    """

    measurer: Measurer
    places: Places
    sink: Sink
    quiet: bool
    failed: int = 0
    done: int = 0
    regions: int = 0
    drawn: dict[str, list[Array]] = field(default_factory=dict)

    def measure(self, item: Item, table: Table) -> None:
        """Measure one file, and put its rows and labels in place."""
        start = time.perf_counter()
        try:
            found = self.measurer(item)
            target = self._write(item, found) if self.places.labels_out is not None else ""
        except InputError as failure:
            self.failed += 1
            print(f"segcli measure: {about(item.name, str(failure))}", file=sys.stderr, flush=True)
            return
        self.done += 1
        self.regions += len(found.areas)
        blank = [None] * len(found.areas)
        table.add_rows(
            {"input": item.name},
            {name: blank if column is None else column.tolist() for name, column in found.columns.items()},
        )
        if self.places.histogram is not None:
            self._keep(found)
        if not self.quiet:
            self._tell(item, found, target, time.perf_counter() - start)

    def _write(self, item: Item, found: Measured) -> str:
        """Write what the filter keeps."""
        (output,) = self.sink.outputs(item)
        settings = {"filter": None if self.measurer.where is None else self.measurer.where.text}
        record = {
            "method": "measure",
            "settings": settings,
            "version": __version__,
            "input": os.path.basename(portable(item.name)),
            "sha256": found.digest,
            "kind": found.kept.kind,
            "as": output.kind,
        }
        ending = os.path.splitext(output.path)[1].lower()
        put(output.path, encode_labels(found.kept.labels, found.kept.kind, ending, record))
        return output.path

    def _keep(self, found: Measured) -> None:
        """Keep what the histograms are drawn of, four bytes a number."""
        if self.measurer.wanted:
            names = [name for name in self.measurer.wanted if name not in ("label", "class")]
        else:
            unit = next((name for name in found.columns if name.startswith("area_") and name[-1] == "2"), "area")
            names = [unit if name == "area" else name for name in DRAWN]
        for name in names[:MOST_DRAWN]:
            column = found.columns.get(name)
            if column is not None:
                self.drawn.setdefault(name, []).append(column.astype(np.float32))

    def _tell(self, item: Item, found: Measured, target: str, seconds: float) -> None:
        """One line about a file."""
        where = sys.stderr if self.places.table is None else sys.stdout
        for note in found.notes:
            print(f"segcli measure: {item.name!r}: note: {note}", file=sys.stderr)
        count = len(found.areas)
        kept = f"{count:,} of {found.count:,}" if self.measurer.where is not None else f"{count:,}"
        words = [f"{kept} regions" if found.count != 1 else f"{kept} region"]
        if count:
            size = self.measurer.size
            area = float(np.median(found.areas))
            words.append(f"median area {area:,.6g} pixels")
            if size is not None:
                words[-1] += f" ({area * size.width * size.height:,.6g} {size.unit}2)"
        arrow = " -> " + ", ".join(printable(path) for path in (self.places.table, target) if path)
        arrow = arrow if len(arrow) > 4 else ""
        print(f"{printable(item.name)}{arrow}  {', '.join(words)}, {seconds:.2f} s", file=where, flush=True)

    def finish(self) -> None:
        """Draw the histograms, and sum up where there were several files."""
        if self.places.histogram is not None and self.done:
            if not self.drawn:
                raise UsageError("no column with numbers to draw; name some with --columns.")
            from segcli.figures.histograms import histograms

            put(
                self.places.histogram,
                histograms({name: np.concatenate(v) for name, v in self.drawn.items()}, self.regions),
            )
        total = self.done + self.failed
        if total > 1 and (self.failed or not self.quiet):
            failed = f", {self.failed} failed" if self.failed else ""
            print(f"segcli measure: {self.regions:,} regions, {self.done} done{failed}", file=sys.stderr)
