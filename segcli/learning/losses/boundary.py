"""The boundary loss and the schedule of its share."""

from __future__ import annotations

from torch import Tensor

from segcli.learning.losses.pixels import quotient, split_void
from segcli.learning.losses.regions import probabilities
from segcli.segmentation import VOID


def boundary(
    logits: Tensor,
    target: Tensor,
    *,
    distance_map: Tensor,
    ignore: int | None = VOID,
    background: bool = False,
) -> Tensor:
    """Mean of probability times signed distance to the true contour.

    Over pixels and classes. Its minimum is negative (-0.04 for a 3 x 3 object in 5 x 5 pixels): it must not be cut
    off at 0. By itself it is nearly content with an empty prediction, so it goes beside a loss of regions.

    Parameters
    ----------
    logits : (N, classes, H, W)
    target : (N, H, W) whole numbers, of which only `ignore` is looked at.
    distance_map : (N, classes, H, W) from `segcli.learning.distance_map.signed_distances`.
    ignore : label of pixels that count neither above nor below; None if all do.
    background : whether class 0 counts; the authors leave it out. One logit has none.

    Returns
    -------
    () as `cross_entropy`

    References
    ----------
    H. Kervadec et al., "Boundary loss for highly unbalanced segmentation", MIDL, 2019; Medical Image Analysis 67,
    2021.
    """
    _, known = split_void(target, ignore)
    each = probabilities(logits)[:, 0 if background and logits.shape[1] > 1 else 1 :]
    distances = distance_map[:, -each.shape[1] :].to(each.dtype)
    total = (each * distances * known[:, None]).sum()
    return quotient(total, known.sum().to(each.dtype) * each.shape[1])


def boundary_share(epoch: int) -> float:
    """Share of the boundary loss in an epoch, counted from 0: 0.01, growing by 0.01.

    The other losses have the rest, of which the authors' program keeps 0.1.

    Examples
    --------
    >>> [boundary_share(epoch) for epoch in (0, 1, 500)]
    [0.01, 0.02, 0.9]
    """
    return min(0.01 * (epoch + 1), 0.9)
