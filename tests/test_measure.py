import warnings

import numpy as np
import pytest
from skimage.measure import label, regionprops_table

from segcli.measure import UNITS, foreground_share, measure, region_count
from segcli.segmentation import VOID, Segmentation

PROPERTIES = (
    "label",
    "area",
    "centroid",
    "bbox",
    "perimeter",
    "eccentricity",
    "solidity",
    "intensity_mean",
)


def blobs(seed: int, shape: tuple[int, int], sigma: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(np.random.default_rng(seed).random(shape), sigma)


def compare(segmentation: Segmentation, labels: np.ndarray, image: np.ndarray) -> None:
    found = measure(segmentation, image)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = regionprops_table(labels, image, properties=PROPERTIES)
    assert set(wanted) <= set(found)
    for name, column in wanted.items():
        assert np.allclose(found[name], column, rtol=1e-9, atol=1e-7), name


@pytest.mark.parametrize("sigma", [0.01, 0.7, 2.0])
@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (23, 57), (64, 64)])
def test_components_of_a_mask_agree_with_scikit_image(shape, sigma):
    smooth = blobs(3, shape, sigma)
    mask = (smooth > np.quantile(smooth, 0.6)).astype(np.uint8)
    image = np.random.default_rng(4).integers(0, 65_536, shape, dtype=np.uint16)
    compare(Segmentation(mask, "mask"), label(mask, connectivity=2), image)


@pytest.mark.parametrize("sigma", [0.01, 1.5])
def test_components_of_classes_agree_with_scikit_image_and_void_belongs_to_none(sigma):
    smooth = blobs(5, (40, 50), sigma)
    classes = np.digitize(smooth, np.quantile(smooth, [0.3, 0.7])).astype(np.uint8)
    classes[10:14, 20:40] = VOID
    labels = label(np.where(classes == VOID, 0, classes.astype(int) + 1), connectivity=2)
    image = blobs(6, (40, 50), 1).astype(np.float32)
    segmentation = Segmentation(classes, "classes")
    compare(segmentation, labels, image)
    firsts = [np.flatnonzero(labels == number)[0] for number in range(1, labels.max() + 1)]
    assert measure(segmentation)["class"].tolist() == classes.ravel()[firsts].tolist()


def test_instances_keep_their_numbers_even_in_pieces():
    labels = (label(blobs(7, (50, 60), 1.5) > 0.5) * 7 % 40).astype(np.int32)
    image = np.random.default_rng(8).integers(0, 256, labels.shape, dtype=np.uint8)
    compare(Segmentation(labels, "instances"), labels, image)


def test_a_bar_of_two_by_three_is_measured_by_hand():
    # Rows 1..2, columns 1..3. Area 6, centroid (1.5, 2). All six pixels are border; the corners have two side
    # neighbors and one corner neighbor (1 + 2*2 + 10*1 = 15: length 1), the middle ones three and two
    # (1 + 2*3 + 10*2 = 27: length 1): perimeter 6. Variances: rows 1/4, columns 2/3; eccentricity
    # sqrt(1 - (1/4) / (2/3)) = sqrt(5/8). It fills its hull. Luma 10 * (0+1+2+3+4+5) / 6 = 25.
    labels = np.zeros((4, 5), np.int32)
    labels[1:3, 1:4] = 4
    image = np.zeros((4, 5), np.uint8)
    image[1:3, 1:4] = 10 * np.arange(6).reshape(2, 3)
    found = measure(Segmentation(labels, "instances"), image)
    expected = [4, 6, 1.5, 2, 1, 1, 3, 4, 6, (5 / 8) ** 0.5, 1, 25]
    assert list(found) == [name for name in UNITS if name != "class"]
    assert [column.tolist() for column in found.values()] == [[pytest.approx(value)] for value in expected]


def test_an_l_of_five_pixels_fills_five_sixths_of_its_hull():
    # The hull goes around the midpoints of the pixels' sides. Its long edge runs through (row 0, column 0.5) and
    # (row 2, column 2.5): column = row + 0.5. The center of pixel (1, 1) lies inside, 1 < 1.5, that of (0, 1) and
    # of (1, 2) outside. So the hull has six pixels.
    labels = np.zeros((3, 3), np.uint8)
    labels[:, 0] = labels[2] = 1
    assert measure(Segmentation(labels, "mask"))["solidity"].tolist() == [5 / 6]


