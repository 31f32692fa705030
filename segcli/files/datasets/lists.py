"""Layouts that name their pairs in text files: VOC, CamVid, and tables of pairs."""

from __future__ import annotations

import csv
import io
import os

from segcli.errors import InputError, UsageError
from segcli.files.datasets.class_names import CAMVID, VOC, known_colors
from segcli.files.datasets.example import Example, Finding, Found, plain_name
from segcli.files.datasets.folders import PARTS, entries, files_below, find_partners, subfolders
from segcli.files.read import read_bytes

LONGEST_LIST = 256 * 2**20


def read_text(path: str) -> str:
    """Read a text file of a data set.

    Raises
    ------
    InputError : it cannot be read, is no UTF-8, or is far too large; the message names it.
    """
    try:
        if os.path.getsize(path) > LONGEST_LIST:
            raise InputError(f"has {os.path.getsize(path):,} bytes; a list has at most {LONGEST_LIST:,}.")
        return read_bytes(path).decode("utf-8-sig")
    except OSError as failure:
        raise InputError(f"{path!r} cannot be read: {failure.strerror}.") from failure
    except UnicodeDecodeError as failure:
        raise InputError(f"{path!r} is no UTF-8 text (byte {failure.start}). Save it as UTF-8.") from failure
    except InputError as failure:
        raise InputError(f"{path!r} {failure}") from failure


def find_voc(folder: str) -> Found | None:
    """`JPEGImages`, `SegmentationClass` and the lists of `ImageSets/Segmentation`, here or up to two folders down."""
    for place in _down(folder, 2):
        inside = subfolders(place)
        if "jpegimages" in inside and "segmentationclass" in inside:
            return _voc(place, inside["jpegimages"], inside["segmentationclass"])
    return None


def _down(folder: str, depth: int) -> list[str]:
    """A folder and the folders below it."""
    if not depth:
        return [folder]
    return [folder, *(deeper for path in subfolders(folder).values() for deeper in _down(path, depth - 1))]


def _voc(folder: str, image_folder: str, mask_folder: str) -> Found:
    """A VOC folder by its lists, or by its masks where it has none."""
    images, masks = files_below(image_folder), files_below(mask_folder)
    found = Found("VOC", [], names=VOC, colors=known_colors("voc"), ignore=(255,))
    folder = os.path.join(folder, "ImageSets", "Segmentation")
    texts = [path for path in entries(folder) if path.endswith(".txt")] if os.path.isdir(folder) else []
    lists = {os.path.splitext(os.path.basename(path))[0].lower(): path for path in texts}
    if {"train", "val"} <= set(lists):
        lists.pop("trainval", None)
    for word, path in lists.items():
        for stem in read_text(path).split():
            part = PARTS.get(word, "" if word == "trainval" else word)
            if stem in images and stem in masks:
                found.examples.append(Example(stem, images[stem][0], (masks[stem][0],), part))
            else:
                missing = "picture" if stem not in images else "mask"
                words = f"{path!r} names {stem!r}, which has no {missing}."
                found.findings.append(Finding(f"no-{missing.replace('picture', 'image')}", "error", words, (path,)))
    if not lists:
        for stem in sorted(set(images) & set(masks)):
            found.examples.append(Example(stem, images[stem][0], (masks[stem][0],)))
    return found


def find_camvid(folder: str) -> Found | None:
    """Lists with `image mask` on each line, or folders such as `train/` and `trainannot/`."""
    lists = [path for path in entries(folder) if path.lower().endswith(".txt")]
    found = Found("CamVid lists", [])
    for path in lists:
        part = PARTS.get(os.path.splitext(os.path.basename(path))[0].lower())
        if part is not None:
            _add_list(found, folder, path, part)
    if not found.examples and not found.findings:
        partners = find_partners(folder)
        if partners is None:
            return None
        found = partners
    if any(os.path.basename(os.path.dirname(example.masks[0])).endswith("annot") for example in found.examples):
        # SegNet's files: eleven classes, and 11 for what is none of them.
        found.names, found.ignore = CAMVID, (11,)
    return found


def _add_list(found: Found, folder: str, path: str, part: str) -> None:
    """The pairs of one list; a line of one word, or of more than two, makes it another kind of file."""
    rows = [line.split() for line in read_text(path).splitlines() if line.strip()]
    if not rows or any(len(row) != 2 for row in rows):
        return
    for image, mask in rows:
        places = [_resolved(folder, word) for word in (image, mask)]
        if all(places):
            name = plain_name(os.path.basename(image))
            found.examples.append(Example(name, places[0], (places[1],), part))
            continue
        code, word = ("no-image", image) if not places[0] else ("no-mask", mask)
        found.findings.append(Finding(code, "error", f"{path!r} names {word!r}, which does not exist.", (path,)))


def _resolved(folder: str, word: str) -> str:
    """A path of a list, below the folder: lists often begin with folders of their author's machine. '' if nowhere."""
    parts = word.replace("\\", "/").strip("/").split("/")
    for start in range(len(parts)):
        place = os.path.join(folder, *parts[start:])
        if os.path.isfile(place):
            return place
    return word if os.path.isfile(word) else ""


def find_table(folder: str) -> Found | None:
    """A CSV with the columns image and mask, and perhaps split and group."""
    for path in [folder] if os.path.isfile(folder) else entries(folder):
        if path.lower().endswith((".csv", ".tsv")) and os.path.isfile(path):
            rows = _rows(path)
            if rows and {"image", "mask"} <= set(rows[0]):
                return _table(path, rows)
    if os.path.isfile(folder):
        raise UsageError(f"{folder!r} has no columns 'image' and 'mask' in its first line.")
    return None


def _rows(path: str) -> list[dict[str, str]]:
    """The rows of a table, by the names of its first line in lower case."""
    text = read_text(path)
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error as failure:
        raise InputError(f"{path!r} is no table: {failure}.") from failure
    head = [word.strip().lower() for word in rows[0]] if rows else []
    return [dict(zip(head, row, strict=False)) for row in rows[1:] if any(row)]


def _table(path: str, rows: list[dict[str, str]]) -> Found:
    """The pairs of a table; its paths are relative to its folder."""
    found = Found(f"table {os.path.basename(path)}", [])
    folder = os.path.dirname(path) or "."
    for number, row in enumerate(rows, start=2):
        files = [os.path.join(folder, row.get(name, "").strip()) for name in ("image", "mask")]
        missing = [file for file in files if not os.path.isfile(file)]
        if missing:
            words = f"{path!r} names {missing[0]!r} in line {number}, which does not exist."
            code = "no-image" if missing[0] == files[0] else "no-mask"
            found.findings.append(Finding(code, "error", words, (path,)))
            continue
        part = row.get("split", "").strip().lower()
        name = plain_name(row["image"].strip())
        group = row.get("group", "").strip()
        found.examples.append(Example(name, files[0], (files[1],), PARTS.get(part, part), group))
    return found
