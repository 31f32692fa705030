"""The local mean as a threshold: what is brighter or darker than its surround."""

from __future__ import annotations

from typing import Annotated, Literal

from segcli.arrays import Gray, Param, Valid
from segcli.numeric.local_threshold import beside, black_and_white, is_flat
from segcli.numeric.windows import WIDEST, check_window, local_statistics
from segcli.segmentation import Segmentation


def local_mean(
    image: Gray,
    *,
    valid: Valid = None,
    window: Annotated[int, Param(min=3, max=WIDEST, unit="pixels")] = 25,
    offset: Annotated[float, Param(min=-1e9, max=1e9)] | Literal["auto"] = "auto",
    foreground: Literal["bright", "dark"] = "dark",
) -> Segmentation:
    """Cut each pixel an offset beside the mean around it.

    The simplest threshold that follows the light. Works for thin and small objects of known contrast: cracks, text,
    spots. Fails for objects larger than the window, and where contrast changes from place to place (see sauvola).

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count; the others are in no window and not in the result.
    window : int
        Side of the square around each pixel, odd: about twice as wide as the objects.
    offset : float or auto
        How much darker (or brighter) than the mean an object is at least, in image units. auto: a twenty-fifth of 8
        bits, which is 10, and of the range of values of other images.
    foreground : bright or dark
        Objects brighter or darker than their surround.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; a pixel equal to its threshold belongs below it.
        layers : local_threshold (H, W) float32, in image units.
        choices : foreground.

    Raises
    ------
    SettingError
        A window with an even side.

    Notes
    -----
    With the mean m(p) of the window around p:
        dark objects     I(p) < m(p) - offset
        bright objects   I(p) > m(p) + offset

    References
    ----------
    P. D. Wellner, "Adaptive thresholding for the DigitalDesk", Xerox EuroPARC Technical Report EPC-1993-110, 1993.

    Examples
    --------
    >>> page = np.tile(np.linspace(90, 250, 60).astype(np.uint8), (20, 1))
    >>> page[8:12, ::10] //= 3
    >>> np.flatnonzero(local_mean(page, window=11).labels[10]).tolist()
    [0, 10, 20, 30, 40, 50]
    """
    check_window(window)
    flat = is_flat(image, valid)
    if flat is not None:
        return flat
    means, _ = local_statistics(image, window, valid, deviations=False)
    if offset == "auto":
        bottom, top = black_and_white(image, valid)
        shift = round((top - bottom) / 25.5, 6)
    else:
        shift = offset
    return beside(image, means, foreground, shift if foreground == "bright" else -shift)
