"""Two labels by one minimum cut."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Box, Color, Gray, Labels, Param, Valid
from segcli.errors import InputError
from segcli.numeric.color_models import bright_odds, log_likelihood
from segcli.numeric.contrast import contrast_weights
from segcli.numeric.foreground import choose_side
from segcli.numeric.forms import as_gray
from segcli.numeric.maxflow import cut_cost, grid_cut
from segcli.segmentation import Segmentation

OBJECT, BACKGROUND = 1, 2


def graphcut(
    image: Gray | Color,
    *,
    valid: Valid = None,
    scribbles: Labels | None = None,
    box: Box | None = None,
    color_model: Literal["histogram", "gaussian"] = "histogram",
    weight: Annotated[float, Param(min=0, max=10000)] = 20.0,
    contrast: Annotated[float, Param(min=1e-6, max=65535, unit="intensity")] | Literal["auto"] = "auto",
    connectivity: Literal[4, 8] = 8,
    foreground: Literal["bright", "dark", "auto"] = "auto",
) -> Segmentation:
    """Part object from background where colors fit best and the border is cheapest.

    The labeling L with the least energy of all,
    sum over pixels of -ln P(L_p | color of p)
    + weight * sum over neighbors with different labels of exp(-|Ip - Iq|^2 / (2 contrast^2)) / distance(p, q),
    is found exactly by a minimum cut. P comes from two color models: learned from scribbles or a box and taken at
    equal shares, or else two Gaussians of the gray values on either side of Otsu's cut, with their shares.
    Works when object and background differ in color or have a clear edge between
    them. Fails when they share colors and the hints are few, and cuts off thin parts at a high weight.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels left out have no links and teach nothing.
    scribbles : (H, W) int32
        Strokes: 1 on the object, 2 on the background, 0 elsewhere. They are obeyed.
    box : left, top, right, bottom
        Rectangle around the object. All outside it is background, except scribbles of 1;
        the object's colors are those more frequent inside it than outside.
    color_model : histogram or gaussian
        Color model of each side: several colors, or one with its spread.
    weight : float
        What the border costs against the colors; higher is smoother.
    contrast : float or auto
        Difference between neighbors that counts as an edge; auto takes
        the root of their mean squared difference.
    connectivity : 4 or 8
        Neighbors of a pixel.
    foreground : bright, dark or auto
        Without hints, the gray side that is the object.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; of all cheapest labelings, the one with the smallest object.
        numbers["energy"] : of the labels, added up over pixels and links (a scribbled pixel adds nothing).
        numbers["flow"] : the greatest flow, which proves that no labeling has less energy, up to rounding.
        numbers["contrast"] : in image units; 0 where no two neighbors differ, and links then weigh weight / distance.
        layers["posterior"] : (H, W) float32, probability of object by color alone.

    Raises
    ------
    InputError
        Scribbles with other values than 0, 1 and 2, or without both labels and no box; a box without an
        outside, or with nothing inside that could be object.

    References
    ----------
    Y. Boykov and M.-P. Jolly, "Interactive graph cuts for optimal boundary and region segmentation of objects in N-D
    images", Proc. IEEE Int. Conf. Computer Vision (ICCV), vol. 1, 105-112, 2001.

    Examples
    --------
    >>> strip = np.array([[10, 12, 11, 200]], np.uint8)
    >>> graphcut(strip, scribbles=np.array([[2, 0, 0, 1]], np.int32)).labels.tolist()
    [[0, 0, 0, 1]]
    """
    choices = {}
    seeds = _seeds(scribbles, box, valid, image.shape[:2])
    if scribbles is None and box is None:
        odds = bright_odds(as_gray(image), valid)
        if odds is None:
            note = "every pixel has the same value; there is nothing to separate"
            return Segmentation(np.zeros(image.shape[:2], np.uint8), "mask", notes=(note,))
        choices["foreground"] = foreground
        if foreground == "auto":
            choices["foreground"] = choose_side((odds > 0).view(np.uint8), valid)
        odds = odds if choices["foreground"] == "bright" else -odds
    else:
        odds = _learned_odds(image, seeds, valid, color_model)
    source, sink = _terminals(odds, seeds, valid)
    weights, used = contrast_weights(image, connectivity, None if contrast == "auto" else contrast, valid)
    weights *= np.float32(weight)
    mask, flow = grid_cut(source, sink, weights)
    numbers = {"energy": cut_cost(mask, source, sink, weights), "flow": flow, "contrast": used}
    posterior = (0.5 + 0.5 * np.tanh(0.5 * odds)).astype(np.float32)
    return Segmentation(
        mask.view(np.uint8),
        "mask",
        numbers=numbers,
        choices=choices,
        layers={"posterior": posterior},
        notes=_notes(mask, valid),
    )


def _seeds(scribbles: Array | None, box: Box | None, valid: Array | None, shape: tuple[int, int]) -> Array:
    """Pixels whose label is given: 1 object, 2 background, 0 open."""
    seeds = np.zeros(shape, np.uint8)
    if box is not None:
        seeds[...] = BACKGROUND
        seeds[box.top : box.bottom, box.left : box.right] = 0
    if scribbles is not None:
        if scribbles.min() < 0 or scribbles.max() > BACKGROUND:
            wrong = int(scribbles[(scribbles < 0) | (scribbles > BACKGROUND)][0])
            raise InputError(f"scribbles hold the value {wrong}; they take 1 (object), 2 (background) and 0 (none).")
        seeds[scribbles > 0] = scribbles[scribbles > 0]
    if valid is not None:
        seeds[~valid] = 0
    present = np.bincount(seeds.ravel(), minlength=3)
    if box is not None and not present[BACKGROUND]:
        raise InputError("the box covers the whole image; leave some background outside, or draw scribbles of 2.")
    if box is not None and not (present[OBJECT] or ((seeds == 0) & (True if valid is None else valid)).any()):
        raise InputError("nothing inside the box is left: it is all left out or scribbled as 2 (background).")
    if box is None and scribbles is not None and not (present[OBJECT] and present[BACKGROUND]):
        missing = "1 (object)" if not present[OBJECT] else "2 (background)"
        raise InputError(
            f"scribbles have no pixel of {missing}; draw both 1 (object) and 2 (background), or give a box."
        )
    return seeds


def _learned_odds(
    image: Array, seeds: Array, valid: Array | None, color_model: Literal["histogram", "gaussian"]
) -> Array:
    """Log odds of object over background by colors learned from the seeds, or from the open pixels of a box."""
    background = log_likelihood(image, (seeds == BACKGROUND).astype(np.float32), color_model)
    if (seeds == OBJECT).any():
        samples = (seeds == OBJECT).astype(np.float32)
    else:
        samples = (seeds == 0).astype(np.float32)
        if valid is not None:
            samples *= valid
        # A box holds object and background: p_in >= (1 - a) p_background, and what exceeds it is the object's.
        inside = log_likelihood(image, samples, color_model)
        samples *= 1e-6 - np.expm1(np.minimum(background - inside, 0))
    return log_likelihood(image, samples, color_model) - background


def _terminals(odds: Array, seeds: Array, valid: Array | None) -> tuple[Array, Array]:
    """Cost of calling each pixel background, and of calling it object: -ln of either's posterior."""
    source = np.logaddexp(np.float32(0), odds)
    sink = np.logaddexp(np.float32(0), -odds)
    for seed, forced, free in ((OBJECT, source, sink), (BACKGROUND, sink, source)):
        forced[seeds == seed] = np.inf
        free[seeds == seed] = 0
    if valid is not None:
        source[~valid] = sink[~valid] = 0
    return source, sink


def _notes(mask: Array, valid: Array | None) -> tuple[str, ...]:
    """Say so when one label took everything."""
    if not mask.any():
        return ("the cheapest cut has no object; lower weight or add hints",)
    if (mask if valid is None else mask[valid]).all():
        return ("the cheapest cut has no background; lower weight or add hints",)
    return ()
