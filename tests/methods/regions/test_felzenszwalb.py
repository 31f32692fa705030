"""Felzenszwalb and Huttenlocher's grouping of pixels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage import data, metrics, segmentation

from segcli.method import run
from segcli.methods.regions.felzenszwalb import felzenszwalb
from segcli.numeric import _felzenszwalb_kernels as kernels
from segcli.numeric.felzenszwalb import felzenszwalb_regions


@pytest.mark.parametrize(("scale", "smallest"), [(50, 5), (200, 20), (500, 100)])
def test_scikit_image_finds_the_same_regions(scale: int, smallest: int) -> None:
    # Smooth noise has no equal edges, whose order would be a matter of taste.
    image = ndimage.gaussian_filter(np.random.default_rng(scale).random((80, 90, 3)), (2, 2, 0))
    image = (image - image.min()) / np.ptp(image)
    theirs = segmentation.felzenszwalb(image, scale=scale, sigma=0, min_size=smallest)
    ours = felzenszwalb_regions((image * 255).astype(np.float32), scale, smallest)
    assert ours.max() == theirs.max() + 1
    assert metrics.adapted_rand_error(theirs + 1, ours)[0] < 0.001


def test_the_bound_by_hand() -> None:
    # Edges 1, 2 and 6. The first joins (1 <= scale), and its bound is then 1 + 4 / 2 = 3, so the second joins; the last
    # does not: 2 + 4 / 3 < 6.
    chain = np.array([[[0.0], [1.0], [3.0], [9.0]]], np.float32)
    assert felzenszwalb_regions(chain, 4.0, 1).tolist() == [[1, 1, 1, 2]]
    # With a scale of 1.5 the bound is 1 + 1.5 / 2 = 1.75 < 2.
    assert felzenszwalb_regions(chain, 1.5, 1).tolist() == [[1, 1, 2, 3]]
    # Regions below two pixels join across their lightest edge.
    assert felzenszwalb_regions(chain, 1.5, 2).tolist() == [[1, 1, 1, 1]]


def test_a_larger_scale_gives_larger_regions() -> None:
    image = data.astronaut()[::4, ::4]
    counts = [run(felzenszwalb, image, scale=scale).numbers["regions"] for scale in (10.0, 100.0, 1000.0)]
    assert counts[0] > counts[1] > counts[2]


def test_the_order_is_that_of_a_stable_sort() -> None:
    weights = np.random.default_rng(0).integers(0, 40, 5000).astype(np.float32) / 7
    weights[::7] = 0
    assert np.array_equal(kernels.order_of(weights), np.argsort(weights, kind="stable"))


def test_left_out_pixels_part_regions() -> None:
    image = np.full((6, 9), 50, np.uint8)
    image[0, 0] = 60
    valid = np.ones((6, 9), bool)
    valid[:, 4] = False
    labels = run(felzenszwalb, image, valid=valid, sigma=0.0, min_region=2).labels
    assert labels[:, 4].tolist() == [0] * 6
    assert labels[0, 0] != labels[0, 8]
