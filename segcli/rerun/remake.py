"""From what an output says of itself back to the segmenter, the hints and the models that made it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from segcli.arrays import Box, Hint
from segcli.cleanup import Cleanup
from segcli.errors import InputError, SegcliError, UsageError
from segcli.files.hints import Given, read_hint
from segcli.files.read import read_bytes
from segcli.knob import check_setting
from segcli.method import check_settings, describe
from segcli.methods import NAMES, find
from segcli.preparation import Preparation
from segcli.segmenter import MethodSegmenter, Segmenter

if TYPE_CHECKING:
    from segcli.recipe import Recipe

Record = Mapping[str, Any]

PICTURE = "the picture"
"""What the input of an output is called."""


class Missing(UsageError):
    """Something that made an output is not to be found, or not as it was."""


@dataclass(frozen=True)
class Finder:
    """Looks for files by name and contents.

    Attributes
    ----------
    folders : where names are looked up, in order.
    files : named outright; they are taken whatever they are called.
    """

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    _hashes: dict[str, str] = field(default_factory=dict, compare=False)

    def find(self, name: str, digest: str, what: str) -> str:
        """The path of a file with these contents.

        Raises
        ------
        Missing : there is none; the message says what and where it was looked for.
        """
        seen = []
        for path in dict.fromkeys(self._candidates(name)):
            if not os.path.isfile(path):
                continue
            if self._hash(path) == digest:
                return path
            seen.append(path)
        short = f"with the SHA-256 {digest[:16]}..."
        if seen:
            raise Missing(f"it needs {what} {name!r} {short}; {seen[0]!r} is another file.")
        places = ", ".join(repr(folder) for folder in dict.fromkeys(self.folders)) or "nowhere"
        option = "--input" if what == PICTURE else "--look-in"
        raise Missing(f"it needs {what} {name!r} {short}; looked in {places}. Name it, or its folder, with {option}.")

    def _candidates(self, name: str) -> Iterable[str]:
        """Where a file may be."""
        yield from self.files
        base = os.path.basename(name)
        for folder in self.folders:
            yield os.path.join(folder, name)
            yield os.path.join(folder, base)

    def _hash(self, path: str) -> str:
        """SHA-256 of a file, worked out once."""
        if path not in self._hashes:
            try:
                self._hashes[path] = sha256(read_bytes(path)).hexdigest()
            except InputError:
                self._hashes[path] = ""
        return self._hashes[path]


def segmenter_of(record: Record, finder: Finder, *, scores: bool = False, layers: bool = False) -> Segmenter:
    """The segmenter that a record tells of.

    Parameters
    ----------
    record : as an output carries it.
    finder : looks for models.
    scores, layers : what of it is to be kept, where a network has a choice.

    Raises
    ------
    Missing : a model is not there.
    UsageError : this version of segcli has no such method, or none with these settings; a damaged record.
    """
    try:
        return _segmenter(record, finder, scores, layers)
    except SegcliError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as failure:
        raise UsageError(f"its record is damaged: {type(failure).__name__} {failure}.") from failure


def _segmenter(record: Record, finder: Finder, scores: bool, layers: bool) -> Segmenter:
    """The same, for a record that is sound."""
    before, after = _preparation(record), Cleanup(**record.get("cleanup", {}))
    name = str(record["method"])
    if "recipe" in record:
        from segcli.recipe import RecipeSegmenter

        return RecipeSegmenter(recipe_of(record, finder), before, after, scores, layers)
    if name == "refine" and "with" in record:
        from segcli.refine import Refiner

        return Refiner(_method(record["with"], finder), record["band"], record["holds"])
    if name == "clean":
        return _cleaner(record["settings"])
    if name == "predict" and "models" in record:
        from dataclasses import replace

        from segcli.recipe import network_segmenter

        settings = _network_settings(record["settings"], record["models"], finder)
        if "refine" in record:
            settings["refine"] = in_words(record["refine"])
        network = network_segmenter(settings)
        return replace(network, preparation=before, cleanup=after, scores=scores, layers=layers)
    if name.replace("-", "_") not in NAMES:
        raise UsageError(f"segcli {name} made it, which cannot be done again from what it says of itself.")
    return _method(record, finder)


def _cleaner(said: Record) -> Segmenter:
    """The clean-up of somebody's masks."""
    from segcli.cleaning import Cleaner
    from segcli.expression import Filter

    others = ("filter", "relabel", "kind", "mask_threshold")
    asked = Cleanup(**{name: value for name, value in said.items() if name not in others})
    where = Filter(said["filter"]) if "filter" in said else None
    return Cleaner(asked, where, said.get("relabel", False), said.get("kind"), said.get("mask_threshold"))


