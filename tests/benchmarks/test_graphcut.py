"""Speed of the grid cut against PyMaxflow, by turns in one run, and overlap with the truth of scribbled photographs.

Run by hand: SEGCLI_DATA=... pytest tests/benchmarks/test_graphcut.py -s
"""

import json
from time import perf_counter

import numpy as np
import pytest
from PIL import Image

from segcli.method import run
from segcli.methods.graphs import graphcut as module
from segcli.methods.graphs.graphcut import graphcut
from segcli.numeric.contrast import STEPS
from segcli.numeric.maxflow import GridCut, grid_cut
from segcli.opencv import cv2

ROUNDS = 3


def photograph_problems(weight):
    """Source, sink and weights of a photograph of 1 megapixel: without hints, with a box, with two strokes."""
    data = pytest.importorskip("skimage.data")
    image = cv2.resize(data.astronaut(), (1000, 1000), interpolation=cv2.INTER_CUBIC)
    scribbles = np.zeros((1000, 1000), np.int32)
    scribbles[150:600, 420:460] = 1
    scribbles[60:900, 20:60] = scribbles[60:500, 900:940] = 2
    caught = []

    def catch(*problem):
        caught.append(problem)
        return grid_cut(*problem)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "grid_cut", catch)
        for connectivity in (8, 4):
            for hints in ({}, {"box": (36, 16, 716, 999)}, {"scribbles": scribbles}):
                run(graphcut, image, connectivity=connectivity, weight=weight, **hints)
    return dict(zip([f"{c}, {h}" for c in (8, 4) for h in ("no hints", "box", "scribbles")], caught, strict=True))


def noise_problems():
    """A disc in noise as large as its contrast, with a plain Potts border."""
    rows, columns = np.mgrid[:1000, :1000] - 500
    noise = np.random.default_rng(0).normal(0, 1, (1000, 1000))
    odds = (2 * ((rows**2 + columns**2 < 300**2) + noise) - 1).astype(np.float32)
    for directions in (4, 2):
        for weight in (0.5, 1.5):
            weights = np.full((directions, 1000, 1000), weight, np.float32)
            yield f"{2 * directions}, noise, weight {weight}", (np.maximum(odds, 0), np.maximum(-odds, 0), weights)


def peer(maxflow, source, sink, weights):
    """The same cut by PyMaxflow, from arrays to mask."""
    graph = maxflow.GraphFloat(source.size, len(weights) * source.size)
    nodes = graph.add_grid_nodes(source.shape)
    for weight, (down, right) in zip(weights, STEPS, strict=False):
        structure = np.zeros((3, 3))
        structure[1 + down, 1 + right] = 1
        graph.add_grid_edges(nodes, weights=weight, structure=structure, symmetric=True)
    graph.add_grid_tedges(nodes, source, sink)
    flow = graph.maxflow()
    return ~graph.get_grid_segments(nodes), flow


def shortest(functions):
    """Shortest time of each function, by turns, in seconds, and their results."""
    times, results = [[] for _ in functions], [None for _ in functions]
    for _ in range(ROUNDS):
        for place, function in enumerate(functions):
            start = perf_counter()
            results[place] = function()
            times[place].append(perf_counter() - start)
    return [min(measured) for measured in times], results


def test_one_megapixel_takes_at_most_1_5_times_as_long_as_pymaxflow():
    maxflow = pytest.importorskip("maxflow")
    problems = {f"{name}, weight {w}": problem for w in (5.0, 20.0) for name, problem in photograph_problems(w).items()}
    problems.update(noise_problems())
    ratios = []
    for name, (source, sink, weights) in problems.items():
        # PyMaxflow takes no infinite ties; more than all links of a pixel together is as good.
        ties = [np.minimum(side, 1e6) for side in (source, sink)]
        (ours, theirs), ((mask, flow), (wanted_mask, wanted)) = shortest(
            [lambda: grid_cut(source, sink, weights), lambda: peer(maxflow, *ties, weights)]  # noqa: B023
        )
        ratios.append(ours / theirs)
        print(
            f"{name:32s} segcli {1e3 * ours:7.0f} ms  PyMaxflow {1e3 * theirs:7.0f} ms  ratio {ratios[-1]:.2f}", end=""
        )
        print(f"  flow {flow:.8g}, differs by {abs(flow - wanted) / wanted:.0e}, {np.sum(mask != wanted_mask)} pixels")
        assert flow == pytest.approx(wanted, rel=1e-6)
    print(f"worst ratio {max(ratios):.2f}, geometric mean {np.exp(np.mean(np.log(ratios))):.2f}")
    assert max(ratios) <= 1.5


def test_cutting_a_graph_again_gives_the_flow_of_a_fresh_cut():
    source, sink, weights = photograph_problems(20.0)["8, scribbles"]
    changed = source * np.float32(1.05)
    graph = GridCut(weights)
    start = perf_counter()
    graph.cut(source, sink)
    first = perf_counter() - start
    start = perf_counter()
    flow = graph.cut(changed, sink)[1]
    again = perf_counter() - start
    print(f"first cut {1e3 * first:.0f} ms, again after a change of 5 % {1e3 * again:.0f} ms")
    assert flow == pytest.approx(grid_cut(changed, sink, weights)[1], rel=1e-9)


def test_overlap_with_the_truth_of_ten_photographs(data):
    folder = data / "grabcut"
    boxes = json.loads((folder / "boxes.json").read_text())
    for settings in ({}, {"color_model": "gaussian"}, {"connectivity": 4}):
        scores = {"scribbles 1": [], "scribbles 2": [], "box": []}
        for name, entry in boxes.items():
            image = np.array(Image.open(folder / f"images/{name}.jpg").convert("RGB"))
            truth = np.array(Image.open(folder / f"masks/{name}.png"))
            hints = [{"scribbles": np.array(Image.open(folder / f"scribbles/{name}_s{n}.png"))} for n in (1, 2)]
            for values, hint in zip(scores.values(), [*hints, {"box": entry["box"]}], strict=True):
                labels = run(graphcut, image, **hint, **settings).labels[truth != 128] > 0
                wanted = truth[truth != 128] == 255
                values.append((labels & wanted).sum() / (labels | wanted).sum())
        print(settings or "defaults", {name: round(float(np.mean(values)), 3) for name, values in scores.items()})
        if not settings:
            assert np.mean(scores["scribbles 2"]) > 0.871, "what cv2.grabCut reaches with these scribbles"
