"""Predictions beside the truth they belong to, by their names."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from segcli.errors import UsageError
from segcli.files.datasets.example import listed
from segcli.files.datasets.folders import MASK_ENDINGS, files_below

MARKS = "._-"
"""What parts a name from what a program added to it, as in `cell.otsu.png`."""


class Words(NamedTuple):
    """What files that are paired, and what they belong to, are called in messages; and the option for what their names
    end in."""

    one: str
    other: str
    option: str


PREDICTIONS = Words("prediction", "truth", "--prediction-suffix")


def beginnings(name: str) -> Iterator[str]:
    """A name, and what it may have been called before programs added to it, longest first.

    Examples
    --------
    >>> list(beginnings("cell_1.otsu"))
    ['cell_1.otsu', 'cell_1', 'cell']
    """
    yield name
    for place in range(len(name) - 1, 0, -1):
        if name[place] in MARKS:
            yield name[:place]


def pair_predictions(
    place: str, names: Sequence[str], suffix: str | None = None, others: Iterable[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Find the file of a prediction for each name.

    Names are equal but for the ending, or the files' names have one more part that all share (`a.otsu.png` and
    `b.otsu.png` for a and b). Where no path below the folder fits, the last part of the names is compared alone.

    Parameters
    ----------
    place : a folder, or one file where there is one name.
    names : of the pictures, without endings.
    suffix : what the files' names have beyond them; None: found out.
    others : files that are no predictions should there be any beside them: pictures and masks.

    Returns
    -------
    The files by name, without those that are missing; and the files that belong to no name.

    Raises
    ------
    UsageError : the folder does not exist or holds nothing that fits, a name has several files.
    """
    if os.path.isfile(place):
        if len(names) != 1:
            raise UsageError(f"{place!r} is one file, the truth has {len(names):,}; name a folder of predictions.")
        return {names[0]: place}, []
    if not os.path.isdir(place):
        raise UsageError(f"the predictions {place!r} do not exist.")
    every = files_below(place, MASK_ENDINGS)
    files = _without(every, others) or every
    if not files:
        raise UsageError(f"no predictions in {place!r}. Expected PNG, TIFF, NPY or NPZ files.")
    return pair_files(place, files, names, suffix, PREDICTIONS)


def pair_files(
    place: str, files: dict[str, list[str]], names: Sequence[str], suffix: str | None, words: Words
) -> tuple[dict[str, str], list[str]]:
    """Find the file of each name among files that are known by their names without endings.

    Parameters
    ----------
    place : where they are, for messages.
    files : paths by name without ending.
    names, suffix : as for `pair_predictions`.
    words : what all is called.

    Returns
    -------
    As `pair_predictions`.

    Raises
    ------
    UsageError : nothing fits, or a name has several files.
    """
    files = dict(files)
    keys = _last_parts(names) if not _suffixes(files, names) else {name: name for name in names}
    if not _suffixes(files, keys):
        files = _without_folders(files)
    end = _suffix(place, files, keys, suffix, words)
    found = {keys[key]: files.pop(f"{key}{end}") for key in keys if f"{key}{end}" in files}
    if not found:
        raise UsageError(
            f"no {words.one} of {place!r} has the name of a {words.other}: {words.one}s are called "
            f"{listed(sorted(files), 2)}, {words.other}s {listed(sorted(names), 2)}. Say what the {words.one}s' names "
            f"have beyond those with {words.option}."
        )
    twice = next((paths for paths in found.values() if len(paths) > 1), None)
    if twice:
        raise UsageError(f"{listed(twice)} have one name; keep one.")
    spare = sorted(path for paths in files.values() for path in paths)
    return {name: paths[0] for name, paths in found.items()}, spare


def _without(files: Mapping[str, list[str]], others: Iterable[str]) -> dict[str, list[str]]:
    """Files that are none of the others."""
    known = {os.path.realpath(path) for path in others}
    left = {key: [path for path in paths if os.path.realpath(path) not in known] for key, paths in files.items()}
    return {key: paths for key, paths in left.items() if paths}


def _suffix(
    place: str, files: Mapping[str, Sequence[str]], keys: Mapping[str, str], suffix: str | None, words: Words
) -> str:
    """What the files' names have beyond the keys."""
    if suffix is not None:
        return suffix
    ends = _suffixes(files, keys)
    if not ends or "" in ends:
        return ""
    best = ends.most_common(2)
    if len(best) > 1 and best[0][1] == best[1][1]:
        both = " and ".join(repr(end) for end, _ in best)
        raise UsageError(f"{place!r} holds {words.one}s whose names end in {both}; choose with {words.option}.")
    return best[0][0]


def _suffixes(files: Mapping[str, Sequence[str]], keys: Mapping[str, str] | Sequence[str]) -> Counter[str]:
    """What files' names have beyond keys, and how often: nothing, or a part after a mark."""
    known, found = set(keys), Counter[str]()
    for file in files:
        if file in known:
            found[""] += 1
        for place, letter in enumerate(file):
            if letter in MARKS and file[:place] in known:
                found[file[place:]] += 1
    return found


def _last_parts(names: Sequence[str]) -> dict[str, str]:
    """Names by their last part, where these differ."""
    last = {name.rpartition("/")[2]: name for name in names}
    return last if len(last) == len(names) else {name: name for name in names}


def _without_folders(files: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Files by the last part of their path."""
    found: dict[str, list[str]] = {}
    for key, paths in files.items():
        found.setdefault(key.rpartition("/")[2], []).extend(paths)
    return found
