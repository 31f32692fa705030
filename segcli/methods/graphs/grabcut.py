"""GrabCut: an object out of its background, from a box, strokes or a trimap."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from segcli.arrays import Array, Box, Color, Labels, Param, Valid
from segcli.numeric.reduced import Reduced, ellipse_cost
from segcli.numeric.sharpen import sharpen
from segcli.numeric.trimaps import OBJECT, first_sides, read_hints, shrink
from segcli.numeric.two_mixtures import Parting, part, probability, spanning
from segcli.segmentation import Segmentation

REFERENCE = 1024
"""Longer side, in pixels, of the picture that `weight` is meant for."""

SMALLEST = 256
"""Longer side below which `weight` shrinks no more."""

FRAMED = "nothing is marked as background; a frame along the picture's border was taken for it at first"


def grabcut(
    image: Color,
    *,
    valid: Valid = None,
    box: Box | None = None,
    scribbles: Labels | None = None,
    trimap: Labels | None = None,
    components: Annotated[int, Param(min=1, max=32)] = 5,
    iterations: Annotated[int, Param(min=1, max=100)] = 5,
    weight: Annotated[float, Param(min=0, max=10000)] = 50.0,
    working_size: Annotated[int, Param(min=16, max=65535, unit="pixels")] = 320,
) -> Segmentation:
    """Cut an object out from a box, strokes or a trimap, learning both sides' colors.

    Color models of both sides and a minimum cut take turns: each cut takes the labeling with the least energy under
    the models, and the models are learned again from its sides. Works when object and background differ in color,
    even if both have many. Fails when they share colors, and on thin parts. Without a hint, the object is taken to
    fill the picture less a margin of 5 %. A box that leaves nothing outside takes a frame of 2 % for background at
    first. Nothing is left to chance.

    Parameters
    ----------
    image : (H, W, 3) uint8, uint16 or float32
        Image in its own units. Not modified. Other than 8-bit images are scaled from their 0.1 to their 99.9
        percentile to 0 to 255.
    valid : (H, W) bool or None
        Pixels left out teach nothing and have no links; the picture ends where the box around the others does.
    box : left, top, right, bottom
        Rectangle drawn closely around the object. All outside is background, unless another hint says otherwise.
    scribbles : (H, W) int32
        Strokes: 1 on the object, 2 on the background, 0 elsewhere. They are obeyed, before box and trimap. Without a
        box, the first models learn from the strokes alone, or, if one of the two is missing, from the rest for it.
    trimap : (H, W) int32
        0 background, 255 object, 128 unknown. Unknown pixels teach nothing at first, if there are both others.
    components : int
        Gaussians in each color model.
    iterations : int
        The most cuts of the reduced picture.
    weight : float
        What the border costs against the colors; higher is smoother.
    working_size : int
        Longer side to which a larger picture is reduced for learning.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8.
        numbers : energy of the last cut of the reduced picture; iterations done; weight, as given or halved.
        series : energy (iterations,) float64, which never rises.
        layers : trimap (H, W) uint8, all hints merged; probability (H, W) float32 of object by color alone, at the
        detail of the reduced picture.

    Raises
    ------
    InputError
        A trimap with other values than 0, 128 and 255, or scribbles with others than 0, 1 and 2.

    Notes
    -----
        E = sum over p of min over k of -ln (w_k N(I_p; m_k, S_k)), of the side of p,
            + weight * sum over neighbors on different sides of exp(-b |I_p - I_q|^2) / distance(p, q)
        1  each pixel's component, and from them the mixtures of both sides;   2  the least cut;   3  again from 1
    Neither step raises E, so the iterations end.

    What is computed differently from the paper and from OpenCV:
    a picture larger than `working_size` is reduced to it for all of the iterations, and at full size only the border
    is cut again, within one and a half reduced pixels, under the same models;
    `weight` is meant for a picture of 1024 pixels and is scaled with the longer side of the reduced and of the full
    picture (not below 256), so that the result hardly depends on resolution;
    inside a box, calling a pixel object costs r^2 - 1/2 more, where r is 1 on the ellipse inscribed in the box;
    if the object vanishes, or spans less than three quarters of a drawn box, the weight is halved, up to three times;
    covariances hold the variance of an error of one of 256 gray levels, and the first components come from splitting;
    iterations stop when no label changes; there is no border matting.

    References
    ----------
    C. Rother, V. Kolmogorov and A. Blake, "GrabCut: interactive foreground extraction using iterated graph cuts",
    ACM Trans. Graphics 23(3), 309-314, 2004.

    Examples
    --------
    >>> scene = np.zeros((6, 8, 3), np.uint8)
    >>> scene[2:4, 3:6] = (200, 40, 40)
    >>> grabcut(scene, box=Box(2, 1, 7, 5)).labels[2].tolist()
    [0, 0, 0, 1, 1, 1, 0, 0]
    """
    hints = read_hints((image.shape[0], image.shape[1]), box, scribbles, trimap, valid)
    layers = {"trimap": hints.trimap}
    small = Reduced(image, valid, working_size)
    few = shrink(hints.trimap, small.shape)
    sides, framed = first_sides(few, hints.open_side, small.valid)
    problem = _problem(image, sides)
    if problem:
        given = (hints.trimap == OBJECT).astype(np.uint8)
        return Segmentation(given, "mask", layers=layers, notes=(*hints.notes, problem))
    extent = None if hints.box is None else small.extent(hints.box)
    prior = None if extent is None else ellipse_cost(small.shape, extent)

    def part_at(chosen: float) -> Parting:
        scaled = _scaled(chosen, small.shape)
        return part(small.colors, few, sides, components, iterations, scaled, prior, small.valid)

    result, used, notes = spanning(part_at, weight, extent if hints.drawn and not framed else None)
    mask = result.mask
    if small.shape != hints.trimap.shape:
        scaled = _scaled(used, hints.trimap.shape)
        mask = sharpen(mask, image, small.to_colors, hints.trimap, result.models, scaled, valid)
    layers["probability"] = small.enlarge(probability(small.colors, result.models))
    return Segmentation(
        mask.astype(np.uint8),
        "mask",
        numbers={"energy": result.energies[-1], "iterations": len(result.energies), "weight": used}
        if result.energies
        else {"iterations": 0, "weight": used},
        layers=layers,
        series={"energy": np.array(result.energies)},
        notes=(*hints.notes, *((FRAMED,) if framed else ()), *notes),
    )


def _scaled(weight: float, shape: tuple[int, ...]) -> float:
    """The weight for a picture of another size: areas count with the square of the side, borders with the side."""
    return weight * max(*shape, SMALLEST) / REFERENCE


def _problem(image: Array, sides: Array) -> str:
    """Why there is nothing to decide, or nothing."""
    if (image == image[0, 0]).all():
        return "every pixel has the same value; there is nothing to separate"
    for side, name in enumerate(("background", "object")):
        if not (sides == side).any():
            return f"the hints leave no pixel to learn the {name} from; what they mark as object was returned"
    return ""
