"""Edge filters: slopes, zero crossings, Canny, and regions between edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage import data, feature, filters
from tools.draw_samples import touching_discs

from segcli.errors import SettingError
from segcli.method import run
from segcli.methods import find
from segcli.methods.edges.canny import canny
from segcli.methods.edges.dog import dog
from segcli.methods.edges.laplacian import laplacian
from segcli.methods.edges.log import log
from segcli.methods.edges.regions_from_edges import regions_from_edges
from segcli.methods.edges.sobel import sobel
from segcli.numeric.edges import crossings, slopes, thinned
from segcli.numeric.hessian import difference_of_gaussians, laplacian_of_gaussian

EDGES = ("sobel", "laplacian", "log", "dog", "canny")
CAMERA = data.camera()[::2, ::2]


def disc(radius: float = 12, blur: float = 1.0) -> np.ndarray:
    rows, columns = np.indices((48, 56))
    image = np.where((rows - 24) ** 2 + (columns - 28) ** 2 <= radius**2, 180.0, 60.0)
    return np.rint(ndimage.gaussian_filter(image, blur)).astype(np.uint8)


@pytest.mark.parametrize(
    ("operator", "peer"), [("sobel", filters.sobel), ("prewitt", filters.prewitt), ("scharr", filters.scharr)]
)
def test_steepness_is_that_of_scikit_image(operator: str, peer: object) -> None:
    # scikit-image measures over two pixels, and divides the square sum by two.
    expected = filters.__dict__[operator](CAMERA.astype(float)) / np.sqrt(2)
    assert np.allclose(run(sobel, CAMERA, operator=operator).layers["steepness"], expected, atol=1e-4)
    assert peer is filters.__dict__[operator]


def test_a_ramp_has_its_slope_and_direction() -> None:
    rows, columns = np.indices((9, 9))
    result = run(sobel, (3 * columns + 4 * rows).astype(np.uint8), threshold=0.0)
    assert result.layers["steepness"][4, 4] == pytest.approx(5)
    assert result.layers["direction"][4, 4] == pytest.approx(np.degrees(np.arctan2(4, 3)), abs=0.01)
    across, down = slopes((3 * columns + 4 * rows).astype(np.float32), "scharr")
    assert (across[4, 4], down[4, 4]) == (pytest.approx(3), pytest.approx(4))


def test_thinning_keeps_the_steepest_pixel_across() -> None:
    strength = np.array([[1, 3, 5, 5, 2]], np.float32)
    flat = np.zeros_like(strength)
    # The first of two equally steep ones is not greater than the one before it, so the last is dropped.
    assert thinned(strength, np.ones_like(strength), flat).tolist() == [[0, 0, 5, 0, 0]]
    full, thin = (run(sobel, disc(), thin=thin).labels.sum() for thin in (False, True))
    assert thin < 0.6 * full


def test_zero_crossings_agree_with_looking_at_every_pair() -> None:
    response = np.random.default_rng(5).normal(size=(7, 8)).astype(np.float32)
    expected = np.zeros((7, 8))
    for row, column in np.ndindex(7, 8):
        for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
            other = row + down, column + across
            if other[0] >= 7 or not 0 <= other[1] < 8:
                continue
            one, two = response[row, column], response[other]
            if (one >= 0) != (two >= 0):
                place = (row, column) if abs(one) <= abs(two) else other
                expected[place] = max(expected[place], abs(one - two))
    assert np.allclose(crossings(response), expected)


def test_the_masks_of_the_laplacian_by_hand() -> None:
    image = np.full((5, 5), 10, np.uint8)
    image[2, 2] = 20
    for connectivity, beside, corner, middle in ((4, 10, 0, -40), (8, 10, 10, -80)):
        response = run(laplacian, image, connectivity=connectivity).layers["response"]
        assert (response[2, 1], response[1, 1], response[2, 2]) == (beside, corner, middle)


@pytest.mark.parametrize("sigma", [1.0, 2.5])
def test_the_mexican_hat_is_that_of_scipy(sigma: float) -> None:
    inner = (slice(20, -20),) * 2
    expected = sigma**2 * ndimage.gaussian_laplace(CAMERA.astype(float), sigma)[inner]
    found = laplacian_of_gaussian(CAMERA, sigma)[inner]
    # The kernel here is made to answer 1 to x^2 / 2; scipy's is sampled as it is.
    assert np.abs(found - expected).max() < 0.01 * np.abs(expected).max() + 0.05
    wide, narrow = (ndimage.gaussian_filter(CAMERA.astype(float), scale) for scale in (1.6 * sigma, sigma))
    assert np.abs(difference_of_gaussians(CAMERA, sigma, 1.6)[inner] - (wide - narrow)[inner]).max() < 0.02


@pytest.mark.parametrize("method", [log, dog])
def test_an_outline_without_a_threshold_is_closed(method: object) -> None:
    mask = run(method, disc(), sigma=2.0, threshold=1.0).labels  # type: ignore[arg-type]
    parts, count = ndimage.label(mask == 0)
    assert count == 2
    assert parts[24, 28] != parts[0, 0]


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_canny_is_scikit_images_but_for_ties(sigma: float) -> None:
    # Sobel sums are 8 times the slope a pixel. Of two equally steep pixels theirs keeps both.
    theirs = feature.canny(CAMERA.astype(float), sigma, 8 * 2.0, 8 * 4.0, mode="reflect")
    ours = run(canny, CAMERA, sigma=sigma, low=2.0, high=4.0).labels > 0
    inner = np.s_[2:-2, 2:-2]
    assert np.mean(ours[inner] == theirs[inner]) > 0.999


def test_canny_levels_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(SettingError, match="above high"):
        run(canny, CAMERA, low=9.0, high=3.0)


@pytest.mark.parametrize("name", EDGES)
def test_edges_of_a_disc_lie_on_its_rim(name: str) -> None:
    rows, columns = np.nonzero(run(find(name), disc()).labels)
    assert len(rows) > 30
    assert np.abs(np.hypot(rows - 24, columns - 28) - 12).max() < 3.5


@pytest.mark.parametrize("name", EDGES)
def test_left_out_pixels_make_no_edge(name: str) -> None:
    image = np.full((30, 40), 90, np.uint8)
    image[:, 25:] = 5
    image[:10, :12] = 160
    valid = np.arange(40)[None].repeat(30, axis=0) < 25
    mask = run(find(name), image, valid=valid).labels
    assert mask[:, :16].any()
    assert not mask[:, 20:].any()


def test_what_edges_enclose_is_labeled() -> None:
    picture, truth = touching_discs((160, 200), seed=3)
    picture = np.where(truth > 0, picture, 60).astype(np.uint8)
    result = run(regions_from_edges, disc())
    assert result.numbers["objects"] == 1
    assert np.mean((result.labels > 0) == (disc() > 120)) > 0.96
    everything = run(regions_from_edges, picture, enclosed=False)
    assert everything.labels.all()
    assert len(np.unique(everything.labels)) == everything.numbers["objects"]


def test_a_gap_is_bridged_if_it_is_no_wider_than_asked() -> None:
    image = np.arange(400, dtype=np.uint16).reshape(20, 20)
    ring = np.zeros((20, 20), bool)
    ring[4:16, 4:16] = True
    ring[5:15, 5:15] = False
    ring[4, 9:12] = False
    found = [run(regions_from_edges, image, mask=ring, gap=gap) for gap in (0, 3)]
    assert [result.numbers["objects"] for result in found] == [0, 1]
    assert found[0].notes
    assert found[1].labels[5:15, 5:15].all()
    rows, columns = np.indices((40, 40))
    slanted = np.abs(rows - 20) + np.abs(columns - 20) == 12
    slanted[[11, 12, 13], [23, 24, 25]] = False
    large = np.arange(1600, dtype=np.uint16).reshape(40, 40)
    assert [run(regions_from_edges, large, mask=slanted, gap=gap).numbers["objects"] for gap in (0, 3)] == [0, 1]
