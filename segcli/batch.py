"""Many jobs through any executor: sorted order, a bounded queue, and a dead worker costs one file.

Progress is the caller looping over `each`; nothing is called back.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from segcli.errors import EnvironmentFailure
from segcli.job import Job, Outcome, Work, process

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future, ProcessPoolExecutor

T = TypeVar("T")
J = TypeVar("J")

QUEUED_PER_WORKER = 4
"""Chunks of jobs handed out ahead of the one whose result is due; more would only cost memory."""

MOST_TOGETHER, SECONDS_TOGETHER = 8, 0.03
"""A chunk has at most so many jobs, and no more than are done in that time."""

DEATHS_IN_A_ROW = 10
"""Broken pools without a single result between them, after which the machine is at fault."""


def segment(work: Work, jobs: Iterable[Job], workers: int = 1, threads: int = 1) -> Generator[Outcome, None, None]:
    """Segment the jobs in order, in this process, by one or several threads, or in `workers` others.

    Threads are for segmenters that compute without Python and take one picture at a time: others are read and
    written meanwhile.

    Raises
    ------
    EnvironmentFailure : workers keep dying.
    """
    if workers == 1:
        _keep_memory()
        done = map(partial(process, work), jobs) if threads == 1 else _by_threads(work, jobs, threads)
        for outcomes in done:
            yield from outcomes
        return
    pace = _Pace()
    for outcomes in each(_process, jobs, lambda: process_pool(workers, work), workers, _died, pace.together):
        yield from outcomes
        pace.learn(outcomes)


def _by_threads(work: Work, jobs: Iterable[Job], threads: int) -> Iterator[list[Outcome]]:
    """Do jobs in this process by several threads."""
    from concurrent.futures import ThreadPoolExecutor

    yield from each(partial(process, work), jobs, lambda: ThreadPoolExecutor(threads, "segcli"), threads, _died)


class _Pace:
    """How many jobs travel together: handing out quick ones singly would cost a good part of doing them."""

    def __init__(self) -> None:
        self._together = 1

    def together(self) -> int:
        return self._together

    def learn(self, outcomes: list[Outcome]) -> None:
        """Take the last job's time for that of the next ones."""
        seconds = sum(outcome.seconds for outcome in outcomes)
        self._together = max(1, min(MOST_TOGETHER, int(SECONDS_TOGETHER / max(seconds, 1e-6))))


_work: Work | None = None
"""What a worker process was started for, so that it need not come with every job."""


def _process(job: Job) -> list[Outcome]:
    """Do one job in a worker process."""
    assert _work is not None
    return process(_work, job)


def each(
    function: Callable[[J], T],
    jobs: Iterable[J],
    pools: Callable[[], Executor],
    workers: int,
    died: Callable[[J], T],
    together: Callable[[], int] = lambda: 1,
) -> Iterator[T]:
    """Map a function over jobs with an executor, in order, with a bounded number of them ahead.

    Parameters
    ----------
    function : what to do with a job; must be picklable for a process pool.
    pools : makes an executor; called again when one breaks.
    workers : how many work at once; four times as many chunks of jobs wait at most.
    died : the result of a job that killed its worker.
    together : how many jobs the next chunk holds.

    Raises
    ------
    EnvironmentFailure : pools keep breaking.
    """
    from concurrent.futures.process import BrokenProcessPool

    waiting: deque[tuple[list[J], Future[list[T]]]] = deque()
    source = iter(jobs)
    pool = pools()
    deaths = 0
    try:
        while True:
            while len(waiting) < workers * QUEUED_PER_WORKER and (chunk := list(islice(source, together()))):
                waiting.append((chunk, _submit(pool, function, chunk)))
            if not waiting:
                return
            try:
                results = waiting[0][1].result()
            except BrokenProcessPool:
                deaths += 1
                if deaths > DEATHS_IN_A_ROW:
                    raise EnvironmentFailure("workers keep dying; memory may be short: try --jobs 1.") from None
                stop_pool(pool)
                # Any job in flight may be the one at fault: try each by itself in a pool of its own.
                waiting = deque((chunk, _alone(function, chunk, future, pools, died)) for chunk, future in waiting)
                pool = pools()
                continue
            deaths = 0
            waiting.popleft()
            yield from results
    finally:
        stop_pool(pool)


def _chunk(function: Callable[[J], T], chunk: list[J]) -> list[T]:
    """Do the jobs of a chunk, in a worker."""
    return [function(job) for job in chunk]


def _submit(pool: Executor, function: Callable[[J], T], chunk: list[J]) -> Future[list[T]]:
    """Submit a chunk; a pool that is broken already gives a future that says so."""
    from concurrent.futures import Future
    from concurrent.futures.process import BrokenProcessPool

    try:
        with _interrupts_wait():
            return pool.submit(_chunk, function, chunk)
    except BrokenProcessPool as failure:
        future: Future[list[T]] = Future()
        future.set_exception(failure)
        return future


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Hold Ctrl-C back while a worker may be started: a worker inherits that, so it never sees one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _alone(
    function: Callable[[J], T],
    chunk: list[J],
    future: Future[list[T]],
    pools: Callable[[], Executor],
    died: Callable[[J], T],
) -> Future[list[T]]:
    """Try each job of a chunk whose pool broke by itself; if its worker dies again it is the job's fault."""
    from concurrent.futures import Future
    from concurrent.futures.process import BrokenProcessPool

    if future.done() and future.exception() is None:
        return future
    results = []
    pool = pools()
    for job in chunk:
        try:
            results.append(_submit(pool, function, [job]).result()[0])
        except BrokenProcessPool:
            results.append(died(job))
            stop_pool(pool)
            pool = pools()
    stop_pool(pool)
    settled: Future[list[T]] = Future()
    settled.set_result(results)
    return settled


def _died(job: Job) -> list[Outcome]:
    """The Outcome of an input that killed its worker twice."""
    message = "its worker died (killed by the system, or out of memory); try --jobs 1, or a smaller picture."
    return [Outcome(job.item.name, "failed", code="worker-died", exit_code=1, message=message)]


def process_pool(workers: int, work: Work | None = None) -> ProcessPoolExecutor:
    """Worker processes that are spawned, use one thread each and leave signals to the parent."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(work,))


def _start_worker(work: Work | None) -> None:
    """Prepare a worker process."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        # A worker whose parent was killed outright must not live on.
        threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    # Read when torch is loaded, which nothing has done yet.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from segcli.opencv import cv2

    cv2.setNumThreads(1)
    _keep_memory()
    # Modules and rows are never garbage; without this they are looked through again and again.
    gc.freeze()


def _keep_memory() -> None:
    """Have the C library keep freed arrays for the next picture, where it would return each to the system.

    glibc hands out blocks above a threshold straight from the system, page by page; freeing one block of 31 MB
    raises that threshold to its size. Elsewhere this does nothing.
    """
    import numpy as np

    np.empty(31 << 20, np.uint8)


def _leave_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def stop_pool(pool: Executor) -> None:
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
