"""Inception V3, under the names of its public weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.blocks import InputRange, NormalizedConvolution, scaled
from segcli.networks.shapes import padded

Layer = tuple[str, int, int | tuple[int, int]]
"""Name, channels and kernel."""
Branch = tuple[Layer, ...]
"""Layers one after the other; those at the end whose names end in a and b stand side by side."""

LEAST = 75
"""Pixels a side that leave one at the end."""
DOUBLE: Branch = (("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3))


def _a(pooled: int) -> tuple[Branch, ...]:
    """35 x 35: two convolutions of 3 x 3 for each 5 x 5."""
    large: Branch = (("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5))
    return ((("branch1x1", 64, 1),), large, DOUBLE, (("branch_pool", pooled, 1),))


def _c(inner: int) -> tuple[Branch, ...]:
    """17 x 17: 7 x 7 taken apart into rows and columns."""
    row, column = (1, 7), (7, 1)
    once: Branch = (("branch7x7_1", inner, 1), ("branch7x7_2", inner, row), ("branch7x7_3", 192, column))
    twice: Branch = (
        ("branch7x7dbl_1", inner, 1),
        ("branch7x7dbl_2", inner, column),
        ("branch7x7dbl_3", inner, row),
        ("branch7x7dbl_4", inner, column),
        ("branch7x7dbl_5", 192, row),
    )
    return ((("branch1x1", 192, 1),), once, twice, (("branch_pool", 192, 1),))


B: tuple[Branch, ...] = ((("branch3x3", 384, 3),), DOUBLE)
D: tuple[Branch, ...] = (
    (("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3)),
    (
        ("branch7x7x3_1", 192, 1),
        ("branch7x7x3_2", 192, (1, 7)),
        ("branch7x7x3_3", 192, (7, 1)),
        ("branch7x7x3_4", 192, 3),
    ),
)
E: tuple[Branch, ...] = (
    (("branch1x1", 320, 1),),
    (("branch3x3_1", 384, 1), ("branch3x3_2a", 384, (1, 3)), ("branch3x3_2b", 384, (3, 1))),
    (
        ("branch3x3dbl_1", 448, 1),
        ("branch3x3dbl_2", 384, 3),
        ("branch3x3dbl_3a", 384, (1, 3)),
        ("branch3x3dbl_3b", 384, (3, 1)),
    ),
    (("branch_pool", 192, 1),),
)
MODULES = {
    "Mixed_5b": _a(32),
    "Mixed_5c": _a(64),
    "Mixed_5d": _a(64),
    "Mixed_6a": B,
    "Mixed_6b": _c(128),
    "Mixed_6c": _c(160),
    "Mixed_6d": _c(160),
    "Mixed_6e": _c(192),
    "Mixed_7a": D,
    "Mixed_7b": E,
    "Mixed_7c": E,
}


class Mixed(nn.Module):
    """Branches side by side; those without a convolution behind the pooling halve the size.

    Attributes
    ----------
    channels : int, of all branches together.
    """

    def __init__(self, in_channels: int, branches: tuple[Branch, ...], width: float) -> None:
        super().__init__()
        self.names = [[name for name, _, _ in branch] for branch in branches]
        self.halving = "branch_pool" not in self.names[-1]
        self.channels = in_channels if self.halving else 0
        for branch in branches:
            given = in_channels
            for name, count, kernel in branch:
                channels, last = scaled(count, width), name == branch[-1][0]
                if self.halving and last:
                    layer = NormalizedConvolution(given, channels, kernel, 2)
                else:
                    sides = (kernel, kernel) if isinstance(kernel, int) else kernel
                    layer = NormalizedConvolution(given, channels, kernel, 1, (sides[0] // 2, sides[1] // 2))
                self.add_module(name, layer)
                self.channels += channels if last or name.endswith("a") else 0
                given = given if name.endswith("a") else channels

    def forward(self, image: Tensor) -> Tensor:
        """The maps of all branches."""
        made = []
        for names in self.names:
            maps = [F.avg_pool2d(image, 3, 1, padding=1) if names == ["branch_pool"] else image]
            for name in names:
                layer = self.get_submodule(name)
                # The second of two layers side by side takes what the first one took.
                if name.endswith("b"):
                    made.append(maps[-1])
                    maps.pop()
                maps.append(layer(maps[-1]))
            made.append(maps[-1])
        return torch.cat([*made, F.max_pool2d(image, 3, 2)] if self.halving else made, 1)


class SideHead(nn.Module):
    """A small classifier in the middle of the network, for training."""

    def __init__(self, in_channels: int, classes: int, width: float) -> None:
        super().__init__()
        first, second = scaled(128, width), scaled(768, width)
        self.conv0 = NormalizedConvolution(in_channels, first, 1)
        self.conv1 = NormalizedConvolution(first, second, 5)
        self.fc = nn.Linear(second, classes)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (N, classes) of maps of any size; 17 x 17 belong to a picture of 299 x 299."""
        features = F.avg_pool2d(padded(features, 1, 17), 5, 3)
        return self.fc(F.adaptive_avg_pool2d(self.conv1(self.conv0(features)), 1).flatten(1))


