"""A recipe as a segmenter: named steps that change the picture, segment it, and work on what was found."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from segcli.arrays import Array, Fitted, Hint
from segcli.cleanup import Cleanup, clean
from segcli.errors import InputError, UsageError
from segcli.files.image import Image
from segcli.files.memory import image_of
from segcli.filtering import filter_image
from segcli.preparation import Preparation
from segcli.recipe_file import ENDING as ENDING
from segcli.recipe_file import Recipe as Recipe
from segcli.recipe_file import load_recipe as load_recipe
from segcli.recipe_file import read_recipe as read_recipe
from segcli.recipe_file import recipe_text as recipe_text
from segcli.recipe_steps import IMAGE, INPUT, find_step
from segcli.recipe_steps import Step as Step
from segcli.segmentation import VOID, Segmentation
from segcli.segmenter import MADE, MethodSegmenter, Segmenter, as_hint, asked_of

if TYPE_CHECKING:
    from segcli.network_segmenter import NetworkSegmenter

START = -1
"""Place of the picture as it came, before all steps."""


@dataclass(frozen=True)
class RecipeSegmenter:
    """A recipe with what the shared options say of the picture before it and of the result after it.

    Attributes
    ----------
    recipe : the steps.
    preparation, cleanup : before the first step, and after the last.
    scores, layers : whether networks keep their probabilities, and pictures of them.

    Raises
    ------
    UsageError : a model that a step names cannot be used.
    """

    recipe: Recipe
    preparation: Preparation = Preparation()
    cleanup: Cleanup = Cleanup()
    scores: bool = False
    layers: bool = False

    def __post_init__(self) -> None:
        _ = self.record

    @property
    def name(self) -> str:
        return self.recipe.name

    @cached_property
    def parts(self) -> tuple[Segmenter | None, ...]:
        """The segmenter of each step that is one, ready to be called; hints from other steps are not in it."""
        found = [_part(step, self.recipe.folder) for step in self.recipe.steps]
        kept: Any = {"scores": self.scores, "layers": self.layers}
        asked = [step.use == "predict" for step in self.recipe.steps]
        return tuple(
            replace(cast(Any, part), **kept) if network else part for part, network in zip(found, asked, strict=True)
        )

    @cached_property
    def record(self) -> dict[str, Any]:
        """Every step with every setting, models and fitted models by their contents."""
        steps = [_said(step, part, self.recipe) for step, part in zip(self.recipe.steps, self.parts, strict=True)]
        return {"method": self.name, "recipe": steps, **asked_of(self.preparation, self.cleanup)}

    def networks(self) -> tuple[NetworkSegmenter, ...]:
        """The networks among the steps, so that a caller can load them before any work and say what they are."""
        found: list[Any] = [
            part for step, part in zip(self.recipe.steps, self.parts, strict=True) if step.use == "predict"
        ]
        return tuple(found)

    def __call__(self, image: Image, hints: Mapping[str, Hint], roi: Array | None = None) -> Segmentation:
        notes: tuple[str, ...] = ()
        if self.preparation != Preparation():
            pixels, roi, notes = self.preparation.apply(image, "any", roi)
            image = image_of(pixels, image.name)
        kitchen = _Kitchen(self.recipe.steps, {START: (image, roi)})
        for place, part in enumerate(self.parts):
            kitchen.cook(place, part)
        result = kitchen.result()
        if self.cleanup.asked:
            result = _cleaned(result, self.cleanup, self.name)
        return replace(result, notes=tuple(dict.fromkeys((*notes, *kitchen.notes, *result.notes))))


def network_segmenter(settings: Mapping[str, Any], folder: str = "") -> NetworkSegmenter:
    """A network by the settings of the step `predict`; `folder` is where models are looked for besides.

    Raises
    ------
    UsageError : a model that is not there or cannot be used, settings that do not go together.
    """
    from segcli.network_segmenter import ModelFile, NetworkSegmenter
    from segcli.phrase import segmenter_from_words

    views, tile, refined = settings.get("tta") or (), settings.get("tile", "auto"), settings.get("refine")
    names = (settings["model"], *(settings.get("ensemble") or ()))
    return NetworkSegmenter(
        tuple(ModelFile.open(_place(name, folder)) for name in names),
        device=settings.get("device") or "auto",
        tile=None if tile == "auto" else tile,
        flip="flip" in views,
        scale="scale" in views,
        threshold=settings.get("threshold"),
        instances=settings.get("instances", False),
        split=settings.get("split", False),
        to_gray=settings.get("gray", False),
        refined=None if refined is None else segmenter_from_words(refined),
    )


def _place(name: str, folder: str) -> str:
    """A file that a recipe names, where it is: as it is named, else beside the recipe."""
    beside = os.path.join(folder, name)
    return beside if folder and not os.path.exists(name) and os.path.exists(beside) else name


def _part(step: Step, folder: str) -> Segmenter | None:
    """The segmenter of a step, None for what is none."""
    role = step.kind.role
    if role == "network":
        return network_segmenter(step.settings, folder)
    if role == "method":
        settings = {name: value for name, value in step.knobs.items() if not _is_reference(step, name)}
        if isinstance(settings.get("model"), str):
            settings["model"] = _fitted(_place(settings["model"], folder))
        return MethodSegmenter(step.use, settings)
    if step.use == "refine":
        from segcli.phrase import segmenter_from_words
        from segcli.refine import Refiner

        return Refiner(segmenter_from_words(step.settings["with"]), step.complete["band"])
    return None


def _is_reference(step: Step, name: str) -> bool:
    """Whether a setting of a method names an earlier step."""
    setting = step.kind.setting(name)
    return getattr(setting, "kind", "") in MADE


def _fitted(path: str) -> Fitted:
    """Read the fitted model of a step."""
    from segcli.files.fitted import read_fitted

    try:
        return read_fitted(path)
    except InputError as failure:
        raise UsageError(f"model {path!r} {failure}") from failure


def _said(step: Step, part: Segmenter | None, recipe: Recipe) -> dict[str, Any]:
    """What a record says of a step."""
    found: dict[str, Any] = {"use": step.use}
    if step.name is not None:
        found["name"] = step.name
    silent = {name for name in ("of", IMAGE.name) if step.settings.get(name) is None}
    complete = {name: value for name, value in step.complete.items() if name not in silent}
    settings = json.loads(json.dumps(complete))
    if step.use == "predict" and part is not None:
        # Where it is computed does not count.
        del settings["device"]
        found["models"] = part.record["models"]
        names = [model["name"] for model in found["models"]]
        settings |= {"model": names[0], "ensemble": names[1:] or None}
    elif step.use == "refine" and part is not None:
        found["refine"] = part.record["with"]
    elif settings.get("model") is not None:
        with open(_place(settings["model"], recipe.folder), "rb") as stream:
            digest = sha256(stream.read()).hexdigest()
        settings["model"] = {"file": os.path.basename(settings["model"]), "sha256": digest}
    return {**found, "settings": settings}


def _cleaned(found: Segmentation, cleanup: Cleanup, name: str) -> Segmentation:
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
class _Kitchen:
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
            if isinstance(part, MethodSegmenter) and _is_reference(step, name):
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
            return _cleaned(found, Cleanup(**settings), of or "the step before clean")
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
                layers |= {f"{title}_{name}": layer for name, layer in found.layers.items()}
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
    from segcli.measure import measure
    from segcli.opencv import cv2

    if found.kind == "classes":
        raise UsageError("measure filters regions of masks and objects, and it was given classes. Add a step select.")
    labels = found.labels
    if found.kind == "mask":
        labels = np.asarray(cv2.connectedComponents(labels.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)[1])
    columns = measure(Segmentation(labels, "instances"), image.native)
    kept = columns["label"][Filter(text).keep(columns)]
    number = np.zeros(int(labels.max()) + 1, np.int32)
    number[kept] = np.arange(1, len(kept) + 1)
    left = number[labels]
    return _counted(replace(found, labels=left if found.kind == "instances" else (left > 0).astype(np.uint8)))
