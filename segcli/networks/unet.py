"""U-Net: the original of valid convolutions, and the same shape with convolutions that keep the size."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segcli.errors import InputError, SettingError
from segcli.networks import initial
from segcli.networks.blocks import scaled
from segcli.networks.shapes import center_cropped, cropped, padded


def margin_of(depth: int) -> int:
    """Pixels that a valid U-Net loses on each side; 92 at depth 4."""
    return 6 * 2**depth - 4


def valid_input(output: int, depth: int = 4) -> int:
    """Return the smallest side of a picture whose logits have at least `output` rows or columns.

    Every level below takes a side n from a side 2 n + 4 (two convolutions, one pooling), and gives back
    2 m - 4 for its m. From 5 pixels in the deepest level on, all sides 2 ** depth apart are possible.

    Examples
    --------
    >>> [valid_input(side) for side in (1, 388, 389)]
    [188, 572, 588]
    """
    step, loss = 2**depth, 2 * margin_of(depth)
    first = 4 - 4 * step  # the output of a deepest level that gives 0, and so of all others modulo the step
    return first + step * max(1, -(-(output - first) // step)) + loss


def valid_output(picture: int, depth: int = 4) -> int:
    """Return the side of the logits of a picture's side.

    Raises
    ------
    InputError : the picture does not come out even at one of the poolings, or is too small.

    Examples
    --------
    >>> [valid_output(side) for side in (188, 572)]
    [4, 388]
    """
    step, least = 2**depth, valid_input(1, depth)
    if picture >= least and (picture - least) % step == 0:
        return picture - 2 * margin_of(depth)
    below = picture - (picture - least) % step
    near = f"{below} and {below + step}" if below >= least else f"{least} and {least + step}"
    raise InputError(
        f"a side of {picture} pixels does not fit the valid U-Net of depth {depth}; it takes {least} and every {step} "
        f"more, nearest are {near}. Cut the picture into tiles of such a side, or take the network unet."
    )


class Unit(nn.Sequential):
    """Two 3 x 3 convolutions with ReLU."""

    def __init__(self, in_channels: int, middle: int, out_channels: int, padding: int, batch_norm: bool) -> None:
        layers: list[nn.Module] = []
        for before, after in ((in_channels, middle), (middle, out_channels)):
            layers.append(nn.Conv2d(before, after, 3, padding=padding, bias=not batch_norm))
            layers += [nn.BatchNorm2d(after)] if batch_norm else []
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)


class UNet(nn.Module):
    """A contracting and an expanding path, joined at every level.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    depth : int
        Poolings. The paper's five levels are depth 4; tf_unet calls depth 2 three layers.
    root : int
        Channels of the first level; each level below has twice as many.
    valid : bool
        Convolutions without padding, as in the paper: the logits are smaller than the picture by `margin` on each
        side, and pictures have `least` or a multiple of `multiple` more rows and columns.
    batch_norm : bool
        Normalize after each convolution, which then has no bias. The paper has none.
    bilinear : bool
        Upsample without weights in place of transposed convolutions; the channels halve one convolution earlier.
    dropout : float
        Share of the activations that training leaves out at the end of the contracting path, in its two deepest
        levels; there the skip connection sees it too.

    Raises
    ------
    SettingError : the depth is not between 1 and 8.

    Notes
    -----
    Often different elsewhere under the name of the original: padded convolutions, batch normalization, a padded
    upward path in place of a cropped skip, a ReLU on the logits. The authors' Caffe files differ from their paper as
    well (ReLU after the upward convolutions, 128 channels after the last of them); this is the paper.

    References
    ----------
    O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for biomedical image segmentation",
    MICCAI, 2015.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        depth: int = 4,
        root: int = 64,
        valid: bool = False,
        batch_norm: bool = True,
        bilinear: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not 1 <= depth <= 8:
            raise SettingError("depth", f"is {depth}; it must be between 1 and 8.")
        self.depth, self.valid, self.multiple = depth, valid, 2**depth
        # At most; upsampling without weights looks one more cell around at every level.
        self.field = 2 * margin_of(depth) + 2**depth + 4 + (2 ** (depth + 1) if bilinear else 0)
        if valid:
            self.margin, self.least = margin_of(depth), valid_input(1, depth)
        channels = [scaled(root * 2**level, width) for level in range(depth + 1)]
        deepest = channels[-2] if bilinear else channels[-1]
        outs = [*channels[:-1], deepest]
        padding = 0 if valid else 1
        self.down = nn.ModuleList(
            Unit(before, after, after, padding, batch_norm)
            for before, after in zip([in_channels, *channels], outs, strict=False)
        )
        self.dropout, self.pool = nn.Dropout(dropout), nn.MaxPool2d(2, 2)
        self.up, self.join = nn.ModuleList(), nn.ModuleList()
        for level in reversed(range(depth)):
            here, below = channels[level], channels[level + 1]
            if bilinear:
                above = channels[max(level - 1, 0)]
                self.up.append(nn.Upsample(scale_factor=2, mode="bilinear"))
                self.join.append(Unit(2 * here, here, above, padding, batch_norm))
            else:
                self.up.append(nn.ConvTranspose2d(below, here, 2, 2))
                self.join.append(Unit(2 * here, here, here, padding, batch_norm))
        self.head = nn.Conv2d(channels[0], classes, 1)
        initial.he_normal(self)

    def forward(self, image: Tensor) -> Tensor:
        """Logits of pictures (N, C, H, W): as large, or smaller by `margin` on each side if valid.

        Raises
        ------
        InputError : the sides do not fit a valid network.
        """
        if not self.valid:
            return cropped(self._logits(padded(image, self.multiple)), image)
        for side in image.shape[-2:]:
            valid_output(side, self.depth)
        return self._logits(image)

    def _logits(self, image: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for level, unit in enumerate(self.down):
            image = unit(self.pool(image) if level else image)
            image = self.dropout(image) if level >= self.depth - 1 else image
            skips.append(image)
        image = skips.pop()
        for up, join in zip(self.up, self.join, strict=True):
            image = up(image)
            image = join(torch.cat([center_cropped(skips.pop(), image), image], 1))
        return self.head(image)
