"""A search in words: the recipe's comment, the table of what was tried, lines for people and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from segcli import __version__
from segcli.tuning.budget import Row
from segcli.tuning.candidate import Candidate, shown
from segcli.tuning.finding import Finding
from segcli.tuning.pictures import record

MOST_DEFAULTS = 5
"""Methods as they come that are told; all are in the table."""


def recipe_file(found: Finding) -> str:
    """The recipe as TOML; its comment says how it was found and how good it is."""
    from segcli.recipe import recipe_text

    search = found.search
    lines = [
        f"Found by segcli tune {__version__}: {expectation(found)}.",
        *comparisons(found),
        f"{search.done} candidates beside the defaults, seed {search.seed}, {budget_words(found)}.",
        "Pictures, and SHA-256 of picture and truth:",
    ]
    for one in record(search.pictures):
        lines.append(f"  {one['name']!a} {one['picture']} {' '.join(one['masks'])}")
    return recipe_text(found.recipe, "\n".join(lines))


def expectation(found: Finding) -> str:
    """What to expect of the recipe on new pictures."""
    count = len(found.search.pictures)
    name, low, high = found.search.judge.name, *found.interval
    if count == 1:
        return f"{name} {found.mean:.3f} on the one picture it was chosen on; nothing is known of others"
    ways = "each picture by what was chosen without it"
    return f"{name} {found.expected:.3f}, {low:.3f} to {high:.3f} for {count} new pictures with 95 % ({ways})"


def comparisons(found: Finding) -> list[str]:
    """What else reaches which score."""
    count = len(found.search.pictures)
    name, default = found.defaults[0]
    lines = [f"On the {count} pictures it was chosen on: {found.mean:.3f}."] if count > 1 else []
    lines.append(f"Best method as it comes: {name} {default:.3f}.")
    if found.level is not None:
        lines.append(f"Best single threshold: {level_words(found.level[0])} {found.level[1]:.3f}.")
    if found.choice.kept:
        lines.append("The default was kept: what scored higher on these pictures did not on those it had not seen.")
    return lines


def level_words(candidate: Candidate) -> str:
    """One threshold in words."""
    side = candidate.method.given("foreground") or "bright"
    return f"{shown(candidate.method.given('at')[0])} ({side})"


def budget_words(found: Finding) -> str:
    """How long was searched, and whether it can be had again."""
    budget = found.search.budget
    if found.search.stopped:
        return "stopped by hand"
    if budget.trials is not None:
        return f"budget {budget.trials} candidates: equal runs find the same"
    return f"budget {budget.seconds:g} s: how many are tried in it depends on the machine"


def lines(found: Finding, seconds: float) -> Iterator[str]:
    """The outcome for people."""
    search = found.search
    yield f"recipe: {found.candidate.words()}"
    yield f"expect: {expectation(found)}"
    for line in comparisons(found):
        yield f"  {line}"
    others = ", ".join(f"{name} {score:.3f}" for name, score in found.defaults[1:MOST_DEFAULTS])
    if others:
        yield f"  Other methods as they come: {others}."
    yield f"{search.done} candidates beside {len(found.defaults)} defaults, seed {search.seed}, {seconds:.1f} s"


def as_dict(found: Finding, seconds: float) -> dict[str, Any]:
    """The outcome as JSON values."""
    search = found.search
    steps = [{"use": step.use, **dict(step.settings)} for step in found.recipe.steps]
    level = found.level
    return {
        "recipe": steps,
        "score": search.judge.name,
        "expected": _finite(found.expected) if len(search.pictures) > 1 else None,
        "interval": [_finite(end) for end in found.interval] if len(search.pictures) > 1 else None,
        "chosen_on": _finite(found.mean),
        "held_out": [_finite(found.sign * value) for value in found.choice.held_out.tolist()],
        "pictures": list(search.pictures.names),
        "kept_default": found.choice.kept,
        "defaults": dict(found.defaults),
        "threshold": None if level is None else {"at": level[0].method.given("at")[0], "score": level[1]},
        "candidates": search.done,
        "seed": search.seed,
        "notes": search.notes,
        "version": __version__,
        "seconds": round(seconds, 2),
    }


def _finite(value: float) -> float | None:
    return value if abs(value) != float("inf") and value == value else None


COLUMNS = ("number", "origin", "method", "steps", "pictures", "size", "score", "lowest", "highest", "taken", "problem")


def table(found: Finding) -> str:
    """What was tried as CSV: one row a candidate, with its best clean-up, as far as it came."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in found.tried:
        writer.writerow(_cells(row, found))
    return text.getvalue()


def _cells(row: Row, found: Finding) -> list[Any]:
    """One row of the table."""
    scores = [found.sign * score for score in row.scores if score == score]
    told = [f"{value:.6g}" for value in (found.sign * row.mean, min(scores), max(scores))] if scores else [""] * 3
    return [
        row.number,
        row.origin,
        row.candidate.method.use.replace("_", "-"),
        row.candidate.words(),
        len(row.places),
        f"{row.factor:.3g}",
        *told,
        "yes" if row.candidate.head == found.candidate.head and row.candidate == found.candidate else "",
        row.problem,
    ]


def picture(found: Finding) -> bytes:
    """Score against budget, as a PNG."""
    from segcli.figures.tuning import search_plot

    count = len(found.search.pictures)
    rows = [row for row in found.tried if row.origin != "level"]
    points = [
        (place, found.sign * row.mean, row.candidate.method.use.replace("_", "-"))
        for place, row in enumerate(rows, 1)
        if row.factor == 1 and len(row.places) == count and row.scores
    ]
    name, default = found.defaults[0]
    compared = [(f"best default: {name} {default:.3f}", default)]
    if found.level is not None:
        compared.append((f"single threshold: {level_words(found.level[0])} {found.level[1]:.3f}", found.level[1]))
    expected = found.expected if count > 1 else found.mean
    words = f"recipe on new pictures: {expected:.3f}" if count > 1 else f"recipe on this picture: {expected:.3f}"
    low, high = found.interval if count > 1 else (expected, expected)
    lower = not found.search.judge.higher_is_better
    return search_plot(points, compared, (words, expected, low, high), found.search.judge.name, lower=lower)
