"""Image segmentation: one function for every method, the same checks for every caller.

    import segcli

    image = segcli.read_image("coins.jpg")
    result = segcli.otsu(image, classes=3)
    segcli.write_labels("coins.png", result)

Everything is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from segcli.methods import NAMES, find

__version__ = "0.1.0"

if TYPE_CHECKING:
    from segcli.cleanup import Cleanup as Cleanup
    from segcli.errors import EnvironmentFailure as EnvironmentFailure
    from segcli.errors import InputError as InputError
    from segcli.errors import SegcliError as SegcliError
    from segcli.errors import SettingError as SettingError
    from segcli.errors import UsageError as UsageError
    from segcli.files.labels import read_labels as read_labels
    from segcli.files.read import read_pixels as read_image  # noqa: F401
    from segcli.files.write import write_labels as write_labels
    from segcli.measure import measure as measure
    from segcli.method import run as run
    from segcli.methods.clusters.kmeans import kmeans as kmeans
    from segcli.methods.graphs.grabcut import grabcut as grabcut
    from segcli.methods.graphs.graphcut import graphcut as graphcut
    from segcli.methods.regions.watershed import watershed as watershed
    from segcli.methods.threshold.otsu import otsu as otsu
    from segcli.methods.threshold.threshold import threshold as threshold
    from segcli.segmentation import Segmentation as Segmentation

_HOMES = {
    "Cleanup": "cleanup.Cleanup",
    "EnvironmentFailure": "errors.EnvironmentFailure",
    "InputError": "errors.InputError",
    "SegcliError": "errors.SegcliError",
    "SettingError": "errors.SettingError",
    "UsageError": "errors.UsageError",
    "Segmentation": "segmentation.Segmentation",
    "measure": "measure.measure",
    "read_image": "files.read.read_pixels",
    "read_labels": "files.labels.read_labels",
    "run": "method.run",
    "write_labels": "files.write.write_labels",
}
__all__ = [*_HOMES, *NAMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        module, _, attribute = _HOMES[name].rpartition(".")
        found = getattr(importlib.import_module(f"segcli.{module}"), attribute)
    elif name in NAMES:
        from segcli.method import checked

        found = checked(find(name))
    else:
        raise AttributeError(f"module 'segcli' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
