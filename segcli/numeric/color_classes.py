"""A first grouping of pixels by color, and the order in which classes are numbered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.numeric.clustering import partition
from segcli.numeric.samples import feature_points, samples

_LUMA = np.array([0.299, 0.587, 0.114])
"""Rec. 601."""


def dark_to_light(means: NDArray[np.float64], is_rgb: bool) -> NDArray[np.intp]:
    """Order (classes, features) means by luma where they are RGB, else by the first feature; equal ones by all.

    Examples
    --------
    >>> dark_to_light(np.array([[0.0, 0, 255], [90, 90, 90], [255, 0, 0]]), True).tolist()
    [0, 2, 1]
    """
    brightness = means @ _LUMA if is_rgb else means[:, 0]
    return np.lexsort((*means.T[::-1], brightness))


def color_classes(image: Array, classes: int, valid: Array | None = None, seed: int = 0) -> NDArray[np.uint8] | None:
    """Group pixels by color with k-means, (H, W), 0 the darkest; None where all pixels that count are equal.

    Raises
    ------
    InputError
        Fewer distinct colors than classes, but more than one.

    Examples
    --------
    >>> color_classes(np.array([[200, 10, 12]], np.uint8), 2).tolist()
    [[1, 0, 0]]
    """
    pixels = samples(image, valid)
    if (pixels.colors == pixels.colors[0]).all():
        return None
    points, _ = feature_points(pixels, "rgb", 0.0)
    found = partition(points, pixels.weights, classes, seed=seed)
    return pixels.paint(np.argsort(dark_to_light(found.centers, image.ndim == 3)).astype(np.uint8)[found.labels])
