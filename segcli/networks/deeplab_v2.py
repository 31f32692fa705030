"""DeepLab v2: scores of four fields of view, summed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcli.networks import initial
from segcli.networks.backbones.resnet import ResNet
from segcli.networks.backbones.resnet_weights import public_trunk
from segcli.networks.backbones.vgg_atrous import atrous_features, field_of_view, sampled
from segcli.networks.blocks import freeze_batch_norm, known, scaled
from segcli.networks.shapes import cropped, padded, zoomed

RATES = (6, 12, 18, 24)
"""ASPP-L of the paper."""
DEPTHS = {"vgg16": 16, "resnet50": 50, "resnet101": 101}


class DeepLabV2(nn.Module):
    """Dilated VGG16 or ResNet whose features are classified at four rates side by side; the scores are summed.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    backbone : resnet101, resnet50 or vgg16
        Over a ResNet a branch is one 3 x 3 convolution, over VGG16 it is three layers as in DeepLab v1.
    multi_scale : bool
        Score the picture at 1, 3/4 and 1/2 of its size too and take the largest logit of each class and cell.
        `side_outputs` gives the logits of each scale too: the authors train on these and on the maximum.
    freeze_batch_norm : bool
        Keep the batch normalizations of the ResNet as they are, for weights that were learned elsewhere.
    dropout : share of the hidden units of VGG16's branches that training leaves out.

    Notes
    -----
    The ResNet halves sizes in its 1 x 1 convolutions and dilates whole stages, as the authors' weights need.
    Pictures are extended to 8 k + 1 pixels (32 k + 1 for several scales), where sizes and enlarging are exact.

    References
    ----------
    L.-C. Chen, G. Papandreou, I. Kokkinos, K. Murphy, A. L. Yuille, "DeepLab: Semantic image segmentation with deep
    convolutional nets, atrous convolution, and fully connected CRFs", IEEE Trans. Pattern Analysis and Machine
    Intelligence 40(4), 2018.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        backbone: Literal["vgg16", "resnet50", "resnet101"] = "resnet101",
        multi_scale: bool = False,
        freeze_batch_norm: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        depth = known("backbone", backbone, DEPTHS)
        self.multi_scale = multi_scale
        self.hidden = scaled(1024, width)
        self.frozen = freeze_batch_norm
        self.backbone: nn.Module
        if backbone == "vgg16":
            self.backbone = atrous_features(in_channels, width)
            self.branches = nn.ModuleList(
                field_of_view(scaled(512, width), self.hidden, classes, kernel=3, rate=rate, dropout=dropout)
                for rate in RATES
            )
        else:
            self.backbone = ResNet(in_channels, None, width=width, depth=depth, output_stride=8, stride_on="1x1")
            channels = self.backbone.channels[3]
            self.branches = nn.ModuleList(
                nn.Conv2d(channels, classes, 3, padding=rate, dilation=rate) for rate in RATES
            )
            initial.gaussian(self.branches, 0.01)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; frozen normalizations stay in evaluation."""
        super().train(mode)
        if self.frozen:
            freeze_batch_norm(self)
        return self

    def scores(self, image: Tensor) -> Tensor:
        """Logits (N, classes, ceil(H / 8), ceil(W / 8)) at one scale; cell i sees the surroundings of pixel 8 i."""
        features = self.backbone(image)
        return torch.stack([branch(features) for branch in self.branches]).sum(0)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        extended = self._extended(image)
        return cropped(zoomed(self._maps(extended)["main"], extended), image)

    def side_outputs(self, image: Tensor) -> dict[str, Tensor]:
        """Logits (N, classes, H, W): main, and where there are several scales, those of each by its factor."""
        extended = self._extended(image)
        return {name: cropped(zoomed(scores, extended), image) for name, scores in self._maps(extended).items()}

    def _extended(self, image: Tensor) -> Tensor:
        """A picture of 8 k + 1 pixels a side, of which 3/4 and 1/2 are so too where they are needed."""
        return padded(image, 32 if self.multi_scale else 8, over=1)

    def _maps(self, image: Tensor) -> dict[str, Tensor]:
        """The scores of each scale, brought to the cells of the largest, and the maximum of all."""
        full = self.scores(image)
        if not self.multi_scale:
            return {"main": full}
        maps = {"1": full}
        for scale in (0.75, 0.5):
            size = [round((side - 1) * scale) + 1 for side in image.shape[-2:]]
            reduced = F.interpolate(image, size=size, mode="bilinear", align_corners=True)
            maps[f"{scale:g}"] = zoomed(self.scores(reduced), full)
        return {"main": torch.stack([*maps.values()]).amax(0), **maps}

    def from_public(self, state: Mapping[str, Tensor], seed: int = 0) -> dict[str, Tensor]:
        """Rename the weights of a public ResNet, or of a public VGG16, for the backbone.

        All four branches over VGG16 start from the same 1024 outputs of its hidden layers, drawn by the seed.
        """
        if isinstance(self.backbone, ResNet):
            return public_trunk(state)
        kept = {f"backbone.{name[9:]}": tensor for name, tensor in state.items() if name.startswith("features.")}
        hidden = sampled(state, taps=(0, 3, 6), hidden=self.hidden, seed=seed)
        for branch in range(len(RATES)):
            kept |= {f"branches.{branch}.{name}": tensor for name, tensor in hidden.items()}
        return kept
