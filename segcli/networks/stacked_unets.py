"""Stacked U-Nets (SUNet): small U-Nets in place of residual blocks, for classes of pictures and of pixels."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from segcli.errors import SettingError
from segcli.networks import initial
from segcli.networks.blocks import scaled
from segcli.networks.shapes import cropped, padded, resized

Variant = Literal["64", "128", "7-128"]

VARIANTS: dict[str, tuple[int, int, tuple[int, int, int, int]]] = {
    "64": (64, 4, (256, 512, 768, 1024)),
    "128": (128, 4, (512, 1024, 1536, 2048)),
    "7-128": (128, 7, (512, 1280, 2048, 2304)),
}
"""Channels inside the U-Nets, U-Nets in each of the two middle stages, channels between the U-Nets of a stage."""

LAST_WHOLE_STAGE = {8: 1, 16: 2, 32: 3}
"""The last of the stages 0 to 3 that is as in the classifier, by output stride; the later ones are dilated."""


def active(channels: int) -> nn.Sequential:
    """Batch normalization and ReLU."""
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


def convolution(before: int, after: int, kernel: int, stride: int = 1, rate: int = 1) -> nn.Conv2d:
    """A convolution with bias that pads by what its kernel covers."""
    return nn.Conv2d(before, after, kernel, stride, padding=rate * (kernel // 2), dilation=rate)


class Residual(nn.Module):
    """Two 3 x 3 convolutions, the first of stride 2, beside a 1 x 1 convolution of stride 2."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.active = active(before)
        self.body = nn.Sequential(convolution(before, after, 3, 2), active(after), convolution(after, after, 3))
        self.shortcut = convolution(before, after, 1, 2)

    def forward(self, image: Tensor) -> Tensor:
        """(N, before, H, W) to (N, after, H / 2, W / 2), rounded up."""
        image = self.active(image)
        return self.shortcut(image) + self.body(image)


class Up(nn.Module):
    """A transposed 3 x 3 convolution to the size before the way down, and a 3 x 3 convolution."""

    def __init__(self, before: int, after: int, rate: int) -> None:
        super().__init__()
        self.active = active(before)
        if rate:
            self.raised = nn.ConvTranspose2d(before, after, 3, padding=2 * rate, dilation=2 * rate)
        else:
            # A row and a column more, which are cut off where the size before was odd.
            self.raised = nn.ConvTranspose2d(before, after, 3, 2, padding=1, output_padding=1)
        self.body = nn.Sequential(active(after), convolution(after, after, 3, rate=max(rate, 1)))

    def forward(self, image: Tensor, like: Tensor) -> Tensor:
        """Features of another tensor's height and width."""
        return self.body(cropped(self.raised(self.active(image)), like))


class SmallUNet(nn.Module):
    """A U-Net of one or two steps down and up, whose result is added to what came in.

    Parameters
    ----------
    before, after, inner : channels of the picture, of the result, of everything between.
    steps : 1 or 2.
    rate : dilation of the first step; 0 halves the size instead.
    """

    def __init__(self, before: int, after: int, inner: int, steps: int, rate: int) -> None:
        super().__init__()
        self.active = active(before)
        self.shortcut = convolution(before, after, 1) if before != after else None
        self.enter = convolution(before, inner, 1)
        self.leave = nn.Sequential(active(inner), convolution(inner, after, 1))
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for step in range(steps):
            dilation = rate * 2**step
            shrink = convolution(inner, inner, 3, 1 if rate else 2, max(dilation, 1))
            level = convolution(inner, inner, 3, rate=max(2 * dilation, 1))
            self.down.append(nn.Sequential(active(inner), shrink, active(inner), level))
            self.up.append(Up(inner if step == steps - 1 else 2 * inner, inner, dilation))

    def forward(self, image: Tensor) -> Tensor:
        """(N, before, H, W) to (N, after, H, W)."""
        activated = self.active(image)
        shortcut = image if self.shortcut is None else self.shortcut(activated)
        path = [self.enter(activated)]
        for down in self.down:
            path.append(down(path[-1]))
        result = path.pop()
        for step, up in reversed(list(enumerate(self.up))):
            skip = path.pop()
            result = up(result, skip)
            result = torch.cat([result, skip], 1) if step else result
        return shortcut + self.leave(result)


