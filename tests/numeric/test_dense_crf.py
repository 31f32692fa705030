"""Mean-field inference in the fully connected field, against the sum over all pairs of pixels."""

import itertools

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.numeric import dense_crf
from segcli.numeric.dense_crf import Links, levels, mean_field


def scene(seed=0, classes=3, size=40):
    """Three colored stripes with noise, and energies that are right more often than not."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(size) * classes // size, size).reshape(size, size)
    colors = np.array([[60, 80, 100], [120, 90, 60], [180, 170, 160]])[truth % 3]
    image = np.clip(colors + random.normal(0, 6, colors.shape), 0, 255).astype(np.uint8)
    unary = random.normal(1, 0.7, (classes, size, size)) - (np.arange(classes)[:, None, None] == truth)
    return unary.astype(np.float32), image, truth


def exact_kernels(image, links):
    """The two normalized kernels between all pixels."""
    height, width = image.shape[:2]
    places = np.indices((height, width)).reshape(2, -1).T.astype(float)
    colors = image.reshape(height * width, -1).astype(float)
    apart = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    unlike = sum((plane[:, None] - plane[None]) ** 2 for plane in colors.T)
    smooth = np.exp(-apart / (2 * links.sigma**2))
    alike = np.exp(-apart / (2 * links.position_sigma**2) - unlike / (2 * links.color_sigma**2))
    return [kernel / np.sqrt(np.outer(kernel.sum(axis=1), kernel.sum(axis=1))) for kernel in (smooth, alike)]


def exact_mean_field(unary, image, links, iterations):
    """Probabilities and free energies with exact kernels, in float64."""
    smooth, alike = exact_kernels(image, links)
    kernel = links.smoothness_weight * smooth + links.appearance_weight * alike
    energies = unary.reshape(len(unary), -1).T.astype(float)
    curve, logits = [], -energies
    for step in range(iterations + 1):
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        heard = kernel @ shares
        curve.append(np.sum(shares * (energies + np.log(np.maximum(shares, 1e-300)) - heard / 2)))
        logits = heard - energies
        if step == iterations:
            return shares.T.reshape(unary.shape), np.array(curve)
    return None


def test_two_pixels_at_one_place_share_their_mean():
    # With a reach of 10^9 pixels both hear half of each: the kernel is 1 everywhere and its sums are 2.
    # Class 0 at first: 1 / (1 + e^-2) = 0.8808 and 1 / (1 + e) = 0.2689, mean 0.5749; class 1 has 0.4251.
    # Twice the difference, 0.2994, is added to the odds: 2.2994 and -0.7006, so 0.9088 and 0.3317.
    unary = np.array([[[0, 1]], [[2, 0]]], np.float32)
    links = Links(appearance_weight=0, smoothness_weight=2, sigma=1e9)
    found = mean_field(unary, np.zeros((1, 2), np.uint8), links, iterations=1)
    assert found.probabilities[0, 0] == pytest.approx([0.9088, 0.3317], abs=1e-4)
    assert found.probabilities.sum(axis=0) == pytest.approx(1, abs=1e-6)
    # Moved: (0.9088 - 0.8808 + 0.3317 - 0.2689) / 2.
    assert found.changes.tolist() == [pytest.approx(0.0454, abs=1e-4)]


def test_messages_are_within_5_percent_of_the_sum_over_all_pairs():
    unary, image, _ = scene()
    links = Links(position_sigma=15, color_sigma=13, sigma=3)
    shares = np.exp(-unary) / np.exp(-unary).sum(axis=0)
    rows = np.ascontiguousarray(shares.reshape(3, -1).T, np.float32)
    lattices = [lattice for lattice, _ in dense_crf._lattices(image, links, None)]
    for lattice, kernel in zip(lattices, exact_kernels(image, links), strict=True):
        found, wanted = lattice.filter(rows), kernel @ rows
        assert np.abs(found - wanted).sum() / wanted.sum() < 0.05


@pytest.mark.parametrize("seed", [0, 1])
def test_labels_are_those_of_the_sum_over_all_pairs(seed):
    unary, image, truth = scene(seed)
    links = Links(4, 15, 13, 1, 1.5)
    wanted, _ = exact_mean_field(unary, image, links, 5)
    found = mean_field(unary, image, links, iterations=5).probabilities
    assert (found.argmax(axis=0) == wanted.argmax(axis=0)).mean() >= 0.99
    assert (found.argmax(axis=0) == truth).mean() > 0.97 > (unary.argmin(axis=0) == truth).mean() + 0.1


def test_the_free_energy_is_that_of_the_definition():
    # Without links it is -ln of the sum of exp(-energy), pixel by pixel, and no iteration changes anything.
    unary, image, _ = scene(2)
    alone = mean_field(unary, image, Links(0, 9, 9, 0, 9), iterations=2)
    assert alone.energies == pytest.approx(-np.log(np.exp(-unary.astype(float)).sum(axis=0)).sum(), rel=1e-6)
    assert alone.changes.tolist() == [0, 0]
    links = Links(4, 15, 13, 3, 2)
    _, wanted = exact_mean_field(unary, image, links, 4)
    assert mean_field(unary, image, links, iterations=4).energies == pytest.approx(wanted[:4], rel=0.02)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_no_iteration_raises_the_free_energy(seed):
    unary, image, _ = scene(seed, classes=4)
    energies = mean_field(unary, image, Links(3, 10, 20, 3, 2), iterations=8).energies
    assert all(after <= before + 1e-6 * abs(before) for before, after in itertools.pairwise(energies))
    assert energies[-1] < energies[0] - 100


def test_left_out_pixels_are_as_if_they_were_not_there():
    unary, image, _ = scene(6)
    valid = np.zeros((40, 40), bool)
    valid[:33, :22] = True
    spoiled = image.copy()
    spoiled[~valid] = 255
    found = mean_field(unary, spoiled, Links(), valid=valid).probabilities
    alone = mean_field(unary[:, :33, :22], image[:33, :22], Links()).probabilities
    assert np.array_equal(found[:, :33, :22], alone)
    assert found[:, ~valid].sum(axis=0) == pytest.approx(1, abs=1e-5)


def test_colors_of_all_types_end_on_one_scale():
    eight = np.array([[[0, 51, 255]]], np.uint8)
    sixteen, shares = (eight.astype(np.uint16) * 257), (eight / np.float32(255)).astype(np.float32)
    for other in (sixteen, shares):
        assert levels(other) == pytest.approx(eight, abs=1e-3)
    # Other floats are stretched, by those that count.
    wide = np.array([[-4, 1, 6, 1000]], np.float32)
    assert levels(wide, wide < 900)[0, :3] == pytest.approx(np.array([0, 127.5, 255]) * 3**0.5)
    # A gray picture and the same in three channels have the same differences.
    gray = np.array([[10, 90]], np.uint8)
    color = levels(np.repeat(gray[..., None], 3, axis=2))
    assert np.ptp(levels(gray)) == pytest.approx(np.linalg.norm(color[0, 1] - color[0, 0]))


def test_what_does_not_fit_into_memory_is_refused_beforehand():
    unary = np.broadcast_to(np.float32(0), (254, 2000, 2000))
    with pytest.raises(InputError, match=r"4000000 pixels with 254 classes would take about .* GiB"):
        mean_field(unary, np.zeros((2000, 2000), np.uint8), Links())
