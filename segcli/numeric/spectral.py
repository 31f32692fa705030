"""Normalized cuts: parting a graph by the eigenvectors of its links."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.numeric.affinity import Links

_DENSE = 600
"""Nodes up to which all of the matrix is held: its eigenvectors come faster so."""

_SHIFT = 1e-7
"""How far above its largest eigenvalue, 1, the matrix of a large graph is inverted."""

_STARTS = 10
"""Rotations that the k-way discretization is started from."""


@dataclass(frozen=True, eq=False)
class Parting:
    """A graph cut into groups.

    Attributes
    ----------
    groups : (nodes,) int32, from 0
    values : (splits,) float64
        The Ncut value of each split inside the part that it split, in the order of the splits; k-way: none.
    """

    groups: NDArray[np.int32]
    values: NDArray[np.float64]


def cut_value(links: Links, groups: Array) -> float:
    """Sum the weights of all links between different groups."""
    return float(links.weights[groups[links.pairs[:, 0]] != groups[links.pairs[:, 1]]].sum())


def ncut_value(links: Links, groups: Array) -> float:
    """Sum over the groups, from 0, of what is cut around each as a share of all its links (Shi and Malik, eq. 2).

    Examples
    --------
    >>> chain = Links(3, np.array([[0, 1], [1, 2]], np.int32), np.array([3.0, 1.0]), np.zeros(3))
    >>> ncut_value(chain, np.array([0, 0, 1]))  # 1 / (3 + 4) + 1 / 1
    1.1428571428571428
    """
    first, second = groups[links.pairs].T
    across = links.weights * (first != second)
    count = int(groups.max()) + 1
    cut = np.bincount(first, across, minlength=count) + np.bincount(second, across, minlength=count)
    total = np.bincount(groups, links.degrees, minlength=count)
    return float(np.divide(cut, total, out=np.zeros(count), where=total > 0).sum())


def eigenvectors(links: Links, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solve (D - W) y = lambda D y for the smallest eigenvalues.

    Parameters
    ----------
    links : Links
        A node without links counts as linked to itself.
    count : int
        At most as many as there are nodes.

    Returns
    -------
    values : (count,) float64, rising from 0.
    vectors : (nodes, count) float64
        y' D y = 1; the entry farthest from 0 is positive.
    """
    from scipy import linalg, sparse

    own = links.own + (links.degrees == 0)
    root = np.sqrt(links.degrees + (links.degrees == 0))
    first, second = links.pairs.T
    weights = links.weights / (root[first] * root[second])
    # With z = D^1/2 y the problem is an ordinary one (eq. 7): the largest eigenvectors of D^-1/2 W D^-1/2.
    if links.nodes <= _DENSE or count >= links.nodes - 1:
        matrix = np.diag(own / root**2)
        matrix[first, second] = matrix[second, first] = weights
        last = links.nodes - 1
        values, vectors = linalg.eigh(matrix, subset_by_index=[last - count + 1, last], check_finite=False)
    else:
        upper = sparse.csc_array((weights, (first, second)), shape=(links.nodes, links.nodes))
        values, vectors = _largest(upper + upper.T + sparse.diags_array(own / root**2), count, root)
    vectors = vectors[:, ::-1] / root[:, None]
    farthest = vectors[np.abs(vectors).argmax(axis=0), np.arange(count)]
    return 1 - values[::-1], vectors * np.where(farthest < 0, -1, 1)


