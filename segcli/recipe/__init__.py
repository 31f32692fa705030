"""A recipe as a segmenter: named steps that change the picture, segment it, and work on what was found."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from segcli.arrays import Array, Fitted, Hint
from segcli.cleanup import Cleanup
from segcli.errors import InputError, UsageError
from segcli.files.image import Image
from segcli.files.memory import image_of
from segcli.preparation import Preparation
from segcli.recipe.file import ENDING as ENDING
from segcli.recipe.file import Recipe as Recipe
from segcli.recipe.file import load_recipe as load_recipe
from segcli.recipe.file import read_recipe as read_recipe
from segcli.recipe.file import recipe_text as recipe_text
from segcli.recipe.kinds import IMAGE
from segcli.recipe.kitchen import START, Kitchen, cleaned, is_reference
from segcli.recipe.steps import Step as Step
from segcli.segmentation import Segmentation
from segcli.segmenter import MethodSegmenter, Segmenter, asked_of

if TYPE_CHECKING:
    from segcli.network_segmenter import NetworkSegmenter


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
        kitchen = Kitchen(self.recipe.steps, {START: (image, roi)})
        for place, part in enumerate(self.parts):
            kitchen.cook(place, part)
        result = kitchen.result()
        if self.cleanup.asked:
            result = cleaned(result, self.cleanup, self.name)
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
        settings = {name: value for name, value in step.knobs.items() if not is_reference(step, name)}
        if isinstance(settings.get("model"), str):
            settings["model"] = _fitted(_place(settings["model"], folder))
        return MethodSegmenter(step.use, settings)
    if step.use == "refine":
        from segcli.phrase import segmenter_from_words
        from segcli.refine import Refiner

        return Refiner(segmenter_from_words(step.settings["with"]), step.complete["band"])
    return None


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
