"""The truth of one example: from files, or from outlines, to classes and numbered objects."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array, Labels
from segcli.errors import InputError
from segcli.files.datasets.coco import draw_objects
from segcli.files.datasets.example import Example
from segcli.files.datasets.meaning import Meaning, count_numbers
from segcli.files.image import Image
from segcli.files.labels import read_labels, read_numbers
from segcli.files.read import read_image
from segcli.files.stored import orient


def read_truth(example: Example, meaning: Meaning, image: Image) -> tuple[NDArray[np.uint8], Labels | None]:
    """Read the classes, and the objects where they are numbered, of an example whose picture is opened.

    Raises
    ------
    InputError : a file that cannot be read, sizes that differ, numbers that are no class; it names the file.
    """
    if example.objects is not None:
        return _drawn(example, image)
    if len(example.masks) > 1:
        return _united(example, image)
    path = example.masks[0]
    values = read_values(path, meaning.threshold)
    check_size(path, values, example.image, image)
    return meaning.apply(values, path)


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
        values, header = read_numbers(path)
        if header is not None and header.lossy:
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
    turned = image.header.orientation
    stored = turned >= 5 and example.size == image.size[::-1] and example.size != image.size
    if example.size != image.size and not stored:
        width, height = example.size or (0, 0)
        raise InputError(
            f"{example.masks[0]!r} says that {example.image!r} is {width} x {height}; it is "
            f"{image.size[0]} x {image.size[1]}."
        )
    classes, instances = draw_objects(example)
    # Outlines may be drawn on a picture as it is stored.
    return (orient(classes, turned), orient(instances, turned)) if stored else (classes, instances)


def _united(example: Example, image: Image) -> tuple[NDArray[np.uint8], Labels]:
    """One numbered object for each mask file; where two overlap the later one is seen."""
    instances = np.zeros(image.size[::-1], np.int32)
    for number, path in enumerate(example.masks, start=1):
        values = read_values(path, None)
        check_size(path, values, example.image, image)
        instances[(values if values.ndim == 2 else values.max(axis=2)) > 0] = number
    return (instances > 0).astype(np.uint8), instances
