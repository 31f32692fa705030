"""How alike the regions of a picture are: links that weigh more the more two regions belong together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.numeric.picture_graph import PictureGraph

MOST_LINKS = 20_000_000
"""Links that are held in memory; each takes about 100 bytes on the way."""

WEAKEST = 1e-6
"""No link weighs less: a graph that hangs together does so in its eigenvectors too."""

_REACH = 4.0
"""Radius of the links, in widths of a region."""

_FADE = 0.4
"""Standard deviation of the weight over distance, in radii."""

_COLOR_SHARE = 0.2
"""Standard deviation of the weight over color, as a share of the root mean square difference of what is linked."""

_EDGE_SHARE = 0.3
"""Edge on the way that weakens a link to 1/e, as a share of the mean over all links."""


@dataclass(frozen=True, eq=False)
class Links:
    """A weighted graph without direction.

    Attributes
    ----------
    nodes : number of nodes.
    pairs : (E, 2) int32
        Nodes from 0, the lower first.
    weights : (E,) float64, not negative
    own : (nodes,) float64
        Weight of each node's link to itself, which adds to its degree and is never cut.
    """

    nodes: int
    pairs: NDArray[np.int32]
    weights: NDArray[np.float64]
    own: NDArray[np.float64]

    @property
    def degrees(self) -> NDArray[np.float64]:
        """(nodes,) sum of the weights at each node."""
        both = np.concatenate([self.weights, self.weights])
        return self.own + np.bincount(self.pairs.T.ravel(), both, minlength=self.nodes)

    def within(self, members: Array) -> Links:
        """The graph of some nodes, given in rising order, and of the links between them."""
        place = np.full(self.nodes, -1, np.int32)
        place[members] = np.arange(len(members), dtype=np.int32)
        ends = place[self.pairs]
        kept = (ends >= 0).all(axis=1)
        return Links(len(members), ends[kept], self.weights[kept], self.own[members])


def affinity(
    picture: PictureGraph, contrast: float | Literal["auto"] = "auto", radius: float | Literal["auto"] = "auto"
) -> tuple[Links, dict[str, float]]:
    """Link regions that touch or lie within a radius.

    A link weighs exp(-c^2 / (2 contrast^2)) exp(-d^2 / (2 s^2)) exp(-e / g) for the difference c of the mean colors,
    the distance d of the middles and the strongest edge e on the straight way between these: Shi and Malik's weights
    (2000, equation 11) with the intervening contour of Leung and Malik. s is 0.4 of the radius, g 0.3 of the mean e.

    Parameters
    ----------
    picture : PictureGraph
    contrast : in units of L*; auto takes a fifth of the root mean squared c.
    radius : in pixels; auto takes four times the width of a region. No link crosses a pixel left out, except between
        regions that touch.

    Returns
    -------
    links : Links
    used : contrast and radius.

    Raises
    ------
    InputError : more links than fit.

    References
    ----------
    J. Shi and J. Malik, "Normalized cuts and image segmentation", IEEE Trans. Pattern Analysis and Machine
    Intelligence 22(8), 888-905, 2000.
    T. Leung and J. Malik, "Contour continuity in region based image segmentation", ECCV 1998, 544-559.
    """
    count, pixels = picture.graph.regions, int(picture.sums.sizes.sum())
    reach = _REACH * math.sqrt(pixels / count) if radius == "auto" else radius
    pairs = _pairs(picture, reach, count, pixels)
    edge, clear = _strongest_between(picture, pairs, reach)
    kept = clear | _touching(picture, pairs)
    pairs, edge = pairs[kept], edge[kept]
    first, second = pairs.T
    colors = np.sum((picture.colors[first] - picture.colors[second]) ** 2, axis=1)
    distances = np.sum((picture.places[first] - picture.places[second]) ** 2, axis=1)
    typical = math.sqrt(colors.mean()) if len(colors) else 0.0
    used = max(_COLOR_SHARE * typical, 1e-9) if contrast == "auto" else contrast
    weak = max(_EDGE_SHARE * float(edge.mean()), 1e-9) if len(edge) else 1.0
    exponent = colors / (2 * used**2) + distances / (2 * (_FADE * reach) ** 2) + edge / weak
    weights = np.maximum(np.exp(-exponent), WEAKEST)
    return Links(count, pairs, weights, np.zeros(count)), {"contrast": float(used), "radius": float(reach)}


def _pairs(picture: PictureGraph, reach: float, count: int, pixels: int) -> NDArray[np.int32]:
    """Regions whose middles lie within reach of each other, and those that touch; sorted, without repeats."""
    from scipy.spatial import KDTree

    links = count * min(math.pi * reach**2 * count / pixels, count) / 2
    if links > MOST_LINKS:
        raise InputError(
            f"{count} regions with links up to {reach:g} pixels make about {links:.2g} links, some "
            f"{links * 100 / 1e9:.1f} GB; at most {MOST_LINKS:.2g} are done. "
            "Take fewer superpixels or a smaller radius."
        )
    near = KDTree(picture.places).query_pairs(reach, output_type="ndarray").astype(np.int64)
    both = np.concatenate([near, picture.graph.edges.astype(np.int64)])
    low, high = both.min(axis=1), both.max(axis=1)
    return np.stack(np.divmod(np.unique(low * count + high), count), axis=1).astype(np.int32)


def _strongest_between(picture: PictureGraph, pairs: Array, reach: float) -> tuple[Array, NDArray[np.bool_]]:
    """The greatest gradient on the straight way between two middles, and whether all of the way lies in regions."""
    start, way = picture.places[pairs[:, 0]], np.diff(picture.places[pairs], axis=1)[:, 0]
    strongest, clear = np.zeros(len(pairs)), np.ones(len(pairs), bool)
    steps = math.ceil(reach) + 1
    for share in np.linspace(0, 1, steps):
        row, column = np.rint(start + share * way).astype(np.intp).T
        np.maximum(strongest, picture.strength[row, column], out=strongest)
        clear &= picture.labels[row, column] > 0
    return strongest, clear


def _touching(picture: PictureGraph, pairs: Array) -> NDArray[np.bool_]:
    """Whether the regions of each pair touch."""
    count = picture.graph.regions
    keys = (edges.astype(np.int64) @ np.array([count, 1]) for edges in (pairs, picture.graph.edges))
    return np.isin(next(keys), next(keys), assume_unique=True)
