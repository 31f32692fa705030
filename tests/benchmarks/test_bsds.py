"""Regions beside what people drew: covering, PRI and VI on 60 test pictures of BSDS500, found through SEGCLI_DATA.

Run by hand: SEGCLI_DATA=... pytest tests/benchmarks/test_bsds.py -s
A setting holds for all pictures. As in the published tables each score is taken at its own best setting of a short
list, which was chosen on every second picture.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from benchmarks.bsds import PUBLISHED, table

import segcli
from segcli.numeric.partition import connected_parts

DIGITS = (0.01, 0.01, 0.01)
"""The published figures' last digit; they are of all 200 test pictures, of which these are 60."""


@dataclass(frozen=True)
class Row:
    """A method, the settings to choose from, and covering, PRI and VI of the library to reach."""

    name: str
    method: Callable[..., Any]
    settings: tuple[dict[str, Any], ...]
    library: tuple[float, float, float]


def kmeans_parts(image, classes, min_region):
    """Connected parts of the classes of k-means in L*a*b*."""
    found = segcli.kmeans(image, classes=classes, space="lab")
    return replace(found, labels=connected_parts(found.labels, min_region), kind="instances")


ROWS = (
    Row(
        "felzenszwalb",
        segcli.felzenszwalb,
        (
            {"scale": 400, "min_region": 300},
            {"scale": 500, "min_region": 500},
            {"scale": 600, "min_region": 1500},
            {"scale": 1000, "min_region": 3000},
        ),
        (0.520, 0.789, 2.44),
    ),
    Row(
        "mean_shift",
        segcli.mean_shift,
        (
            {"radius": 16, "color_radius": 7, "min_region": 300},
            {"radius": 16, "color_radius": 9, "min_region": 300},
            {"radius": 16, "color_radius": 10, "min_region": 2000},
        ),
        (0.505, 0.750, 2.27),
    ),
    Row(
        "kmeans",
        kmeans_parts,
        ({"classes": 3, "min_region": 500}, {"classes": 5, "min_region": 200}, {"classes": 3, "min_region": 2000}),
        (0.459, 0.765, 2.75),
    ),
)
"""The libraries: scikit-image's felzenszwalb at scale 500; OpenCV's mean shift (16, 24) and components; scikit-learn's
k-means of 4 classes in L*a*b* and components."""


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_regions_are_as_near_to_what_people_drew_as_the_published_ones(data, row):
    print("\nmethod          covering     PRI      VI")
    covering, pri, vi = table(row.name, row.method, row.settings, data)
    for name, goal in (("library", row.library), ("published", PUBLISHED.get(row.name))):
        if goal is not None:
            assert covering >= goal[0] - DIGITS[0], name
            assert pri >= goal[1] - DIGITS[1], name
            assert vi <= goal[2] + DIGITS[2], name
