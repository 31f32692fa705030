"""A classifier that slides over the picture and labels the pixel in the middle of its window."""

from __future__ import annotations

from math import gcd

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcli.errors import SettingError, UsageError
from segcli.networks import initial
from segcli.networks.blocks import scaled
from segcli.networks.registry import build, find_architecture
from segcli.networks.shapes import mirrored

KERNELS = (4, 5, 4, 4)
"""Of the patch network's convolutions, each followed by a pooling of 2 x 2."""
PATCH_NETWORK = "n4"


class PatchClassifier(nn.Module):
    """Label each pixel by a network that sees a window around it.

    The labeled pixel is the one with window // 2 pixels of the window above it and as many to its left: the middle
    one of an odd window, of an even one the lower right of the four in the middle. Beyond the border the picture is
    mirrored.

    The small patch network is evaluated for all windows at once: poolings move by one pixel, later layers skip what
    lies between (Giusti et al.), and the result is that of one window after another. Other networks pad inside and
    cannot be shared between windows; they see one window at a time.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    backbone : n4, the patch network of Ciresan et al., or a network of the table that classifies pictures.
    window : side in pixels. The patch network is made for 95 and takes 63 or more.
    stride : predict every so many pixels, both ways, and fill in bilinearly.
    batch : windows at a time, for other networks than n4.

    Raises
    ------
    SettingError : a number is out of range.
    UsageError : the backbone is not in the table, or does not classify.

    References
    ----------
    D. Ciresan, A. Giusti, L. Gambardella, J. Schmidhuber, "Deep neural networks segment neuronal membranes in
    electron microscopy images", NIPS, 2012. A. Giusti, D. Ciresan, J. Masci, L. Gambardella, J. Schmidhuber, "Fast
    image scanning with deep max-pooling convolutional neural networks", ICIP, 2013.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        backbone: str = PATCH_NETWORK,
        window: int = 95,
        stride: int = 1,
        batch: int = 64,
    ) -> None:
        super().__init__()
        for name, value in (("window", window), ("stride", stride), ("batch", batch)):
            if value < 1:
                raise SettingError(name, f"is {value}; it must be at least 1.")
        self.window, self.stride, self.batch = window, stride, batch
        if backbone == PATCH_NETWORK:
            self.network: nn.Module = PatchNetwork(in_channels, classes, width=width, window=window)
        elif find_architecture(backbone).task == "classification":
            seed, device = torch.initial_seed(), str(torch.get_default_device())
            self.network = build(
                backbone, in_channels=in_channels, classes=classes, width=width, seed=seed, device=device
            )
        else:
            raise UsageError(f"backbone {backbone!r} labels pixels; a window needs one that classifies, such as vgg16.")

    def patch_logits(self, patches: Tensor) -> Tensor:
        """Logits (N, classes) of windows (N, C, window, window), to train on a choice of them."""
        return self.network(patches).flatten(1)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        height, width = image.shape[-2:]
        rows, columns = (-(-(side - 1) // self.stride) + 1 for side in (height, width))
        before = self.window // 2
        below, right = (
            (count - 1) * self.stride + self.window - before - side
            for count, side in ((rows, height), (columns, width))
        )
        surrounded = mirrored(image, before, right, before, below)
        if isinstance(self.network, PatchNetwork):
            step = gcd(self.stride, 2 ** len(KERNELS))
            rest = self.stride // step
            coarse = self.network(surrounded, step)[..., ::rest, ::rest][..., :rows, :columns]
        else:
            coarse = self._one_by_one(surrounded)
        size = ((rows - 1) * self.stride + 1, (columns - 1) * self.stride + 1)
        filled = F.interpolate(coarse, size=size, mode="bilinear", align_corners=True) if self.stride > 1 else coarse
        return filled[..., :height, :width]

    def _one_by_one(self, surrounded: Tensor) -> Tensor:
        """Logits (N, classes, rows, columns) of the windows at each stride, some of them at a time."""
        windows = surrounded.unfold(2, self.window, self.stride).unfold(3, self.window, self.stride)
        windows = windows.permute(0, 2, 3, 1, 4, 5)
        count, rows, columns = windows.shape[:3]
        places = torch.arange(count * rows * columns, device=surrounded.device)
        logits = [
            self.patch_logits(windows[place // (rows * columns), place // columns % rows, place % columns])
            for place in torch.split(places, self.batch)
        ]
        return torch.cat(logits).reshape(count, rows, columns, -1).movedim(3, 1)


class PatchNetwork(nn.Module):
    """Four convolutions, each with a pooling, and two fully connected layers: the network N4.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    window : side in pixels; 95 leaves 3 x 3 after the last pooling.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float, window: int) -> None:
        super().__init__()
        channels, left = scaled(48, width), window
        self.convolutions = nn.ModuleList()
        for kernel in KERNELS:
            self.convolutions.append(nn.Conv2d(in_channels, channels, kernel))
            in_channels, left = channels, (left - kernel + 1) // 2
        if left < 1:
            raise SettingError("window", f"is {window}; the patch network needs at least 63 pixels.")
        self.hidden = nn.Conv2d(channels, scaled(200, width), left)
        self.score = nn.Conv2d(scaled(200, width), classes, 1)
        initial.he_normal(self)

    def forward(self, image: Tensor, step: int = 16) -> Tensor:
        """Logits (N, classes, rows, columns) of the windows of (N, C, H, W) that begin every `step` pixels.

        step is 1, 2, 4, 8 or 16. Poolings halve the maps until step is reached. The rest move by one pixel, and what
        follows them takes every second, fourth .. value: those that halving would have left, for every window.
        """
        rate = 1
        for layer in self.convolutions:
            image = F.relu(_dilated(layer, image, rate), inplace=True)
            if step > 1:
                image, step = F.max_pool2d(image, 2), step // 2
            else:
                image, rate = F.max_pool2d(image, 2, stride=1, dilation=rate), 2 * rate
        return self.score(F.relu(_dilated(self.hidden, image, rate), inplace=True))


def _dilated(layer: nn.Module, image: Tensor, rate: int) -> Tensor:
    """A convolution with its taps `rate` pixels apart."""
    return F.conv2d(image, layer.weight, layer.bias, dilation=rate)  # type: ignore[arg-type]
