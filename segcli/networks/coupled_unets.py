"""CU-Net: U-Nets in a row whose blocks also see what the same blocks of the U-Nets before made."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from segcli.errors import SettingError
from segcli.networks.blocks import scaled
from segcli.networks.shapes import cropped, padded

STEPS = 4
"""Poolings of each U-Net."""

MOST = 64
"""U-Nets in a row above which nobody means it."""


def convolved(before: int, after: int, kernel: int = 1) -> list[nn.Module]:
    """Batch normalization, ReLU and a convolution without bias that keeps the size."""
    layers = [nn.BatchNorm2d(before), nn.ReLU(inplace=True)]
    return [*layers, nn.Conv2d(before, after, kernel, padding=kernel // 2, bias=False)]


class Block(nn.Module):
    """A dense layer on the input and on what earlier U-Nets made here, brought back to `after` channels.

    Parameters
    ----------
    before, after : channels of the input and of the results.
    saved : how many earlier U-Nets' features come in.
    growth, neck : channels of the new features, and of the 1 x 1 convolution before them.
    skips : whether a second result, of other weights, is made for the way up.
    """

    def __init__(self, before: int, after: int, saved: int, growth: int, neck: int, skips: bool) -> None:
        super().__init__()
        given = before + saved * growth
        self.dense = nn.Sequential(*convolved(given, neck), *convolved(neck, growth, 3))
        self.ahead = nn.Sequential(*convolved(given + growth, after))
        self.skip = nn.Sequential(*convolved(given + growth, after)) if skips else None

    def forward(self, image: Tensor, saved: list[Tensor]) -> tuple[Tensor, Tensor | None, Tensor]:
        """Return the result, the result for the way up, and the new features for later U-Nets."""
        given = torch.cat([image, *saved], 1)
        new = self.dense(given)
        given = torch.cat([given, new], 1)
        return self.ahead(given), None if self.skip is None else self.skip(given), new


class Unit(nn.Module):
    """One U-Net of the row: four blocks down, one at the bottom, four up."""

    def __init__(self, channels: int, saved: int, growth: int, neck: int) -> None:
        super().__init__()
        self.down = nn.ModuleList(Block(channels, channels, saved, growth, neck, True) for _ in range(STEPS))
        self.neck = Block(channels, channels, saved, growth, neck, False)
        self.up = nn.ModuleList(Block(2 * channels, channels, saved, growth, neck, False) for _ in range(STEPS))
        self.pool, self.raised = nn.MaxPool2d(2, 2), nn.Upsample(scale_factor=2)

    def forward(self, image: Tensor, saved: list[list[Tensor]]) -> tuple[Tensor, list[Tensor]]:
        """Return the result and every block's new features, given those of the U-Nets before, by block."""
        skips, made = [], []
        history = iter(saved)
        for block in self.down:
            image, skip, new = block(image, next(history))
            image = self.pool(image)
            skips.append(skip)
            made.append(new)
        image, _, new = self.neck(image, next(history))
        made.append(new)
        for block in self.up:
            image, _, new = block(torch.cat([self.raised(image), skips.pop()], 1), next(history))
            made.append(new)
        return image, made


class CUNet(nn.Module):
    """Coupled U-Nets.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    unets : int
        U-Nets in the row; the paper has 2 to 16.
    order : int
        How many U-Nets back a block looks; 0 stacks them without coupling.
    heads : int or None
        U-Nets with an output of their own, evenly spaced, the last always among them; None for all.

    Raises
    ------
    SettingError : a number is out of range.

    Notes
    -----
    Made for landmarks: the paper's classes are heat maps. What the blocks hand on belongs to one call of `forward`;
    kept in the blocks, as in the authors' code, it leaks from one picture into the next when a call is broken off.

    References
    ----------
    Z. Tang, X. Peng, S. Geng, Y. Zhu, D. Metaxas, "CU-Net: coupled U-Nets", BMVC, 2018.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        unets: int = 8,
        order: int = 1,
        heads: int | None = None,
    ) -> None:
        super().__init__()
        heads = unets if heads is None else heads
        if not 1 <= unets <= MOST:
            raise SettingError("unets", f"is {unets}; it must be between 1 and {MOST}.")
        if not 0 <= order < unets:
            raise SettingError("order", f"is {order}; with {unets} U-Nets it must be between 0 and {unets - 1}.")
        if not 1 <= heads <= unets:
            raise SettingError("heads", f"is {heads}; with {unets} U-Nets it must be between 1 and {unets}.")
        self.order, self.multiple = order, 4 * 2**STEPS
        channels, neck, growth = (scaled(count, width) for count in (128, 128, 32))
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, channels, 7, 2, padding=3, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2, 2),
        )
        self.merge = nn.ModuleList(
            nn.Sequential(*convolved((1 + min(number, order)) * channels, channels)) for number in range(1, unets)
        )
        self.unets = nn.ModuleList(Unit(channels, min(number, order), growth, neck) for number in range(unets))
        spaced = [(2 * unets * (head + 1) + heads) // (2 * heads) for head in range(heads)]
        self.heads = nn.ModuleDict({str(number): nn.Sequential(*convolved(channels, classes)) for number in spaced})
        self.enlarge = nn.Upsample(scale_factor=4, mode="bilinear")
        self._start()

    def _start(self) -> None:
        """Start values of the authors' code."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                bound = layer.weight[0].numel() ** -0.5
                nn.init.uniform_(layer.weight, -bound, bound)
            elif isinstance(layer, nn.BatchNorm2d):
                nn.init.uniform_(layer.weight)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of the last U-Net."""
        *_, (number, features) = self._features(image)
        return self._logits(number, features, image)

    def side_outputs(self, image: Tensor) -> dict[str, Tensor]:
        """Logits (N, classes, H, W) of every head by the number of its U-Net; their losses are added up."""
        made = self._features(image)
        return {number: self._logits(number, features, image) for number, features in made if number in self.heads}

    def _features(self, image: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Number and features of one U-Net after the other, at a quarter of the size."""
        image = self.stem(padded(image, self.multiple))
        merged = self._last([image])
        saved: list[list[Tensor]] = [[] for _ in range(2 * STEPS + 1)]
        for number, unet in enumerate(self.unets):
            if number:
                image = self.merge[number - 1](torch.cat([image, *merged], 1))
                merged = self._last([*merged, image])
            image, made = unet(image, saved)
            saved = [self._last([*block, new]) for block, new in zip(saved, made, strict=True)]
            yield str(number + 1), image

    def _last(self, tensors: list[Tensor]) -> list[Tensor]:
        """The latest that are within the order of coupling."""
        return tensors[-self.order :] if self.order else []

    def _logits(self, number: str, features: Tensor, image: Tensor) -> Tensor:
        return cropped(self.enlarge(self.heads[number](features)), image)
