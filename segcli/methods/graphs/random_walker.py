"""Random walker: each pixel joins the seed that a walk from it meets first."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segcli.arrays import Array, Color, Gray, Labels, Param, Valid
from segcli.errors import InputError, SettingError
from segcli.numeric.forms import as_gray
from segcli.numeric.ground import otsu_ground
from segcli.numeric.random_walks import meeting_chances, surest_seeds, walking_weights
from segcli.numeric.strokes import read_class_strokes
from segcli.segmentation import Segmentation

_MOST_SCORES = 1 << 30
"""Numbers in all probabilities together: 4 GiB."""


def random_walker(
    image: Gray | Color,
    *,
    valid: Valid = None,
    scribbles: Labels | None = None,
    markers: Labels | None = None,
    beta: Annotated[float, Param(min=0, max=1000)] = 2.0,
    prior: Annotated[float, Param(min=0, max=100)] | Literal["auto"] = "auto",
    space: Literal["auto", "rgb", "lab"] = "auto",
    connectivity: Literal[4, 8] = 8,
    foreground: Literal["bright", "dark", "auto"] = "auto",
) -> Segmentation:
    """Give each pixel to the seed that a random walk from it meets first.

    A walker on a pixel steps to a neighbor in proportion to (exp(-beta |Ip - Iq|^2 / mean of all |Ip - Iq|^2) + 0.001)
    / distance(p, q), and so shuns edges. How likely it is to meet each label's seeds first is found for all pixels at
    once, from Laplace's equation. Works with few seeds, across weak and broken edges, and for many labels that touch.
    Fails where texture hems the walker in: far from all seeds the labels are then shared out by distance.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32
        In its own units. Not modified.
    valid : (H, W) bool or None
        Pixels left out are not walked on.
    scribbles : (H, W) int32
        Strokes: 1 on the object, 2 on the background, 0 elsewhere. The result is a mask.
    markers : (H, W) int32
        Label image whose every label marks one object; mark the background too, as one of them. The result is
        instances. Without markers and scribbles the surest pixels on both sides of Otsu's cut are the seeds.
    beta : float
        How much the walker shuns edges; 0 walks blindly.
    prior : float or auto
        Weight of a last link of every pixel to the labels themselves, in proportion to how likely they are by its
        color, learned from the seeds; 0 is the classical walker. Auto is 0.001 with scribbles, else 0.
    space : auto, rgb or lab
        Compare colors as they are stored or in CIE L*a*b* (D65, from sRGB); auto is lab, but rgb on floats.
    connectivity : 4 or 8
        Neighbors of a pixel.
    foreground : bright, dark or auto
        Without scribbles and markers, the gray side that is the object.

    Returns
    -------
    Segmentation
        labels : (H, W) uint8 mask, or int32 instances that keep the markers' labels. The lower label of two equally
        likely wins, background before object. Where no walk meets a seed, 0.
        scores : (K, H, W) float32, probabilities of background and object, or of the markers' labels in rising order.
        numbers["iterations"] : most that one label took; numbers["objects"], for markers.
        choices["foreground"] : where the seeds are Otsu's.
        layers["certainty"] : (H, W) float32, the largest probability; layers["seeds"] : (H, W) int32.

    Raises
    ------
    InputError
        Scribbles without one of both labels; markers without any; lab of floats outside 0 to 1; probabilities of more
        than 4 GiB.
    SettingError
        Scribbles and markers at once.

    Notes
    -----
        w_pq = (exp(-beta |I_p - I_q|^2 / mean of |I_p - I_q|^2) + 0.001) / distance(p, q)
        L_pp = sum over q of w_pq,   L_pq = -w_pq
        x_p = probability to meet the label's seeds first:   L x = 0 beside the seeds, x = 1 on them, 0 on other seeds
        label(p) = the label of the greatest x_p

    References
    ----------
    L. Grady, "Random walks for image segmentation", IEEE Trans. Pattern Analysis and Machine Intelligence 28(11),
    1768-1783, 2006.
    L. Grady, "Multilabel random walker image segmentation using prior models", IEEE Conf. Computer Vision and Pattern
    Recognition (CVPR), vol. 1, 763-770, 2005.

    Examples
    --------
    >>> strip = np.array([[10, 12, 11, 90, 92]], np.uint8)
    >>> random_walker(strip, markers=np.array([[4, 0, 0, 0, 7]], np.int32)).labels.tolist()
    [[4, 4, 4, 7, 7]]
    """
    if scribbles is not None and markers is not None:
        raise SettingError("markers", "exclude scribbles; give one of the two.")
    choices: dict[str, str] = {}
    if markers is not None:
        seeds, names = _read_markers(markers, valid)
    elif scribbles is not None:
        # Background first, as in the scores.
        seeds, names = np.array([0, 2, 1])[read_class_strokes(scribbles, 2, valid)], np.array([0, 1])
    else:
        ground = otsu_ground(as_gray(image), valid, foreground)
        if not ground.choices:
            return Segmentation(np.zeros(image.shape[:2], np.uint8), "mask", notes=ground.notes)
        seeds, names = surest_seeds(as_gray(image), ground.mask > 0, valid), np.array([0, 1])
        choices["foreground"] = ground.choices["foreground"]
    if prior == "auto":
        prior = 0.0 if scribbles is None else 1e-3
    weights = walking_weights(image, space, beta, connectivity, valid)
    scores, iterations = meeting_chances(image, seeds, len(names), weights, prior, valid)
    labels = np.where(scores.any(axis=0), names[scores.argmax(axis=0)], 0)
    numbers: dict[str, float] = {"iterations": iterations}
    if markers is not None:
        numbers["objects"] = len(names)
    return Segmentation(
        labels.astype(np.uint8 if markers is None else np.int32),
        "mask" if markers is None else "instances",
        scores=scores,
        numbers=numbers,
        choices=choices,
        layers={"certainty": scores.max(axis=0), "seeds": np.append(0, names + (markers is None))[seeds]},
    )


def _read_markers(markers: Labels, valid: Array | None) -> tuple[Array, Array]:
    """Number the labels that occur 1, 2, ... in rising order; also returns them."""
    marked = np.maximum(markers, 0) if valid is None else np.where(valid, np.maximum(markers, 0), 0)
    names = np.unique(marked)
    names = names[names > 0]
    if len(names) == 0:
        raise InputError("markers hold no label above 0 on a pixel that counts; mark each object, and the background.")
    if markers.size * len(names) > _MOST_SCORES:
        size = markers.size * len(names) * 4 / 2**30
        raise InputError(f"the probabilities of {len(names)} labels would take {size:.0f} GiB; shrink the image.")
    return np.where(marked > 0, np.searchsorted(names, marked) + 1, 0), names
