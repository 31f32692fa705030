"""The table of methods. To add one: write `methods/<family>/<name>.py`, put its name in its row."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module

from segcli.errors import UsageError
from segcli.segmentation import Segmentation

MethodFunction = Callable[..., Segmentation]

FAMILIES: dict[str, tuple[str, ...]] = {
    "threshold": ("threshold", "otsu", "hysteresis", "local_mean", "niblack", "sauvola"),
    "edges": ("sobel", "laplacian", "log", "dog", "canny", "ridges", "regions_from_edges"),
    "regions": (
        "watershed",
        "region_growing",
        "split_and_merge",
        "felzenszwalb",
        "mean_shift",
        "hierarchical",
        "selective_search",
    ),
    "superpixels": ("slic", "watershed_superpixels"),
    "clusters": ("kmeans", "gaussian_mixture"),
    "graphs": ("graphcut", "grabcut", "random_walker", "normalized_cut", "minimum_cut"),
    "fields": ("mrf", "crf"),
    "examples": ("pixel_classifier", "superpixel_crf"),
    "contours": ("chan_vese", "geodesic_active_contour", "snake", "distance_regularized"),
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


def summary(name: str) -> str:
    """The first line of a method's docstring, read from its file: `--help` lists all without loading any."""
    path = os.path.join(os.path.dirname(__file__), NAMES[name], f"{name}.py")
    try:
        with open(path, encoding="utf-8") as source:
            text = source.read()
    except OSError:  # no sources are installed
        return (find(name).__doc__ or "").partition("\n")[0]
    return text.partition(f"\ndef {name}(")[2].partition('"""')[2].partition("\n")[0]


def all_methods() -> tuple[MethodFunction, ...]:
    """Every method function, in the order of the table."""
    return tuple(map(find, NAMES))
