"""K-means as a method."""

import numpy as np
import pytest
from skimage import data

from segcli.errors import InputError
from segcli.method import run
from segcli.methods.clusters.kmeans import kmeans
from segcli.numeric.color import lab
from segcli.segmentation import VOID

STRIPES = np.array([[10, 12, 90, 200, 202], [12, 10, 94, 202, 200]], np.uint8)


def photograph(name, step):
    """Every step-th row and column of a picture of scikit-image, (H, W, 3) uint8."""
    return getattr(data, name)()[::step, ::step]


def direct_objective(points, labels):
    """Sum of the squared distances of (n, features) points to the means of their labels."""
    classes = [points[labels == label].astype(float) for label in np.unique(labels)]
    return sum(((members - members.mean(axis=0)) ** 2).sum() for members in classes)


def test_stripes_by_hand():
    found = run(kmeans, STRIPES, classes=3)
    # Means 11, 92 and 201: four pixels 1 away, two 2 away, four 1 away: 4 + 2 * 4 + 4 = 16.
    assert found.labels.tolist() == [[0, 0, 1, 2, 2]] * 2
    assert found.kind == "classes"
    assert found.numbers["objective"] == 16
    assert found.series["centers"].tolist() == [[11], [92], [201]]


def test_two_classes_are_classes_as_well():
    found = run(kmeans, STRIPES)
    assert found.kind == "classes"
    # 92 is 81 from 11 and 109 from 201.
    assert found.labels.tolist() == [[0, 0, 0, 1, 1]] * 2


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_no_worse_than_ten_starts_of_scikit_learn(name, classes):
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    image = photograph(name, 6)
    found = run(kmeans, image, classes=classes)
    points = image.reshape(-1, 3).astype(np.float64)
    with threadpool_limits(1):
        other = KMeans(classes, n_init=10, random_state=0).fit(points)
    assert found.numbers["objective"] <= 1.001 * other.inertia_
    assert found.numbers["objective"] == pytest.approx(direct_objective(points, found.labels.ravel()))


def test_classes_go_from_dark_to_light_whatever_the_seed():
    image = photograph("coffee", 6)
    luma = image @ np.array([0.299, 0.587, 0.114])
    first, second = (run(kmeans, image, classes=4, seed=seed) for seed in (0, 7))
    means = [luma[first.labels == label].mean() for label in range(4)]
    assert means == sorted(means)
    assert np.array_equal(first.labels, second.labels)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_order_of_the_pixels_does_not_matter_without_position(dtype):
    image = (photograph("astronaut", 8) * {"uint8": 1.0, "uint16": 257.0, "float32": 1 / 255}[dtype]).astype(dtype)
    order = np.random.default_rng(0).permutation(image[..., 0].size)
    shuffled = image.reshape(-1, 3)[order].reshape(image.shape)
    straight, mixed = run(kmeans, image, classes=4), run(kmeans, shuffled, classes=4)
    assert np.array_equal(straight.labels.ravel()[order], mixed.labels.ravel())


def test_16_bit_colors_are_told_apart_below_8_bits():
    low = np.random.default_rng(1).integers(0, 2, (8, 9))
    image = (low[..., None] * np.array([20, 0, 10]) + 30_000).astype(np.uint16)
    found = run(kmeans, image)
    assert np.array_equal(found.labels, low)
    assert found.numbers["objective"] == 0


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_scaled_pictures_have_scaled_objectives(dtype):
    image = photograph("chelsea", 3)
    scale = {"uint16": 200.0, "float32": 1 / 256}[dtype]
    plain, scaled = run(kmeans, image, classes=3), run(kmeans, (image * scale).astype(dtype), classes=3)
    assert np.array_equal(plain.labels, scaled.labels)
    assert scaled.numbers["objective"] == pytest.approx(plain.numbers["objective"] * scale**2)


