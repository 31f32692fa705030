"""Every method that can give a mask, on the nuclei; every one that takes strokes or a box, on the GrabCut pictures.

SEGCLI_DATA=... pytest tests/benchmarks/test_masks.py -s

Each row is a command: segcli METHOD ... with the words of its row, such as `segcli kmeans --classes 2 --blur 1`.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np

import segcli
from segcli.arrays import Box
from segcli.files.read import read_image
from segcli.phrase import segmenter_from_words
from segcli.scores.semantic import dice, iou
from segcli.segmentation import Segmentation

NUCLEI = (
    "otsu foreground=auto",
    "threshold rule=li foreground=auto",
    "threshold rule=triangle foreground=auto",
    "threshold rule=isodata foreground=auto",
    "hysteresis",
    "local_mean window=101 offset=10 foreground=bright blur=1",
    "niblack window=101 k=0.5 foreground=bright blur=1",
    "sauvola window=101 foreground=bright blur=1",
    "watershed min_size=30 fill_holes=true",
    "kmeans classes=2",
    "gaussian_mixture classes=2",
    "graphcut",
    "mrf classes=2",
    "crf",
    "random_walker",
    "chan_vese",
    "chan_vese form=morphological",
    "spectral_residual center=0",
    "gbvs center=0",
)
INTERACTIVE = {
    "scribbles": ("graphcut", "grabcut", "random_walker", "random_walker prior=0"),
    "box": ("grabcut", "graphcut", "geodesic_active_contour", "distance_regularized", "snake", "chan_vese"),
}


def smaller_side(result: Segmentation) -> np.ndarray:
    """The mask; of two classes, the one that covers less."""
    mask = result.labels > 0
    return ~mask if result.kind == "classes" and mask.mean() > 0.5 else mask


def test_masks_of_nuclei(data: Path) -> None:
    folder = data / "nuclei" / "test"
    pairs = [
        (read_image(path.read_bytes(), name=path.name), segcli.read_labels(folder / "masks" / f"{path.stem}.png") > 0)
        for path in sorted((folder / "images").iterdir())
    ]
    found = {}
    print(f"\nnuclei test, {len(pairs)} pictures{'Dice':>36}{'s':>8}")
    for words in NUCLEI:
        segment = segmenter_from_words(words)
        start = time.perf_counter()
        found[words] = np.mean([dice(smaller_side(segment(image, {})), truth) for image, truth in pairs])
        print(f"  {words:<58}{found[words]:6.3f}{(time.perf_counter() - start) / len(pairs):8.3f}", flush=True)
    assert found["otsu foreground=auto"] > 0.89


def test_strokes_and_boxes_of_the_grabcut_pictures(data: Path) -> None:
    folder = data / "grabcut"
    boxes = json.loads((folder / "boxes.json").read_text())
    stems = sorted(path.stem for path in (folder / "images").iterdir())
    images = {path.stem: read_image(path.read_bytes(), name=path.name) for path in (folder / "images").iterdir()}
    for kind, rows in INTERACTIVE.items():
        print(f"\nGrabCut, {len(stems)} pictures, {kind}{'IoU':>30}{'s':>8}")
        for words in rows:
            segment = segmenter_from_words(words)
            scores, start = [], time.perf_counter()
            for stem in stems:
                strokes = segcli.read_labels(folder / "scribbles" / f"{stem}_s2.png")
                hint = {"box": Box(*boxes[stem]["box"])} if kind == "box" else {"scribbles": strokes}
                truth = segcli.read_labels(folder / "masks" / f"{stem}.png")
                mask = segment(images[stem], hint).labels > 0
                scores.append(iou(mask[truth != 128], truth[truth != 128] > 128))
            print(f"  {words:<44}{np.mean(scores):8.3f}{(time.perf_counter() - start) / len(stems):8.3f}", flush=True)
