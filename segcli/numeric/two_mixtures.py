"""Parting a picture in two by color models and a minimum cut, in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from segcli.arrays import Array, Mask
from segcli.numeric.contrast import contrast_weights
from segcli.numeric.gaussian_mixture import Mixture, fit, split_fit
from segcli.numeric.maxflow import GridCut, cut_cost
from segcli.numeric.reduced import Extent, spans
from segcli.numeric.trimaps import BACKGROUND, OBJECT

NOISE = 1.0
"""Variance with which colors on a scale of 0 to 255 are taken to be known."""

HALVINGS = 3
"""How often the weight may be halved for an object that is too small."""


@dataclass(frozen=True, eq=False)
class Parting:
    """A picture in two parts.

    Attributes
    ----------
    mask : (H, W) bool
        True on the object.
    models : the background's mixture and the object's, to which the mask's last cut was made.
    energies : energy after every cut; none is above the one before.
    emptied : the cut after these left no object at all, and was not used.
    """

    mask: Mask
    models: tuple[Mixture, Mixture]
    energies: tuple[float, ...]
    emptied: bool = False


def part(
    colors: Array,
    trimap: Array,
    sides: Array,
    components: int,
    iterations: int,
    weight: float,
    prior: Array | None = None,
    valid: Array | None = None,
) -> Parting:
    """Learn a mixture of each side's colors and cut, until nothing changes or `iterations` cuts are made.

    Parameters
    ----------
    colors : (H, W, 3) float32, on a scale of 0 to 255
    trimap : (H, W) uint8
        BACKGROUND and OBJECT are obeyed, OPEN pixels are decided.
    sides : (H, W) uint8
        What the first models learn from: 0 background, 1 object, 2 neither. Both must occur.
    components : Gaussians of each mixture.
    iterations : the most cuts.
    weight : what parting equal neighbors costs.
    prior : (H, W) float32
        Added to the cost of calling a pixel object.
    valid : (H, W) bool or None
        Pixels left out teach nothing, cost nothing and have no links.
    """
    weights = contrast_weights(colors, 8, valid=valid)[0]
    weights *= np.float32(weight)
    graph = GridCut(weights)
    flat = colors.reshape(-1, 3)
    models = [split_fit(flat[(sides == side).ravel()], components, NOISE) for side in (0, 1)]
    result = Parting(trimap == OBJECT, (models[0], models[1]), ())
    for _ in range(iterations):
        for side in (0, 1):
            members = flat[(sides == side).ravel()]
            models[side] = fit(members, models[side].components(members), NOISE)
        costs = _costs(flat, models, prior, valid, trimap.shape)
        mask = graph.cut(*ties(costs, trimap))[0]
        sides = mask.astype(np.uint8)
        if valid is not None:
            sides[~valid] = 2
        if not (sides == 1).any():
            # Models of nothing cannot be learned; what stood before is kept.
            return replace(result, emptied=True)
        settled = bool(result.energies) and np.array_equal(mask, result.mask)
        energy = cut_cost(mask, *costs, weights)
        result = Parting(mask, (models[0], models[1]), (*result.energies, energy))
        if settled or not (sides == 0).any():
            break
    return result


def spanning(
    part_at: Callable[[float], Parting], weight: float, extent: Extent | None
) -> tuple[Parting, float, tuple[str, ...]]:
    """Part at the weight; where the object vanishes or falls short of its box, at the half, quarter or eighth.

    Where none of these helps, the first that left an object is taken. Returns the parting, its weight, and notes.
    """
    tries: list[Parting] = []
    for halvings in range(HALVINGS + 1):
        tries.append(part_at(weight / 2**halvings))
        if not tries[-1].emptied and spans(tries[-1].mask, extent):
            break
    else:
        halvings = next((index for index, result in enumerate(tries) if result.energies), HALVINGS)
    result, used = tries[halvings], weight / 2**halvings
    if len(tries) == 1:
        return result, used, ()
    complaint = "the object vanished" if tries[0].emptied else "the object spans less than 3/4 of its box"
    if not result.energies:
        note = f"{complaint}, at every weight down to {used:g}; draw scribbles on it"
    elif halvings:
        note = f"{complaint} at the weight {weight:g}; the weight {used:g} was taken"
    elif result.emptied:
        note = f"{complaint} after {len(result.energies)} iterations, of which the last was kept"
    else:
        # A loosely drawn box around an object that is cut as asked for.
        return result, used, ()
    return result, used, (note,)


def probability(colors: Array, models: tuple[Mixture, Mixture]) -> Array:
    """(H, W) float32 probability of object by color alone, both sides being as frequent."""
    background, foreground = (model.log_likelihood(colors.reshape(-1, 3)) for model in models)
    return (0.5 + 0.5 * np.tanh(0.5 * (foreground - background))).astype(np.float32).reshape(colors.shape[:2])


def _costs(
    flat: Array, models: list[Mixture], prior: Array | None, valid: Array | None, shape: tuple[int, ...]
) -> tuple[Array, Array]:
    """Cost of calling each pixel background, and of calling it object."""
    background, foreground = (model.costs(flat).astype(np.float32).reshape(shape) for model in models)
    if prior is not None:
        foreground += prior
    if valid is not None:
        background[~valid] = foreground[~valid] = 0
    return background, foreground


def ties(costs: tuple[Array, Array], trimap: Array) -> tuple[Array, Array]:
    """Capacities from the source and to the sink: the costs less the smaller of both, and infinite where given."""
    least = np.minimum(*costs)
    source, sink = costs[0] - least, costs[1] - least
    for given, forced, free in ((OBJECT, source, sink), (BACKGROUND, sink, source)):
        forced[trimap == given] = np.inf
        free[trimap == given] = 0
    return source, sink
