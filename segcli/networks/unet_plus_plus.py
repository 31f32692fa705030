"""U-Net++: U-Nets of every depth in one another, with dense skip connections and a head each."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcli.errors import SettingError
from segcli.networks import initial
from segcli.networks.blocks import scaled
from segcli.networks.shapes import cropped, padded


class Unit(nn.Sequential):
    """Two 3 x 3 convolutions that keep the size, each with ReLU and dropout."""

    def __init__(self, in_channels: int, out_channels: int, dropout: float) -> None:
        layers: list[nn.Module] = []
        for before in (in_channels, out_channels):
            layers += [nn.Conv2d(before, out_channels, 3, padding=1), nn.ReLU(inplace=True), nn.Dropout(dropout)]
        super().__init__(*layers)


def mean_of_probabilities(logits: list[Tensor]) -> Tensor:
    """Logits whose softmax (of one class: sigmoid) is the mean of the heads' softmax (sigmoid)."""
    heads = torch.stack(logits)
    if heads.shape[2] == 1:  # log(mean p) - log(mean(1 - p)): the number of heads falls out
        return F.logsigmoid(heads).logsumexp(0) - F.logsigmoid(-heads).logsumexp(0)
    return F.log_softmax(heads, 2).logsumexp(0) - math.log(len(logits))


class UNetPlusPlus(nn.Module):
    """Nested U-Nets: X(i, j) joins X(i, 0 .. j - 1) with X(i + 1, j - 1) upsampled, i levels down, j steps right.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    depth : int
        Poolings; the paper's 4 make X(0, 4) the last node.
    root : int
        Channels of the first level; each level below has twice as many.
    deep_supervision : bool
        One head on each of X(0, 1) .. X(0, depth), to train by the mean of their losses; False leaves the last alone.
    level : int or None
        Which head answers: None for all of them ("accurate": the mean of their probabilities), 1 to depth for one
        ("fast": the nodes that it does not need are not computed). An attribute: set it on a trained network.
    dropout : float
        Share of the activations that training leaves out after each convolution; none in the paper, half in the
        authors' code.

    Raises
    ------
    SettingError : the depth is not between 1 and 8, or there is no head at the level.

    Notes
    -----
    Transposed convolutions bring the channels to those of the level above: bilinear upsampling gives another network.
    The mean is taken over probabilities, not over logits.

    References
    ----------
    Z. Zhou, M. M. R. Siddiquee, N. Tajbakhsh, J. Liang, "UNet++: a nested U-Net architecture for medical image
    segmentation", DLMIA workshop of MICCAI, 2018.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        depth: int = 4,
        root: int = 32,
        deep_supervision: bool = True,
        level: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not 1 <= depth <= 8:
            raise SettingError("depth", f"is {depth}; it must be between 1 and 8.")
        self.depth, self.multiple = depth, 2**depth
        channels = [scaled(root * 2**row, width) for row in range(depth + 1)]
        self.nodes, self.up = nn.ModuleDict(), nn.ModuleDict()
        for row, column in self._nodes(depth):
            here = channels[row]
            if column == 0:
                before = channels[row - 1] if row else in_channels
            else:
                before = (column + 1) * here
                self.up[f"{row}_{column}"] = nn.ConvTranspose2d(channels[row + 1], here, 2, 2)
            self.nodes[f"{row}_{column}"] = Unit(before, here, dropout)
        heads = range(1, depth + 1) if deep_supervision else (depth,)
        self.heads = nn.ModuleDict({str(head): nn.Conv2d(channels[0], classes, 1) for head in heads})
        self.pool = nn.MaxPool2d(2, 2)
        self.level = level
        initial.he_normal(self)

    @property
    def level(self) -> int | None:
        """The head that answers; None for all."""
        return self._level

    @level.setter
    def level(self, level: int | None) -> None:
        if level is not None and str(level) not in self.heads:
            raise SettingError("level", f"is {level}; this network has a head at {', '.join(self.heads)}.")
        self._level = level

    @staticmethod
    def _nodes(level: int) -> list[tuple[int, int]]:
        """What the head of a level needs, in an order in which it can be computed: the triangle i + j <= level."""
        return [(total - column, column) for total in range(level + 1) for column in range(total + 1)]

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of one head, or those of the mean of the probabilities of all heads."""
        logits = list(self._heads(image, self.level or self.depth).values())
        return logits[-1] if self.level or len(logits) == 1 else mean_of_probabilities(logits)

    def side_outputs(self, image: Tensor) -> dict[str, Tensor]:
        """Logits (N, classes, H, W) of every head by its level, to be weighted alike in training."""
        return self._heads(image, self.depth)

    def _heads(self, image: Tensor, level: int) -> dict[str, Tensor]:
        given = padded(image, self.multiple)
        made: dict[tuple[int, int], Tensor] = {}
        for row, column in self._nodes(level):
            if column:
                raised = self.up[f"{row}_{column}"](made[row + 1, column - 1])
                given = torch.cat([*(made[row, before] for before in range(column)), raised], 1)
            elif row:
                given = self.pool(made[row - 1, 0])
            made[row, column] = self.nodes[f"{row}_{column}"](given)
        heads = {head: layer for head, layer in self.heads.items() if int(head) <= level}
        return {head: cropped(layer(made[0, int(head)]), image) for head, layer in heads.items()}
