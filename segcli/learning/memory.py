"""How many windows a step fit into memory."""

from __future__ import annotations

import os

from segcli.learning.card import ModelCard

USUAL = 8
"""Windows a step where memory holds them."""

SHARE = 0.6
"""Of the free memory that a step may take."""


def fitting_batch(card: ModelCard, side: int, device: str) -> int:
    """Windows a step: 8, or half as many until the network's layers, gradients and optimizer fit.

    Parameters
    ----------
    card : of the network.
    side : of the windows, in pixels.
    device : cpu, cuda, cuda:1, mps.
    """
    from segcli.networks.patch_classifier import PatchClassifier
    from segcli.networks.summary import summarize

    network = card.build(device="meta")
    if isinstance(network, PatchClassifier):
        return 16 * USUAL
    summary = summarize(network, card.channels, side, side)
    # Gradients and two moments beside the weights.
    fixed = 4 * summary.weights
    each = max(1, summary.training - fixed)
    room = SHARE * free_memory(device) - fixed
    batch = USUAL
    while batch > 1 and batch * each > room:
        batch //= 2
    return batch


def free_memory(device: str) -> int:
    """Bytes that a device has free; where nobody says, 8 GiB."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    names = getattr(os, "sysconf_names", {})
    if "SC_AVPHYS_PAGES" in names and "SC_PAGE_SIZE" in names:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 8 << 30
