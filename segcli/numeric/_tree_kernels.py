"""The descent through decision trees, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled


@compiled(allocates=False)
def descend(
    keys: Any, nodes: Any, roots: Any, depths: Any, leaves: Any, block: Any, places: Any, total: Any, sums: Any
) -> None:
    """Add to sums (K, N) what the leaf of every tree holds for each sample of keys (F, N).

    A block of samples goes through a tree together, so that it is fetched into the cache once for all of them, and one
    step of all samples comes before the next: no step waits for the one before, and no branch is guessed wrong. A leaf
    leads to itself, so that all steps may be taken by all. Unsigned places spare the test for negative ones.

    block : (B, F) int32, places : (B,) int32 and total : (B, K) float64
        Room for the keys of a block, where each sample is, and its sums.
    """
    features, samples = keys.shape
    classes = leaves.shape[1]
    for start in range(0, samples, len(block)):
        size = min(len(block), samples - start)
        for feature in range(features):
            for sample in range(size):
                bits = keys[feature, start + sample]
                block[sample, feature] = bits if bits >= 0 else bits ^ 0x7FFFFFFF
        total[:] = 0
        for tree in range(len(roots)):
            for sample in range(size):
                places[sample] = roots[tree]
            for _ in range(depths[tree]):
                for sample in range(size):
                    place = np.uint32(places[sample])
                    right = block[sample, np.uint32(nodes[place, 0])] > nodes[place, 1]
                    places[sample] = nodes[place, 2] + right
            for sample in range(size):
                leaf = np.uint32(nodes[np.uint32(places[sample]), 3])
                for number in range(classes):
                    total[sample, number] += leaves[leaf, number]
        for number in range(classes):
            for sample in range(size):
                sums[number, start + sample] += total[sample, number]
