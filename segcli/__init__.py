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
    from segcli.methods.clusters.gaussian_mixture import gaussian_mixture as gaussian_mixture
    from segcli.methods.clusters.kmeans import kmeans as kmeans
    from segcli.methods.contours.chan_vese import chan_vese as chan_vese
    from segcli.methods.contours.distance_regularized import distance_regularized as distance_regularized
    from segcli.methods.contours.geodesic_active_contour import geodesic_active_contour as geodesic_active_contour
    from segcli.methods.contours.snake import snake as snake
    from segcli.methods.edges.canny import canny as canny
    from segcli.methods.edges.dog import dog as dog
    from segcli.methods.edges.laplacian import laplacian as laplacian
    from segcli.methods.edges.log import log as log
    from segcli.methods.edges.regions_from_edges import regions_from_edges as regions_from_edges
    from segcli.methods.edges.ridges import ridges as ridges
    from segcli.methods.edges.sobel import sobel as sobel
    from segcli.methods.examples.pixel_classifier import pixel_classifier as pixel_classifier
    from segcli.methods.examples.superpixel_crf import superpixel_crf as superpixel_crf
    from segcli.methods.fields.crf import crf as crf
    from segcli.methods.fields.mrf import mrf as mrf
    from segcli.methods.graphs.grabcut import grabcut as grabcut
    from segcli.methods.graphs.graphcut import graphcut as graphcut
    from segcli.methods.graphs.minimum_cut import minimum_cut as minimum_cut
    from segcli.methods.graphs.normalized_cut import normalized_cut as normalized_cut
    from segcli.methods.graphs.random_walker import random_walker as random_walker
    from segcli.methods.regions.felzenszwalb import felzenszwalb as felzenszwalb
    from segcli.methods.regions.hierarchical import hierarchical as hierarchical
    from segcli.methods.regions.mean_shift import mean_shift as mean_shift
    from segcli.methods.regions.region_growing import region_growing as region_growing
    from segcli.methods.regions.selective_search import selective_search as selective_search
    from segcli.methods.regions.split_and_merge import split_and_merge as split_and_merge
    from segcli.methods.regions.watershed import watershed as watershed
    from segcli.methods.saliency.bms import bms as bms
    from segcli.methods.saliency.gbvs import gbvs as gbvs
    from segcli.methods.saliency.itti import itti as itti
    from segcli.methods.saliency.spectral_residual import spectral_residual as spectral_residual
    from segcli.methods.superpixels.slic import slic as slic
    from segcli.methods.superpixels.watershed_superpixels import watershed_superpixels as watershed_superpixels
    from segcli.methods.threshold.hysteresis import hysteresis as hysteresis
    from segcli.methods.threshold.local_mean import local_mean as local_mean
    from segcli.methods.threshold.niblack import niblack as niblack
    from segcli.methods.threshold.otsu import otsu as otsu
    from segcli.methods.threshold.sauvola import sauvola as sauvola
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
