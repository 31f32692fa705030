"""The normalized cut as a method."""

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.method import run
from segcli.methods.graphs import normalized_cut as module
from segcli.methods.graphs.normalized_cut import normalized_cut


def disks(seed=0):
    """Two discs of different gray on a dark ground, and the truth."""
    rows, columns = np.indices((40, 60))
    truth = np.zeros((40, 60), np.int32)
    truth[np.hypot(rows - 20, columns - 16) < 11] = 1
    truth[np.hypot(rows - 20, columns - 45) < 9] = 2
    gray = np.array([40, 130, 220])[truth] + np.random.default_rng(seed).normal(0, 5, truth.shape)
    return gray.astype(np.uint8), truth


def agreement(labels, truth):
    """Share of pixels whose region's most frequent truth is their own."""
    return sum(np.bincount(truth[labels == label]).max() for label in np.unique(labels)) / truth.size


def test_two_halves_of_two_pixels_each_by_hand():
    # Columns 0 and 1 of gray 0, columns 2 and 3 of gray 255: L* 0 and 100. Links of one color weigh 1 times their
    # distance's share; those across have the weight of exp(-huge), held at 1e-6, whatever their distance.
    strip = np.array([[0, 0, 255, 255]], np.uint8)
    result = normalized_cut(strip, regions=2, superpixels="off", contrast=1.0, radius=2.0)
    assert result.labels.tolist() == [[1, 1, 2, 2]]
    # Up to 2 pixels apart: 0-2, 1-2 and 1-3.
    assert result.numbers["cut"] == pytest.approx(3e-6)
    # The inner links: distance 1 with s = 0.4 * 2, and no edge stronger than elsewhere on the way.
    inner = 0.5 * (6e-6 / result.numbers["ncut"] - 3e-6)
    edges = result.layers["strength"][0]
    weak = 0.3 * np.mean([edges[:2].max(), edges[:3].max(), edges[1:3].max(), edges[1:].max(), edges[2:].max()])
    assert inner == pytest.approx(np.exp(-1 / (2 * 0.8**2) - edges[:2].max() / weak), rel=0.01)


@pytest.mark.parametrize("mode", ["recursive", "kway"])
@pytest.mark.parametrize("superpixels", [80, "off"])
def test_two_discs_and_their_ground_are_found(mode, superpixels):
    image, truth = disks()
    result = run(normalized_cut, image, regions=3, mode=mode, superpixels=superpixels)
    assert result.numbers["regions"] == result.labels.max() == 3
    assert agreement(result.labels, truth) > 0.95
    assert result.layers["eigenvector_2"].shape == image.shape


def test_the_threshold_keeps_parts_whole():
    image, _ = disks()
    free = run(normalized_cut, image, regions=12, superpixels=80)
    values = free.series["ncut"]
    assert len(values) == 11
    held = run(normalized_cut, image, regions=12, superpixels=80, threshold=float(values[:3].max()))
    assert 4 <= held.numbers["regions"] < 12
    assert held.series["ncut"].max() <= values[:3].max()
    assert run(normalized_cut, image, superpixels=80, threshold=0.0).numbers["regions"] == 1


def test_rescaled_16_bit_pictures_are_cut_the_same():
    image, _ = disks()
    wide = image.astype(np.uint16) * 100
    stretched = (image.astype(np.float32) - image.min()) / (image.max() - image.min())
    first, second = (run(normalized_cut, picture, regions=3, superpixels=80) for picture in (wide, stretched))
    assert np.mean(first.labels == second.labels) > 0.99


def test_no_link_crosses_what_is_left_out():
    image, _ = disks()
    valid = np.ones(image.shape, bool)
    valid[:, 29:32] = False
    result = run(normalized_cut, image, valid=valid, regions=2, superpixels=80)
    assert result.numbers["cut"] == 0
    assert set(np.unique(result.labels[:, :29])) == {1}
    assert set(np.unique(result.labels[:, 32:])) == {2}


def test_too_many_single_pixels_are_refused_with_an_estimate(monkeypatch):
    monkeypatch.setattr(module, "MOST_PIXELS", 100)
    with pytest.raises(InputError, match=r"2400 single pixels need some 0.0 GB.*Set a number of superpixels"):
        run(normalized_cut, disks()[0], superpixels="off")


def test_more_links_than_fit_are_refused_with_their_number(monkeypatch):
    monkeypatch.setattr("segcli.numeric.affinity.MOST_LINKS", 1000)
    with pytest.raises(InputError, match="smaller radius"):
        run(normalized_cut, disks()[0], superpixels=200, radius=50.0)
