"""Time of measuring and cleaning 4,096 objects in a megapixel. By hand: pytest tests/benchmarks/test_measure.py -s."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np

from segcli.cleanup import Cleanup, clean
from segcli.measure import measure
from segcli.region_table import Regions, column_names, measure_columns
from segcli.segmentation import Segmentation


def many_discs() -> np.ndarray:
    """(1024, 1024) int32; 64 by 64 discs of 149 pixels."""
    rows, columns = np.mgrid[:16, :16]
    disc = (rows - 8) ** 2 + (columns - 8) ** 2 <= 49
    return (np.kron(np.arange(1, 4097).reshape(64, 64), np.ones((16, 16), int)) * np.tile(disc, (64, 64))).astype(
        np.int32
    )


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the quickest run."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def test_measuring_against_scikit_image() -> None:
    from skimage.measure import regionprops_table

    labels = many_discs()
    image = np.random.default_rng(0).integers(0, 256, labels.shape, dtype=np.uint8)
    segmentation = Segmentation(labels, "instances")
    names = column_names("instances", 1)
    same = (
        *("label", "area", "centroid", "bbox", "perimeter", "eccentricity", "solidity", "extent"),
        *("equivalent_diameter_area", "axis_major_length", "axis_minor_length", "orientation", "feret_diameter_max"),
        *("area_convex", "euler_number", "intensity_mean", "intensity_std", "intensity_min", "intensity_max"),
    )
    print(f"\n--table, {len(measure(segmentation, image))} columns: {best(lambda: measure(segmentation, image)):.2f} s")
    seconds = best(lambda: measure_columns(Regions(segmentation, image), names))
    print(f"segcli measure, {len(names)} columns: {seconds:.2f} s")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = best(lambda: regionprops_table(labels, image, properties=same), 1)
    print(f"scikit-image, {len(same)} properties: {peer:.2f} s")
    assert seconds < peer


def test_cleaning() -> None:
    labels = many_discs()
    for field, value in (("opening", 3), ("closing", 3), ("hull", True), ("split", True)):
        cleanup = Cleanup(**{field: value})
        print(f"\n{field}: {best(lambda cleanup=cleanup: clean(labels, 'instances', cleanup)):.2f} s", end="")
    assert clean(labels, "instances", Cleanup(split=True))[0].max() == 4096
