"""Filters such as `area>50 and eccentricity<0.9`, read by a small parser of their own; no text is ever executed."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import UsageError

Columns = Mapping[str, Array]
Compute = Callable[[Columns], Any]
"""Numbers, or yes and no, for all rows of a table at once."""


def _differ(left: Any, right: Any) -> Any:
    """Unlike `!=`, no where one of them is not a number."""
    return (left < right) | (left > right)


COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": _differ,
}
ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": np.divide,
}
JOINTS: Mapping[str, Callable[[Any, Any], Any]] = {"and": operator.and_, "or": operator.or_}

MOST_WORDS, DEEPEST = 500, 30
"""Words of an expression, and parentheses, signs and nots inside each other."""

# A dash belongs to a name where a digit follows: centroid-0 is a column.
_WORD = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*(?:-\d+)?)|(?P<sign>[<>=!]=|[-<>=+*/()])"
)


@dataclass(frozen=True)
class _Word:
    """A word of an expression: number, name, sign or end, and where it stands, from 0."""

    kind: str
    text: str
    place: int


@dataclass(frozen=True)
class _Part:
    """A part of an expression that has been read: how to compute it, and whether it says yes or no."""

    compute: Compute
    answers: bool
    place: int


class Filter:
    """A question that each row of a table answers with yes or no.

    Comparisons (< <= > >= == !=, also in a row: 50 < area <= 900) of sums, products, numbers and columns, joined by
    `and`, `or`, `not` and parentheses; `not` binds closer than `and`, that closer than `or`. `=` means `==`. A dash
    with a digit behind it belongs to a name (centroid-0); a minus has a space there (area - 0). Where a value is not
    a number (0/0, say), every comparison with it is false, `!=` too, so a plain filter drops such rows and `not` of
    it keeps them; any other number divided by 0 is infinite.

    Attributes
    ----------
    text : the expression as it was given.
    names : the columns that it asks for, in the order of their first mention.

    Raises
    ------
    UsageError : no such expression; the message says where, counted in characters from 1.

    Examples
    --------
    >>> table = {"area": np.array([40, 60, 60]), "length": np.array([9, 9, 3]), "width": np.array([3, 3, 2])}
    >>> Filter("area>50 and not length/width > 2").keep(table).tolist()
    [False, False, True]
    """

    def __init__(self, text: str) -> None:
        parser = _Parser(text)
        self.text = text
        self._keep = parser.whole()
        self._places = parser.places
        self.names = tuple(parser.places)

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"

    def check(self, known: Iterable[str]) -> None:
        """Refuse columns that a table does not have.

        Raises
        ------
        UsageError : the first of them, and the nearest that there is.
        """
        columns = list(known)
        for name, place in self._places.items():
            if name not in columns:
                near = difflib.get_close_matches(name, columns, 1, 0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(columns) or 'none'}."
                raise UsageError(f"{self.text!r}: {name!r} at character {place + 1} is no column; {hint}")

    def keep(self, columns: Columns) -> NDArray[np.bool_]:
        """Say for each row of a table whether it is kept.

        Parameters
        ----------
        columns : numbers by name, (rows,) each.

        Raises
        ------
        UsageError : a column that is not there, or that holds no numbers.
        """
        self.check(columns)
        for name in self.names:
            if np.asarray(columns[name]).dtype.kind not in "biuf":
                raise UsageError(f"{self.text!r}: the column {name!r} holds no numbers.")
        rows = len(next(iter(columns.values()), ()))
        numbers = {name: np.asarray(columns[name], np.float64) for name in self.names}
        with np.errstate(all="ignore"):
            return np.array(np.broadcast_to(self._keep(numbers), (rows,)), bool)


class _Parser:
    """Reads an expression from left to right, one method for each way in which words bind."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: dict[str, int] = {}
        self._words = list(self._cut())
        self._next = 0
        self._depth = 0

    def whole(self) -> Compute:
        """All words, which must be one condition."""
        found = self._either()
        if self._word.kind != "end":
            raise self._refusal(f"{self._word.text!r} is not expected", self._word.place)
        return self._condition(found).compute

    def _cut(self) -> Iterator[_Word]:
        """The words, and one for the end."""
        place, count = 0, 0
        while place < len(self.text):
            if self.text[place].isspace():
                place += 1
                continue
            match = _WORD.match(self.text, place)
            if match is None:
                sign = self.text[place]
                words = {"&": "; write and", "|": "; write or", "!": "; write not or !="}.get(sign, "")
                raise UsageError(f"{self.text!r}: {sign!r} at character {place + 1} means nothing here{words}.")
            word = match.group()
            yield _Word(str(match.lastgroup), word.lower() if word.lower() in (*JOINTS, "not") else word, place)
            place, count = match.end(), count + 1
            if count > MOST_WORDS:
                raise UsageError(f"the expression {self.text[:40]!r}... has more than {MOST_WORDS} words.")
        yield _Word("end", "", len(self.text))

    @property
    def _word(self) -> _Word:
        return self._words[self._next]

    def _take(self, texts: Collection[str]) -> str | None:
        """The next word, where it is one of these."""
        if self._word.text not in texts:
            return None
        self._next += 1
        return self._words[self._next - 1].text

    def _refusal(self, complaint: str, place: int) -> UsageError:
        where = "at the end" if place >= len(self.text) else f"at character {place + 1}"
        return UsageError(f"{self.text!r}: {complaint} {where}.")

    def _condition(self, part: _Part) -> _Part:
        """A part that says yes or no."""
        if not part.answers:
            raise self._refusal("expected a comparison such as area > 50, found only a number", part.place)
        return part

    def _number(self, part: _Part) -> _Part:
        """A part that is a number."""
        if part.answers:
            raise self._refusal("expected a number, found a comparison", part.place)
        return part

    def _either(self) -> _Part:
        return self._joined("or", self._both)

    def _both(self) -> _Part:
        return self._joined("and", self._negated)

    def _joined(self, word: str, inner: Callable[[], _Part]) -> _Part:
        """Conditions joined by one word."""
        found = inner()
        while self._take((word,)):
            left, right = self._condition(found), self._condition(inner())
            found = _Part(_two(JOINTS[word], left, right), True, left.place)
        return found

    def _negated(self) -> _Part:
        place = self._word.place
        if not self._take(("not",)):
            return self._compared()
        inner = self._condition(self._deeper(self._negated))
        return _Part(lambda columns: np.logical_not(inner.compute(columns)), True, place)

    def _compared(self) -> _Part:
        """A number, or numbers compared in a row."""
        left = self._sum()
        found: _Part | None = None
        while sign := self._take(COMPARISONS):
            right = self._number(self._sum())
            link = _Part(_two(COMPARISONS[sign], self._number(left), right), True, left.place)
            found = link if found is None else _Part(_two(operator.and_, found, link), True, found.place)
            left = right
        return found or left

    def _sum(self) -> _Part:
        return self._computed(("+", "-"), self._product)

    def _product(self) -> _Part:
        return self._computed(("*", "/"), self._signed)

    def _computed(self, signs: tuple[str, ...], inner: Callable[[], _Part]) -> _Part:
        """Numbers joined by signs of one rank, from the left."""
        found = inner()
        while sign := self._take(signs):
            left, right = self._number(found), self._number(inner())
            found = _Part(_two(ARITHMETIC[sign], left, right), False, left.place)
        return found

    def _signed(self) -> _Part:
        place = self._word.place
        sign = self._take(("+", "-"))
        if sign is None:
            return self._single()
        inner = self._number(self._deeper(self._signed))
        if sign == "+":
            return inner
        return _Part(lambda columns: np.negative(inner.compute(columns)), False, place)

    def _single(self) -> _Part:
        """A number, a column, or anything in parentheses."""
        word = self._word
        if self._take(("(",)):
            found = self._deeper(self._either)
            if not self._take((")",)):
                raise self._refusal(f"the parenthesis of character {word.place + 1} is not closed", self._word.place)
            return found
        if word.kind == "number":
            self._next += 1
            number = float(word.text)
            return _Part(lambda columns: np.float64(number), False, word.place)
        if word.kind == "name" and word.text not in (*JOINTS, "not"):
            self._next += 1
            self.places.setdefault(word.text, word.place)
            return _Part(lambda columns: columns[word.text], False, word.place)
        found_words = "nothing more" if word.kind == "end" else repr(word.text)
        raise self._refusal(f"expected a column or a number, found {found_words}", word.place)

    def _deeper(self, inner: Callable[[], _Part]) -> _Part:
        """What stands inside parentheses or behind a sign."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._refusal(f"more than {DEEPEST} parentheses inside each other", self._word.place)
        found = inner()
        self._depth -= 1
        return found


def _two(function: Callable[[Any, Any], Any], left: _Part, right: _Part) -> Compute:
    return lambda columns: function(left.compute(columns), right.compute(columns))
