"""How far a network sees, measured by gradients."""

import torch
from torch import nn


def receptive_field(network, side, places=9, outputs=None):
    """The most pixels of a picture of one row that one output depends on, over so many outputs from the middle on.

    Weights become positive and maxima means, so that every pixel that can matter does: the network is changed.
    `outputs` is what makes them, the network itself by default.
    """
    _opened(network.eval().double())
    image = torch.rand(1, 3, 1, side, dtype=torch.double, requires_grad=True)
    line = (outputs or network)(image)[0, 0, 0]
    widths = []
    for place in range(len(line) // 2, len(line) // 2 + places):
        (gradient,) = torch.autograd.grad(line[place], image, retain_graph=True)
        seen = gradient.sum((0, 1, 2)).nonzero().flatten()
        assert 0 < int(seen[0]) <= int(seen[-1]) < side - 1, "the picture is too small"
        widths.append(int(seen[-1] - seen[0]) + 1)
    return max(widths)


def _opened(module):
    for name, child in module.named_children():
        if isinstance(child, nn.MaxPool2d):
            setattr(module, name, nn.AvgPool2d(child.kernel_size, child.stride, child.padding))
        elif isinstance(child, nn.Conv2d):
            nn.init.constant_(child.weight, 1 / child.weight[0].numel())
        else:
            _opened(child)
