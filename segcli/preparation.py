"""What happens to every image before any method: one channel, a blur, pixels left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from segcli.arrays import Array
from segcli.errors import InputError, SettingError
from segcli.files.image import Image
from segcli.numeric.forms import leave_out, native

CHANNELS = ("r", "g", "b", "h", "s", "v", "L", "a", "b*")


@dataclass(frozen=True)
class Preparation:
    """Shared choices of what a method sees.

    channel : one of r g b h s v L a b* or a channel's number from 0; None leaves the image as it is.
        r g b keep the file's units; h is 0 to 360 degrees, s and v 0 to 1, L 0 to 100, a and b* about -128 to 127.
    blur : standard deviation of a Gaussian in pixels; 0 is none.
    nodata : intensity that means there is no measurement; those pixels are left out.
    """

    channel: str | None = None
    blur: float = 0.0
    nodata: float | None = None

    def __post_init__(self) -> None:
        if self.channel is not None and self.channel not in CHANNELS and not _is_number(self.channel):
            raise SettingError(
                "channel", f"is {self.channel!r}; it must be one of {' '.join(CHANNELS)} or a number from 0."
            )
        if not 0 <= self.blur < 1000:
            raise SettingError("blur", f"is {self.blur}; it must be between 0 and 1000 pixels.")

    def apply(
        self, image: Image, form: Literal["gray", "color", "any"], roi: Array | None
    ) -> tuple[Array, Array | None, tuple[str, ...]]:
        """Return the pixels a method sees, (H, W) bool of those that count or None, and notes.

        Raises
        ------
        InputError : a channel that the image does not have, a region of another size, nothing left.
        """
        pixels = image.pixels(form) if self.channel is None else self._channel_of(image)
        valid = roi
        if self.nodata is not None:
            whole = image.native
            there = whole != self.nodata if whole.ndim == 2 else (whole != self.nodata).any(axis=2)
            if roi is not None and roi.shape != there.shape:
                leave_out(pixels, roi)
            valid = there if roi is None else there & roi
        if not self.blur:
            return pixels, valid, ()
        from segcli.opencv import cv2

        pixels, valid, notes = leave_out(pixels, valid)
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), self.blur)), valid, tuple(notes)

    def _channel_of(self, image: Image) -> Array:
        """The channel asked for; a number reaches every channel of the file, also those beyond RGB."""
        channel = str(self.channel)
        if not _is_number(channel):
            return pick_channel(image.native, channel)
        return native(pick_channel(image.channels, channel))[0]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def pick_channel(image: Array, channel: str) -> Array:
    """Return one channel of a native image as (H, W).

    Raises
    ------
    InputError : the image has no such channel.
    """
    if image.ndim == 2:
        if channel in ("0", "v", "L"):
            return image if channel == "0" else pick_channel(np.repeat(image[:, :, None], 3, axis=2), channel)
        raise InputError(f"it is a gray image and has no channel {channel}; leave --channel out.")
    if _is_number(channel):
        if int(channel) >= image.shape[2]:
            raise InputError(f"it has channels 0 to {image.shape[2] - 1}, not {channel}.")
        return np.ascontiguousarray(image[:, :, int(channel)])
    if channel in ("r", "g", "b"):
        return np.ascontiguousarray(image[:, :, "rgb".index(channel)])
    from segcli.opencv import cv2

    missing = np.logical_not(np.isfinite(image).all(axis=2))
    colors = np.where(missing[:, :, None], 0, image).astype(np.float32)
    scale = {"uint8": 255.0, "uint16": 65535.0}.get(image.dtype.name) or max(1.0, float(colors.max()))
    unit = colors / np.float32(scale)
    space = cv2.COLOR_RGB2HSV if channel in ("h", "s", "v") else cv2.COLOR_RGB2Lab
    place = ["h", "s", "v"].index(channel) if channel in ("h", "s", "v") else ["L", "a", "b*"].index(channel)
    found = np.ascontiguousarray(cv2.cvtColor(unit, space)[:, :, place])
    found[missing] = np.nan
    return found
