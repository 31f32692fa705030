"""The public weights of ResNet, renamed for networks that stand on it."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor


def public_trunk(state: Mapping[str, Tensor], to: str = "backbone.") -> dict[str, Tensor]:
    """Give the names of a public ResNet another beginning and leave its linear layer out."""
    return {f"{to}{name}": tensor for name, tensor in state.items() if not name.startswith("fc.")}
