"""The table of methods. To add one: write `methods/<family>/<name>.py`, put its name in its row."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from segcli.errors import UsageError
from segcli.segmentation import Segmentation

MethodFunction = Callable[..., Segmentation]

FAMILIES: dict[str, tuple[str, ...]] = {
    "threshold": ("threshold", "otsu"),
    "edges": (),
    "regions": ("watershed",),
    "superpixels": (),
    "clusters": ("kmeans",),
    "graphs": ("graphcut", "grabcut"),
    "fields": (),
    "examples": (),
    "contours": (),
    "saliency": ("spectral_residual", "itti", "gbvs", "bms"),
}
"""Every method under its family. Names, not functions: a command loads the one method it runs."""

NAMES: dict[str, str] = {name: family for family, names in FAMILIES.items() for name in names}


def find(name: str) -> MethodFunction:
    """Return the method of a name (`chan_vese` or `chan-vese`), or raise UsageError with the nearest one."""
    key = name.replace("-", "_")
    if key not in NAMES:
        from difflib import get_close_matches

        close = get_close_matches(key, NAMES, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(NAMES)}."
        raise UsageError(f"there is no method {name!r}; {hint}")
    function: MethodFunction = getattr(import_module(f"segcli.methods.{NAMES[key]}.{key}"), key)
    return function


def all_methods() -> tuple[MethodFunction, ...]:
    """Every method function, in the order of the table."""
    return tuple(map(find, NAMES))
