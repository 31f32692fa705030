"""A method or a network on a picture: what it found, and a sheet of how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from segcli.arrays import Array, Fitted, Hint, Point
from segcli.errors import InputError, SettingError
from segcli.explanation.specimens import SPECIMENS, sample
from segcli.files.image import Image
from segcli.method import describe, docstring_sections
from segcli.methods import find
from segcli.networks.registry import find_architecture
from segcli.segmentation import Segmentation
from segcli.segmenter import MethodSegmenter

if TYPE_CHECKING:
    from segcli.figures.sheet import Sheet
    from segcli.network_segmenter import NetworkSegmenter
    from segcli.recipe import RecipeSegmenter

ENDINGS = (".png", ".svg", ".pdf")


def explain_method(
    segmenter: MethodSegmenter, image: Image, hints: Mapping[str, Hint], roi: Array | None = None
) -> tuple[Segmentation, Sheet]:
    """Segment a picture and draw how the result came about.

    Returns
    -------
    The result, and the sheet, yet to be drawn.
    """
    from segcli.figures.explain import Subject, explaining_rows
    from segcli.figures.sheet import Sheet

    method = segmenter.method
    result = segmenter(image, hints, roi)
    pixels = segmenter.preparation.apply(image, method.form, roi)[0]
    subject = Subject(method.name, result, image.color, pixels)
    notes = docstring_sections(method.function).get("Notes", "")
    given = {**segmenter.settings, **_hint_words(hints)}
    said = [f"{name.replace('_', ' ')}={_plain(value)}" for name, value in given.items()]
    note = _facts(image, result, said)
    rows = explaining_rows(method.family, subject)
    return result, Sheet(method.command, method.summary, note, rows, notes, (method.paper,))


def _hint_words(hints: Mapping[str, Hint]) -> dict[str, str]:
    """Boxes and points in words; of the others that they were given."""
    found = {}
    for name, hint in hints.items():
        if isinstance(hint, (np.ndarray, Fitted)):
            found[name] = "given"
        else:
            numbers = np.asarray(hint).reshape(-1)
            found[name] = ",".join(str(int(number)) for number in numbers[:8])
    return found


def _plain(value: Any) -> str:
    """A setting in words."""
    if isinstance(value, float):
        return f"{value:g}"
    return ",".join(map(_plain, value)) if isinstance(value, tuple) else str(value)


def _facts(image: Image, result: Segmentation, said: list[str]) -> str:
    """Name and size of the picture, settings, numbers and choices in a line."""
    import os

    from segcli.figures.pages import number_text

    height, width = result.labels.shape
    parts = [f"{os.path.basename(image.name)}, {width} x {height} pixels", *said]
    numbers = [f"{name.replace('_', ' ')} {number_text(value)}" for name, value in result.numbers.items()]
    numbers += [f"{name.replace('_', ' ')} {value}" for name, value in result.choices.items()]
    return "; ".join(part for part in (", ".join(parts), ", ".join(numbers), *result.notes) if part)


def explain_network(
    segmenter: NetworkSegmenter, image: Image, at: Point | None, roi: Array | None = None
) -> tuple[Segmentation, Sheet]:
    """Segment a picture with a network and draw what it saw at a pixel.

    Parameters
    ----------
    at : the pixel; None: the middle of the largest object, or of the picture.

    Raises
    ------
    InputError : the pixel lies outside the picture.
    """
    from dataclasses import replace

    from segcli.figures.explain import Subject
    from segcli.figures.explain.networks import Glance, network_rows
    from segcli.figures.sheet import Sheet
    from segcli.learning.looking import look_inside

    segmenter = replace(segmenter, scores=True, layers=True)
    result = segmenter(image, {}, roi)
    height, width = result.labels.shape
    at = at or _middle(result)
    if not (0 <= at.x < width and 0 <= at.y < height):
        raise InputError(f"has no pixel {at.x},{at.y}: it is {width} x {height}. --at takes X,Y from 0.")
    result = replace(result, names=segmenter.names)
    member = segmenter.load().members[0]
    picture = segmenter.pictures(image, roi)[0][member.card.channels]
    look = look_inside(member, picture, at)
    scale = 1.0 if member.card.size is None else max(height, width) / member.card.size
    field = None if member.field is None else round(member.field * scale)
    layers = tuple((part.layer, part.channels, part.channel, part.plane) for part in look.activations)
    glance = Glance(at, field, (look.left, look.top), layers, look.influence)
    card = segmenter.card
    subject = Subject(card.architecture, result, image.color, picture)
    name = segmenter.models[0].name
    title = name if name == card.architecture else f"{name}: {card.architecture}"
    lead = f"Tells apart {', '.join(segmenter.names)}."
    note = _facts(image, result, [f"width {card.width:g}", f"at {at.x},{at.y}"])
    return result, Sheet(
        title, lead, note, network_rows(subject, glance), "", (f"{find_architecture(card.architecture).paper}.",)
    )


def explain_recipe(
    segmenter: RecipeSegmenter, image: Image, hints: Mapping[str, Hint], roi: Array | None = None
) -> tuple[Segmentation, Sheet]:
    """Work by a recipe and draw what each step made of the picture."""
    from segcli.explanation.words import recipe_lines
    from segcli.figures.explain import Subject, explaining_rows
    from segcli.figures.sheet import Sheet

    result = segmenter(image, hints, roi)
    rows = explaining_rows("recipe", Subject(segmenter.name, result, image.color, image.native))
    lead = " > ".join(step.label for step in segmenter.recipe.steps)
    notes = "\n".join(f"    {line}" for line in recipe_lines(segmenter.recipe))
    return result, Sheet(segmenter.name, lead, _facts(image, result, []), rows, notes, heading="Steps")


def _middle(result: Segmentation) -> Point:
    """The pixel deepest inside the objects, or the middle of the picture where there is none."""
    from segcli.figures.render import foreground
    from segcli.opencv import cv2

    inside = np.pad(foreground(result).astype(np.uint8), 1)
    height, width = result.labels.shape
    if not inside.any():
        return Point(width // 2, height // 2)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return Point(int(column) - 1, int(row) - 1)


def example_model(name: str) -> Fitted:
    """A model of a method that learns from examples, fitted to the sample pictures.

    Raises
    ------
    UsageError : the sample pictures were not installed along.
    """
    from segcli.files.sources import Item
    from segcli.fitting import LEARNERS
    from segcli.fitting.pairs import find_pairs

    strokes = name != "pixel_classifier"
    truth = "astronaut_scribbles.png" if strokes else "touching_discs_labels.png"
    items = [Item(SPECIMENS[name].path)]
    pairs = find_pairs(items, sample(truth), strokes=strokes, binary=not strokes, ignore=None)
    settings = {"balanced": True} if strokes else {}
    return LEARNERS[describe(find(name)).command](pairs.images, pairs.truths, **settings)


def page_bytes(sheet: Sheet, ending: str, record: Mapping[str, Any]) -> bytes:
    """A sheet as a file: PNG that says how it was made, SVG or PDF."""
    from segcli.figures.sheet import draw_sheet, vector_sheet
    from segcli.files.write import encode_array

    if ending == ".png":
        return encode_array(draw_sheet(sheet), ".png", record)
    return vector_sheet(sheet, "svg" if ending == ".svg" else "pdf")


def check_ending(path: str) -> str:
    """The ending of a page in lower case.

    Raises
    ------
    SettingError : one that is no page's.
    """
    ending = "." + path.rpartition(".")[2].lower() if "." in path else ""
    if ending not in ENDINGS:
        raise SettingError("out", f"is {path!r}; its name must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.")
    return ending
