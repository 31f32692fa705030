"""Runs a comparison and puts its files in place: sheets, table, consensus."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from segcli import __version__
from segcli.compare import Contest, Trial, contest_all
from segcli.compare.panels import Panel, gather, standings
from segcli.compare.sheets import MOST_ROWS, Style, page, page_layout, rows, rows_layout
from segcli.compare.words import BEGINNINGS, Told, agreement_text, table_text
from segcli.errors import InputError, SettingError, UsageError
from segcli.files.provenance import portable, read_provenance
from segcli.files.read import read_bytes
from segcli.files.sources import Item
from segcli.files.write import check_folder, encode_array, encode_labels, put
from segcli.truths import open_item

METHOD = "compare"
CONSENSUS = ("majority", "staple", "disagreement")
TYPICAL = (4, 3)
"""Shape of pictures of which none can be read."""


@dataclass(eq=False)
class Outputs:
    """Where everything goes.

    Attributes
    ----------
    pages : the page of each picture by its name. sheet : one for all, if there are no pages.
    table, consensus : a file, a folder; or None. masks : the files of each picture in that folder, as CONSENSUS.
    seconds : whether they are written.
    written : what is in place.
    """

    pages: dict[str, str]
    sheet: str | None
    table: str | None
    consensus: str | None
    masks: dict[str, tuple[str, ...]]
    seconds: bool = True
    written: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        items: Sequence[Item],
        out: str | None,
        table: str | None,
        consensus: str | None,
        *,
        overwrite: bool = False,
        seconds: bool = True,
    ) -> Outputs:
        """Find all places, and refuse those where nothing may be written, before any work.

        Raises
        ------
        UsageError : a file that is no earlier work on the same pictures, an input, or two pictures for one place.
        """
        pages: dict[str, str] = {}
        sheet = None
        if len(items) == 1 and (out is None or not _is_folder(out)):
            pages[items[0].name] = out if out is not None else f"{items[0].stem}.{METHOD}.png"
        elif out is not None and _is_folder(out):
            pages = {item.name: os.path.join(out, item.below, f"{item.stem}.{METHOD}.png") for item in items}
        else:
            sheet = out if out is not None else f"{METHOD}.png"
        masks = {}
        if consensus is not None:
            for item in items:
                start = os.path.join(consensus, item.below, item.stem)
                masks[item.name] = tuple(f"{start}.{word}.png" for word in CONSENSUS)
        found = cls(pages, sheet, table, consensus, masks, seconds)
        found._check(items, overwrite)
        return found

    @property
    def agreement(self) -> str:
        """The file of who agrees with whom."""
        return os.path.join(self.consensus or "", "agreement.csv")

    def _check(self, items: Sequence[Item], overwrite: bool) -> None:
        """Refuse places."""
        pictures = [*self.pages.values(), *([self.sheet] if self.sheet else [])]
        for path in pictures:
            if not path.lower().endswith(".png"):
                raise SettingError("out", f"is {path!r}; a sheet is a PNG, so its name must end in .png.")
        tables = [*([self.table] if self.table else []), *([self.agreement] if self.consensus else [])]
        masks = [path for paths in self.masks.values() for path in paths]
        inputs = {os.path.realpath(item.path) for item in items if item.data is None}
        taken: set[str] = set()
        for path in (*pictures, *tables, *masks):
            place = os.path.realpath(path)
            if place in inputs:
                raise UsageError(f"{path!r} is an input of this run; choose another place.")
            if place in taken:
                raise UsageError(f"{path!r} would be written twice: two pictures have one name; compare them apart.")
            taken.add(place)
            if os.path.isdir(path):
                raise UsageError(f"{path!r} is a folder, so no file can be written there; choose another name.")
            check_folder(os.path.dirname(path))
            own = _is_table(path) if path in tables else _is_work(path, _names(items, self._of(path, items)))
            if os.path.lexists(path) and not overwrite and not own:
                raise UsageError(
                    f"{path!r} exists and is not segcli's own untouched work on these pictures. Choose --exists "
                    "overwrite, or another place."
                )

    def _of(self, path: str, items: Sequence[Item]) -> str | None:
        """The name of the picture that a file is about; None of all."""
        if path == self.sheet:
            return None
        return next(
            (item.name for item in items if path in (self.pages.get(item.name), *self.masks.get(item.name, ()))), None
        )


def _is_folder(out: str) -> bool:
    """Whether a place is a folder: one that is there, or a name without an ending."""
    return os.path.isdir(out) or out.endswith(("/", os.sep)) or not os.path.splitext(out)[1]


def _names(items: Sequence[Item], name: str | None) -> list[str]:
    """Base names of one picture, or of all."""
    return [os.path.basename(portable(item.name)) for item in items if name in (None, item.name)]


def _is_work(path: str, names: list[str]) -> bool:
    """Whether a file is an untouched sheet or mask of an earlier comparison of pictures of these names."""
    try:
        with open(path, "rb") as stream:
            record = read_provenance(stream.read())
    except OSError:
        return False
    return bool(record and record["untouched"] and record.get("method") == METHOD and record.get("inputs") == names)


def _is_table(path: str) -> bool:
    """Whether a file is an earlier table."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(64)
    except OSError:
        return False
    return not start or start.startswith(BEGINNINGS)


@dataclass(eq=False)
class Progress:
    """How far a comparison has come."""

    contest: Contest | None = None
    panels: list[Panel] = field(default_factory=list)
    kept: list[Panel] = field(default_factory=list)
    waiting: list[Trial] = field(default_factory=list)
    under_way: Item | None = None


