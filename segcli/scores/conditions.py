"""What a score must reach, as users write it: `miou=0.7`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from segcli.errors import SettingError
from segcli.scores.tallies import LOWER

ALIASES = {
    "miou": "mean_iou",
    "mdice": "mean_dice",
    "accuracy": "pixel_accuracy",
    "fwiou": "frequency_weighted_iou",
    "ap": "average_precision",
    "map": "average_precision",
    "pq": "panoptic_quality",
    "sq": "segmentation_quality",
    "bf": "boundary_f1",
    "hd95": "hausdorff95",
    "asd": "average_surface_distance",
    "assd": "average_surface_distance",
    "maxf": "max_f_measure",
    "mae": "mean_absolute_error",
    "cc": "correlation",
    "ri": "rand_index",
    "vi": "variation_of_information",
    "are": "adapted_rand_error",
}
"""Short names of scores."""


@dataclass(frozen=True)
class Condition:
    """A score of a task, and what it must reach: at least the limit, or at most where less is better."""

    task: str
    score: str
    limit: float

    def complaint(self, value: float) -> str:
        """What to say of a score that misses it; '' of one that does not."""
        lower = self.score.partition(".")[0] in LOWER
        if math.isnan(value):
            return f"{self.score} is unknown, nothing could be scored; it must be {self.limit:g}."
        if value <= self.limit if lower else value >= self.limit:
            return ""
        return f"{self.score} is {value:.4f}, {'above' if lower else 'under'} {self.limit:g}."


def read_condition(text: str, known: Mapping[str, Iterable[str]]) -> Condition:
    """A condition of `NAME=VALUE` or `TASK.NAME=VALUE`.

    Parameters
    ----------
    text : such as miou=0.7, dice.cell=0.9, instance.f1=0.8.
    known : names of the scores of each task.

    Raises
    ------
    SettingError : no number, or a score that is not known or that two tasks have.
    """
    name, equals, number = text.partition("=")
    try:
        limit = float(number)
    except ValueError:
        limit = math.nan
    if not equals or not math.isfinite(limit):
        raise SettingError("fail_under", f"is {text!r}; write NAME=VALUE, such as miou=0.7.")
    task, _, rest = name.strip().partition(".")
    chosen, wanted = ({task: known[task]}, rest) if task in known and rest else (dict(known), name.strip())
    start, dot, label = wanted.partition(".")
    start = start.lower().replace("-", "_")
    full = f"{ALIASES.get(start, start)}{dot}{label}"
    having = [task for task, scores in chosen.items() if full in set(scores)]
    if len(having) > 1:
        either = " or ".join(f"{task}.{full}" for task in having)
        raise SettingError("fail_under", f"is {text!r}, and two tasks have that score; say {either}.")
    if not having:
        raise SettingError("fail_under", f"is {text!r}; {_suggestion(full, chosen)}")
    return Condition(having[0], full, limit)


def _suggestion(name: str, known: Mapping[str, Iterable[str]]) -> str:
    """The nearest score, or all of them."""
    from difflib import get_close_matches

    names = list(dict.fromkeys(score for scores in known.values() for score in scores))
    close = get_close_matches(name, [*(short for short, long in ALIASES.items() if long in names), *names], n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"scores are {', '.join(score for score in names if '.' not in score)}."
