"""Fitted models as files: arrays and facts in a safetensors file, which holds no code."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from segcli.arrays import Array, Fitted
from segcli.errors import EnvironmentFailure, InputError, UsageError
from segcli.files.read import read_bytes
from segcli.files.write import put

ENDING = ".safetensors"
KEYWORD = "segcli"
FRESH = ".fresh-"
"""How the name of a file begins that replaces another once it has been read back."""
LONGEST_HEADER = 1 << 22
TYPES = {"F16": "float16", "F32": "float32", "F64": "float64", "I32": "int32", "I64": "int64", "U8": "uint8"}
"""What a fitted model may be made of, as safetensors and as NumPy call it."""


def read_fitted(path: str | os.PathLike[str]) -> Fitted:
    """Read what a method learned from examples; a file that was read before is not read again until it changes.

    Raises
    ------
    InputError
        A file that is not one, that is damaged, or that another version of segcli wrote in another way.
    """
    try:
        stamp = os.stat(path)
    except (OSError, ValueError):
        raise InputError("does not exist.") from None
    return _read(os.fspath(path), stamp.st_size, stamp.st_mtime_ns)


def check_model_path(path: str, exists: str = "fail") -> None:
    """Refuse a place that a model cannot be written to.

    Raises
    ------
    UsageError
        Another ending, a folder, or a file that is there already.
    """
    if os.path.splitext(path)[1].lower() != ENDING:
        raise UsageError(f"{path!r}: a model is written as {ENDING}; name the file so.")
    if os.path.isdir(path):
        raise UsageError(f"{path!r} is a folder; name a file.")
    if exists == "fail" and os.path.lexists(path):
        raise UsageError(f"{path!r} exists; --exists overwrite replaces it.")


def write_fitted(path: str | os.PathLike[str], fitted: Fitted, overwrite: bool = False, verify: bool = False) -> None:
    """Write what a method learned to a .safetensors file, complete or not at all.

    With `verify` the file that is there is replaced only when the new one has been read back from the disk whole.

    Raises
    ------
    UsageError
        Another ending, or an existing file that is not to be replaced.
    EnvironmentFailure
        The disk is full or the folder refuses; the message names the file.
    """
    place = os.fspath(path)
    check_model_path(place, "overwrite" if overwrite else "fail")
    if not verify:
        put(place, encode_fitted(fitted))
        return
    folder, name = os.path.split(place)
    fresh, data = os.path.join(folder, f"{FRESH}{name}"), encode_fitted(fitted)
    try:
        put(fresh, data)
        if read_bytes(fresh) != data:
            raise EnvironmentFailure(f"{place!r} is not on the disk as it was written; the one before it is kept.")
        os.replace(fresh, place)
    except BaseException as failure:
        with suppress(OSError):
            os.unlink(fresh)
        if isinstance(failure, OSError):
            raise EnvironmentFailure(f"{place!r} cannot be written: {failure.strerror}.") from failure
        raise


def encode_fitted(fitted: Fitted) -> bytes:
    """The bytes of the file; equal models give equal bytes."""
    from safetensors.numpy import save

    from segcli import __version__

    arrays = {
        # It makes an array of one number out of a number.
        name: np.ascontiguousarray(values).reshape(np.shape(values))
        for name, values in fitted.arrays.items()
    }
    record = {"method": fitted.method, "facts": dict(fitted.facts), "version": __version__, "content": _digest(arrays)}
    # One entry only: safetensors puts several in an order that changes from run to run.
    return bytes(save(arrays, {KEYWORD: json.dumps(record, sort_keys=True, allow_nan=False)}))


def _digest(arrays: dict[str, Array]) -> str:
    """SHA-256 of all arrays, with their names, types and shapes."""
    total = sha256()
    for name in sorted(arrays):
        total.update(f"{name} {arrays[name].dtype} {arrays[name].shape} ".encode())
        total.update(arrays[name].tobytes())
    return total.hexdigest()


@lru_cache(maxsize=4)
def _read(path: str, size: int, changed: int) -> Fitted:
    """Read a file as it was at a moment."""
    return decode_fitted(read_bytes(path))


def read_record(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a model's header says: method, facts, version and content, without reading the arrays.

    Raises
    ------
    InputError
        It is no fitted model, or its header is damaged.
    """
    if os.path.lexists(path) and not os.path.isfile(path):
        raise InputError("is no regular file; a model is one.")
    try:
        with open(path, "rb") as stream:
            start = stream.read(9)
            length = int.from_bytes(start[:8], "little")
            rest = stream.read(min(length, LONGEST_HEADER + 1)) if start[8:] == b"{" else b""
            size = os.fstat(stream.fileno()).st_size
    except (OSError, ValueError) as failure:
        missing = not os.path.lexists(path)
        raise InputError("does not exist." if missing else f"cannot be read: {failure}.") from failure
    record = _record(start + rest, size)
    if not isinstance(record.get("method"), str) or not isinstance(record.get("facts"), dict):
        raise InputError("is a damaged model: its header lacks what was learned. Fit it again.")
    return record


def decode_fitted(data: bytes) -> Fitted:
    """Take the bytes of a file apart, and check them.

    Raises
    ------
    InputError
        They are no fitted model, or a damaged one.
    """
    record = _record(data)
    try:
        arrays = _arrays(data)
        method, facts, version = record["method"], record["facts"], str(record["version"])
        good = isinstance(method, str) and re.fullmatch(r"[a-z_]+", method) and isinstance(facts, dict)
        good = good and record["content"] == _digest(arrays)
    except Exception as failure:
        # safetensors raises SafetensorError, ValueError, KeyError, TypeError and OverflowError.
        raise InputError(f"is a damaged model: {' '.join(str(failure).split())[:160]}. Fit it again.") from failure
    if not good:
        raise InputError(f"is a damaged model (of segcli {version[:20]}). Fit it again.")
    for values in arrays.values():
        values.flags.writeable = False
    return Fitted(method, arrays, facts)


def _record(data: bytes, size: int | None = None) -> dict[str, Any]:
    """What segcli wrote into the header; `size` is that of the file where `data` is only its beginning."""
    length = int.from_bytes(data[:8], "little")
    start = data[8:9]
    if start != b"{" or not 2 <= length <= (len(data) if size is None else size) - 8:
        raise InputError(f"is not a fitted model{_guess(data)}; segcli fit writes {ENDING} files.")
    if length > LONGEST_HEADER:
        raise InputError(f"has a header of {length} bytes, more than a fitted model has ({LONGEST_HEADER}).")
    try:
        header = json.loads(data[8 : 8 + length])
        said = header.get("__metadata__", {}).get(KEYWORD)
        record = json.loads(said) if said is not None else None
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise InputError("is a damaged model: its header cannot be read. Fit it again.") from None
    if not isinstance(record, dict):
        raise InputError("is a safetensors file, but no model that segcli fitted (a network's weights, perhaps).")
    return record


def _guess(data: bytes) -> str:
    """What a file may be instead."""
    if data.startswith((b"\x80", b"PK")):
        return " (it looks like a pickle or an archive, which is not opened)"
    return " (it is empty)" if not data else ""


def _arrays(data: bytes) -> dict[str, Array]:
    """The arrays, in types that a model may have."""
    from safetensors import deserialize

    arrays = {}
    for name, found in deserialize(data):  # type: ignore[no-untyped-call]
        if found["dtype"] not in TYPES:
            raise ValueError(f"array {name!r} has the type {found['dtype']}")
        arrays[name] = np.frombuffer(found["data"], TYPES[found["dtype"]]).reshape(found["shape"])
    return arrays
