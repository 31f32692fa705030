"""What a shell completes: names of methods, networks, models and files of recipes, where an option takes them."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from typing import get_type_hints

from typer.models import ParameterInfo

VARIABLE = "_SEGCLI_COMPLETE"
"""Set by the shell while it asks."""

MODEL_ENDINGS = (".safetensors", ".onnx")
RECIPE_ENDINGS = (".toml",)

Completer = Callable[[str], list[str]]


def typed_words() -> list[str] | None:
    """The words before the one that a shell wants completed, without `segcli`; None where no shell asks."""
    if VARIABLE not in os.environ:
        return None
    if "COMP_WORDS" in os.environ:
        count = os.environ.get("COMP_CWORD", "")
        return os.environ["COMP_WORDS"].split()[1 : int(count) if count.isdigit() else None]
    line = os.environ.get("_TYPER_COMPLETE_ARGS", "")
    words = line.split()[1:]
    return words if line.endswith(" ") else words[:-1]


def completing(name: str, callback: Callable[..., None]) -> Callable[..., None]:
    """Give the options of a command what completes them."""
    hints = get_type_hints(callback, include_extras=True)
    signature = inspect.signature(callback)
    parameters = []
    for parameter in signature.parameters.values():
        hint = hints.get(parameter.name, parameter.annotation)
        for option in (one for one in getattr(hint, "__metadata__", ()) if isinstance(one, ParameterInfo)):
            # Typer keeps the first flag of an annotation where a default would stand.
            flags = [flag for flag in (option.default, *(option.param_decls or ())) if isinstance(flag, str)]
            found = next((known for flag in flags if (known := _completer(name, flag))), None)
            found = found or (ARGUMENTS.get((name, parameter.name)) if not flags else None)
            if found is not None and option.autocompletion is None:
                option.autocompletion = found
        parameters.append(parameter.replace(annotation=hint))
    callback.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return callback


def _completer(name: str, flag: str) -> Completer | None:
    return OPTIONS.get((name, flag), OPTIONS.get(("", flag)))


def model_names(incomplete: str) -> list[str]:
    """Models by name, and their files."""
    from segcli.learning.model_places import model_names as known

    return _starting(known(), incomplete) + _files(incomplete, MODEL_ENDINGS)


def network_names(incomplete: str) -> list[str]:
    """Networks by name."""
    from segcli.networks.table import ARCHITECTURES

    return _starting((row.name for row in ARCHITECTURES), incomplete)


def method_names(incomplete: str) -> list[str]:
    """Methods by command."""
    from segcli.methods import NAMES

    return _starting((name.replace("_", "-") for name in NAMES), incomplete)


def refiner_names(incomplete: str) -> list[str]:
    """Methods that refine masks."""
    from segcli.refine import REFINERS

    return _starting((name.replace("_", "-") for name in REFINERS), incomplete)


def explained_names(incomplete: str) -> list[str]:
    """Methods and networks."""
    return method_names(incomplete) + network_names(incomplete)


def segmenter_names(incomplete: str) -> list[str]:
    """Everything that segments: methods, models by name, files of recipes."""
    from segcli.learning.model_places import model_names as known

    return method_names(incomplete) + _starting(known(), incomplete) + recipe_files(incomplete)


def segmenter_lists(incomplete: str) -> list[str]:
    """The last of several that commas part."""
    before, comma, last = incomplete.rpartition(",")
    taken = before.split(",")
    return [before + comma + name for name in segmenter_names(last) if name not in taken]


def recipe_files(incomplete: str) -> list[str]:
    """Files of recipes, and folders on the way to them."""
    return _files(incomplete, RECIPE_ENDINGS)


def _starting(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _files(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    """Paths that begin so: files with these endings, and folders, which end in a slash; hidden ones if asked for."""
    folder, head = os.path.split(incomplete)
    try:
        entries = sorted(os.scandir(os.path.expanduser(folder) or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    found = []
    for entry in entries:
        if not entry.name.startswith(head) or (entry.name.startswith(".") and not head):
            continue
        if entry.is_dir():
            # A folder alone says little where a name was begun; it does where it was begun itself.
            found += [os.path.join(folder, entry.name) + "/"] if incomplete else []
        elif entry.name.endswith(endings):
            found.append(os.path.join(folder, entry.name))
    return found


OPTIONS: Mapping[tuple[str, str], Completer] = {
    ("", "--model"): model_names,
    ("", "--ensemble"): model_names,
    ("train", "--model"): network_names,
    ("models", "--model"): network_names,
    ("", "--method"): segmenter_names,
    ("", "--methods"): segmenter_lists,
    ("", "--with"): segmenter_names,
    ("", "--vs"): segmenter_names,
    ("refine", "--with"): refiner_names,
}
"""What completes an option, by command ('' for all others) and flag."""

ARGUMENTS: Mapping[tuple[str, str], Completer] = {
    ("run", "recipe"): recipe_files,
    ("recipe show", "file"): recipe_files,
    ("export", "model"): model_names,
    ("explain", "name"): explained_names,
}
"""What completes an argument, by command and the parameter's name."""
