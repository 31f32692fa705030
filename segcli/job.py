"""One input from file to files: read, segment, draw, measure, write."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, cast

import numpy as np

from segcli import __version__
from segcli.arrays import Array, Hint
from segcli.errors import EnvironmentFailure, InputError, SegcliError
from segcli.files.hints import Found, hint_record, read_hint
from segcli.files.image import Image
from segcli.files.journal import Journal
from segcli.files.limits import Limits
from segcli.files.provenance import portable
from segcli.files.read import open_pages, read_bytes, read_image
from segcli.files.sinks import STDOUT, Output, steps_folder
from segcli.files.sources import Item
from segcli.files.write import encode_array, encode_boxes, encode_labels, make_parent, write_bytes
from segcli.measure import foreground_share, measure, region_count
from segcli.segmentation import Segmentation
from segcli.segmenter import Segmenter

Status = Literal["done", "skipped", "failed", "planned"]
Files = list[tuple[Output, bytes]]


@dataclass(frozen=True, eq=False, repr=False)
class Work:
    """What is the same for every input of a run.

    steps : folder for the pictures of how each result came about.
    table : measure regions.
    columns, rows : largest size of a preview for the terminal; 0 is none. `colors` is what the terminal can show.
    journal : folder that holds the journal, when the run can be resumed.
    count : count the regions; on a megapixel mask that is a sixth of the work, and a quiet run shows nobody.
    keep : hand the Segmentation itself back, for callers in the same process.
    """

    segmenter: Segmenter
    limits: Limits = Limits()
    alpha: Literal["white", "keep", "mask"] = "white"
    steps: str | None = None
    table: bool = False
    columns: int = 0
    rows: int | None = None
    colors: Literal["truecolor", "256", "none"] = "none"
    journal: str | None = None
    count: bool = True
    keep: bool = False

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything but the input that decides the outputs' bytes in every input."""
        text = json.dumps([self.segmenter.record, self.alpha, __version__], sort_keys=True)
        return sha256(text.encode()).hexdigest()

    def identity(self, hints: Mapping[str, Any], page: int | None) -> str:
        """The same for one page of one input; `hints` as `hint_record` has them."""
        given = {name: said["sha256"] if isinstance(said, dict) else said for name, said in hints.items()}
        return sha256(json.dumps([self.fingerprint, given, page], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, eq=False, repr=False)
class Outcome:
    """What became of one input: status, and what the printed line, the table and a report need."""

    name: str
    status: Status
    page: int | None = None
    outputs: tuple[str, ...] = ()
    seconds: float = 0.0
    size: tuple[int, int] | None = None
    kind: str | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    regions: int | None = None
    foreground: float | None = None
    notes: tuple[str, ...] = ()
    code: str | None = None
    exit_code: int = 0
    message: str = ""
    trace: str = ""
    rows: Mapping[str, list[Any]] | None = None
    data: bytes | None = None
    preview: str = ""
    segmentation: Segmentation | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One input, its outputs for each page that is asked for, and the hint files that belong to it.

    pages : (page from 0, or None for the default; outputs), without those that are in place already.
    ready : outcomes of those. `problem` says why the input cannot be done at all.
    """

    item: Item
    pages: tuple[tuple[int | None, tuple[Output, ...]], ...]
    ready: tuple[Outcome, ...] = ()
    hints: Found = ()
    problem: str | None = None


def process(work: Work, job: Job) -> list[Outcome]:
    """Do one job; every failure becomes an Outcome, so a batch goes on."""
    outcomes = list(job.ready)
    start = time.perf_counter()
    try:
        if job.problem is not None:
            raise InputError(job.problem)
        for outcome in _pages(work, job):
            outcomes.append(replace(outcome, seconds=time.perf_counter() - start))
            start = time.perf_counter()
    except SegcliError as failure:
        outcomes.append(_failed(job, failure.code, str(failure), start, failure.exit_code))
    except MemoryError:
        outcomes.append(_failed(job, "memory", "it needs more memory than this machine has free.", start))
    except Exception as failure:
        message = f"{type(failure).__name__}: {failure} (a fault of segcli; --debug shows where)"
        outcomes.append(_failed(job, "internal", " ".join(message.split()), start))
    return sorted(outcomes, key=lambda outcome: (outcome.status == "failed", outcome.page or 0))


def _failed(job: Job, code: str, message: str, start: float, exit_code: int = 1) -> Outcome:
    """The Outcome of the exception being handled."""
    seconds = time.perf_counter() - start
    trace = traceback.format_exc()
    return Outcome(
        job.item.name, "failed", seconds=seconds, code=code, message=message, exit_code=exit_code, trace=trace
    )


def _pages(work: Work, job: Job) -> Iterator[Outcome]:
    """Segment the pages of one file."""
    if not job.pages:
        return
    data = job.item.data if job.item.data is not None else read_bytes(job.item.path)
    hints = {name: read_hint(name, kind, value) for name, kind, value in job.hints}
    said = hint_record(job.hints)
    for (page, outputs), image in zip(job.pages, _images(work, job, data), strict=True):
        record = {**({"hints": said} if said else {}), "work": work.identity(said, page)}
        yield _segment(work, job, image, page, outputs, hints, record)


def _images(work: Work, job: Job, data: bytes) -> Iterator[Image]:
    """The images of the pages asked for, one at a time."""
    pages = [page for page, _ in job.pages]
    if len(pages) == 1:
        yield read_image(data, name=job.item.name, page=pages[0], alpha=work.alpha, limits=work.limits)
        return
    wanted = set(pages)
    for image in open_pages(data, name=job.item.name, alpha=work.alpha, limits=work.limits):
        if image.page in wanted:
            yield image


def _segment(
    work: Work,
    job: Job,
    image: Image,
    page: int | None,
    outputs: tuple[Output, ...],
    hints: dict[str, Hint],
    record: dict[str, Any],
) -> Outcome:
    """Segment one image and put every output in place."""
    given = dict(hints)
    result = work.segmenter(image, given, counted_pixels(given.pop("roi", None), image, work))
    record = {
        **work.segmenter.record,
        **record,
        "version": __version__,
        "input": os.path.basename(portable(job.item.name)),
        "sha256": image.digest,
        "kind": result.kind,
        **({"page": page} if page is not None else {}),
        **({"alpha": work.alpha} if work.alpha != "white" else {}),
    }
    files = [(output, encoded(output, result, image, record)) for output in outputs]
    height, width = result.labels.shape
    summary: dict[str, Any] = {
        "size": (width, height),
        "kind": result.kind,
        "numbers": {name: _plain(value) for name, value in result.numbers.items()},
        "choices": dict(result.choices),
        "regions": region_count(result) if work.count else None,
        "foreground": foreground_share(result),
    }
    rows = _rows(result, image) if work.table else None
    drawn = [] if work.steps is None else drawn_steps(steps_folder(work.steps, job.item, page), result, image, record)
    _put(work, job, image, files, drawn, record["work"], rows, summary)
    return Outcome(
        job.item.name,
        "done",
        page,
        tuple(output.path for output, _ in files if output.path != STDOUT),
        notes=(*image.notes, *result.notes),
        rows=rows,
        data=next((data for output, data in files if output.path == STDOUT), None),
        preview=_preview(work, result, image) if work.columns else "",
        segmentation=result if work.keep else None,
        **summary,
    )


def counted_pixels(roi: Any, image: Image, work: Work) -> Array | None:
    """(H, W) bool of the pixels that count: inside the region, and not transparent where that is asked for."""
    if work.alpha != "mask" or image.alpha is None:
        return None if roi is None else np.asarray(roi)
    opaque = image.alpha > 0
    if roi is not None and roi.shape == opaque.shape:
        return np.asarray(roi & opaque)
    return opaque if roi is None else np.asarray(roi)


def _put(
    work: Work,
    job: Job,
    image: Image,
    files: Files,
    steps: Files,
    work_id: str,
    rows: Mapping[str, list[Any]] | None,
    summary: dict[str, Any],
) -> None:
    """Write the outputs and steps, all encoded by now; the journal's line goes first."""
    files = [(output, data) for output, data in files if output.path != STDOUT]
    for output, _ in files + steps:
        make_parent(output.path)
    if work.journal is not None and job.item.data is None:
        hashes, drawn = ([(output, sha256(data).hexdigest()) for output, data in group] for group in (files, steps))
        Journal(work.journal).add(job.item.path, image.digest, hashes, work_id, rows, summary, drawn)
    for output, data in files + steps:
        try:
            write_bytes(output.path, data)
        except EnvironmentFailure as failure:
            raise EnvironmentFailure(f"{output.path!r} {failure}") from failure


def encoded(output: Output, result: Segmentation, image: Image, record: dict[str, Any]) -> bytes:
    """One output as bytes in the format of its ending."""
    ending = ".png" if output.path == STDOUT else os.path.splitext(output.path)[1].lower()
    if output.path == STDOUT and output.kind == "scores":
        ending = ".npz"
    record = {**record, "as": output.kind}
    if output.kind == "mask":
        return encode_labels(result.labels, result.kind, ending, record)
    if output.kind == "labels":
        return encode_labels(result.labels, result.kind, ending, record, plain=True)
    if output.kind == "scores":
        if result.scores is None:
            raise InputError("this method gives no scores; leave out --as scores.")
        return encode_array(result.scores, ending, record)
    if output.kind == "boxes":
        if result.boxes is None or result.ranks is None:
            raise InputError("this method proposes no boxes; ask for another kind of output with --as.")
        return encode_boxes(result.boxes, result.ranks, result.labels.shape[::-1], record)
    if output.kind == "palette" and result.kind == "classes" and ending == ".png":
        return encode_labels(result.labels, result.kind, ending, record)
    from segcli.figures.render import Picture, render

    return encode_array(render(cast(Picture, output.kind), result, image.color), ending, record)


def _rows(result: Segmentation, image: Image) -> dict[str, list[Any]]:
    """Measurements of the regions, or of what is proposed, as plain lists."""
    if result.boxes is not None and result.ranks is not None:
        columns = zip(("left", "top", "right", "bottom"), result.boxes.T, strict=True)
        return {"rank": result.ranks.tolist(), **{name: column.tolist() for name, column in columns}}
    return {name: [_plain(value) for value in column] for name, column in measure(result, image.gray).items()}


def _plain(value: Any) -> Any:
    """A numpy number as Python's own."""
    return value.item() if hasattr(value, "item") else value


def drawn_steps(folder: str, result: Segmentation, image: Image, record: Mapping[str, Any]) -> Files:
    """The numbered pictures of how a result came about."""
    import logging

    # Where it can keep no settings, matplotlib says so at length.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from segcli.figures.steps import steps

    return [
        (Output("step", os.path.join(folder, f"{name}.png")), encode_array(picture, ".png", {**record, "as": "step"}))
        for name, picture in steps(result, image.color)
    ]


def _preview(work: Work, result: Segmentation, image: Image) -> str:
    """The overlay as text."""
    from segcli.figures.render import render
    from segcli.figures.terminal import half_blocks

    return half_blocks(render("overlay", result, image.color), work.columns, color=work.colors, rows=work.rows)
