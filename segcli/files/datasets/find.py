"""What a folder holds: each layout is tried in turn, and the masks are looked at to find what their numbers mean."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segcli.errors import InputError, SettingError, UsageError
from segcli.files.datasets.class_names import Classes, read_classes
from segcli.files.datasets.coco import find_coco
from segcli.files.datasets.dataset import DataSet
from segcli.files.datasets.example import Example, Finding, Found, listed
from segcli.files.datasets.folders import (
    IMAGES,
    MASK_ENDINGS,
    MASKS,
    add_pairs,
    entries,
    files_below,
    find_beside,
    find_folders,
    find_object_files,
    paired_places,
    suffix_of,
)
from segcli.files.datasets.lists import find_camvid, find_table, find_voc
from segcli.files.datasets.meaning import KINDS, OBJECT, Meaning, Seen, find_meaning, look_at
from segcli.files.datasets.splits import drawn, grouped, together
from segcli.files.read import read_image

LAYOUTS = (find_voc, find_coco, find_camvid, find_table, find_folders, find_object_files, find_beside)
"""Tried in this order; the first that knows the folder takes it."""

LOOKED_AT = 200
"""Masks that are read to find out what their numbers mean, spread evenly over all."""

SIDE = 16


def find_dataset(
    folder: str | os.PathLike[str],
    *,
    images: str | None = None,
    masks: str | None = None,
    suffix: str | None = None,
    classes: int | str | Sequence[str] | None = None,
    kind: str | None = None,
    ignore: int | None = None,
    mask_threshold: float | None = None,
    val_share: float = 0.2,
    group: str | None = None,
    seed: int = 0,
) -> DataSet:
    """Find the pictures of a folder and their truth, and what the numbers of the masks mean.

    Parameters
    ----------
    folder : a folder, a CSV of pairs, or a COCO JSON file.
    images, masks : folders of the pictures and of the masks: what they are called in the folder or in its parts, or
        where they are.
    suffix : what stems of masks have beyond those of their pictures, such as _mask.
    classes : how many, their names, a well-known data set or a file; see `class_names.read_classes`.
    kind : mask, classes or instances; None: found out.
    ignore : a number in the masks that means void, besides 255.
    mask_threshold : makes a mask of whatever gray lies above it, lossy files too.
    val_share : of the pictures without a part, to be set apart as val where the data have none.
    group : a regular expression for the part of a name that pictures of one origin share.
    seed : of the draw.

    Raises
    ------
    UsageError : nothing is found, or a setting is impossible.
    InputError : a list, table or JSON file that is damaged; colors or numbers that are no classes.
    """
    place = os.fspath(folder)
    _check(place, kind, val_share)
    found = _found(place, images, masks, suffix)
    if not found.examples:
        raise UsageError(_nothing(place, found.findings))
    found.examples = _distinct(found)
    given = read_classes(classes, place if os.path.isdir(place) else os.path.dirname(place) or ".")
    meaning = _meaning(found, given, kind, ignore, mask_threshold)
    splits, how = _parts(found.examples, val_share, group, seed)
    names = _names(given, found, meaning)
    return DataSet(place, found.layout, splits, names, meaning, how, tuple(found.findings))


def find_masks(
    place: str,
    *,
    suffix: str | None = None,
    classes: int | str | Sequence[str] | None = None,
    kind: str | None = None,
    ignore: int | None = None,
    mask_threshold: float | None = None,
) -> DataSet:
    """Find the masks of a folder without pictures, or one mask, and what their numbers mean.

    The examples have no picture (`image` is ''), and their names end before the suffix.

    Parameters
    ----------
    place : a folder or a file. suffix, classes, kind, ignore, mask_threshold : as for `find_dataset`.

    Raises
    ------
    UsageError : there are no masks, or two of one name. InputError : as for `find_dataset`.
    """
    _check(place, kind, 0.0)
    inside = files_below(place, MASK_ENDINGS) if os.path.isdir(place) else {_stem(place): [place]}
    ends = "" if suffix is None else suffix_of(suffix)
    files = {key.removesuffix(ends): paths for key, paths in inside.items() if key.endswith(ends)}
    if not files:
        held = f" whose names end in {ends!r}" if ends and inside else ""
        raise UsageError(f"no masks{held} in {place!r}. Expected PNG, TIFF, GIF, BMP, NPY or NPZ files.")
    twice = next((paths for paths in files.values() if len(paths) > 1), None)
    if twice:
        raise UsageError(f"{listed(twice)} have one name; keep one.")
    examples = [Example(key, "", tuple(paths), "all") for key, paths in sorted(files.items())]
    return mask_dataset(place, examples, classes=classes, kind=kind, ignore=ignore, mask_threshold=mask_threshold)


def mask_dataset(
    place: str,
    examples: Sequence[Example],
    *,
    classes: int | str | Sequence[str] | None = None,
    kind: str | None = None,
    ignore: int | None = None,
    mask_threshold: float | None = None,
) -> DataSet:
    """Make a data set of masks that are paired already: find out what their numbers mean.

    Parameters
    ----------
    place : where the masks are. examples : all of them. classes, kind, ignore, mask_threshold : as for `find_dataset`.

    Raises
    ------
    UsageError, InputError : as for `find_dataset`.
    """
    _check(place, kind, 0.0)
    found = Found("masks", list(examples))
    given = read_classes(classes, place if os.path.isdir(place) else os.path.dirname(place) or ".")
    meaning = _meaning(found, given, kind, ignore, mask_threshold)
    return DataSet(place, found.layout, {"all": tuple(found.examples)}, _names(given, found, meaning), meaning)


def _stem(path: str) -> str:
    """A file's name without its ending."""
    return os.path.splitext(os.path.basename(path))[0]


