"""The README is true: its table is generated, its commands run, every command stands in it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tools.gallery import GALLERY, commands, thumbnail
from tools.readme import README, with_table

from segcli.methods import NAMES

TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
CHAINS = [
    [line.partition("   #")[0].rstrip() for line in block.splitlines() if "segcli" in line and ".venv" not in line]
    for language, block in BLOCKS
    if language == "sh"
]
"""The commands of each block, which may build on those above them."""


def test_the_table_of_methods_is_as_the_code_makes_it() -> None:
    assert with_table(TEXT) == TEXT, "run: python tests/tools/readme.py"


def test_every_command_stands_in_the_readme() -> None:
    for name in [*NAMES, "fit", "info", "methods", "refine"]:
        assert f"segcli {name.replace('_', '-')}" in TEXT


def test_every_method_stands_in_the_gallery_under_a_command_of_its_own() -> None:
    shown = commands(TEXT)
    pages = {name for name in shown if name.startswith("explain-")}
    assert set(shown) - pages == {name.replace("_", "-") for name in NAMES}
    assert pages
    for name, command in shown.items():
        assert f"segcli {name.replace('explain-', 'explain ')} " in command
    assert max(path.stat().st_size for path in GALLERY.glob("*.jpg")) < 150_000


SLOW = ("pixel-classifier",)
"""It fits a model to a whole picture; the script's own test makes it from a smaller one."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in commands(TEXT)]
)
def test_a_thumbnail_is_what_its_command_makes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(README.parent / "sample_images", tmp_path / "sample_images")
    made, shown = thumbnail(commands(TEXT)[name]), cv2.imread(str(GALLERY / f"{name}.jpg"))
    assert made.shape == shown.shape
    # JPEG smears thin lines, and the last bits of floats change a pixel here and there.
    made, shown = (cv2.blur(picture.astype(np.float32), (5, 5)) for picture in (made, shown))
    assert np.abs(made - shown).mean() < 4, f"run: python tests/tools/gallery.py {name}"


def test_the_readme_is_no_longer_than_300_lines() -> None:
    assert len(TEXT.splitlines()) <= 300


def test_every_picture_and_file_it_names_is_there() -> None:
    for name in re.findall(r"\]\(([^)#:]+)\)", TEXT) + re.findall(r"sample_images/[\w./-]+\w", TEXT):
        assert (README.parent / name).exists(), name


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    folder = tmp_path / "readme"
    folder.mkdir()
    shutil.copytree(README.parent / "sample_images", folder / "sample_images")
    scripts = folder / "bin"
    scripts.mkdir()
    command = scripts / "segcli"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m segcli "$@"\n')
    command.chmod(0o755)
    return folder


def run(workplace: Path, arguments: list[str], path: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{workplace / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(README.parent)}
    return subprocess.run(
        arguments, cwd=workplace, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.skipif(os.name != "posix", reason="the README's pipes are for a POSIX shell")
@pytest.mark.parametrize("chain", [chain for chain in CHAINS if chain], ids=lambda chain: chain[0])
def test_the_commands_of_the_readme_run_one_after_the_other(workplace: Path, chain: list[str]) -> None:
    for command in chain:
        result = run(workplace, ["bash", "-o", "pipefail", "-c", command])
        assert result.returncode == 0, f"{command}\n{result.stderr}"
        assert "Traceback" not in result.stderr, command


def test_the_python_of_the_readme_runs(workplace: Path) -> None:
    (code,) = [block for language, block in BLOCKS if language == "python"]
    result = run(workplace, [sys.executable, "-W", "error", "-c", code])
    assert result.returncode == 0, result.stderr
    assert (workplace / "coins.tif").exists()
