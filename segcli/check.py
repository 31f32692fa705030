"""What is wrong with a data set: every file is read once, and each fault is told in a line with its name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from segcli.batch import each, process_pool
from segcli.errors import InputError
from segcli.files.datasets.dataset import DataSet
from segcli.files.datasets.example import Example, Finding, Level, listed, shown
from segcli.files.datasets.facts import Facts, gather
from segcli.files.datasets.meaning import LISTED
from segcli.numeric.likeness import SIDE, find_twins
from segcli.segmentation import VOID

TOGETHER = 4
"""Examples that travel to a worker together."""

Row = tuple[Example, Facts]


@dataclass(frozen=True)
class ClassShare:
    """How often a class occurs: share of the pixels that are not void, and number of pictures."""

    name: str
    share: float
    pictures: int


@dataclass(frozen=True, eq=False)
class Report:
    """What a check found.

    Attributes
    ----------
    data : the data set.
    facts : of each example, in the order of `data.examples`.
    findings : errors first.
    classes : how often each occurs.
    void : share of all pixels that are void.
    sizes : pictures of each (width, height).
    forms : pictures of each pixel type.
    twins : pairs of examples in different parts that show the same, with their correlation (1: equal files).
    """

    data: DataSet
    facts: tuple[Facts, ...]
    findings: tuple[Finding, ...]
    classes: tuple[ClassShare, ...]
    void: float
    sizes: dict[tuple[int, int], int]
    forms: dict[str, int]
    twins: tuple[tuple[int, int, float], ...] = field(default=())

    def count(self, level: Level) -> int:
        """Number of findings of a level."""
        return sum(finding.level == level for finding in self.findings)


def gather_all(data: DataSet, workers: int = 1) -> Iterator[Facts]:
    """Read every example, in this process or in `workers` others, and say what it is like, in order.

    Raises
    ------
    EnvironmentFailure : workers keep dying.
    """
    if workers == 1:
        for example in data.examples:
            yield gather(example, data.meaning)
        return
    function = partial(gather, meaning=data.meaning)
    yield from each(function, data.examples, lambda: process_pool(workers), workers, _died, lambda: TOGETHER)


def _died(example: Example) -> Facts:
    """An example that ended its worker."""
    return Facts(image_fault=f"{example.image!r} or its mask crashed the process that read it.")


def check(data: DataSet, facts: Iterable[Facts]) -> Report:
    """Judge what was gathered of all examples of a data set."""
    known = tuple(facts)
    rows = list(zip(data.examples, known, strict=True))
    twins = _twins(rows)
    found = [*data.findings, *chain.from_iterable(_faults(data, *row) for row in rows)]
    found += [*_more_classes(data, known), *_empty(data, rows), *_absent(data, rows), *_same(rows, twins)]
    found += _mixed(rows)
    pixels: Counter[int] = Counter()
    pictures: Counter[int] = Counter()
    for one in known:
        pixels.update(one.counts)
        pictures.update(one.counts.keys())
    total = max(1, sum(pixels.values()) - pixels[VOID])
    classes = tuple(ClassShare(name, pixels[label] / total, pictures[label]) for label, name in enumerate(data.names))
    return Report(
        data,
        known,
        tuple(sorted(found, key=lambda finding: finding.level != "error")),
        classes,
        pixels[VOID] / max(1, sum(pixels.values())),
        dict(Counter(one.size for one in known if one.size).most_common()),
        dict(Counter(one.form for one in known if one.form).most_common()),
        twins,
    )


def _faults(data: DataSet, example: Example, facts: Facts) -> Iterator[Finding]:
    """What is wrong with one example."""
    mask = example.masks[0]
    both = (example.image, mask)
    if facts.image_fault:
        yield Finding("unreadable", "error", facts.image_fault, (example.image,))
    if facts.mask_fault:
        yield Finding("unreadable", "error", facts.mask_fault, (mask,))
    if facts.lossy:
        mend = "--fix parts it in the middle" if facts.two_valued else "save it again as PNG"
        yield Finding("lossy", "error", f"mask {mask!r} is {facts.lossy}, which does not keep labels; {mend}.", (mask,))
    if facts.size and facts.mask_size and facts.size != facts.mask_size:
        yield Finding("size", "error", _size_words(example, facts), both)
    elif facts.turned != facts.mask_turned and facts.turned >= 2 and facts.size:
        square = facts.size[0] == facts.size[1]
        if facts.mask_turned != 1 or facts.turned <= 4 or square:
            words = (
                f"picture {example.image!r} is turned by EXIF ({facts.turned}), its mask {mask!r} is not "
                f"({facts.mask_turned}), and their sizes do not tell whether it should be."
            )
            yield Finding("orientation", "warning", words, both)
    if facts.outside:
        yield Finding("values", "error", _value_words(data, mask, facts), (mask,))


def _size_words(example: Example, facts: Facts) -> str:
    """Both sizes, and what may have happened."""
    assert facts.size is not None
    assert facts.mask_size is not None
    (width, height), (mask_width, mask_height) = facts.size, facts.mask_size
    words = f"mask {example.masks[0]!r} is {mask_width} x {mask_height}, picture {example.image!r} {width} x {height}"
    if (mask_height, mask_width) == (width, height) and facts.turned >= 5 and facts.mask_turned == 1:
        return f"{words}: EXIF ({facts.turned}) turns the picture alone; --fix turns the mask too."
    if abs(mask_width - width) <= 1 and abs(mask_height - height) <= 1:
        return f"{words}: one pixel off, so one of them was resized."
    return f"{words}; they must be equal."


def _value_words(data: DataSet, mask: str, facts: Facts) -> str:
    """The numbers of a mask that are no class."""
    outside = sorted(facts.outside)
    share = sum(facts.outside.values()) / max(1, sum(facts.outside.values()) + sum(facts.counts.values()))
    if data.kind == "colors" or len(outside) == 1:
        words = data.meaning.complaint(mask, outside).rstrip(".")
        return f"{words} ({share:.2%} of its pixels)."
    if data.kind == "mask" and facts.two_valued:
        kept = " and ".join(str(value) for value, label in data.meaning.table.items() if label != VOID)
        return (
            f"mask {mask!r} has {len(outside)} values between {kept} ({share:.2%} of its pixels): it was resized with "
            "blending, or saved with loss; --fix parts it in the middle."
        )
    shown = ", ".join(map(str, outside[:LISTED])) + (", ..." if len(outside) > LISTED else "")
    return f"mask {mask!r} has values {shown}, {data.meaning.count} classes declared ({share:.2%} of its pixels)."


def _more_classes(data: DataSet, facts: Sequence[Facts]) -> Iterator[Finding]:
    """Classes that the masks looked at first did not have."""
    highest = max((number for one in facts for number in one.outside if number < VOID), default=0)
    if data.meaning.guessed and highest:
        words = f"the masks looked at first have {data.meaning.count} classes; if {highest} is one too, give "
        yield Finding("classes", "warning", f"{words}--classes {highest + 1}.")


def _empty(data: DataSet, rows: Sequence[Row]) -> Iterator[Finding]:
    """Masks without an object, or with nothing but void."""
    with_ground = data.kind in ("mask", "instances", "objects")
    nothing = {0, VOID} if with_ground else {VOID}
    empty = [
        example.image if data.kind == "objects" else example.masks[0]
        for example, facts in rows
        if facts.counts and not set(facts.counts) - nothing
    ]
    if empty:
        words = f"{len(empty):,} of {len(rows):,} masks hold {'no object' if with_ground else 'void only'}: "
        yield Finding("empty", "warning", f"{words}{listed(empty)}.", tuple(empty))


def _absent(data: DataSet, rows: Sequence[Row]) -> Iterator[Finding]:
    """Classes that never occur in a part, of which at least one mask was read."""
    seen: dict[str, set[int]] = defaultdict(set)
    for example, facts in rows:
        if facts.counts:
            seen[example.split].update(facts.counts)
    everywhere = set().union(*seen.values())
    for label, name in enumerate(data.names if seen else ()):
        parts = [part for part in seen if label not in seen[part]]
        if label not in everywhere:
            yield Finding("absent", "warning", f"class {label} ({shown(name)}) occurs in no mask.")
        elif parts:
            yield Finding(
                "absent", "warning", f"class {label} ({shown(name)}) occurs in no mask of {', '.join(parts)}."
            )


def _twins(rows: Sequence[Row]) -> tuple[tuple[int, int, float], ...]:
    """Pairs of places in different parts that show the same picture; 1 where the files are equal."""
    parts = {part: number for number, part in enumerate(dict.fromkeys(example.split for example, _ in rows))}
    known = [place for place, (_, facts) in enumerate(rows) if facts.small]
    pairs: dict[tuple[int, int], float] = {}
    if len(parts) > 1 and known:
        small = np.frombuffer(b"".join(rows[place][1].small for place in known), np.uint8).reshape(-1, SIDE, SIDE)
        numbers = np.array([parts[rows[place][0].split] for place in known])
        for first, second, likeness in find_twins(small, numbers):
            pairs[known[first], known[second]] = min(likeness, 0.9999)
    places: dict[str, list[int]] = defaultdict(list)
    for place, (_, facts) in enumerate(rows):
        if facts.digest:
            places[facts.digest].append(place)
    for same in places.values():
        pairs.update({(same[0], other): 1.0 for other in same[1:]})
    return tuple((*pair, likeness) for pair, likeness in sorted(pairs.items()))


def _same(rows: Sequence[Row], twins: Sequence[tuple[int, int, float]]) -> Iterator[Finding]:
    """Pictures that are in two parts, or twice in one."""
    for first, second, likeness in twins:
        one, other = rows[first][0], rows[second][0]
        files = (one.image, other.image)
        if one.split == other.split:
            words = f"{one.image!r} and {other.image!r} of {one.split} are equal files."
            yield Finding("twice", "warning", words, files)
        elif likeness == 1:
            words = f"{one.image!r} of {one.split} and {other.image!r} of {other.split} are equal files; the scores of "
            yield Finding("leak", "error", f"{words}{other.split} would be too good.", files)
        else:
            words = f"{one.image!r} of {one.split} and {other.image!r} of {other.split} show the same "
            yield Finding("leak", "warning", f"{words}(correlation {likeness:.3f}).", files)


def _mixed(rows: Sequence[Row]) -> Iterator[Finding]:
    """Depths that differ, which scale differently, and files of several pages, of which one is used."""
    stacks = [example.image for example, facts in rows if facts.pages > 1]
    if stacks:
        words = f"{len(stacks):,} pictures have several pages, of which the first is used: {listed(stacks)}."
        yield Finding("pages", "warning", words, tuple(stacks))
    types: dict[str, list[str]] = defaultdict(list)
    for example, facts in rows:
        if facts.form:
            types[facts.form.split()[0]].append(example.image)
    if len(types) > 1:
        said = ", ".join(f"{len(files):,} {name} ({files[0]!r})" for name, files in types.items())
        yield Finding("depth", "warning", f"pictures have several depths: {said}.")


def as_dict(report: Report) -> dict[str, Any]:
    """A report as JSON values."""
    data = report.data
    return {
        "data": data.folder,
        "layout": data.layout,
        "parts": {part: len(examples) for part, examples in data.splits.items()},
        "drawn": data.drawn,
        "kind": data.kind,
        "classes": [
            {"name": one.name, "share": round(one.share, 6), "pictures": one.pictures} for one in report.classes
        ],
        "void": round(report.void, 6),
        "sizes": [{"width": width, "height": height, "pictures": n} for (width, height), n in report.sizes.items()],
        "forms": report.forms,
        "findings": [
            {"code": one.code, "level": one.level, "message": one.words, "files": list(one.files)}
            for one in report.findings
        ],
        "errors": report.count("error"),
        "warnings": report.count("warning"),
    }


def first_error(report: Report) -> InputError | None:
    """The first error as an exception, for a command that cannot go on with it; None where there is none."""
    errors = [finding for finding in report.findings if finding.level == "error"]
    if not errors:
        return None
    more = f" ({len(errors) - 1:,} more; segcli check lists them)" if len(errors) > 1 else ""
    return InputError(f"{errors[0].words}{more}")
