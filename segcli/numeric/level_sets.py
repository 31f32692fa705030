"""What moving contours start from, and what they see of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Box, Mask, Points
from segcli.errors import InputError
from segcli.numeric.outside import extended, window_of

INSET = 0.05
"""Share of the picture's width and height that the default box leaves free on each side."""

SQUARE = 5
"""Side in pixels of a square of the checkerboard."""

USUAL_EDGE = 0.35
"""Share of the gradients that lie below the contrast, where nobody says what is an edge."""

FAINTEST = 0.05
"""Share of the strongest gradient that the contrast is at least then."""


@dataclass(frozen=True, eq=False)
class Start:
    """Where a contour starts.

    Attributes
    ----------
    mask : (H, W) bool
        Its inside.
    grows : bool
        Whether it was put inside the object, so that it has to grow.
    given : bool
        Whether the user gave it.
    notes : warnings to show.
    """

    mask: Mask
    grows: bool
    given: bool
    notes: tuple[str, ...] = ()


def start_from(
    shape: tuple[int, int],
    valid: Array | None,
    *,
    init: Mask | None,
    box: Box | None,
    point: Points | None,
    radius: float,
    default: Literal["box", "checkerboard"] = "box",
) -> Start:
    """Join the hints to one inside; without any, take the picture's box less a margin, or a checkerboard.

    Parameters
    ----------
    shape : height and width
    valid : (H, W) bool or None
        The picture ends where the box around these pixels does.
    init : (H, W) bool or None
    box : left, top, right, bottom, or None
    point : middles of discs, or None
    radius : float
        Of the discs, in pixels.
    default : box or checkerboard

    Raises
    ------
    InputError
        Hints that hold no pixel that counts.

    Examples
    --------
    >>> hints = {"init": None, "box": Box(1, 0, 3, 1), "point": None, "radius": 1.0}
    >>> start_from((2, 4), None, **hints).mask.tolist()
    [[False, True, True, False], [False, False, False, False]]
    """
    mask = np.zeros(shape, bool)
    given = not (init is None and box is None and point is None)
    if init is not None:
        mask |= init
    if box is not None:
        mask[box.top : box.bottom, box.left : box.right] = True
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    for middle in point or ():
        mask |= (rows - middle.y) ** 2 + (columns - middle.x) ** 2 <= radius**2
    if not given:
        mask = checkerboard(shape) > 0 if default == "checkerboard" else _inset_box(shape, valid)
        return Start(mask, grows=False, given=False)
    counted = mask if valid is None else mask & valid
    if not counted.any():
        raise InputError("the start of the contour has no pixel that counts inside; draw init, box or point elsewhere.")
    notes: tuple[str, ...] = ()
    if mask.all() and min(shape) > 2:
        mask[[0, -1]] = mask[:, [0, -1]] = False
        notes = ("the start covers the whole picture; its outermost pixels were taken for outside",)
    return Start(mask, grows=init is None and box is None, given=True, notes=notes)


def _inset_box(shape: tuple[int, int], valid: Array | None) -> Mask:
    """The box around the pixels that count, less a margin where there is room for one."""
    mask = np.zeros(shape, bool)
    sides = []
    for side in window_of(valid, shape):
        length = side.stop - side.start
        margin = max(round(INSET * length), 1) if length > 2 else 0
        sides.append(slice(side.start + margin, side.stop - margin))
    mask[tuple(sides)] = True
    return mask


def checkerboard(shape: tuple[int, int], side: int = SQUARE) -> NDArray[np.float32]:
    """Return the level set sin(pi x / side) sin(pi y / side), above 0 inside.

    Its contours lie everywhere, so that what it grows into does not depend on where the objects are (Getreuer 2012).
    The sines are taken at the middles of the pixels, so that none is 0.
    """
    rows, columns = (np.sin(np.pi * (np.arange(length) + 0.5) / side) for length in shape)
    return np.multiply.outer(rows, columns).astype(np.float32)


