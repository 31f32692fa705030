"""How far one output of a network sees, by the gradients that reach the picture."""

import torch
import torch.nn.functional as F
from torch import nn

from segcli.networks import blocks


def receptive_field(network, length, monkeypatch, height=1, phases=32):
    """Columns between the outermost that a logit in the middle of a long picture depends on; the most of `phases`.

    Maxima hide what they did not take: means see the same squares, and nothing but zeros cancels positive weights.
    """

    def mean(image, *_, ceil_mode=False, **__):
        return F.avg_pool2d(image, 2, 2, ceil_mode=ceil_mode)

    def repeated(image, indices, like):
        return blocks.nearest_unpooled(image)[..., : like.shape[-2], : like.shape[-1]]

    monkeypatch.setattr(F, "max_pool2d", mean)
    monkeypatch.setattr(blocks, "max_pooled", lambda image: (mean(image, ceil_mode=True), None))
    monkeypatch.setattr(blocks, "max_unpooled", repeated)
    network.double().eval()
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)) and layer.weight.requires_grad:
                layer.weight.fill_(1 / layer.weight[0].numel())
                if layer.bias is not None:
                    layer.bias.zero_()
    image = torch.ones(1, 1, height, length, dtype=torch.float64, requires_grad=True)
    outputs = network(image)[0, 0, height // 2]
    widths = []
    for position in range(length // 2, length // 2 + phases):
        (gradient,) = torch.autograd.grad(outputs[position], image, retain_graph=True)
        seen = gradient[0].abs().sum((0, 1)).nonzero().flatten().tolist()
        assert 0 < seen[0] < seen[-1] < length - 1, "the picture is too short"
        widths.append(seen[-1] - seen[0] + 1)
    return max(widths)
