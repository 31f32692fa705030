"""Batch normalization as part of the convolution before it: the same numbers in fewer passes over memory."""

from __future__ import annotations

from collections import Counter

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_norms(network: nn.Module) -> nn.Module:
    """Fold batch normalizations that stand right behind a convolution into it, in place.

    Only such neighbors in an `nn.Sequential` as occur nowhere else in the network. Logits stay the same but for
    rounding.

    Parameters
    ----------
    network : in evaluation mode; it is not to be trained any more.

    Returns
    -------
    network
    """
    places = Counter(id(module) for _, module in network.named_modules(remove_duplicate=False))
    for row in network.modules():
        if not isinstance(row, nn.Sequential) or type(row).forward is not nn.Sequential.forward:
            continue
        for first in range(len(row) - 1):
            convolution, norm = row[first], row[first + 1]
            alone = places[id(convolution)] == places[id(norm)] == places[id(row)] == 1
            if alone and type(convolution) is nn.Conv2d and type(norm) is nn.BatchNorm2d and norm.track_running_stats:
                row[first], row[first + 1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    return network
