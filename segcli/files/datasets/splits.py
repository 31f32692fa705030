"""Which pictures belong together, and which of them are set apart for validation."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256

import numpy as np

from segcli.errors import UsageError
from segcli.files.datasets.example import Example, shown

SIDES = re.compile(r"(?i)^(.*?)(?:[_\- .]?(left|right|od|os)|(?:(?<=\d)|(?<=[_\- .]))([lr]))$")
"""A name that ends in a side: left or right, l or r after a digit or a mark, od or os (oculus dexter, sinister)."""

NUMBERED = re.compile(r"^(.*?)[_\- .]?(?<!\d)(\d+)$")
"""A name that ends in a number."""

FEWEST, MEMBERS = 3, 2
"""Groups that names must make at least, and pictures that a group must have on average."""

PAIRS = 24
"""Neighbors in number that are looked at to tell a film or stack from pictures that are merely numbered."""

ALIKE = 0.4
"""How far neighbors must lie on the way from the correlation of pictures far apart to that of equal ones.

Slices of an electron microscope have .65, street films .61 to .78, road pictures of one camera .25, separate pictures
0 to .12.
"""

BEGINNING = 1 << 18
"""Bytes in which files of one size differ, unless they are copies."""

Look = Callable[[Example], "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"]


def grouped(examples: Sequence[Example], pattern: str | None, look: Look | None) -> tuple[list[Example], str]:
    """Say of each picture to which group it belongs, and in words how that was found.

    Parameters
    ----------
    examples : with a group where the data say one.
    pattern : a regular expression; what its groups match, or all of it, is the group.
    look : gives a small standardized picture, where numbered names alone cannot tell a film from separate pictures.

    Raises
    ------
    UsageError : a pattern that is none, or that a name does not match.
    """
    if pattern is not None:
        return _by_pattern(examples, pattern), f"by groups ({pattern})"
    if any(example.group for example in examples):
        return list(examples), "by groups of the table"
    sides = _by_side(examples)
    if sides:
        return sides, f"by groups, {_count(sides)} pairs of sides ({_sample(sides)})"
    prefixes = _by_prefix(examples)
    if prefixes:
        return prefixes, f"by groups, {_count(prefixes)} beginnings of names ({_sample(prefixes)})"
    if look is not None and (blocks := _by_sequence(examples, look)):
        return blocks, "by stretches of a film or stack, whose neighbors are alike"
    return list(examples), ""


def _count(examples: Sequence[Example]) -> int:
    return len({example.group for example in examples})


def _sample(examples: Sequence[Example]) -> str:
    """The names of one group."""
    first = examples[0].group
    names = [shown(example.name) for example in examples if example.group == first]
    return ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")


def _by_pattern(examples: Sequence[Example], pattern: str) -> list[Example]:
    """Groups by a user's regular expression."""
    try:
        compiled = re.compile(pattern)
    except re.error as failure:
        raise UsageError(f"--group {pattern!r} is no regular expression: {failure}.") from failure
    found = []
    for example in examples:
        match = compiled.search(example.name)
        if match is None:
            raise UsageError(f"--group {pattern!r} matches nothing in the name {example.name!r}.")
        parts = [part for part in match.groups() if part is not None] or [match.group()]
        found.append(replace(example, group="|".join(parts)))
    return found


def _by_side(examples: Sequence[Example]) -> list[Example]:
    """Groups of a left and a right picture; none unless nearly all names are of such a pair."""
    matches = [SIDES.match(example.name) for example in examples]
    sides: dict[str, set[str]] = defaultdict(set)
    for match in matches:
        if match is not None:
            sides[match.group(1)].add((match.group(2) or match.group(3)).lower())
    paired = {stem for stem, both in sides.items() if len(both) == 2}
    found = [
        replace(example, group=match.group(1)) if match is not None and match.group(1) in paired else example
        for example, match in zip(examples, matches, strict=True)
    ]
    enough = len(paired) >= FEWEST - 1 and sum(bool(example.group) for example in found) >= 0.8 * len(found)
    return found if enough else []


def _by_prefix(examples: Sequence[Example]) -> list[Example]:
    """Groups of names that begin alike and end in a number, such as `patient7_slice12`.

    The beginnings must hold digits: cat_1, cat_2, dog_1 begin with a kind of picture, not with one origin of several.
    """
    prefixes = []
    for example in examples:
        match = NUMBERED.match(example.name)
        prefixes.append(match.group(1) if match and re.search(r"\d", match.group(1)) else "")
    counts = Counter(prefix for prefix in prefixes if prefix)
    total = sum(counts.values())
    if len(counts) < FEWEST or total < 0.8 * len(examples) or total < MEMBERS * len(counts):
        return []
    return [replace(example, group=prefix) for example, prefix in zip(examples, prefixes, strict=True)]


