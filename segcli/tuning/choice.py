"""Which candidate to take, and what it will score on new pictures, from scores of few pictures.

The more candidates are tried on few pictures, the more the best of them owes to luck. So (1) the best method as it
comes is left only for a candidate that beats it on pictures that had no say in its choice, (2) among candidates that
cannot be told apart the simpler one is taken, and (3) the score that is reported is not that by which it was chosen:
each picture is scored by the candidate that the same procedure takes from the others. What stays: candidates are
made with all pictures in view, only the choice among them is held out; and pictures unlike the few are not foreseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

LEVEL = 0.95
LEAVE_ONE_OUT = 8
"""Pictures up to which each is left out by itself; of more, as many groups are made."""


LEAST_SPREAD = 0.01
"""Standard deviation that scores have at least, however equal those of a few pictures happen to be."""


class Interval(NamedTuple):
    """From, to."""

    low: float
    high: float


@dataclass(frozen=True)
class Choice:
    """What was taken, and how good it is.

    Attributes
    ----------
    place : of the candidate among all.
    default : place of the best candidate among the defaults.
    score : mean of the held-out scores.
    held_out : (pictures,) score of each by what was chosen without it; NaN where nothing could be scored.
    interval : where the mean score of as many new pictures lies with 95 % confidence.
    kept : whether the default was kept although a candidate scored higher, for want of evidence.
    """

    place: int
    default: int
    score: float
    held_out: Numbers
    interval: Interval
    kept: bool


def choose(
    scores: Numbers, complexity: Numbers, defaults: NDArray[np.bool_], ends: tuple[float, float] = (0.0, 1.0)
) -> Choice:
    """Take a candidate.

    Parameters
    ----------
    scores : (candidates, pictures), greater is better, NaN where there is none.
    complexity : (candidates,), how many things differ from a method as it comes.
    defaults : (candidates,), which are methods as they come; at least one.
    ends : between which scores lie.
    """
    known = np.asarray(np.isfinite(scores).any(axis=0))
    seen = scores[:, known]
    # A candidate without a score where others have one had nothing to show there.
    seen = np.where(np.isnan(seen), np.nanmin(seen, axis=0, keepdims=True), seen)
    everything = np.arange(seen.shape[1])
    default = int(np.argmax(np.where(defaults, seen.mean(axis=1), -np.inf)))
    found = pick(seen, complexity, everything)
    held_out = _held_out(seen, complexity)
    better = len(everything) == 1 or held_out.mean() > seen[default].mean()
    kept = not better and not defaults[found]
    if not better:
        found, held_out = default, _held_out(seen[defaults], np.zeros(defaults.sum()))
    told = np.full(len(known), np.nan)
    told[known] = held_out
    reach = interval(held_out, ends, _spread(seen[default]))
    return Choice(found, default, float(held_out.mean()), told, reach, kept)


def _held_out(scores: Numbers, complexity: Numbers) -> Numbers:
    """(pictures,) scores, each of the candidate that is picked from the other pictures."""
    everything = np.arange(scores.shape[1])
    if len(everything) == 1:
        return np.asarray(scores[pick(scores, complexity, everything)])
    found = np.empty(len(everything))
    for left in folds(len(everything)):
        found[left] = scores[pick(scores, complexity, np.setdiff1d(everything, left))][left]
    return found


def pick(scores: Numbers, complexity: Numbers, places: NDArray[np.intp]) -> int:
    """The simplest candidate that cannot be told from the best one on some pictures."""
    seen = scores[:, places]
    means = seen.mean(axis=1)
    best = int(np.argmax(means))
    if len(places) < 2:
        return best
    apart = seen[best] - seen
    error = apart.std(axis=1, ddof=1) / np.sqrt(len(places))
    close = np.flatnonzero(apart.mean(axis=1) <= NEAR * error + 1e-12)
    return int(min(close, key=lambda place: (complexity[place], -means[place], place)))


NEAR = 0.25
"""Standard errors within which two candidates cannot be told apart."""


def folds(count: int) -> Iterator[NDArray[np.intp]]:
    """Pictures that are left out together: one by one, or in groups of every eighth."""
    for first in range(min(count, LEAVE_ONE_OUT)):
        yield np.arange(first, count, LEAVE_ONE_OUT)


def _spread(scores: Numbers) -> float:
    """Standard deviation over pictures."""
    return float(scores.std(ddof=1)) if len(scores) > 1 else 0.0


def interval(
    scores: Sequence[float] | Numbers, ends: tuple[float, float] = (0.0, 1.0), untuned: float = 0.0
) -> Interval:
    """Where the mean score of as many new pictures lies with 95 % confidence, from held-out scores.

    mean +- t s sqrt(1 / n + 1 / n) with n - 1 degrees of freedom: the spread of the mean that was measured and that of
    the mean to come. Settings that were fitted to pictures even out how hard these are; s is therefore no less than
    `untuned`, the deviation of scores of the best method as it comes. With one picture nothing is known, and the
    interval is everything.

    References
    ----------
    G. J. Hahn, W. Q. Meeker, "Statistical intervals", Wiley, 1991, section 4.7.
    C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52, 239-281, 2003.
    """
    from scipy.stats import t

    values = np.asarray(scores, float)
    if len(values) < 2:
        return Interval(*ends)
    spread = max(_spread(values), untuned, LEAST_SPREAD)
    reach = float(t.ppf((1 + LEVEL) / 2, len(values) - 1) * spread * np.sqrt(2 / len(values)))
    mean = float(values.mean())
    return Interval(max(ends[0], mean - reach), min(ends[1], mean + reach))
