"""What a method sees: channels, and pixels that are not there."""

from __future__ import annotations

import io

import numpy as np
import pytest

from segcli.files.read import read_image
from segcli.preparation import CHANNELS, Preparation


def image(values: np.ndarray) -> object:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return read_image(buffer.getvalue())


@pytest.mark.parametrize("channel", CHANNELS)
def test_pixels_that_are_not_finite_stay_so_in_every_channel(channel: str) -> None:
    values = np.random.default_rng(0).uniform(0.1, 50, (4, 5, 3)).astype(np.float32)
    damaged = values.copy()
    damaged[0, 0], damaged[1, 1, 2], damaged[2, 2, 0] = np.nan, np.inf, -np.inf
    seen, _, _ = Preparation(channel).apply(image(damaged), "gray", None)  # type: ignore[arg-type]
    looked_at = damaged[:, :, ["rgb".index(channel)]] if channel in ("r", "g", "b") else damaged
    bad = ~np.isfinite(looked_at).all(axis=2)
    assert np.array_equal(~np.isfinite(seen), bad)


def test_an_image_without_a_finite_pixel_gives_no_warning() -> None:
    nothing = image(np.full((2, 2, 3), np.nan, np.float32))
    seen, _, _ = Preparation("s").apply(nothing, "gray", None)  # type: ignore[arg-type]
    assert not np.isfinite(seen).any()
