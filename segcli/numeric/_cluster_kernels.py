"""Compiled inner loops of `clustering`.

Points lie in planes, (features, points), so that one center is compared with a whole chunk of points at a time. Weights
are (points,), or (1,) where every point weighs the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segcli.numeric.compiled import compiled

_CHUNK = 512


@compiled
def count_colors(pixels: Any) -> Any:
    """Count (n, 3) uint8 pixels by color: codes with red the highest byte, and how often each occurs."""
    table = np.zeros(1 << 24, np.uint32)
    for index in range(len(pixels)):
        table[(np.int64(pixels[index, 0]) << 16) | (np.int64(pixels[index, 1]) << 8) | pixels[index, 2]] += 1
    found = 0
    for color in range(len(table)):
        found += table[color] > 0
    codes, counts = np.empty(found, np.int64), np.empty(found)
    found = 0
    for color in range(len(table)):
        if table[color] > 0:
            codes[found] = color
            counts[found] = table[color]
            found += 1
    return codes, counts


@compiled
def paint_colors(pixels: Any, table: Any, labels: Any) -> None:
    """Look up the label of each (n, 3) uint8 pixel's color."""
    for index in range(len(pixels)):
        color = (np.int64(pixels[index, 0]) << 16) | (np.int64(pixels[index, 1]) << 8) | pixels[index, 2]
        labels[index] = table[color]


@compiled
def pool(points: Any, weights: Any, lows: Any, cell_width: float, strides: Any, sums: Any, totals: Any) -> None:
    """Add up the points that fall into each cell of a grid; sums (cells, features), totals (cells,)."""
    features, count = points.shape
    for index in range(count):
        cell = 0
        for feature in range(features):
            cell += np.int64((points[feature, index] - lows[feature]) / cell_width) * strides[feature]
        weight = weights[index % len(weights)]
        totals[cell] += weight
        for feature in range(features):
            sums[cell, feature] += weight * points[feature, index]


@compiled
def add_distances(values: Any, center: Any, count: int, city_block: bool, distances: Any) -> None:
    """Distances of a chunk of values (features, chunk) to a center: squared Euclidean, or city-block."""
    distances[:count] = 0
    for feature in range(len(center)):
        middle = center[feature]
        if city_block:
            for item in range(count):
                distances[item] += abs(values[feature, item] - middle)
        else:
            for item in range(count):
                offset = values[feature, item] - middle
                distances[item] += offset * offset


@compiled
def find_nearest(
    values: Any, centers: Any, count: int, city_block: bool, winners: Any, leads: Any, distances: Any, nearest: Any
) -> None:
    """Find the nearest center of a chunk of values, the first of equals, and how much farther the second is."""
    nearest[:count] = np.inf
    leads[:count] = np.inf
    for label in range(len(centers)):
        add_distances(values, centers[label], count, city_block, distances)
        for item in range(count):
            distance, best = distances[item], nearest[item]
            leads[item] = min(leads[item], max(best, distance))
            winners[item] = label if distance < best else winners[item]
            nearest[item] = min(best, distance)
    for item in range(count):
        if city_block:
            leads[item] -= nearest[item]
        else:
            leads[item] = np.sqrt(leads[item]) - np.sqrt(nearest[item])


@compiled
def assign(
    points: Any,
    weights: Any,
    centers: Any,
    traveled: Any,
    labels: Any,
    gaps: Any,
    sums: Any,
    totals: Any,
    city_block: bool,
) -> int:
    """Give each point to its nearest center, the first of equals; return how many changed.

    `gaps` holds, for each point, by how much farther its second center was when last looked at, plus `traveled` of
    its class then: while that exceeds `traveled` now, no other center can have come nearer and the point is skipped.
    """
    features, count = points.shape
    members = np.empty(_CHUNK, np.int64)
    values = np.empty((features, _CHUNK))
    distances, nearest, leads = np.empty(_CHUNK), np.empty(_CHUNK), np.empty(_CHUNK)
    winners = np.empty(_CHUNK, np.int64)
    changed = 0
    for start in range(0, count, _CHUNK):
        open_points = 0
        for index in range(start, min(start + _CHUNK, count)):
            members[open_points] = index
            open_points += gaps[index] <= traveled[labels[index]]
        if open_points == 0:
            continue
        for feature in range(features):
            for item in range(open_points):
                values[feature, item] = points[feature, members[item]]
        find_nearest(values, centers, open_points, city_block, winners, leads, distances, nearest)
        for item in range(open_points):
            index, label = members[item], winners[item]
            # Rounded down, as float32 holds it.
            gaps[index] = (leads[item] + traveled[label]) * (1 - 1e-6)
            before = labels[index]
            if label == before:
                continue
            changed += 1
            labels[index] = label
            weight = weights[index % len(weights)]
            totals[before] -= weight
            totals[label] += weight
            for feature in range(features):
                sums[before, feature] -= weight * values[feature, item]
                sums[label, feature] += weight * values[feature, item]
    return changed


