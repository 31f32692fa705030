"""The README's picture, made by the command that stands beneath it.

python tests/tools/gallery.py      # writes sample_images/gallery/coins.png
"""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from segcli.cli import app

ROOT = Path(__file__).parents[2]
GAP = 8


def coins_command() -> list[str]:
    """The arguments of the README's first command."""
    found = re.search(r"^    segcli (watershed sample_images/coins\.jpg .*)$", (ROOT / "README.md").read_text(), re.M)
    if found is None:
        sys.exit("README.md lacks the command beneath its picture")
    return shlex.split(found[1])


def coins_picture() -> np.ndarray:
    """Input, labels and outlines side by side; (H, W, 3) uint8, blue first."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = coins_command()
        arguments[1] = str(ROOT / arguments[1])
        if app.run([*arguments, "-o", folder, "--quiet"]):
            sys.exit("the README's command failed")
        panels = [cv2.imread(arguments[1])]
        panels += [
            cv2.imread(str(path))
            for path in (Path(folder) / "coins.watershed.png", *Path(folder).glob("*.contours.png"))
        ]
    gap = np.full((panels[0].shape[0], GAP, 3), 255, np.uint8)
    return np.hstack([panels[0], gap, panels[1], gap, panels[2]])


if __name__ == "__main__":
    target = ROOT / "sample_images" / "gallery" / "coins.png"
    target.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(target), coins_picture())
