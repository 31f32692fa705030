"""The table of image filters. To add one: write `filters/<name>.py` and put its name here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from segcli.arrays import Array
from segcli.errors import UsageError

FilterFunction = Callable[..., Array]

NAMES = ("gray", "smooth", "median", "equalize", "clahe", "background")
"""Every filter. Names, not functions: a recipe loads those that it uses."""


def find(name: str) -> FilterFunction:
    """Return the filter of a name, or raise UsageError."""
    if name not in NAMES:
        raise UsageError(f"there is no filter {name!r}; known are {', '.join(NAMES)}.")
    function: FilterFunction = getattr(import_module(f"segcli.filters.{name}"), name)
    return function
