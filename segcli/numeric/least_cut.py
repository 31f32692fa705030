"""The global minimum cut of a graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.numeric.affinity import Links


def least_cut(links: Links) -> tuple[NDArray[np.bool_], float]:
    """Cut a graph in two where the sum of the links cut is least, over all ways to part it.

    Parameters
    ----------
    links : Links
        Two nodes or more. Time grows with the cube of the nodes, memory with their square.

    Returns
    -------
    side : (nodes,) bool
        True on the side that does not hold node 0.
    value : sum of the weights cut.

    References
    ----------
    M. Stoer and F. Wagner, "A simple min-cut algorithm", J. ACM 44(4), 585-591, 1997.

    Examples
    --------
    >>> triangle = np.array([[0, 1], [0, 2], [1, 2]], np.int32)
    >>> side, value = least_cut(Links(3, triangle, np.array([5.0, 1.0, 2.0]), np.zeros(3)))
    >>> side.tolist(), value
    ([False, False, True], 3.0)
    """
    from segcli.numeric._least_cut_kernels import part_by_least_cut

    matrix = np.zeros((links.nodes, links.nodes))
    matrix[tuple(links.pairs.T)] = matrix[tuple(links.pairs.T[::-1])] = links.weights
    side = np.zeros(links.nodes, bool)
    value = float(part_by_least_cut(matrix, side))
    return side ^ side[0], value
