"""K-means and k-medians of gray levels or colors, with or without position."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Color, Gray, Param, Valid
from segcli.numeric.clustering import partition
from segcli.numeric.forms import as_gray
from segcli.numeric.samples import feature_points, samples
from segcli.segmentation import Segmentation

_LUMA = np.array([0.299, 0.587, 0.114])
"""Rec. 601."""


def kmeans(
    image: Gray | Color,
    *,
    valid: Valid = None,
    classes: Annotated[int, Param(min=2, max=255)] = 2,
    features: Literal["auto", "gray", "color", "gray+position", "color+position"] = "auto",
    space: Literal["rgb", "lab"] = "rgb",
    distance: Literal["l2", "l1"] = "l2",
    position_weight: Annotated[float, Param(min=0, unit="intensity per pixel")] | Literal["auto"] = "auto",
    seeding: Literal["k-means++", "random"] = "k-means++",
    restarts: Annotated[int, Param(min=1, max=1000)] = 10,
    iterations: Annotated[int, Param(min=1, max=100_000)] = 300,
    tolerance: Annotated[float, Param(min=0, unit="intensity")] = 0.0,
    seed: Annotated[int, Param(min=0)] = 0,
) -> Segmentation:
    """Group pixels into classes of similar color around their means.

    Each pixel goes to the nearest of a few centers, each center to the mean of its pixels, in turns. Works when
    objects differ from each other in color and each is of about one color. Fails where light changes
    across an object, and on small classes: groups of similar extent are preferred. Not exact: chance decides the
    starts, and the best of them is kept.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        In its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that take part.
    classes : int
        Number of classes.
    features : auto, gray, color, gray+position or color+position
        What pixels are compared by; auto is color, or gray on a gray image, where color means gray too. With position
        classes are compact regions of the picture.
    space : rgb or lab
        Compare colors as they are stored, or in CIE L*a*b* (D65, from sRGB), where distances are closer to what the
        eye sees. Gray images use L* alone.
    distance : l2 or l1
        l2 has squared Euclidean distances and means for centers; l1 has city-block distances and medians (k-medians),
        which stray values move less.
    position_weight : float or auto
        What one pixel of distance in the picture counts for, in units of the intensity (for lab in units of L*). With
        auto the picture's longer side counts half as much as the widest range of a channel.
    seeding : k-means++ or random
        Draw starting centers far apart, or evenly from the pixels.
    restarts : int
        Number of starts, of which the one with the lowest objective is kept.
    iterations : int
        Most iterations of a start.
    tolerance : float
        End when no center moves farther than this; at 0, when no pixel changes its class any more.
    seed : int
        Start of the random numbers; the same seed gives the same result.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; classes, 0 the darkest: by the luma of the center (for lab by its L*). A pixel equally
        near to two centers belongs to either, always to the same.
        numbers : objective, the sum over the pixels that take part of their squared Euclidean distance (l1: their
        city-block distance) to their center, in image units squared (lab: in units of L*; position weighted), exact
        over all pixels, as scikit-learn's inertia_ on float64; iterations of the best start; restarts;
        position_weight.
        series : centers (classes, features), position as row and column in pixels; objective (iterations,) after each
        iteration of the best start (l1 on large pictures: after those over all pixels); restarts (restarts,), the
        objective of each start where they are compared, on large pictures before the best is refined.

    Raises
    ------
    InputError
        The pixels have fewer distinct colors than classes, but more than one; or lab is asked for on float32 values
        outside 0 to 1.

    Notes
    -----
        J = sum over pixels of |x_p - c_k(p)|^2      (l1: the city-block distance)
        assign  k(p) = the nearest center;   update  c_k = mean (l1: median) of its pixels;   J never rises
        k-means++ starts: the next center is x with probability D(x)^2 / sum of D^2, D the distance to those chosen

    References
    ----------
    S. P. Lloyd, "Least squares quantization in PCM", IEEE Trans. Information Theory 28(2), 129-137, 1982.
    D. Arthur, S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007, 1027-1035.

    Examples
    --------
    >>> stripes = np.array([[10, 12, 90, 200, 202]], np.uint8)
    >>> found = kmeans(stripes, classes=3)
    >>> found.labels.tolist(), found.numbers["objective"]
    ([[0, 0, 1, 2, 2]], 4.0)
    """
    if image.ndim == 3 and features.startswith("gray"):
        image = as_gray(image)
    if "position" not in features:
        position_weight = 0.0
    pixels = samples(image, valid, joined=position_weight == 0)
    if (pixels.colors == pixels.colors[0]).all():
        return Segmentation(
            labels=np.zeros(image.shape[:2], np.uint8),
            kind="classes",
            numbers={"objective": 0.0, "iterations": 0, "restarts": restarts},
            notes=("all pixels are equal: everything is class 0",),
        )
    points, position_weight = feature_points(pixels, space, position_weight)
    found = partition(
        points,
        pixels.weights,
        classes,
        distance=distance,
        seeding=seeding,
        restarts=restarts,
        iterations=iterations,
        tolerance=tolerance,
        seed=seed,
    )
    order = _from_dark_to_light(found.centers, image.ndim == 3 and space == "rgb")
    centers = found.centers[order]
    numbers = {"objective": found.objective, "iterations": found.iterations, "restarts": restarts}
    if position_weight:
        centers[:, -2:] /= position_weight
        numbers["position_weight"] = position_weight
    unrest = f"stopped after {iterations} iterations, before the classes came to rest"
    return Segmentation(
        labels=pixels.paint(np.argsort(order).astype(np.uint8)[found.labels]),
        kind="classes",
        numbers=numbers,
        series={"centers": centers, "objective": found.history, "restarts": found.starts},
        notes=() if found.rests else (unrest,),
    )


def _from_dark_to_light(centers: NDArray[np.float64], is_rgb: bool) -> NDArray[np.intp]:
    """Order centers by luma (gray level, L*), equal ones by their features."""
    brightness = centers[:, :3] @ _LUMA if is_rgb else centers[:, 0]
    return np.lexsort((*centers.T[::-1], brightness))
