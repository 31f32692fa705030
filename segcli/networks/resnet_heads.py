"""The forms of FCN and DeepLab v3 that torchvision has weights for: a ResNet of stride 8 under one of two heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from torch import Tensor, nn

from segcli.networks.backbones.resnet import ResNet
from segcli.networks.backbones.resnet_weights import public_trunk
from segcli.networks.blocks import AtrousPyramid, known
from segcli.networks.shapes import resized


def _fcn_head(in_channels: int, classes: int) -> nn.Sequential:
    """A quarter of the channels by 3 x 3, then the classes."""
    inner = max(1, in_channels // 4)
    return nn.Sequential(
        nn.Conv2d(in_channels, inner, 3, padding=1, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(inplace=True),
        nn.Dropout(0.1),
        nn.Conv2d(inner, classes, 1),
    )


def _deeplab_head(in_channels: int, classes: int) -> nn.Sequential:
    """The pyramid of DeepLab v3 for stride 8, one more convolution, then the classes."""
    inner = max(1, in_channels // 8)
    return nn.Sequential(
        AtrousPyramid(in_channels, inner, (12, 24, 36), dropout=0.5),
        nn.Conv2d(inner, inner, 3, padding=1, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(inplace=True),
        nn.Conv2d(inner, classes, 1),
    )


HEADS = {"fcn": _fcn_head, "deeplab": _deeplab_head}


class ResNetHeads(nn.Module):
    """A dilated ResNet of stride 8 and the head that torchvision calls FCN or DeepLab v3.

    Names of weights are torchvision's, whose `fcn_resnet50`, `fcn_resnet101`, `deeplabv3_resnet50` and
    `deeplabv3_resnet101` load as they are.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    depth : 50 or 101 layers of the ResNet; others too.
    head : fcn or deeplab
    aux : bool
        Add a second head, of the FCN kind, on the third stage. It helps in training, where the authors weight its loss
        by 0.5, and is reached by `side_outputs`.

    Notes
    -----
    Neither is the network of the paper: this FCN has no skips and no transposed convolutions, this DeepLab has no
    multi-grid, the first unit of each dilated stage is left at the rate before, and there is one convolution more.
    Start values are torch's, of the ResNet those of He et al. One picture alone in a training batch is no error: the
    normalization behind the picture's mean takes its running statistics then.

    References
    ----------
    J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for semantic segmentation", CVPR, 2015.
    L.-C. Chen, G. Papandreou, F. Schroff, H. Adam, "Rethinking atrous convolution for semantic image segmentation",
    arXiv:1706.05587, 2017.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        depth: int = 50,
        head: Literal["fcn", "deeplab"] = "deeplab",
        aux: bool = False,
    ) -> None:
        super().__init__()
        make = known("head", head, HEADS)
        self.backbone = ResNet(in_channels, None, width=width, depth=depth, output_stride=8, dilate_first=False)
        self.classifier = make(self.backbone.channels[3], classes)
        self.aux_classifier = _fcn_head(self.backbone.channels[2], classes) if aux else None

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        return resized(self.classifier(self.backbone(image)), image)

    def side_outputs(self, image: Tensor) -> dict[str, Tensor]:
        """Logits (N, classes, H, W) of both heads: main, and aux on the third stage where there is one."""
        _, _, third, last = self.backbone.stages(image)
        made = {} if self.aux_classifier is None else {"aux": resized(self.aux_classifier(third), image)}
        return {"main": resized(self.classifier(last), image), **made}

    @staticmethod
    def from_public(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rename the weights of a public ResNet for the backbone; those of torchvision's whole network stay."""
        if any(name.startswith("backbone.") for name in state):
            return dict(state)
        return public_trunk(state)
