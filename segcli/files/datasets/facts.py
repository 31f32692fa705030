"""What is true of one example, gathered without failing: whatever cannot be read is a fact too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.errors import InputError
from segcli.files.datasets.example import Example
from segcli.files.datasets.meaning import Meaning, count_numbers
from segcli.files.datasets.truth import read_truth
from segcli.files.image import Image
from segcli.files.labels import read_labels, read_numbers
from segcli.files.read import read_bytes, read_image
from segcli.numeric.forms import as_gray
from segcli.numeric.likeness import SIDE
from segcli.segmentation import VOID

EDGE = 64
"""Gray values from 0 and from 255 within which a mask saved with loss still says which of the two it was."""

CLEAR = 0.95
"""Share of pixels that must say so, for a mask to be parted in the middle without harm."""

Size = tuple[int, int]


@dataclass(frozen=True)
class Facts:
    """What was found of one example.

    Attributes
    ----------
    pages : of the picture's file, of which the first is used.
    form : of the picture's pixels, such as 'uint8 color'; '' where it cannot be read.
    size, mask_size : (width, height), upright; None where unknown.
    turned, mask_turned : EXIF orientations.
    image_fault, mask_fault : why a file cannot be read, naming it; '' where it can.
    counts : pixels of each class, 255 of void.
    outside : pixels of each stored number that is no class.
    lossy : compression of a mask that does not keep numbers, or ''.
    two_valued : whether nearly all of the mask lies near 0 or near its object's number, so that it can be parted.
    objects : how many are numbered.
    digest : SHA-256 of the picture's file.
    small : the picture as 32 x 32 gray values, as bytes.
    """

    form: str = ""
    pages: int = 1
    size: Size | None = None
    mask_size: Size | None = None
    turned: int = 1
    mask_turned: int = 1
    image_fault: str = ""
    mask_fault: str = ""
    counts: Mapping[int, int] = field(default_factory=dict)
    outside: Mapping[int, int] = field(default_factory=dict)
    lossy: str = ""
    two_valued: bool = False
    objects: int = 0
    digest: str = ""
    small: bytes = b""


def gather(example: Example, meaning: Meaning) -> Facts:
    """Read a picture and its truth, and say what they are like.

    Nothing is kept of either but what stands in `Facts`.
    """
    try:
        data = read_bytes(example.image)
        image = read_image(data, name=example.image)
        pixels = image.native
    except InputError as failure:
        found = Facts(image_fault=f"{example.image!r} {failure}")
        return replace(found, **_mask_facts(example, meaning, None))
    found = Facts(
        form=f"{pixels.dtype} {'gray' if pixels.ndim == 2 else 'color'}",
        pages=image.pages,
        size=image.size,
        turned=image.header.orientation,
        digest=sha256(data).hexdigest(),
        small=small_gray(pixels).tobytes(),
    )
    return replace(found, **_mask_facts(example, meaning, image))


def small_gray(pixels: Array) -> NDArray[np.uint8]:
    """A picture as 32 x 32 gray values; deeper ones are stretched to 8 bits."""
    from segcli.opencv import cv2

    small = as_gray(cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    if pixels.dtype == np.uint8:
        return small
    values = small.astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    values = np.nan_to_num((values - low) * (255 / max(high - low, 1e-6)))
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _mask_facts(example: Example, meaning: Meaning, image: Image | None) -> dict[str, Any]:
    """The facts of the truth alone."""
    if example.objects is not None or len(example.masks) > 1:
        return {} if image is None else _read_facts(example, meaning, image)
    path = example.masks[0]
    try:
        values, header = read_numbers(path)
        if meaning.threshold is not None:
            values, header = read_labels(path, mask_threshold=meaning.threshold), None
        lossy = header.compression if header is not None and header.lossy else ""
        seen = count_numbers(values, lossy)
    except InputError as failure:
        return {"mask_fault": f"mask {path!r} {failure}"}
    found: dict[str, Any] = {
        "mask_size": (values.shape[1], values.shape[0]),
        "mask_turned": 1 if header is None else header.orientation,
        "lossy": lossy,
        "two_valued": _is_two_valued(values),
    }
    if lossy:
        return found
    numbers = seen.counts
    if meaning.kind == "colors" and not seen.colored:
        numbers = {value << 32 | value << 16 | value: count for value, count in seen.counts.items()}
    return {**found, **_class_facts(numbers, meaning)}


def _class_facts(numbers: Mapping[int, int], meaning: Meaning) -> dict[str, Any]:
    """Pixels by classes, and those that are in none."""
    if meaning.kind == "instances":
        void = sum(numbers.get(number, 0) for number in meaning.table)
        ground = numbers.get(0, 0)
        counts = {0: ground, 1: sum(numbers.values()) - ground - void, VOID: void}
        objects = len(set(numbers) - {0, *meaning.table})
        return {"counts": {label: count for label, count in counts.items() if count}, "objects": objects}
    outside = dict.fromkeys(meaning.outside(numbers), 0)
    counts = {}
    for number, count in numbers.items():
        if number in outside:
            outside[number] = count
        else:
            counts[meaning.table[number]] = counts.get(meaning.table[number], 0) + count
    return {"counts": counts, "outside": outside}


def _read_facts(example: Example, meaning: Meaning, image: Image) -> dict[str, Any]:
    """The facts of a truth in many files or in outlines."""
    try:
        classes, instances = read_truth(example, meaning, image)
    except InputError as failure:
        return {"mask_fault": str(failure)}
    counts = np.bincount(classes.ravel())
    return {
        "mask_size": (classes.shape[1], classes.shape[0]),
        "counts": {label: count for label, count in enumerate(counts.tolist()) if count},
        "objects": 0 if instances is None else int(instances.max(initial=0)),
    }


def _is_two_valued(values: Array) -> bool:
    """Whether nearly all gray values lie near 0 or near 255, and both are there."""
    if values.dtype != np.uint8:
        return False
    gray = values if values.ndim == 2 else values.max(axis=2)
    low, high = float(np.mean(gray <= EDGE)), float(np.mean(gray >= 255 - EDGE))
    return low + high >= CLEAR and high > 0
