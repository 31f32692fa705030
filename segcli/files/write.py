"""Arrays to bytes by the ending of the file name, and bytes to disk so that a visible file is complete."""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from segcli.arrays import Array
from segcli.errors import EnvironmentFailure, InputError, UsageError
from segcli.files.label_png import encode_png
from segcli.files.provenance import sealed, tiff_description
from segcli.segmentation import Kind, Segmentation

LABEL_ENDINGS = (".png", ".tif", ".tiff", ".npy", ".npz")
PICTURE_ENDINGS = (".png", ".tif", ".tiff", ".jpg", ".jpeg")
SCORE_ENDINGS = (".npz", ".npy", ".tif", ".tiff")
BOX_ENDINGS = (".json",)
ENDINGS = {
    "mask": LABEL_ENDINGS,
    "labels": LABEL_ENDINGS,
    "palette": PICTURE_ENDINGS,
    "scores": SCORE_ENDINGS,
    "cutout": (".png", ".tif", ".tiff"),
    "color": PICTURE_ENDINGS,
    "overlay": PICTURE_ENDINGS,
    "contours": PICTURE_ENDINGS,
    "boxes": BOX_ENDINGS,
}
"""Which endings each kind of output (`--as`) can be written with, the default first."""

TEMPORARY = ".segcli-tmp"
MOST_16_BIT = 65_535
LONGEST_HEAD = 200


def check_ending(kind: str, path: str) -> str:
    """Return the ending in lower case, or raise UsageError saying which endings the kind of output takes."""
    ending = os.path.splitext(path)[1].lower()
    if ending in ENDINGS[kind]:
        return ending
    why = " (lossy formats change labels)" if ending in (".jpg", ".jpeg", ".webp") else ""
    found = (
        f"{ending} cannot hold {kind}{why}" if ending else f"the name has no ending, so the format of {kind} is open"
    )
    raise UsageError(f"{path!r}: {found}. Use {', '.join(ENDINGS[kind])}.")


def encode_labels(labels: Array, kind: Kind, ending: str, record: Mapping[str, Any], *, plain: bool = False) -> bytes:
    """Encode (H, W) labels losslessly.

    kind mask: 8-bit, 0 and 255. kind classes: an 8-bit indexed PNG with the VOC palette, or plain
    8-bit gray. kind instances: 16-bit; more than 65,535 objects take 32 bits, which TIFF, NPY and NPZ have.
    `plain` writes class numbers (mask: 0 and 1) without a palette.

    Raises
    ------
    InputError : more than 65,535 objects for a PNG.
    """
    values: Array = labels
    if kind == "mask" and not plain:
        values = labels * np.uint8(255)
    elif kind == "instances":
        highest = int(labels.max(initial=0))
        if ending == ".png" and highest > MOST_16_BIT:
            raise InputError(f"{highest} objects do not fit a 16-bit PNG ({MOST_16_BIT} at most); write .tif instead.")
        values = labels.astype(np.uint16 if highest <= MOST_16_BIT else np.uint32)
    if ending == ".png" and kind == "classes" and not plain:
        from segcli.files.palettes import voc_palette

        return sealed(encode_png(values, voc_palette()), record)
    return encode_array(values, ending, record)


def encode_array(values: Array, ending: str, record: Mapping[str, Any]) -> bytes:
    """Encode an (H, W), (H, W, 3) or (H, W, 4) picture, or (K, H, W) scores, in the format of the ending."""
    buffer = io.BytesIO()
    if ending == ".npy":
        np.save(buffer, values, allow_pickle=False)
    elif ending == ".npz":
        if values.ndim == 3:
            np.savez_compressed(buffer, scores=values)
        else:
            np.savez_compressed(buffer, labels=values)
    elif ending in (".tif", ".tiff"):
        import tifffile

        colors = values.ndim == 3 and values.dtype == np.uint8
        tifffile.imwrite(
            buffer,
            values,
            description=tiff_description(record),
            metadata=None,
            software="segcli",
            compression="zlib",
            photometric="rgb" if colors else "minisblack",
        )
    elif values.ndim == 2 and values.dtype == np.uint8 and ending == ".png":
        return sealed(encode_png(values), record)
    else:
        return sealed(_opencv_encoded(values, ending), record)
    return sealed(buffer.getvalue(), record)


def encode_boxes(boxes: Array, ranks: Array, size: tuple[int, int], record: Mapping[str, Any]) -> bytes:
    """Encode (N, 4) boxes left, top, right, bottom with their (N,) ranks, best first, as JSON.

    size : width and height of the picture.
    """
    held = {"boxes": boxes.tolist(), "ranks": [round(rank, 6) for rank in ranks.tolist()], "size": list(size)}
    return sealed(json.dumps(held).encode() + b"\n", record)


