"""Two parts with the fewest links between them."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Color, Gray, Param, Valid
from segcli.numeric.affinity import affinity
from segcli.numeric.least_cut import least_cut
from segcli.numeric.picture_graph import picture_graph
from segcli.numeric.region_graph import merged
from segcli.numeric.spectral import ncut_value
from segcli.segmentation import Segmentation

ISLAND = 0.05
"""Share of the picture below which the smaller side is called an island."""


def minimum_cut(
    image: Gray | Color,
    *,
    valid: Valid = None,
    superpixels: Annotated[int, Param(min=2, max=2000)] = 600,
    contrast: Annotated[float, Param(min=1e-6, max=65535, unit="intensity")] | Literal["auto"] = "auto",
    radius: Annotated[float, Param(min=1, max=1000, unit="pixels")] | Literal["auto"] = "auto",
) -> Segmentation:
    """Cut a picture in two where the sum of the links cut is least.

    Superpixels are linked by color, distance and the edges between them, as in normalized_cut, and the least of all
    cuts of the graph is found exactly. It needs no object or background to be pointed at, but nothing keeps it from
    being small: cutting off one superpixel that is unlike its neighbors, or a corner, cuts few links, so that the
    least cut is mostly a small island. The number ncut shows it: near 1 where an island was cut off, which has
    hardly a link of its own. normalized_cut was made to mend this.
    Works when a picture has one compact object with a strong edge all around, and as the yardstick for
    normalized_cut. Fails on most others.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Gray images are compared by L*, others by L*a*b*. 16-bit images, and floats that do not lie between 0 and 1,
        are stretched to their range first. Not modified.
    valid : (H, W) bool or None
        Pixels left out are in no region, and no link crosses them.
    superpixels : int
        About how many superpixels to link.
    contrast : float or auto
        Color difference that counts as an edge, in L* of 0 to 100; auto takes a fifth of the root mean squared
        difference of all that is linked.
    radius : float or auto
        Links reach this far; auto takes four times the width of a superpixel.

    Returns
    -------
    Segmentation
        labels : (H, W) int32; regions 1 and 2, in reading order of their first pixels.
        numbers : regions; cut, the weight of the links cut, which no other cut undercuts; ncut, the same as a share
        of all links of either side, summed; smaller, pixels of the smaller side; contrast and radius that were used.
        layers : superpixels; strength, the gradient in L*a*b* a pixel.

    Raises
    ------
    InputError
        More links than fit in memory.

    Notes
    -----
        cut(A, B) = sum of w(a, b) over a in A, b in B;   the least over all A that are neither empty nor everything
        weights w as in normalized_cut;   ncut = cut / links(A) + cut / links(B)
    Stoer and Wagner: order the nodes by their links to those taken; the last one alone is a least cut between it and
    the one before; merge the two, and go on.

    References
    ----------
    Z. Wu and R. Leahy, "An optimal graph theoretic approach to data clustering: theory and its application to image
    segmentation", IEEE Trans. Pattern Analysis and Machine Intelligence 15(11), 1101-1113, 1993.
    M. Stoer and F. Wagner, "A simple min-cut algorithm", J. ACM 44(4), 585-591, 1997.

    Examples
    --------
    >>> halves = np.repeat(np.array([[50, 200]], np.uint8), 16, axis=1).repeat(16, axis=0)
    >>> minimum_cut(halves, superpixels=8).labels[0, [0, -1]].tolist()
    [1, 2]
    """
    picture = picture_graph(image, valid, superpixels)
    if picture is None:
        note = "every pixel has the same value; there is nothing to separate"
        return Segmentation(np.zeros(image.shape[:2], np.int32), "instances", numbers={"regions": 0}, notes=(note,))
    if picture.graph.regions == 1:
        note = "the picture is a single superpixel"
        return Segmentation(picture.labels, "instances", numbers={"regions": 1}, notes=(note,))
    links, used = affinity(picture, contrast, radius)
    side, value = least_cut(links)
    pixels = picture.sums.sizes
    smaller = int(min(pixels[side].sum(), pixels[~side].sum()))
    notes: tuple[str, ...] = ()
    if smaller < ISLAND * pixels.sum():
        notes = (f"the least cut takes off an island of {smaller} pixels; try normalized_cut",)
    return Segmentation(
        merged(picture.labels, side),
        "instances",
        numbers={
            "regions": 2,
            "cut": value,
            "ncut": ncut_value(links, side.astype(np.int32)),
            "smaller": smaller,
            **used,
        },
        layers={"strength": picture.strength, "superpixels": picture.labels},
        notes=notes,
    )
