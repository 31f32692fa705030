"""Fully convolutional networks on VGG: FCN-32s, FCN-16s and FCN-8s."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from segcli.errors import UsageError
from segcli.networks import initial
from segcli.networks.backbones.vgg import block_ends, vgg_features
from segcli.networks.blocks import BilinearUpsampling, Upsampling, known, scaled
from segcli.networks.shapes import cropped, padded, resized

PAD = 100
"""Zeros around the picture: they leave something for the 7 x 7 layer at any size, with poolings rounded up."""
LAST_OFFSET = {32: 19, 16: 27, 8: 31}
"""Rows and columns cut off the upsampled scores, by stride: the padding's share, so that pixels lie on their scores."""
POOL4_OFFSET, POOL3_OFFSET = 5, 9
"""The same for the scores of the two finer poolings."""
POOL4_SCALE, POOL3_SCALE = 0.01, 0.0001
"""Factors that keep the finer poolings from drowning the rest where all is trained at once."""


class FCN(nn.Module):
    """VGG whose fully connected layers are convolutions, its scores upsampled and added to those of finer layers.

    The reference program pads the picture by 100, rounds poolings up and crops at fixed offsets; these belong
    together: floor pooling or resized scores in their place put the labels beside the pixels.

    Parameters
    ----------
    in_channels, classes : int
    width : scales the channels of all layers.
    depth : 16 or 19 layers of VGG.
    stride : 32, 16 or 8 pixels between the finest scores; below 32 the fourth, at 8 also the third pooling is scored.
    upsampling : fixed (the reference's), learned (a dense kernel) or depthwise (a kernel a class), from bilinear.
    at_once : scale the finer poolings, to train all layers in one go rather than stage by stage (`from_coarser`).
    interpolate : not the reference: pad by 1 and to a multiple of 32, resize scores. Fewer pixels, no offsets.
    dropout : share of the units of the two hidden layers that training leaves out.

    Raises
    ------
    SettingError : there is no such depth, stride or upsampling.
    UsageError : interpolate with upsampling that learns.

    References
    ----------
    J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for semantic segmentation", CVPR, 2015.
    E. Shelhamer, J. Long, T. Darrell, the same, IEEE Trans. Pattern Analysis and Machine Intelligence 39(4), 2017.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        width: float = 1.0,
        depth: int = 16,
        stride: int = 8,
        upsampling: Upsampling = "fixed",
        at_once: bool = False,
        interpolate: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        _, _, self.pool3_end, self.pool4_end, _ = known("depth", depth, {d: block_ends(d) for d in (16, 19)})
        self.stride, self.offset = stride, known("stride", stride, LAST_OFFSET)
        if interpolate and upsampling != "fixed":
            raise UsageError(f"interpolate has no weights; upsampling {upsampling!r} has. Leave one out.")
        self.interpolate = interpolate
        self.pool4_scale, self.pool3_scale = (POOL4_SCALE, POOL3_SCALE) if at_once else (1.0, 1.0)
        pools = [nn.MaxPool2d(2, 2, ceil_mode=True) for _ in range(5)]
        first_padding = 1 if interpolate else PAD
        self.features = vgg_features(in_channels, depth, width=width, first_padding=first_padding, pools=pools)
        hidden = scaled(4096, width)
        self.fc6 = nn.Conv2d(scaled(512, width), hidden, 7, padding=3 if interpolate else 0)
        self.fc7 = nn.Conv2d(hidden, hidden, 1)
        self.dropout = nn.Dropout(dropout)
        initial.he_normal(self)
        self.score_fr = nn.Conv2d(hidden, classes, 1)
        if stride < 32:
            self.score_pool4 = nn.Conv2d(scaled(512, width), classes, 1)
        if stride < 16:
            self.score_pool3 = nn.Conv2d(scaled(256, width), classes, 1)
        for name, layer in self.named_children():
            if name.startswith("score"):
                initial.zeros(layer)
        if not interpolate:
            self._add_upsampling(classes, upsampling)

    def _add_upsampling(self, classes: int, weights: Upsampling) -> None:
        """Transposed convolutions to the finer scores, and the last one to the picture's size."""
        if self.stride < 32:
            self.upscore2 = BilinearUpsampling(classes, 4, 2, weights)
        if self.stride < 16:
            self.upscore_pool4 = BilinearUpsampling(classes, 4, 2, weights)
        self.upscore = BilinearUpsampling(classes, 2 * self.stride, self.stride, weights)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of pictures (N, C, H, W)."""
        pool3 = self._block(padded(image, 32) if self.interpolate else image, 0, self.pool3_end + 1)
        pool4 = self._block(pool3, self.pool3_end + 1, self.pool4_end + 1)
        features = self._block(pool4, self.pool4_end + 1, len(self.features))
        features = self.dropout(F.relu(self.fc6(features), inplace=True))
        scores = self.score_fr(self.dropout(F.relu(self.fc7(features), inplace=True)))
        if self.stride < 32:
            scores = self._fused("upscore2", scores, self.score_pool4(pool4 * self.pool4_scale), POOL4_OFFSET)
        if self.stride < 16:
            scores = self._fused("upscore_pool4", scores, self.score_pool3(pool3 * self.pool3_scale), POOL3_OFFSET)
        if self.interpolate:
            return cropped(resized(scores, padded(image, 32)), image)
        return cropped(self.upscore(scores), image, self.offset)

    def _block(self, image: Tensor, first: int, last: int) -> Tensor:
        """Run layers of VGG."""
        for layer in list(self.features)[first:last]:
            image = layer(image)
        return image

    def _fused(self, upsampling: str, scores: Tensor, finer: Tensor, offset: int) -> Tensor:
        """Scores at the size of finer ones, plus those."""
        if self.interpolate:
            return resized(scores, finer) + finer
        scores = self.get_submodule(upsampling)(scores)
        return scores + cropped(finer, scores, offset)

    def from_public(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights of a public VGG under this network's names, the fully connected ones as convolutions.

        `network.load_state_dict(network.from_public(state), strict=False)` starts from them; its scores stay 0.
        """
        own = self.state_dict()
        names = {key.replace("classifier.0.", "fc6.").replace("classifier.3.", "fc7."): key for key in state}
        made = {name: state[key] for name, key in names.items() if name in own}
        for layer, size in (("fc6.weight", 7), ("fc7.weight", 1)):
            if layer in made and made[layer].ndim == 2:
                made[layer] = made[layer].reshape(len(made[layer]), -1, size, size)
        return made

    def from_coarser(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights of a trained FCN of twice the stride, for the next stage: all but the last upsampling.

        What the coarser network lacks keeps its start: scores of 0, so that the first answers are the coarser ones.
        """
        own = self.state_dict()
        return {key: value for key, value in state.items() if key in own and not key.startswith("upscore.")}
