"""Draws a segmentation as one picture of the image's size: overlay, contours, colors, palette, cutout."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Color
from segcli.files.palettes import instance_palette, voc_palette
from segcli.segmentation import VOID, Segmentation

Picture = Literal["overlay", "contours", "color", "palette", "cutout"]

TINT = 0.45
"""Share of an object's color in an overlay; the rest is the picture."""

LIFT = 70
"""Least level of red, green and blue of a class's color in an overlay."""

OUTLINE = (255, 225, 0)
CASING = (20, 20, 20)
"""Contours: bright on the object's side, dark on the other, so that one of the two shows on any picture."""

PIXELS_PER_LINE = 600
"""A line is one pixel wide for each so many pixels of the picture's longer side."""

SAMPLES = 1_000_000


def render(kind: Picture, segmentation: Segmentation, color_image: Color) -> NDArray[np.uint8]:
    """Draw a segmentation.

    Parameters
    ----------
    kind : overlay, contours, color, palette or cutout
        overlay: objects tinted on the picture, their borders drawn in the full color. contours: the picture with a
        bright line just inside and a dark line just outside each object. color: each label painted with the mean
        color of its pixels. palette: the labels in their palette's colors. cutout: the picture with everything
        but the foreground transparent; of classes, class 0 is removed.
    segmentation : Segmentation
        Background, class 0 and pixels that were left out (VOID) have no color of their own: in overlays the picture
        shows there as it is. Left-out pixels keep the picture in `color` too.
    color_image : (H, W, 3) uint8, uint16 or float32
        The picture; see `for_display` for how it is scaled.

    Returns
    -------
    (H, W, 3) uint8 RGB, or (H, W, 4) RGBA for cutout.

    Raises
    ------
    ValueError : the picture's size differs from the labels', or the kind is unknown.

    Examples
    --------
    >>> half = Segmentation(np.array([[0, 1]], np.uint8), "mask")
    >>> render("cutout", half, np.full((1, 2, 3), 9, np.uint8)).tolist()
    [[[0, 0, 0, 0], [9, 9, 9, 255]]]
    """
    if color_image.shape != (*segmentation.labels.shape, 3):
        raise ValueError(f"the picture is {color_image.shape}, the labels are {segmentation.labels.shape}")
    if kind == "palette":
        return paint(segmentation)
    picture = np.ascontiguousarray(for_display(color_image))
    if kind == "overlay":
        return _overlay(segmentation, picture)
    if kind == "contours":
        return _contours(segmentation, picture)
    if kind == "color":
        return _mean_painted(segmentation, picture)
    if kind == "cutout":
        return _cutout(segmentation, picture)
    raise ValueError(f"{kind!r} is not a kind of picture")


def for_display(image: Array) -> NDArray[np.uint8]:
    """Return an image as uint8 that can be looked at; uint8 as it is, the rest by `display_range`.

    NaN and infinity become 0.
    """
    if image.dtype == np.uint8:
        return image
    low, high = display_range(image)
    scale = 255 / (high - low)
    if image.dtype == np.uint16:
        # One look at a table is the quickest for 16 bits.
        table = np.rint(np.clip((np.arange(65_536) - low) * scale, 0, 255)).astype(np.uint8)
        return np.asarray(table[image])
    scaled = np.subtract(image, np.float32(low), dtype=np.float32)
    scaled *= np.float32(scale)
    scaled[~np.isfinite(scaled)] = 0
    return np.rint(np.clip(scaled, 0, 255, out=scaled), out=scaled).astype(np.uint8)


def display_range(image: Array) -> tuple[float, float]:
    """Return the values that are shown black and white.

    The full scale of uint8 is 255, that of uint16 65,535, that of floats which all lie in 0 to 1 is 1. An image that
    uses at least a quarter of its full scale (between its 0.5th and 99.5th percentile over all channels), or is
    constant, is shown on that scale. Any other, such as 12 bits in 16 or floats in degrees, is stretched between the
    two percentiles, or its extremes where these are equal.
    """
    if image.dtype == np.uint8:
        return 0.0, 255.0
    step = max(1, int((image.size / SAMPLES) ** 0.5))
    sample = image[::step, ::step]
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(sample, (0.5, 99.5)))
    if low == high:
        low, high = float(sample.min()), float(sample.max())
    full = 65_535.0 if image.dtype == np.uint16 else 1.0
    on_scale = image.dtype == np.uint16 or (sample.min() >= 0 and sample.max() <= 1)
    if on_scale and (high - low >= full / 4 or low == high):
        return 0.0, full
    return (low, high) if low < high else (low - 1, low + 1)


