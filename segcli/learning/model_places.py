"""Where a model's name is looked up: among those that come with segcli, in the user's folder, then as a path."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from segcli.errors import InputError, SegcliError, UsageError
from segcli.files.fitted import ENDING, read_record
from segcli.files.onnx_file import ONNX
from segcli.learning.card import METHOD, ModelCard
from segcli.networks.registry import find_architecture

BEST = "best" + ENDING
"""The weights of a run's folder that count."""

FOLDER = "SEGCLI_MODELS"
"""The variable that names the user's folder of models."""

Origin = Literal["segcli", "user"]


@dataclass(frozen=True)
class KnownModel:
    """A model that can be called by its name.

    Attributes
    ----------
    name, path : what to call it, and where it is.
    origin : whether it came with segcli or lies in the user's folder.
    facts : what its header says, as `ModelCard.as_dict` has it; empty if it cannot be read.
    problem : why not.
    size : of the file, in bytes.
    """

    name: str
    path: str
    origin: Origin
    facts: Mapping[str, Any]
    problem: str = ""
    size: int = 0


def user_folder() -> str:
    """The user's folder of models: SEGCLI_MODELS, else segcli/models among the data of XDG."""
    named = os.environ.get(FOLDER)
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return named or os.path.join(data, "segcli", "models")


def model_folders() -> tuple[tuple[Origin, str], ...]:
    """The folders in which names are looked up, the first ones first."""
    return ("segcli", str(files("segcli") / "weights")), ("user", user_folder())


def find_model(name: str) -> str:
    """Return the path of a model's file.

    Parameters
    ----------
    name : of a model that came with segcli or lies in the user's folder (as NAME.safetensors, or as the folder of a
        run); else the path of a file or of a run's folder. A name with a separator or an ending is always a path.

    Raises
    ------
    UsageError : there is none; the nearest name is suggested, or how to train one.
    """
    plain = name and os.path.basename(name) == name and not name.endswith((ENDING, ONNX))
    for _, folder in model_folders() if plain else ():
        for word in dict.fromkeys((name, name.lower().replace("-", "_"))):
            for place in (os.path.join(folder, word + ENDING), os.path.join(folder, word, BEST)):
                if os.path.isfile(place):
                    return place
    best = os.path.join(name, BEST)
    if os.path.isdir(name):
        if os.path.isfile(best):
            return best
        raise UsageError(f"{name!r} is a folder without {BEST}, so it is no run of segcli train; name a model's file.")
    if name and os.path.exists(name):
        return name
    raise UsageError(_unknown(name))


def _unknown(name: str) -> str:
    """Why there is no such model, and what to do."""
    from difflib import get_close_matches

    known = sorted({found for found, _, _ in _named()})
    if os.sep in name or name.endswith((ENDING, ONNX)):
        endings = f"{ENDING}, {ONNX}"
        return f"{name!r} does not exist; --model takes the name of a model, a file ({endings}) or a run's folder."
    try:
        row = find_architecture(name)
    except SegcliError:
        row = None
    if row is not None and row.task == "segmentation":
        return (
            f"{row.name} is a network without weights here; train it: segcli train --model {row.name} DATA "
            f"-o runs/{row.name}, then --model runs/{row.name}." + (f" There is {', '.join(known)}." if known else "")
        )
    close = get_close_matches(name, known, n=1)
    if close:
        return f"there is no model {name!r}; did you mean {close[0]}?"
    listed = f"known are {', '.join(known)}" if known else "none came with segcli, and there are none of your own"
    return f"there is no model {name!r}; {listed}. A path of a model's file or of a run's folder will do too."


def model_names() -> list[str]:
    """Names of all models, each once, without a look into their files."""
    return list(dict.fromkeys(name for name, _, _ in _named()))


def list_models() -> tuple[KnownModel, ...]:
    """All models that have names, by their headers alone; of equal names the one that `find_model` takes."""
    found: list[KnownModel] = []
    for name, path, origin in _named():
        if name in {known.name for known in found}:
            continue
        try:
            record = read_record(path)
            if record["method"] != METHOD:
                raise InputError(f"is a model of {record['method']}, not of a network.")
            ModelCard.from_dict(record["facts"])
            found.append(KnownModel(name, path, origin, record["facts"], size=_size(path)))
        except InputError as failure:
            found.append(KnownModel(name, path, origin, {}, str(failure), _size(path)))
    return tuple(found)


def _entries(folder: str) -> list[str]:
    """Names in a folder; none where it is none, or may not be looked into."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _size(path: str) -> int:
    """Bytes of a file, 0 of one that is gone."""
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _named() -> Iterator[tuple[str, str, Origin]]:
    """Name, path and origin of every file that a name leads to."""
    for origin, folder in model_folders():
        for entry in _entries(folder):
            path = os.path.join(folder, entry)
            if entry.endswith(ENDING) and os.path.isfile(path):
                yield entry.removesuffix(ENDING), path, origin
            elif os.path.isfile(os.path.join(path, BEST)):
                yield entry, os.path.join(path, BEST), origin