class InceptionV3(nn.Module):
    """A stem of convolutions without padding, eleven modules of branches, a mean and one linear layer.

    Start values are torchvision's: N(0, 0.1), in the classifier in the middle 0.01 and 0.001.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    aux : make the classifier in the middle, which `side_outputs` gives; the public weights have it.
    dropout : share of the values before the last layer that training leaves out.
    transform_input : take RGB normalized by ImageNet's mean and deviation to -1 .. 1, as the public weights need it.

    References
    ----------
    C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, "Rethinking the Inception architecture for computer
    vision", CVPR, 2016.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        aux: bool = True,
        dropout: float = 0.5,
        transform_input: bool = False,
    ) -> None:
        super().__init__()
        sides = [scaled(channels, width) for channels in (32, 32, 64, 80, 192)]
        self.transform = InputRange(in_channels) if transform_input else nn.Identity()
        self.Conv2d_1a_3x3 = NormalizedConvolution(in_channels, sides[0], 3, 2)
        self.Conv2d_2a_3x3 = NormalizedConvolution(sides[0], sides[1], 3)
        self.Conv2d_2b_3x3 = NormalizedConvolution(sides[1], sides[2], 3, padding=1)
        self.maxpool1 = nn.MaxPool2d(3, 2)
        self.Conv2d_3b_1x1 = NormalizedConvolution(sides[2], sides[3], 1)
        self.Conv2d_4a_3x3 = NormalizedConvolution(sides[3], sides[4], 3)
        self.maxpool2 = nn.MaxPool2d(3, 2)
        self.AuxLogits: SideHead | None = None
        channels = sides[4]
        for name, branches in MODULES.items():
            module = Mixed(channels, branches, width)
            self.add_module(name, module)
            channels = module.channels
            if aux and name == "Mixed_6e":
                self.AuxLogits = SideHead(channels, classes, width)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, classes)
        initial.gaussian(self, 0.1)
        if self.AuxLogits is not None:
            initial.gaussian(self.AuxLogits.conv1, 0.01)
            initial.gaussian(self.AuxLogits.fc, 0.001)

    def features(self, image: Tensor) -> Tensor:
        """Make the last module's maps, about 32 times smaller than the picture."""
        return self._maps(image)[1]

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W); smaller ones than 75 x 75 are enlarged by mirroring."""
        return self._logits(self.features(image))

    def side_outputs(self, image: Tensor) -> dict[str, Tensor]:
        """Logits (N, classes) of both classifiers: main, and aux, whose loss is usually weighted by 0.4."""
        middle, last = self._maps(image)
        made = {} if self.AuxLogits is None else {"aux": self.AuxLogits(middle)}
        return {"main": self._logits(last), **made}

    def _logits(self, features: Tensor) -> Tensor:
        return self.fc(self.dropout(self.avgpool(features)).flatten(1))

    def _maps(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """What the module before the classifier in the middle makes, and what the last one makes."""
        image = self.Conv2d_1a_3x3(self.transform(padded(image, 1, LEAST)))
        image = self.maxpool1(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(image)))
        image = self.maxpool2(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(image)))
        middle = image
        for name in MODULES:
            image = self.get_submodule(name)(image)
            middle = image if name == "Mixed_6e" else middle
        return middle, image
