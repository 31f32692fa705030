"""Fully connected conditional random field: labels agree where places and colors do."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Color, Gray, Labels, Param, Scores, Valid
from segcli.errors import SettingError
from segcli.numeric.color_models import bright_odds
from segcli.numeric.dense_crf import Inference, Links, mean_field
from segcli.numeric.foreground import choose_side
from segcli.numeric.forms import as_gray
from segcli.numeric.unaries import unary_from_labels, unary_from_odds, unary_from_scores
from segcli.segmentation import Segmentation


def crf(
    image: Gray | Color,
    *,
    valid: Valid = None,
    labels: Labels | None = None,
    scores: Scores | None = None,
    certainty: Annotated[float, Param(min=0.5, max=0.999)] = 0.9,
    appearance_weight: Annotated[float, Param(min=0, max=1000)] = 5.0,
    position_sigma: Annotated[float, Param(min=1, max=10000, unit="pixels")] = 30.0,
    color_sigma: Annotated[float, Param(min=1, max=1000, unit="levels of 255")] = 8.0,
    smoothness_weight: Annotated[float, Param(min=0, max=1000)] = 3.0,
    sigma: Annotated[float, Param(min=0.5, max=1000, unit="pixels")] = 2.0,
    iterations: Annotated[int, Param(min=1, max=1000)] = 10,
    foreground: Literal["bright", "dark", "auto"] = "auto",
) -> Segmentation:
    """Refine a label image or scores: pixels near in place and color agree.

    Every pixel is linked to every other. Labels that differ cost appearance_weight * exp(-distance^2 / (2
    position_sigma^2) - color difference^2 / (2 color_sigma^2)) + smoothness_weight * exp(-distance^2 / (2 sigma^2)),
    each kernel divided by the roots of its sums over all pixels, one for each end of the link (symmetric
    normalization). Mean-field inference on permutohedral lattices approximates the probabilities. Works on labels that
    are right for the most part but coarse at the borders, such as those of a network. Fails where object and background
    share colors, and takes away thin parts of another color than the rest.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        In its own units. Not modified.
    valid : (H, W) bool or None
        Pixels left out send no messages and get none.
    labels : (H, W) int32
        Label image to refine: classes from 0 up, and 255 where the class is open. One of 0 and 255 alone is a mask.
        Without it and without scores, the two Gaussians on either side of Otsu's cut decide.
    scores : (K, H, W) float32
        A plane for each class instead of labels: probabilities (divided by their sum; below 0.00001 they count as
        that), or logits if any value is negative.
    certainty : float
        Probability that a given label is right; the other classes share the rest.
    appearance_weight : float
        What it costs to part pixels that are near and of like color.
    position_sigma : float
        How far apart pixels of like color still ask for the same label.
    color_sigma : float
        Difference of color that parts pixels, over all channels (gray counts as three), on the scale of 8 bits:
        16-bit levels are divided by 257, floats in 0 to 1 multiplied by 255, other floats stretched to it.
    smoothness_weight : float
        What it costs to part pixels that are near, whatever their colors.
    sigma : float
        How near that is.
    iterations : int
        Rounds in which all pixels hear all others.
    foreground : bright, dark or auto
        Without labels and scores, the gray side that is the object.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; the likeliest class, the lower of equal ones. A mask for two classes, else classes.
        scores : (K, H, W) float32, probabilities.
        numbers["change"] : share of probability that the last iteration moved from class to class.
        layers : start, the classes before any message; probability of the object, or of the likeliest class.
        series["energy"] : (iterations,) mean free energy of a pixel before each iteration; it should fall.
        series["change"] : (iterations,)

    Raises
    ------
    InputError
        Labels or scores that do not say classes; too many pixels and classes for 8 GiB.

    Notes
    -----
        E(L) = sum over p of -ln P(L_p) + sum over all pairs with L_p != L_q of k(p, q)      (equation 1)
        k = appearance_weight exp(-d^2 / (2 position_sigma^2) - c^2 / (2 color_sigma^2))
            + smoothness_weight exp(-d^2 / (2 sigma^2))      (equation 3; distance d, color difference c)
        Q_p(l) ~ P_p(l) exp(sum over q of k(p, q) Q_q(l)),   each iteration from the Q before      (equation 4)

    References
    ----------
    P. Krähenbühl and V. Koltun, "Efficient inference in fully connected CRFs with Gaussian edge potentials", Advances
    in Neural Information Processing Systems 24, 109-117, 2011.

    Examples
    --------
    >>> strip = np.array([[20, 21, 22, 90, 91, 92]], np.uint8)
    >>> crf(strip, labels=np.array([[0, 0, 1, 1, 1, 1]], np.int32), smoothness_weight=0).labels.tolist()
    [[0, 0, 0, 1, 1, 1]]
    """
    if labels is not None and scores is not None:
        raise SettingError("scores", "cannot be given beside labels; take one of them.")
    choices: dict[str, str] = {}
    if scores is not None:
        unary = unary_from_scores(scores, valid)
    elif labels is not None:
        unary = unary_from_labels(labels, certainty, valid)
    else:
        odds = bright_odds(as_gray(image), valid)
        if odds is None:
            note = "every pixel has the same value; there is nothing to separate"
            return Segmentation(np.zeros(image.shape[:2], np.uint8), "mask", notes=(note,))
        side = choose_side((odds > 0).view(np.uint8), valid) if foreground == "auto" else foreground
        choices["foreground"] = side
        unary = unary_from_odds(odds if side == "bright" else -odds)
    links = Links(appearance_weight, position_sigma, color_sigma, smoothness_weight, sigma)
    found = mean_field(unary, image, links, iterations=iterations, valid=valid)
    return _segmentation(unary, found, valid, choices)


def _segmentation(unary: Scores, found: Inference, valid: Array | None, choices: dict[str, str]) -> Segmentation:
    """The likeliest classes, and how they came about."""
    shares = found.probabilities
    labels = shares.argmax(axis=0).astype(np.uint8)
    counted = labels if valid is None else labels[valid]
    notes = () if counted.max() > counted.min() else (f"every pixel has become class {counted.max()}",)
    return Segmentation(
        labels,
        "mask" if len(shares) == 2 else "classes",
        scores=shares,
        numbers={"change": float(found.changes[-1])},
        choices=choices,
        layers={
            "start": unary.argmin(axis=0).astype(np.uint8),
            "probability": shares[1] if len(shares) == 2 else shares.max(axis=0),
        },
        series={"energy": found.energies / counted.size, "change": found.changes},
        notes=notes,
    )
