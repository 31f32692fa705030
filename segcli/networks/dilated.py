"""DilatedNet: VGG16 without its last two poolings, and modules that gather context by dilated convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcli.errors import SettingError
from segcli.networks import initial
from segcli.networks.backbones.vgg import vgg_features
from segcli.networks.backbones.vgg_weights import public_features, public_hidden
from segcli.networks.blocks import BilinearUpsampling, known, scaled
from segcli.networks.shapes import cropped, mirrored

MARGIN = 186
"""Pixels that the front end's convolutions take away on each side."""

MOST = 16
"""Layers of a context module above which nobody means it: the rates double from layer to layer."""


def dilated_convolutions(
    in_channels: int, channels: Sequence[int], rates: Sequence[int], *, kernel: int = 3, pad_ahead: bool = False
) -> nn.Sequential:
    """Dilated convolutions that keep the size, each followed by ReLU.

    Each pads its own input with zeros; `pad_ahead` pads the first one's for all, which differs near the borders.
    """
    borders = [rate * (kernel - 1) // 2 for rate in rates]
    if pad_ahead:
        borders = [sum(borders)] + [0] * (len(borders) - 1)
    layers = nn.Sequential()
    for out_channels, rate, border in zip(channels, rates, borders, strict=True):
        layers.append(nn.Conv2d(in_channels, out_channels, kernel, padding=border, dilation=rate))
        layers.append(nn.ReLU(inplace=True))
        in_channels = out_channels
    return layers


def identity_start(layer: nn.Conv2d, classes: int, noise: float) -> None:
    """Start values that hand the maps of each class on, by equation 5 of the paper.

    The channels fall into as many groups as there are classes. Each output gets classes / out_channels times the sum
    of the inputs of its own group, at the center tap; noise times that is the deviation of all weights. Biases are 0.
    """
    out_channels, in_channels, rows, columns = layer.weight.shape
    share = classes / out_channels
    groups = [
        torch.arange(count, device=layer.weight.device) * classes // count for count in (out_channels, in_channels)
    ]
    same = groups[0][:, None] == groups[1][None, :]
    with torch.no_grad():
        layer.weight.normal_(std=noise * share)
        layer.weight[:, :, rows // 2, columns // 2] += share * same
        if layer.bias is not None:
            layer.bias.zero_()


class Context(nn.Module):
    """Layers of growing dilation that start as the identity: 8 of them see 67 x 67 pixels, 10 see 259 x 259.

    Parameters
    ----------
    classes : int
    layers : of them the last is 1 x 1; dilations are 1, 1, 2, 4, ... and 1.
    large : widen the layers to 2, 2, 4, 8, 16, 32, 32 times the classes, and pad once in front of all.
    width : scales that.
    noise : deviation of the start values from the identity, relative to them.

    Raises
    ------
    SettingError : fewer than 4 layers, or more than 16.
    """

    def __init__(
        self, classes: int, *, layers: int = 8, large: bool = False, width: float = 1.0, noise: float = 0.01
    ) -> None:
        super().__init__()
        if not 4 <= layers <= MOST:
            raise SettingError("layers", f"is {layers}; a context module has at least 4, and at most {MOST}.")
        growing = [1, *(2**power for power in range(layers - 3))]
        channels = [classes * scaled(2 * rate, width) if large else classes for rate in growing]
        self.dilated = dilated_convolutions(classes, [*channels, channels[-1]], [*growing, 1], pad_ahead=large)
        self.final = nn.Conv2d(channels[-1], classes, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                identity_start(layer, classes, noise)

    def forward(self, scores: Tensor) -> Tensor:
        """Scores (N, classes, H, W) of scores; their positive part, where there is no noise."""
        return self.final(self.dilated(scores))


class FrontEnd(nn.Module):
    """VGG16 of valid convolutions; dilation 2 and 4 stand for the two last poolings, which are left out.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    dropout : share of the hidden units that training leaves out.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0, dropout: float = 0.5) -> None:
        super().__init__()
        hidden = scaled(4096, width)
        pools = [*(nn.MaxPool2d(2, 2) for _ in range(3)), nn.Identity(), nn.Identity()]
        self.features = vgg_features(
            in_channels, 16, width=width, padding=[0] * 5, dilation=(1, 1, 1, 1, 2), pools=pools
        )
        self.fc6 = nn.Conv2d(scaled(512, width), hidden, 7, dilation=4)
        self.fc7 = nn.Conv2d(hidden, hidden, 1)
        self.final = nn.Conv2d(hidden, classes, 1)
        self.dropout = nn.Dropout(dropout)
        initial.he_normal(self)
        initial.gaussian(self.final, 0.001)

    def forward(self, image: Tensor) -> Tensor:
        """Scores (N, classes, (H - 372) // 8, (W - 372) // 8) of pictures (N, C, H, W)."""
        hidden = self.dropout(F.relu(self.fc6(self.features(image)), inplace=True))
        hidden = self.dropout(F.relu(self.fc7(hidden), inplace=True))
        return self.final(hidden)


class DilatedNet(nn.Module):
    """The front end, a context module, and fixed bilinear upsampling by 8.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers but those that are as many as classes.
    context : none, basic (as many channels as classes in all layers) or large.
    layers : of the context module: 8 for VOC and CamVid, 10 for Cityscapes, 7 for KITTI.
    dropout : share of the hidden units that training leaves out.
    noise : deviation of the context module's start values from the identity, relative to them.

    Notes
    -----
    The picture is mirrored by 186 pixels on each side, so that no convolution of the front end sees padding. A context
    module that starts at random diverges; one that starts as the identity passes the positive part of the scores on.
    The authors train the front end first, then the module on its scores, then both. Zeros beyond the last scores make
    those of the outermost four pixels smaller, of all classes alike.

    Raises
    ------
    SettingError : there is no such context module, or it has not 4 to 16 layers.

    References
    ----------
    F. Yu, V. Koltun, "Multi-scale context aggregation by dilated convolutions", ICLR, 2016.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        context: Literal["none", "basic", "large"] = "basic",
        layers: int = 8,
        dropout: float = 0.5,
        noise: float = 0.01,
    ) -> None:
        super().__init__()
        large = known("context", context, {"none": None, "basic": False, "large": True})
        self.front = FrontEnd(in_channels, classes, width=width, dropout=dropout)
        self.context: nn.Module = nn.Identity()
        if large is not None:
            self.context = Context(classes, layers=layers, large=large, width=width, noise=noise)
        self.upsampling = BilinearUpsampling(classes, 16, 8)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        right, bottom = (MARGIN + -side % 8 for side in (image.shape[-1], image.shape[-2]))
        scores = self.context(self.front(mirrored(image, MARGIN, right, MARGIN, bottom)))
        return cropped(self.upsampling(scores), image, 4)

    @staticmethod
    def from_public(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename the weights of a public VGG16 for the front end, up to fc7."""
        return public_features(state, batch_norm=False, to="front.features.") | public_hidden(
            state, "front.fc6", "front.fc7"
        )
