"""The workers of a search: processes that are started once and keep their pictures from cycle to cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

from segcli.batch import each, process_pool, stop_pool
from segcli.tuning.trials import Examiner, Trial, Tried

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor


class Crew:
    """Does trials in order, in this process or by several others; call `close` at the end.

    Parameters
    ----------
    examiner : does one trial.
    workers : how many processes; 1 is this one.
    """

    def __init__(self, examiner: Examiner, workers: int) -> None:
        self._examiner = examiner
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __call__(self, trials: Sequence[Trial]) -> Iterator[Tried]:
        """Do trials; yields what came of them, in order.

        Raises
        ------
        EnvironmentFailure : workers keep dying.
        """
        if self._workers == 1:
            yield from map(self._examiner, trials)
            return
        yield from each(self._examiner, trials, self._pools(), self._workers, _died)

    def close(self) -> None:
        """End the workers; those that still work get two seconds."""
        if self._pool is not None:
            stop_pool(self._pool)
            self._pool = None

    def _pools(self) -> Callable[[], Executor]:
        """Gives the pool there is; asked again, which happens when it broke, a new one."""
        asked = 0

        def pool() -> Executor:
            nonlocal asked
            asked += 1
            if asked > 1:
                self.close()
            if self._pool is None:
                self._pool = process_pool(self._workers)
            return _Lent(self._pool)

        return pool


class _Lent(Executor):
    """A pool that outlives its borrower: shut down, it only drops what has not begun."""

    def __init__(self, pool: Executor) -> None:
        self._real = pool
        self._handed: list[Future[Any]] = []

    def submit(self, function: Callable[..., Any], /, *values: Any) -> Future[Any]:  # type: ignore[override]
        """Hand a job to the pool."""
        future = self._real.submit(function, *values)
        self._handed.append(future)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Drop what has not begun."""
        for future in self._handed:
            future.cancel()


def _died(trial: Trial) -> Tried:
    """What is said of a trial that ended its worker."""
    return Tried(problem="its process died (killed by the system, or out of memory)")
