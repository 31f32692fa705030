"""Time of the heavy scores beside other implementations, each the best of three.

    pytest tests/benchmarks/test_scores.py -s

4,000 against 4,000 objects at one megapixel must take less than a second.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from scipy import ndimage
from skimage.metrics import hausdorff_distance

from segcli.scores.boundary import average_surface_distance, boundary_f1, hausdorff, hausdorff95
from segcli.scores.coco import coco_scores
from segcli.scores.comparison import compare_boxes, compare_labels
from segcli.scores.instance import average_precision, match, panoptic_quality
from segcli.scores.warping import warping_error

ROUNDS = 3


def best(work: Callable[[], object]) -> float:
    """Least seconds of some rounds, after one to warm up."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def cells(seed: int) -> np.ndarray:
    """4,032 squares at one megapixel, each near its place on a grid, numbered in any order."""
    generator = np.random.default_rng(seed)
    names = generator.permutation(63 * 64) + 1
    labels = np.zeros((1000, 1000), np.int32)
    for place, (top, left, height, width) in enumerate(generator.integers(0, [4, 4, 3, 3], (63 * 64, 4))):
        row, column = divmod(place, 64)
        row, column = int(15.8 * row + top), int(15.6 * column + left)
        labels[row : row + 10 + height, column : column + 10 + width] = names[place]
    return labels


def test_4000_against_4000_objects_take_less_than_a_second() -> None:
    found, truth = cells(0), cells(1)
    certainty = np.random.default_rng(2).random(63 * 64)
    ways = {
        "match at .5": lambda: match(found, truth),
        "match at .1, assigned": lambda: match(found, truth, 0.1),
        "average precision": lambda: average_precision(found, truth),
        "panoptic quality": lambda: panoptic_quality(found, truth),
        "COCO AP": lambda: coco_scores([compare_labels(found, truth, certainty)], maximum=None),
    }
    print(f"\n{found.max()} against {truth.max()} objects, 1 megapixel")
    for name, way in ways.items():
        seconds = best(way)
        print(f"  {name:24s}{seconds:8.3f} s")
        assert seconds < 1


def surfaces(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Two masks of 12 megapixels."""
    if kind == "disks":
        rows, columns = np.mgrid[:3000, :4000]
        first = (rows - 1500) ** 2 + (columns - 2000) ** 2 < 1200**2
        return first, (rows - 1520) ** 2 + (columns - 2030) ** 2 < 1250**2
    noise = cv2.GaussianBlur(np.random.default_rng(0).standard_normal((3000, 4000)), (0, 0), 6)
    return noise > 0, cv2.GaussianBlur(noise, (0, 0), 4) > 0


def hausdorff95_by_scipy(mask: np.ndarray, truth: np.ndarray) -> float:
    """The usual way: erosion and two distance transforms of the whole picture."""
    own, other = (side & ~ndimage.binary_erosion(side) for side in (mask, truth))
    pair = ((own, other), (other, own))
    return max(float(np.percentile(ndimage.distance_transform_edt(~b)[a], 95)) for a, b in pair)


def hausdorff_by_scikit_image(mask: np.ndarray, truth: np.ndarray) -> float:
    return float(hausdorff_distance(*(side & ~ndimage.binary_erosion(side) for side in (mask, truth))))


@pytest.mark.parametrize("kind", ["disks", "blobs"])
def test_distances_of_outlines_at_12_megapixels(kind: str) -> None:
    mask, truth = surfaces(kind)
    assert hausdorff95(mask, truth) == hausdorff95_by_scipy(mask, truth)
    assert hausdorff(mask, truth) == hausdorff_by_scikit_image(mask, truth)
    ways = {
        "Hausdorff": lambda: hausdorff(mask, truth),
        "  scikit-image": lambda: hausdorff_by_scikit_image(mask, truth),
        "95th percentile": lambda: hausdorff95(mask, truth),
        "  SciPy": lambda: hausdorff95_by_scipy(mask, truth),
        "surface distance": lambda: average_surface_distance(mask, truth),
        "boundary F1": lambda: boundary_f1(mask.astype(np.uint8), truth.astype(np.uint8)),
        "warping error": lambda: warping_error(mask, truth),
    }
    print(f"\n{kind}, 12 megapixels")
    for name, way in ways.items():
        print(f"  {name:24s}{best(way):8.3f} s")


def test_average_precision_beside_cocos_own_code() -> None:
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    generator = np.random.default_rng(0)
    true, found, lists = [], [], []
    for image in range(200):
        boxes = generator.integers(0, 500, (20, 4))
        boxes[:, 2:] = boxes[:, :2] + 20 + boxes[:, 2:] // 3
        moved = np.concatenate([boxes, boxes[::2]]) + generator.integers(-9, 10, (30, 4))
        classes, certainty = generator.integers(1, 6, 20), generator.random(30)
        own = np.concatenate([classes, classes[::2]])
        lists.append((moved, boxes, certainty, own, classes))
        for target, stack, kinds in ((true, boxes, classes), (found, moved, own)):
            for place, (left, top, right, bottom) in enumerate(stack.tolist()):
                box = [left, top, right - left, bottom - top]
                row = {"id": len(target) + 1, "image_id": image, "category_id": int(kinds[place]), "bbox": box}
                row["area"] = box[2] * box[3]
                target.append(row | ({"iscrowd": 0} if target is true else {"score": float(certainty[place])}))
    truth = COCO()
    images = [{"id": image, "height": 700, "width": 700} for image in range(200)]
    truth.dataset = {
        "info": {},
        "images": images,
        "categories": [{"id": each} for each in range(1, 6)],
        "annotations": true,
    }

    def ours() -> float:
        return coco_scores(
            compare_boxes(own, other, certainty, found_classes=own_classes, true_classes=classes)
            for own, other, certainty, own_classes, classes in lists
        ).ap

    def theirs() -> float:
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = COCOeval(truth, results, "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        return float(evaluation.stats[0])

    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        results = truth.loadRes(found)
    assert ours() == pytest.approx(theirs(), abs=1e-12)
    print(f"\n200 pictures, 5 classes, 6,000 boxes: {best(ours):.3f} s; COCO's own code {best(theirs):.3f} s")
