"""Layers that several networks share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcli.errors import SettingError

Key = TypeVar("Key")
Value = TypeVar("Value")
Upsampling = Literal["fixed", "learned", "depthwise"]
"""Bilinear weights: kept, or the start of a dense kernel between all channels, or of one kernel a channel."""


def scaled(channels: int, width: float, multiple: int = 1) -> int:
    """Channels of a layer at a width: rounded to a multiple, never none."""
    return max(1, round(channels * width / multiple)) * multiple


def known(option: str, value: Key, table: Mapping[Key, Value]) -> Value:
    """What a table has for an option's value; SettingError with the values it has, where it has none."""
    if value not in table:
        raise SettingError(option, f"is {value!r}; it must be one of {', '.join(map(str, table))}.")
    return table[value]


def convolutions(in_channels: int, *channels: int, batch_norm: bool = False, bias: bool = True) -> nn.Sequential:
    """3 x 3 convolutions that keep the size, each followed by batch normalization if asked, and ReLU."""
    layers: list[nn.Module] = []
    for out_channels in channels:
        layers.append(nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=bias))
        layers += [nn.BatchNorm2d(out_channels)] if batch_norm else []
        layers.append(nn.ReLU(inplace=True))
        in_channels = out_channels
    return nn.Sequential(*layers)


class NormalizedConvolution(nn.Module):
    """A convolution, batch normalization and ReLU under the names `conv` and `bn` of the public Inception weights.

    Parameters
    ----------
    in_channels, channels : int
    kernel : int or (rows, columns)
    stride : int
    padding : int or (rows, columns)
    batch_norm : bool
        False gives the convolution a bias instead.
    eps : added to the variance; a thousandth in Inception networks, a hundred times torch's.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
        *,
        batch_norm: bool = True,
        eps: float = 1e-3,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, kernel, stride, padding, bias=not batch_norm)
        self.bn = nn.BatchNorm2d(channels, eps=eps) if batch_norm else nn.Identity()

    def forward(self, image: Tensor) -> Tensor:
        """The maps of the layer, none below zero."""
        return F.relu(self.bn(self.conv(image)), inplace=True)


class InputRange(nn.Module):
    """Take colors that were normalized by ImageNet's mean and deviation to -1 .. 1, which some public weights expect.

    x deviation / 0.5 + (mean - 0.5) / 0.5, channel by channel. Nothing of it is in the state dict.
    """

    factor: Tensor
    shift: Tensor

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        if in_channels != 3:
            raise SettingError("transform_input", f"is for 3 channels (RGB); the network takes {in_channels}.")
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        self.register_buffer("factor", (deviation / 0.5).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("shift", ((mean - 0.5) / 0.5).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Colors in -1 .. 1."""
        return image * self.factor + self.shift


def nearest_unpooled(image: Tensor, factor: int = 2) -> Tensor:
    """Repeat each pixel in a square of factor x factor."""
    return image.repeat_interleave(factor, -1).repeat_interleave(factor, -2)


def bed_of_nails(image: Tensor, factor: int = 2) -> Tensor:
    """Put each pixel into the upper left corner of a square of factor x factor zeros."""
    height, width = image.shape[-2:]
    nails = image.new_zeros(*image.shape[:-2], height, factor, width, factor)
    nails[..., 0, :, 0] = image
    return nails.flatten(-4, -3).flatten(-2, -1)


def max_pooled(image: Tensor, ceil: bool = True) -> tuple[Tensor, Tensor]:
    """Pool 2 x 2, stride 2; return the maxima and where they were, as flat indices a channel."""
    maxima, indices = F.max_pool2d(image, 2, 2, ceil_mode=ceil, return_indices=True)
    return maxima, indices


def max_unpooled(image: Tensor, indices: Tensor, like: Tensor) -> Tensor:
    """Put each value where its maximum was, in zeros of the height and width that `like` had before pooling."""
    height, width = like.shape[-2:]
    flat = image.new_zeros(*image.shape[:2], height * width)
    return flat.scatter(2, indices.flatten(2), image.flatten(2)).reshape(*image.shape[:2], height, width)