def run(
    contest: Contest,
    items: Sequence[Item],
    outputs: Outputs,
    state: Progress,
    workers: int,
    advance: Callable[[], Any],
) -> Iterator[str]:
    """Try every segmenter on every picture, and write each picture's files as soon as it is done.

    Parameters
    ----------
    contest : who takes part; its layout is chosen here. items : the pictures. outputs : where files go.
    state : takes what is done, so that it can be finished after a stop. workers : processes.
    advance : called after each trial.

    Yields
    ------
    Why a picture cannot be compared; it is left out.

    Raises
    ------
    EnvironmentFailure : workers keep dying, or the disk is full.
    """
    contest = replace(contest, layout=_layout(contest, items, outputs))
    state.contest = contest
    for number, trial in enumerate(contest_all(contest, items, workers)):
        state.under_way = items[number // len(contest.entries)]
        state.waiting.append(trial)
        advance()
        if (number + 1) % len(contest.entries) == 0:
            yield from settle(outputs, state)


def settle(outputs: Outputs, state: Progress) -> Iterator[str]:
    """Put the trials of one picture together and write its files; yields why not."""
    contest, item, trials = state.contest, state.under_way, state.waiting
    if contest is None or item is None or not trials:
        return
    try:
        panel = gather(contest, item, trials)
    except InputError as failure:
        state.waiting, state.under_way = [], None
        yield str(failure)
        return
    record = _record(contest, [item])
    if item.name in outputs.pages and contest.layout is not None:
        style = _style(contest, outputs.seconds, panel.has_truth)
        drawn = page(panel, contest.layout, style)
        _put(outputs, outputs.pages[item.name], encode_array(drawn, ".png", record))
    if panel.map is not None and item.name in outputs.masks:
        voters = {"voters": {label: list(rates) for label, rates in panel.rates.items()}}
        for word, mask, path in zip(CONSENSUS, panel.masks.values(), outputs.masks[item.name], strict=False):
            told = {**record, **voters, "consensus": word, "kind": "mask"}
            _put(outputs, path, encode_labels(mask.view(np.uint8), "mask", ".png", told))
        gray = np.rint(panel.map * 255).astype(np.uint8)
        told = {**record, **voters, "consensus": CONSENSUS[2]}
        _put(outputs, outputs.masks[item.name][2], encode_array(gray, ".png", told))
    # Not before now: a stop while files are written leaves them to `finish`.
    state.waiting, state.under_way = [], None
    state.panels.append(panel.light())
    if outputs.sheet is not None:
        # The sort keeps the order of pictures on which voters part as much, and of those without voters.
        state.kept = sorted([*state.kept, panel.light(tiles=True)], key=lambda one: -np.nan_to_num(one.parted))
        state.kept = state.kept[:MOST_ROWS]


def finish(outputs: Outputs, state: Progress) -> Told | None:
    """Write what is about all pictures; None if there is nothing to tell."""
    for _ in settle(outputs, state):
        pass
    contest = state.contest
    if contest is None or not state.panels:
        return None
    scores = contest.scores if any(panel.has_truth for panel in state.panels) else ()
    standing = standings(state.panels, scores)
    told = Told(contest, state.panels, standing, outputs.seconds)
    if outputs.sheet is not None and contest.layout is not None:
        style = _style(contest, outputs.seconds, bool(scores))
        drawn = rows(state.kept, standing, contest.layout, style, len(state.panels))
        record = _record(contest, [panel.item for panel in state.panels])
        _put(outputs, outputs.sheet, encode_array(drawn, ".png", record))
    if outputs.table is not None:
        text = table_text(told, outputs.table.lower().endswith(".json"))
        _put(outputs, outputs.table, text.encode("utf-8", "backslashreplace"))
    if outputs.consensus is not None:
        _put(outputs, outputs.agreement, agreement_text(told).encode("utf-8", "backslashreplace"))
    return told


def _layout(contest: Contest, items: Sequence[Item], outputs: Outputs) -> Any:
    """The layout of sheets: of pages by the first picture's shape, of a sheet of rows by the middle one of all."""
    sizes = []
    for item in items if outputs.sheet is not None else items[:1]:
        try:
            sizes.append(open_item(item).size)
        except InputError:
            continue
    size = sorted(sizes or [TYPICAL], key=lambda one: one[1] / one[0])[len(sizes) // 2]
    if outputs.sheet is not None:
        return rows_layout(size)
    return page_layout(contest, contest.truths is not None, size)


def _style(contest: Contest, seconds: bool, with_truth: bool) -> Style:
    about = {entry.label: entry.about for entry in contest.entries}
    return Style(contest.scores if with_truth else (), seconds, about)


def _record(contest: Contest, items: Sequence[Item]) -> dict[str, Any]:
    """Where a file came from: pictures by name and contents, segmenters with all settings."""
    data = (item.data if item.data is not None else read_bytes(item.path) for item in items)
    from segcli.segmenter import digest

    return {
        "method": METHOD,
        "version": __version__,
        "inputs": _names(items, None),
        "sha256": [digest(one) for one in data],
        "segmenters": {entry.label: dict(entry.segmenter.record) for entry in contest.entries},
        "scores": list(contest.scores),
        **({"ground": contest.ground} if contest.ground != "zero" else {}),
    }


def _put(outputs: Outputs, path: str, data: bytes) -> None:
    put(path, data)
    if path not in outputs.written:
        outputs.written.append(path)
