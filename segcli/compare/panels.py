"""What many segmenters made of a picture, side by side; who agrees with whom, and how they stand over all pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from segcli.arrays import Array
from segcli.compare import Contest, Desk, Trial, desk_of
from segcli.compare.consensus import Ballots, agreement, count_votes, disagreement, majority, mean_agreement, staple
from segcli.errors import InputError
from segcli.figures.contact_sheet import heat
from segcli.files.sources import Item
from segcli.judge import Judge
from segcli.scores.resampling import RESAMPLES, Interval, intervals
from segcli.scores.tallies import Numbers, divide
from segcli.segmentation import Segmentation

FEWEST_VOTERS = 2
NOT_REACHED = "not reached"
"""Why there is no result of a run that was stopped."""

JOINT = ("majority", "STAPLE")
"""What the voters have in common, which is shown and scored as methods are."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Everything about one picture.

    Attributes
    ----------
    item : the picture. size : its width and height. has_truth : whether it has a truth.
    desk : it and its truth, opened; None of one that is done with.
    trials : one for each segmenter, in their order.
    voters : labels of those who voted. pairs : (voters, voters) how far they agree.
    joint : what they agree on, as trials; labels `JOINT`.
    masks : the same as pixels. map : (H, W) where they part, 0 to 1; None without voters.
    map_tile : the map, drawn. rates : sensitivity and specificity of each voter, as STAPLE estimates them.
    """

    item: Item
    size: tuple[int, int]
    has_truth: bool
    desk: Desk | None
    trials: tuple[Trial, ...]
    voters: tuple[str, ...] = ()
    pairs: Array = field(default_factory=lambda: np.zeros((0, 0)))
    joint: tuple[Trial, ...] = ()
    masks: Mapping[str, Array] = field(default_factory=dict)
    map: Array | None = None
    map_tile: Array | None = None
    rates: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def agreements(self) -> dict[str, float]:
        """Mean agreement of each voter with the others."""
        return dict(zip(self.voters, mean_agreement(self.pairs).tolist(), strict=True))

    @property
    def parted(self) -> float:
        """How far the voters part on this picture: 1 less the mean agreement of pairs; NaN with fewer than two."""
        return 1 - float(np.mean(list(self.agreements.values()))) if len(self.voters) > 1 else float("nan")

    def light(self, tiles: bool = False) -> Panel:
        """The same without pixels, which many pictures would fill the memory with; with `tiles` those stay."""
        trials, joint = (
            tuple(replace(trial, votes=None, tile=trial.tile if tiles else None) for trial in side)
            for side in (self.trials, self.joint)
        )
        desk, drawn = (self.desk, self.map_tile) if tiles else (None, None)
        return replace(self, desk=desk, trials=trials, joint=joint, masks={}, map=None, map_tile=drawn)


def gather(contest: Contest, item: Item, trials: Sequence[Trial]) -> Panel:
    """Put the trials of one picture side by side and ask what they agree on.

    Raises
    ------
    InputError : the picture or its truth cannot be read.
    """
    broken = next((trial.broken for trial in trials if trial.broken), "")
    if broken:
        raise InputError(broken)
    desk = desk_of(item, contest.truths)
    known = {trial.label: trial for trial in trials}
    missing = [Trial(item.name, entry.label, fault=NOT_REACHED) for entry in contest.entries]
    ordered = tuple(known.get(trial.label, trial) for trial in missing)
    voters = {trial.label: trial.votes for trial in ordered if trial.votes is not None}
    panel = Panel(item, desk.image.size, desk.truth is not None, desk, ordered)
    if len(voters) < FEWEST_VOTERS:
        return panel
    shape = desk.image.size[::-1]
    masks = [np.unpackbits(votes, count=shape[0] * shape[1]).reshape(shape).view(bool) for votes in voters.values()]
    return _agreed(contest, panel, desk, tuple(voters), count_votes(masks))


def _agreed(contest: Contest, panel: Panel, desk: Desk, voters: tuple[str, ...], ballots: Ballots) -> Panel:
    """A panel with what its voters agree on."""
    learned = staple(ballots)
    masks = dict(zip(JOINT, (majority(ballots), learned.mask), strict=True))
    joint = []
    for name, mask in masks.items():
        found = Segmentation(mask.view(np.uint8), "mask")
        joint.append(replace(contest.told(name, desk, found), votes=None))
    parted = disagreement(ballots)
    drawn = None
    if contest.layout is not None:
        drawn = heat(parted, desk.shown(contest.layout), contest.layout)
    rates = zip(voters, zip(learned.sensitivity.tolist(), learned.specificity.tolist(), strict=True), strict=True)
    return replace(
        panel,
        voters=voters,
        pairs=agreement(ballots),
        joint=tuple(joint),
        masks=masks,
        map=parted,
        map_tile=drawn,
        rates=dict(rates),
    )


@dataclass(frozen=True, eq=False)
class Standing:
    """How a segmenter stands over all pictures.

    Attributes
    ----------
    label : who. pictures : on how many it was tried. faults, empty : on how many it failed, or found nothing.
    scores : means by name over the pictures with truth; a failure counts as nothing right. intervals : of these.
    agrees : mean agreement with the other voters; NaN of those that do not vote.
    seconds, regions, foreground : means over the pictures on which it did not fail.
    why : the first reason that something is missing.
    """

    label: str
    pictures: int
    faults: int
    empty: int
    scores: Mapping[str, float]
    intervals: Mapping[str, Interval]
    agrees: float
    seconds: float
    regions: float
    foreground: float
    why: str = ""


def standings(
    panels: Sequence[Panel], scores: Sequence[str], *, resamples: int = RESAMPLES, seed: int = 0
) -> list[Standing]:
    """How all segmenters and their consensus stand, the best first.

    By the first score where there is truth; those without a score follow, by agreement. Ties stay in order.

    Parameters
    ----------
    panels : of all pictures. scores : their names. resamples, seed : of the intervals, a bootstrap over pictures.
    """
    found: dict[str, list[tuple[Panel, Trial]]] = {}
    for panel in panels:
        for trial in (*panel.trials, *panel.joint):
            found.setdefault(trial.label, []).append((panel, trial))
    rows = [_standing(label, pairs, scores, resamples, seed) for label, pairs in found.items()]
    return [
        rows[place] for place in order([(row.scores, row.agrees, row.faults == row.pictures) for row in rows], scores)
    ]


def value_of(known: Mapping[str, float], agrees: float, scores: Sequence[str]) -> float:
    """What a result is ranked by: the first score, or without scores its agreement; NaN where it is not ranked."""
    return known.get(scores[0], float("nan")) if scores else agrees


def order(rows: Sequence[tuple[Mapping[str, float], float, bool]], scores: Sequence[str]) -> list[int]:
    """Places of rows of scores, agreement and failure, the best first."""

    def key(place: int) -> tuple[bool, bool, float, float]:
        known, agrees, failed = rows[place]
        value = value_of(known, agrees, scores)
        sign = -1 if not scores or Judge(scores[0]).higher_is_better else 1
        return failed, bool(np.isnan(value)), float(np.nan_to_num(sign * value)), -float(np.nan_to_num(agrees, nan=-1))

    return sorted(range(len(rows)), key=key)


def _standing(
    label: str, pairs: Sequence[tuple[Panel, Trial]], scores: Sequence[str], resamples: int, seed: int
) -> Standing:
    """Means of one segmenter."""
    pairs = [(panel, trial) for panel, trial in pairs if trial.fault != NOT_REACHED] or pairs[:1]
    trials = [trial for _, trial in pairs]
    scored = [trial for panel, trial in pairs if panel.has_truth]
    means, drawn = {}, {}
    for name in scores:
        if not any(name in trial.scores for trial in scored):
            continue
        counts = _counts(np.array([trial.scores.get(name, Judge(name).worst) for trial in scored], np.float64))
        means[name] = float(_mean(counts.sum(axis=0))["mean"])
        if found := intervals(counts, _mean, resamples=resamples, seed=seed):
            drawn[name] = found["mean"]
    agrees = [panel.agreements[label] for panel, _ in pairs if label in panel.voters]
    done = [trial for trial in trials if not trial.fault]
    return Standing(
        label,
        len(trials),
        len(trials) - len(done),
        sum(trial.empty for trial in trials),
        means,
        drawn,
        _average(agrees),
        _average([trial.seconds for trial in done]),
        _average([trial.regions for trial in done]),
        _average([trial.foreground for trial in done]),
        next((trial.fault or trial.unscored for trial in trials if trial.fault or trial.unscored), ""),
    )


def _counts(values: Numbers) -> Numbers:
    """(pictures, 2) of scores: the value, and 1 where it is known."""
    return np.stack([np.nan_to_num(values), ~np.isnan(values)], axis=1).astype(np.float64)


def _mean(sums: Numbers) -> dict[str, Numbers]:
    return {"mean": divide(sums[..., 0], sums[..., 1])}


def _average(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