def _by_sequence(examples: Sequence[Example], look: Look) -> list[Example]:
    """One film or stack: the stretch at its end is one group, what comes before it another.

    Names that end in numbers are common among separate pictures too, so pictures are looked at.
    """
    numbers: list[tuple[str, int, Example]] = []
    for example in examples:
        match = NUMBERED.match(example.name)
        if match is None:
            return []
        numbers.append((match.group(1), int(match.group(2)), example))
    numbers.sort(key=lambda row: row[:2])
    if len(numbers) < 6 or len({prefix for prefix, _, _ in numbers}) > 2:
        return []
    ordered = [example for _, _, example in numbers]
    if likeness(ordered, look) < ALIKE:
        return []
    return [replace(example, group=f"stretch {place:09d}") for place, example in enumerate(ordered)]


def likeness(ordered: Sequence[Example], look: Look) -> float:
    """How far pictures beside each other lie on the way from those far apart (0) to equal ones (1), by correlation."""
    last = len(ordered) - 1
    places = np.unique(np.linspace(0, last - 1, min(PAIRS, last)).astype(int)).tolist()
    far = [(place, (place + len(ordered) // 2) % len(ordered)) for place in places]
    seen: dict[int, np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = {}

    def correlation(one: int, other: int) -> float:
        for place in (one, other):
            if place not in seen:
                seen[place] = look(ordered[place])
        return float(np.mean(seen[one] * seen[other]))

    near = float(np.median([correlation(place, place + 1) for place in places]))
    apart = float(np.median([correlation(*pair) for pair in far]))
    return (near - apart) / max(1 - apart, 0.01)


def together(examples: Sequence[Example]) -> tuple[list[Example], int]:
    """Put pictures whose files are equal into one group; the examples, and how many of them are such copies.

    Files are read as far as their sizes and beginnings leave it open. Where more than half of the pictures would hang
    together, as by black frames in every film, nothing is changed.
    """
    same: list[list[Example]] = [list(examples)]
    for sign in (_size, partial(_digest, most=BEGINNING), _digest):
        parted: dict[object, list[Example]] = defaultdict(list)
        for number, alike in enumerate(same):
            for example in alike:
                parted[number, sign(example.image)].append(example)
        same = [alike for alike in parted.values() if len(alike) > 1]
    groups: dict[str, str] = {}
    for alike in same:
        keys = [_root(groups, example.group or example.name) for example in alike]
        groups.update({key: keys[0] for key in keys if key != keys[0]})
    copies = sum(len(alike) - 1 for alike in same)
    if not copies:
        return list(examples), 0
    joined = [replace(example, group=_root(groups, example.group or example.name)) for example in examples]
    grown = {_root(groups, key) for key in groups}
    sizes = Counter(example.group for example in joined if example.group in grown)
    return (joined, copies) if 2 * max(sizes.values(), default=0) <= len(joined) else (list(examples), 0)


def _root(groups: dict[str, str], key: str) -> str:
    """The group that a group has become a part of."""
    while key in groups:
        key = groups[key]
    return key


def _size(path: str) -> int:
    """Bytes of a file; of one that cannot be looked at, a number of its own."""
    try:
        return os.path.getsize(path)
    except OSError:
        return -1 - hash(path)


def _digest(path: str, most: int = -1) -> bytes:
    """SHA-256 of a file, or of its beginning."""
    try:
        with open(path, "rb") as stream:
            return sha256(stream.read(most)).digest()
    except OSError:
        return os.fsencode(path)


def drawn(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """Set a share of the pictures apart as val, whole groups of them, and call the rest train.

    Groups come in the order of a hash of their name and the seed, so few pictures change sides when some are added.
    Stretches of a film are taken from its end.
    """
    sizes = Counter(example.group or example.name for example in examples)
    if len(sizes) < 2 or share <= 0:
        return [replace(example, split="train") for example in examples]
    film = all(example.group.startswith("stretch ") for example in examples)
    order = sorted(sizes, reverse=True) if film else sorted(sizes, key=lambda group: _hash(group, seed))
    wanted, taken = share * len(examples), 0
    chosen: set[str] = set()
    for group in order:
        # Taken where that brings the number nearer to what is wanted.
        if abs(taken + sizes[group] - wanted) < abs(taken - wanted) and len(chosen) < len(sizes) - 1:
            chosen.add(group)
            taken += sizes[group]
        elif film:
            break
    if not chosen:
        chosen = {min(order, key=lambda group: (sizes[group], order.index(group)))}
    return [
        replace(example, split="val" if (example.group or example.name) in chosen else "train") for example in examples
    ]


def _hash(group: str, seed: int) -> bytes:
    return sha256(f"{seed}:{group}".encode("utf-8", "surrogateescape")).digest()