def palette_of(segmentation: Segmentation, *, light: bool = False) -> NDArray[np.uint8]:
    """Return the color of each label: VOC's for classes, one clear color for a mask, many for instances.

    `light` lifts the classes' colors, many of which are too dark to tint a picture; they stay distinct.
    """
    if segmentation.kind != "classes":
        return instance_palette(int(segmentation.labels.max(initial=0)))
    palette = voc_palette()
    if light:
        palette[1:] = LIFT + (1 - LIFT / 255) * palette[1:]
    return palette


def paint(segmentation: Segmentation) -> NDArray[np.uint8]:
    """Paint labels with the colors of their palette, (H, W, 3)."""
    return _look_up(segmentation.labels, palette_of(segmentation))


def _look_up(labels: Array, palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return palette[labels] for (n, 3) colors, several times as fast."""
    from segcli.opencv import cv2

    packed = np.zeros((len(palette), 4), np.uint8)
    packed[:, :3] = palette
    pixels = packed.view(np.uint32)[:, 0].take(labels)
    return np.asarray(cv2.cvtColor(pixels.view(np.uint8).reshape(*labels.shape, 4), cv2.COLOR_RGBA2RGB))


def foreground(segmentation: Segmentation) -> NDArray[np.bool_]:
    """(H, W) bool, True on objects and on classes from 1 up."""
    inside = segmentation.labels > 0
    if segmentation.kind == "classes":
        inside &= segmentation.labels != VOID
    return inside


def line_width(shape: tuple[int, ...]) -> int:
    """Width of drawn lines in pixels, growing with the picture."""
    return max(1, round(max(shape[:2]) / PIXELS_PER_LINE))


def _neighborhood(labels: Array, width: int) -> tuple[Array, Array]:
    """Return each pixel's lowest and highest label within `width` pixels; they differ beside a border."""
    from segcli.opencv import cv2

    # OpenCV has no int32 here; float32 is exact below 2^24 labels.
    values = np.ascontiguousarray(labels, np.float32 if labels.dtype == np.int32 else labels.dtype)
    shape = cv2.MORPH_CROSS if width == 1 else cv2.MORPH_RECT
    window = cv2.getStructuringElement(shape, (2 * width + 1, 2 * width + 1))
    return np.asarray(cv2.erode(values, window)), np.asarray(cv2.dilate(values, window))


def _overlay(segmentation: Segmentation, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Tint the foreground with its colors; borders in the full color."""
    from segcli.opencv import cv2

    colors = _look_up(segmentation.labels, palette_of(segmentation, light=True))
    drawn = cv2.addWeighted(picture, 1 - TINT, colors, TINT, 0)
    lowest, highest = _neighborhood(segmentation.labels, line_width(picture.shape))
    cv2.copyTo(colors, (lowest != highest).view(np.uint8), drawn)
    cv2.copyTo(picture, (~foreground(segmentation)).view(np.uint8), drawn)
    return np.asarray(drawn)


def _contours(segmentation: Segmentation, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw a bright line on the higher label's side of each border and a dark one on the other."""
    labels = segmentation.labels
    left_out = (labels == VOID) & (segmentation.kind == "classes")
    lowest, highest = _neighborhood(np.where(left_out, labels.dtype.type(0), labels), line_width(picture.shape))
    drawn = picture.copy()
    drawn[(highest > labels) & ~left_out] = CASING
    drawn[(labels > lowest) & ~left_out] = OUTLINE
    return drawn


def mean_colors(labels: Array, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the mean color of each label's pixels, (highest label + 1, 3); black for labels that do not occur."""
    flat = labels.reshape(-1)
    counts = np.maximum(np.bincount(flat), 1)
    sums = [np.bincount(flat, weights=picture[:, :, channel].reshape(-1)) for channel in range(3)]
    return np.rint(np.stack(sums, axis=1) / counts[:, None]).astype(np.uint8)


def _mean_painted(segmentation: Segmentation, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Paint each label with the mean of its pixels."""
    labels = segmentation.labels
    drawn = _look_up(labels, mean_colors(labels, picture))
    if segmentation.kind == "classes":
        left_out = labels == VOID
        drawn[left_out] = picture[left_out]
    return drawn


def _cutout(segmentation: Segmentation, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keep the foreground, opaque; the rest is transparent black, which also compresses best."""
    inside = foreground(segmentation)
    cut = np.zeros((*inside.shape, 4), np.uint8)
    cut[:, :, :3] = picture * inside[:, :, None]
    cut[:, :, 3] = inside * np.uint8(255)
    return cut