def test_one_pixel_is_a_region_without_extent():
    labels = np.zeros((3, 3), np.uint8)
    labels[1, 2] = 1
    found = measure(Segmentation(labels, "mask"))
    assert found["area"].tolist() == [1]
    assert found["perimeter"].tolist() == [0]
    assert found["eccentricity"].tolist() == [0]
    assert found["solidity"].tolist() == [1]


def test_regions_of_a_mask_touch_at_corners_and_are_numbered_row_by_row():
    # Blocks of two by two would let OpenCV meet the lower left region first.
    mask = np.array([[0, 0, 0, 1, 0], [1, 0, 0, 0, 1], [0, 1, 0, 0, 0]], np.uint8)
    found = measure(Segmentation(mask, "mask"))
    assert found["area"].tolist() == [2, 2]
    assert found["bbox-1"].tolist() == [3, 0]


@pytest.mark.parametrize("kind", ["mask", "instances", "classes"])
def test_nothing_to_measure_gives_empty_columns(kind):
    labels = np.full((4, 4), VOID if kind == "classes" else 0, np.int32 if kind == "instances" else np.uint8)
    found = measure(Segmentation(labels, kind), np.ones((4, 4), np.uint8))
    assert list(found) == [name for name in UNITS if kind == "classes" or name != "class"]
    assert all(len(column) == 0 for column in found.values())


def test_without_an_image_there_is_no_intensity():
    assert "intensity_mean" not in measure(Segmentation(np.ones((2, 2), np.uint8), "mask"))


def test_color_counts_by_its_luma():
    # 0.299 * 100 + 0.587 * 200 + 0.114 * 50 = 153.
    image = np.full((2, 2, 3), (100, 200, 50), np.uint8)
    assert measure(Segmentation(np.ones((2, 2), np.uint8), "mask"), image)["intensity_mean"].tolist() == [153]


def test_every_column_has_a_unit():
    classes = measure(Segmentation(np.ones((2, 2), np.uint8), "classes"), np.ones((2, 2), np.uint8))
    assert list(classes) == list(UNITS)


def test_regions_are_counted_by_kind():
    assert region_count(Segmentation(np.array([[1, 0, 1], [0, 0, 0], [1, 0, 0]], np.uint8), "mask")) == 3
    assert region_count(Segmentation(np.array([[1, 0], [0, 1]], np.uint8), "mask")) == 1
    assert region_count(Segmentation(np.array([[9, 0, 9, 4]], np.int32), "instances")) == 2
    assert region_count(Segmentation(np.array([[0, 3, 255, 3]], np.uint8), "classes")) == 2
    assert region_count(Segmentation(np.zeros((1, 1), np.int32), "instances")) == 0


def test_left_out_pixels_count_neither_as_foreground_nor_as_whole():
    assert foreground_share(Segmentation(np.array([[0, 3, 255, 3]], np.uint8), "classes")) == pytest.approx(2 / 3)
    assert foreground_share(Segmentation(np.full((1, 2), 255, np.uint8), "classes")) == 0
    assert foreground_share(Segmentation(np.array([[0, 1, 1, 1]], np.uint8), "mask")) == 0.75
    assert foreground_share(Segmentation(np.array([[0, 7, 70_000, 0]], np.int32), "instances")) == 0.5


def test_labels_that_are_a_turned_view_are_measured_alike():
    mask = (blobs(9, (20, 30), 1.5) > 0.5).astype(np.uint8)
    upright, turned = Segmentation(mask, "mask"), Segmentation(np.ascontiguousarray(mask[::-1])[::-1], "mask")
    assert region_count(turned) == region_count(upright)
    assert foreground_share(turned) == foreground_share(upright)
    for name, column in measure(turned).items():
        assert np.array_equal(column, measure(upright)[name])


def test_measuring_loads_neither_scikit_image_nor_scipy():
    import subprocess
    import sys

    code = (
        "import sys, numpy as np; from segcli.measure import measure; from segcli.segmentation import Segmentation;"
        "measure(Segmentation(np.ones((3, 3), np.uint8), 'mask'));"
        "print([name for name in ('skimage', 'scipy', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
