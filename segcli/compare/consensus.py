"""What several masks of one picture agree on: majority, STAPLE, agreement of pairs, and where they part.

Nobody knows the truth here. A consensus is as good as the methods that vote: what all of them miss, it misses too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Mask
from segcli.errors import InputError

START = 0.99999
"""Sensitivity and specificity that everybody has at first; to begin near 1 says that votes mean what they say."""

SMALLEST = 1e-9
"""How near to 0 and 1 sensitivity and specificity may come: nobody is infallible, which would silence the others."""

STEADY = 1e-6
"""Change of the mean probability at which the estimate stands."""

MOST_STEPS = 500


@dataclass(frozen=True, eq=False)
class Ballots:
    """The votes on a picture, by the patterns that occur: most pixels vote as many others do.

    Attributes
    ----------
    patterns : (patterns, voters) bool.
    counts : (patterns,) int64, pixels that voted so.
    places : (H, W) int32, the pattern of each pixel.
    """

    patterns: NDArray[np.bool_]
    counts: NDArray[np.int64]
    places: NDArray[np.int32]

    @property
    def voters(self) -> int:
        """How many vote."""
        return int(self.patterns.shape[1])

    @property
    def share(self) -> NDArray[np.float64]:
        """(patterns,) share of the voters that say object."""
        return np.asarray(self.patterns.mean(axis=1))


def count_votes(masks: Sequence[Mask]) -> Ballots:
    """Collect masks of one picture.

    Parameters
    ----------
    masks : (H, W) bool each, at least one.

    Raises
    ------
    InputError : sizes differ.
    """
    shapes = {mask.shape for mask in masks}
    if len(shapes) != 1:
        raise InputError(f"masks of one picture have {len(shapes)} sizes; they must be equal.")
    shape = shapes.pop()
    votes = np.stack([np.asarray(mask, bool).ravel() for mask in masks])
    places = np.zeros(votes.shape[1], np.int64)
    for first in range(0, len(votes), 32):
        # A word of at most 32 bits, behind the pattern so far: both fit 64 bits.
        word = places << 32
        for bit, vote in enumerate(votes[first : first + 32]):
            word |= vote.astype(np.int64) << bit
        places = np.unique(word, return_inverse=True)[1]
    _, samples, counts = np.unique(places, return_index=True, return_counts=True)
    return Ballots(votes[:, samples].T.copy(), counts, places.reshape(shape).astype(np.int32))


def majority(ballots: Ballots) -> Mask:
    """Object where more than half of the voters say so; a tie is background.

    Examples
    --------
    >>> majority(count_votes([np.array([[1, 1, 0]]), np.array([[1, 0, 0]])])).tolist()
    [[True, False, False]]
    """
    return np.asarray((ballots.share > 0.5)[ballots.places])


@dataclass(frozen=True, eq=False)
class Staple:
    """What STAPLE makes of votes.

    Attributes
    ----------
    probability : (H, W) float32, that a pixel is object.
    sensitivity, specificity : (voters,) float64, the shares of the object and of the ground that each finds.
    prior : share of object that was assumed.
    steps : of the estimate; `steady` says whether it stood at the end.
    """

    probability: NDArray[np.float32]
    sensitivity: NDArray[np.float64]
    specificity: NDArray[np.float64]
    prior: float
    steps: int
    steady: bool

    @property
    def mask(self) -> Mask:
        """Object where that is likelier than not."""
        return np.asarray(self.probability > 0.5)


def staple(ballots: Ballots, *, prior: float | None = None, steps: int = MOST_STEPS) -> Staple:
    """Estimate the truth behind votes, and how good each voter is, from each other (expectation maximization).

    The probability of object of a pixel follows from the prior and from everybody's sensitivity and specificity; these
    are then the shares of likely object and likely ground that each got right; and so on until nothing changes.
    Voters who agree with what most agree on gain weight. Fails where most are wrong in the same way, and where the
    ground outweighs the object by far: specificity is then near 1 for all, and single voters add object.

    Parameters
    ----------
    ballots : of at least one voter.
    prior : share of the pixels that are object; None: the share of all votes that say so.
    steps : at most.

    References
    ----------
    S. K. Warfield, K. H. Zou, W. M. Wells, "Simultaneous truth and performance level estimation (STAPLE): an
    algorithm for the validation of image segmentation", IEEE Trans. Medical Imaging 23(7), 903-921, 2004; equations
    14, 15, 18 and 19.
    """
    votes, counts = ballots.patterns.astype(np.float64), ballots.counts.astype(np.float64)
    total = counts.sum()
    share = float(counts @ ballots.share / total) if prior is None else prior
    sensitivity = np.full(ballots.voters, START)
    specificity = sensitivity.copy()
    likely = np.zeros(len(votes))
    done, before = 0, np.inf
    odds = _odds(share)
    while done < steps:
        done += 1
        sure, safe = (np.clip(rate, SMALLEST, 1 - SMALLEST) for rate in (sensitivity, specificity))
        # Logarithm of the odds: products over thirty voters would leave the range of numbers.
        against = np.log((1 - sure) / safe)
        evidence = odds + against.sum() + votes @ (np.log(sure / (1 - safe)) - against)
        likely = 1 / (1 + np.exp(-np.clip(evidence, -700, 700)))
        objects, ground = counts * likely, counts * (1 - likely)
        sensitivity = _rate(objects @ votes, objects.sum(), sensitivity)
        specificity = _rate(ground.sum() - ground @ votes, ground.sum(), specificity)
        mean = float(objects.sum() / total)
        if abs(mean - before) < STEADY:
            break
        before = mean
    steady = done < steps or steps == 0
    probability = likely.astype(np.float32)[ballots.places]
    return Staple(probability, sensitivity, specificity, share, done, steady)


def _odds(share: float) -> float:
    """Logarithm of the odds of a share; finite where nobody or everybody says object."""
    share = min(max(share, SMALLEST), 1 - SMALLEST)
    return float(np.log(share / (1 - share)))


def _rate(right: Array, whole: float, before: Array) -> NDArray[np.float64]:
    """Shares of a whole; unchanged where there is none."""
    return np.asarray(right / whole if whole > 0 else before, np.float64)


def agreement(ballots: Ballots) -> NDArray[np.float64]:
    """Dice coefficient of each pair of voters, (voters, voters); two that find nothing agree entirely.

    Examples
    --------
    >>> agreement(count_votes([np.array([[1, 1, 0]]), np.array([[1, 0, 0]])])).round(4).tolist()
    [[1.0, 0.6667], [0.6667, 1.0]]
    """
    votes = ballots.patterns.astype(np.float64)
    shared = (votes * ballots.counts[:, None]).T @ votes
    sizes = np.diag(shared)
    both = sizes[:, None] + sizes
    return np.asarray(np.divide(2 * shared, both, out=np.ones_like(shared), where=both > 0))


def mean_agreement(pairs: Array) -> NDArray[np.float64]:
    """Mean agreement of each voter with the others, (voters,); NaN of one who is alone."""
    voters = len(pairs)
    if voters < 2:
        return np.full(voters, np.nan)
    return np.asarray((pairs.sum(axis=1) - np.diag(pairs)) / (voters - 1))


def disagreement(ballots: Ballots) -> NDArray[np.float32]:
    """How far voters part at each pixel, (H, W): 4 m (1 - m) of the share m that says object; 1 is half against half.

    Examples
    --------
    >>> disagreement(count_votes([np.array([[1, 1, 0]]), np.array([[1, 0, 0]])])).tolist()
    [[0.0, 1.0, 0.0]]
    """
    share = ballots.share
    return np.asarray((4 * share * (1 - share)).astype(np.float32)[ballots.places])
