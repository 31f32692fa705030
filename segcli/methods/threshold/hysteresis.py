"""Two thresholds: what is surely object, and what hangs together with it."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Gray, Param, Valid
from segcli.errors import SettingError
from segcli.numeric import hysteresis as connected
from segcli.numeric.foreground import choose_side, flat_segmentation
from segcli.numeric.histogram import Histogram, histogram, otsu_threshold
from segcli.numeric.multilevel import multilevel_thresholds
from segcli.segmentation import Segmentation


def hysteresis(
    image: Gray,
    *,
    valid: Valid = None,
    low: Annotated[float, Param(min=-1e9, max=1e9)] | Literal["auto"] = "auto",
    high: Annotated[float, Param(min=-1e9, max=1e9)] | Literal["auto"] = "auto",
    connectivity: Literal[4, 8] = 8,
    foreground: Literal["bright", "dark", "auto"] = "auto",
) -> Segmentation:
    """Keep what passes the weaker of two levels and hangs together with the stronger.

    A strong level finds where objects surely are, a weak one how far they reach. Works for objects whose inside is
    clear and whose rim is faint, and drops faint specks that stand alone. Fails when objects and clutter touch: the
    weak level leaks from one into the other.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others connect nothing.
    low : float or auto
        The lower level, in image units; auto takes the lower of the two that part three classes best (Otsu).
    high : float or auto
        The higher level; auto takes the higher of the two. Bright objects rise above it somewhere and above low
        everywhere, dark ones fall to low somewhere and to high everywhere.
    connectivity : 4 or 8
        Whether pixels that share only a corner hang together (8).
    foreground : bright, dark or auto
        The side that is the objects; auto takes the one of Otsu's threshold that looks like objects.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; a pixel equal to a level belongs below it.
        numbers : low and high, in image units.
        layers : sure (H, W) bool, what passes the stronger level.
        series : histogram and its levels.

    Raises
    ------
    SettingError
        low above high.

    Notes
    -----
    For bright objects:
        strong = { p : I(p) > high },   weak = { p : I(p) > low }
        object = parts of weak, connected by 4 or 8 neighbors, that hold a pixel of strong

    References
    ----------
    J. Canny, "A computational approach to edge detection",
    IEEE Trans. Pattern Analysis and Machine Intelligence 8(6), 679-698, 1986, section VI.

    Examples
    --------
    >>> hysteresis(np.array([[0, 60, 90, 0, 60, 0]], np.uint8), low=50, high=80, foreground="bright").labels.tolist()
    [[0, 1, 1, 0, 0, 0]]
    """
    pixels = histogram(image, valid)
    if np.count_nonzero(pixels.counts) == 1:
        return flat_segmentation(image, pixels, 2)
    weak, strong = _levels(pixels, low, high)
    side = foreground
    if side == "auto":
        side = choose_side((image > otsu_threshold(pixels)).view(np.uint8), valid)
    if side == "bright":
        mask, sure = connected.hysteresis(image, weak, strong, connectivity, valid), image > strong
    else:
        mask, sure = _below(image, strong, weak, connectivity, valid), image <= weak
    return Segmentation(
        mask.view(np.uint8),
        "mask",
        numbers={"low": weak, "high": strong},
        choices={"foreground": side},
        layers={"sure": sure if valid is None else sure & valid},
        series={"histogram": pixels.counts, "levels": pixels.levels},
        notes=() if mask.any() else ("nothing passes the stronger level",),
    )


def _levels(pixels: Histogram, low: float | Literal["auto"], high: float | Literal["auto"]) -> tuple[float, float]:
    """Both levels; those of three classes where there are three gray levels, else Otsu's for either."""
    if low == "auto" or high == "auto":
        found: tuple[float, ...] = (otsu_threshold(pixels),) * 2
        if np.count_nonzero(pixels.counts) > 2:
            found = multilevel_thresholds(pixels, 3)
        low, high = found[0] if low == "auto" else low, found[1] if high == "auto" else high
    if low > high:
        raise SettingError("low", f"is {low:g}, above high, which is {high:g}; it must not be.")
    return low, high


def _below(image: Gray, weak: float, strong: float, connectivity: Literal[4, 8], valid: Array | None) -> Array:
    """Hysteresis of what is not above a level."""
    # Ranks of three kinds keep the exact comparison of the image's own type.
    kinds = (image <= weak).astype(np.uint8) + (image <= strong)
    return connected.hysteresis(kinds, 0, 1, connectivity, valid)
