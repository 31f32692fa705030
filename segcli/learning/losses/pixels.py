"""Losses that add up over pixels: cross-entropy in its forms, focal loss, squared error."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from segcli.segmentation import VOID

Mean = Literal["weights", "pixels"]


def precise(logits: Tensor) -> Tensor:
    """Return half-precision logits in float32, others as they are."""
    return logits.float() if logits.element_size() < 4 else logits


def split_void(target: Tensor, ignore: int | None) -> tuple[Tensor, Tensor]:
    """Return the labels as int64, 0 where they are ignored, and where they are not."""
    labels = target.long()
    known = torch.ones_like(labels, dtype=torch.bool) if ignore is None else labels != ignore
    return labels.masked_fill(~known, 0), known


def quotient(total: Tensor, count: Tensor) -> Tensor:
    """Return total / count; where nothing counts, the total, which is then 0."""
    return total / torch.where(count > 0, count, torch.ones_like(count))


def cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    ignore: int | None = VOID,
    class_weights: Tensor | None = None,
    weight_map: Tensor | None = None,
    mean: Mean = "weights",
) -> Tensor:
    """Mean of -log of the probability of the true class, by pixel.

    Parameters
    ----------
    logits : (N, classes, H, W)
        One channel is the logit of class 1 against class 0; more go through a softmax.
    target : (N, H, W) whole numbers
    ignore : label of pixels that count neither above nor below; None if all do.
    class_weights : (classes,), (2,) for one logit
        Multiply the pixels of each true class.
    weight_map : (N, H, W)
        Multiplies each pixel. It is not divided out again: the mean of a map is meant to be 1 before extras such as
        U-Net's, which are to add to the loss.
    mean : weights or pixels
        What the weighted sum is divided by: the sum of the true classes' weights, as PyTorch does, so that the
        loss does not change when all are doubled; or the number of pixels, as SegNet's program does.

    Returns
    -------
    () of the logits' type, float32 for half precision; 0 where every pixel is ignored.
    """
    logits = precise(logits)
    labels, known = split_void(target, ignore)
    return _mean(_surprise(logits, labels), labels, known, class_weights, weight_map, mean)


def focal(
    logits: Tensor,
    target: Tensor,
    *,
    ignore: int | None = VOID,
    class_weights: Tensor | None = None,
    weight_map: Tensor | None = None,
    gamma: float = 2.0,
    alpha: float | None = None,
) -> Tensor:
    """Cross-entropy times (1 - probability of the true class) ^ gamma, by pixel.

    Parameters
    ----------
    logits, target, ignore, class_weights, weight_map : as of `cross_entropy`; gamma 0 without alpha is that.
    gamma : how fast easy pixels are forgotten.
    alpha : weight of every class but 0, while class 0 has 1 - alpha; it is not divided out. The paper has 0.25 (with
        gamma 2), which is *less* for the rare foreground, since gamma has already raised it. None: no such weight.

    Returns
    -------
    () as `cross_entropy`

    References
    ----------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollar, "Focal loss for dense object detection", ICCV, 2017.
    """
    logits = precise(logits)
    labels, known = split_void(target, ignore)
    surprise = _surprise(logits, labels)
    # The derivative of a power below 1 is infinite at 0, where a float32 probability is exactly 1.
    doubt = -torch.expm1(-surprise)
    values = doubt.clamp(min=torch.finfo(doubt.dtype).tiny) ** gamma * surprise
    if alpha is not None:
        values = values * torch.where(labels > 0, alpha, 1 - alpha)
    return _mean(values, labels, known, class_weights, weight_map, "weights")


def binary_cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    ignore: int | None = VOID,
    weight_map: Tensor | None = None,
    pos_weight: float = 1.0,
) -> Tensor:
    """Mean cross-entropy of one logit, -[w y log p + (1 - y) log(1 - p)].

    Parameters
    ----------
    logits : (N, 1, H, W)
    target : (N, H, W)
        Labels 0 and 1, or fractions between, as floats; of those NaN marks pixels to be ignored.
    ignore : label of pixels that count neither above nor below, if the target holds whole numbers.
    weight_map : (N, H, W), multiplies each pixel.
    pos_weight : w, the beta of lectures. It is not divided out.

    Returns
    -------
    () as `cross_entropy`
    """
    logit = precise(logits)[:, 0]
    if target.is_floating_point():
        known = ~target.isnan()
        truth = target.to(logit.dtype).masked_fill(~known, 0)
    else:
        labels, known = split_void(target, ignore)
        truth = labels.to(logit.dtype)
    weight = logit.new_tensor(pos_weight)
    values = F.binary_cross_entropy_with_logits(logit, truth, pos_weight=weight, reduction="none")
    counts = known.to(logit.dtype)
    return quotient((values * (counts if weight_map is None else counts * weight_map)).sum(), counts.sum())


def mean_squared_error(outputs: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of values, for saliency and auto-encoders.

    Parameters
    ----------
    outputs : (N, C, H, W), as the network gives them, without a sigmoid.
    target : (N, C, H, W), or (N, H, W) for one channel
        NaN marks what does not count. No whole number does: 255 is a value like the others.

    Returns
    -------
    () as `cross_entropy`
    """
    outputs = precise(outputs)
    truth = target.reshape(outputs.shape).to(outputs.dtype)
    known = ~truth.isnan()
    errors = (outputs - truth.masked_fill(~known, 0)) ** 2
    return quotient((errors * known).sum(), known.sum().to(outputs.dtype))


def _surprise(logits: Tensor, labels: Tensor) -> Tensor:
    """-log of the probability of the true class, (N, H, W)."""
    if logits.shape[1] == 1:
        logit = logits[:, 0]
        return F.binary_cross_entropy_with_logits(logit, labels.to(logit.dtype), reduction="none")
    return F.cross_entropy(logits, labels, reduction="none")


def _mean(
    values: Tensor, labels: Tensor, known: Tensor, class_weights: Tensor | None, weight_map: Tensor | None, mean: Mean
) -> Tensor:
    """Weighted mean over the pixels that are known."""
    counts = known.to(values.dtype)
    weights = counts if class_weights is None else counts * class_weights.to(values.dtype)[labels]
    total = (values * (weights if weight_map is None else weights * weight_map)).sum()
    return quotient(total, (weights if mean == "weights" else counts).sum())
