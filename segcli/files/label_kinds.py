"""Label files of any program: what their numbers mean, by what segcli wrote into them or by a look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from segcli.arrays import Array, Labels
from segcli.errors import InputError, SettingError
from segcli.files.labels import read_labels
from segcli.files.limits import Limits
from segcli.files.provenance import read_provenance
from segcli.files.read import open_source
from segcli.numeric.region_counts import piece_counts
from segcli.numeric.runs import cut_runs, run_starts
from segcli.segmentation import VOID, Kind, Segmentation

KINDS: tuple[Kind, ...] = ("mask", "classes", "instances")
FULL = (1, 255, 65_535)
"""Numbers that stand for the object in masks."""

MOST_BLENDED = 0.8
"""Share of pixels that are 0 or 255 from which 8-bit numbers between them look like a mask that was resized."""

MOST_CLASSES = 64
"""Values of 8 bits, most of them in several pieces, above which a file looks like a photograph."""

TRIMAP = "its 128 was read as background, 255 as object (--kind overrules that)"
"""Said of files with 0, 128 and 255, where 128 is what nobody decided."""

_LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class Known:
    """A label file that was read.

    Attributes
    ----------
    segmentation : what it holds, and in its notes what was assumed.
    record : what segcli wrote into it; None for files of other programs.
    """

    segmentation: Segmentation
    record: dict[str, Any] | None


def check_kind(kind: str | None) -> Kind | None:
    """Refuse a word that is no kind of labels.

    Raises
    ------
    SettingError : naming --kind.
    """
    found = next((known for known in KINDS if known == kind), None)
    if found is None and kind is not None:
        raise SettingError("kind", f"is {kind!r}; it must be one of {', '.join(KINDS)}.")
    return found


def read_segmentation(
    data: bytes,
    kind: Kind | None = None,
    *,
    mask_threshold: float | None = None,
    page: int | None = None,
    limits: Limits = _LIMITS,
) -> Known:
    """Read a mask, classes or numbered objects.

    Parameters
    ----------
    data : contents of the file.
    kind : what its numbers are; None: what segcli wrote into it, else by values. 0 beside 1, 255 or 65,535 is a mask,
        and so is 255 beside 0 and 128. Files of more than 8 bits number objects. Other numbers with 255 beside them
        are classes; the rest are objects where most are whole, classes where most lie in several pieces.
    mask_threshold : makes a mask of what is above it, of any file.
    page : from 0; None is the first.
    limits : what a header may announce.

    Raises
    ------
    InputError : a file that cannot be read, or that holds what is no such kind; the message begins after its name.
    """
    labels = read_labels(data, mask_threshold=mask_threshold, page=page, limits=limits)
    record = read_provenance(data)
    notes = [] if page is not None else _pages(data, limits)
    said = None if record is None else next((known for known in KINDS if known == record.get("kind")), None)
    if mask_threshold is not None:
        found: Kind = "mask"
    elif kind is not None or said is not None:
        found = kind or said or "mask"
    else:
        found, words = _guessed(data, labels, limits)
        notes += words
        if words == [TRIMAP]:
            labels = np.where(labels == VOID, labels, 0)
    return Known(Segmentation(_typed(labels, found), found, notes=tuple(notes)), record)


def _pages(data: bytes, limits: Limits) -> list[str]:
    """What to say of a file of several pages."""
    if data.startswith(b"PK"):
        return []
    pages = open_source(data, limits)[0].pages
    return [f"page 1 of {pages} used"] if pages > 1 else []


def _typed(labels: Labels, kind: Kind) -> Array:
    """Labels as a segmentation of their kind has them."""
    if kind == "mask":
        return (labels > 0).astype(np.uint8)
    if kind == "instances":
        return labels
    highest = int(labels.max())
    if highest > VOID:
        raise InputError(f"holds {highest}; numbers of classes go up to {VOID - 1}. Objects are --kind instances.")
    return labels.astype(np.uint8)


def _guessed(data: bytes, labels: Labels, limits: Limits) -> tuple[Kind, list[str]]:
    """What numbers without a word about them are."""
    values = np.unique(labels.reshape(-1)[run_starts(labels)])
    if any(set(values.tolist()) <= {0, full} for full in FULL):
        return "mask", []
    if values.tolist() == [0, 128, VOID]:
        return "mask", [TRIMAP]
    wide = data.startswith(b"PK") or open_source(data, limits)[0].header(0).bits > 8
    if wide or int(values[-1]) > VOID:
        return "instances", []
    if values[-1] == VOID:
        flat = np.count_nonzero((labels == 0) | (labels == VOID)) / labels.size
        if len(values) > 3 and flat >= MOST_BLENDED and values[0] == 0:
            raise InputError(
                f"holds {len(values)} values, most pixels 0 or 255: a mask that was resized or saved with loss. "
                "--mask-threshold 127 parts it in the middle; --kind classes takes it as it is."
            )
        return "classes", ["its numbers were read as classes, 255 as left out (--kind overrules that)"]
    if _mostly_whole(labels):
        return "instances", ["its numbers were read as those of objects (--kind overrules that)"]
    if len(values) > MOST_CLASSES:
        raise InputError(
            f"holds {len(values)} values, most of them in many pieces, as a photograph does and labels do not. "
            "--kind classes takes it as it is, --mask-threshold GRAY makes a mask of it."
        )
    return "classes", ["its numbers were read as classes (--kind overrules that)"]


def _mostly_whole(labels: Labels) -> bool:
    """Whether at least half of the numbers above 0 lie in one piece each."""
    pieces = piece_counts(labels, cut_runs(labels))
    return 2 * int(np.count_nonzero(pieces == 1)) >= len(pieces)
