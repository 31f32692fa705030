"""An evaluation as one HTML page: scores, curves, and the worst pictures with their mistakes in color."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from segcli.evaluate import Evaluation, Result, look_again, scorer
from segcli.evaluate.words import (
    PER_CLASS,
    Differences,
    how,
    number,
    summary_scores,
    test_words,
    title,
)
from segcli.figures import report_page as html
from segcli.figures.mistakes import (
    CONFUSED,
    EXTRA,
    FOUND,
    MISSED,
    Picture,
    canvas,
    draw_borders,
    draw_classes,
    draw_objects,
    fitted,
)
from segcli.files.datasets.truth import open_image
from segcli.files.write import encode_array
from segcli.scores.tallies import LOWER, InstanceTally, SaliencyTally
from segcli.segmentation import VOID

MARK = "segcli eval"
WORST = 8
MOST_CLASSES = 40
"""Classes up to which the whole confusion matrix is shown; of more, the greatest confusions."""

GROUND = ("background", "ground", "unlabeled", "void", "other", "none")
"""What class 0 is called where it is what the other classes lie on."""

LISTED = 30
"""Rows of the tables of confusions and of pictures."""


def page(found: Sequence[Evaluation], differences: Differences | None = None) -> str:
    """A page about an evaluation, and how another one differs from it.

    Raises
    ------
    InputError : a picture of the worst cannot be read any more.
    """
    first = found[0]
    parts = [html.paragraph(title(first))]
    parts += [html.paragraph(note, faint=True) for note in first.plan.notes]
    if first.plan.missing:
        parts.append(html.paragraph(f"No prediction, not scored: {_some(first.plan.missing)}", faint=True))
    for result in first.results:
        parts += _task(first, result)
    if differences is not None:
        parts += _differences(found[1], differences)
    parts += [*_pictures(first), *_worst(first)]
    return html.page(f"Scores of {first.plan.label}", MARK, parts)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _task(found: Evaluation, result: Result) -> Iterator[str]:
    """Scores, classes, confusions and curves of a task."""
    yield html.heading(result.task)
    rows = []
    for name in summary_scores(result):
        value, drawn = result.scores[name], result.intervals.get(name)
        low, high = drawn if drawn is not None else (math.nan, math.nan)
        said = "" if math.isnan(low) else f"{number(low)} to {number(high)}"
        bar = html.strip(value, low, high) if name not in LOWER else html.Drawing("")
        rows.append((f"{name}{' (less is better)' if name in LOWER else ''}", number(value), said, bar))
    yield html.table(("score", "value", "95 % interval", ""), rows)
    yield html.paragraph(how(len(found.names), bool(result.intervals)).capitalize() + ".", faint=True)
    yield from _classes(found, result)
    yield from _confusions(found, result)
    yield from _curves(result)


def _classes(found: Evaluation, result: Result) -> Iterator[str]:
    """A row for each class."""
    columns = PER_CLASS.get(result.task, ())
    if not columns:
        return
    rows = []
    for name in found.plan.truth.data.names:
        main = f"{columns[0]}.{name}"
        low, high = result.intervals.get(main, (math.nan, math.nan))
        cells = [number(result.scores[f"{column}.{name}"]) for column in columns]
        said = "" if math.isnan(low) else f"{number(low)} to {number(high)}"
        rows.append((name, *cells, said, html.strip(result.scores[main], low, high)))
    yield html.heading("Classes", 3)
    yield html.table(("class", *columns, f"interval of {columns[0]}", ""), rows)


def _confusions(found: Evaluation, result: Result) -> Iterator[str]:
    """The confusion matrix, or of many classes what is taken for what."""
    if result.matrix is None:
        return
    names = found.plan.truth.data.names
    count = len(names)
    rows = result.matrix[:count]
    without = bool(rows[:, count].any())
    yield html.heading("Confusion", 3)
    if count <= MOST_CLASSES:
        yield html.matrix(names, (*names, *(["no class"] if without else [])), rows[:, : count + without])
    if count > 2:
        shares = rows / np.maximum(rows.sum(axis=1, keepdims=True), 1)
        shares[np.arange(count), np.arange(count)] = 0
        places = [divmod(int(place), count + 1) for place in np.argsort(-shares, axis=None)[: min(LISTED, 10)]]
        called = (*names, "no class")
        cells = [(names[a], called[b], f"{shares[a, b]:.1%}", f"{rows[a, b]:,}") for a, b in places if shares[a, b] > 0]
        if cells:
            yield html.table(("true", "taken for", "share", "pixels"), cells, "The greatest confusions.")


def _curves(result: Result) -> Iterator[str]:
    """Scores over thresholds."""
    sums = result.counts.sum(axis=0)
    if isinstance(result.tally, InstanceTally):
        lines = {
            name: list(zip(result.tally.thresholds, values.tolist(), strict=True))
            for name, values in result.tally.curves(sums).items()
        }
        yield html.plot("Objects of all pictures", "IoU that a match must exceed", lines, (0.5, 0.95))
    if isinstance(result.tally, SaliencyTally):
        curves = {name: values.tolist() for name, values in result.tally.curves(sums).items()}
        levels = [level / 255 for level in range(256)]
        lines = {name: list(zip(levels, values, strict=True)) for name, values in curves.items()}
        yield html.plot("Means of the pictures", "threshold of the map", lines)
        pairs = list(zip(curves["recall"], curves["precision"], strict=True))
        yield html.plot("Precision over recall", "recall", {"precision": pairs})


def _differences(other: Evaluation, differences: Differences) -> Iterator[str]:
    """How two sets of predictions differ."""
    names, tasks = differences
    yield html.heading(f"Against {other.plan.label}")
    for task, scores in tasks.items():
        rows = []
        for name, one in scores.items():
            if "." in name:
                continue
            drawn = "" if math.isnan(one.low) else f"{one.low:+.4f} to {one.high:+.4f}"
            rows.append((name, f"{one.value:+.4f}", drawn, "-" if math.isnan(one.p) else f"{one.p:.4f}"))
        yield html.table((task, "difference", "95 % interval", "p"), rows)
    yield html.paragraph(test_words(len(names)).capitalize() + ".", faint=True)


def _pictures(found: Evaluation) -> Iterator[str]:
    """How the scores of single pictures are spread, and those of the worst."""
    first = found.results[0]
    yield html.heading("Pictures")
    yield html.histogram(
        f"{first.tally.main} of each picture", first.tally.main, first.pictures[first.tally.main].tolist()
    )
    names = summary_scores(first)
    rows = [
        (found.names[place], *(number(float(first.pictures[name][place])) for name in names))
        for place, _ in found.worst(LISTED)
    ]
    yield html.table(("picture", *names), rows, f"The {len(rows):,} worst by {first.tally.main}.")


def _worst(found: Evaluation) -> Iterator[str]:
    """The worst pictures with their mistakes in color."""
    first = found.results[0]
    places = found.worst(WORST)
    if not places:
        return
    yield html.heading("Worst pictures")
    if isinstance(first.tally, SaliencyTally):
        words = f"Object is what lies above {_best_level(first):.3f} in the maps, where the F-measure of all is best."
        yield html.paragraph(words, faint=True)
    yield html.key({"found": FOUND, "missed": MISSED, "extra": EXTRA, "one for another": CONFUSED})
    for place, value in places:
        name = found.names[place]
        plain, drawn = draw_picture(found, name)
        shown = {"mistakes": drawn} if plain is None else {"picture": plain, "mistakes": drawn}
        pngs = {words: encode_array(fitted(picture), ".png", {}) for words, picture in shown.items()}
        yield html.pictures(f"{name}: {first.tally.main} {number(value)}", pngs)


def _best_level(result: Result) -> float:
    """The threshold at which the mean curves of maps have their greatest F-measure."""
    assert isinstance(result.tally, SaliencyTally)
    f_measure = result.tally.curves(result.counts.sum(axis=0))["F"]
    return (int(np.argmax(np.nan_to_num(f_measure))) - 0.5) / 255


def draw_picture(found: Evaluation, name: str) -> tuple[Picture | None, Picture]:
    """A picture (None where the truth has none), and the mistakes of the first task's prediction on it.

    Raises
    ------
    InputError : it cannot be read any more.
    """
    plan = found.plan
    example = next(one for one in plan.truth.examples if one.name == name)
    truth, predicted = look_again(plan, name)
    first, tally = found.results[0], plan.tallies[0]
    own, true = scorer(plan).forms(tally, truth, predicted)
    image = open_image(example).native if example.image else None
    plain = canvas(image, truth[0].shape)
    if tally.needs == "objects":
        drawn = draw_objects(plain, own, true)
    elif tally.needs == "regions":
        drawn = draw_borders(plain, own, true)
    else:
        own = np.asarray(own > _best_level(first), np.uint8) if isinstance(first.tally, SaliencyTally) else own
        names = plan.truth.data.names
        ground = len(names) == 2 or names[0].lower() in GROUND
        drawn = draw_classes(plain, own, true, truth[0] == VOID, ground)
    return (None if image is None else plain), drawn
