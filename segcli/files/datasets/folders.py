"""Pictures in one folder and masks in another, or masks beside the pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from segcli.errors import UsageError
from segcli.files.datasets.example import Example, Finding, Found, listed
from segcli.files.sources import ENDINGS

IMAGES = ("images", "image", "imgs", "img")
MASKS = ("masks", "mask", "labels", "label", "groundtruth", "ground_truth", "gt", "annotations", "truth")
PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""Names of folders and lists, and the part of the data they stand for."""

SUFFIXES = ("_mask", "_masks", "-mask", "_label", "_labels", "_seg", "_segmentation", "_gt", "_groundtruth")
PARTNERS = ("annot", "_annot", "_masks", "_mask", "masks", "_labels", "_label", "_gt")
"""What folders of masks are called after the folder of their pictures."""

MASK_ENDINGS = ENDINGS | {".npz"}

Place = tuple[str, str, str]
"""Part of the data, folder of the pictures, folder of the masks."""


def subfolders(folder: str) -> dict[str, str]:
    """Visible subfolders by their names in lower case.

    Raises
    ------
    UsageError : the folder cannot be read.
    """
    return {os.path.basename(path).lower(): path for path in entries(folder) if os.path.isdir(path)}


def entries(folder: str) -> list[str]:
    """Paths of what is visible in a folder, sorted.

    Raises
    ------
    UsageError : it cannot be read.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError as failure:
        raise UsageError(f"the folder {folder!r} cannot be read: {failure.strerror}.") from failure
    return [os.path.join(folder, name) for name in names if not name.startswith(".")]


def files_below(folder: str, endings: Iterable[str] = ENDINGS, top: str = "") -> dict[str, list[str]]:
    """Image files of a folder and its subfolders by their path below it without the ending.

    Links to folders are not followed.
    """
    found: dict[str, list[str]] = {}
    for path in entries(folder):
        if os.path.isdir(path):
            if not os.path.islink(path):
                for key, paths in files_below(path, endings, top or folder).items():
                    found.setdefault(key, []).extend(paths)
        elif os.path.splitext(path)[1].lower() in endings:
            key = os.path.splitext(os.path.relpath(path, top or folder))[0].replace(os.sep, "/")
            found.setdefault(key, []).append(path)
    return found


def find_folders(
    folder: str, images: Sequence[str] = IMAGES, masks: Sequence[str] = MASKS, suffix: str | None = None
) -> Found | None:
    """`images/` and `masks/`, or what they are called, with equal stems: alone, under parts, or parts under them."""
    places = list(_places(folder, images, masks))
    if not places:
        return None
    _, image_folder, mask_folder = places[0]
    nested = any(part for part, _, _ in places)
    between = f", by {'/'.join(dict.fromkeys(part for part, _, _ in places))}" if nested else ""
    found = Found(f"{_last(image_folder, nested)}/ + {_last(mask_folder, nested)}/{between}", [])
    for place in places:
        add_pairs(found, place, suffix)
    for part, path in _parts(folder).items():
        if part not in {known for known, _, _ in places}:
            words = f"{path!r} has no {images[0]}/ and {masks[0]}/; it is left out."
            found.findings.append(Finding("no-masks", "warning", words, (path,)))
    return found


def _last(path: str, nested: bool) -> str:
    """The name by which a folder of pictures or masks is known."""
    name = os.path.basename(path)
    return os.path.basename(os.path.dirname(path)) if nested and name.lower() in PARTS else name


def _places(folder: str, images: Sequence[str], masks: Sequence[str]) -> Iterator[Place]:
    """Where the pictures and masks of each part are."""
    inside = subfolders(folder)
    pictures, drawn = _first(inside, images), _first(inside, masks)
    if pictures and drawn:
        yield from paired_places(pictures, drawn)
        return
    for part, path in _parts(folder).items():
        deeper = subfolders(path)
        pictures, drawn = _first(deeper, images), _first(deeper, masks)
        if pictures and drawn:
            yield part, pictures, drawn


def paired_places(images: str, masks: str) -> Iterator[Place]:
    """One place, or one for each part where both folders have folders for parts."""
    parts, others = _parts(images), _parts(masks)
    if parts and set(parts) & set(others):
        yield from ((part, parts[part], others[part]) for part in parts if part in others)
    else:
        yield "", images, masks


def _parts(folder: str) -> dict[str, str]:
    """Subfolders that stand for parts, in the order train, val, test."""
    inside = subfolders(folder)
    found = {PARTS[name]: inside[name] for name in PARTS if name in inside}
    return {part: found[part] for part in ("train", "val", "test") if part in found}


def _first(inside: Mapping[str, str], names: Sequence[str]) -> str:
    """The first of several names that is there."""
    return next((inside[name] for name in names if name in inside), "")


def add_pairs(found: Found, place: Place, suffix: str | None = None) -> None:
    """Pair the files of two folders by stem, or by stem and suffix; what is left over becomes findings.

    Raises
    ------
    UsageError : no picture of several has a mask.
    """
    part, image_folder, mask_folder = place
    masks = files_below(mask_folder, MASK_ENDINGS)
    images = files_below(image_folder)
    # In one folder a picture must not be its own mask.
    usual = SUFFIXES if image_folder == mask_folder else ("", *SUFFIXES)
    suffixes = [suffix_of(suffix)] if suffix else usual
    ends = max(suffixes, key=lambda end: sum(f"{key}{end}" in masks for key in images))
    if image_folder == mask_folder:
        images = {key: paths for key, paths in images.items() if not key.endswith(ends)}
    if images and not any(f"{key}{ends}" in masks for key in images):
        if masks and image_folder != mask_folder:
            raise UsageError(
                f"no picture of {image_folder!r} has a mask in {mask_folder!r}: pictures are called "
                f"{listed(sorted(images), 2)}, masks {listed(sorted(masks), 2)}. Name what the masks' stems end in "
                "with --suffix."
            )
        words = f"none of the {len(images):,} pictures of {image_folder!r} has a mask; they are left out."
        found.findings.append(Finding("no-masks", "warning", words, (image_folder,)))
        return
    for key, paths in images.items():
        _add(found, part, key, (paths, masks.pop(f"{key}{ends}", [])))
    spare = sorted(path for paths in masks.values() for path in paths)
    if image_folder == mask_folder:
        spare = [path for path in spare if os.path.splitext(path)[0].endswith(ends)]
    for path in spare:
        found.findings.append(Finding("no-image", "error", f"mask {path!r} has no picture.", (path,)))


def suffix_of(suffix: str) -> str:
    """What stems of masks end in, from what a user wrote: `_mask.gif` is `_mask`."""
    stem, ending = os.path.splitext(suffix)
    return stem if ending.lower() in MASK_ENDINGS else suffix


def _add(found: Found, part: str, key: str, files: tuple[list[str], list[str]]) -> None:
    """Add one pair, or the reason why there is none."""
    images, masks = files
    if len(images) > 1:
        words = f"pictures {listed(images)} have one name; keep one. They are left out."
        found.findings.append(Finding("two-images", "error", words, tuple(images)))
    elif len(masks) > 1:
        words = f"picture {images[0]!r} has several masks, {listed(masks)}; keep one. It is left out."
        found.findings.append(Finding("two-masks", "error", words, (images[0], *masks)))
    elif not masks:
        found.findings.append(Finding("no-mask", "error", f"picture {images[0]!r} has no mask.", (images[0],)))
    else:
        found.examples.append(Example(key, images[0], (masks[0],), part))


def find_partners(folder: str) -> Found | None:
    """`train/` with its masks in `trainannot/` or `train_masks/`, and so for other parts."""
    inside = subfolders(folder)
    found = Found("", [])
    for word, part in PARTS.items():
        partner = _first(inside, [f"{word}{end}" for end in PARTNERS])
        if word in inside and partner:
            found.layout = found.layout or f"{word}/ + {os.path.basename(partner)}/"
            add_pairs(found, (part, inside[word], partner))
    return found if found.layout else None


def find_beside(folder: str, suffix: str | None = None) -> Found | None:
    """`NAME.tif` beside `NAME_mask.tif`, in one folder, its subfolders, or under parts."""
    parts = _parts(folder) or {"": folder}
    ends = _suffix_beside(parts.values(), suffix)
    if not ends:
        return None
    found = Found(f"NAME beside NAME{ends}", [])
    for part, path in parts.items():
        add_pairs(found, (part, path, path), ends)
    return found


def _suffix_beside(folders: Iterable[str], suffix: str | None) -> str:
    """What most stems that have a partner end in; '' where none has."""
    stems: set[str] = set()
    for folder in folders:
        stems.update(f"{folder}/{key}" for key in files_below(folder, MASK_ENDINGS))
    counts = {
        end: sum(stem.endswith(end) and stem.removesuffix(end) in stems for stem in stems)
        for end in ([suffix_of(suffix)] if suffix else SUFFIXES)
    }
    best = max(counts, key=lambda end: counts[end])
    return best if counts[best] else ""


def find_object_files(folder: str) -> Found | None:
    """A folder for each picture, `NAME/images/NAME.png` with one mask for each object in `NAME/masks/`."""
    found = Found("NAME/images/ + NAME/masks/, a mask for each object", [])
    for part, path in (_parts(folder) or {"": folder}).items():
        for inside in subfolders(path).values():
            deeper = subfolders(inside)
            if "images" not in deeper or "masks" not in deeper:
                continue
            pictures = [one for paths in files_below(deeper["images"]).values() for one in paths]
            masks = [one for paths in files_below(deeper["masks"], MASK_ENDINGS).values() for one in paths]
            if len(pictures) == 1 and masks:
                found.examples.append(Example(os.path.basename(inside), pictures[0], tuple(masks), part))
            else:
                words = f"{inside!r} has {len(pictures)} pictures and {len(masks)} masks; it is left out."
                found.findings.append(Finding("no-mask", "error", words, (inside,)))
    return found if found.examples else None
