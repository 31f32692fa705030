"""The one place that hands functions to numba.

Kernels live in modules named `_*_kernels.py`, which are imported inside the function that needs them, so that no
command pays for numba that does not use it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

announce: Callable[[], None] | None = None
"""Called once when something is compiled that no earlier run has left on disk; the command line says so to its user."""

_listening = False


@overload
def compiled(function: Kernel) -> Kernel: ...
@overload
def compiled(*, allocates: bool) -> Callable[[Kernel], Kernel]: ...
def compiled(function: Any = None, *, allocates: bool = True) -> Any:
    """Compile a kernel on first use, and keep the result on disk where a folder for it can be written.

    A decorator. With `allocates=False` numba's run-time is left out: the kernel must not make arrays, and those it
    is handed are not reference-counted at every inner call.
    """
    return _compile(function, allocates) if function is not None else lambda kernel: _compile(kernel, allocates)


def _compile(function: Any, allocates: bool) -> Any:
    import numba

    _listen()
    options: dict[str, Any] = {"nogil": True} if allocates else {"nogil": True, "_nrt": False}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder for the cache
        return numba.njit(**options)(function)


def _listen() -> None:
    """Have numba tell of its first real compilation; loading from its cache is none."""
    global _listening
    if _listening:
        return
    _listening = True
    from numba.core import event

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            global announce
            told, announce = announce, None
            if told is not None:
                told()

        def on_end(self, event: Any) -> None:
            pass

    register: Any = event.register
    register("numba:compile", Listener())
