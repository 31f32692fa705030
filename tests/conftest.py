"""Tiny images built in code, real data where it is at hand, and the command line in this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

# Several processes test side by side; threads of each would only wait for those of the others.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest

from segcli.cli import app
from segcli.files.write import write_bytes


@dataclass(frozen=True)
class Result:
    """What a command line did."""

    code: int
    out: str
    err: str


@pytest.fixture
def segcli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run a segcli command line in this process."""

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        code = app.run([os.fspath(word) if isinstance(word, Path) else str(word) for word in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def data() -> Path:
    """The folder of real data with truth, from the variable SEGCLI_DATA."""
    folder = os.environ.get("SEGCLI_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SEGCLI_DATA names no folder with the real data")
    return Path(folder)


def disks(height: int = 40, width: int = 60) -> np.ndarray:
    """Three bright discs, apart from each other, on a dark ground; (H, W) uint8."""
    rows, columns = np.mgrid[:height, :width]
    image = np.full((height, width), 40, np.uint8)
    for row, column, radius in ((12, 12, 7), (26, 34, 9), (10, 50, 5)):
        image[(rows - row) ** 2 + (columns - column) ** 2 <= radius**2] = 200
    return image


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Write an array as a PNG (or in the format of the name's ending) below the test's folder."""

    def write(name: str, image: np.ndarray | None = None) -> Path:
        import cv2

        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = disks() if image is None else image
        if pixels.ndim == 3:
            pixels = pixels[:, :, ::-1]
        write_bytes(path, bytes(cv2.imencode(path.suffix, pixels)[1].data))
        return path

    return write


class _Taught(dict[str, Path]):
    """Models that are taught when they are first asked for."""

    HOW: ClassVar[dict[str, dict[str, Any]]] = {
        "discs": {},
        "another": {"seed": 1},
        "borders": {"objects": True},
        "color": {"colors": True},
    }

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __missing__(self, name: str) -> Path:
        from tools.discs import taught

        self[name] = taught(self.folder / f"{name}.safetensors", **self.HOW[name])
        return self[name]


@pytest.fixture(scope="session")
def disc_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Models that were taught to find discs, by name: discs, another, borders (of objects), color."""
    return _Taught(tmp_path_factory.mktemp("models"))
