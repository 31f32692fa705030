"""A picture and where its truth is, before and after both are read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One object of an annotation file: its class, polygons or run lengths, and whether it is a crowd."""

    label: int
    outline: Any
    crowd: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A picture and its truth, as files.

    Attributes
    ----------
    name : the picture's path without its ending, below the folder of its part.
    image : path of the picture.
    masks : paths of the mask, or of one mask for each object.
    split : train, val, test, or another word of the data; '' before one is drawn.
    group : pictures of one group are never parted; '' is a group of its own.
    objects : of an annotation file, in its order; None where the truth is a mask.
    size : (width, height) that an annotation file says the picture has.
    """

    name: str
    image: str
    masks: tuple[str, ...] = ()
    split: str = ""
    group: str = ""
    objects: tuple[Drawn, ...] | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Sample:
    """What was read of an example.

    Attributes
    ----------
    image : (H, W) or (H, W, 3) uint8, uint16 or float32, upright.
    classes : (H, W) uint8; 255 is void.
    instances : (H, W) int32, 0 where no object is; or None where the truth numbers none.
    """

    image: Array
    classes: NDArray[np.uint8]
    instances: NDArray[np.int32] | None = None


@dataclass(frozen=True)
class Finding:
    """Something a user should know about a data set, in one line.

    Attributes
    ----------
    code : what kind of thing it is.
    level : error where training would fail or learn something false, else warning.
    words : the line.
    files : the files it is about.
    """

    code: str
    level: Level
    words: str
    files: tuple[str, ...] = ()


@dataclass
class Found:
    """What one layout made of a folder.

    Attributes
    ----------
    layout : in words.
    examples : all pairs.
    findings : what does not fit.
    names : of the classes, where the layout says them.
    colors : class of each (red, green, blue), where the layout says it.
    ignore : stored values that mean void by the layout.
    """

    layout: str
    examples: list[Example]
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    colors: Mapping[tuple[int, int, int], int] | None = None
    ignore: tuple[int, ...] = ()


def plain_name(path: str) -> str:
    """The name of a picture by the path that a list gives it: without the ending, and never above its folder.

    Examples
    --------
    >>> plain_name("../left/a.b.png")
    'left/a.b'
    """
    parts = os.path.splitext(path.replace("\\", "/"))[0].split("/")
    return "/".join(part for part in parts if part not in ("", ".", "..")) or "picture"


def shown(name: str) -> str:
    """A name as it is, or quoted where it holds what a terminal would act on."""
    return name if name.isprintable() else repr(name)


def listed(names: list[str], most: int = 4) -> str:
    """A few of many names, and how many more there are.

    Examples
    --------
    >>> listed(["a", "b", "c"], 2)
    "'a', 'b' and 1 more"
    """
    shown = ", ".join(map(repr, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
