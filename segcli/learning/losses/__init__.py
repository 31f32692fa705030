"""What networks are blamed for: the functions, and `Loss`, their sum as `--loss` names it.

Logits are (N, classes, H, W): one channel is binary and goes through a sigmoid, more through a softmax. Pixels whose
label is `ignore` leave numerators and denominators alike; where all do, a loss is 0 and its gradient zeros. Half
precision is raised to float32 first, float64 stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from segcli.errors import InputError, SettingError, UsageError
from segcli.learning.loss_expression import Term, parse_loss
from segcli.learning.losses.boundary import boundary, boundary_share
from segcli.learning.losses.pixels import binary_cross_entropy, cross_entropy, focal, mean_squared_error, split_void
from segcli.learning.losses.regions import dice, focal_tversky, generalized_dice, jaccard, tversky
from segcli.networks.shapes import resized
from segcli.segmentation import VOID

LOSSES: Mapping[str, Callable[..., Tensor]] = {
    "ce": cross_entropy,
    "bce": binary_cross_entropy,
    "focal": focal,
    "dice": dice,
    "jaccard": jaccard,
    "tversky": tversky,
    "focal_tversky": focal_tversky,
    "generalized_dice": generalized_dice,
    "boundary": boundary,
    "mse": mean_squared_error,
}
"""The function of each row of `segcli.learning.loss_expression.ROWS`."""


class Loss(nn.Module):
    """A weighted sum of losses. Made by `loss_from_expression`.

    Attributes
    ----------
    terms : what is summed.
    needs_distance_map : whether a call needs one, from `segcli.learning.distance_map.signed_distances`.
    takes_weight_map : whether a call may have one.
    """

    class_weights: Tensor | None

    def __init__(
        self,
        terms: Sequence[Term],
        *,
        classes: int,
        class_weights: Sequence[float] | None = None,
        ignore: int | None = VOID,
    ) -> None:
        super().__init__()
        self.terms = tuple(terms)
        self.classes = classes
        self.ignore = ignore
        self.epoch = 0
        taken = {name for term in self.terms for name in term.row.takes}
        self.needs_distance_map = "distance_map" in taken
        self.takes_weight_map = "weight_map" in taken
        self._check_terms(class_weights if class_weights is None else list(class_weights), taken)
        weights = None if class_weights is None else torch.tensor(list(class_weights), dtype=torch.float32)
        self.register_buffer("class_weights", weights, persistent=False)

    def start_epoch(self, epoch: int) -> None:
        """Tell the number of the epoch, from 0, with which a boundary's share grows."""
        self.epoch = epoch

    def forward(
        self, logits: Tensor, target: Tensor, *, weight_map: Tensor | None = None, distance_map: Tensor | None = None
    ) -> Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        logits : (N, classes, H, W)
        target : (N, H, W) whole numbers; values, (N, H, W) or (N, classes, H, W), for mse and bce alone.
        weight_map : (N, H, W), multiplies the pixels of cross-entropies.
        distance_map : (N, classes, H, W), for the boundary loss.

        Returns
        -------
        () float32, float64 for logits of float64.

        Raises
        ------
        InputError : shapes do not fit, or a label is none of the classes.
        UsageError : a map is missing, or no term looks at it.
        """
        self._check_target(logits, target)
        self._check_maps(logits, weight_map, distance_map)
        given = {
            "ignore": self.ignore,
            "class_weights": self.class_weights,
            "weight_map": weight_map,
            "distance_map": distance_map,
        }
        values = [
            weight
            * LOSSES[term.row.name](logits, target, **{name: given[name] for name in term.row.takes}, **term.settings)
            for weight, term in zip(self.weights(), self.terms, strict=True)
        ]
        return torch.stack(values).sum()

    def weights(self) -> tuple[float, ...]:
        """Return the weights of the terms in this epoch.

        A boundary loss beside others takes a share of 1 and leaves them the rest (Kervadec et al.).
        """
        boundaries = [term.row.name == "boundary" for term in self.terms]
        if all(boundaries) or not any(boundaries):
            return tuple(term.weight for term in self.terms)
        share = boundary_share(self.epoch)
        return tuple(
            term.weight * (share if is_boundary else 1 - share)
            for term, is_boundary in zip(self.terms, boundaries, strict=True)
        )

    def extra_repr(self) -> str:
        return " + ".join(f"{term.weight:g} {term.row.name}" for term in self.terms)

    def _check_terms(self, class_weights: list[float] | None, taken: set[str]) -> None:
        """Refuse what cannot be, before any picture is read."""
        if self.classes > 1 and any(term.row.name == "bce" for term in self.terms):
            raise UsageError(f"the loss bce is for one logit, the network has {self.classes}; write ce.")
        if class_weights is None:
            return
        if "class_weights" not in taken:
            names = "+".join(term.row.name for term in self.terms)
            raise SettingError("class_weights", f"do nothing in the loss {names}; add ce or focal, or leave them out.")
        expected = max(self.classes, 2)
        if len(class_weights) != expected or not all(0 <= weight < float("inf") for weight in class_weights):
            listed = ", ".join(f"{weight:g}" for weight in class_weights)
            raise SettingError("class_weights", f"are {listed}; they must be {expected} numbers, none below 0.")

    def _check_target(self, logits: Tensor, target: Tensor) -> None:
        """Refuse shapes that would be broadcast and labels that would be misread."""
        plane = (logits.shape[0], *logits.shape[2:])
        names = {term.row.name for term in self.terms}
        values = names <= {"mse", "bce"} and ("mse" in names or target.is_floating_point())
        if logits.ndim != 4 or logits.shape[1] != self.classes:
            raise InputError(f"logits are {tuple(logits.shape)}; expected (N, {self.classes}, H, W).")
        if values and (target.shape == logits.shape or (target.shape == plane and self.classes == 1)):
            return
        if target.shape != plane:
            raise InputError(f"the truth is {tuple(target.shape)}; logits {tuple(logits.shape)} need {plane}.")
        if target.is_floating_point():
            raise InputError(f"the truth holds {target.dtype}; labels are whole numbers.")
        labels, _ = split_void(target, self.ignore)
        low, high = (int(label) for label in labels.aminmax()) if labels.numel() else (0, 0)
        last = max(self.classes, 2) - 1
        if low < 0 or high > last:
            void = "" if self.ignore is None else f"; {self.ignore} marks pixels left out"
            raise InputError(f"a label is {low if low < 0 else high}; they go from 0 to {last}{void}.")

    def _check_maps(self, logits: Tensor, weight_map: Tensor | None, distance_map: Tensor | None) -> None:
        """Refuse maps that are missing, unused or of another shape."""
        if weight_map is not None and not self.takes_weight_map:
            raise UsageError("no term of the loss takes a weight map; add ce, or leave the map out.")
        if self.needs_distance_map and distance_map is None:
            raise UsageError("the boundary loss needs a distance map of each picture.")
        if weight_map is not None and weight_map.shape != (logits.shape[0], *logits.shape[2:]):
            raise InputError(f"the weight map is {tuple(weight_map.shape)}; the logits are {tuple(logits.shape)}.")
        if self.needs_distance_map and distance_map is not None and distance_map.shape != logits.shape:
            raise InputError(f"the distance map is {tuple(distance_map.shape)}; the logits are {tuple(logits.shape)}.")


def loss_from_expression(
    text: str, *, classes: int, class_weights: Sequence[float] | None = None, ignore: int | None = VOID
) -> Loss:
    """Make a loss of words such as `ce`, `0.5*ce+dice` or `focal(gamma=1)`.

    Parameters
    ----------
    text : terms of `segcli.learning.loss_expression.ROWS`, joined by +.
    classes : channels of the logits.
    class_weights : one a class, two for one logit, for the terms ce and focal; none where all are alike.
    ignore : label of pixels that do not count; None if all do.

    Raises
    ------
    UsageError : an unknown term or setting; the message has the nearest.

    Examples
    --------
    >>> loss = loss_from_expression("ce+dice(smooth=0)", classes=3)
    >>> round(float(loss(torch.zeros(1, 3, 1, 3), torch.tensor([[[0, 1, 2]]]))), 4)  # log(3) + 2/3
    1.7653
    """
    return Loss(parse_loss(text), classes=classes, class_weights=class_weights, ignore=ignore)


def deep_supervision(
    loss: Loss,
    outputs: Sequence[Tensor],
    target: Tensor,
    *,
    weights: Sequence[float] | None = None,
    weight_map: Tensor | None = None,
    distance_map: Tensor | None = None,
) -> Tensor:
    """Mean, or weighted sum, of the losses of several outputs of one network.

    Smaller outputs are first resized to the truth, bilinear.

    Parameters
    ----------
    loss : of each output.
    outputs : (N, classes, h, w) each.
    target, weight_map, distance_map : as of `Loss.forward`.
    weights : one an output, such as ones for the sum; by default all 1 / number of outputs.

    References
    ----------
    C.-Y. Lee et al., "Deeply-supervised nets", AISTATS, 2015.
    """
    weights = [1 / len(outputs)] * len(outputs) if weights is None else weights
    if len(weights) != len(outputs):
        raise UsageError(f"there are {len(outputs)} side outputs and {len(weights)} weights for them.")
    values = [
        weight * loss(resized(output, target), target, weight_map=weight_map, distance_map=distance_map)
        for weight, output in zip(weights, outputs, strict=True)
    ]
    return torch.stack(values).sum()
