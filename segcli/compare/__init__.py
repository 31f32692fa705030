"""Many segmenters over pictures: what each finds, how good that is, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from segcli.arrays import Array
from segcli.batch import each, process_pool
from segcli.errors import InputError, SegcliError, UsageError
from segcli.figures.contact_sheet import FINE, Layout, draw, fit
from segcli.files.image import Image
from segcli.files.sources import Item
from segcli.judge import Ground, Judge, TrueLabels, is_partition
from segcli.measure import foreground_share, region_count
from segcli.method import Method, describe
from segcli.segmentation import VOID, Segmentation
from segcli.segmenter import MethodSegmenter, Segmenter
from segcli.truths import Truths, open_item

WARM = 32
"""Side of the piece of a picture on which a segmenter loads its parts before its time is taken."""


@dataclass(frozen=True)
class Entry:
    """A segmenter that takes part.

    Attributes
    ----------
    label : what to call it, which is also how one asks for it.
    segmenter : with its settings. about : what a network was trained for.
    lines : it draws thin lines; they do not vote on what is object.
    """

    label: str
    segmenter: Segmenter
    about: str = ""
    lines: bool = False


def usual_entries() -> tuple[Entry, ...]:
    """Every method that needs no hint, at its defaults, and the networks that come along."""
    from segcli.learning.model_places import list_models
    from segcli.methods import all_methods

    rows = [describe(function) for function in all_methods()]
    own = [model.name for model in list_models() if model.origin == "segcli" and not model.problem]
    return tuple(entry_of(name) for name in [*(row.command for row in rows if not needs_a_hint(row)), *own])


def needs_a_hint(method: Method) -> bool:
    """Whether a method cannot begin by itself: one that is taught needs its model, the others find a start."""
    return any(knob.kind == "model" for knob in method.knobs)


def named_entries(names: Sequence[str]) -> tuple[Entry, ...]:
    """Segmenters by their words: methods with settings, models; `all` stands for the usual ones.

    Raises
    ------
    UsageError : an unknown one, one that needs a hint, or none at all.
    """
    found: dict[str, Entry] = {}
    for name in names:
        for entry in usual_entries() if name == "all" else (entry_of(name),):
            found.setdefault(entry.label, entry)
    if not found:
        raise UsageError("no method is named; leave --methods out to compare all, or name some.")
    return tuple(found.values())


def entry_of(words: str) -> Entry:
    """The segmenter that words name: a method with settings, a model, a recipe's file.

    Raises
    ------
    UsageError : there is none, or it needs a hint.
    """
    from segcli.phrase import segmenter_named

    words = " ".join(words.split())
    segmenter = segmenter_named(words)
    if isinstance(segmenter, MethodSegmenter):
        if needs_a_hint(segmenter.method):
            raise UsageError(f"{segmenter.name} needs a fitted model, so it cannot be compared by its name alone.")
        label = " ".join([segmenter.name, *words.split()[1:]])
        return Entry(label, segmenter, lines=draws_lines(segmenter))
    from segcli.network_segmenter import NetworkSegmenter

    if not isinstance(segmenter, NetworkSegmenter):
        return Entry(words, segmenter)
    card = segmenter.card
    if not words.startswith("predict "):
        # A name alone is the network as it is best used; on the processor, as all others are.
        segmenter = replace(segmenter, device="cpu", instances=card.target == "borders", to_gray=card.channels == 1)
    return Entry(words, segmenter, card.segments or card.data)


def draws_lines(segmenter: MethodSegmenter) -> bool:
    """Whether a method marks edges, not areas."""
    return segmenter.method.family == "edges" and segmenter.function != "regions_from_edges"


@dataclass(frozen=True, eq=False)
class Trial:
    """What one segmenter made of one picture.

    Attributes
    ----------
    picture, label : which.
    seconds : of a processor's time, of the segmenter alone with its parts loaded; the load of the machine is not in it.
    kind, regions, foreground : of the result; the share of foreground from 0 to 1.
    partition : regions without a background.
    scores : by name; NaN where there is nothing to score, missing where there is no sensible comparison.
    unscored : why not, in words.
    votes : object or not of each pixel, packed to bits; None of what does not vote.
    tile : the result, drawn; or None.
    fault : why there is no result. broken : why the picture or its truth cannot be read.
    """

    picture: str
    label: str
    seconds: float = 0.0
    kind: str = ""
    regions: int = 0
    foreground: float = 0.0
    partition: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)
    unscored: str = ""
    votes: Array | None = None
    tile: Array | None = None
    fault: str = ""
    broken: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was found."""
        return not self.fault and self.foreground == 0


