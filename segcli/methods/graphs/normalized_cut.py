"""Parts that are weakly linked to each other and strongly within."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Color, Gray, Param, Valid
from segcli.errors import InputError
from segcli.numeric.affinity import affinity
from segcli.numeric.picture_graph import picture_graph
from segcli.numeric.region_graph import drawn, merged
from segcli.numeric.spectral import cut_value, eigenvectors, ncut_value, split_at_once, split_recursively
from segcli.segmentation import Segmentation

MOST_PIXELS = 40_000
"""Single pixels; the eigenvectors of these take seconds for every part."""

BYTES = 13_000
"""That a pixel takes in a factored matrix of links."""

SHOWN = 4
"""Eigenvectors among the layers."""


def normalized_cut(
    image: Gray | Color,
    *,
    valid: Valid = None,
    regions: Annotated[int, Param(min=1, max=1000)] = 10,
    threshold: Annotated[float, Param(min=0, max=2)] | None = None,
    mode: Literal["recursive", "kway"] = "recursive",
    superpixels: Annotated[int, Param(min=2, max=10000)] | Literal["off"] = 600,
    contrast: Annotated[float, Param(min=1e-6, max=65535, unit="intensity")] | Literal["auto"] = "auto",
    radius: Annotated[float, Param(min=1, max=1000, unit="pixels")] | Literal["auto"] = "auto",
    seed: Annotated[int, Param(min=0)] = 0,
) -> Segmentation:
    """Cut where the links cut are least, as a share of all links of either side.

    Superpixels (or pixels) are linked by color, distance and the edges between them, and the graph is parted so that
    Ncut = cut(A, B) / links(A) + cut(A, B) / links(B) is small: by the second eigenvector of
    (D - W) y = lambda D y, cut where Ncut is least. Both sides must have links of their own, so that no small island
    is cut off, as minimum_cut does.
    Works when objects differ from what is around them as a whole, if not everywhere along their outline. Fails on
    large even areas (sky), which are cut into pieces of similar size before small objects are found, and on
    thin objects.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Gray images are compared by L*, others by L*a*b*. 16-bit images, and floats that do not lie between 0 and 1,
        are stretched to their range first. Not modified.
    valid : (H, W) bool or None
        Pixels left out are in no region, and no link crosses them.
    regions : int
        Number of regions; in the mode recursive at most so many.
    threshold : float
        In the mode recursive, a part stays whole if its best cut has an Ncut value above this, from 0 to 2;
        without it, cutting goes on to the number of regions.
    mode : recursive or kway
        Cut in two again and again, next the part with the least Ncut; or find all regions at once from as many
        eigenvectors. At once, a region may lie in several places.
    superpixels : int or off
        About how many superpixels to link; off links single pixels, which only small pictures allow.
    contrast : float or auto
        Color difference that counts as an edge, in L* of 0 to 100; auto takes a fifth of the root mean squared
        difference of all that is linked.
    radius : float or auto
        Links reach this far; auto takes four times the width of a superpixel.
    seed : int
        Start of the random numbers, in the mode kway; the same seed gives the same result.

    Returns
    -------
    Segmentation
        labels : (H, W) int32; regions 1..n, in reading order of their first pixels.
        numbers : regions; ncut, summed over the regions; cut, the weight of all links between regions;
        contrast and radius that were used.
        layers : superpixels; strength, the gradient in L*a*b* a pixel; eigenvector_2 to eigenvector_4.
        series : ncut (splits,), in the mode recursive the value of each split within the part that it split;
        eigenvalues, the smallest ones.

    Raises
    ------
    InputError
        Too many single pixels or links; eigenvectors that were not found.

    Notes
    -----
        Ncut(A, B) = cut(A, B) / links(A) + cut(A, B) / links(B)      (equation 2)
        (D - W) y = lambda D y,   D = diagonal of the sums of W      (equation 6)
        w = exp(-color^2 / (2 contrast^2)) exp(-distance^2 / (2 (0.4 radius)^2)) exp(-strongest edge between / g)
    The eigenvector of the second smallest lambda is cut where Ncut is least, then either part in turn.

    References
    ----------
    J. Shi and J. Malik, "Normalized cuts and image segmentation", IEEE Trans. Pattern Analysis and Machine
    Intelligence 22(8), 888-905, 2000.
    S. X. Yu and J. Shi, "Multiclass spectral clustering", IEEE Int. Conf. Computer Vision (ICCV), 313-319, 2003.

    Examples
    --------
    >>> strip = np.array([[10, 12, 11, 200, 205]], np.uint8)
    >>> normalized_cut(strip, regions=2, superpixels="off").labels.tolist()
    [[1, 1, 1, 2, 2]]
    """
    pixels = image.shape[0] * image.shape[1] if valid is None else int(np.count_nonzero(valid))
    if superpixels == "off" and pixels > MOST_PIXELS:
        raise InputError(
            f"{pixels} single pixels need some {pixels * BYTES / 1e9:.1f} GB and long for their eigenvectors; at most "
            f"{MOST_PIXELS} are done. Set a number of superpixels, or make the picture smaller."
        )
    picture = picture_graph(image, valid, superpixels)
    if picture is None:
        note = "every pixel has the same value; there is nothing to separate"
        return Segmentation(np.zeros(image.shape[:2], np.int32), "instances", numbers={"regions": 0}, notes=(note,))
    if picture.graph.regions == 1:
        note = "the picture is a single superpixel"
        return Segmentation(picture.labels, "instances", numbers={"regions": 1}, notes=(note,))
    links, used = affinity(picture, contrast, radius)
    if mode == "recursive":
        parting = split_recursively(links, regions, threshold)
    else:
        parting = split_at_once(links, regions, seed)
    found = int(parting.groups.max()) + 1
    layers: dict[str, Array] = {"strength": picture.strength}
    if superpixels != "off":
        layers["superpixels"] = picture.labels
    values, vectors = eigenvectors(links, min(SHOWN, links.nodes))
    for number, vector in enumerate(vectors.T[1:], start=2):
        layers[f"eigenvector_{number}"] = drawn(picture.labels, vector)
    series = {"eigenvalues": values, "ncut": parting.values}
    return Segmentation(
        merged(picture.labels, parting.groups),
        "instances",
        numbers={
            "regions": found,
            "ncut": ncut_value(links, parting.groups),
            "cut": cut_value(links, parting.groups),
            **used,
        },
        layers=layers,
        series={name: curve for name, curve in series.items() if len(curve)},
    )
