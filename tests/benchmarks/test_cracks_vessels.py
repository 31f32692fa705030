"""Quality on thin structures: cracks in roads (CrackForest) and vessels of the eye (CHASE_DB1), through SEGCLI_DATA.

Run by hand: SEGCLI_DATA=... pytest tests/benchmarks/test_cracks_vessels.py -s
Each method is a few command lines. The one that is best on the train part (of the vessels every third picture) is
scored on the test part. Scores are means over pictures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from segcli.files.labels import read_labels
from segcli.files.read import read_image
from segcli.fitting import fit_pixel_classifier
from segcli.fitting.truth import mask_truth
from segcli.method import run
from segcli.methods.examples.pixel_classifier import pixel_classifier
from segcli.phrase import segmenter_from_words
from segcli.scores.lines import line_scores
from segcli.scores.semantic import dice

CRACKS = {
    "local_mean": (
        "window=25 offset=8 blur=1 min_size=200",
        "window=25 offset=8 blur=1 smooth=1 min_size=100",
        "window=25 offset=6 blur=1 smooth=1 min_size=200",
        "window=41 offset=8 blur=1 smooth=1 min_size=200",
        "window=41 offset=10 blur=1 min_size=100",
    ),
    "sauvola": (
        "window=25 k=0.05 blur=1 min_size=200",
        "window=25 k=0.08 blur=1 min_size=100",
        "window=41 k=0.06 blur=1 min_size=200",
        "window=41 k=0.08 blur=1 min_size=200",
    ),
    "niblack": (
        "window=41 k=0.8 blur=1 min_size=400",
        "window=41 k=0.8 blur=2 smooth=1 min_size=400",
        "window=25 k=0.8 blur=1 min_size=200",
    ),
    "ridges filter=sato": (
        "sigma=1.5 widest=3 scales=2 min_size=100",
        "sigma=1.5 widest=3 scales=2 min_size=200",
        "sigma=2 widest=4 scales=2 min_size=200",
    ),
    "ridges filter=frangi": (
        "sigma=1.5 widest=3 scales=2 smooth=1 min_size=200",
        "sigma=1.5 widest=3 scales=2 contrast_window=51 smooth=1 min_size=200",
        "sigma=1.5 widest=3 scales=2 contrast_window=51 smooth=1 min_size=400",
    ),
    "ridges filter=meijering": (
        "sigma=1.5 widest=3 scales=2 low=0.3 high=0.48 min_size=100",
        "sigma=2 widest=4 scales=2 min_size=100",
        "sigma=2 widest=4 scales=2 min_size=200",
    ),
}
CRACK_GOALS = {"local_mean": (0.490, 0.728), "sauvola": (0.459, 0.655), "ridges filter=frangi": (0.461, 0.654)}
"""F1, strict and within 2 pixels, of OpenCV's and scikit-image's methods tuned on the same train part."""

VESSELS = {
    "local_mean": (
        "window=25 offset=3 blur=1 smooth=1 min_size=300",
        "window=41 offset=3 blur=1 smooth=1 min_size=600",
        "window=41 offset=4 blur=1 smooth=1 min_size=300",
    ),
    "sauvola": (
        "window=25 k=0.03 blur=1 smooth=1 min_size=600",
        "window=25 k=0.04 blur=1 smooth=1 min_size=600",
        "window=41 k=0.04 blur=1 smooth=1 min_size=600",
    ),
    "niblack": (
        "window=25 k=0.6 blur=1 smooth=1 min_size=300",
        "window=41 k=0.6 blur=1 smooth=1 min_size=600",
        "window=41 k=0.8 blur=1 smooth=1 min_size=600",
    ),
    "ridges filter=sato": (
        "sigma=3 widest=6 contrast_window=51 smooth=1 min_size=300",
        "sigma=3 widest=6 contrast_window=101 smooth=1 min_size=300",
        "sigma=3 widest=8 contrast_window=101 smooth=1 min_size=300",
    ),
    "ridges filter=frangi": (
        "sigma=3 widest=6 contrast_window=51 smooth=1 min_size=300",
        "sigma=3 widest=8 contrast_window=51 smooth=1 min_size=300",
        "sigma=3 widest=8 contrast_window=51 smooth=1 min_size=600",
    ),
    "ridges filter=meijering": (
        "sigma=3 widest=6 contrast_window=51 smooth=1 min_size=300",
        "sigma=3 widest=6 contrast_window=101 smooth=1 min_size=300",
        "sigma=2 widest=5 contrast_window=101 smooth=1 min_size=300",
    ),
}
VESSEL_GOALS = {"local_mean": 0.595, "ridges filter=sato": 0.654}
"""Dice of scikit-image's Sato on evened out contrast and of OpenCV's adaptive mean, with clean-up."""

EYE = "threshold at=30 channel=r"
"""The round field of the camera is red everywhere; the rest of the picture is black."""


@dataclass(frozen=True)
class Pictures:
    """A data set: where it lies, what is said of every picture, its region by a method, and its scores."""

    folder: Path
    shared: str
    region: str | None
    every: int
    scores: Callable[[Any, Any], tuple[float, ...]]

    def mean(self, words: str, part: str) -> np.ndarray:
        """Mean scores of a method in words over a part; of the train part over every so many pictures."""
        method = segmenter_from_words(f"{words} {self.shared}")
        found = []
        for path in sorted((self.folder / part / "images").iterdir())[:: self.every if part == "train" else 1]:
            image, truth = read_image(path), read_labels(self.folder / part / "masks" / f"{path.stem}.png") > 0
            inside = None if self.region is None else segmenter_from_words(self.region)(image, {}).labels > 0
            found.append(self.scores(method(image, {}, inside).labels > 0, truth))
        return np.asarray(np.mean(found, axis=0))

    def command(self, words: str) -> str:
        """The command line of a method in words."""
        name, *settings = f"{words} {self.shared}".split()
        pairs = [setting.split("=") for setting in settings]
        options = [f"--{knob.replace('_', '-')} {value}" for knob, value in pairs]
        return " ".join(
            ["segcli", name.replace("_", "-"), "IMAGES", *options, *(["--roi EYES"] if self.region else [])]
        )

    def table(self, methods: Mapping[str, tuple[str, ...]]) -> dict[str, np.ndarray]:
        """Choose each method's settings on the train part, print and return its scores on the test part."""
        if self.region:
            print(f"EYES is a folder: {replace(self, shared='', region=None).command(self.region)} -o EYES")
        found = {}
        for name, settings in methods.items():
            train = [self.mean(f"{name} {words}", "train") for words in settings]
            best = int(np.argmax([scores.mean() for scores in train]))
            words = f"{name} {settings[best]}"
            found[name] = self.mean(words, "test")
            line = "".join(
                f"  {score:.3f} ({known:.3f})" for score, known in zip(found[name], train[best], strict=True)
            )
            print(f"{name:24s}{line}   {self.command(words)}", flush=True)
        return found


