"""The README's pictures, each made by the command that stands beneath it.

python tests/tools/gallery.py            # all of sample_images/gallery
python tests/tools/gallery.py otsu slic  # these alone

Cells of methods hold thumbnails, those named explain-METHOD pages of `segcli explain`, larger, as they have words.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from segcli.cli import app

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "sample_images" / "gallery"
GAP = 8
WIDTH = 250
"""Pixels across that a thumbnail has."""

PAGE_WIDTH = 640
"""Pixels across that a page has."""

QUALITY, PAGE_QUALITY = 85, 60
"""Of the JPEG files; pages are many times as large as thumbnails."""

CELL = re.compile(r"!\[([a-z-]+)\]\(sample_images/gallery/\1\.jpg\)<br>`([^`]+)`")


def commands(text: str) -> dict[str, str]:
    """The command beneath each thumbnail of a README, by the name of its method."""
    return dict(CELL.findall(text))


def run(command: str) -> np.ndarray:
    """Run a command (or several, joined by &&) in the current folder; the picture it writes, blue first."""
    with tempfile.TemporaryDirectory() as folder:
        *before, last = (shlex.split(part)[1:] for part in command.split(" && "))
        place = f"{folder}/page.png" if last[0] == "explain" else f"{folder}/"
        for arguments in [*before, [*last, "-o", place]]:
            if code := app.run([*arguments, "--quiet"]):
                raise RuntimeError(f"exit code {code}: segcli {shlex.join(arguments)}")
        (written,) = Path(folder).glob("*.*")
        return np.asarray(cv2.imread(str(written)))


def thumbnail(command: str) -> np.ndarray:
    """What a command makes, scaled to the gallery's width."""
    picture = run(command)
    width = PAGE_WIDTH if command.startswith("segcli explain ") else WIDTH
    height = round(picture.shape[0] * width / picture.shape[1])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))


def coins_command(text: str) -> str:
    """The README's first command."""
    found = re.search(r"^    (segcli watershed sample_images/coins\.jpg .*)$", text, re.M)
    if found is None:
        raise ValueError("README.md lacks the command beneath its picture")
    return found[1]


def coins_picture(text: str) -> np.ndarray:
    """Input, labels and outlines side by side; (H, W, 3) uint8, blue first."""
    plain, *_ = coins_command(text).split(" --as ")
    panels = [np.asarray(cv2.imread("sample_images/coins.jpg"))]
    panels += [run(f"{plain} --as {kind}") for kind in ("palette", "contours")]
    gap = np.full((panels[0].shape[0], GAP, 3), 255, np.uint8)
    return np.hstack([panels[0], gap, panels[1], gap, panels[2]])


def write(text: str, wanted: list[str], target: Path) -> None:
    """Write pictures of a README's gallery into a folder; `sample_images` lies in the current folder.

    wanted : names of cells, coins for the first picture; none for all.
    """
    made = commands(text)
    for name in wanted or [*made, "coins"]:
        picture = coins_picture(text) if name == "coins" else thumbnail(made[name])
        ending = "png" if name == "coins" else "jpg"
        quality = PAGE_QUALITY if name.startswith("explain-") else QUALITY
        cv2.imwrite(str(target / f"{name}.{ending}"), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])


def main(wanted: list[str]) -> None:
    """Write the pictures of the gallery, or those that are named."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    target = GALLERY.resolve()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("sample_images").symlink_to(ROOT / "sample_images")
        write(text, wanted, target)


if __name__ == "__main__":
    main(sys.argv[1:])
