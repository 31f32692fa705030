"""Fitting the pixel classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.fitting import fit_pixel_classifier
from segcli.method import run
from segcli.methods.examples.pixel_classifier import pixel_classifier
from segcli.numeric.pixel_model import pixel_model

FEW: Any = {"sigmas": (1.0, 2.0), "samples": 3000, "classifier": "forest"}


def stripes(seed: int = 0) -> tuple[Any, Any]:
    """Noise of equal mean, smooth on the left and rough on the right: no threshold parts them."""
    rough = np.random.default_rng(seed).normal(120, 30, (40, 60))
    truth = np.zeros((40, 60), np.int32)
    truth[:, 30:] = 1
    smooth = 120 + (rough - 120) / 8
    return np.where(truth, rough, smooth).clip(0, 255).astype(np.uint8), truth


@pytest.mark.parametrize("classifier", ["boosting", "forest"])
def test_texture_is_learned_where_no_threshold_would_do(classifier: Any) -> None:
    fitted = fit_pixel_classifier(*([part] for part in stripes(0)), **{**FEW, "classifier": classifier})
    image, truth = stripes(1)
    assert np.mean(run(pixel_classifier, image, model=fitted).labels == truth) > 0.93
    assert fitted.facts["accuracy"] > 0.9
    assert fitted.facts["samples"] == 2400


def test_the_same_seed_gives_the_same_model_and_another_seed_another() -> None:
    image, truth = stripes()
    one, two, other = (
        fit_pixel_classifier([image], [truth], sigmas=(1.0,), samples=100, seed=seed) for seed in (3, 3, 4)
    )
    assert all(np.array_equal(one.arrays[name], two.arrays[name]) for name in one.arrays)
    assert not np.array_equal(one.arrays["threshold"], other.arrays["threshold"])


def test_a_handful_of_strokes_is_enough() -> None:
    image, truth = stripes()
    strokes = np.full_like(truth, -1)
    strokes[5, 3:25], strokes[30, 35:55] = 0, 1
    fitted = fit_pixel_classifier([image], [strokes], balanced=True, **FEW)
    assert np.mean(run(pixel_classifier, image, model=fitted).labels == truth) > 0.85


def test_colors_count_as_soon_as_one_picture_has_some() -> None:
    image, truth = stripes()
    color = np.dstack([image, image, np.where(truth, 20, image)]).astype(np.uint8)
    gray = fit_pixel_classifier([np.dstack([image] * 3)], [truth], **FEW)
    mixed = fit_pixel_classifier([image, color], [truth, truth], **FEW)
    assert not pixel_model(gray).color
    assert pixel_model(mixed).color
    assert np.mean(run(pixel_classifier, color, model=mixed).labels == truth) > 0.98


def test_classes_without_a_sample_have_a_plane_of_zeros() -> None:
    image, truth = stripes()
    found = run(pixel_classifier, image, model=fit_pixel_classifier([image], [truth * 3], **FEW))
    assert found.kind == "classes"
    assert set(np.unique(found.labels)) == {0, 3}
    assert found.scores is not None
    assert found.scores.shape == (4, 40, 60)
    assert not found.scores[1:3].any()


def test_nothing_to_tell_apart_or_other_sizes_are_refused() -> None:
    image, truth = stripes()
    with pytest.raises(InputError, match="class 0 only"):
        fit_pixel_classifier([image], [0 * truth], **FEW)
    with pytest.raises(InputError, match="no class"):
        fit_pixel_classifier([image], [0 * truth - 1], **FEW)
    with pytest.raises(InputError, match=r"60 x 39.*60 x 40"):
        fit_pixel_classifier([image], [truth[1:]], **FEW)