def _check(place: str, kind: str | None, val_share: float) -> None:
    """Refuse what cannot be looked through."""
    if not os.path.exists(place):
        raise UsageError(f"the data {place!r} do not exist.")
    if kind is not None and kind not in KINDS:
        raise SettingError("kind", f"is {kind!r}; it must be one of {', '.join(KINDS)}.")
    if not 0 <= val_share < 1:
        raise SettingError("val_share", f"is {val_share:g}; it must be at least 0 and below 1.")


def _found(place: str, images: str | None, masks: str | None, suffix: str | None) -> Found:
    """What the named folders hold, or the first layout that knows the folder."""
    if images is not None and masks is None and os.path.isfile(place) and place.lower().endswith(".json"):
        return find_coco(place, _folder("images", images, os.path.dirname(place))) or Found("", [])
    if images is not None or masks is not None:
        return _named(place, images, masks, suffix)
    if os.path.isfile(place):
        known = {".csv": find_table, ".tsv": find_table, ".json": find_coco}
        reader = known.get(os.path.splitext(place)[1].lower())
        if reader is None:
            raise UsageError(f"{place!r} is a file; data are a folder, a .csv with pairs, or a COCO .json.")
        return reader(place) or Found("", [])
    if suffix is not None:
        return find_folders(place, suffix=suffix) or find_beside(place, suffix) or Found("", [])
    return next((found for layout in LAYOUTS if (found := layout(place)) is not None), Found("", []))


def _named(place: str, images: str | None, masks: str | None, suffix: str | None) -> Found:
    """Pairs of the folders that the user names; one that is not named is called as usual, or the folder itself."""
    called = (images.lower(),) if images else IMAGES, (masks.lower(),) if masks else MASKS
    known = find_folders(place, called[0], called[1], suffix) if os.path.isdir(place) else None
    if known is not None:
        return known
    folders = [_folder(flag, name, place) for flag, name in (("images", images), ("masks", masks))]
    found = Found(" + ".join(f"{os.path.basename(folder)}/" for folder in folders), [])
    for part in paired_places(*folders):
        add_pairs(found, part, suffix)
    return found


def _folder(flag: str, name: str | None, place: str) -> str:
    """A folder that the user names, below another or as it is; that other where none is named."""
    inside = os.path.join(place, name) if name is not None else place
    chosen = inside if os.path.isdir(inside) else name or place
    if not os.path.isdir(chosen):
        raise UsageError(f"--{flag} {name or place!r} is no folder, neither as it is nor below {place!r}.")
    return os.path.normpath(chosen)


def _nothing(place: str, findings: Sequence[Finding]) -> str:
    """What to say where no pair was found."""
    if findings:
        more = f" ({len(findings) - 1:,} more)" if len(findings) > 1 else ""
        return f"no pair of picture and mask in {place!r}: {findings[0].words}{more}"
    held = [os.path.basename(path) for path in entries(place)] if os.path.isdir(place) else []
    return (
        f"no pictures with masks in {place!r}, which holds {listed(held) or 'nothing'}. Expected images/ + masks/, "
        "NAME beside NAME_mask, VOC, CamVid or COCO files, or a CSV; --images, --masks and --suffix say where they are."
    )


