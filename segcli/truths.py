"""Pictures beside their truth, paired by name, and the truth of each as `segcli.judge` takes it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segcli.errors import InputError, UsageError
from segcli.files.datasets.dataset import DataSet
from segcli.files.datasets.example import Example, listed
from segcli.files.datasets.find import mask_dataset
from segcli.files.datasets.folders import MASK_ENDINGS, files_below
from segcli.files.datasets.meaning import Meaning
from segcli.files.datasets.pairing import Words, pair_files
from segcli.files.datasets.truth import read_truth
from segcli.files.image import Image
from segcli.files.read import read_image
from segcli.files.sources import Item
from segcli.judge import TrueLabels
from segcli.segmentation import VOID

WORDS = Words("truth", "picture", "--truth-suffix")


@dataclass(frozen=True)
class Truths:
    """The truth of some pictures.

    Attributes
    ----------
    data : the masks, their classes and what their numbers mean.
    examples : by the names of the pictures (`Item.name`), for those that have a truth.
    spare : masks that belong to none of the pictures.
    """

    data: DataSet
    examples: dict[str, Example]
    spare: tuple[str, ...] = ()

    @property
    def meaning(self) -> Meaning:
        """What the numbers of the masks mean."""
        return self.data.meaning

    def of(self, item: Item) -> TrueLabels:
        """Read the truth of a picture.

        Raises
        ------
        InputError : there is none, it cannot be read, or is of another size; the message names it.
        """
        if item.name not in self.examples:
            raise InputError(f"{item.name!r} has no truth.")
        return true_labels(self.examples[item.name], self.meaning, open_item(item))


def true_labels(example: Example, meaning: Meaning, image: Image) -> TrueLabels:
    """Read the truth of an example whose picture is opened.

    Raises
    ------
    InputError : it cannot be read, or is of another size than the picture; the message names it.
    """
    classes, objects = read_truth(example, meaning, image)
    void = classes == VOID
    left_out = void if void.any() else None
    if objects is not None:
        return TrueLabels(np.asarray(objects, np.int32), "instances", 2, left_out)
    return TrueLabels(classes, "mask" if meaning.kind == "mask" else "classes", meaning.count, left_out)


def open_item(item: Item) -> Image:
    """Open a picture; its pixels are decoded when they are asked for.

    Raises
    ------
    InputError : it cannot be read; the message names it.
    """
    try:
        return read_image(item.data if item.data is not None else item.path, name=item.name)
    except InputError as failure:
        raise InputError(f"{item.name!r} {failure}") from failure


def find_truths(
    items: Sequence[Item],
    places: Sequence[str],
    *,
    suffix: str | None = None,
    classes: int | str | Sequence[str] | None = None,
    kind: str | None = None,
    ignore: int | None = None,
    mask_threshold: float | None = None,
) -> Truths:
    """Pair pictures with masks by their names, as `segcli eval` does, and find out what the masks hold.

    One mask goes with one picture, whatever their names. Else names are equal but for the ending, or those of the
    masks have one more part that all share (`a_mask.png` for a).

    Parameters
    ----------
    items : the pictures.
    places : masks, and folders of them.
    suffix : what names of masks have beyond those of the pictures; None: found out.
    classes, kind, ignore, mask_threshold : as for `segcli.files.datasets.find.find_dataset`.

    Raises
    ------
    UsageError : a place that does not exist, or nothing that fits. InputError : masks that cannot be read.
    """
    files: dict[str, list[str]] = {}
    for place in places:
        if not os.path.exists(place):
            raise UsageError(f"the truth {place!r} does not exist.")
        inside = files_below(place, MASK_ENDINGS) if os.path.isdir(place) else {_stem(place): [place]}
        for name, paths in inside.items():
            files.setdefault(name, []).extend(path for path in paths if path not in files.get(name, ()))
    known = {os.path.realpath(item.path) for item in items}
    files = {name: left for name, paths in files.items() if (left := [p for p in paths if _apart(p, known)])}
    where = places[0]
    if not files:
        raise UsageError(f"no masks in {where!r}. Expected PNG, TIFF, GIF, BMP, NPY or NPZ files.")
    names = _names(items)
    paired: dict[str, str]
    spare: list[str]
    if len(items) == 1 and len(files) == 1 and not os.path.isdir(where):
        paired, spare = {next(iter(names)): next(iter(files.values()))[0]}, []
    else:
        paired, spare = pair_files(where, files, list(names), suffix, WORDS)
    examples = {names[name].name: Example(name, names[name].path, (path,), "all") for name, path in paired.items()}
    ordered = {item.name: examples[item.name] for item in items if item.name in examples}
    data = mask_dataset(
        where, list(ordered.values()), classes=classes, kind=kind, ignore=ignore, mask_threshold=mask_threshold
    )
    return Truths(data, ordered, tuple(spare))


def _names(items: Sequence[Item]) -> dict[str, Item]:
    """Pictures by their names without endings, with the folders below what was named."""
    found: dict[str, Item] = {}
    for item in items:
        name = os.path.join(item.below, item.stem).replace(os.sep, "/")
        if name in found:
            raise UsageError(
                f"{listed([found[name].name, item.name])} have one name, so their truth is open; keep one."
            )
        found[name] = item
    return found


def _apart(path: str, known: set[str]) -> bool:
    """Whether a file is none of the pictures."""
    return os.path.realpath(path) not in known


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]
