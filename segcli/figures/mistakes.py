"""Draws where a prediction and the truth part: missed, extra and confused, in colors on the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.figures.render import for_display, line_width

FOUND, MISSED, EXTRA, CONFUSED = (43, 190, 90), (35, 120, 255), (255, 122, 0), (214, 51, 200)
"""Told apart by people who see red and green alike, too."""

STRENGTH = 0.6
"""Share of a color on the picture."""

SMALLEST, LARGEST = 240, 400
"""Sides of what is drawn, in pixels."""

Picture = NDArray[np.uint8]


def draw_classes(picture: Picture, predicted: Array, true: Array, void: Array, ground: bool = True) -> Picture:
    """What of classes is missed, extra, or taken for another one.

    Parameters
    ----------
    picture : (H, W, 3) uint8. predicted, true : (H, W) classes. void : (H, W) bool, what does not count.
    ground : class 0 is background, so that it is missed or extra; else it is a class like the others.
    """
    wrong = (predicted != true) & ~void
    missed, extra = wrong & (predicted == 0) & ground, wrong & (true == 0) & ground
    drawn = _tinted(_tinted(picture, missed, MISSED), extra, EXTRA)
    drawn = _tinted(drawn, wrong & ~missed & ~extra, CONFUSED)
    drawn[_outlines(np.where(wrong | void, 0, true), line_width(picture.shape))] = FOUND
    return drawn


def draw_objects(picture: Picture, predicted: Array, true: Array) -> Picture:
    """Objects that match with an IoU above one half are outlined; the others are painted as missed or extra."""
    from segcli.scores.pairs import shared_pixels

    shared = shared_pixels(predicted, true)
    areas = shared.predicted_areas[shared.rows] + shared.true_areas[shared.columns]
    near = shared.pixels / (areas - shared.pixels) > 0.5
    hit, matched = shared.predicted[shared.rows[near]], shared.true[shared.columns[near]]
    missed = (true > 0) & ~np.isin(true, matched)
    extra = (predicted > 0) & ~np.isin(predicted, hit)
    drawn = _tinted(picture, missed & ~extra, MISSED)
    drawn = _tinted(drawn, extra & ~missed, EXTRA)
    drawn = _tinted(drawn, extra & missed, CONFUSED)
    width = line_width(picture.shape)
    drawn[_outlines(np.where(missed, true, 0), width)] = MISSED
    drawn[_outlines(np.where(extra, predicted, 0), width)] = EXTRA
    drawn[_outlines(np.where(np.isin(predicted, hit), predicted, 0), width)] = FOUND
    return drawn


def draw_borders(picture: Picture, predicted: Array, true: Array, reach: int = 2) -> Picture:
    """Borders of regions: those that both have within some pixels, those that are missed, those that are extra."""
    from segcli.opencv import cv2

    own, other = (_outlines(labels, 1) for labels in (predicted, true))
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    near_own, near_other = (cv2.dilate(borders.view(np.uint8), window) > 0 for borders in (own, other))
    drawn = picture.copy()
    drawn[other & ~near_own] = MISSED
    drawn[own & ~near_other] = EXTRA
    drawn[own & near_other] = FOUND
    return drawn


def canvas(image: Array | None, shape: tuple[int, int]) -> Picture:
    """A picture to draw on, (H, W, 3) uint8; light gray where there is none."""
    if image is None:
        return np.full((*shape, 3), 232, np.uint8)
    shown = for_display(image)
    return np.ascontiguousarray(shown if shown.ndim == 3 else np.repeat(shown[:, :, None], 3, axis=2))


def fitted(picture: Picture) -> Picture:
    """A picture in a size to look at."""
    from segcli.opencv import cv2

    longer = max(picture.shape[:2])
    scale = LARGEST / longer if longer > LARGEST else float(max(1, SMALLEST // longer))
    if scale == 1:
        return picture
    size = tuple(max(1, round(side * scale)) for side in picture.shape[1::-1])
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST))


def _tinted(picture: Picture, mask: Array, color: tuple[int, int, int]) -> Picture:
    """A picture with a color laid over a mask."""
    drawn = picture.copy()
    drawn[mask] = np.rint((1 - STRENGTH) * picture[mask] + STRENGTH * np.array(color)).astype(np.uint8)
    return drawn


def _outlines(labels: Array, width: int) -> NDArray[np.bool_]:
    """Pixels of objects, or of classes above 0, beside a lower number."""
    from segcli.opencv import cv2

    values = labels.astype(np.float32)
    window = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    return np.asarray(values > cv2.erode(values, window))
