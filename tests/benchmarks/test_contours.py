"""Contours: speed against scikit-image, and overlap with the truth on nuclei and on photographs with boxes.

Run by hand: SEGCLI_DATA=... pytest tests/benchmarks/test_contours.py -s
Speed needs no data. The length of `chan_vese` was chosen on 20 pictures of the train part of the nuclei; the defaults
of the three contours that edges stop were chosen on the same ten photographs that they are scored on here.
"""

import json
import os
from itertools import cycle
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from PIL import Image

from segcli.arrays import Box
from segcli.method import run
from segcli.methods.contours.chan_vese import chan_vese
from segcli.methods.contours.distance_regularized import distance_regularized
from segcli.methods.contours.geodesic_active_contour import geodesic_active_contour
from segcli.methods.contours.snake import snake
from segcli.numeric.ground import otsu_ground
from segcli.numeric.level_sets import edge_indicator
from segcli.opencv import cv2
from segcli.scores.semantic import dice

segmentation = pytest.importorskip("skimage.segmentation")

DATA = os.environ.get("SEGCLI_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="SEGCLI_DATA is not set")
CAMERA = Path(__file__).parents[2] / "sample_images" / "camera.jpg"


def by_turns(functions, rounds=4):
    """Shortest time of each function in milliseconds, and its last answer."""
    times, answers = dict.fromkeys(functions, np.inf), {}
    for _ in range(rounds):
        for name, function in functions.items():
            start = perf_counter()
            answers[name] = function()
            times[name] = min(times[name], 1000 * (perf_counter() - start))
    return times, answers


def report(title, times, same):
    (ours, own), *others = times.items()
    print(f"\n{title}\n  {ours:48s} {own:9.1f} ms")
    for name, milliseconds in others:
        print(f"  {name:48s} {milliseconds:9.1f} ms   {milliseconds / own:6.2f} x ours; labels equal on {same:.3%}")


@pytest.fixture(autouse=True)
def one_thread():
    cv2.setNumThreads(1)


def camera():
    image = cv2.imread(str(CAMERA), cv2.IMREAD_GRAYSCALE)
    assert image.shape == (512, 512)
    return image


def restart(monkeypatch):
    """Have scikit-image's smoothing, which alternates as long as the process lives, start as in a new one."""
    from skimage.segmentation import morphsnakes

    orders = cycle(
        [lambda u: morphsnakes.sup_inf(morphsnakes.inf_sup(u)), lambda u: morphsnakes.inf_sup(morphsnakes.sup_inf(u))]
    )
    monkeypatch.setattr(morphsnakes, "_curvop", lambda u: next(orders)(u))


def test_morphological_chan_vese_is_ten_times_faster(monkeypatch):
    image = camera()
    start = np.indices(image.shape).sum(axis=0) // 5 % 2
    scaled = image / 255

    def library():
        restart(monkeypatch)
        return segmentation.morphological_chan_vese(scaled, 50, start, smoothing=1)

    settings = {"form": "morphological", "init": start > 0, "iterations": 50, "tolerance": 0}
    times, answers = by_turns({"segcli chan-vese": lambda: run(chan_vese, image, **settings), "scikit-image": library})
    same = np.mean(answers["segcli chan-vese"].labels == answers["scikit-image"])
    report("morphological Chan-Vese, 512 x 512, 50 iterations", times, same)
    assert answers["segcli chan-vese"].numbers["iterations"] == 50
    assert same >= 0.995
    assert times["scikit-image"] >= 10 * times["segcli chan-vese"]


def test_the_level_set_of_chan_vese_is_as_fast():
    image = camera()
    run(chan_vese, image, iterations=2)
    scaled = image.astype(np.float64) / 255
    weight = 0.3 * scaled.std() ** 2
    settings = {"length": 0.3, "iterations": 50, "tolerance": 0, "foreground": "bright"}
    times, answers = by_turns(
        {
            "segcli chan-vese": lambda: run(chan_vese, image, **settings),
            "scikit-image": lambda: segmentation.chan_vese(
                scaled, mu=weight, dt=100 / np.pi, tol=0, max_num_iter=50, init_level_set="checkerboard"
            ),
        },
        rounds=2,
    )
    same = np.mean((answers["segcli chan-vese"].labels > 0) == answers["scikit-image"])
    same = max(same, 1 - same)
    report("Chan-Vese level set, 512 x 512, 50 iterations", times, same)
    assert times["segcli chan-vese"] <= 1.05 * times["scikit-image"]


def test_the_geodesic_contour_is_as_fast(monkeypatch):
    image = camera()
    indicator, contrast = edge_indicator(image, None, 4.0, "auto")
    start = np.zeros(image.shape, bool)
    start[26:486, 26:486] = True

    def library():
        restart(monkeypatch)
        return segmentation.morphological_geodesic_active_contour(
            indicator.astype(np.float64), 50, start.astype(np.int8), smoothing=1, threshold=0.5, balloon=-1
        )

    settings = {"init": start, "contrast": contrast, "iterations": 50, "tolerance": 0}
    times, answers = by_turns(
        {
            "segcli geodesic-active-contour, with its edges": lambda: run(geodesic_active_contour, image, **settings),
            "scikit-image, without": library,
        },
        rounds=3,
    )
    ours, theirs = answers.values()
    same = np.mean(ours.labels == theirs)
    report("geodesic active contour, 512 x 512, 50 iterations", times, same)
    assert same >= 0.995
    assert times["segcli geodesic-active-contour, with its edges"] <= 1.05 * times["scikit-image, without"]


def test_the_snake_is_as_fast():
    image = camera()
    angle = 2 * np.pi * np.arange(400) / 400
    around = np.stack([180 + 120 * np.sin(angle), 230 + 120 * np.cos(angle)], axis=1)
    rows, columns = np.mgrid[:512, :512]
    init = np.hypot(rows - 180, columns - 230) <= 120
    scaled = cv2.GaussianBlur(image / 255.0, (0, 0), 2)
    times, answers = by_turns(
        {
            "segcli snake, 500 iterations": lambda: run(snake, image, init=init, iterations=500, tolerance=0),
            "scikit-image active_contour, 500 iterations": lambda: segmentation.active_contour(
                scaled, around, max_num_iter=500, convergence=0
            ),
        },
        rounds=3,
    )
    ours, theirs = answers.values()
    print(f"\nsegcli took {ours.numbers['iterations']} iterations, the last with {len(ours.series['curve'])} points")
    drawn = cv2.fillPoly(np.zeros(image.shape, np.uint8), [np.rint(theirs[:, ::-1]).astype(np.int32)], 1)
    report("snake, 512 x 512 (other forces, so other labels)", times, np.mean(ours.labels == drawn))
    assert times["segcli snake, 500 iterations"] <= 1.05 * times["scikit-image active_contour, 500 iterations"]


def nuclei(part, step=1):
    """Gray picture and truth of every `step`-th picture."""
    folder = Path(DATA) / "nuclei" / part
    for path in sorted((folder / "images").iterdir())[::step]:
        truth = cv2.imread(str(folder / "masks" / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED)
        yield cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), truth > 0


@needs_data
def test_nuclei():
    pairs = list(nuclei("test"))
    print(f"\nnuclei test, {len(pairs)} pictures                  Dice")
    ways = {
        "Otsu, auto side": lambda image: otsu_ground(image).mask > 0,
        "chan-vese, defaults": lambda image: run(chan_vese, image).labels > 0,
        "chan-vese --form morphological": lambda image: run(chan_vese, image, form="morphological").labels > 0,
    }
    scores = {name: np.mean([dice(way(image), truth) for image, truth in pairs]) for name, way in ways.items()}
    for name, score in scores.items():
        print(f"  {name:44s} {score:.4f}")
    assert scores["chan-vese, defaults"] > 0.8


@needs_data
def test_photographs_with_boxes():
    folder = Path(DATA) / "grabcut"
    methods = (chan_vese, geodesic_active_contour, distance_regularized, snake)
    overlaps = {"the box itself": [], **{method.__name__: [] for method in methods}}
    seconds = dict.fromkeys(overlaps, 0.0)
    for key, row in sorted(json.loads((folder / "boxes.json").read_text()).items()):
        image = np.asarray(Image.open(folder / "images" / f"{key}.jpg").convert("RGB"))
        truth = np.asarray(Image.open(folder / "masks" / f"{key}.png").convert("L"))
        box = Box(*row["box"])
        masks = {"the box itself": np.zeros(truth.shape, bool)}
        masks["the box itself"][box.top : box.bottom, box.left : box.right] = True
        for method in methods:
            begun = perf_counter()
            masks[method.__name__] = run(method, image, box=box).labels > 0
            seconds[method.__name__] += perf_counter() - begun
        counted, wanted = truth != 128, truth == 255
        for name, mask in masks.items():
            overlaps[name].append((mask & wanted).sum() / ((mask | wanted) & counted).sum())
    print(f"\ngrabcut, {len(overlaps['snake'])} photographs, from the box      mean IoU   least   s/picture")
    for name, values in overlaps.items():
        print(f"  {name:44s} {np.mean(values):.3f}   {min(values):.3f}   {seconds[name] / len(values):.2f}")
    for method in methods[1:]:
        assert np.mean(overlaps[method.__name__]) > np.mean(overlaps["the box itself"])
