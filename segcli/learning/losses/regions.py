"""Losses of whole regions: Dice, Jaccard, Tversky and their kin, from sums over a batch or over each picture.

All take `logits` (N, classes, H, W), `target` (N, H, W) whole numbers and `ignore`, as `cross_entropy` does, and

smooth : added above and below the bar. Above 0, a class that the truth lacks costs nothing once it is predicted
    nowhere; at 0 its ratio says nothing, and it is left out of the mean.
background : whether class 0 has a ratio of its own. By default it has, unless there is one logit.
per_image : whether each picture has its own ratios, which are then averaged; else the whole batch has one a class,
    which is calmer where classes are small or missing in most pictures.

They return a () tensor of the logits' type, float32 for half precision; 0 where every pixel is ignored.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from segcli.learning.losses.pixels import precise, quotient, split_void
from segcli.segmentation import VOID


class Overlap(NamedTuple):
    """Sums over the known pixels of pictures or the batch, (groups, classes)."""

    shared: Tensor
    """Probability of the class where it is true."""
    predicted: Tensor
    """Probability of the class, or its square."""
    true: Tensor
    """Pixels of the class."""
    known: Tensor
    """Whether the group has any pixel that counts."""


def dice(
    logits: Tensor,
    target: Tensor,
    *,
    ignore: int | None = VOID,
    smooth: float = 1.0,
    background: bool | None = None,
    per_image: bool = False,
    squared: bool = False,
) -> Tensor:
    """1 - (2 I + s) / (P + T + s), the mean over classes.

    I are the pixels that prediction and truth share, P the predicted, T the true ones, s is `smooth`.

    Parameters
    ----------
    squared : whether P is the sum of the squared probabilities, as V-Net has it.

    References
    ----------
    F. Milletari, N. Navab, S.-A. Ahmadi, "V-Net: fully convolutional neural networks for volumetric medical image
    segmentation", 3DV, 2016.
    """
    sums = overlap(logits, target, ignore, background, per_image, squared)
    ratio = quotient(2 * sums.shared + smooth, sums.predicted + sums.true + smooth)
    return _mean_over_classes(1 - ratio, sums, smooth)


def jaccard(
    logits: Tensor,
    target: Tensor,
    *,
    ignore: int | None = VOID,
    smooth: float = 1.0,
    background: bool | None = None,
    per_image: bool = False,
) -> Tensor:
    """1 - (I + s) / (P + T - I + s), the mean over classes: soft IoU.

    References
    ----------
    M. A. Rahman, Y. Wang, "Optimizing intersection-over-union in deep neural networks for image segmentation",
    International Symposium on Visual Computing, 2016.
    """
    sums = overlap(logits, target, ignore, background, per_image)
    ratio = quotient(sums.shared + smooth, sums.predicted + sums.true - sums.shared + smooth)
    return _mean_over_classes(1 - ratio, sums, smooth)


def tversky(
    logits: Tensor,
    target: Tensor,
    *,
    ignore: int | None = VOID,
    alpha: float = 0.3,
    beta: float = 0.7,
    smooth: float = 1.0,
    background: bool | None = None,
    per_image: bool = False,
) -> Tensor:
    """1 - (I + s) / (I + alpha FP + beta FN + s), the mean over classes.

    Parameters
    ----------
    alpha, beta : prices of false positives and of false negatives. 0.5 and 0.5 make it Dice (with half the smooth),
        1 and 1 Jaccard. Surveys that write one beta mean (beta, 1 - beta) in this order.

    References
    ----------
    S. S. M. Salehi, D. Erdogmus, A. Gholipour, "Tversky loss function for image segmentation using 3D fully
    convolutional deep networks", MLMI, 2017.
    """
    sums = overlap(logits, target, ignore, background, per_image)
    return _mean_over_classes(1 - _tversky_index(sums, alpha, beta, smooth), sums, smooth)


def focal_tversky(
    logits: Tensor,
    target: Tensor,
    *,
    ignore: int | None = VOID,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 0.75,
    smooth: float = 1.0,
    background: bool | None = None,
    per_image: bool = False,
) -> Tensor:
    """(1 - Tversky index) ^ gamma, the mean over classes.

    Parameters
    ----------
    alpha, beta : as of `tversky`. The paper calls them the other way round: its alpha of 0.7 is on false negatives.
    gamma : the power. The paper writes 1 / gamma with gamma 4/3, which is the 0.75 here, and sums over classes.

    References
    ----------
    N. Abraham, N. M. Khan, "A novel focal Tversky loss function with improved attention U-Net for lesion
    segmentation", ISBI, 2019.
    """
    sums = overlap(logits, target, ignore, background, per_image)
    loss = 1 - _tversky_index(sums, alpha, beta, smooth)
    # The derivative of a power below 1 is infinite at 0, and rounding may fall below it.
    least = torch.finfo(loss.dtype).eps
    powered = torch.where(loss > least, loss.clamp(min=least) ** gamma, 0)
    return _mean_over_classes(powered, sums, smooth)


def generalized_dice(logits: Tensor, target: Tensor, *, ignore: int | None = VOID, per_image: bool = False) -> Tensor:
    """1 - 2 sum(w I) / sum(w (P + T)) over all classes, 0 included, with w = 1 / T^2.

    One logit makes two classes: with the foreground alone the weight would cancel. A class that the truth lacks has
    no weight; what is predicted as such is missing from the others.

    References
    ----------
    C. H. Sudre et al., "Generalised Dice overlap as a deep learning loss function for highly unbalanced
    segmentations", DLMIA, 2017.
    """
    sums = overlap(logits, target, ignore, background=True, per_image=per_image)
    weights = torch.where(sums.true > 0, sums.true.clamp(min=1) ** -2, 0)
    above, below = 2 * weights * sums.shared, weights * (sums.predicted + sums.true)
    known = sums.known[:, 0].to(above.dtype)
    losses = 1 - quotient(above.sum(1), below.sum(1))
    return quotient((losses * known).sum(), known.sum())


def probabilities(logits: Tensor) -> Tensor:
    """Probabilities (N, K, H, W) of all classes; one logit stands for two of them."""
    logits = precise(logits)
    return torch.cat([-logits, logits], 1).sigmoid() if logits.shape[1] == 1 else F.softmax(logits, 1)


def overlap(
    logits: Tensor,
    target: Tensor,
    ignore: int | None,
    background: bool | None,
    per_image: bool,
    squared: bool = False,
) -> Overlap:
    """Add up each class: its probability, its truth and what both share."""
    labels, known = split_void(target, ignore)
    each = probabilities(logits)
    counts = known.to(each.dtype)
    right = each.gather(1, labels[:, None])[:, 0] * counts
    sums = (
        _by_class(right, labels, each.shape[1]),
        ((each**2 if squared else each) * counts[:, None]).sum((2, 3)),
        _by_class(counts, labels, each.shape[1]),
        counts.sum((1, 2))[:, None].expand(each.shape[:2]),
    )
    first = 0 if background or (background is None and logits.shape[1] > 1) else 1
    shared, predicted, true, pixels = ((part if per_image else part.sum(0, keepdim=True))[:, first:] for part in sums)
    return Overlap(shared, predicted, true, pixels > 0)


def _by_class(values: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Sum the values (N, H, W) of each class's pixels, (N, classes); rows first, which keeps float32 exact enough."""
    rows = values.new_zeros(*labels.shape[:2], classes)
    return rows.scatter_add(2, labels, values).sum(1)


def _tversky_index(sums: Overlap, alpha: float, beta: float, smooth: float) -> Tensor:
    false_positives, false_negatives = sums.predicted - sums.shared, sums.true - sums.shared
    below = sums.shared + alpha * false_positives + beta * false_negatives + smooth
    return quotient(sums.shared + smooth, below)


def _mean_over_classes(losses: Tensor, sums: Overlap, smooth: float) -> Tensor:
    """Mean over groups and classes, without empty groups and, at smooth 0, classes that the truth lacks."""
    counts = (sums.known if smooth > 0 else sums.true > 0).to(losses.dtype)
    return quotient((losses * counts).sum(), counts.sum())
