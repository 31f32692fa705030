"""How networks meet pictures of any size: mirror, pad, crop, resize."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def mirrored(image: Tensor, left: int, right: int, top: int, bottom: int) -> Tensor:
    """Extend (N, C, H, W) by its mirror image, the edge pixel not repeated; borders may be wider than the picture."""
    height, width = image.shape[-2:]
    tracing = torch.jit.is_tracing()  # type: ignore[attr-defined,no-untyped-call]
    if not tracing and max(left, right) < width and max(top, bottom) < height:
        return F.pad(image, (left, right, top, bottom), mode="reflect") if left or right or top or bottom else image
    columns = _folded(torch.arange(-left, width + right, device=image.device), width)
    rows = _folded(torch.arange(-top, height + bottom, device=image.device), height)
    return image.index_select(-2, rows).index_select(-1, columns)


def _folded(index: Tensor, length: int) -> Tensor:
    """Indices outside 0 .. length - 1 reflected until they lie inside."""
    # A single pixel is its own mirror image: remainders of 1. Said without a branch, which exports would freeze.
    index = index.remainder(2 * length - 2 + 1 // length)
    return torch.minimum(index, 2 * length - 2 - index)


def padded(image: Tensor, multiple: int, least: int = 1, over: int = 0) -> Tensor:
    """Extend (N, C, H, W) to the right and below, mirrored, to sides that are a multiple and at least `least`.

    Sides are `over` pixels more than the multiple: with 1, strided layers see the first and the last pixel alike.
    """
    height, width = (_upward(_larger(side, least) - over, multiple) + over for side in image.shape[-2:])
    return mirrored(image, 0, width - image.shape[-1], 0, height - image.shape[-2])


def _larger(side: int, least: int) -> int:
    """The larger of two numbers, said without a branch, which exports would freeze."""
    return (side + least + abs(side - least)) // 2


def _upward(side: int, multiple: int) -> int:
    return (side + multiple - 1) // multiple * multiple


def cropped(image: Tensor, like: Tensor, offset: int = 0) -> Tensor:
    """Cut a window of another tensor's height and width, `offset` rows and columns from the upper left."""
    height, width = like.shape[-2:]
    return image[..., offset : offset + height, offset : offset + width]


def center_cropped(image: Tensor, like: Tensor) -> Tensor:
    """Cut the middle window of another tensor's height and width."""
    height, width = like.shape[-2:]
    top, left = (image.shape[-2] - height) // 2, (image.shape[-1] - width) // 2
    return image[..., top : top + height, left : left + width]


def resized(image: Tensor, like: Tensor) -> Tensor:
    """Resize to another tensor's height and width, bilinear between pixel centers."""
    size = like.shape[-2:]
    if image.shape[-2:] == size:
        return image
    return F.interpolate(image, size=size, mode="bilinear", align_corners=False)


def zoomed(scores: Tensor, like: Tensor) -> Tensor:
    """Resize to another tensor's height and width, bilinear, the corner pixels' centers kept in place.

    This is exact for scores of a stride s over pictures of s k + 1 pixels, which `padded` makes with `over` 1: cell i
    of layers that are padded evenly sees the surroundings of pixel s i.
    """
    size = like.shape[-2:]
    return (
        scores if scores.shape[-2:] == size else F.interpolate(scores, size=size, mode="bilinear", align_corners=True)
    )
