"""One gray picture from a color picture."""

from __future__ import annotations

from typing import Literal

from segcli.arrays import Array, Color, Gray
from segcli.numeric.forms import as_gray
from segcli.preparation import pick_channel


def gray(
    image: Gray | Color, *, channel: Literal["luma", "r", "g", "b", "h", "s", "v", "L", "a", "b*"] = "luma"
) -> Array:
    """Make the picture gray, by its luma or by one of its channels.

    A stain, a leaf or a sky often stands out in one channel where the luma hides it.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
    channel : str
        luma after Rec. 601; red, green or blue; hue (degrees), saturation and value of HSV; L, a and b* of CIELAB.

    Returns
    -------
    (H, W)
        luma, r, g and b in the picture's own type and units, all others float32.

    Raises
    ------
    InputError : a color of a gray picture.
    """
    return as_gray(image) if channel == "luma" else pick_channel(image, channel)
