"""What a run would do, and about how long and how much memory that would take: --dry-run."""

from __future__ import annotations

import json as jsonlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from segcli.cli.report import about, as_json, printable
from segcli.errors import SegcliError
from segcli.job import Job, Outcome

if TYPE_CHECKING:
    from segcli.cli.request import Request
    from segcli.estimate import Estimate
    from segcli.files.image import Image

SAMPLED = 24
"""Pictures whose sizes are looked at, spread evenly over all."""

TRIED = 3
"""Pictures that are tried to measure on."""

START_UP = 0.6
"""Seconds that a worker process takes before its first picture."""


LONG = 0.3
"""Seconds of reading a picture that are not spent twice."""


@dataclass(frozen=True)
class Forecast:
    """What is expected of a run.

    Attributes
    ----------
    estimate : of time and memory, or None. problem : why there is none.
    sizes : width and height of the pictures that were looked at.
    pictures, workers : how many there are to do, and processes.
    networks : how each network will go about the largest picture.
    """

    estimate: Estimate | None
    sizes: tuple[tuple[int, int], ...]
    pictures: int
    workers: int
    networks: tuple[dict[str, Any], ...] = ()
    problem: str = ""

    @property
    def largest(self) -> tuple[int, int]:
        """Size of the largest picture."""
        return max(self.sizes, key=lambda size: size[0] * size[1])

    @property
    def seconds(self) -> float:
        """Of the whole run."""
        assert self.estimate is not None
        each = np.mean([self.estimate.seconds_for(width * height) for width, height in self.sizes])
        return float(each) * self.pictures / self.workers + (START_UP if self.workers > 1 else 0.0)

    @property
    def memory(self) -> float:
        """Bytes of all processes at their peak."""
        assert self.estimate is not None
        windows = sum(network["bytes"] for network in self.networks if network["device"] == "cpu")
        return float(self.estimate.memory_for(self.largest[0] * self.largest[1]) + windows) * self.workers

    def lines(self) -> Iterator[str]:
        """What is said of it."""
        for network in self.networks:
            across, down = network["windows"]
            size = "{} x {}".format(*network["window"])
            windows = f"{across * down} windows ({across} x {down}) of" if across * down > 1 else "one window of"
            yield f"network: {network['model']} on {network['device']}, {windows} {size} pixels for the largest picture"
        if self.estimate is None:
            yield f"no estimate of time and memory: {self.problem}"
            return
        width, height = self.largest
        each = self.estimate.seconds_for(width * height)
        told = f"about {_seconds(each)} for a picture of {width} x {height}"
        if self.pictures > 1:
            by = f" with {self.workers} workers" if self.workers > 1 else ""
            told += f", {_seconds(self.seconds)} for {self.pictures:,} pictures{by}"
        yield f"estimate: {told}, and {_bytes(self.memory)} of memory; {self.estimate.how}, so no promise"

    def record(self) -> dict[str, Any]:
        """The same as JSON values."""
        found: dict[str, Any] = {"networks": list(self.networks)} if self.networks else {}
        if self.estimate is None:
            return {**found, "problem": self.problem}
        width, height = self.largest
        return {
            **found,
            "seconds": _rounded(self.seconds),
            "seconds_each": _rounded(self.estimate.seconds_for(width * height)),
            "bytes": round(self.memory),
            "size": [width, height],
            "pictures": self.pictures,
            "workers": self.workers,
            "how": self.estimate.how,
        }


def _rounded(seconds: float) -> float:
    """Two digits; there are no more in it."""
    return float(f"{seconds:.2g}")


