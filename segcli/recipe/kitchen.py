"""What a recipe's steps do, one after the other, to a picture and to what was found in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from segcli.arrays import Array, Hint
from segcli.cleanup import Cleanup, clean
from segcli.errors import InputError, UsageError
from segcli.files.image import Image
from segcli.files.memory import image_of
from segcli.filtering import filter_image
from segcli.recipe.kinds import IMAGE, INPUT
from segcli.recipe.steps import Step, find_step
from segcli.segmentation import VOID, Segmentation
from segcli.segmenter import MADE, MethodSegmenter, Segmenter, as_hint

FILM = r"contour_\d+"
"""Names of layers that show a contour after so many iterations."""

START = -1
"""Place of the picture as it came, before all steps."""


def is_reference(step: Step, name: str) -> bool:
    """Whether a setting of a method names an earlier step."""
    setting = step.kind.setting(name)
    return getattr(setting, "kind", "") in MADE


def cleaned(found: Segmentation, cleanup: Cleanup, name: str) -> Segmentation:
    """A segmentation tidied, with the count of its objects corrected."""
    if found.kind == "classes":
        raise UsageError(f"{name} gave classes; clean-up works on masks and instances only. Add a step select.")
    labels, kind = clean(found.labels, found.kind, cleanup)
    return _counted(replace(found, labels=labels, kind=kind))


def _counted(found: Segmentation) -> Segmentation:
    """The number of objects, where it is told, as it is now."""
    if "objects" not in found.numbers:
        return found
    count = int(np.count_nonzero(np.bincount(found.labels.ravel())[1:]))
    return replace(found, numbers={**found.numbers, "objects": count})


@dataclass
class Kitchen:
    """What has become of the picture so far.

    pictures : by the place of its step, what a filter left, and the pixels that count; -1 is the picture as it came.
    made : by the place of its step, each segmentation; `origin` the step whose layers it carries.
    """

    steps: tuple[Step, ...]
    pictures: dict[int, tuple[Image, Array | None]]
    notes: tuple[str, ...] = ()
    made: dict[int, Segmentation] = field(default_factory=dict)
    origin: dict[int, int] = field(default_factory=dict)

    def cook(self, place: int, part: Segmenter | None) -> None:
        """Do one step."""
        step = self.steps[place]
        role = step.kind.role
        if role == "filter":
            self._filter(place, step)
            return
        self.origin[place] = place
        if role in ("method", "network"):
            assert part is not None
            self.made[place] = self._segmented(step, part)
        elif role == "join":
            self.made[place] = self._joined(step)
        else:
            source = self._source(step)
            self.made[place] = self._changed(step, self.made[source], part)
            if part is None:
                self.origin[place] = self.origin[source]

    def _filter(self, place: int, step: Step) -> None:
        """Change the picture."""
        method = step.kind.method
        assert method is not None
        image, valid = self._picture(step)
        # What method and file call gray are the same then, also where the file holds luma.
        plain = step.use == "gray" and step.complete["channel"] == "luma"
        pixels, valid, notes = filter_image(method, image.gray if plain else image.native, valid, step.knobs)
        self.notes += notes
        self.pictures[place] = image_of(pixels, image.name), valid

    def _picture(self, step: Step) -> tuple[Image, Array | None]:
        """The picture that a step looks at, and the pixels of it that count."""
        latest = max(self.pictures)
        name = step.settings.get(IMAGE.name)
        if name is None:
            return self.pictures[latest]
        place = START if name == INPUT else find_step(self.steps[: latest + 1], name, IMAGE.name, ("filter",))
        return self.pictures[place]

    def _source(self, step: Step) -> int:
        """The place of the segmentation that a step works on."""
        latest = max(self.made)
        name = step.settings.get("of")
        return latest if name is None else find_step(self.steps[: latest + 1], name, "of")

    def _segmented(self, step: Step, part: Segmenter) -> Segmentation:
        """Segment the picture, with the hints that other steps made."""
        given: dict[str, Hint] = {}
        for name, value in step.knobs.items():
            if isinstance(part, MethodSegmenter) and is_reference(step, name):
                source = self.made[find_step(self.steps[: max(self.made) + 1], value, name)]
                given[name] = as_hint(part.method.knob(name).kind, source)
        image, valid = self._picture(step)
        return part(image, given, valid)

    def _joined(self, step: Step) -> Segmentation:
        """Join masks by a rule."""
        places = [find_step(self.steps[: max(self.made) + 1], name, "of") for name in step.settings["of"]]
        masks = np.stack([as_hint("mask", self.made[place]) for place in places])
        votes = np.count_nonzero(masks, axis=0)
        joined = {
            "and": votes == len(masks),
            "or": votes > 0,
            "minus": masks[0] & ~masks[1:].any(axis=0),
            "xor": votes % 2 == 1,
            "majority": 2 * votes > len(masks),
        }[step.complete["rule"]]
        return Segmentation(joined.astype(np.uint8), "mask")

    def _changed(self, step: Step, found: Segmentation, part: Segmenter | None) -> Segmentation:
        """Change a segmentation."""
        settings = step.complete
        of = settings.pop("of")
        if step.use == "clean":
            return cleaned(found, Cleanup(**settings), of or "the step before clean")
        if step.use == "select":
            return selected(found, settings["classes"])
        if step.use == "measure":
            return measured(found, self._picture(step)[0], settings["filter"])
        refiner: Any = part
        labels = found.labels if found.kind != "classes" else np.where(found.labels == VOID, 0, found.labels)
        given = labels.astype(np.int32) if found.kind != "mask" else labels > 0
        refiner = replace(refiner, holds="mask" if found.kind == "mask" else "labels")
        image, valid = self._picture(step)
        result: Segmentation = refiner(image, {"mask": given}, valid)
        return replace(result, names=found.names if result.kind == "classes" else ())

    def result(self) -> Segmentation:
        """The last segmentation, with what every step before it left to look at."""
        last = max(self.made)
        final, own = self.made[last], self.origin[last]
        layers: dict[str, Array] = {}
        numbers: dict[str, float] = {}
        for place, step in enumerate(self.steps):
            title = f"{place + 1}_{step.label}"
            if place in self.pictures:
                layers[title] = _visible(self.pictures[place][0].native)
                continue
            found = self.made[place]
            if self.origin[place] == place != own:
                # The film of a contour is drawn for the last segmenter alone.
                own_layers = {name: layer for name, layer in found.layers.items() if not re.fullmatch(FILM, name)}
                layers |= {f"{title}_{name}": layer for name, layer in own_layers.items()}
                numbers |= {f"{step.label}_{name}": value for name, value in found.numbers.items()}
            if place != last:
                layers[title] = _countable(found)
        # The pictures on the way to the last segmenter come before its own.
        before = {name: layer for name, layer in layers.items() if int(name.partition("_")[0]) <= own}
        after = {name: layer for name, layer in layers.items() if name not in before}
        self.notes += tuple(note for found in self.made.values() for note in found.notes)
        return replace(final, layers={**before, **final.layers, **after}, numbers={**numbers, **final.numbers})


def _visible(pixels: Array) -> Array:
    """(H, W, 3), a picture as it looks, without being copied."""
    return pixels if pixels.ndim == 3 else np.broadcast_to(pixels[:, :, None], (*pixels.shape, 3))


def _countable(found: Segmentation) -> Array:
    """Labels as a layer: a mask as bool, classes from 1 on, left-out pixels 0."""
    if found.kind == "mask":
        return found.labels > 0
    if found.kind == "instances":
        return found.labels
    return np.where(found.labels == VOID, 0, found.labels.astype(np.int32) + 1)


def selected(found: Segmentation, wanted: tuple[int | str, ...]) -> Segmentation:
    """The mask of some classes or objects, by number or by name.

    Raises
    ------
    InputError : a name that no class has.
    """
    numbers = []
    for one in wanted:
        if isinstance(one, str) and one not in found.names:
            listed = ", ".join(found.names) or "none that have names"
            raise InputError(f"has no class {one!r} to select; there are: {listed}.")
        numbers.append(found.names.index(one) if isinstance(one, str) else one)
    labels = np.isin(found.labels, [number for number in numbers if number != VOID or found.kind != "classes"])
    return replace(found, labels=labels.astype(np.uint8), kind="mask", names=(), scores=None)


def measured(found: Segmentation, image: Image, text: str) -> Segmentation:
    """The regions of a mask or of objects that pass a filter, such as 'area>50 and eccentricity<0.9'.

    Raises
    ------
    UsageError : classes, or a filter that asks for what is not measured.
    """
    from segcli.expression import Filter
    from segcli.region_table import Regions, column_names, measure_columns

    if found.kind == "classes":
        raise UsageError("measure filters regions of masks and objects, and it was given classes. Add a step select.")
    where, pixels = Filter(text), image.native
    where.check(column_names(found.kind, 1 if pixels.ndim == 2 else 3))
    regions = Regions(Segmentation(found.labels, found.kind), pixels)
    columns = measure_columns(regions, {"label", *where.names})
    kept = columns["label"][where.keep(columns)]
    number = np.zeros(int(regions.labels.max(initial=0)) + 1, found.labels.dtype)
    number[kept] = 1 if found.kind == "mask" else np.arange(1, len(kept) + 1)
    return _counted(replace(found, labels=number[regions.labels]))
