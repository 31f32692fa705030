"""The batch engine: order, a bounded queue, dead workers."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

import pytest
from tools.crashing import die_on_bad, died, path_of, slow_first

from segcli.batch import each, process_pool, worker_count
from segcli.errors import EnvironmentFailure
from segcli.files.sources import Item
from segcli.job import Job


def jobs(*names: str) -> list[Job]:
    return [Job(Item(name), ()) for name in names]


def two_threads() -> Executor:
    return ThreadPoolExecutor(2)


def test_results_come_in_the_order_of_the_jobs_whatever_finishes_first() -> None:
    names = [str(number) for number in range(20)]
    assert list(each(slow_first, jobs(*names), two_threads, 2, died)) == names


def test_no_more_jobs_are_taken_than_the_queue_holds() -> None:
    taken = 0

    def source() -> Iterator[Job]:
        nonlocal taken
        for job in jobs(*map(str, range(100))):
            taken += 1
            yield job

    results = each(path_of, source(), two_threads, 1, died)
    for done in range(1, 50):
        next(results)
        assert taken <= done + 4
    results.close()


def test_a_job_that_kills_its_worker_is_one_failure_and_the_rest_complete() -> None:
    names = [f"{number:02d}" for number in range(12)]
    names[3] = "bad 3"
    names[9] = "bad 9"
    results = list(each(die_on_bad, jobs(*names), lambda: process_pool(2), 2, died))
    assert results == [f"died: {name}" if "bad" in name else name for name in names]


def test_jobs_that_travel_together_keep_their_order_and_die_alone() -> None:
    names = [f"{number:02d}" for number in range(25)]
    names[6] = "bad 6"
    results = list(each(die_on_bad, jobs(*names), lambda: process_pool(2), 2, died, lambda: 4))
    assert results == [f"died: {name}" if "bad" in name else name for name in names]


def test_an_error_of_the_function_reaches_the_caller() -> None:
    def fail(job: Job) -> str:
        raise ValueError(job.item.path)

    with pytest.raises(ValueError, match="x"):
        list(each(fail, jobs("x"), two_threads, 1, died))


def test_workers_that_never_work_stop_the_run() -> None:
    from concurrent.futures import Future
    from concurrent.futures.process import BrokenProcessPool

    class Broken(ThreadPoolExecutor):
        def submit(self, *arguments: object, **settings: object) -> Future:  # type: ignore[override, type-arg]
            raise BrokenProcessPool("dead")

    def never(job: Job) -> str:
        raise EnvironmentFailure("no result to stand in")

    with pytest.raises(EnvironmentFailure):
        list(each(path_of, jobs("a"), lambda: Broken(1), 1, never))


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals are masked on POSIX systems")
def test_ctrl_c_never_reaches_a_worker_not_even_one_that_is_starting() -> None:
    masked = partial(signal.pthread_sigmask, signal.SIG_BLOCK)
    for blocked in each(masked, [[], []], lambda: process_pool(1), 1, died):  # type: ignore[arg-type, list-item]
        assert signal.SIGINT in blocked
    assert signal.SIGINT not in masked([])


def test_zero_jobs_means_one_a_core() -> None:
    import os

    assert worker_count(3) == 3
    assert worker_count(0) == len(os.sched_getaffinity(0))