def _preparation(record: Record) -> Preparation:
    """What was done before the method; numbers that JSON has no words for are texts."""
    said = dict(record.get("preparation", {}))
    if isinstance(said.get("nodata"), str):
        said["nodata"] = float(said["nodata"])
    return Preparation(**said)


def _method(record: Record, finder: Finder) -> MethodSegmenter:
    """A method with its settings, and the segmenters that made its hints."""
    row = describe(find(str(record["method"])))
    settings = {name: value for name, value in record["settings"].items() if value is not None}
    made = {name: _segmenter(said, finder, False, False) for name, said in record.get("made", {}).items()}
    after = Cleanup(**record.get("cleanup", {}))
    return MethodSegmenter(row.name, check_settings(row, settings), _preparation(record), after, made)


def _network_settings(said: Record, models: list[Record], finder: Finder) -> dict[str, Any]:
    """The settings of a network as recipes have them, with models that are there."""
    paths = [_model(model, finder) for model in models]
    settings = {name: value for name, value in said.items() if value not in (None, [])}
    return {**settings, "model": paths[0], "ensemble": tuple(paths[1:])}


def _model(said: Record, finder: Finder) -> str:
    """The place of a network's model: by its name where names lead, else by its file."""
    from segcli.learning.model_places import BEST, find_model
    from segcli.network_segmenter import ModelFile

    name, digest = str(said["name"]), str(said["sha256"])
    for place in (name, *(os.path.join(folder, name) for folder in finder.folders)):
        try:
            path = find_model(place)
        except UsageError:
            continue
        # A folder of a run, and a model of a name, are called so in the record; a file by its own name.
        if ModelFile.open(path).digest == digest:
            return path if os.path.basename(path) != BEST else place
    return finder.find(name, digest, "the model")


def recipe_of(record: Record, finder: Finder | None = None) -> Recipe:
    """The recipe that a record tells of; with a finder its models are those that are there."""
    from segcli.recipe import Recipe, Step

    steps = []
    for said in record["recipe"]:
        settings = {name: value for name, value in said["settings"].items() if value not in (None, [])}
        if said["use"] == "predict" and finder is not None:
            settings = _network_settings(settings, said["models"], finder)
        model = settings.get("model")
        if isinstance(model, dict):
            found = model["file"] if finder is None else finder.find(model["file"], model["sha256"], "the model")
            settings["model"] = found
        steps.append(Step(said["use"], settings, said.get("name")))
    return Recipe(tuple(steps), str(record["method"]))


def hints_of(record: Record, finder: Finder) -> dict[str, Hint]:
    """The hints of an output, read again; files by name and contents.

    Raises
    ------
    Missing : a file is not there. InputError : it cannot be read.
    """
    return {name: read_hint(name, kind, value) for name, kind, value in hint_places(record, finder)}


def hint_places(record: Record, finder: Finder | None) -> list[tuple[str, str, Given]]:
    """Name, kind and value of each hint; without a finder files are where the record has them."""
    found: list[tuple[str, str, Given]] = []
    for name, said in record.get("hints", {}).items():
        kind = _hint_kind(record, name)
        if isinstance(said, dict):
            path = said["file"] if finder is None else finder.find(said["file"], said["sha256"], f"the {name}")
            found.append((name, kind, path))
        else:
            found.append((name, kind, check_setting(describe(find(record["method"])).knob(name), said)))
    return found


def _hint_kind(record: Record, name: str) -> str:
    """What a hint's file holds."""
    if name == "roi":
        return "mask"
    if record["method"] == "refine":
        return "map"
    return describe(find(record["method"])).knob(name).kind