class MaxPooling(nn.Module):
    """Pool 2 x 2 to maxima and their indices, as `max_pooled`; training may leave a share of the maxima out."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Maxima (N, C, ceil(H / 2), ceil(W / 2)) and indices of the same shape."""
        maxima, indices = max_pooled(image)
        return self.dropout(maxima), indices


Place = tuple[Tensor, Tensor]
"""What unpooling needs to know of a pooling: a tensor of the size before it, and the indices."""


def encoded(image: Tensor, layers: Iterable[nn.Module]) -> tuple[Tensor, list[Place]]:
    """Run layers in turn; return what comes out and the place of each `MaxPooling`, first to last.

    The layers between two poolings must keep the size: what entered them stands for what was pooled, so that the
    largest maps are not held in memory for their size alone.
    """
    places, like = [], image
    for layer in layers:
        if isinstance(layer, MaxPooling):
            image, indices = layer(image)
            places.append((like, indices))
            like = image
        else:
            image = layer(image)
    return image, places


def decoded(image: Tensor, places: list[Place], blocks: Iterable[nn.Module]) -> Tensor:
    """Unpool to each place, last to first, and run one block after each."""
    for (like, indices), block in zip(reversed(places), blocks, strict=True):
        image = block(max_unpooled(image, indices, like))
    return image


class LocalResponseNorm(nn.Module):
    """Divide each value by (1 + alpha times the mean square of `size` neighboring channels) ** beta.

    The layer of torch's, for every number type and memory format.

    References
    ----------
    A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional neural networks",
    NeurIPS, 2012.
    """

    def __init__(self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75) -> None:
        super().__init__()
        self.size, self.alpha, self.beta = size, alpha, beta

    def forward(self, image: Tensor) -> Tensor:
        """Normalize (N, C, H, W)."""
        channels = image.shape[1]
        before = self.size // 2
        squares = F.pad(image.square(), (0, 0, 0, 0, before, self.size - 1 - before))
        total = squares[:, :channels]
        for shift in range(1, self.size):
            total = total + squares[:, shift : shift + channels]
        return image / (1 + self.alpha / self.size * total) ** self.beta


def bilinear_kernel(size: int) -> Tensor:
    """The (size, size) weights of bilinear upsampling, by Long et al. (2015); size 4 is .25 .75 .75 .25 both ways."""
    factor = (size + 1) // 2
    center = factor - 1 if size % 2 else factor - 0.5
    line = 1 - (torch.arange(size, dtype=torch.float32, device="cpu") - center).abs() / factor
    return line[:, None] * line[None, :]


class BilinearUpsampling(nn.ConvTranspose2d):
    """A transposed convolution without bias that begins as bilinear upsampling of each channel by itself.

    Parameters
    ----------
    channels : int
    kernel, stride : int
        In pixels. The output has stride x (n - 1) + kernel rows and columns: nothing is cut off.
    weights : fixed, learned or depthwise
        fixed weights get no gradient; learned ones join every channel with every other, and start at zero there.

    References
    ----------
    J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for semantic segmentation", CVPR, 2015.
    """

    def __init__(self, channels: int, kernel: int, stride: int, weights: Upsampling = "fixed") -> None:
        groups = known("upsampling", weights, {"fixed": channels, "learned": 1, "depthwise": channels})
        super().__init__(channels, channels, kernel, stride, groups=groups, bias=False)
        with torch.no_grad():
            self.weight.zero_()
            each = list(range(channels))
            self.weight[each, each if weights == "learned" else 0] = bilinear_kernel(kernel).to(self.weight.device)
        self.weight.requires_grad_(weights != "fixed")