def _largest(matrix: Array, count: int, root: Array) -> tuple[Array, Array]:
    """The eigenvalues of a sparse matrix nearest below 1 and their vectors, in rising order."""
    from scipy import sparse
    from scipy.sparse import linalg

    # They crowd just below 1, where plain iteration hardly parts them: inverted around 1 they lie far apart.
    shifted = sparse.csc_array((1 + _SHIFT) * sparse.eye_array(len(root)) - matrix)
    order = {"permc_spec": "MMD_AT_PLUS_A", "diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
    inverse = linalg.LinearOperator(matrix.shape, linalg.splu(shifted, **order).solve, dtype=np.float64)
    random = np.random.default_rng(0)
    start = root + root.mean() * random.random(len(root))
    # Newer versions of scipy draw a restart from a generator of the system's entropy, unless they are given one.
    given = {"rng": random} if "rng" in inspect.signature(linalg.eigsh).parameters else {}
    try:
        inverted, vectors = linalg.eigsh(inverse, count, which="LA", v0=start, tol=1e-9, **given)
    except linalg.ArpackNoConvergence:
        raise InputError(
            f"the eigenvectors of {len(root)} regions were not found; take fewer superpixels or a larger radius."
        ) from None
    rising = np.argsort(inverted, kind="stable")
    return 1 + _SHIFT - 1 / inverted[rising], vectors[:, rising]


def best_cut(links: Links, vector: Array) -> tuple[NDArray[np.bool_], float]:
    """Cut the nodes in two at the place along a vector where Ncut is least, of all places between two nodes.

    Returns
    -------
    upper : (nodes,) bool
        The nodes behind the cut.
    value : Ncut.
    """
    order = np.argsort(vector, kind="stable")
    rank = np.empty(links.nodes, np.intp)
    rank[order] = np.arange(links.nodes)
    ends = rank[links.pairs]
    # A link is cut by the places from its lower end up to just before its upper one.
    opened = np.bincount(ends.min(axis=1), links.weights, minlength=links.nodes)
    closed = np.bincount(ends.max(axis=1), links.weights, minlength=links.nodes)
    cut = np.maximum(np.cumsum(opened - closed)[:-1], 0)
    degrees = links.degrees[order]
    below, above = np.cumsum(degrees)[:-1], np.cumsum(degrees[::-1])[::-1][1:]
    values = cut / below + cut / above
    place = int(np.argmin(values))
    return rank > place, float(values[place])


def split(links: Links) -> tuple[NDArray[np.bool_], float]:
    """Cut a graph of two nodes or more in two: off what is not linked, or else along its second eigenvector.

    Returns the side without node 0, and Ncut.
    """
    from scipy.sparse import coo_array, csgraph

    graph = coo_array((np.ones(len(links.pairs)), tuple(links.pairs.T)), shape=(links.nodes, links.nodes))
    parts, component = csgraph.connected_components(graph, directed=False)
    if parts > 1:
        return component > 0, 0.0
    upper, value = best_cut(links, eigenvectors(links, 2)[1][:, 1])
    return upper ^ upper[0], value


def split_recursively(links: Links, regions: int, threshold: float | None = None) -> Parting:
    """Split the part whose split has the least Ncut, again and again.

    Parameters
    ----------
    links : Links
    regions : int
        Most parts.
    threshold : float or None
        No split above this Ncut value is made.

    Examples
    --------
    >>> chain = Links(4, np.array([[0, 1], [1, 2], [2, 3]], np.int32), np.array([9.0, 1.0, 9.0]), np.zeros(4))
    >>> split_recursively(chain, 2).groups.tolist()
    [0, 0, 1, 1]
    """
    groups = np.zeros(links.nodes, np.int32)
    values: list[float] = []
    # Each part's best split: value, the part, its members that leave. The part found first wins a tie.
    waiting: list[tuple[float, int, Array]] = []

    def add(part: int, members: Array) -> None:
        if len(members) > 1:
            leaving, value = split(links.within(members))
            waiting.append((value, part, members[leaving]))

    add(0, np.arange(links.nodes))
    while waiting and len(values) + 1 < regions:
        best = min(waiting, key=lambda entry: entry[:2])
        if threshold is not None and best[0] > threshold:
            break
        waiting.remove(best)
        values.append(best[0])
        groups[best[2]] = len(values)
        if len(values) + 1 < regions:
            add(best[1], np.flatnonzero(groups == best[1]))
            add(len(values), best[2])
    return Parting(groups, np.array(values))


def split_at_once(links: Links, regions: int, seed: int = 0) -> Parting:
    """Part a graph into groups by its first eigenvectors together.

    The rows of the eigenvectors, at unit length, are rotated until they lie as close as they can to the corners of a
    simplex, one a group; of ten rotations to start from the one that ends with the least Ncut is kept.

    Parameters
    ----------
    links : Links
    regions : int
        Groups; a group may come out empty, and there are then fewer.
    seed : int

    References
    ----------
    S. X. Yu and J. Shi, "Multiclass spectral clustering", IEEE Int. Conf. Computer Vision (ICCV), 313-319, 2003.
    """
    count = min(regions, links.nodes)
    vectors = eigenvectors(links, count)[1]
    rows = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-300)
    random = np.random.default_rng(seed)
    found = [_discrete(rows, int(random.integers(links.nodes))) for _ in range(_STARTS)]
    best = min(found, key=lambda groups: ncut_value(links, groups))
    return Parting(np.unique(best, return_inverse=True)[1].astype(np.int32), np.empty(0))


def _discrete(rows: Array, first: int) -> NDArray[np.intp]:
    """Rotate unit rows towards the axes in turn with giving each row to its nearest axis; start from a row."""
    chosen, likeness = [rows[first]], np.zeros(len(rows))
    for _ in range(rows.shape[1] - 1):
        likeness += np.abs(rows @ chosen[-1])
        chosen.append(rows[np.argmin(likeness)])
    rotation, before = np.stack(chosen, axis=1), -1.0
    while True:
        groups: NDArray[np.intp] = (rows @ rotation).argmax(axis=1)
        nearest = np.zeros_like(rows)
        nearest[np.arange(len(rows)), groups] = 1
        left, sizes, right = np.linalg.svd(nearest.T @ rows)
        if sizes.sum() <= before * (1 + 1e-10):
            return groups
        before, rotation = float(sizes.sum()), (left @ right).T
