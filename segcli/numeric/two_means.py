"""How well two constant colors fit a picture, one inside a contour and one outside: the fit of Chan and Vese."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array


class TwoMeans:
    """The piecewise constant fit of a picture for a mask that changes.

    The cost of a pixel inside is `inside_weight` times the mean square over channels of its difference from the mean
    inside; outside likewise. Where a side is empty its mean is 0.

    Parameters
    ----------
    picture : (H, W) or (H, W, 3) float32
        Nowhere below 0.
    valid : (H, W) bool or None
        Pixels that count; the others cost nothing and are in no mean.
    inside_weight, outside_weight : float
    """

    def __init__(
        self, picture: NDArray[np.float32], valid: Array | None, inside_weight: float, outside_weight: float
    ) -> None:
        channels = [picture] if picture.ndim == 2 else [picture[:, :, channel] for channel in range(picture.shape[2])]
        square = sum(channel * channel for channel in channels) / np.float32(len(channels))
        # With the mean square as a last plane each cost is one linear form of the planes.
        self.planes = [np.ascontiguousarray(plane, np.float32) for plane in (*channels, square)]
        self.weights = inside_weight, outside_weight
        self.valid = np.ones(square.shape, np.uint8) if valid is None else valid.astype(np.uint8)
        self.count = int(np.count_nonzero(self.valid))
        self.total = self._sums(self.valid)
        self.forms = np.zeros((2, len(self.planes) + 1))
        self.cost = 0.0

    def _sums(self, share: Array) -> NDArray[np.float64]:
        """Sum each plane over a mask, or weighted by shares."""
        from segcli.opencv import cv2

        if share.dtype == np.uint8:
            # No plane is below 0, and of all masked sums in OpenCV this is the fastest.
            return np.array([cv2.norm(plane, cv2.NORM_L1, share) for plane in self.planes])
        return np.array([np.einsum("ij,ij->", plane, share, dtype=np.float64) for plane in self.planes])

    def measure(self, inside: Array) -> None:
        """Take the means of both sides; `cost` is then the cost of all pixels.

        Parameters
        ----------
        inside : (H, W) uint8, 1 inside and 0 outside, or float32, the share of a pixel that is inside
        """
        counted = inside * self.valid
        sums, count = self._sums(counted), float(counted.sum(dtype=np.float64))
        self.cost = 0.0
        for side, (number, total) in enumerate(((count, sums), (self.count - count, self.total - sums))):
            mean, square = total[:-1] / max(number, 1e-9), total[-1] / max(number, 1e-9)
            spread = float(square - np.mean(mean**2))
            self.forms[side] = self.weights[side] * np.array([*(-2 * mean / len(mean)), 1, np.mean(mean**2)])
            self.cost += self.weights[side] * number * max(spread, 0.0)

    def gain(self) -> NDArray[np.float32]:
        """What each pixel costs outside less what it costs inside, (H, W); 0 where it does not count."""
        from segcli.opencv import cv2

        first, *factors, offset = (float(factor) for factor in self.forms[1] - self.forms[0])
        gain = cv2.addWeighted(self.planes[0], first, self.planes[0], 0, offset)
        for plane, factor in zip(self.planes[1:], factors, strict=True):
            if factor:
                gain = cv2.scaleAdd(plane, factor, gain)
        return np.asarray(gain).reshape(self.valid.shape) * self.valid
