"""Regions merged from the bottom up."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Color, Gray, Param, Valid
from segcli.errors import InputError
from segcli.numeric.merging import Linkage, MergeTree, merge_tree
from segcli.numeric.picture_graph import picture_graph
from segcli.numeric.region_graph import merged, on_boundaries
from segcli.segmentation import Segmentation

MOST_PIXELS = {"boundary": 50_000}
"""Single pixels by linkage: one huge region grows, whose whole boundary is walked at every merge."""

ANY_PIXELS = 1_500_000
"""Single pixels by any other linkage."""

BYTES = 600
"""That a single pixel takes."""


def hierarchical(
    image: Gray | Color,
    *,
    valid: Valid = None,
    regions: Annotated[int, Param(min=1, max=100000)] = 10,
    threshold: Annotated[float, Param(min=0)] | None = None,
    linkage: Linkage = "ward_boundary",
    superpixels: Annotated[int, Param(min=2, max=100000)] | Literal["off"] = 300,
) -> Segmentation:
    """Merge touching superpixels, the cheapest pair first.

    Starts from superpixels or single pixels and merges, one after another, the two touching regions whose merge
    costs least; the merges make a tree, of which any level is a segmentation. Colors are compared in L*a*b*.
    Works when regions are even in color and parted by edges. Fails on texture, whose stripes and spots do not merge
    with each other before they merge with what is around; and where superpixels cross a faint edge, because they
    are never taken apart (raise superpixels).

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Gray images are compared by L*. 16-bit images, and floats that do not lie between 0 and 1, are stretched to
        their range first. Not modified.
    valid : (H, W) bool or None
        Pixels left out are in no region; regions touch across valid pixels only.
    regions : int
        Merging stops at this many regions.
    threshold : float
        Merging stops earlier where the cheapest merge costs more than this. In units of L*a*b*; by ward times the
        root of pixels, by boundary a pixel, by ward_boundary the product of both over the root of all pixels.
    linkage : ward_boundary, ward, mean_color or boundary
        What a merge costs: ward takes the growth of the squared error, so that small regions go first; mean_color
        the difference of the mean colors; boundary the mean gradient along the common boundary; ward_boundary the
        product of the first and the last, which agrees best with people.
    superpixels : int or off
        About how many superpixels to start from; off starts from single pixels.

    Returns
    -------
    Segmentation
        labels : (H, W) int32; regions 1..n, in reading order of their first pixels.
        numbers : regions; merges; height, what the last merge cost; next_height, what the next would cost.
        layers : superpixels; strength, the gradient in L*a*b* a pixel; boundary_height, at the boundaries
        of the superpixels the highest merge it took to remove them.
        series : heights (merges,), what each merge costs, down to one region; tree (merges, 2) int32, the lowest
        superpixels (from 0) of the two regions that merged. Of equal costs the lowest superpixels merge first.

    Raises
    ------
    InputError
        Too many single pixels to merge.

    Notes
    -----
    With sizes n, mean colors m of two touching regions A, B and the mean gradient g along their border:
        ward           root of (2 n_A n_B / (n_A + n_B)) * |m_A - m_B|
        mean_color     |m_A - m_B|
        boundary       g
        ward_boundary  ward * g, over the root of all pixels
    The pair that costs least is merged, its costs to its neighbors are made anew, and so on.

    References
    ----------
    J. M. Beaulieu and M. Goldberg, "Hierarchy in picture segmentation: a stepwise optimization approach", IEEE Trans.
    Pattern Analysis and Machine Intelligence 11(2), 150-163, 1989.

    Examples
    --------
    >>> strip = np.array([[10, 12, 90, 94, 200]], np.uint8)
    >>> hierarchical(strip, regions=3, superpixels="off").labels.tolist()
    [[1, 1, 2, 2, 3]]
    """
    pixels = image.shape[0] * image.shape[1] if valid is None else int(np.count_nonzero(valid))
    most = MOST_PIXELS.get(linkage, ANY_PIXELS)
    if superpixels == "off" and pixels > most:
        raise InputError(
            f"{pixels} single pixels would take some {pixels * BYTES / 1e9:.1f} GB to merge, or very long; at most "
            f"{most} are merged by {linkage}. Set a number of superpixels."
        )
    picture = picture_graph(image, valid, superpixels)
    if picture is None:
        note = "every pixel has the same value; there is nothing to separate"
        return Segmentation(np.zeros(image.shape[:2], np.int32), "instances", numbers={"regions": 0}, notes=(note,))
    tree = merge_tree(picture.graph, picture.color_sums, linkage)
    merges = tree.merges_until(regions, threshold)
    numbers: dict[str, float] = {"regions": tree.regions - merges, "merges": merges}
    if merges:
        numbers["height"] = float(tree.heights[merges - 1])
    if merges < len(tree.heights):
        numbers["next_height"] = float(tree.heights[merges])
    layers: dict[str, Array] = {"strength": picture.strength}
    if superpixels != "off":
        heights = tree.joined_at(picture.graph.edges)
        layers["superpixels"] = picture.labels
        layers["boundary_height"] = on_boundaries(picture.labels, picture.graph, heights)
    return Segmentation(
        merged(picture.labels, tree.groups(merges)),
        "instances",
        numbers=numbers,
        layers=layers,
        series={"heights": tree.heights, "tree": tree.pairs},
        notes=_notes(tree, merges, regions),
    )


def _notes(tree: MergeTree, merges: int, regions: int) -> tuple[str, ...]:
    """Say so where there are fewer regions than asked for from the start, or more because no more of them touch."""
    if tree.regions < regions:
        return (f"there were only {tree.regions} regions to start from; raise superpixels for more",)
    if merges == len(tree.pairs) and tree.regions - merges > regions:
        return (f"{tree.regions - merges} regions are left, which do not touch",)
    return ()
