"""GoogLeNet, as its public weights have it and as its paper has it."""

from __future__ import annotations

from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.blocks import InputRange, LocalResponseNorm, NormalizedConvolution, known, scaled
from segcli.networks.shapes import padded

Layout = Literal["torchvision", "paper"]
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Channels of each Inception module: 1 x 1; before and of 3 x 3; before and of 5 x 5; after the pooling."""
USUAL = {"torchvision": (15, 0.2), "paper": (31, 0.4)}
"""Pixels a side that leave one at the end, and the dropout before the last layer, by layout."""


class Inception(nn.Module):
    """Four branches side by side: 1 x 1, 3 x 3, 5 x 5 (or what torchvision takes for it), and a pooling."""

    def __init__(self, in_channels: int, channels: tuple[int, ...], layout: Layout) -> None:
        super().__init__()
        unit = partial(NormalizedConvolution, batch_norm=layout == "torchvision")
        one, before_3, three, before_5, five, pooled = channels
        large = 3 if layout == "torchvision" else 5
        self.branch1 = unit(in_channels, one, 1)
        self.branch2 = nn.Sequential(unit(in_channels, before_3, 1), unit(before_3, three, 3, padding=1))
        self.branch3 = nn.Sequential(unit(in_channels, before_5, 1), unit(before_5, five, large, padding=large // 2))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), unit(in_channels, pooled, 1))

    def forward(self, image: Tensor) -> Tensor:
        """The maps of all branches."""
        return torch.cat([branch(image) for branch in (self.branch1, self.branch2, self.branch3, self.branch4)], 1)


class SideHead(nn.Module):
    """A small classifier in the middle of the network, for training."""

    def __init__(self, in_channels: int, classes: int, width: float, layout: Layout, dropout: float) -> None:
        super().__init__()
        channels, hidden = scaled(128, width), scaled(1024, width)
        self.layout = layout
        self.conv = NormalizedConvolution(in_channels, channels, 1, batch_norm=layout == "torchvision")
        self.fc1 = nn.Linear(channels * 16, hidden)
        self.fc2 = nn.Linear(hidden, classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (N, classes) of maps of any size; 14 x 14 belong to a picture of 224 x 224."""
        if self.layout == "paper":
            features = F.avg_pool2d(padded(features, 1, 14), 5, 3)
        features = self.conv(F.adaptive_avg_pool2d(features, 4)).flatten(1)
        return self.fc2(self.dropout(F.relu(self.fc1(features))))


class GoogLeNet(nn.Module):
    """Nine Inception modules, a mean over the picture and one linear layer.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    layout : torchvision or paper
        torchvision normalizes by batches, has no biases, and its 5 x 5 convolutions are 3 x 3, by a mistake that its
        public weights share. The paper has 5 x 5 convolutions with biases, and normalizes over channels twice.
    aux : make the two classifiers in the middle, which `side_outputs` gives.
    dropout, dropout_aux : share of the values before the last layers that training leaves out; the paper has 0.4 in
        the end and 0.7 in the middle, torchvision 0.2 and 0.7. None is the layout's.
    transform_input : take RGB normalized by ImageNet's mean and deviation to -1 .. 1, as the public weights need it.

    Notes
    -----
    Start values are torchvision's, N(0, 0.01); those of the layout `paper`, which the paper does not give, are those
    of its port in Caffe: uniform by the fan in, biases 0.2.

    References
    ----------
    C. Szegedy et al., "Going deeper with convolutions", CVPR, 2015.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        layout: Layout = "torchvision",
        aux: bool = False,
        dropout: float | None = None,
        dropout_aux: float = 0.7,
        transform_input: bool = False,
    ) -> None:
        super().__init__()
        self.smallest, usual = known("layout", layout, USUAL)
        unit = partial(NormalizedConvolution, batch_norm=layout == "torchvision")
        stem, channels = scaled(64, width), scaled(192, width)
        normalization = nn.Identity() if layout == "torchvision" else LocalResponseNorm()
        self.transform = InputRange(in_channels) if transform_input else nn.Identity()
        self.conv1 = unit(in_channels, stem, 7, 2, 3)
        self.maxpool1 = nn.Sequential(nn.MaxPool2d(3, 2, ceil_mode=True), normalization)
        self.conv2 = unit(stem, stem, 1)
        self.conv3 = unit(stem, channels, 3, padding=1)
        self.maxpool2 = nn.Sequential(normalization, nn.MaxPool2d(3, 2, ceil_mode=True))
        self.maxpool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        # The paper pools 3 x 3 here too; 2 x 2 is what the public weights were trained with.
        self.maxpool4 = nn.MaxPool2d(2 if layout == "torchvision" else 3, 2, ceil_mode=True)
        self.aux1: SideHead | None = None
        self.aux2: SideHead | None = None
        for name, counts in MODULES.items():
            branches = tuple(scaled(count, width) for count in counts)
            self.add_module(f"inception{name}", Inception(channels, branches, layout))
            channels = branches[0] + branches[2] + branches[4] + branches[5]
            if aux and name == "4a":
                self.aux1 = SideHead(channels, classes, width, layout, dropout_aux)
            if aux and name == "4d":
                self.aux2 = SideHead(channels, classes, width, layout, dropout_aux)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(usual if dropout is None else dropout)
        self.fc = nn.Linear(channels, classes)
        if layout == "torchvision":
            initial.gaussian(self, 0.01)
        else:
            initial.xavier_uniform(self, 0.2)

    def features(self, image: Tensor) -> Tensor:
        """Make the last module's maps, 32 times smaller than the picture."""
        return self._maps(image)["5b"]

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W); very small ones are enlarged by mirroring."""
        return self._logits(self.features(image))

    def side_outputs(self, image: Tensor) -> dict[str, Tensor]:
        """Logits (N, classes) of all classifiers: main, and aux1 and aux2, whose losses the paper weights by 0.3."""
        maps = self._maps(image)
        made = {"main": self._logits(maps["5b"])}
        if self.aux1 is not None and self.aux2 is not None:
            made |= {"aux1": self.aux1(maps["4a"]), "aux2": self.aux2(maps["4d"])}
        return made

    def _logits(self, features: Tensor) -> Tensor:
        return self.fc(self.dropout(self.avgpool(features).flatten(1)))

    def _maps(self, image: Tensor) -> dict[str, Tensor]:
        """What each module makes, by its name."""
        image = self.maxpool1(self.conv1(self.transform(padded(image, 1, self.smallest))))
        image = self.maxpool2(self.conv3(self.conv2(image)))
        maps = {}
        for name in MODULES:
            image = self.get_submodule(f"inception{name}")(image)
            maps[name] = image
            if name in ("3b", "4e"):
                image = (self.maxpool3 if name == "3b" else self.maxpool4)(image)
        return maps
