"""Predictions beside the truth they belong to, by their names."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from segcli.errors import UsageError
from segcli.files.datasets.example import listed
from segcli.files.datasets.folders import MASK_ENDINGS, files_below

MARKS = "._-"
"""What parts a name from what a program added to it, as in `cell.otsu.png`."""


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
    keys = _last_parts(names) if not _suffixes(files, names) else {name: name for name in names}
    if not _suffixes(files, keys):
        files = _without_folders(files)
    end = _suffix(place, files, keys, suffix)
    found = {keys[key]: files.pop(f"{key}{end}") for key in keys if f"{key}{end}" in files}
    if not found:
        raise UsageError(
            f"no prediction of {place!r} has the name of a truth: predictions are called {listed(sorted(files), 2)}, "
            f"truths {listed(sorted(names), 2)}. Say what the predictions' names have beyond those with "
            "--prediction-suffix."
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


def _suffix(place: str, files: Mapping[str, Sequence[str]], keys: Mapping[str, str], suffix: str | None) -> str:
    """What the files' names have beyond the keys."""
    if suffix is not None:
        return suffix
    ends = _suffixes(files, keys)
    if not ends or "" in ends:
        return ""
    best = ends.most_common(2)
    if len(best) > 1 and best[0][1] == best[1][1]:
        words = " and ".join(repr(end) for end, _ in best)
        raise UsageError(f"{place!r} holds predictions whose names end in {words}; choose with --prediction-suffix.")
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
