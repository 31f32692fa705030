"""A method as a row, and `run`, the only caller of methods.

`describe` reads a plain typed function once: its signature becomes knobs, its docstring
becomes help. Commands, checks, tables and search spaces are all derived from that row.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from segcli.arrays import Array, Box, Fitted, Form, Param, Points
from segcli.cleanup import Cleanup, clean
from segcli.errors import InputError, SettingError, UsageError
from segcli.knob import HINTS, Knob, KnobKind, check_setting
from segcli.methods import MethodFunction
from segcli.numeric.forms import as_color, as_gray, leave_out, native
from segcli.segmentation import VOID, Segmentation

ImageForm = Literal["gray", "color", "any"]


@dataclass(frozen=True, eq=False, repr=False)
class Method:
    """A segmentation method: a function and what its signature and docstring say."""

    name: str
    function: MethodFunction
    family: str
    form: ImageForm
    takes_valid: bool
    knobs: tuple[Knob, ...]
    summary: str
    description: str
    paper: str

    @property
    def command(self) -> str:
        return self.name.replace("_", "-")

    def knob(self, name: str) -> Knob:
        for knob in self.knobs:
            if knob.name == name:
                return knob
        known = [knob.name for knob in self.knobs]
        from difflib import get_close_matches

        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"it has: {', '.join(known)}."
        raise SettingError(name, f"is not a knob of {self.name}; {hint}")


@functools.cache
def describe(function: MethodFunction) -> Method:
    """Read a method function into its row; TypeError where the signature uses an unknown type."""
    hints = typing.get_type_hints(function, include_extras=True)
    sections = docstring_sections(function)
    prose = parameter_help(sections.get("Parameters", ""))
    first, *rest = inspect.signature(function).parameters.values()
    knobs = []
    takes_valid = False
    for parameter in rest:
        if _form_names(hints[parameter.name]) == ["valid"]:
            takes_valid = True
            continue
        knobs.append(_knob(function, parameter, hints[parameter.name], prose.get(parameter.name, "")))
    summary, _, description = sections[""].partition("\n")
    forms = _form_names(hints[first.name])
    return Method(
        name=function.__name__,
        function=function,
        family=function.__module__.split(".")[-2],
        form="any" if len(forms) == 2 else typing.cast(ImageForm, forms[0]),
        takes_valid=takes_valid,
        knobs=tuple(knobs),
        summary=summary.strip(),
        description=description.strip(),
        paper=" ".join(sections.get("References", "").split()),
    )


def docstring_sections(function: Callable[..., Any]) -> dict[str, str]:
    """Split a NumPy docstring into its sections; the opening prose is under ''."""
    sections: dict[str, list[str]] = {"": []}
    current = ""
    lines = (inspect.getdoc(function) or "").splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if following and set(following) == {"-"} and len(following) >= len(line.strip()) > 0:
            current = line.strip()
            sections[current] = []
        elif not (line and set(line) == {"-"} and not sections[current]):
            sections[current].append(line)
    return {name: "\n".join(body).strip("\n").rstrip() for name, body in sections.items()}


def parameter_help(section: str) -> dict[str, str]:
    """Map each name of a Parameters section to its prose, joined to one line."""
    result: dict[str, list[str]] = {}
    current: list[str] = []
    for line in section.splitlines():
        if line and not line[0].isspace():
            current = []
            for name in line.partition(":")[0].split(","):
                result[name.strip()] = current
        elif line.strip():
            current.append(line.strip())
    return {name: " ".join(lines) for name, lines in result.items()}


def _form_names(hint: Any) -> list[str]:
    """Names of the array forms in a hint, looking through unions."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [name for part in typing.get_args(hint) for name in _form_names(part)]
    return [item.name for item in getattr(hint, "__metadata__", ()) if isinstance(item, Form)]


def _knob(function: MethodFunction, parameter: inspect.Parameter, hint: Any, prose: str) -> Knob:
    """Read one parameter into a knob."""
    bounds = Param()
    forms = [name for name in _form_names(hint) if name in HINTS]
    parts: list[Any] = [hint]
    while parts != (flat := [inner for part in parts for inner in _unwrap(part)]):
        parts = flat
    for part in _metadata(hint):
        bounds = part if isinstance(part, Param) else bounds
    optional = type(None) in parts
    parts = [part for part in parts if part is not type(None)]
    words = tuple(part.value for part in parts if isinstance(part, _Word))
    plain = [part for part in parts if not isinstance(part, _Word)]
    kind: KnobKind
    if forms:
        kind = typing.cast(KnobKind, forms[0])
    elif len(plain) == 1 and plain[0] in _HINT_TYPES:
        kind = _HINT_TYPES[plain[0]]
    elif words and not plain:
        kind = "choice"
    elif plain in ([bool], [int], [float]):
        kind = plain[0].__name__
    elif len(plain) == 1 and typing.get_origin(plain[0]) is tuple:
        kind = "numbers"
    else:
        raise TypeError(f"{function.__name__}: parameter {parameter.name} has a type that cannot be a knob: {hint}")
    return Knob(parameter.name, kind, parameter.default, optional, bounds.min, bounds.max, words, bounds.unit, prose)


_HINT_TYPES: dict[Any, KnobKind] = {Box: "box", Points: "points", Fitted: "model"}


@dataclass(frozen=True)
class _Word:
    """One value of a Literal."""

    value: Any


