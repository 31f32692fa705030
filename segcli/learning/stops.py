"""Why a step of a training run cannot be done, in words: what torch says, what it means and what would do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from segcli.errors import EnvironmentFailure, InputError, SegcliError, UsageError

LEAST_CROP = 8


def not_finite(what: str, step: int, names: Iterable[str]) -> InputError:
    """What stops a run whose numbers left the finite ones; `names` are of the batch's pictures."""
    listed = ", ".join(dict.fromkeys(names))
    return InputError(
        f"{what} at step {step}, for {listed}; the last good weights are kept. "
        "Lower --rate, set --clip 1, or look at these pictures."
    )


def spoiled(weights: Mapping[str, Tensor], step: int) -> InputError | None:
    """What stops a run some of whose weights are not finite, None where all are."""
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            return InputError(
                f"the weights {name!r} are not finite after step {step}; the last good weights are kept. "
                "Lower --rate or set --clip 1."
            )
    return None


def explained(failure: Exception, images: Tensor, accumulate: int) -> SegcliError | None:
    """What a failure of torch in a step means for a user, None where nobody knows.

    Parameters
    ----------
    failure : as torch raised it.
    images : (N, C, side, side) of the batch.
    accumulate : steps whose gradients are summed up.
    """
    windows, side = images.shape[0], images.shape[-1]
    counted = f"{windows} window{'s' if windows > 1 else ''} of {side} pixels"
    words = str(failure)
    if isinstance(failure, (torch.OutOfMemoryError, MemoryError)) or "allocate" in words:
        step = 32 if side > 48 else LEAST_CROP
        crop = max(LEAST_CROP, side * 2 // 3 // step * step)
        return EnvironmentFailure(
            f"{counted} need more memory than {images.device.type} has free; "
            f"try --batch {max(1, windows // 2)} --accumulate {2 * accumulate}, or --crop {crop}."
        )
    if isinstance(failure, ValueError) and "more than 1" in words:
        return UsageError(
            f"{counted} a step leaves the deepest layers one value a channel, of which normalization knows no "
            f"deviation; try --batch {2 * windows} or more, or --crop {2 * side}."
        )
    return None
