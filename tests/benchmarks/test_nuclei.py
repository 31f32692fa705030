"""Quality on the nuclei of the 2018 Data Science Bowl (BBBC038), found through SEGCLI_DATA.

Run by hand: SEGCLI_DATA=... pytest tests/benchmarks/test_nuclei.py -s
The tuned settings were chosen on the train part alone.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from segcli.cleanup import Cleanup
from segcli.method import run
from segcli.methods.regions.watershed import watershed
from segcli.numeric.components import connected_components
from segcli.numeric.ground import otsu_ground
from segcli.opencv import cv2
from segcli.scores.instance import average_precision, f1
from segcli.scores.semantic import dice

FOLDER = Path(os.environ.get("SEGCLI_DATA", ".")) / "nuclei"
TIDY = Cleanup(min_size=30, fill_holes=True)
TUNED = {"correction": 0.8, "sigma": 2.5, "min_distance": 6}
GOALS = (0.899, 0.820, 0.543)
"""Mean Dice, F1 at IoU .5 and AP of scikit-image's watershed, tuned on the train part."""

pytestmark = pytest.mark.skipif(
    not ("SEGCLI_DATA" in os.environ and FOLDER.is_dir()), reason="needs SEGCLI_DATA with nuclei in it"
)

WAYS = {
    "Otsu, auto side, components": lambda image: connected_components(otsu_ground(image).mask)[0],
    "watershed, defaults": lambda image: run(watershed, image).labels,
    "watershed, min-size 30, fill-holes": lambda image: run(watershed, image, cleanup=TIDY).labels,
    "the same, tuned": lambda image: run(watershed, image, cleanup=TIDY, **TUNED).labels,
}


@pytest.mark.parametrize("part", ["val", "test"])
def test_the_watershed_beats_components_and_reaches_its_goals(part):
    pairs = [
        (
            cv2.imread(str(path), cv2.IMREAD_GRAYSCALE),
            cv2.imread(str(FOLDER / part / "masks" / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED),
        )
        for path in sorted((FOLDER / part / "images").iterdir())
    ]
    assert len(pairs) > 10
    print(f"\nnuclei {part}, {len(pairs)} pictures          Dice     F1     AP")
    scores = {}
    for name, way in WAYS.items():
        found = [(way(image), truth) for image, truth in pairs]
        scores[name] = np.mean([(dice(a > 0, b > 0), f1(a, b), average_precision(a, b)) for a, b in found], axis=0)
        print(f"  {name:36s}" + "".join(f"{score:7.3f}" for score in scores[name]))
    plain, default, _, tuned = scores.values()
    assert (default[1:] > plain[1:]).all()
    assert (tuned > plain).all()
    if part == "test":
        assert (tuned >= GOALS).all()
