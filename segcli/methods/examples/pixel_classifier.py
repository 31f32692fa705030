"""Pixel classifier: every pixel judged by its surroundings, as learned from examples."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from segcli.arrays import Array, Color, Fitted, Gray, Param, Valid
from segcli.errors import SettingError
from segcli.numeric.pixel_model import pixel_model
from segcli.segmentation import Kind, Segmentation


def pixel_classifier(
    image: Gray | Color,
    *,
    valid: Valid = None,
    model: Fitted | None = None,
    threshold: Annotated[float, Param(min=0, max=1)] = 0.5,
) -> Segmentation:
    """Judge every pixel by its surroundings, as learned from examples.

    A forest or boosted trees look, at several scales, at smoothed intensity, gradient, Laplacian, structure tensor,
    Hessian and local deviation, of the gray levels or of each channel of L*a*b*. Works where texture, edges and
    brightness within some 30 pixels tell what a pixel is, and the pictures are like those that it learned from: of the
    same magnification, light and stain. Fails where shape or the whole scene must be seen, and leaves specks (give its
    scores to crf, or clean up).

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Whole numbers count as shares of their type's range, so that 8 and 16 bits are alike. Not modified.
    valid : (H, W) bool or None
        Pixels left out are not looked at by their neighbors.
    model : Fitted
        File that `segcli fit pixel-classifier` wrote.
    threshold : float
        Probability from which a pixel is object, where there are two classes.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; two classes 0 and 1 give a mask, more the class with the highest probability, the lower
        of equal ones.
        scores : (K, H, W) float32, probabilities.
        layers : probability, of the object or of the chosen class; uncertainty, 1 where the two best are equal.

    Raises
    ------
    SettingError
        Without a model.
    InputError
        A damaged model; a model of colors and float colors outside 0 to 1.

    Notes
    -----
        x_p = features of the pixel: G(s) * I, |gradient|, Laplacian, eigenvalues of Hessian and structure tensor, ...
        forest      P(class | x_p) = mean over the trees of the shares in the leaf that x_p falls into
        boosting    P(class | x_p) = softmax of the sum over the trees of the leaf's scores

    References
    ----------
    S. Berg et al., "ilastik: interactive machine learning for (bio)image analysis", Nature Methods 16, 1226-1232, 2019.
    L. Breiman, "Random forests", Machine Learning 45, 5-32, 2001.
    J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29(5),
    1189-1232, 2001.

    Examples
    --------
    >>> from segcli.fitting import fit_pixel_classifier
    >>> halves = np.repeat(np.array([[50, 200]], np.uint8), 20, axis=1).repeat(20, axis=0)
    >>> learned = fit_pixel_classifier([halves], [halves // 200], sigmas=(1.0,))
    >>> pixel_classifier(halves[:2, 18:22], model=learned).labels.tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1]]
    """
    if model is None:
        command = "segcli fit pixel-classifier IMAGES --truth MASKS -o model.safetensors"
        raise SettingError("model", f"is missing; fit one by: {command}")
    learned = pixel_model(model)
    kind: Kind = "mask" if learned.classes[-1] == 1 else "classes"
    counted = image.reshape(-1, *image.shape[2:]) if valid is None else image[valid]
    if (counted == counted[0]).all():
        note = "every pixel has the same value; there is nothing to separate"
        return Segmentation(np.zeros(image.shape[:2], np.uint8), kind, notes=(note,))
    scores = learned.scores(image, valid)
    mask = kind == "mask"
    labels = (scores[1] >= threshold if mask else scores.argmax(axis=0)).astype(np.uint8)
    return Segmentation(
        labels,
        kind,
        scores=scores,
        layers={
            "probability": scores[1] if mask else scores.max(axis=0),
            "uncertainty": _uncertainty(scores),
        },
    )


def _uncertainty(scores: Array) -> Array:
    """How close the second best class is to the best."""
    best = np.partition(scores, -2, axis=0)[-2:]
    return np.asarray(1 - (best[1] - best[0]))