def freeze_batch_norm(module: nn.Module) -> None:
    """Keep the statistics, scales and shifts of all batch normalizations: for batches too small to estimate them."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval().requires_grad_(False)


class PooledBatchNorm(nn.BatchNorm2d):
    """Batch normalization that takes its running statistics where there is one value a channel.

    That is a picture alone in its batch after pooling to 1 x 1: the value's own mean would leave zero, and torch
    refuses to train. The running statistics are not updated by it; scale and shift learn.
    """

    def forward(self, image: Tensor) -> Tensor:
        """Normalize (N, C, H, W)."""
        if self.training and image.shape[0] * image.shape[2] * image.shape[3] == 1:
            return F.batch_norm(image, self.running_mean, self.running_var, self.weight, self.bias, False, 0, self.eps)
        return super().forward(image)


def _normalized(in_channels: int, channels: int, size: int = 1, rate: int = 1) -> list[nn.Module]:
    """A convolution without bias that keeps the size, batch normalization, ReLU."""
    border = rate * (size // 2)
    layer = nn.Conv2d(in_channels, channels, size, padding=border, dilation=rate, bias=False)
    return [layer, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]


class ImagePooling(nn.Sequential):
    """The picture's mean, mixed by a 1 x 1 convolution and normalized, at every pixel."""

    def __init__(self, in_channels: int, channels: int) -> None:
        mixing, _, relu = _normalized(in_channels, channels)
        super().__init__(nn.AdaptiveAvgPool2d(1), mixing, PooledBatchNorm(channels), relu)

    def forward(self, image: Tensor) -> Tensor:
        """Features (N, channels, H, W), the same at all pixels of a picture."""
        height, width = image.shape[-2:]
        for layer in self:
            image = layer(image)
        return image.expand(-1, -1, height, width)


class AtrousPyramid(nn.Module):
    """Atrous spatial pyramid pooling: dilated convolutions side by side and the picture's mean, joined by 1 x 1.

    Parameters
    ----------
    in_channels : int
    channels : of each branch and of the output.
    rates : dilations of the 3 x 3 convolutions; a branch of 1 x 1 comes before them.
    dropout : share of the output's values that training leaves out.

    References
    ----------
    L.-C. Chen, G. Papandreou, F. Schroff, H. Adam, "Rethinking atrous convolution for semantic image segmentation",
    arXiv:1706.05587, 2017.
    """

    def __init__(self, in_channels: int, channels: int, rates: Sequence[int], dropout: float = 0.0) -> None:
        super().__init__()
        self.convs = nn.ModuleList([nn.Sequential(*_normalized(in_channels, channels))])
        self.convs.extend(nn.Sequential(*_normalized(in_channels, channels, 3, rate)) for rate in rates)
        self.convs.append(ImagePooling(in_channels, channels))
        self.project = nn.Sequential(*_normalized(channels * len(self.convs), channels), nn.Dropout(dropout))

    def forward(self, image: Tensor) -> Tensor:
        """Features (N, channels, H, W)."""
        return self.project(torch.cat([branch(image) for branch in self.convs], 1))


class ResidualUnit(nn.Module):
    """Two 3 x 3 convolutions behind ReLUs, without normalization, added to the input (RefineNet).

    References
    ----------
    G. Lin, A. Milan, C. Shen, I. Reid, "RefineNet: Multi-path refinement networks for high-resolution semantic
    segmentation", CVPR, 2017.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        """Features (N, C, H, W). The first ReLU must not work in place: the input is needed for the sum."""
        return image + self.conv2(F.relu(self.conv1(F.relu(image)), inplace=True))


class ChainedResidualPooling(nn.Module):
    """Maxima of 5 x 5, convolved, pooled and convolved again; every link of the chain is added to the input.

    Parameters
    ----------
    channels : int
    stages : links of the chain: 4 in the authors' program, 2 in the paper's figure.

    References
    ----------
    G. Lin, A. Milan, C. Shen, I. Reid, "RefineNet: Multi-path refinement networks for high-resolution semantic
    segmentation", CVPR, 2017.
    """

    def __init__(self, channels: int, stages: int = 4) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(5, 1, padding=2)
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(stages))

    def forward(self, image: Tensor) -> Tensor:
        """Features (N, C, H, W) of features behind a ReLU. Each link pools the one before, not the sum."""
        total = link = image
        for layer in self.convs:
            link = layer(self.pool(link))
            total = total + link
        return total
