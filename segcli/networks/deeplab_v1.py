"""DeepLab v1: VGG16 of stride 8 that sees far through spread taps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from torch import Tensor, nn

from segcli.networks.backbones.vgg_atrous import atrous_features, field_of_view, sampled
from segcli.networks.blocks import known, scaled
from segcli.networks.shapes import cropped, padded, zoomed

HEADS = {"7x7": (7, 4, 4096), "4x4": (4, 8, 4096), "large_fov": (3, 12, 1024)}
"""Taps a side, cells between them and channels of the first hidden layer; all span 25 cells."""
TAPS = {7: (0, 1, 2, 3, 4, 5, 6), 4: (0, 2, 4, 6), 3: (0, 3, 6)}
"""Which of VGG's 7 x 7 taps a kernel starts from, by its side."""


class DeepLabV1(nn.Module):
    """VGG16 with holes instead of its last two strides, and a first hidden layer with few taps far apart.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    head : large_fov, 4x4 or 7x7
        The first hidden layer: 3 x 3 at rate 12 and 1024 channels (DeepLab-LargeFOV), 4 x 4 at rate 8 or VGG's own
        7 x 7 at rate 4 with 4096.
    dropout : share of the hidden units that training leaves out.

    Notes
    -----
    Pools of 3 x 3 keep cell i over pixel 8 i: pictures are extended to 8 k + 1 pixels, and the scores, enlarged with
    their corners in place, fit them exactly. Re-implementations with pools of 2 x 2, or that enlarge otherwise, shift
    the answer by up to 7 pixels. The authors trained on labels subsampled by 8, which `scores` is for.

    References
    ----------
    L.-C. Chen, G. Papandreou, I. Kokkinos, K. Murphy, A. L. Yuille, "Semantic image segmentation with deep
    convolutional nets and fully connected CRFs", ICLR, 2015.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        head: Literal["large_fov", "4x4", "7x7"] = "large_fov",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.kernel, rate, hidden = known("head", head, HEADS)
        self.hidden = scaled(hidden, width)
        self.features = atrous_features(in_channels, width)
        self.smoothing = nn.AvgPool2d(3, 1, padding=1)
        self.classifier = field_of_view(
            scaled(512, width), self.hidden, classes, kernel=self.kernel, rate=rate, dropout=dropout
        )

    def scores(self, image: Tensor) -> Tensor:
        """Logits (N, classes, ceil(H / 8), ceil(W / 8)); cell i sees the surroundings of pixel 8 i."""
        return self.classifier(self.smoothing(self.features(image)))

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        extended = padded(image, 8, over=1)
        return cropped(zoomed(self.scores(extended), extended), image)

    def from_public(self, state: Mapping[str, Tensor], seed: int = 0) -> dict[str, Tensor]:
        """Take the convolutions of a public VGG16, and of its hidden layers the outputs and taps that this head has.

        The outputs of large_fov are drawn by the seed; its taps are 0, 3 and 6 of 7, those of 4x4 are 0, 2, 4 and 6.
        """
        hidden = sampled(state, taps=TAPS[self.kernel], hidden=self.hidden, seed=seed)
        convolutions = {name: tensor for name, tensor in state.items() if name.startswith("features.")}
        return convolutions | {f"classifier.{name}": tensor for name, tensor in hidden.items()}
