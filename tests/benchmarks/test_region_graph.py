"""Speed and Ncut value of cuts on the graph of regions against scikit-image's, by turns in one run.

Run by hand: pytest tests/benchmarks/test_region_graph.py -s
"""

from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from segcli.numeric.affinity import Links
from segcli.numeric.merging import merge_tree
from segcli.numeric.region_graph import merged, region_graph, region_sums
from segcli.numeric.slic import slic
from segcli.numeric.spectral import ncut_value, split_at_once, split_recursively
from segcli.opencv import cv2

PICTURES = ("astronaut.jpg", "coffee.jpg", "cat.jpg")
SIGMA = 255.0
"""rag_mean_color's similarity is exp(-d^2 / sigma)."""

THRESHOLD = 0.001
"""cut_normalized's own default; its graph has links of weight 1 from each region to itself."""


HEIGHT = 29.0
"""Difference of mean colors up to which regions merge; no merge costs just that, which theirs would not do."""


def picture(name, side=1000):
    """A sample picture of about a megapixel and its superpixels, about 310."""
    path = Path(__file__).parents[2] / "sample_images" / name
    image = cv2.imread(str(path))[:, :, ::-1]
    image = np.ascontiguousarray(cv2.resize(image, (side, side)))
    return image, slic(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), 310, 10.0)


def by_turns(functions, rounds):
    """The shortest time of each function in milliseconds, and its last answer."""
    times, answers = dict.fromkeys(functions, np.inf), {}
    for _ in range(rounds):
        for name, function in functions.items():
            start = perf_counter()
            answers[name] = function()
            times[name] = min(times[name], 1000 * (perf_counter() - start))
    return times, answers


def similarity(image, labels):
    """The links of scikit-image's region graph, by colors alone."""
    graph, means = region_graph(labels, connectivity=8), region_sums(labels, image).means
    square = np.sum((means[graph.edges[:, 0]] - means[graph.edges[:, 1]]) ** 2, axis=1)
    return Links(graph.regions, graph.edges, np.exp(-square / SIGMA), np.ones(graph.regions))


def library_cut(image, labels):
    from skimage import graph

    rag = graph.rag_mean_color(image, labels, mode="similarity", sigma=SIGMA)
    return graph.cut_normalized(labels, rag, thresh=THRESHOLD, rng=0)


def groups_of(labels, partition, regions):
    """The group of each region, from 0, by the partition that it lies in."""
    group = np.zeros(regions, np.int64)
    group[labels.ravel() - 1] = partition.ravel()
    return np.unique(group, return_inverse=True)[1]


@pytest.mark.parametrize("name", PICTURES)
def test_normalized_cut_is_ten_times_faster_and_not_worse(name):
    pytest.importorskip("skimage.graph")
    metrics = pytest.importorskip("sklearn.metrics")
    image, labels = picture(name)
    links = similarity(image, labels)

    def own():
        made = similarity(image, labels)
        return merged(labels, split_recursively(made, links.nodes, THRESHOLD).groups)

    times, answers = by_turns({"segcli": own, "skimage.graph": lambda: library_cut(image, labels)}, 3)
    theirs, ours = (groups_of(labels, answers[who], links.nodes) for who in ("skimage.graph", "segcli"))
    count = int(theirs.max()) + 1
    start = perf_counter()
    at_once = split_at_once(similarity(image, labels), count).groups
    k_way = 1000 * (perf_counter() - start)
    same_count = split_recursively(links, count).groups
    print(f"\n{name}, {links.nodes} superpixels, 1 MP")
    for who, groups, milliseconds in (
        ("skimage.graph rag_mean_color + cut_normalized", theirs, times["skimage.graph"]),
        ("segcli recursive, same threshold", ours, times["segcli"]),
        ("segcli recursive, as many regions", same_count, np.nan),
        ("segcli k-way, as many regions", at_once, k_way),
    ):
        value, agreed = ncut_value(links, groups), metrics.adjusted_rand_score(theirs, groups)
        parts = int(groups.max()) + 1
        ratio = times["skimage.graph"] / milliseconds
        print(
            f"  {who:46s} {milliseconds:8.1f} ms {ratio:6.1f} x  regions {parts:3d}  Ncut {value:.6f}  ARI {agreed:.3f}"
        )
    assert times["skimage.graph"] >= 10 * times["segcli"]
    assert ncut_value(links, same_count) <= ncut_value(links, theirs) * (1 + 1e-9)


def library_graph(image, labels):
    from skimage import graph

    return graph.rag_mean_color(image, labels)


def library_merge(rag, labels):
    """Merge by the difference of mean colors, as in scikit-image's gallery; paints whatever labels it is given."""
    from skimage import graph

    def difference(rag, source, target, neighbor):
        return {"weight": np.linalg.norm(rag.nodes[target]["mean color"] - rag.nodes[neighbor]["mean color"])}

    def join(rag, source, target):
        rag.nodes[target]["total color"] += rag.nodes[source]["total color"]
        rag.nodes[target]["pixel count"] += rag.nodes[source]["pixel count"]
        rag.nodes[target]["mean color"] = rag.nodes[target]["total color"] / rag.nodes[target]["pixel count"]

    return graph.merge_hierarchical(
        labels, rag, thresh=HEIGHT, rag_copy=False, in_place_merge=True, merge_func=join, weight_func=difference
    )


@pytest.mark.parametrize("name", PICTURES)
def test_hierarchical_merging_is_twenty_times_faster_with_the_same_partition(name):
    pytest.importorskip("skimage.graph")
    image, labels = picture(name)

    def own_graph():
        return region_graph(labels, connectivity=8), region_sums(labels, image)

    def own_groups(graph, sums):
        tree = merge_tree(graph, sums, "mean_color")
        return tree.groups(tree.merges_until(1, HEIGHT))

    own_groups(*own_graph())
    names = np.arange(labels.max() + 1)
    alone = {"segcli": np.inf, "skimage": np.inf}
    for _ in range(4):
        # Theirs uses its graph up. A row of names instead of a picture: neither side paints a megapixel here.
        rag, graph = library_graph(image, labels), own_graph()
        times, answers = by_turns(
            {"segcli": lambda g=graph: own_groups(*g), "skimage": lambda r=rag: library_merge(r, names)}, 1
        )
        alone = {who: min(alone[who], times[who]) for who in alone}
    whole, pictures = by_turns(
        {
            "segcli": lambda: merged(labels, own_groups(*own_graph())),
            "skimage": lambda: library_merge(library_graph(image, labels), labels),
        },
        3,
    )
    ours, theirs = answers["segcli"], answers["skimage"][1:]
    count, other = len(np.unique(ours)), len(np.unique(theirs))
    print(f"\n{name}, {labels.max()} superpixels, 1 MP: {count} regions, theirs {other}")
    for title, found in (("merging alone", alone), ("graph, merging, painting", whole)):
        ratio = found["skimage"] / found["segcli"]
        print(f"  {title:26s} {found['segcli']:8.2f} ms, skimage {found['skimage']:8.1f} ms  {ratio:6.1f} x")
    assert len(set(zip(ours.tolist(), theirs.tolist(), strict=True))) == count == other
    assert pictures["segcli"].max() == count
    assert alone["skimage"] >= 20 * alone["segcli"]
    assert whole["skimage"] >= 20 * whole["segcli"]
