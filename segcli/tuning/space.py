"""The search space: draws candidates, candidates near others, and ways to clean up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from segcli.tuning.candidate import CLEANING, ODD, Candidate, Items, Part, part
from segcli.tuning.dimensions import SINGLE, Dimension, Facts, Random, dimension, row_of

CHANNELS = ("r", "g", "b", "h", "s", "v", "L", "a", "b*")


@dataclass(frozen=True)
class Space:
    """Draws candidates."""

    facts: Facts

    def dimensions(self, use: str) -> dict[str, Dimension]:
        """What is tried of each knob of a method, filter or of clean-up."""
        found = {knob.name: dimension(use, knob, self.facts) for knob in row_of(use)}
        return {name: one for name, one in found.items() if one is not None}

    def draw(self, method: str, random: Random) -> Candidate:
        """A candidate by chance: about half of the knobs differ from the default."""
        share = random.choice((0.3, 0.6, 0.9))
        dimensions = self.dimensions(method)
        chosen = {name: one.draw(random) for name, one in dimensions.items() if random.random() < share}
        if "foreground" in dimensions:
            chosen["foreground"] = dimensions["foreground"].draw(random)
        return Candidate(self._agreed(method, chosen), self._filters(random))

    def near(self, candidate: Candidate, random: Random) -> Candidate:
        """A candidate like another: a few things differ."""
        changes = 1 + int(random.geometric(0.5))
        found = candidate
        for _ in range(changes):
            if random.random() < 0.3:
                found = replace(found, before=self._other_filters(found.before, random))
            else:
                found = replace(found, method=self._moved(found.method, random))
        return found

    def cleaned(self, candidate: Candidate, count: int, random: Random) -> list[Part]:
        """Ways to clean up: as the candidate does, none, usual ones, and some by chance."""
        usual: list[Mapping[str, Any]] = [{"min_size": max(2, round(self.facts.least / 2))}, {"smooth": 1}]
        if self.facts.split:
            usual.insert(0, {"split": True, "min_size": max(2, round(self.facts.least / 2))})
        found = [candidate.after, Part("clean"), *(part("clean", one, CLEANING) for one in usual)]
        while len(found) < count + 6:
            found.append(self._moved(candidate.after, random) if random.random() < 0.6 else self._cleaning(random))
        return list(dict.fromkeys(found))[:count]

    def _cleaning(self, random: Random) -> Part:
        """A clean-up by chance."""
        found = {name: one.draw(random) for name, one in self.dimensions("clean").items() if random.random() < 0.4}
        return part("clean", found, CLEANING)

    def _moved(self, step: Part, random: Random) -> Part:
        """A step with one setting changed, or set back to the default."""
        dimensions, settings = self.dimensions(step.use), dict(step.settings)
        if not dimensions:
            return step
        names = list(dimensions)
        # What was changed before is more often worth another change than what was left alone.
        weights = np.array([2.0 if name in settings else 1.0 for name in names])
        name = names[int(random.choice(len(names), p=weights / weights.sum()))]
        knob = next(one for one in row_of(step.use) if one.name == name)
        if name in settings and random.random() < 0.15:
            del settings[name]
        elif name in settings or not isinstance(knob.default, (str, type(None))):
            settings[name] = dimensions[name].near(settings.get(name, knob.default), random)
        else:
            settings[name] = dimensions[name].draw(random)
        return self._agreed(step.use, settings)

    def _agreed(self, use: str, settings: dict[str, Any]) -> Part:
        """Settings that do not contradict each other."""
        knobs = row_of(use)
        if settings.get("at") is not None:
            settings.pop("rule", None)
        if settings.get("classes", 2) > 2:
            settings.pop("foreground", None)
        for name in ODD & set(settings):
            settings[name] += settings[name] % 2 == 0 < settings[name]
        values = {knob.name: knob.default for knob in knobs} | settings
        for less, more in (("low", "high"), ("sigma", "widest")):
            low, high = values.get(less), values.get(more)
            if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
                settings[less], settings[more] = high, low
        return part(use, settings, knobs)

    def _filters(self, random: Random) -> tuple[Part, ...]:
        """Filters by chance; none half of the time."""
        found: list[Part] = []
        if self.facts.colored and random.random() < 0.5:
            found.append(Part("gray", (("channel", CHANNELS[int(random.integers(len(CHANNELS)))]),)))
        if random.random() < 0.25:
            found.append(self._filter(str(random.choice(("background", "clahe", "equalize"))), random))
        if random.random() < 0.5:
            found.append(self._filter(str(random.choice(("smooth", "smooth", "median"))), random))
        return tuple(found)

    def _filter(self, use: str, random: Random) -> Part:
        """A filter with settings by chance."""
        return self._agreed(use, {name: one.draw(random) for name, one in self.dimensions(use).items()})

    def _other_filters(self, before: tuple[Part, ...], random: Random) -> tuple[Part, ...]:
        """One filter less, one more, one changed, or all new."""
        chance = random.random()
        if not before or chance < 0.2:
            return self._filters(random)
        place = int(random.integers(len(before)))
        if chance < 0.4:
            return (*before[:place], *before[place + 1 :])
        step = before[place]
        if step.use == "gray":
            step = Part("gray", (("channel", CHANNELS[int(random.integers(len(CHANNELS)))]),))
        else:
            step = self._moved(step, random)
        return (*before[:place], step, *before[place + 1 :])


def at_levels(facts: Facts, count: int) -> list[Candidate]:
    """One threshold for all pictures, at levels spread over the gray range, for bright and for dark objects."""
    levels = np.linspace(facts.low, facts.high, count + 2)[1:-1]
    dark: Items = (("foreground", "dark"),)
    return [
        Candidate(Part(SINGLE, (("at", (float(f"{level:.4g}"),)), *side))) for level in levels for side in ((), dark)
    ]
