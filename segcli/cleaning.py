"""Cleans label files of any program: the shared clean-up as a segmenter of its own, whose picture is the labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from segcli.arrays import Array, Hint
from segcli.cleanup import Cleanup, clean
from segcli.errors import InputError, UsageError
from segcli.expression import Filter
from segcli.files.image import Image
from segcli.files.label_kinds import read_segmentation
from segcli.numeric.components import connected_components
from segcli.numeric.runs import run_starts
from segcli.region_table import Regions, column_names, measure_columns
from segcli.segmentation import Kind, Segmentation


@dataclass(frozen=True)
class Cleaner:
    """A segmenter that takes masks and numbered objects for pictures, and tidies them.

    Attributes
    ----------
    cleanup : what is done first, but for the hulls, which come last.
    where : keeps objects by what is measured of them then; or None.
    relabel : number objects 1..n as a reader of the picture meets them; a mask becomes instances.
    kind, mask_threshold : what the files are, as for `read_segmentation`.
    """

    cleanup: Cleanup = Cleanup()
    where: Filter | None = None
    relabel: bool = False
    kind: Kind | None = None
    mask_threshold: float | None = None

    def __post_init__(self) -> None:
        if not (self.cleanup.asked or self.where is not None or self.relabel):
            raise UsageError("nothing is asked for; name what to tidy, such as --min-size 30 or --fill-holes.")
        if self.where is not None:
            self.where.check(column_names("instances"))

    @property
    def name(self) -> str:
        return "clean"

    @cached_property
    def record(self) -> dict[str, Any]:
        """What is tidied."""
        usual = asdict(Cleanup())
        settings = {name: value for name, value in asdict(self.cleanup).items() if value != usual[name]}
        settings |= {} if self.where is None else {"filter": self.where.text}
        given = {"relabel": self.relabel, "kind": self.kind, "mask_threshold": self.mask_threshold}
        return {"method": "clean", "settings": settings | {name: value for name, value in given.items() if value}}

    def __call__(self, image: Image, hints: Mapping[str, Hint], roi: Array | None = None) -> Segmentation:
        known = read_segmentation(image.data, self.kind, mask_threshold=self.mask_threshold, page=image.page)
        given = known.segmentation
        if given.kind == "classes":
            raise InputError(
                "holds classes; clean-up works on masks and instances only. Say --kind instances or mask if it is one."
            )
        labels, kind = clean(_few(given.labels), given.kind, replace(self.cleanup, hull=False))
        if self.where is not None:
            labels = self._filtered(labels, kind)
        if self.cleanup.hull:
            labels, kind = clean(labels, kind, Cleanup(hull=True))
        if self.relabel:
            labels, kind = _in_reading_order(labels, kind), "instances"
        numbers: dict[str, float] = {"changed": float(np.mean((labels > 0) != (given.labels > 0)))}
        if kind == "instances":
            numbers = {"objects": int(labels.max(initial=0)), **numbers}
        layers = {"given": given.labels.astype(np.int32)}
        return Segmentation(labels, kind, numbers=numbers, layers=layers, notes=given.notes)

    def _filtered(self, labels: Array, kind: Kind) -> Array:
        """What the filter keeps."""
        assert self.where is not None
        regions = Regions(Segmentation(labels, kind))
        columns = measure_columns(regions, {"label", *self.where.names})
        kept = np.zeros(int(regions.labels.max(initial=0)) + 1, labels.dtype)
        numbers = columns["label"][self.where.keep(columns)]
        kept[numbers] = 1 if kind == "mask" else np.arange(1, len(numbers) + 1)
        return np.asarray(kept[regions.labels])


def _few(labels: Array) -> Array:
    """Labels with numbers that make no endless tables."""
    if labels.dtype == np.uint8 or int(labels.max()) <= labels.size:
        return labels
    numbers = np.unique(labels.reshape(-1)[run_starts(labels)])
    if numbers[0] > 0:
        numbers = np.append(0, numbers)
    return np.searchsorted(numbers, labels).astype(np.int32)


def _in_reading_order(labels: Array, kind: Kind) -> Array:
    """Objects by number, as a reader of the picture meets their first pixels."""
    if kind == "mask":
        return connected_components(labels > 0)[0]
    flat = labels.reshape(-1)
    numbers, first = np.unique(flat[run_starts(labels)], return_index=True)
    order = numbers[np.argsort(first)]
    ranks = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    ranks[order[order > 0]] = np.arange(1, np.count_nonzero(order) + 1)
    return np.asarray(ranks[labels])
