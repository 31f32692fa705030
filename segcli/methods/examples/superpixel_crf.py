"""Superpixel random field: superpixels judged as learned from examples, and smoothed over their graph."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Color, Fitted, Gray, Param, Valid
from segcli.errors import SettingError
from segcli.numeric.region_graph import drawn
from segcli.numeric.superpixel_model import smooth_labels, superpixel_model, superpixels
from segcli.segmentation import Kind, Segmentation


def superpixel_crf(
    image: Gray | Color,
    *,
    valid: Valid = None,
    model: Fitted | None = None,
    weight: Annotated[float, Param(min=0, max=1000)] | Literal["auto"] = "auto",
) -> Segmentation:
    """Name each superpixel as learned from examples, neighbors of like color alike.

    SLIC superpixels are described by color, texture (local binary patterns and filters), place and their neighbors, and
    judged by boosted trees, logistic regression or support vector machines. The labels minimize the sum of -ln
    probability over superpixels and of weight * boundary * exp(-color difference^2) over neighbors with different
    labels: exactly for two classes, by expansion moves for more. Works for scenes that are laid out alike, such as
    streets, sky over ground. Fails on what is thinner than a superpixel (poles, far people) and on scenes unlike those
    that it learned from.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Whole numbers count as shares of their type's range. Not modified.
    valid : (H, W) bool or None
        Pixels left out belong to no superpixel.
    model : Fitted
        File that `segcli fit superpixel-crf` wrote.
    weight : float or auto
        How much neighbors agree; 0 leaves the classifier alone, auto is what was best when the model was fitted.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; a mask if classes 0 and 1 are known, else classes.
        scores : (K, H, W) float32, the classifier's probabilities, before smoothing.
        numbers : energy; weight; superpixels.
        layers : superpixels, likeliest (the labels without smoothing), probability (of the likeliest).

    Raises
    ------
    SettingError
        Without a model.
    InputError
        A damaged model; float colors outside 0 to 1.

    Notes
    -----
        E(L) = sum over s of -ln P(L_s | x_s) + weight * sum over neighbors with L_s != L_t of border(s, t) w(s, t)
        w(s, t) = exp(-color difference^2)
    P is the classifier's, and E is minimized by cuts.

    References
    ----------
    B. Fulkerson, A. Vedaldi, S. Soatto, "Class segmentation and object localization with superpixel neighborhoods",
    Proc. IEEE Int. Conf. Computer Vision (ICCV), 670-677, 2009.
    Y. Boykov, O. Veksler, R. Zabih, "Fast approximate energy minimization via graph cuts", IEEE Trans. Pattern Analysis
    and Machine Intelligence 23(11), 1222-1239, 2001.

    Examples
    --------
    >>> from segcli.fitting import fit_superpixel_crf
    >>> halves = np.repeat(np.array([[50, 200]], np.uint8), 20, axis=1).repeat(20, axis=0)
    >>> learned = fit_superpixel_crf([halves], [halves // 200], classifier="logistic", regions=16)
    >>> superpixel_crf(halves, model=learned).labels[0, 18:22].tolist()
    [0, 0, 1, 1]
    """
    if model is None:
        command = "segcli fit superpixel-crf IMAGES --truth LABELS -o model.safetensors"
        raise SettingError("model", f"is missing; fit one by: {command}")
    learned = superpixel_model(model)
    kind: Kind = "mask" if learned.classes[-1] == 1 else "classes"
    counted = image.reshape(-1, *image.shape[2:]) if valid is None else image[valid]
    if (counted == counted[0]).all():
        note = "every pixel has the same value; there is nothing to separate"
        return Segmentation(np.zeros(image.shape[:2], np.uint8), kind, notes=(note,))
    parts = superpixels(image, learned.regions, learned.compactness, valid)
    probabilities = learned.classifier.probabilities(parts.features)
    used = learned.weight if weight == "auto" else weight
    chosen, energy = smooth_labels(probabilities, parts, used)
    return Segmentation(
        _spread(parts.labels, learned.classes[chosen]),
        kind,
        scores=_scores(parts.labels, probabilities, learned.classes),
        numbers={"energy": energy, "weight": float(used), "superpixels": len(probabilities)},
        layers={
            "superpixels": parts.labels,
            "likeliest": _spread(parts.labels, learned.classes[probabilities.argmax(axis=1)]),
            "probability": drawn(parts.labels, probabilities.max(axis=1)),
        },
    )


def _spread(superpixels: Array, classes: Array) -> Array:
    """The class of each pixel's superpixel."""
    return np.concatenate([[0], classes]).astype(np.uint8)[superpixels]


def _scores(superpixels: Array, probabilities: Array, classes: Array) -> Array:
    """Probabilities of all classes up to the last known one, (K, H, W)."""
    planes = np.zeros((int(classes[-1]) + 1, *superpixels.shape), np.float32)
    for plane, label in enumerate(classes):
        planes[label] = drawn(superpixels, probabilities[:, plane])
    return planes
