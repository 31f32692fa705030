"""Ctrl-C and SIGTERM that wait for a good moment."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def held_back(harmless: Callable[[], bool]) -> Iterator[Callable[[], bool]]:
    """Hold the first Ctrl-C or SIGTERM back; a second one strikes at once.

    Parameters
    ----------
    harmless : whether it may strike at once as well.

    Yields
    ------
    asked : whether one is held back, which strikes when this ends.
    """
    caught: list[int] = []
    before: dict[int, Any] = {}

    def strike(number: int) -> None:
        before[number](number, None)

    def note(number: int, frame: Any) -> None:
        caught.append(number)
        if len(caught) > 1 or harmless():
            strike(number)

    if threading.current_thread() is threading.main_thread():
        kinds = [signal.SIGINT, signal.SIGTERM]
        # A signal that is ignored, as under nohup, stays so.
        before = {number: signal.getsignal(number) for number in kinds if callable(signal.getsignal(number))}
    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: bool(caught)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if caught:
        strike(caught[0])
