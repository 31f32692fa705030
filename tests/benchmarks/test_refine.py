"""Masks in blocks of 16 pixels, refined by each method, on every fourth of 80 photographs of one object.

SEGCLI_DATA=... pytest tests/benchmarks/test_refine.py -s
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import segcli
from segcli.files.read import read_image
from segcli.opencv import cv2
from segcli.phrase import segmenter_from_words
from segcli.refine import REFINERS, Refiner
from segcli.scores.semantic import iou

BLOCK = 16


def in_blocks(truth: np.ndarray) -> np.ndarray:
    """The mask as a coarse network might give it: each block its majority."""
    height, width = truth.shape
    small = cv2.resize(truth.astype(np.float32), (width // BLOCK, height // BLOCK), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST) > 0.5


def test_a_coarse_mask_comes_nearer_to_the_truth(data: Path) -> None:
    paths = sorted((data / "salient" / "images").iterdir())[::4]
    images = [read_image(path.read_bytes(), name=path.name) for path in paths]
    truths = [segcli.read_labels(data / "salient" / "masks" / f"{path.stem}.png") > 0 for path in paths]
    coarse = [in_blocks(truth) for truth in truths]
    before = np.mean([iou(mask, truth) for mask, truth in zip(coarse, truths, strict=True)])
    print(f"\n{len(paths)} pictures, before {before:.3f}")
    for name in REFINERS:
        refine = Refiner(segmenter_from_words(name))
        refined = [refine(image, {"mask": mask}).labels > 0 for image, mask in zip(images, coarse, strict=True)]
        after = np.mean([iou(mask, truth) for mask, truth in zip(refined, truths, strict=True)])
        print(f"{name:<16}{after:.3f}", flush=True)
        # Two even shades are not what photographs are made of.
        assert after > before or name == "chan_vese"