def _opencv_encoded(values: Array, ending: str) -> bytes:
    """PNG or JPEG bytes from OpenCV, which wants blue first."""
    from segcli.opencv import cv2

    if values.ndim == 3:
        values = cv2.cvtColor(values, cv2.COLOR_RGB2BGR if values.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    lossy = ending in (".jpg", ".jpeg")
    options = [cv2.IMWRITE_JPEG_QUALITY, 92] if lossy else []
    done, data = cv2.imencode(".jpg" if lossy else ".png", values, options)
    if not done:
        raise EnvironmentFailure(f"OpenCV could not encode a {values.shape} {values.dtype} picture as {ending}.")
    return bytes(data.data)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Put bytes in place: temporary file beside it, write, flush, fsync, rename.

    Raises
    ------
    EnvironmentFailure : the disk is full or the folder refuses; no temporary file is left behind.
    """
    folder, name = os.path.split(os.fspath(path))
    temporary = os.path.join(folder, temporary_name(name))
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except OSError as failure:
        _forget(temporary)
        raise EnvironmentFailure(f"cannot be written: {failure.strerror or failure}.") from failure
    except BaseException:
        _forget(temporary)
        raise


def put(path: str, data: bytes) -> None:
    """Write a file, complete or not at all, in a folder that is made where it is missing.

    Raises
    ------
    EnvironmentFailure : it cannot be written; the message names it.
    """
    make_parent(path)
    try:
        write_bytes(path, data)
    except EnvironmentFailure as failure:
        raise EnvironmentFailure(f"{path!r} {failure}") from failure


def temporary_name(name: str) -> str:
    """The hidden name a file has until it is complete; shortened where the name is long already."""
    return f".{_head(name)}.{os.getpid()}{TEMPORARY}"


def _head(name: str) -> str:
    """A name, or the beginning of a long one and what tells it from others that begin alike."""
    data = os.fsencode(name)
    return name if len(data) <= LONGEST_HEAD else f"{os.fsdecode(data[:LONGEST_HEAD])}.{zlib.crc32(data):08x}"


def _forget(temporary: str) -> None:
    with suppress(OSError):
        os.unlink(temporary)


def sweep(folder: str | os.PathLike[str], names: set[str] | None) -> None:
    """Remove temporary files that a killed run left for these names (None: for any) in a folder."""
    heads = None if names is None else {_head(name) for name in names}
    with suppress(OSError):
        for entry in os.scandir(folder):
            name = entry.name
            if name.startswith(".") and name.endswith(TEMPORARY):
                owner, _, process = name[1 : -len(TEMPORARY)].rpartition(".")
                if process.isdigit() and (heads is None or owner in heads) and not _alive(int(process)):
                    _forget(entry.path)


def _alive(process: int) -> bool:
    """Whether a process of that number runs; unknown counts as alive, one that waits to be buried as dead."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    with suppress(OSError), open(f"/proc/{process}/stat", "rb") as stream:
        return stream.read().rpartition(b")")[2].split()[:1] != [b"Z"]
    return True


def write_labels(
    path: str | os.PathLike[str],
    labels: Array | Segmentation,
    *,
    kind: Kind | None = None,
    overwrite: bool = False,
) -> None:
    """Write labels to a file in the format of its ending (PNG, TIFF, NPY, NPZ), complete or not at all.

    Parameters
    ----------
    path : file to write; its ending decides the format.
    labels : (H, W) whole numbers or bool, or a Segmentation.
    kind : mask, classes or instances; default that of the Segmentation, mask for bool, instances otherwise.
    overwrite : replace an existing file.

    Raises
    ------
    UsageError : an ending that cannot hold labels, labels that are negative or not whole, an existing file.
    InputError : more objects than the format can number.
    EnvironmentFailure : the disk is full or the folder refuses.
    """
    from segcli import __version__

    record: dict[str, Any] = {"version": __version__}
    if isinstance(labels, Segmentation):
        kind = kind or labels.kind
        labels = labels.labels
    labels = np.asarray(labels)
    kind = kind or ("mask" if labels.dtype == bool else "instances")
    if labels.ndim != 2 or labels.dtype.kind not in "bui" or (labels.size and int(labels.min()) < 0):
        raise UsageError(
            f"labels are {labels.dtype} of shape {labels.shape}; expected (height, width) whole numbers from 0."
        )
    limit = {"mask": 1, "classes": 255, "instances": 2**31 - 1}[kind]
    if labels.size and int(labels.max()) > limit:
        raise UsageError(f"labels go up to {int(labels.max())}; kind {kind} holds 0 to {limit}.")
    ending = check_ending("labels", os.fspath(path))
    if not overwrite and os.path.lexists(path):
        raise UsageError(f"{os.fspath(path)!r} exists; pass overwrite=True to replace it.")
    values = labels.astype(np.int32 if kind == "instances" else np.uint8)
    record["kind"] = kind
    write_bytes(path, encode_labels(values, kind, ending, record))


def make_folder(folder: str | os.PathLike[str]) -> None:
    """Create an output folder, and find out now whether it takes files.

    Raises
    ------
    UsageError : it cannot be created, is not a folder or is read-only.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise UsageError(f"the output folder {os.fspath(folder)!r} cannot be made: {failure.strerror}.") from failure
    probe = path / temporary_name("probe")
    try:
        probe.touch()
        probe.unlink()
    except OSError as failure:
        raise UsageError(
            f"the output folder {os.fspath(folder)!r} takes no files: {failure.strerror}. Choose another with -o."
        ) from failure


def check_folder(folder: str) -> None:
    """Find out, without making it, whether an output folder can be made and takes files.

    Raises
    ------
    UsageError : a file stands in its way, or it is read-only.
    """
    standing = folder or "."
    while not os.path.lexists(standing):
        standing = os.path.dirname(standing) or "."
    if not os.path.isdir(standing):
        raise UsageError(f"the folder {folder!r} cannot be made: {standing!r} is no folder. Choose another.")
    if not os.access(standing, os.W_OK | os.X_OK):
        raise UsageError(f"the folder {standing!r} takes no files: it is read-only. Choose another.")


def make_parent(path: str) -> None:
    """Create the folder that a file goes into.

    Raises
    ------
    EnvironmentFailure : it cannot be created.
    """
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as failure:
            raise EnvironmentFailure(f"the folder {folder!r} cannot be made: {failure.strerror}.") from failure
