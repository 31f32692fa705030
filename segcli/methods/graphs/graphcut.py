"""Two labels by one minimum cut, or more by a row of cuts."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Box, Color, Gray, Labels, Param, Valid
from segcli.errors import SettingError
from segcli.numeric.color_classes import color_classes
from segcli.numeric.color_models import bright_odds
from segcli.numeric.contrast import contrast_weights
from segcli.numeric.expansion import cheapest, expand_grid, potts_energy
from segcli.numeric.foreground import choose_side
from segcli.numeric.forms import as_gray
from segcli.numeric.maxflow import cut_cost, grid_cut
from segcli.numeric.strokes import class_costs, learned_odds, read_class_strokes, read_strokes, terminals
from segcli.segmentation import Segmentation


def graphcut(
    image: Gray | Color,
    *,
    valid: Valid = None,
    classes: Annotated[int, Param(min=2, max=32)] = 2,
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
    is found exactly by a minimum cut; of more than two classes, one that no expansion move improves. P comes from color
    models: learned from scribbles or a box and taken at equal shares, or else two Gaussians of the gray values on
    either side of Otsu's cut, with their shares; for more classes without scribbles, learned from those of k-means.
    Works when object and background differ in color or have a clear edge between
    them. Fails when they share colors and the hints are few, and cuts off thin parts at a high weight.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        Image in its own units. Not modified.
    valid : (H, W) bool or None
        Pixels left out have no links and teach nothing.
    classes : int
        2 parts object from background. More are those of the scribbles, or without scribbles groups of color.
    scribbles : (H, W) int32
        Strokes: 1 on the object, 2 on the background, 0 elsewhere; with more classes 1 to their number.
        They are obeyed.
    box : left, top, right, bottom
        Rectangle around the object, of two classes. All outside it is background, except scribbles of 1;
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
        Without hints, the gray side that is the object, of two classes.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8; of all cheapest labelings, the one with the smallest object. With more than two classes:
        class k is that of scribble k + 1, or 0 the darkest.
        numbers["energy"] : of the labels, added up over pixels and links (a scribbled pixel adds nothing).
        numbers["flow"] : the greatest flow, which proves that no labeling has less energy, up to rounding.
        numbers["contrast"] : in image units; 0 where no two neighbors differ, and links then weigh weight / distance.
        layers["posterior"] : (H, W) float32, probability of object by color alone; with more than two classes instead
        layers["likeliest"], the class by color alone, and series["energy"], after each round of moves.
        layers["seeds"] : (H, W) uint8, of hints: 1 object, 2 background, 0 open.

    Raises
    ------
    InputError
        Scribbles with other values than 0, 1 and 2 (0 to classes), or without all labels and no box; a box without an
        outside, or with nothing inside that could be object; fewer distinct colors than classes.
    SettingError
        A box or a side with more than two classes.

    Notes
    -----
        E(L) = sum over p of -ln P(I_p | L_p) + weight * sum over neighbors p, q with L_p != L_q of w_pq
        w_pq = exp(-|I_p - I_q|^2 / (2 contrast^2)) / distance(p, q)
        least cut between source and sink = greatest flow = min over L of E(L)      (two classes)

    References
    ----------
    Y. Boykov and M.-P. Jolly, "Interactive graph cuts for optimal boundary and region segmentation of objects in N-D
    images", Proc. IEEE Int. Conf. Computer Vision (ICCV), vol. 1, 105-112, 2001.
    Y. Boykov, O. Veksler, R. Zabih, "Fast approximate energy minimization via graph cuts", IEEE Trans. Pattern Analysis
    and Machine Intelligence 23(11), 1222-1239, 2001.

    Examples
    --------
    >>> strip = np.array([[10, 12, 11, 200]], np.uint8)
    >>> graphcut(strip, scribbles=np.array([[2, 0, 0, 1]], np.int32)).labels.tolist()
    [[0, 0, 0, 1]]
    """
    if classes > 2:
        if box is not None:
            raise SettingError("box", f"needs two classes, there are {classes}; mark each class by scribbles.")
        if foreground != "auto":
            raise SettingError("foreground", f"is {foreground}; it needs two classes, there are {classes}.")
        links, used = contrast_weights(image, connectivity, None if contrast == "auto" else contrast, valid)
        return _many(image, classes, scribbles, valid, color_model, (links * np.float32(weight), used))
    choices = {}
    seeds = read_strokes(scribbles, box, valid, image.shape[:2])
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
        odds = learned_odds(image, seeds, valid, color_model)
    source, sink = terminals(odds, seeds, valid)
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
        layers={"posterior": posterior, **({} if scribbles is None and box is None else {"seeds": seeds})},
        notes=_notes(mask, valid),
    )


def _many(
    image: Array,
    classes: int,
    scribbles: Array | None,
    valid: Array | None,
    color_model: Literal["histogram", "gaussian"],
    links: tuple[Array, float],
) -> Segmentation:
    """More than two classes by expansion moves: those of the scribbles, or of k-means."""
    if scribbles is None:
        groups = color_classes(image, classes, valid)
        if groups is None:
            note = "every pixel has the same value; there is nothing to separate"
            return Segmentation(np.zeros(image.shape[:2], np.uint8), "classes", notes=(note,))
        taught = groups + 1 if valid is None else (groups + 1) * valid
    else:
        taught = read_class_strokes(scribbles, classes, valid)
    costs = class_costs(image, taught, classes, color_model)
    likeliest = cheapest(costs)
    if scribbles is not None:
        fixed = taught > 0
        costs[fixed] = np.where(np.arange(classes) == taught[fixed][:, None] - 1, np.float32(0), np.float32(np.inf))
    if valid is not None:
        costs[~valid] = 0
    weights, used = links
    found = expand_grid(costs, weights)
    present = np.bincount((found.labels if valid is None else found.labels[valid]).ravel(), minlength=classes) > 0
    missing = ", ".join(map(str, np.flatnonzero(~present)))
    return Segmentation(
        found.labels,
        "classes",
        numbers={"energy": potts_energy(costs, weights, found.labels), "contrast": used},
        layers={"likeliest": likeliest},
        series={"energy": found.energies},
        notes=(f"no pixel is of class {missing}; lower weight or add hints",) if missing else (),
    )


def _notes(mask: Array, valid: Array | None) -> tuple[str, ...]:
    """Say so when one label took everything."""
    if not mask.any():
        return ("the cheapest cut has no object; lower weight or add hints",)
    if (mask if valid is None else mask[valid]).all():
        return ("the cheapest cut has no background; lower weight or add hints",)
    return ()
