"""GrabCut against OpenCV's: overlap with the truth at the pictures' own size and at 1 megapixel, and speed.

Run by hand: SEGCLI_DATA=... pytest tests/benchmarks/test_grabcut.py -s
Every picture is cut by both in turns. OpenCV runs 5 iterations from the same box, its generator seeded before each; a
box that it refuses and a mask that it leaves empty count as they are, at overlap 0. The unknown band of the truth is
not counted. The defaults of `grabcut` were chosen on these same photographs, at their own size and at 1 megapixel.
"""

import json
import os
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from PIL import Image

from segcli.arrays import Box
from segcli.method import run
from segcli.methods.graphs.grabcut import grabcut
from segcli.opencv import cv2

DATA = os.environ.get("SEGCLI_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="SEGCLI_DATA is not set")
UNKNOWN = 128


def pictures(name, step=1):
    """Name, RGB image, truth (0, 255, or 128 where unknown) and box of every `step`-th picture."""
    folder = Path(DATA) / name
    for key, row in sorted(json.loads((folder / "boxes.json").read_text()).items())[::step]:
        (path,) = (folder / "images").glob(f"{key}.*")
        image = np.asarray(Image.open(path).convert("RGB"))
        truth = np.asarray(Image.open(folder / "masks" / f"{key}.png").convert("L"))
        yield key, image, truth, Box(*row["box"])


def enlarged(image, truth, box, pixels):
    """The same picture at about that many pixels, the box scaled with it."""
    height, width = truth.shape
    factor = (pixels / truth.size) ** 0.5
    size = (int(np.ceil(width * factor)), int(np.ceil(height * factor)))
    across, down = size[0] / width, size[1] / height
    scaled = Box(round(box.left * across), round(box.top * down), round(box.right * across), round(box.bottom * down))
    larger = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    return larger, cv2.resize(truth, size, interpolation=cv2.INTER_NEAREST), scaled


def overlap(mask, truth):
    counted = truth != UNKNOWN
    found, wanted = mask.astype(bool) & counted, (truth == 255) & counted
    return np.count_nonzero(found & wanted) / np.count_nonzero(found | wanted)


def opencv(image, mask, box=None):
    """OpenCV's mask, from a box or a prepared mask; nothing where it refuses."""
    cv2.setRNGSeed(0)
    mode = cv2.GC_INIT_WITH_MASK if box is None else cv2.GC_INIT_WITH_RECT
    area = None if box is None else (box.left, box.top, box.right - box.left, box.bottom - box.top)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(np.ascontiguousarray(image[..., ::-1]), mask, area, *models, 5, mode)
    except cv2.error:
        return np.zeros(mask.shape, bool)
    return (mask & 1).astype(bool)


def measure(rows):
    """Overlaps and seconds of (ours, OpenCV on one thread, OpenCV on all) for each picture, by turns."""
    overlaps, seconds = [], []
    threads = cv2.getNumThreads()
    for image, truth, box in rows:
        masks, times = [], []
        for count in (None, 1, threads):
            cv2.setNumThreads(count or 1)
            started = perf_counter()
            if count is None:
                masks.append(run(grabcut, image, box=box).labels)
            else:
                masks.append(opencv(image, np.zeros(truth.shape, np.uint8), box))
            times.append(perf_counter() - started)
        overlaps.append([overlap(mask, truth) for mask in masks])
        seconds.append(times)
    cv2.setNumThreads(threads)
    return np.array(overlaps), np.array(seconds)


def show(title, overlaps, seconds):
    ours, single, default = overlaps.mean(axis=0)
    ratio = seconds.sum(axis=0) / seconds[:, 0].sum()
    each = np.median(seconds / seconds[:, :1], axis=0)
    print(f"{title:34s} {ours:.4f}  {single:.4f}  {default:.4f}   {seconds[:, 0].mean():6.3f} s  ", end="")
    print(f"{ratio[1]:6.1f} ({each[1]:.1f})  {ratio[2]:6.1f} ({each[2]:.1f})")


HEADER = f"{'mean IoU':34s} segcli  cv2, 1  cv2, all  s/picture  cv2's time / ours: total (median), 1 and all threads"


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """Compile before the clock runs."""
    image = np.random.default_rng(0).integers(0, 255, (700, 700, 3), np.uint8)
    image[200:500, 200:500] //= 3
    run(grabcut, image, box=Box(100, 100, 600, 600))


@pytest.mark.parametrize(("name", "step"), [("grabcut", 1), ("salient", 1)])
def test_overlap_from_boxes_at_their_own_size(name, step):
    rows = [row[1:] for row in pictures(name, step)]
    overlaps, seconds = measure(rows)
    print(f"\n{HEADER}")
    show(f"{name} ({len(rows)}), own size", overlaps, seconds)
    assert overlaps[:, 0].mean() >= overlaps[:, 1].mean() - 0.005


def test_speed_and_overlap_at_one_megapixel():
    groups = {"grabcut": list(pictures("grabcut")), "salient": list(pictures("salient", 8))}
    print(f"\n{HEADER}")
    results = {}
    for name, rows in groups.items():
        results[name] = measure([enlarged(*row[1:], 1e6) for row in rows])
        show(f"{name} ({len(rows)}), 1 megapixel", *results[name])
    overlaps, seconds = (np.concatenate([result[part] for result in results.values()]) for part in (0, 1))
    show(f"both ({len(overlaps)})", overlaps, seconds)
    assert overlaps[:, 0].mean() >= overlaps[:, 1:].mean(axis=0).max()
    totals = seconds.sum(axis=0)
    assert totals[1:].min() >= 5 * totals[0]


def test_overlap_from_scribbles():
    print(f"\n{'mean IoU from scribbles':34s} segcli  cv2, unmarked probable background")
    for number in (1, 2):
        overlaps = []
        for key, image, truth, _ in pictures("grabcut"):
            path = Path(DATA) / "grabcut" / "scribbles" / f"{key}_s{number}.png"
            scribbles = np.asarray(Image.open(path)).astype(np.int32)
            mask = np.select([scribbles == 1, scribbles == 2], [cv2.GC_FGD, cv2.GC_BGD], cv2.GC_PR_BGD).astype(np.uint8)
            ours = run(grabcut, image, scribbles=scribbles).labels
            overlaps.append((overlap(ours, truth), overlap(opencv(image, mask), truth)))
        ours, peer = np.mean(overlaps, axis=0)
        print(f"{f'set {number}':34s} {ours:.4f}  {peer:.4f}")
        assert ours >= peer - 0.005
