"""Scores on ten pictures of the 2018 Data Science Bowl (BBBC038), found through SEGCLI_DATA."""

import os
from pathlib import Path

import numpy as np
import pytest

import segcli
from segcli.scores.instance import average_precision, f1
from segcli.scores.semantic import dice

FOLDER = Path(os.environ.get("SEGCLI_DATA", ".")) / "nuclei" / "val"

pytestmark = pytest.mark.skipif(
    not ("SEGCLI_DATA" in os.environ and FOLDER.is_dir()), reason="needs SEGCLI_DATA with nuclei/val in it"
)


@pytest.fixture(scope="module")
def pairs():
    """The first ten validation pictures and their true nuclei."""
    images = sorted((FOLDER / "images").iterdir())[:10]
    return [(segcli.read_image(path), segcli.read_labels(FOLDER / "masks" / f"{path.stem}.png")) for path in images]


def test_otsu_finds_the_nuclei(pairs):
    # Otsu of scikit-image with the side that covers less reaches .834.
    scores = [dice(segcli.otsu(image, foreground="auto").labels, truth) for image, truth in pairs]
    assert np.mean(scores) > 0.80
    assert np.median(scores) > 0.92


def test_watershed_parts_nuclei_that_otsu_joins(pairs):
    # Blur 1, Otsu and a watershed of the distance by scikit-image (minimal distance 7) reach F1 .747 and AP .483.
    tidy = segcli.Cleanup(min_size=20)
    found = [(segcli.watershed(image, cleanup=tidy).labels, truth) for image, truth in pairs]
    assert np.mean([f1(labels, truth) for labels, truth in found]) > 0.72
    assert np.mean([average_precision(labels, truth) for labels, truth in found]) > 0.49
    joined = [(segcli.otsu(image, foreground="auto"), truth) for image, truth in pairs]
    assert sum(labels.max() for labels, _ in found) > sum(components(mask.labels) for mask, _ in joined)


def components(mask):
    """Number of 8-connected components that are more than a speck."""
    from segcli.opencv import cv2

    areas = cv2.connectedComponentsWithStats(mask, connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    return int(np.sum(areas > 20))
