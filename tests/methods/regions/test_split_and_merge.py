"""A quadtree of even blocks, and the union of neighbors that are even together."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from segcli.method import run
from segcli.methods.regions.split_and_merge import split_and_merge
from segcli.numeric.quadtree import merge, split
from segcli.numeric.region_graph import region_graph


def test_blocks_and_unions_by_hand() -> None:
    # One bright quarter of 4 x 4: the whole deviates, each quarter does not, and the three dark ones are one.
    corner = np.full((4, 4), 50, np.uint8)
    corner[:2, :2] = 200
    result = run(split_and_merge, corner, min_block=1)
    assert result.layers["quadtree"].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert result.labels.tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [2, 2, 2, 2], [2, 2, 2, 2]]
    assert result.numbers == {"regions": 2, "blocks": 4}
    # The deviation of the whole is sqrt(4/16 * 12/16) * 150 = 64.95.
    assert run(split_and_merge, corner, min_block=1, tolerance=65.0).numbers["regions"] == 1
    assert run(split_and_merge, corner, min_block=1, tolerance=64.9).numbers["regions"] == 2


@pytest.mark.parametrize("tolerance", [8.0, 25.0])
def test_every_region_is_even_and_no_two_neighbors_could_be_joined(tolerance: float) -> None:
    image = data.astronaut()[::8, ::8]
    labels = run(split_and_merge, image, tolerance=tolerance, min_block=1).labels
    pixels = image.astype(float)

    def deviation(inside: np.ndarray) -> float:
        return float(np.sqrt(pixels[inside].var(axis=0).sum()))

    assert max(deviation(labels == label) for label in range(1, labels.max() + 1)) <= tolerance + 1e-6
    pairs = region_graph(labels).edges + 1
    assert min(deviation((labels == one) | (labels == two)) for one, two in pairs[::7]) > tolerance


def test_blocks_stop_at_the_smallest() -> None:
    image = np.random.default_rng(0).integers(0, 256, (13, 21, 1)).astype(float)
    assert split(image, 0.0, 4).max() == 4 * 6
    assert split(image, 0.0, 1).max() == 13 * 21
    assert split(image, 1e6, 1).max() == 1


def test_an_offset_does_not_split_an_even_picture() -> None:
    image = np.full((64, 64, 3), 1e6)
    image[::2] += 0.5
    assert split(image, 0.5, 1).max() == 1
    assert merge(split(image, 0.1, 1), image, 0.5).max() == 1
