"""Ridges: thin bright or dark lines, such as vessels and cracks."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Gray, Param, Valid
from segcli.errors import SettingError
from segcli.numeric.hessian import line_strength
from segcli.numeric.histogram import histogram
from segcli.numeric.hysteresis import hysteresis
from segcli.numeric.multilevel import multilevel_thresholds
from segcli.numeric.outside import extended, placed, window_of
from segcli.numeric.windows import local_statistics
from segcli.segmentation import Segmentation

RIM = 1.0
"""Lines nearer to left-out pixels than this many scales are not trusted."""

LEVELS = (2.5, 4.0)
"""The automatic levels over the median answer."""

NOISY = 0.25
"""Share of pixels that answer in a picture with noise or texture, at least."""

CLEAN = 50.0
"""The greatest answer over the median one from which on there is no noise to speak of."""


def ridges(
    image: Gray,
    *,
    valid: Valid = None,
    filter: Literal["sato", "frangi", "meijering"] = "sato",  # noqa: A002 - the word of the field
    foreground: Literal["bright", "dark"] = "dark",
    sigma: Annotated[float, Param(min=0.5, max=100, unit="pixels")] = 1.0,
    widest: Annotated[float, Param(min=0.5, max=100, unit="pixels")] = 3.0,
    scales: Annotated[int, Param(min=1, max=32)] = 3,
    contrast_window: Annotated[int, Param(min=0, max=9999, unit="pixels")] = 0,
    low: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
    high: Annotated[float, Param(min=0, max=1e9)] | Literal["auto"] = "auto",
) -> Segmentation:
    """Find thin lines by the curvature of the gray levels across them.

    The eigenvalues of the second derivatives tell lines from blobs, edges and flat parts, at several scales; weak
    answers count where they hang together with strong ones. Works for vessels, cracks, fibers and membranes. Fails at
    crossings (frangi), on wide bands, of which each rim is found, and on texture.

    Parameters
    ----------
    image : (H, W) uint8, uint16 or float32
        Gray image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels that count. No line is found along the others.
    filter : sato, frangi or meijering
        sato takes the curvature across, in image units; frangi also wants none along, 0 to 1; meijering keeps to
        elongated structures, 0 to 1.
    foreground : bright or dark
        Lines brighter or darker than their surround.
    sigma : float
        The finest scale: about half the width of the thinnest line.
    widest : float
        The coarsest scale; the others lie between in equal ratios.
    scales : int
        How many scales.
    contrast_window : int
        Side of a window, odd, by whose mean and deviation the picture is evened out first; 0 leaves it as it is.
    low : float or auto
        The weaker level of the answer, see the layer response. auto: 2.5 times the median answer, which is that of
        noise and texture; of frangi, and where nothing stands out or there is no noise, the lower of two levels
        that part the answers into three classes (Otsu).
    high : float or auto
        The stronger level. auto: 4 times the median answer, or the higher of the two.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8.
        numbers : low and high.
        layers : response (H, W) float32, the greatest over the scales.

    Raises
    ------
    SettingError
        A widest scale below the finest, an even window.

    Notes
    -----
    With the eigenvalues l1 >= l2 of sigma^2 times the Hessian of the blurred picture, for dark lines:
        sato       max(l1, 0)
        meijering  max(l1 + l2 / 3, 0), over its greatest value
        frangi     exp(-R^2 / 0.5) (1 - exp(-S^2 / (2 c^2))),   R = small / large,  S^2 = l1^2 + l2^2      (equation 15)
        response = greatest over the scales;   line = response > low, connected with response > high

    References
    ----------
    Y. Sato et al., "Three-dimensional multi-scale line filter for segmentation and visualization of curvilinear
    structures in medical images", Medical Image Analysis 2(2), 143-168, 1998.
    A. Frangi, W. Niessen, K. Vincken, M. Viergever, "Multiscale vessel enhancement filtering", MICCAI, 130-137, 1998.
    E. Meijering et al., "Design and validation of a tool for neurite tracing and analysis in fluorescence microscopy
    images", Cytometry 58A(2), 167-176, 2004.

    Examples
    --------
    >>> street = np.full((9, 9), 200, np.uint8)
    >>> street[:, 4] = 40
    >>> ridges(street, scales=1).labels[4].tolist()
    [0, 0, 0, 0, 1, 0, 0, 0, 0]
    """
    if contrast_window and contrast_window % 2 == 0:
        raise SettingError("contrast_window", f"is {contrast_window}; it must be odd, or 0 for none.")
    if widest < sigma and scales > 1:
        raise SettingError("widest", f"is {widest:g}, below sigma, which is {sigma:g}; it must not be.")
    response = _response(image, valid, filter, foreground, _scales(sigma, widest, scales), contrast_window)
    if not response.any():
        note = "there are no lines"
        return Segmentation(np.zeros(image.shape, np.uint8), "mask", layers={"response": response}, notes=(note,))
    weak, strong = _levels(response, valid, filter, low, high)
    if weak > strong:
        raise SettingError("low", f"is {weak:g}, above high, which is {strong:g}; it must not be.")
    mask = hysteresis(response, weak, strong, 8, valid)
    return Segmentation(
        mask.view(np.uint8),
        "mask",
        numbers={"low": weak, "high": strong},
        layers={"response": response},
        notes=() if mask.any() else ("no answer passes the stronger level",),
    )


def _scales(finest: float, widest: float, count: int) -> NDArray[np.float64]:
    """Scales in equal ratios."""
    return np.geomspace(finest, widest, count) if count > 1 else np.array([finest])


def _response(
    image: Gray,
    valid: Array | None,
    kind: Literal["sato", "frangi", "meijering"],
    foreground: Literal["bright", "dark"],
    scales: NDArray[np.float64],
    contrast_window: int,
) -> NDArray[np.float32]:
    """The greatest answer over the scales; 0 along left-out pixels."""
    window = window_of(valid, image.shape)
    part, counted = image[window], None if valid is None else valid[window]
    values = extended(part, counted).astype(np.float32)
    if contrast_window:
        means, deviations = local_statistics(part, contrast_window, counted)
        floor = np.float32(0.1 * deviations.mean() + 1e-6)
        values = extended((values - means) / np.maximum(deviations, floor), counted)
    values = np.ascontiguousarray(-values if foreground == "bright" else values)
    found = np.zeros(values.shape, np.float32)
    for scale in scales:
        np.maximum(found, line_strength(values, float(scale), kind), out=found)
    # What rounding leaves of a flat picture is no line.
    found[found < 1e-6 * max(1.0, float(np.abs(values).max()))] = 0
    if counted is not None:
        found[_near_outside(counted, RIM * float(scales[-1]))] = 0
    return placed(found, window, image.shape)


def _near_outside(counted: Array, reach: float) -> Array:
    """Pixels within reach of one that is left out."""
    from segcli.opencv import cv2

    return np.asarray(cv2.distanceTransform(counted.astype(np.uint8), cv2.DIST_L2, 5) <= reach) & (not counted.all())


def _levels(
    response: NDArray[np.float32],
    valid: Array | None,
    kind: Literal["sato", "frangi", "meijering"],
    low: float | Literal["auto"],
    high: float | Literal["auto"],
) -> tuple[float, float]:
    """Both levels; auto as multiples of what noise answers, without noise by three classes of the answers."""
    if low == "auto" or high == "auto":
        answering = response > 0 if valid is None else valid & (response > 0)
        answers = response[answering]
        pixels = response.size if valid is None else np.count_nonzero(valid)
        median, peak = float(np.median(answers)), float(answers.max())
        found: tuple[float, ...] = (0.0, 0.0)
        # Lines are few, so half of all answers tell how strong noise and texture are; frangi's lie close to 0.
        if kind != "frangi" and len(answers) >= NOISY * pixels and CLEAN * median >= peak > LEVELS[1] * median:
            found = tuple(level * median for level in LEVELS)
        elif np.count_nonzero((levels := histogram(response, answering)).counts) > 2:
            found = multilevel_thresholds(levels, 3)
        low, high = found[0] if low == "auto" else low, found[1] if high == "auto" else high
    return low, high
