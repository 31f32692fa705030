"""How far a network sees, measured by gradients."""

import torch
from torch import nn


def receptive_field(network, scores, side, cells=9):
    """The widest stretch of pixels that one of the middle `cells` of the scores depends on, in a picture of one row.

    Weights become positive and maxima means, so that every pixel that can matter does. The network is changed.
    """
    _opened(network.eval().double())
    image = torch.rand(1, 3, 1, side, dtype=torch.double, requires_grad=True)
    line = scores(image)[0, 0, 0]
    widths = []
    for cell in range(len(line) // 2, len(line) // 2 + cells):
        (gradient,) = torch.autograd.grad(line[cell], image, retain_graph=True)
        seen = gradient.sum((0, 1, 2)).nonzero().flatten()
        assert seen[0] > 0, "the picture is too small"
        assert seen[-1] < side - 1, "the picture is too small"
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
