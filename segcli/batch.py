"""Many jobs through any executor: sorted order, a bounded queue, and a dead worker costs one file.

Progress is the caller looping over `each`; nothing is called back.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from segcli.errors import EnvironmentFailure
from segcli.job import Job, Outcome, Work, process

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future, ProcessPoolExecutor

T = TypeVar("T")

QUEUED_PER_WORKER = 4
"""Jobs handed out ahead of the one whose result is due; more would only cost memory."""

DEATHS_IN_A_ROW = 10
"""Broken pools without a single result between them, after which the machine is at fault."""


def segment(work: Work, jobs: Iterable[Job], workers: int = 1) -> Generator[Outcome, None, None]:
    """Segment the jobs in order, in this process or in `workers` others.

    Raises
    ------
    EnvironmentFailure : workers keep dying.
    """
    if workers == 1:
        for job in jobs:
            yield from process(work, job)
        return
    for outcomes in each(
        partial(process, work), jobs, lambda: process_pool(workers), workers * QUEUED_PER_WORKER, _died
    ):
        yield from outcomes


def each(
    function: Callable[[Job], T],
    jobs: Iterable[Job],
    pools: Callable[[], Executor],
    queue: int,
    died: Callable[[Job], T],
) -> Iterator[T]:
    """Map a function over jobs with an executor, in order, at most `queue` of them ahead.

    Parameters
    ----------
    function : what to do with a job; must be picklable for a process pool.
    pools : makes an executor; called again when one breaks.
    queue : length of the queue.
    died : the result of a job that killed its worker.

    Raises
    ------
    EnvironmentFailure : pools keep breaking.
    """
    from concurrent.futures.process import BrokenProcessPool

    waiting: deque[tuple[Job, Future[T]]] = deque()
    source = iter(jobs)
    pool = pools()
    deaths = 0
    try:
        while True:
            for job in islice(source, queue - len(waiting)):
                waiting.append((job, _submit(pool, function, job)))
            if not waiting:
                return
            try:
                result = waiting[0][1].result()
            except BrokenProcessPool:
                deaths += 1
                if deaths > DEATHS_IN_A_ROW:
                    raise EnvironmentFailure("workers keep dying; memory may be short: try --jobs 1.") from None
                _stop(pool)
                # Any job in flight may be the one at fault: try each by itself in a pool of its own.
                waiting = deque((job, _alone(function, job, future, pools, died)) for job, future in waiting)
                pool = pools()
                continue
            deaths = 0
            waiting.popleft()
            yield result
    finally:
        _stop(pool)


def _submit(pool: Executor, function: Callable[[Job], T], job: Job) -> Future[T]:
    """Submit a job; a pool that is broken already gives a future that says so."""
    from concurrent.futures import Future
    from concurrent.futures.process import BrokenProcessPool

    try:
        return pool.submit(function, job)
    except BrokenProcessPool as failure:
        future: Future[T] = Future()
        future.set_exception(failure)
        return future


def _alone(
    function: Callable[[Job], T], job: Job, future: Future[T], pools: Callable[[], Executor], died: Callable[[Job], T]
) -> Future[T]:
    """Try a job whose pool broke by itself; if its worker dies again it is the job's fault."""
    from concurrent.futures import Future
    from concurrent.futures.process import BrokenProcessPool

    if future.done() and future.exception() is None:
        return future
    pool = pools()
    settled: Future[T] = Future()
    try:
        settled.set_result(pool.submit(function, job).result())
    except BrokenProcessPool:
        settled.set_result(died(job))
    finally:
        _stop(pool)
    return settled


def _died(job: Job) -> list[Outcome]:
    """The Outcome of an input that killed its worker twice."""
    message = "its worker died (killed by the system, or out of memory); try --jobs 1, or a smaller picture."
    return [Outcome(job.item.name, "failed", code="worker-died", exit_code=1, message=message)]


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Worker processes that are spawned, use one thread each and leave signals to the parent."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)


def _start_worker() -> None:
    """Prepare a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        # A worker whose parent was killed outright must not live on.
        threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    from segcli.opencv import cv2

    cv2.setNumThreads(1)


def _leave_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _stop(pool: Executor) -> None:
    """Drop what is queued, give running jobs two seconds to finish, then end the workers."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    deadline = threading.Event()
    for _ in range(100):
        if not any(worker.is_alive() for worker in processes):
            return
        deadline.wait(0.02)
    for worker in processes:
        with suppress(Exception):
            worker.terminate()
            worker.join(0.5)


def worker_count(asked: int) -> int:
    """Number of processes for --jobs: 0 is one for each core that this process may use."""
    if asked:
        return asked
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