def _seconds(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 1:
        return f"{_rounded(max(seconds, 0.01)):g} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _bytes(count: float) -> str:
    """An amount of memory as people say it."""
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def print_plan(request: Request, command: str, workers: int, *, json: bool, quiet: bool) -> None:
    """Print what a run would do: one line an output, or one JSON object a page."""
    jobs = list(request.jobs())
    forecast = None if quiet else foresee(request, jobs, workers)
    for job in jobs:
        if json:
            _print_json(job, request.work.segmenter.record, forecast)
            continue
        for outcome in job.ready:
            print(f"{printable(job.item.name)} -> {', '.join(map(printable, outcome.outputs))}  in place already")
        for _, outputs in job.pages:
            for output in outputs:
                print(f"{printable(job.item.name)} -> {printable(output.path)}  {output.kind}")
        if job.problem:
            print(f"segcli {command}: {about(job.item.name, job.problem)}", file=sys.stderr)
    sys.stdout.flush()
    if forecast is not None and not json:
        for line in forecast.lines():
            print(line, file=sys.stderr)
    print(f"{len(request.items)} inputs; nothing was written", file=sys.stderr)


def _print_json(job: Job, record: dict[str, Any], forecast: Forecast | None) -> None:
    """What a run would do with one input, as the objects that the run would print."""
    outcomes = list(job.ready)
    for page, outputs in job.pages:
        outcomes.append(Outcome(job.item.name, "planned", page, tuple(output.path for output in outputs)))
    if job.problem:
        outcomes.append(Outcome(job.item.name, "failed", code="bad-input", exit_code=1, message=job.problem))
    for outcome in outcomes:
        known = {} if forecast is None or outcome.status != "planned" else {"estimate": forecast.record()}
        print(jsonlib.dumps({**jsonlib.loads(as_json(outcome, record)), **known}))


def foresee(request: Request, jobs: list[Job], workers: int) -> Forecast | None:
    """Measure on a picture of the run what all will take; None where there is nothing to do."""
    from segcli.estimate import estimate, network_plans

    planned = [job for job in jobs if job.pages]
    pictures = sum(len(job.pages) for job in planned)
    if not planned:
        return None
    places = np.unique(np.linspace(0, len(planned) - 1, min(SAMPLED, len(planned))).astype(int))
    found = [(planned[place], size) for place in places if (size := _size(request, planned[place])) is not None]
    if not found:
        return Forecast(None, (), pictures, workers, problem="none of the pictures can be read")
    sizes = tuple(size for _, size in found)
    workers = min(workers, len(planned))
    segmenter = request.work.segmenter
    networks, problem = tuple(network_plans(segmenter, sizes)), ""
    # One of middling size is measured on; where that is refused, two more are tried.
    middle = float(np.median([width * height for width, height in sizes]))
    for job, size in sorted(found, key=lambda pair: abs(pair[1][0] * pair[1][1] - middle))[:TRIED]:
        try:
            image, reading, invented = _picture(request, job, size)
            made = estimate(segmenter, image, {} if invented else _hints(job), reading)
            return Forecast(replace(made, made_up=invented), sizes, pictures, workers, networks)
        except SegcliError as failure:
            problem = problem or str(failure)
    return Forecast(None, sizes, pictures, workers, networks, problem)


def _size(request: Request, job: Job) -> tuple[int, int] | None:
    """Width and height of a picture by its header; None if it cannot be read."""
    from segcli.files.read import open_source

    try:
        source = job.item.data if job.item.data is not None else job.item.path
        header = open_source(source, limits=request.work.limits)[0].header(job.pages[0][0] or 0)
    except SegcliError:
        return None
    return header.width, header.height


def _picture(request: Request, job: Job, size: tuple[int, int]) -> tuple[Image, float, bool]:
    """A picture to measure on, the seconds a pixel that reading it took, and whether it is made up."""
    from segcli.estimate import READ_OUTRIGHT, made_up
    from segcli.files.read import read_image

    source = job.item.data if job.item.data is not None else job.item.path
    work = request.work
    # The first picture loads what reads pictures.
    for patient in (True, False):
        start = time.perf_counter()
        image = read_image(source, name=job.item.name, page=job.pages[0][0], alpha=work.alpha, limits=work.limits)
        if size[0] * size[1] > READ_OUTRIGHT:
            return made_up(*size, image.header.channels, image.header.type), 0.0, True
        pixels = image.native
        seconds = time.perf_counter() - start
        if not patient or seconds > LONG:
            break
    return image, seconds / (pixels.shape[0] * pixels.shape[1]), False


def _hints(job: Job) -> dict[str, Any]:
    """The hints of a picture."""
    from segcli.files.hints import read_hint

    return {name: read_hint(name, kind, value) for name, kind, value in job.hints}
