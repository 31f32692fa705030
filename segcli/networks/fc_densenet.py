"""FC-DenseNet, the one hundred layers tiramisu."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segcli.errors import SettingError
from segcli.networks import initial
from segcli.networks.blocks import scaled
from segcli.networks.shapes import center_cropped, cropped, padded


class BatchStatistics(nn.BatchNorm2d):
    """Batch normalization that, asked so, normalizes each picture by itself when it is not training."""

    def __init__(self, channels: int, batch_statistics: bool) -> None:
        super().__init__(channels, eps=1e-4)
        self.batch_statistics = batch_statistics

    def forward(self, image: Tensor) -> Tensor:
        """Normalize (N, C, H, W)."""
        if self.training or not self.batch_statistics:
            return super().forward(image)
        # As many groups as channels: statistics of each map by itself, a single pixel included.
        return torch.group_norm(image, self.num_features, self.weight, self.bias, self.eps)


class DenseLayer(nn.Sequential):
    """Normalization, ReLU, convolution, dropout."""

    def __init__(self, in_channels: int, channels: int, kernel: int, dropout: float, batch_statistics: bool) -> None:
        super().__init__(
            BatchStatistics(in_channels, batch_statistics),
            nn.ReLU(inplace=True),
            nn.Conv2d(in_channels, channels, kernel, padding=kernel // 2),
            nn.Dropout(dropout),
        )


class DenseBlock(nn.ModuleList):
    """Layers that each see the maps that came in and those of all layers before."""

    def __init__(self, in_channels: int, layers: int, growth: int, dropout: float, batch_statistics: bool) -> None:
        widths = range(in_channels, in_channels + layers * growth, growth)
        super().__init__(DenseLayer(width, growth, 3, dropout, batch_statistics) for width in widths)

    def forward(self, stack: Tensor) -> Tensor:
        """All maps: those that came in, then the new ones."""
        for layer in self:
            stack = torch.cat([stack, layer(stack)], 1)
        return stack


class FCDenseNet(nn.Module):
    """Dense blocks around five poolings; on the way up only the new maps of a block are enlarged.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers: the 48 of the first convolution and the growth.
    layers : of the eleven dense blocks, from the first to the last. 103 has (4, 5, 7, 10, 12, 15, 12, 10, 7, 5, 4).
    growth : maps that each layer adds.
    dropout : share of values that training leaves out after each convolution.
    batch_statistics : normalize by the picture's own mean and deviation in evaluation; else by the running averages
        of training, which are kept in both cases.

    Notes
    -----
    The authors normalize by batch statistics at test too, over ten whole frames at once, and report lower scores
    with running averages. There a picture's labels depend on what it is batched with. Here each is normalized by
    itself: the authors' procedure with batches of one. That holds better than running averages where light varies from
    picture to picture and batches are small. Its price is that statistics of one picture are not those of a batch in
    which each picture shows other classes, and that a window of a picture has others than the whole, so pictures are
    best segmented whole; `batch_statistics=False` has neither effect.

    Pooling rounds down; the transposed convolutions give 2 n + 1 pixels, cut to the middle of the skipped maps. The
    last block hands all its maps to the classifier. Table 2 of the paper counts 16 maps too few from the bottleneck on
    (880 for 896), as the authors say. The receptive field in the table is that of the convolutions.

    Raises
    ------
    SettingError : not eleven blocks, or one without layers.

    References
    ----------
    S. Jégou, M. Drozdzal, D. Vazquez, A. Romero, Y. Bengio, "The one hundred layers tiramisu: Fully convolutional
    DenseNets for semantic segmentation", CVPR Workshops, 2017.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        layers: Sequence[int] = (4,) * 11,
        growth: int = 12,
        dropout: float = 0.2,
        batch_statistics: bool = True,
    ) -> None:
        super().__init__()
        if len(layers) != 11 or min(layers) < 1:
            raise SettingError("layers", f"is {tuple(layers)}; it must be 11 numbers, each at least 1.")
        growth, channels = scaled(growth, width), scaled(48, width)
        options = (growth, dropout, batch_statistics)
        self.first = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.down, self.transitions_down = nn.ModuleList(), nn.ModuleList()
        skipped = []
        for count in layers[:5]:
            self.down.append(DenseBlock(channels, count, *options))
            channels += count * growth
            skipped.append(channels)
            self.transitions_down.append(DenseLayer(channels, channels, 1, dropout, batch_statistics))
        self.bottleneck = DenseBlock(channels, layers[5], *options)
        self.transitions_up, self.up = nn.ModuleList(), nn.ModuleList()
        for below, count, skip in zip(layers[5:], layers[6:], reversed(skipped), strict=False):
            self.transitions_up.append(nn.ConvTranspose2d(below * growth, below * growth, 3, 2))
            self.up.append(DenseBlock(below * growth + skip, count, *options))
            channels = below * growth + skip + count * growth
        self.classifier = nn.Conv2d(channels, classes, 1)
        self._start()

    def _start(self) -> None:
        initial.he_uniform(self)
        for layer in self.modules():
            if isinstance(layer, nn.ConvTranspose2d):
                # The authors' library takes all nine taps as the fan, though fewer reach one output pixel.
                bound = (6 / (9 * layer.out_channels)) ** 0.5
                nn.init.uniform_(layer.weight, -bound, bound)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W); smaller ones than 64 x 64 are enlarged by mirroring."""
        # A fifth pooling leaves 2 x 2 of 64 x 64 pixels; of fewer values no deviation is worth its name.
        stack = self.first(padded(image, 1, 64))
        skips = []
        for block, transition in zip(self.down, self.transitions_down, strict=True):
            skips.append(block(stack))
            stack = nn.functional.max_pool2d(transition(skips[-1]), 2)
        came, stack = stack.shape[1], self.bottleneck(stack)
        for transition, block, skip in zip(self.transitions_up, self.up, reversed(skips), strict=True):
            larger = center_cropped(transition(stack[:, came:]), skip)
            stack = torch.cat([larger, skip], 1)
            came, stack = stack.shape[1], block(stack)
        return cropped(self.classifier(stack), image)