@dataclass(frozen=True)
class Contest:
    """Tries a segmenter on a picture; all that a worker needs.

    Attributes
    ----------
    entries : who takes part. scores : names of the scores; the first ranks.
    truths : of the pictures that have one. layout : of the tiles; None: nothing is drawn.
    ground : what scores take for background of classes and partitions, as `Judge` has it.
    """

    entries: tuple[Entry, ...]
    scores: tuple[str, ...] = ()
    truths: Truths | None = None
    layout: Layout | None = None
    ground: Ground = "zero"

    def __call__(self, job: tuple[Item, int]) -> Trial:
        item, place = job
        entry = self.entries[place]
        try:
            desk = desk_of(item, self.truths)
        except InputError as failure:
            return Trial(item.name, entry.label, broken=str(failure))
        _warm(entry.segmenter, desk.image)
        start = time.process_time()
        try:
            found = entry.segmenter(desk.image, {})
        except SegcliError as failure:
            return Trial(item.name, entry.label, fault=str(failure))
        except MemoryError:
            return Trial(item.name, entry.label, fault="it needs more memory than this machine has free.")
        except Exception as failure:
            words = " ".join(f"{type(failure).__name__}: {failure}".split())
            return Trial(item.name, entry.label, fault=f"{words} (a fault of segcli)")
        return self.told(entry.label, desk, found, time.process_time() - start, entry.lines)

    def told(self, label: str, desk: Desk, found: Segmentation, seconds: float = 0.0, lines: bool = False) -> Trial:
        """Everything that is kept of a result."""
        scores, unscored = self.scored(found, desk.truth)
        tile = None
        partition = is_partition(found)
        if self.layout is not None:
            tile = draw(found, desk.shown(self.layout), self.layout, partition=partition, lines=lines)
        votes = None if lines or not has_an_object(found) else np.packbits(objects(found))
        regions, share = region_count(found), foreground_share(found)
        return Trial(desk.name, label, seconds, found.kind, regions, share, partition, scores, unscored, votes, tile)

    def scored(self, found: Segmentation, truth: TrueLabels | None) -> tuple[dict[str, float], str]:
        """Scores by name, and why others are missing."""
        scores: dict[str, float] = {}
        why = ""
        for name in self.scores if truth is not None else ():
            try:
                scores[name] = Judge(name, self.ground).score(found, truth)  # type: ignore[arg-type]
            except InputError as failure:
                why = why or str(failure)
        return scores, why


def has_an_object(found: Segmentation) -> bool:
    """Whether a result parts object from background: masks, two classes, objects that leave a background."""
    if found.kind == "classes":
        return int(found.labels[found.labels != VOID].max(initial=0)) <= 1
    return not is_partition(found)


def objects(found: Segmentation) -> Array:
    """(H, W) bool, True on the object."""
    return np.asarray((found.labels > 0) & ((found.labels != VOID) | (found.kind != "classes")))


@dataclass(eq=False)
class Desk:
    """A picture that is worked on, with what is read and drawn of it once for all segmenters."""

    item: Item
    image: Image
    truth: TrueLabels | None
    _shown: dict[Layout, Array] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The picture's."""
        return self.item.name

    @classmethod
    def open(cls, item: Item, truths: Truths | None) -> Desk:
        """Read a picture and its truth, if it has one.

        Raises
        ------
        InputError : either cannot be read; the message names it.
        """
        image = open_item(item)
        try:
            _ = image.native, image.gray, image.color
        except InputError as failure:
            raise InputError(f"{item.name!r} {failure}") from failure
        known = truths is not None and item.name in truths.examples
        return cls(item, image, truths.of(item) if truths is not None and known else None)

    def shown(self, layout: Layout) -> Array:
        """The picture as results are drawn on it."""
        if layout not in self._shown:
            self._shown[layout] = fit(self.image.color, layout, FINE)
        return self._shown[layout]


_held: Desk | None = None
_warmed: set[str] = set()


def desk_of(item: Item, truths: Truths | None) -> Desk:
    """The picture that this process worked on last, or another one in its place."""
    global _held
    if _held is None or _held.item != item:
        _held = Desk.open(item, truths)
    return _held


def _warm(segmenter: Segmenter, image: Image) -> None:
    """Let a segmenter load its libraries, compiled loops and weights, which is no part of its time."""
    import io

    from segcli.files.read import read_image

    key = f"{segmenter.record} {image.native.dtype} {image.native.ndim}"
    if key in _warmed:
        return
    _warmed.add(key)
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(image.native[:WARM, :WARM]), allow_pickle=False)
    try:
        segmenter(read_image(buffer.getvalue(), name="piece"), {})
    except Exception:
        # What is wrong with it shows on the picture itself.
        return


def contest_all(contest: Contest, items: Sequence[Item], workers: int = 1) -> Iterator[Trial]:
    """Try every segmenter on every picture, picture after picture, in this process or in `workers` others.

    Networks begin, which take long to load, then the last methods of the table, which take long.

    Raises
    ------
    EnvironmentFailure : workers keep dying.
    """
    global _held
    # What an earlier run in this process held may be another picture of the same name, or have another truth.
    _held = None
    order = list(reversed(range(len(contest.entries))))
    jobs = [(item, place) for item in items for place in order]
    if workers == 1:
        yield from map(contest, jobs)
        return

    def died(job: tuple[Item, int]) -> Trial:
        fault = "its worker died (killed by the system, or out of memory)."
        return Trial(job[0].name, contest.entries[job[1]].label, fault=fault)

    yield from each(contest, jobs, lambda: process_pool(min(workers, len(jobs))), workers, died)