@compiled
def total_distance(points: Any, weights: Any, centers: Any, labels: Any, city_block: bool) -> float:
    """Sum of the weighted distances (squared Euclidean, or city-block) of the points to their centers."""
    features, count = points.shape
    total = 0.0
    for index in range(count):
        center = centers[labels[index]]
        distance = 0.0
        for feature in range(features):
            offset = points[feature, index] - center[feature]
            distance += abs(offset) if city_block else offset * offset
        total += weights[index % len(weights)] * distance
    return total


@compiled
def weighted_sums(points: Any, weights: Any) -> Any:
    """Weighted sum of the points, (features,), and sum of the weights."""
    features, count = points.shape
    sums = np.zeros(features)
    if len(weights) == 1:
        for feature in range(features):
            for index in range(count):
                sums[feature] += points[feature, index]
        return sums * weights[0], weights[0] * count
    total = 0.0
    for index in range(count):
        total += weights[index]
        for feature in range(features):
            sums[feature] += weights[index] * points[feature, index]
    return sums, total


@compiled
def medians(keys: Any, weights: Any, labels: Any, totals: Any) -> Any:
    """Lower weighted median of each class and feature, by radix selection, a byte at a time.

    Keys are (features, points) uint32 in the order of the values; totals are the classes' weights.
    """
    features, count = keys.shape
    classes = len(totals)
    found = np.zeros((classes, features), np.uint32)
    for feature in range(features):
        prefixes = np.zeros(classes, np.int64)
        wanted = totals / 2
        for shift in (24, 16, 8, 0):
            counts = np.zeros((classes, 256))
            for index in range(count):
                label, key = labels[index], np.int64(keys[feature, index])
                if (key >> (shift + 8)) == prefixes[label]:
                    counts[label, (key >> shift) & 255] += weights[index % len(weights)]
            for label in range(classes):
                byte = 0
                while byte < 255 and counts[label, byte] < wanted[label]:
                    wanted[label] -= counts[label, byte]
                    byte += 1
                prefixes[label] = (prefixes[label] << 8) | byte
        found[:, feature] = prefixes
    return found


@compiled
def spread(points: Any, weights: Any, draws: Any, city_block: bool) -> Any:
    """Choose starting points far apart: greedy k-means++, the best of several draws for each center.

    Draws are (classes, trials) in [0, 1). Returns (classes,) indices of points.
    """
    count = points.shape[1]
    classes, trials = draws.shape
    chosen = np.zeros(classes, np.int64)
    nearest = np.ones(count)
    distances, candidate, best = np.empty(count), np.empty(count), np.empty(count)
    for number in range(classes):
        mass = np.cumsum(nearest * weights)
        best_potential = np.inf
        for trial in range(trials):
            index = min(np.searchsorted(mass, draws[number, trial] * mass[-1], side="right"), count - 1)
            add_distances(points, points[:, index], count, city_block, distances)
            potential = 0.0
            for item in range(count):
                candidate[item] = distances[item] if number == 0 else min(nearest[item], distances[item])
                potential += weights[item % len(weights)] * candidate[item]
            if potential < best_potential:
                best_potential = potential
                chosen[number] = index
                best[:] = candidate
            if number == 0:
                break
        nearest[:] = best
    return chosen
