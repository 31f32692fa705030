"""Damage for denoising auto-encoders, which are shown a damaged picture and asked for the clean one.

Pictures are tensors of any shape with values in 0 .. 1, and stay within. They are not modified. The generator decides
what is damaged, so that the same seed damages alike; corrupt in training only.

References
----------
P. Vincent, H. Larochelle, I. Lajoie, Y. Bengio, P.-A. Manzagol, "Stacked denoising autoencoders", Journal of Machine
Learning Research 11, 2010, section 3.4.
"""

from __future__ import annotations

import torch
from torch import Tensor

from segcli.errors import SettingError


def gaussian_noise(image: Tensor, sigma: float, generator: torch.Generator | None = None) -> Tensor:
    """Add noise of a normal distribution and clip.

    Parameters
    ----------
    image : (...) float tensor in 0 .. 1
    sigma : standard deviation, in the picture's unit.
    generator : of the noise, on the picture's device; torch's own if None.

    Raises
    ------
    SettingError : sigma is negative.
    """
    if not sigma >= 0:
        raise SettingError("sigma", f"is {sigma:g}; it must be at least 0.")
    noise = torch.randn(image.shape, generator=generator, device=image.device, dtype=image.dtype)
    return (image + sigma * noise).clamp(0, 1)


def masking_noise(image: Tensor, fraction: float, generator: torch.Generator | None = None) -> Tensor:
    """Set a fraction of the values to 0, each by its own draw.

    Parameters
    ----------
    image : (...) float tensor in 0 .. 1
    fraction : in 0 .. 1, of the values.
    generator : of the draws, on the picture's device; torch's own if None.

    Raises
    ------
    SettingError : fraction is out of range.
    """
    _check(fraction)
    chance = torch.rand(image.shape, generator=generator, device=image.device)
    return image.masked_fill(chance < fraction, 0).clamp(0, 1)


def salt_and_pepper(image: Tensor, fraction: float, generator: torch.Generator | None = None) -> Tensor:
    """Set a fraction of the values to 0 or 1, by the toss of a coin.

    Parameters
    ----------
    image : (...) float tensor in 0 .. 1
    fraction : in 0 .. 1, of the values.
    generator : of the draws, on the picture's device; torch's own if None.

    Raises
    ------
    SettingError : fraction is out of range.
    """
    _check(fraction)
    chance = torch.rand(image.shape, generator=generator, device=image.device)
    return image.masked_fill(chance < fraction, 0).masked_fill(chance < fraction / 2, 1).clamp(0, 1)


def _check(fraction: float) -> None:
    if not 0 <= fraction <= 1:
        raise SettingError("fraction", f"is {fraction:g}; it must be from 0 to 1.")
