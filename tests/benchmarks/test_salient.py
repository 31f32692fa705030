"""Saliency on photographs with one object each, beside a plain Gaussian in the middle.

SEGCLI_DATA=... pytest tests/benchmarks/test_salient.py -s
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

import segcli
from segcli.scores.saliency import f_measure, mean_absolute_error, precision_recall
from segcli.scores.semantic import dice

METHODS = ("spectral_residual", "itti", "gbvs", "bms")


def middle(shape: tuple[int, int]) -> np.ndarray:
    """The plain Gaussian: a third of height and width wide."""
    rows, columns = (np.exp(-0.5 * ((np.arange(side) - side / 2) / (side / 3)) ** 2) for side in shape)
    return rows[:, None] * columns


def scores(maps: list[np.ndarray], truths: list[np.ndarray]) -> tuple[float, float]:
    """Greatest F-measure of the mean precision and recall, and mean absolute error."""
    curves = [precision_recall(found, truth) for found, truth in zip(maps, truths, strict=True)]
    precision, recall = np.mean([curve[0] for curve in curves], axis=0), np.mean([curve[1] for curve in curves], axis=0)
    error = np.mean([mean_absolute_error(found, truth) for found, truth in zip(maps, truths, strict=True)])
    return float(f_measure(precision, recall).max()), float(error)


def test_each_method_passes_the_plain_gaussian(data: Path) -> None:
    images, truths = [], []
    for path in sorted((data / "salient" / "images").iterdir()):
        image = segcli.read_image(path)
        images.append(np.repeat(image[:, :, None], 3, axis=2) if image.ndim == 2 else image)
        truths.append(segcli.read_labels(data / "salient" / "masks" / f"{path.stem}.png") > 0)
    plain = scores([middle(truth.shape) for truth in truths], truths)
    print(f"\n{'':<20}{'max F':>8}{'MAE':>8}{'Dice':>8}{'s':>8}\n{'Gaussian':<20}{plain[0]:8.3f}{plain[1]:8.3f}")
    for name in METHODS:
        for center in (0.0, 1.0):
            start = time.perf_counter()
            results = [getattr(segcli, name)(image, center=center) for image in images]
            seconds = (time.perf_counter() - start) / len(images)
            found = scores([result.layers["saliency"] for result in results], truths)
            overlap = np.mean([dice(result.labels > 0, truth) for result, truth in zip(results, truths, strict=True)])
            print(f"{name} {center:g}".ljust(20) + f"{found[0]:8.3f}{found[1]:8.3f}{overlap:8.3f}{seconds:8.3f}")
            if center:
                assert found[0] > plain[0], f"{name} is worse than looking at the middle"
