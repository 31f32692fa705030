"""The pictures and annotators of BSDS500, and the three scores by which its users compare partitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import segcli
from segcli.scores.segments import covering, rand_index, variation_of_information

SCORES = (covering, rand_index, variation_of_information)
PUBLISHED = {
    "mean_shift": (0.54, 0.79, 1.85),
    "felzenszwalb": (0.52, 0.80, 2.21),
    "normalized_cut": (0.45, 0.78, 2.23),
}
"""Covering, PRI and VI in bits, each at its own best scale for the data set (Arbelaez et al. 2011, tables 2 and 3)."""


def pictures(data: Path, every: int = 1) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """Each picture with the partitions of its annotators."""
    for path in sorted((data / "bsds" / "images").iterdir())[::every]:
        masks = sorted((data / "bsds" / "masks").glob(f"{path.stem}_a*.png"))
        yield segcli.read_image(path), [segcli.read_labels(mask) for mask in masks]


def scores_of(segment: Callable[[np.ndarray], np.ndarray], data: Path, every: int = 1) -> np.ndarray:
    """(3,) mean over pictures of the mean over annotators of covering, PRI and VI."""
    found = []
    for image, annotators in pictures(data, every):
        labels = segment(image)
        found.append(np.mean([[score(labels, truth) for score in SCORES] for truth in annotators], axis=0))
    return np.asarray(np.mean(found, axis=0))


def table(
    name: str, method: Callable[..., Any], settings: Sequence[dict[str, Any]], data: Path, every: int = 1
) -> np.ndarray:
    """Print the scores of each setting; (3,) each score at its own best setting, as the published ones are."""
    rows = []
    for setting in settings:
        rows.append(scores_of(lambda image, setting=setting: method(image, **setting).labels, data, every))  # type: ignore[misc]
        words = " ".join(f"--{knob.replace('_', '-')} {value}" for knob, value in setting.items())
        print(f"{name:<16}{rows[-1][0]:8.3f}{rows[-1][1]:8.3f}{rows[-1][2]:8.2f}   {words}", flush=True)
    best = np.array(
        [np.max([row[0] for row in rows]), np.max([row[1] for row in rows]), np.min([row[2] for row in rows])]
    )
    print(f"{name:<16}{best[0]:8.3f}{best[1]:8.3f}{best[2]:8.2f}   best scale each; published {PUBLISHED.get(name)}")
    return best
