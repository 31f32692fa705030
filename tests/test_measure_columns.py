"""The columns of region tables, each against scikit-image's regionprops or by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from skimage.measure import label, regionprops_table

from segcli.errors import UsageError
from segcli.region_table import PixelSize, Regions, column_names, measure_columns, read_pixel_size
from segcli.segmentation import Segmentation

SAME_NAME = (
    *("label", "area", "perimeter", "eccentricity", "solidity", "extent", "equivalent_diameter_area"),
    *("axis_major_length", "axis_minor_length", "orientation", "feret_diameter_max", "area_convex", "euler_number"),
    *("centroid", "bbox", "intensity_mean", "intensity_std", "intensity_min", "intensity_max", "intensity_median"),
)


def labeled(seed: int, shape: tuple[int, int]) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(np.random.default_rng(seed).random(shape), seed % 3 / 2 + 0.1)
    return label(field > np.quantile(field, 0.45), connectivity=2).astype(np.int32)


def expected(labels: np.ndarray, image: np.ndarray, spacing: tuple[float, float] | None = None) -> dict:
    names = SAME_NAME if spacing is None else ("axis_major_length", "axis_minor_length", "area", "area_convex")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return regionprops_table(labels, image, properties=names, spacing=spacing)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(1, 30), (40, 53)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_columns_are_those_of_scikit_image(seed, shape, kind) -> None:
    labels = labeled(seed, shape) * 3
    image = (np.random.default_rng(seed + 9).random(shape) * 250).astype(kind)
    found = measure_columns(Regions(Segmentation(labels, "instances"), image), column_names("instances", 1))
    for name, column in expected(labels, image).items():
        assert np.allclose(found[name], column, rtol=1e-6, atol=1e-6), name


def test_channels_have_columns_of_their_own() -> None:
    labels = labeled(2, (30, 40))
    image = np.random.default_rng(3).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    found = measure_columns(Regions(Segmentation(labels, "instances"), image), column_names("instances", 3))
    wanted = expected(labels, image)
    for channel in range(3):
        for word in ("mean", "std", "min", "max", "median"):
            name = f"intensity_{word}-{channel}"
            assert np.allclose(found[name], wanted[name]), name
        total = [image[labels == number, channel].sum() for number in found["label"]]
        assert found[f"intensity_sum-{channel}"].tolist() == total
    # The luma, as in the table of every segmenter.
    luma = np.rint(image @ [0.299, 0.587, 0.114])
    near = [luma[labels == number].mean() for number in found["label"]]
    assert np.allclose(found["intensity_mean"], near, atol=0.5)


def test_physical_columns_scale_lengths_and_areas() -> None:
    labels = labeled(1, (40, 50))
    names = column_names("instances", 0, PixelSize(0.5, 0.5, "um"))
    found = measure_columns(Regions(Segmentation(labels, "instances")), names, PixelSize(0.5, 0.5, "um"))
    physical = [name for name in names if "_um" in name]
    assert physical == [
        *("area_um2", "perimeter_um", "equivalent_diameter_area_um", "axis_major_length_um", "axis_minor_length_um"),
        *("feret_diameter_max_um", "feret_diameter_min_um", "area_convex_um2"),
    ]
    for name in physical:
        plain, _, unit = name.rpartition("_")
        assert np.allclose(found[name], found[plain] * (0.25 if unit == "um2" else 0.5)), name


def test_pixels_that_are_not_square_stretch_axes_and_have_no_perimeter() -> None:
    labels = labeled(2, (40, 50))
    size = PixelSize(0.5, 2.0, "mm")
    names = column_names("instances", 0, size)
    assert "perimeter_mm" not in names
    found = measure_columns(Regions(Segmentation(labels, "instances")), names, size)
    wanted = expected(labels, labels, (2.0, 0.5))
    for name, unit in (
        ("axis_major_length", "mm"),
        ("axis_minor_length", "mm"),
        ("area", "mm2"),
        ("area_convex", "mm2"),
    ):
        assert np.allclose(found[f"{name}_{unit}"], wanted[name], atol=1e-6), name


def test_a_ring_has_a_hole_and_circularity_by_hand() -> None:
    # 8 pixels around a hole, all border: the corners have two side neighbors and no corner one on the border:
    # 1 + 2*2 = 5, length 1; the middles two sides and two corners: 1 + 4 + 20 = 25, length 1. Perimeter 8.
    ring = np.zeros((5, 5), np.uint8)
    ring[1:4, 1:4] = 1
    ring[2, 2] = 0
    found = measure_columns(Regions(Segmentation(ring, "mask")), column_names("mask"))
    assert [found[name].tolist() for name in ("pieces", "holes", "euler_number")] == [[1], [1], [0]]
    assert found["circularity"].tolist() == [pytest.approx(4 * np.pi * 8 / 64)]
    assert found["touches_border"].tolist() == [0]


def test_an_object_in_two_pieces_with_holes_is_told_apart() -> None:
    labels = np.zeros((7, 12), np.int32)
    labels[1:4, 0:3] = labels[1:6, 5:10] = 4
    labels[2, 1] = labels[2, 6] = labels[4, 8] = 0
    found = measure_columns(Regions(Segmentation(labels, "instances")), column_names("instances"))
    assert [found[name].tolist() for name in ("pieces", "holes", "euler_number")] == [[2], [3], [-1]]
    assert found["touches_border"].tolist() == [1]


def test_a_region_of_one_pixel_has_no_circularity() -> None:
    dot = np.zeros((3, 3), np.uint8)
    dot[1, 1] = 1
    found = measure_columns(Regions(Segmentation(dot, "mask")), ["circularity", "feret_diameter_min"])
    assert np.isnan(found["circularity"]).all()


def test_neighbors_touch_or_come_near() -> None:
    # 1 touches 2 at a corner; 3 lies three pixels to the right of 2, five from 1 (rows 1, columns 5).
    labels = np.array([[1, 0, 0, 0, 0, 0, 0], [0, 2, 0, 0, 3, 0, 9]], np.int32)
    segmentation = Segmentation(labels, "instances")

    def counted(reach: float) -> list[int]:
        return measure_columns(Regions(segmentation, reach=reach), ["neighbors"])["neighbors"].tolist()

    assert measure_columns(Regions(segmentation), ["neighbors"])["neighbors"].tolist() == [1, 1, 0, 0]
    assert counted(2) == [1, 1, 1, 1]
    assert counted(2.9) == [1, 1, 1, 1]
    assert counted(3) == [1, 2, 2, 1]
    # The distance of 1 and 3 is sqrt(17).
    assert counted(4.2) == [2, 2, 3, 1]


def test_neighbors_agree_with_the_distances_of_all_pixels() -> None:
    labels = labeled(2, (25, 30))
    points = {number: np.argwhere(labels == number) for number in range(1, labels.max() + 1)}
    wanted = [
        sum(
            other != number and np.hypot(*(points[number][:, None] - points[other][None]).T).min() <= 4
            for other in points
        )
        for number in points
    ]
    found = measure_columns(Regions(Segmentation(labels, "instances"), reach=4), ["neighbors"])["neighbors"]
    assert found.tolist() == wanted


def test_pixels_that_are_no_number_do_not_count() -> None:
    labels = np.array([[1, 1, 1, 2]], np.int32)
    image = np.array([[2.0, np.nan, 6.0, np.inf]], np.float32)
    names = [f"intensity_{word}" for word in ("mean", "std", "min", "max", "median", "sum")]
    found = measure_columns(Regions(Segmentation(labels, "instances"), image), names)
    assert [column[0] for column in found.values()] == [4, 2, 2, 6, 4, 8]
    assert np.isnan([column[1] for name, column in found.items() if name != "intensity_sum"]).all()


@pytest.mark.parametrize("kind", ["mask", "classes", "instances"])
def test_nothing_to_measure_gives_empty_columns(kind) -> None:
    labels = np.full((4, 4), 255 if kind == "classes" else 0, np.int32 if kind == "instances" else np.uint8)
    size = PixelSize(1, 2, "mm")
    names = column_names(kind, 3, size)
    found = measure_columns(Regions(Segmentation(labels, kind), np.ones((4, 4, 3), np.uint8), 3), names, size)
    assert list(found) == names
    assert all(len(column) == 0 for column in found.values())


def test_columns_of_every_table_come_first_under_the_same_names() -> None:
    from segcli.measure import measure

    labels = labeled(1, (30, 30))
    image = np.random.default_rng(1).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    plain = measure(Segmentation(labels, "instances"), image)
    found = measure_columns(Regions(Segmentation(labels, "instances"), image), column_names("instances", 3))
    assert list(found)[: len(plain) - 1] == list(plain)[:-1]
    for name, column in plain.items():
        assert np.array_equal(found[name], column), name


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0.32um", PixelSize(0.32, 0.32, "um")),
        ("0.32,0.5 µm", PixelSize(0.32, 0.5, "um")),
        ("1e-3mm", PixelSize(1e-3, 1e-3, "mm")),
        (".5nm", PixelSize(0.5, 0.5, "nm")),
    ],
)
def test_pixel_sizes_are_read(text, size) -> None:
    assert read_pixel_size(text) == size


@pytest.mark.parametrize("text", ["", "0.3", "um", "0um", "-1um", "1,2,3um", "1e999um", "0.3um2", "1 x 2 um"])
def test_other_pixel_sizes_are_refused(text) -> None:
    with pytest.raises(UsageError, match=r"expected a number and a unit|wider and higher than 0"):
        read_pixel_size(text)