def test_l1_centers_are_medians():
    image = photograph("astronaut", 6)
    found = run(kmeans, image, classes=3, distance="l1")
    objective = 0.0
    for label, center in enumerate(found.series["centers"]):
        members = np.sort(image[found.labels == label], axis=0).astype(float)
        assert center.tolist() == members[(len(members) - 1) // 2].tolist()
        objective += np.abs(members - center).sum()
    assert found.numbers["objective"] == objective


def test_position_weight_says_what_a_pixel_of_distance_counts_for():
    # Gray 0 and 30, six columns. A weight of 1 leaves the stripes; with 100, left and right half are nearer together.
    image = np.tile(np.array([0, 30], np.uint8), (2, 3))
    by_gray = run(kmeans, image, features="gray+position", position_weight=1)
    by_place = run(kmeans, image, features="gray+position", position_weight=100)
    assert by_gray.labels.tolist() == [[0, 1, 0, 1, 0, 1]] * 2
    assert {tuple(row) for row in by_place.labels.tolist()} <= {(0, 0, 0, 1, 1, 1), (1, 1, 1, 0, 0, 0)}
    assert sorted(by_place.series["centers"][:, 2]) == [1, 4]
    # Rows 0.5 off, columns 1, 0, 1 off, gray 20 or 10 off: 12 * 50^2 + 8 * 100^2 + 4 * (10^2 + 10^2 + 20^2).
    assert by_place.numbers["objective"] == 12 * 2500 + 8 * 10_000 + 4 * 600
    assert by_place.numbers["position_weight"] == 100


def test_weightless_position_is_no_position():
    image = photograph("coffee", 8)
    plain, weightless = run(kmeans, image), run(kmeans, image, features="color+position", position_weight=0)
    assert np.array_equal(plain.labels, weightless.labels)
    assert plain.numbers == weightless.numbers


def test_features_choose_gray_or_color():
    # Red and green of equal luma: 0.299 * 200 = 0.587 * 102 = 59.8, both 60 when rounded.
    image = np.zeros((4, 6, 3), np.uint8)
    image[:, :3, 0], image[:, 3:, 1] = 200, 102
    assert len(np.unique(run(kmeans, image).labels)) == 2
    assert not run(kmeans, image, features="gray").labels.any()
    assert run(kmeans, STRIPES, features="color").series["centers"].shape == (2, 1)


def test_lab_distances_are_in_lab():
    image = photograph("coffee", 6)
    found = run(kmeans, image, classes=3, space="lab")
    converted = lab(image).reshape(-1, 3)
    assert found.numbers["objective"] == pytest.approx(direct_objective(converted, found.labels.ravel()), rel=1e-6)
    lightness = found.series["centers"][:, 0]
    assert (np.diff(lightness) > 0).all()


def test_left_out_pixels_take_no_part():
    valid = np.ones(STRIPES.shape, bool)
    valid[:, 4] = valid[1, 2] = False
    found = run(kmeans, STRIPES, valid=valid, classes=3)
    assert found.labels.tolist() == [[0, 0, 1, 2, VOID], [0, 0, VOID, 2, VOID]]
    # 10, 12, 12, 10 around 11; 90; 200, 202 around 201.
    assert found.numbers["objective"] == 4 + 0 + 2


def test_too_few_colors_are_refused_with_their_number():
    with pytest.raises(InputError, match=r"7 distinct colors; 8 classes need as many\. Ask for 7 or fewer"):
        run(kmeans, np.arange(7, dtype=np.uint8)[None], classes=8)


def test_a_constant_picture_is_one_class_with_a_note():
    found = run(kmeans, np.full((3, 4, 3), 80, np.uint8), classes=5)
    assert not found.labels.any()
    assert found.notes == ("all pixels are equal: everything is class 0",)


def test_iterations_used_up_are_noted():
    image = photograph("astronaut", 8)
    found = run(kmeans, image, classes=6, iterations=2)
    assert found.numbers["iterations"] == 2
    assert found.notes == ("stopped after 2 iterations, before the classes came to rest",)
    assert run(kmeans, image, classes=6).notes == ()


def test_the_curve_ends_at_the_objective():
    found = run(kmeans, photograph("astronaut", 2), classes=4)
    curve = found.series["objective"]
    assert len(curve) == found.numbers["iterations"]
    assert (np.diff(curve) <= 1e-9 * curve[-1]).all()
    assert curve[-1] == pytest.approx(found.numbers["objective"])
    # On a picture with many colors the best start is refined after the starts were compared.
    assert found.series["restarts"].min() >= curve[-1]