def _distinct(found: Found) -> list[Example]:
    """Each picture of a part once, in order of names; what is left out becomes a finding."""
    counts = Counter((example.split, example.name) for example in found.examples)
    twice = sorted(name for (_, name), count in counts.items() if count > 1)
    if twice:
        words = f"{listed(twice)}: listed twice in one part; the first is taken."
        found.findings.append(Finding("twice", "warning", words, tuple(twice)))
    first: dict[tuple[str, str], Example] = {}
    for example in found.examples:
        first.setdefault((example.split, example.name), example)
    return [first[key] for key in sorted(first)]


def _meaning(found: Found, classes: Classes, kind: str | None, ignore: int | None, threshold: float | None) -> Meaning:
    """What the numbers of the masks mean, from a look at many of them."""
    if found.examples[0].objects is not None:
        if classes.count not in (None, len(found.names)):
            raise UsageError(
                f"--classes says {classes.count}, the categories and the background are {len(found.names)}."
            )
        return Meaning("objects", len(found.names))
    if any(len(example.masks) > 1 for example in found.examples):
        return Meaning("instances", 2)
    if classes.count is None and found.names:
        classes = Classes(len(found.names), found.names, found.colors or {})
    seen, failures = _look(found.examples)
    if not seen:
        raise failures[0]
    void = (*found.ignore, *([] if ignore is None else [ignore]))
    return find_meaning(seen, classes, kind=kind, ignore=void, threshold=threshold)


def _look(examples: Sequence[Example]) -> tuple[list[Seen], list[InputError]]:
    """Look at masks that lie evenly among all; those that cannot be read are for `check` to tell."""
    places = np.unique(np.linspace(0, len(examples) - 1, min(LOOKED_AT, len(examples))).astype(int))
    seen, failures = [], []
    for place in places.tolist():
        path = examples[place].masks[0]
        try:
            seen.append(look_at(path))
        except InputError as failure:
            failures.append(InputError(f"mask {path!r} {failure}"))
    return seen, failures


def _names(classes: Classes, found: Found, meaning: Meaning) -> tuple[str, ...]:
    """Names of all classes."""
    from segcli.files.datasets.class_names import KNOWN

    if meaning.kind == "colors" and not classes.names and not found.names:
        return next((names for names in KNOWN.values() if len(names) == meaning.count), ())
    names = classes.names or found.names
    if len(names) == meaning.count:
        return names
    if meaning.count == 2:
        return OBJECT
    return tuple(f"class_{label}" for label in range(meaning.count))


def _parts(
    examples: list[Example], share: float, group: str | None, seed: int
) -> tuple[dict[str, tuple[Example, ...]], str]:
    """The parts of the data; where there is no val, one is drawn from train."""
    known = {example.split for example in examples}
    how = ""
    if known - {"", "test"} and "" in known:
        # A table may say it for some of its rows only.
        examples = [example if example.split else replace(example, split="train") for example in examples]
    pool = [example for example in examples if example.split in ("", "train")]
    if pool and "val" not in known and share:
        rest = [example for example in examples if example.split not in ("", "train")]
        pool, how = grouped(pool, group, _small)
        pool, copies = together(pool)
        pool = drawn(pool, share, seed)
        count = sum(example.split == "val" for example in pool)
        said = (how, f"{copies:,} equal files beside the others" if copies else "", f"{count / len(pool):.0%} of train")
        how = ", ".join((*filter(None, said), f"seed {seed}")) if count else ""
        examples = [*pool, *rest]
    elif group is not None:
        examples, _ = grouped(examples, group, None)
    order = {"train": 0, "": 0, "val": 1, "test": 2}
    parts: dict[str, list[Example]] = {}
    for example in sorted(examples, key=lambda one: (order.get(one.split, 3), one.split, one.name)):
        part = example.split or "train"
        parts.setdefault(part, []).append(replace(example, split=part))
    return {part: tuple(rows) for part, rows in parts.items()}, how


def _small(example: Example) -> NDArray[np.float64]:
    """A picture of 16 x 16 gray values with mean 0 and deviation 1; all 0 where it cannot be read or is flat."""
    from segcli.opencv import cv2

    try:
        gray = read_image(example.image).gray
    except InputError:
        return np.zeros((SIDE, SIDE))
    small = cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float64)
    spread = small.std()
    return np.asarray((small - small.mean()) / spread if spread > 0 else small * 0)