def features(in_channels: int, variant: str, width: float, output_stride: int) -> tuple[nn.Sequential, int]:
    """Make everything before the pixels' or the picture's classes; return it and its channels.

    After the stage at which the wanted output stride is reached, poolings are left out and the U-Nets dilated:
    twice the distance in stages, doubled at every step down.
    """
    if variant not in VARIANTS:
        raise SettingError("variant", f"is {variant!r}; it must be one of {', '.join(VARIANTS)}.")
    if output_stride not in LAST_WHOLE_STAGE:
        raise SettingError("output_stride", f"is {output_stride}; it must be 8, 16 or 32.")
    inner, repeats, outs = VARIANTS[variant]
    channels = scaled(128, width)
    stem = scaled(64, width)
    layers: list[nn.Module] = [nn.Conv2d(in_channels, stem, 7, 2, padding=3), Residual(stem, channels)]
    for stage, count in enumerate((2, repeats, repeats, 1)):
        after, rate = scaled(outs[stage], width), 2 * max(0, stage - LAST_WHOLE_STAGE[output_stride])
        for _ in range(count):
            layers.append(SmallUNet(channels, after, scaled(inner, width), 1 if stage == 3 else 2, rate))
            channels = after
        if stage < 3:  # always a layer: weights have the same names at all output strides
            layers.append(nn.AvgPool2d(2, 2) if stage < LAST_WHOLE_STAGE[output_stride] else nn.Identity())
    return nn.Sequential(*layers, active(channels)), channels


class SUNetClassifier(nn.Module):
    """Stacked U-Nets that classify whole pictures.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    variant : 64, 128 or 7-128
        Channels inside the U-Nets; with 7, the middle stages have seven U-Nets in place of four.

    Raises
    ------
    SettingError : there is no such variant.

    References
    ----------
    S. Shah, P. Ghosh, L. S. Davis, T. Goldstein, "Stacked U-Nets: a no-frills approach to natural image
    segmentation", arXiv:1804.10343, 2018.
    """

    def __init__(self, in_channels: int, classes: int, *, width: float = 1.0, variant: Variant = "64") -> None:
        super().__init__()
        self.features, channels = features(in_channels, variant, width, 32)
        self.linear = nn.Linear(channels, classes)
        initial.he_normal(self, "fan_out")

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, C, H, W); smaller ones than 32 x 32 are enlarged by mirroring."""
        return self.linear(self.features(padded(image, 1, 32)).mean((-2, -1)))


class SUNet(nn.Module):
    """Stacked U-Nets with a 1 x 1 convolution to classes, enlarged to the picture bilinearly.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    variant : 64, 128 or 7-128
        Channels inside the U-Nets; with 7, the middle stages have seven U-Nets in place of four.
    output_stride : 8, 16 or 32
        Pixels of the picture by one of the features. Below 32 the last U-Nets are dilated, as in the paper's
        results at 16; the weights are the same at all three.
    degridding : bool
        Two 3 x 3 convolutions before the classes, the first of dilation 2, against the grid that dilated layers
        leave at stride 8.

    Raises
    ------
    SettingError : there is no such variant or output stride.

    Notes
    -----
    The transposed convolutions return to the very size before each step, so odd sizes lose no row; the authors' code
    fixes that for one size of picture.

    References
    ----------
    S. Shah, P. Ghosh, L. S. Davis, T. Goldstein, "Stacked U-Nets: a no-frills approach to natural image
    segmentation", arXiv:1804.10343, 2018.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        variant: Variant = "64",
        output_stride: int = 16,
        degridding: bool = False,
    ) -> None:
        super().__init__()
        self.multiple = output_stride
        self.features, channels = features(in_channels, variant, width, output_stride)
        layers: list[nn.Module] = []
        if degridding:
            middle = scaled(512, width)
            layers = [convolution(channels, middle, 3, rate=2), active(middle)]
            layers += [convolution(middle, middle, 3), active(middle)]
            channels = middle
        self.head = nn.Sequential(*layers, nn.Conv2d(channels, classes, 1))
        initial.he_normal(self, "fan_out")

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        whole = padded(image, self.multiple)
        return cropped(resized(self.head(self.features(whole)), whole), image)