def in_words(record: Record) -> str:
    """A method's record as the words that name it: its settings, and what was shared, where they are not as usual."""
    row = describe(find(str(record["method"])))
    told = {name: value for name, value in record["settings"].items() if _differs(row.knob(name).default, value)}
    told |= {**record.get("preparation", {}), **record.get("cleanup", {})}
    return " ".join([row.command, *(f"{name}={_word(value)}" for name, value in told.items())])


def _differs(default: Any, value: Any) -> bool:
    """Whether a value is none of its knob's own."""
    return value is not None and value != (list(default) if isinstance(default, tuple) else default)


def _word(value: Any) -> str:
    """A value as one word."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(_word, value)) if isinstance(value, (list, tuple)) else str(value)


def command_of(record: Record, input_path: str, output_path: str) -> list[str]:
    """The words of the command line that makes an output; a recipe stands in it as NAME.toml.

    Raises
    ------
    UsageError : no command makes it, or a damaged record.
    """
    try:
        return _command(record, input_path, output_path)
    except SegcliError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as failure:
        raise UsageError(f"its record is damaged: {type(failure).__name__} {failure}.") from failure


def _command(record: Record, input_path: str, output_path: str) -> list[str]:
    """The same, for a record that is sound."""
    name = str(record["method"])
    hints = {hint: value for hint, _, value in hint_places(record, None)}
    if "recipe" in record:
        words = ["run", f"{name}.toml", input_path]
    elif name == "refine":
        words = ["refine", str(hints.pop("mask")), input_path, "--with", in_words(record["with"])]
        words += ["--band", str(record["band"])] if record["band"] != 7 else []
        words += ["--holds", record["holds"]] if record["holds"] != "auto" else []
    elif name == "predict":
        words = ["predict", input_path, *_network_options(record)]
    elif name == "clean":
        words = [word for part in record["settings"].items() for word in _option(*part)]
        words = ["clean", input_path, *words]
    elif name.replace("-", "_") in NAMES:
        words = [name, input_path]
        for knob in describe(find(name)).knobs:
            value = record["settings"].get(knob.name)
            if _differs(knob.default, value):
                words += _option(knob.name, value)
        for hint, said in record.get("made", {}).items():
            words += _option(hint, in_words(said))
    else:
        raise UsageError(f"segcli {name} made it, and no command is known that does so again.")
    for hint, value in hints.items():
        words += _hint_option(hint, value)
    return ["segcli", *words, *_shared_options(record, output_path)]


def _hint_option(name: str, value: Given) -> list[str]:
    """A hint as an option: a file, a box, or points one by one."""
    if isinstance(value, str):
        return _option(name, value)
    if isinstance(value, Box):
        return _option(name, _word(value))
    return [word for point in value for word in _option(name, _word(point))]


def _network_options(record: Record) -> list[str]:
    """The options of predict."""
    first, *others = (str(model["name"]) for model in record["models"])
    words = ["--model", first, *(word for other in others for word in ("--ensemble", other))]
    for name, value in record["settings"].items():
        if value not in (None, False, "auto", []):
            words += _option(name, value)
    return words + (_option("refine", in_words(record["refine"])) if "refine" in record else [])


def _shared_options(record: Record, output_path: str) -> list[str]:
    """The options that all commands share, and where it goes."""
    words: list[str] = []
    for name, value in {**record.get("preparation", {}), **record.get("cleanup", {})}.items():
        words += _option(name, value)
    words += ["--alpha", record["alpha"]] if "alpha" in record else []
    words += ["--page", str(record["page"] + 1)] if "page" in record else []
    if record["as"] == "step":
        return [*words, "--steps", os.path.dirname(os.path.dirname(output_path)) or "."]
    return [*words, *(["--as", record["as"]] if record["as"] != "mask" else []), "-o", output_path]


def _option(name: str, value: Any) -> list[str]:
    """An option with its value; those that take several are repeated."""
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [flag if value else f"--no-{flag[2:]}"]
    if isinstance(value, (list, tuple)):
        return [word for part in value for word in (flag, str(part))]
    return [flag, str(value)]
