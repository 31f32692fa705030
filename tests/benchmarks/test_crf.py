"""Fully connected random field against pydensecrf (the authors' C++), measured by turns, and what it mends.

Run by hand, after pip install --target FOLDER pydensecrf2:
PYTHONPATH=FOLDER SEGCLI_DATA=... pytest tests/benchmarks/test_crf.py -s
"""

import os
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from segcli.method import run
from segcli.methods.fields.crf import crf
from segcli.numeric.dense_crf import Links, mean_field
from segcli.opencv import cv2

LINKS = Links(4, 67, 3, 3, 1)
"""Weights and reaches as in DeepLab."""

ROUNDS = 5
PICTURE = Path(__file__).parents[2] / "sample_images" / "coffee.jpg"
SALIENT = Path(os.environ.get("SEGCLI_DATA", ".")) / "salient"


def problem(height, width, classes, noise):
    """A photograph of that size, with noise, and smooth random energies."""
    random = np.random.default_rng(0)
    photograph = cv2.resize(cv2.imread(str(PICTURE)), (width, height), interpolation=cv2.INTER_CUBIC)
    image = np.clip(photograph + random.normal(0, noise, photograph.shape), 0, 255).astype(np.uint8)
    planes = [cv2.GaussianBlur(random.random((height, width)), (0, 0), 6) for _ in range(classes)]
    return np.stack([8 + 40 * (plane - 0.5) for plane in planes]).astype(np.float32), image


def by_peer(dense, unary, image):
    classes, height, width = unary.shape
    field = dense.DenseCRF2D(width, height, classes)
    field.setUnaryEnergy(unary.reshape(classes, -1))
    field.addPairwiseGaussian(sxy=LINKS.sigma, compat=LINKS.smoothness_weight)
    field.addPairwiseBilateral(
        sxy=LINKS.position_sigma, srgb=LINKS.color_sigma, rgbim=image, compat=LINKS.appearance_weight
    )
    return np.array(field.inference(ROUNDS)).reshape(unary.shape)


@pytest.mark.parametrize(("height", "width", "classes", "noise"), [(375, 500, 21, 0), (1000, 1000, 2, 2)])
def test_as_fast_as_the_peer_with_the_same_labels(height, width, classes, noise):
    dense = pytest.importorskip("pydensecrf.densecrf")
    unary, image = problem(height, width, classes, noise)
    mean_field(unary[:, :50, :50], image[:50, :50], LINKS)
    times = {"pydensecrf": np.inf, "segcli": np.inf}
    for _ in range(5):
        start = perf_counter()
        expected = by_peer(dense, unary, image)
        middle = perf_counter()
        found = mean_field(unary, image, LINKS, iterations=ROUNDS).probabilities
        times["pydensecrf"] = min(times["pydensecrf"], middle - start)
        times["segcli"] = min(times["segcli"], perf_counter() - middle)
    same = (found.argmax(axis=0) == expected.argmax(axis=0)).mean()
    changed = (found.argmax(axis=0) != unary.argmin(axis=0)).mean()
    ratio = times["segcli"] / times["pydensecrf"]
    print(f"\n{width} x {height}, {classes} classes, {ROUNDS} iterations, which change {changed:.1%} of the labels")
    print("".join(f"  {name} {1000 * seconds:.0f} ms" for name, seconds in times.items()), f" ratio {ratio:.2f}")
    print(f"  labels equal on {same:.4%}, probabilities within {np.abs(found - expected).max():.1e}")
    assert same >= 0.999
    assert ratio <= 1.2


@pytest.mark.skipif(not SALIENT.is_dir(), reason="needs SEGCLI_DATA with salient in it")
def test_blocks_of_16_pixels_come_nearer_to_the_object():
    scores = []
    # The defaults were chosen on every sixth picture.
    for path in [path for index, path in enumerate(sorted((SALIENT / "images").iterdir())) if index % 6]:
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        truth = cv2.imread(str(SALIENT / "masks" / f"{path.stem}.png"), cv2.IMREAD_GRAYSCALE) > 127
        height, width = truth.shape
        small = cv2.resize(truth.astype(np.float32), (width // 16, height // 16), interpolation=cv2.INTER_AREA)
        coarse = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST) > 0.5
        fine = run(crf, image, labels=coarse.astype(np.int32)).labels > 0
        scores.append([(mask & truth).sum() / (mask | truth).sum() for mask in (coarse, fine)])
    before, after = np.mean(scores, axis=0)
    better = np.mean([second > first for first, second in scores])
    print(f"\nsalient, {len(scores)} pictures: mean IoU {before:.3f} before, {after:.3f} after, better on {better:.0%}")
    assert after > before