def signed_distance(mask: Mask) -> NDArray[np.float32]:
    """Return the distance in pixels to the edge of a mask, above 0 inside, below outside; at most the mask's own side.

    Examples
    --------
    >>> signed_distance(np.array([[False, True, True]])).tolist()
    [[-0.5, 0.5, 1.5]]
    """
    from segcli.numeric.distance import distance_to_background

    farthest = np.float32(max(mask.shape))
    inside = np.minimum(distance_to_background(mask), farthest) - 0.5
    outside = np.minimum(distance_to_background(~mask), farthest) - 0.5
    return np.where(mask, inside, -outside).astype(np.float32)


def standardized(image: Array, valid: Array | None = None) -> NDArray[np.float32] | None:
    """Scale an image so that its least value is 0 and its standard deviation 1; None where all values are equal.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        All channels are scaled alike.
    valid : (H, W) bool or None
        Pixels that count; the others have to lie within the values of these.

    Returns
    -------
    (H, W) or (H, W, 3) float32, or None
    """
    counted = (image if valid is None else image[valid]).reshape(-1, *image.shape[2:])
    low = counted.min()
    if (counted == counted[0]).all():
        return None
    spread = float(np.sqrt(counted.var(axis=0, dtype=np.float64).mean()))
    return (np.ascontiguousarray(image, np.float32) - np.float32(low)) * np.float32(1 / spread)


def gradient_strength(image: Array, valid: Array | None, sigma: float) -> NDArray[np.float32]:
    """Return the size of the smoothed image's gradient, in its units per pixel; 0 where a pixel does not count.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Of colors, the root of the mean square over the channels is taken.
    valid : (H, W) bool or None
        Pixels that count.
    sigma : float
        Of the Gaussian, in pixels; 0 for none.
    """
    from segcli.opencv import cv2

    pixels = smoothed(np.ascontiguousarray(image, np.float32), valid, sigma)
    square = np.zeros(image.shape[:2], np.float32)
    channels = cv2.split(pixels)
    for channel in channels:
        across, down = (
            cv2.Sobel(channel, cv2.CV_32F, x, 1 - x, scale=0.125, borderType=cv2.BORDER_REPLICATE) for x in (1, 0)
        )
        square += across * across
        square += down * down
    strength: NDArray[np.float32] = np.sqrt(square / np.float32(len(channels)))
    return strength if valid is None else np.asarray(strength * valid)


def smoothed(pixels: Array, valid: Array | None, sigma: float) -> Array:
    """Smooth an image by a Gaussian; beyond the picture and the pixels that count the nearest of these go on.

    Parameters
    ----------
    pixels : (H, W) or (H, W, 3) float32
    valid : (H, W) bool or None
    sigma : float
        In pixels; 0 for none.
    """
    from segcli.opencv import cv2

    pixels = extended(pixels, valid)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) if sigma else pixels)


def edge_indicator(
    image: Array, valid: Array | None, sigma: float, contrast: float | Literal["auto"], where: Mask | None = None
) -> tuple[NDArray[np.float32], float]:
    """Return g = 1 / (1 + (gradient / contrast)^2), near 0 on edges, and the contrast; g is 1 where nothing is known.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
    valid : (H, W) bool or None
    sigma : float
        Of the Gaussian before the gradient, in pixels.
    contrast : float or auto
        Gradient at which g is one half, in image units per pixel; auto takes a quantile of them, USUAL_EDGE.
    where : (H, W) bool or None
        Pixels whose gradients auto looks at.

    Examples
    --------
    >>> step = np.array([[0, 0, 8, 8]], np.uint8)
    >>> edge_indicator(step, None, 0.0, 4.0)[0].tolist()
    [[1.0, 0.5, 0.5, 1.0]]
    """
    strength = gradient_strength(image, valid, sigma)
    if contrast == "auto":
        counted = np.ones(strength.shape, bool) if valid is None else valid
        looked_at = counted & where if where is not None and (counted & where).any() else counted
        usual = float(np.quantile(strength[looked_at], USUAL_EDGE))
        # Where a picture is flat nearly everywhere its strongest edge counts.
        contrast = max(usual, FAINTEST * float(strength.max()))
    if contrast == 0:
        return np.ones(strength.shape, np.float32), 0.0
    ratio = strength / np.float32(contrast)
    return np.asarray(1 / (1 + ratio * ratio), np.float32), float(contrast)
