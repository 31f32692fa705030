"""What an evaluation scores: which pictures, which predictions, which tasks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from segcli.errors import SettingError, UsageError
from segcli.files.datasets.dataset import KIND_WORDS, DataSet
from segcli.files.datasets.example import Example, listed
from segcli.files.datasets.find import find_dataset, find_masks
from segcli.files.datasets.pairing import pair_predictions
from segcli.predictions import FilePredictions, SegmenterPredictions, Source, find_form
from segcli.scores.tallies import BoundaryTally, InstanceTally, PartitionTally, SaliencyTally, SemanticTally, Tally

if TYPE_CHECKING:
    from segcli.segmenter import Segmenter

TASKS = ("semantic", "instance", "boundary", "saliency", "partition")
NUMBERED = ("instances", "objects")
"""Kinds of truth that tell objects apart."""


@dataclass(frozen=True)
class Truth:
    """The pictures to score.

    Attributes
    ----------
    data : where they are from.
    part : which of its parts they are, or all.
    examples : the pictures and masks.
    """

    data: DataSet
    part: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Plan:
    """What is scored, and how.

    Attributes
    ----------
    label : of the predictions, in words.
    truth : the pictures.
    source : gives the predictions. paths : their files by the pictures' names; empty for a segmenter.
    tallies : one for each task.
    missing : names of pictures without a prediction; they are not scored.
    notes : what a user should know before looking at scores.
    threads : whether pictures are done by threads of this process: a network would be loaded by each worker.
    """

    label: str
    truth: Truth
    source: Source
    tallies: tuple[Tally, ...]
    paths: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    threads: bool = False

    @property
    def examples(self) -> list[Example]:
        """Pictures that have a prediction."""
        left_out = set(self.missing)
        return [example for example in self.truth.examples if example.name not in left_out]


@dataclass(frozen=True)
class Choices:
    """What is chosen of predictions, wherever they come from.

    Attributes
    ----------
    suffix : what files' names have beyond those of the pictures; None: found out.
    threshold : probability above which a pixel is object; files are then taken for maps.
    allow_missing : score the pictures that have a file.
    device : where a network computes. to_gray : it takes the gray of color pictures, where it knows gray alone.
    """

    suffix: str | None = None
    threshold: float | None = None
    allow_missing: bool = False
    device: str = "auto"
    to_gray: bool = False


DEFAULT = Choices()


def find_truth(place: str, split: str | None, *, with_pictures: bool, options: Mapping[str, Any]) -> Truth:
    """Find the truth: a data set, or masks alone where that is enough.

    Parameters
    ----------
    place : a data set as `segcli train` takes it, a folder of masks, or a mask.
    split : a part, all, or None, which is test, else val if the data have it, else all.
    with_pictures : whether pictures are needed.
    options : images, masks, suffix, classes, kind, ignore, mask_threshold, as for `find_dataset`.

    Raises
    ------
    UsageError : nothing is found, or there is no such part. InputError : as for `find_dataset`.
    """
    alone = {name: value for name, value in options.items() if name not in ("images", "masks")}
    share = 0.2 if split == "val" else 0.0
    known = (".csv", ".tsv", ".json")
    if os.path.isfile(place) and not place.lower().endswith(known) and not with_pictures:
        return choose_part(find_masks(place, **alone), split)
    if options["images"] is not None and options["masks"] is None and os.path.isdir(place) and not with_pictures:
        # The truth is a folder of masks, and its pictures are elsewhere.
        options = {**options, "masks": place}
    try:
        return choose_part(find_dataset(place, val_share=share, **options), split)
    except UsageError as failure:
        if with_pictures or not os.path.isdir(place) or "no pictures with masks" not in str(failure):
            raise
    return choose_part(find_masks(place, **alone), split)


def choose_part(data: DataSet, split: str | None) -> Truth:
    """The pictures of a part; by default of test, else of val if the data have it, else all.

    Raises
    ------
    UsageError : there is no such part.
    """
    parts = [part for part in data.splits if data.splits[part]]
    if split is None:
        known = [part for part in ("test", "val") if part in parts and not (part == "val" and data.drawn)]
        split = known[0] if known else "all"
    if split == "all":
        return Truth(data, "all", _told_apart(data.examples))
    if split not in parts:
        raise UsageError(f"--split is {split!r}; {data.folder!r} has {', '.join(parts)}, and all takes them together.")
    return Truth(data, split, data.splits[split])


def _told_apart(examples: tuple[Example, ...]) -> tuple[Example, ...]:
    """Examples with their part before their name, if two parts share a name."""
    if len({example.name for example in examples}) == len(examples):
        return examples
    return tuple(replace(example, name=f"{example.split}/{example.name}") for example in examples)


def make_tallies(data: DataSet, tasks: Sequence[str], *, semantic: bool = True) -> tuple[Tally, ...]:
    """Tallies of the tasks; none given: those that suit the truth.

    Parameters
    ----------
    data : the truth. tasks : of `TASKS`.
    semantic : whether the predictions can be told by classes: objects cannot, where there are more than two.

    Raises
    ------
    SettingError, UsageError : an unknown task, or one that does not suit the truth.
    """
    numbered = data.kind in NUMBERED
    usual = ("instance", "semantic") if numbered and semantic else ("instance",) if numbered else ("semantic",)
    chosen = tuple(dict.fromkeys(tasks)) or usual
    unknown = [task for task in chosen if task not in TASKS]
    if unknown:
        raise SettingError("task", f"is {unknown[0]!r}; it must be one of {', '.join(TASKS)}.")
    if "instance" in chosen and not numbered:
        raise UsageError(
            f"--task instance needs a truth that numbers objects; it has {KIND_WORDS[data.kind]}. "
            "--kind instances says that its numbers are objects."
        )
    if "saliency" in chosen and len(data.names) != 2:
        raise UsageError(
            f"--task saliency needs an object and its background; the truth has {len(data.names)} classes."
        )
    if not semantic and {"semantic", "boundary"} & set(chosen):
        raise UsageError(f"the predictions number objects, which are none of the truth's {len(data.names)} classes.")
    made: dict[str, Callable[[], Tally]] = {
        "semantic": lambda: SemanticTally(data.names),
        "instance": InstanceTally,
        "boundary": lambda: BoundaryTally(data.names),
        "saliency": SaliencyTally,
        "partition": lambda: PartitionTally(masks=data.kind == "mask"),
    }
    return tuple(made[task]() for task in chosen)


def plan_files(place: str, truth: Truth, tasks: Sequence[str], chosen: Choices = DEFAULT) -> Plan:
    """Plan to score prediction files.

    Parameters
    ----------
    place : a folder, or a file. truth : of which pictures. tasks : of `TASKS`; none: those that suit.

    Raises
    ------
    UsageError : predictions are missing, or tasks do not suit. InputError : a file that cannot be read.
    """
    names = [example.name for example in truth.examples]
    others = [path for example in truth.examples for path in (example.image, *example.masks) if path]
    try:
        paths, spare = pair_predictions(place, names, chosen.suffix, others)
    except UsageError as failure:
        if truth.part == "all":
            raise
        raise UsageError(f"{failure} The truths are those of {truth.part}; --split chooses others.") from failure
    missing = tuple(name for name in names if name not in paths)
    if missing and not chosen.allow_missing:
        of = f"{len(names):,} pictures" + (f" of {truth.part}" if truth.part != "all" else "")
        raise UsageError(
            f"{len(missing):,} of {of} have no prediction in {place!r}: {listed(list(missing))}. "
            "--allow-missing scores the others."
        )
    meaning = truth.data.meaning
    maps = chosen.threshold is not None or "saliency" in tasks
    form = "map" if maps else find_form(list(paths.values()), meaning)
    tallies = make_tallies(truth.data, tasks, semantic=form != "instances" or meaning.count == 2)
    notes = _notes(truth)
    if spare:
        part = f" in {truth.part}" if truth.part != "all" else ""
        notes.append(f"{len(spare):,} files of {place!r} have no truth{part} and are not scored: {listed(spare, 2)}")
    if form == "map" and len(truth.data.names) == 2 and any(tally.needs != "map" for tally in tallies):
        limit = 0.5 if chosen.threshold is None else chosen.threshold
        notes.append(f"the predictions are maps; object is what lies above {limit:g} (--threshold)")
    if form != "instances" and any(tally.needs == "objects" for tally in tallies):
        notes.append("the predictions number no objects; their connected parts are taken")
    source = FilePredictions(form, meaning, 0.5 if chosen.threshold is None else chosen.threshold)
    return Plan(place, truth, source, tallies, paths, missing, tuple(notes))


def plan_segmenter(label: str, segmenter: Segmenter, truth: Truth, tasks: Sequence[str], threads: bool = False) -> Plan:
    """Plan to score what a method or a network makes of the pictures.

    Raises
    ------
    UsageError : tasks that do not suit the truth, or masks without pictures.
    """
    if not truth.examples[0].image:
        place = truth.data.folder
        raise UsageError(f"{label!r} needs pictures, {place!r} has masks alone; --images says where they are.")
    tallies = make_tallies(truth.data, tasks)
    notes = _notes(truth)
    if not threads and any(tally.needs == "objects" for tally in tallies):
        notes.append(f"of masks and classes that {label!r} gives, the connected parts are taken for objects")
    source = SegmenterPredictions(label, segmenter)
    return Plan(label, truth, source, tallies, notes=tuple(notes), threads=threads)


def plan_model(name: str, truth: Truth, tasks: Sequence[str], chosen: Choices = DEFAULT) -> Plan:
    """Plan to score a trained network; it numbers objects where the truth does.

    Raises
    ------
    UsageError : there is no such model, or its classes are not those of the truth.
    """
    from segcli.network_segmenter import ModelFile, NetworkSegmenter

    model = ModelFile.open(name)
    names = truth.data.names
    by_borders = model.card.target == "borders"
    if by_borders and len(names) != 2:
        raise UsageError(f"the model {name!r} finds objects of one class, the truth has {len(names)} classes.")
    segmenter = NetworkSegmenter(
        (model,),
        device=chosen.device,
        threshold=chosen.threshold,
        instances=len(names) == 2 and (truth.data.kind in NUMBERED or by_borders),
        to_gray=chosen.to_gray,
        scores="saliency" in tasks,
    )
    if not by_borders and len(segmenter.names) != len(names):
        raise UsageError(
            f"the model {name!r} tells {len(segmenter.names)} classes apart ({', '.join(segmenter.names)}), the truth "
            f"has {len(names)} ({', '.join(names)}); score it on data with its own classes, or say --classes."
        )
    plan = plan_segmenter(name, segmenter, truth, tasks, threads=True)
    from segcli.learning.device import device_words

    where = device_words(segmenter.load().members[0].device)
    said = f"{model.name} ({model.card.architecture}) tells apart {', '.join(segmenter.names)}; on {where}"
    return replace(plan, notes=(*plan.notes, said))


def plan_named(words: str, truth: Truth, tasks: Sequence[str]) -> Plan:
    """Plan to score a method in words, a recipe's file, or `predict` with its settings.

    Raises
    ------
    UsageError : they name none of these, or tasks do not suit the truth.
    """
    from segcli.phrase import segmenter_named
    from segcli.segmenter import networks_in

    segmenter = segmenter_named(words)
    return plan_segmenter(words, segmenter, truth, tasks, threads=bool(networks_in(segmenter)))


def plan_words(words: str, truth: Truth, tasks: Sequence[str], chosen: Choices = DEFAULT) -> Plan:
    """Plan to score what words name: a folder or file of predictions, a method with its knobs, or a model.

    Raises
    ------
    UsageError : they name none of these, or something that does not suit the truth.
    """
    from segcli.learning.model_places import BEST
    from segcli.phrase import names_a_method

    weights = words.endswith(".safetensors") or os.path.isfile(os.path.join(words, BEST))
    if words.endswith(".toml") or words.startswith("predict ") or (names_a_method(words) and not os.path.exists(words)):
        return plan_named(words, truth, tasks)
    if os.path.exists(words) and not weights:
        return plan_files(words, truth, tasks, chosen)
    return plan_model(words, truth, tasks, chosen)


def _notes(truth: Truth) -> list[str]:
    """What did not fit when the truth was looked for."""
    faults = [finding.words for finding in truth.data.findings if finding.level == "error"]
    more = f" ({len(faults) - 1:,} more)" if len(faults) > 1 else ""
    return [f"not scored: {faults[0]}{more}"] if faults else []