def crack_scores(found, truth):
    return tuple(line_scores(found, truth, tolerance)[2] if found.any() else 0.0 for tolerance in (0, 2))


def test_cracks_are_found_as_well_as_by_the_tuned_libraries(data):
    pictures = Pictures(data / "cracks", "foreground=dark", None, 1, crack_scores)
    print("\ncracks, 16 test pictures: F1 strict, F1 within 2 pixels (train part)")
    found = pictures.table(CRACKS)
    for goal in CRACK_GOALS.values():
        assert any((scores >= goal).all() for scores in found.values())


def test_vessels_are_filtered_better_than_by_adaptive_means(data):
    pictures = Pictures(data / "vessels", "foreground=dark channel=g", EYE, 3, lambda *pair: (dice(*pair),))
    print("\nvessels, 4 test pictures: Dice (train part)")
    found = pictures.table(VESSELS)
    folder = data / "vessels" / "test"
    second = [
        dice(read_labels(path) > 0, read_labels(folder / "masks" / path.name) > 0)
        for path in sorted((folder / "masks2").iterdir())
    ]
    print(f"{'second observer':24s}  {np.mean(second):.3f}")
    # Filters whose levels come from the train part stay below the best library line, ours and scikit-image's alike:
    # the test children's vessels are fainter. What is learned from the same pictures passes it, below.
    assert max(scores[0] for scores in found.values()) >= VESSEL_GOALS["local_mean"]


def test_vessels_are_learned_better_than_they_are_filtered(data):
    folders = [data / "vessels" / part for part in ("train", "test")]
    (images, truths), (tests, wanted) = (
        (
            [read_image(path).pixels("any") for path in sorted((folder / "images").iterdir())],
            [read_labels(path) > 0 for path in sorted((folder / "masks").iterdir())],
        )
        for folder in folders
    )
    model = fit_pixel_classifier(images, [mask_truth(truth) for truth in truths])
    scores = [
        dice(run(pixel_classifier, image, model=model).labels, truth)
        for image, truth in zip(tests, wanted, strict=True)
    ]
    print(f"\nvessels, pixel classifier of {len(images)} pictures: Dice {np.mean(scores):.3f}")
    assert np.mean(scores) >= VESSEL_GOALS["ridges filter=sato"]
