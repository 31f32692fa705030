"""A set of pictures with their truth, found in a folder and read one by one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.errors import InputError
from segcli.files.datasets.coco import draw_objects
from segcli.files.datasets.example import Example, Finding, Sample
from segcli.files.datasets.meaning import Meaning, count_numbers
from segcli.files.image import Image
from segcli.files.labels import read_labels, read_numbers
from segcli.files.read import read_image
from segcli.files.stored import orient

CHUNK = 1 << 20

KIND_WORDS = {
    "mask": "masks",
    "classes": "class numbers",
    "instances": "numbered objects",
    "colors": "colors",
    "objects": "annotated objects",
}


@dataclass(frozen=True, eq=False)
class DataSet:
    """Pictures with their truth, by parts.

    Attributes
    ----------
    folder : where it was found.
    layout : what the folder was taken for, in words.
    splits : train, val, test and so on, each with its examples in order of their names.
    names : of the classes; as many as there are.
    meaning : what the numbers of the masks mean.
    drawn : how val was set apart, in words; '' where the data say it.
    findings : what did not fit when the folder was looked through.
    """

    folder: str
    layout: str
    splits: Mapping[str, tuple[Example, ...]]
    names: tuple[str, ...]
    meaning: Meaning
    drawn: str = ""
    findings: tuple[Finding, ...] = field(default=())

    @property
    def examples(self) -> tuple[Example, ...]:
        """All examples, part by part."""
        return tuple(example for part in self.splits.values() for example in part)

    @property
    def kind(self) -> str:
        """What the truth is: mask, classes, instances, colors or objects."""
        return self.meaning.kind

    def describe(self) -> str:
        """Say in one line what was found and what was done."""
        parts = ", ".join(f"{len(examples):,} {part}" for part, examples in self.splits.items())
        names = ", ".join(self.names[:6]) + (", ..." if len(self.names) > 6 else "")
        said = f"{self.layout}: {parts}{f' (val drawn {self.drawn})' if self.drawn else ''}"
        errors = sum(finding.level == "error" for finding in self.findings)
        more = f"; {errors} fault{'s' if errors > 1 else ''} in pairing" if errors else ""
        return f"{said}; {KIND_WORDS[self.kind]}, {len(self.names)} classes: {names}{more}"

    def read(self, example: Example) -> Sample:
        """Read a picture and its truth, upright and of one size.

        Raises
        ------
        InputError : a file that cannot be read, sizes that differ, numbers that are no class; it names the file.
        """
        image = open_image(example)
        try:
            pixels = image.native
        except InputError as failure:
            raise InputError(f"{example.image!r} {failure}") from failure
        classes, instances = self.read_truth(example, image)
        return Sample(pixels, classes, instances)

    def read_truth(self, example: Example, image: Image | None = None) -> tuple[NDArray[np.uint8], Labels | None]:
        """Read the truth alone; with the opened picture its size is checked against that.

        Raises
        ------
        InputError : as for `read`.
        """
        image = image if image is not None else open_image(example)
        if example.objects is not None:
            return _drawn(example, image)
        if len(example.masks) > 1:
            return _united(example, image)
        path = example.masks[0]
        values = read_values(path, self.meaning.threshold)
        check_size(path, values, example.image, image)
        try:
            classes, instances = self.meaning.apply(values, path)
        except InputError as failure:
            raise InputError(str(failure)) from failure
        return classes, instances

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the names, parts, sizes and contents of all files, and over what their numbers mean.

        It does not depend on where the folder is.

        Raises
        ------
        InputError : a file that cannot be read.
        """
        from concurrent.futures import ThreadPoolExecutor

        files = sorted({path for example in self.examples for path in (example.image, *example.masks)})
        # Hashing leaves the interpreter's lock, and so does reading.
        with ThreadPoolExecutor(4) as pool:
            digests = dict(zip(files, pool.map(_digest, files), strict=True))
        whole = sha256(repr((self.names, self.meaning.kind, sorted(self.meaning.table.items()))).encode())
        for example in self.examples:
            row = (example.split, example.name, *(digests[path] for path in (example.image, *example.masks)))
            whole.update(repr(row).encode("utf-8", "surrogateescape"))
        return whole.hexdigest()


def open_image(example: Example) -> Image:
    """Open an example's picture; its pixels are decoded when they are asked for.

    Raises
    ------
    InputError : it cannot be read; the message names it.
    """
    try:
        return read_image(example.image)
    except InputError as failure:
        raise InputError(f"{example.image!r} {failure}") from failure


def read_values(path: str, threshold: float | None) -> Array:
    """Read a mask's numbers; a lossy file gives none, unless a threshold makes a mask of it.

    Raises
    ------
    InputError : it cannot be read; the message names it.
    """
    try:
        if threshold is not None:
            return read_labels(path, mask_threshold=threshold)
        values, lossy = read_numbers(path)
        if lossy:
            # Says how many values there are.
            return read_labels(path)
        if values.dtype.kind == "f":
            count_numbers(values)
            return values.astype(np.int64)
        return values
    except InputError as failure:
        raise InputError(f"mask {path!r} {failure}") from failure


def check_size(path: str, values: Array, image_path: str, image: Image) -> None:
    """Refuse a mask of another size than its picture.

    Raises
    ------
    InputError : it is; both sizes are named.
    """
    if values.shape[:2] != image.size[::-1]:
        raise InputError(
            f"mask {path!r} is {values.shape[1]} x {values.shape[0]}, picture {image_path!r} is "
            f"{image.size[0]} x {image.size[1]}; they must be equal."
        )


def _drawn(example: Example, image: Image) -> tuple[NDArray[np.uint8], Labels]:
    """Classes and objects of an annotation file, upright as the picture is."""
    classes, instances = draw_objects(example)
    turned = image.header.orientation
    if turned >= 5 and example.size == image.size[::-1] and example.size != image.size:
        # Outlines drawn on a picture as it is stored.
        classes, instances = orient(classes, turned), orient(instances, turned)
    if classes.shape != image.size[::-1]:
        raise InputError(
            f"{example.masks[0]!r} says that {example.image!r} is {classes.shape[1]} x {classes.shape[0]}; it is "
            f"{image.size[0]} x {image.size[1]}."
        )
    return classes, instances


def _united(example: Example, image: Image) -> tuple[NDArray[np.uint8], Labels]:
    """One numbered object for each mask file; where two overlap the later one is seen."""
    instances = np.zeros(image.size[::-1], np.int32)
    for number, path in enumerate(example.masks, start=1):
        values = read_values(path, None)
        check_size(path, values, example.image, image)
        instances[(values if values.ndim == 2 else values.max(axis=2)) > 0] = number
    return (instances > 0).astype(np.uint8), instances


def _digest(path: str) -> str:
    """Size and SHA-256 of a file's contents."""
    whole = sha256()
    try:
        with open(path, "rb") as stream:
            while block := stream.read(CHUNK):
                whole.update(block)
        return f"{os.path.getsize(path)}:{whole.hexdigest()}"
    except OSError as failure:
        raise InputError(f"{path!r} cannot be read: {failure.strerror}.") from failure