def _unwrap(hint: Any) -> list[Any]:
    """One level of Annotated, Union or Literal taken off a hint."""
    origin = typing.get_origin(hint)
    if hasattr(hint, "__metadata__"):
        return [hint.__origin__]
    if origin in (typing.Union, types.UnionType):
        return list(typing.get_args(hint))
    if origin is Literal:
        return [_Word(value) for value in typing.get_args(hint)]
    return [hint]


def _metadata(hint: Any) -> list[Any]:
    """All Annotated metadata in a hint, looking through unions."""
    found = list(getattr(hint, "__metadata__", ()))
    inner = [hint.__origin__] if found else typing.get_args(hint) if typing.get_origin(hint) is not Literal else ()
    return found + [item for part in inner for item in _metadata(part)]


def check_settings(method: Method, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Check every setting against its knob; needs no image, so it comes before any work."""
    return {name: check_setting(method.knob(name), value) for name, value in settings.items()}


def run(
    method: Method | MethodFunction,
    image: Array,
    *,
    valid: Array | None = None,
    cleanup: Cleanup | None = None,
    **settings: Any,
) -> Segmentation:
    """Apply a method to an image: adapt, check, call, clean up, check what came back.

    Parameters
    ----------
    method : a row, or a method function.
    image : (H, W) or (H, W, 3) numbers; turned into the form that the method asks for.
    valid : (H, W) bool or None; False leaves a pixel out of statistics and of the result.
    cleanup : clean-up of masks and instances after the method.
    settings : the method's knobs.

    Raises
    ------
    SettingError : an unknown knob or a value outside its bounds.
    InputError : an image, mask or marker file that does not fit.
    """
    row = method if isinstance(method, Method) else describe(method)
    checked = check_settings(row, settings)
    pixels, notes = native(image)
    if row.form != "any":
        pixels = as_gray(pixels) if row.form == "gray" else as_color(pixels)
    pixels, valid, more = leave_out(pixels, valid)
    for name, value in checked.items():
        checked[name] = _fit_hint(row, row.knob(name), value, (pixels.shape[0], pixels.shape[1]))
    if row.takes_valid:
        checked["valid"] = valid
    result = _checked(row, row.function(pixels, **checked), (pixels.shape[0], pixels.shape[1]))
    if valid is not None:
        outside = VOID if result.kind == "classes" else 0
        result = replace(result, labels=np.where(valid, result.labels, result.labels.dtype.type(outside)))
    if cleanup is not None and cleanup.asked:
        if result.kind == "classes":
            raise UsageError(f"{row.name} gave classes; clean-up works on masks and instances only.")
        labels, kind = clean(result.labels, result.kind, cleanup)
        result = replace(result, labels=labels, kind=kind)
    if "objects" in result.numbers:
        result = replace(result, numbers={**result.numbers, "objects": _objects(result.labels)})
    return replace(result, notes=(*notes, *more, *result.notes))


def _objects(labels: Array) -> int:
    """Number of objects that are left after clean-up and left-out pixels."""
    return int(np.count_nonzero(np.bincount(labels.ravel())[1:]))


def _fit_hint(row: Method, knob: Knob, value: Any, shape: tuple[int, int]) -> Any:
    """Check a per-image hint against the image's size and give it its own type."""
    if value is None or not knob.is_hint:
        return value
    height, width = shape
    if knob.kind == "box":
        box = Box(max(value.left, 0), max(value.top, 0), min(value.right, width), min(value.bottom, height))
        if box.right <= box.left or box.bottom <= box.top:
            text = ",".join(map(str, value))
            raise InputError(f"{knob.name} {text} lies outside the image, which is {width} x {height}.")
        return box
    if knob.kind == "points":
        for point in value:
            if not (0 <= point.x < width and 0 <= point.y < height):
                raise InputError(
                    f"{knob.name} {point.x},{point.y} lies outside the image, which is {width} x {height}."
                )
        return value
    if knob.kind == "model":
        if value.method != row.name:
            raise InputError(f"{knob.name} was fitted for {value.method}, not for {row.name}.")
        return value
    array = np.asarray(value)
    if array.shape[-2:] != shape or array.ndim != (3 if knob.kind == "scores" else 2):
        raise InputError(
            f"{knob.name} is {array.shape[-1]} x {array.shape[-2] if array.ndim > 1 else 1}, "
            f"the image is {width} x {height}; {knob.name} needs the image's height and width."
        )
    if knob.kind == "labels":
        return array.astype(np.int32)
    return array > 0 if knob.kind == "mask" else array.astype(np.float32)


def _checked(method: Method, result: Segmentation, shape: tuple[int, int]) -> Segmentation:
    """Refuse a result that breaks the promise every method makes; a fault of the method, not of the user."""
    wanted = np.int32 if result.kind == "instances" else np.uint8
    if result.labels.shape != shape or result.labels.dtype != wanted:
        raise TypeError(
            f"{method.name} returned labels {result.labels.shape} {result.labels.dtype}, expected {shape} {wanted}"
        )
    return result


def checked(function: MethodFunction) -> MethodFunction:
    """Wrap a method function so that calling it goes through `run`: the public form of a method."""

    @functools.wraps(function)
    def method(image: Array, **settings: Any) -> Segmentation:
        return run(function, image, **settings)

    return method
