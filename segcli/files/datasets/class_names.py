"""Names and colors of classes: of well-known data sets, of a file, or as the user says them."""

from __future__ import annotations

import csv
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from segcli.errors import InputError, UsageError
from segcli.files.palettes import voc_palette
from segcli.files.read import read_bytes
from segcli.segmentation import VOID

RGB = tuple[int, int, int]

VOC = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
CAMVID = (
    *("sky", "building", "pole", "road", "pavement", "tree"),
    *("sign_symbol", "fence", "car", "pedestrian", "bicyclist"),
)
CITYSCAPES = (
    *("road", "sidewalk", "building", "wall", "fence", "pole", "traffic_light", "traffic_sign", "vegetation"),
    *("terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"),
)
_CAMVID_COLORS: tuple[RGB, ...] = (
    *((128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (60, 40, 222), (128, 128, 0)),
    *((192, 128, 128), (64, 64, 128), (64, 0, 128), (64, 64, 0), (0, 128, 192)),
)
_CITYSCAPES_COLORS: tuple[RGB, ...] = (
    *((128, 64, 128), (244, 35, 232), (70, 70, 70), (102, 102, 156), (190, 153, 153), (153, 153, 153)),
    *((250, 170, 30), (220, 220, 0), (107, 142, 35), (152, 251, 152), (70, 130, 180), (220, 20, 60), (255, 0, 0)),
    *((0, 0, 142), (0, 0, 70), (0, 60, 100), (0, 80, 100), (0, 0, 230), (119, 11, 32)),
)
KNOWN = {"voc": VOC, "camvid": CAMVID, "cityscapes": CITYSCAPES}
NO_CLASS = frozenset(("void", "ignore", "ignored", "unlabeled", "unlabelled", "unlabel", "unknown"))
"""Names of what is no class: such pixels are void."""

FILES = (
    "classes.txt",
    "classes.csv",
    "class_dict.csv",
    "label_colors.txt",
    "labels.txt",
    "codes.txt",
    "class_names.txt",
    "classes.json",
)
"""Where data sets keep the names of their classes."""

MOST = VOID


@dataclass(frozen=True)
class Classes:
    """What is known of the classes before any mask is looked at.

    Attributes
    ----------
    count : how many there are; None where masks are to say it.
    names : of all of them, or ().
    colors : class of each color; 255 is void.
    values : class of each stored number, where they are not the numbers themselves; 255 is void.
    """

    count: int | None = None
    names: tuple[str, ...] = ()
    colors: Mapping[RGB, int] = field(default_factory=dict)
    values: Mapping[int, int] = field(default_factory=dict)


def known_colors(name: str) -> dict[RGB, int]:
    """The colors of a well-known data set: voc, camvid (the eleven classes of SegNet) or cityscapes."""
    if name == "voc":
        palette = [tuple(color) for color in voc_palette().tolist()]
        return {**{color: label for label, color in enumerate(palette[: len(VOC)])}, palette[VOID]: VOID}
    listed = _CAMVID_COLORS if name == "camvid" else _CITYSCAPES_COLORS
    return {**{color: label for label, color in enumerate(listed)}, (0, 0, 0): VOID}


def find_known(colors: set[RGB]) -> str:
    """Which well-known data set has all these colors; '' if none has, or several have.

    Void alone, which several share, decides nothing.
    """
    fitting = [name for name in KNOWN if colors <= set(known_colors(name))]
    return fitting[0] if len(fitting) == 1 and len(colors) > 1 else ""


def read_classes(given: int | str | Sequence[str] | None, folder: str) -> Classes:
    """Find out what is said of the classes, by the user or by a file of the data.

    Parameters
    ----------
    given : how many; their names, with commas between them or as a sequence; voc, camvid or cityscapes; or a file with
        a line for each: a name, a name and the number in the masks, or a name and red, green and blue.
    folder : of the data, where such a file is looked for if nothing is given.

    Raises
    ------
    UsageError : no such file, two classes with one name, fewer than 2 or more than 255.
    """
    if given is None:
        paths = [os.path.join(folder, name) for name in FILES]
        path = next((path for path in paths if os.path.isfile(path)), None)
        return Classes() if path is None else _from_file(path)
    if isinstance(given, str):
        text = given.strip()
        if text.lower() in KNOWN:
            names = KNOWN[text.lower()]
            return Classes(len(names), names, known_colors(text.lower()))
        if text.lstrip("-").isdigit():
            given = int(text)
        elif os.path.isfile(given):
            return _from_file(given)
        elif "," in text:
            given = [word.strip() for word in text.split(",")]
        else:
            raise UsageError(
                f"--classes {text!r} is no file. Give a number, names with commas between them, a file with a line "
                f"for each class, or {', '.join(KNOWN)}."
            )
    if isinstance(given, int):
        return Classes(_checked(given))
    return Classes(_checked(len(given)), _distinct(tuple(given), "--classes"))


def _checked(count: int) -> int:
    """Refuse a number of classes that masks cannot hold."""
    if not 2 <= count <= MOST:
        raise UsageError(f"--classes is {count}; it must be between 2 and {MOST}, the background counted.")
    return count


def _distinct(names: tuple[str, ...], where: str) -> tuple[str, ...]:
    """Refuse names that are empty or occur twice."""
    for place, name in enumerate(names):
        if not name or name in names[:place]:
            what = f"has {name!r} twice" if name else f"has no name for class {place}"
            raise UsageError(f"{where} {what}; each class needs a name of its own.")
    return names


def _from_file(path: str) -> Classes:
    """Names, numbers or colors of classes, one on each line."""
    rows = _rows(path)
    names: list[str] = []
    colors: dict[RGB, int] = {}
    values: dict[int, int] = {}
    for place, row in enumerate(rows):
        name, numbers = _parted(row)
        if len(numbers) not in (0, 1, 3) or not name or any(not 0 <= number <= 65_535 for number in numbers):
            raise UsageError(f"{path!r} has {' '.join(row)!r}; expected a name, with a number or red, green and blue.")
        label = VOID if name.lower() in NO_CLASS else len(names)
        names += [name] if label != VOID else []
        if len(numbers) == 3:
            colors[numbers[0], numbers[1], numbers[2]] = label
        else:
            values[numbers[0] if numbers else place] = label
    if colors and values:
        raise UsageError(f"{path!r} has colors for some classes only; give red, green and blue for all, or for none.")
    plain = values == {label: label for label in range(len(names))}
    return Classes(_checked(len(names)), _distinct(tuple(names), repr(path)), colors, {} if plain else values)


def _rows(path: str) -> list[list[str]]:
    """The words of a file, by lines; a first line that only says what columns there are is left out."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
        if path.lower().endswith((".json", ".toml")):
            return _held_rows(path, text)
    except (ValueError, RecursionError) as failure:
        raise UsageError(f"the classes {path!r} cannot be read: {failure}.") from failure
    except InputError as failure:
        raise UsageError(f"the classes {path!r}: the file {failure}") from failure
    mark = next((mark for mark in ",;\t" if mark in text), None)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = list(csv.reader(lines, delimiter=mark)) if mark in (",", ";") else [line.split() for line in lines]
    rows = [[word.strip() for word in row if word.strip()] for row in rows]
    if rows and rows[0] and rows[0][0].lower() in ("name", "class", "class_name", "label"):
        del rows[0]
    if rows and rows[0] == ["__ignore__"]:
        # labelme counts it as -1.
        del rows[0]
    if not rows:
        raise UsageError(f"{path!r} names no classes.")
    return rows


def _held_rows(path: str, text: str) -> list[list[str]]:
    """The rows of a JSON or TOML file: a list of names, or a table of numbers or colors by name.

    TOML may have the table or the list under `classes`.
    """
    held = json.loads(text) if path.lower().endswith(".json") else tomllib.loads(text)
    if isinstance(held, dict) and set(held) == {"classes"}:
        held = held["classes"]
    if isinstance(held, list) and all(isinstance(name, str) for name in held):
        return [[name] for name in held]
    if not isinstance(held, dict):
        raise UsageError(f"{path!r} is no list of names, and no table of numbers or colors by name.")
    rows = []
    for name, value in held.items():
        numbers = value if isinstance(value, list) else [value]
        if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
            raise UsageError(f"{path!r} has {value!r} for {name!r}; expected a number, or red, green and blue.")
        rows.append([str(name), *map(str, numbers)])
    return rows


def _parted(row: list[str]) -> tuple[str, list[int]]:
    """The name of a line and its numbers, whichever come first."""
    numbers = [int(word) for word in row if word.isascii() and word.isdigit()]
    words = [word for word in row if not (word.isascii() and word.isdigit())]
    return " ".join(words), numbers
