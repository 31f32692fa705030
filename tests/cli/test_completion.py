"""What shells are told when they ask for the rest of a word."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segcli.cli import completion
from segcli.cli.app import VERBS

Run = Callable[..., Any]
Complete = Callable[[str], list[str]]


@pytest.fixture
def complete(segcli: Run, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """Ask as bash does, for the end of a line."""

    def ask(line: str) -> list[str]:
        monkeypatch.setenv("_SEGCLI_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        return str(segcli().out).split()

    return ask


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with models, recipes and other files, that segcli looks for models in."""
    (tmp_path / "recipes").mkdir()
    for name in ("mine.safetensors", "mine.onnx", "nuclei.toml", "notes.txt", "recipes/a.toml", ".hidden.toml"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGCLI_MODELS", str(tmp_path))
    return tmp_path


def test_commands_options_and_choices_are_completed(complete: Complete) -> None:
    assert complete("segcli wat") == ["watershed", "watershed-superpixels"]
    assert set(VERBS) < set(complete("segcli "))
    assert "--classes" in complete("segcli otsu --cl")
    assert complete("segcli otsu --foreground d") == ["dark"]
    assert complete("segcli measure --fil") == ["--filter"]


def test_models_are_completed_where_models_are_wanted_and_networks_in_train(complete: Complete, here: Path) -> None:
    assert complete("segcli predict --model m") == ["mine", "mine.onnx", "mine.safetensors"]
    assert complete("segcli predict --model mine --ensemble mine.o") == ["mine.onnx"]
    assert complete("segcli eval --model unet") == ["unet"]
    assert complete("segcli export mine.s") == ["mine.safetensors"]
    assert complete("segcli train --model segn") == ["segnet", "segnet_basic"]
    assert "mine" not in complete("segcli train --model ")


def test_recipes_and_methods_are_completed_where_segmenters_are(complete: Complete, here: Path) -> None:
    assert complete("segcli run ") == ["nuclei.toml"]
    assert complete("segcli run rec") == ["recipes/"]
    assert complete("segcli run recipes/") == ["recipes/a.toml"]
    assert complete("segcli run nowhere/") == []
    assert complete("segcli recipe show nu") == ["nuclei.toml"]
    assert complete("segcli eval --method n") == ["niblack", "normalized-cut", "nuclei.toml"]
    assert complete("segcli refine --with gr") == ["grabcut", "graphcut"]


def test_the_last_of_a_list_is_completed_and_what_it_has_not_offered_again(here: Path) -> None:
    assert completion.segmenter_lists("otsu,km") == ["otsu,kmeans"]
    assert completion.segmenter_lists("kmeans,km") == []
    assert completion.segmenter_lists("watershe") == ["watershed", "watershed-superpixels"]


def test_names_beginning_with_a_dot_are_offered_where_a_dot_was_typed(here: Path) -> None:
    assert completion.recipe_files(".h") == [".hidden.toml"]
    assert completion.recipe_files("") == ["nuclei.toml"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, None),
        ({"_SEGCLI_COMPLETE": "x", "COMP_WORDS": "segcli otsu --c", "COMP_CWORD": "2"}, ["otsu"]),
        ({"_SEGCLI_COMPLETE": "x", "COMP_WORDS": "segcli ", "COMP_CWORD": "1"}, []),
        ({"_SEGCLI_COMPLETE": "x", "_TYPER_COMPLETE_ARGS": "segcli otsu --c"}, ["otsu"]),
        ({"_SEGCLI_COMPLETE": "x", "_TYPER_COMPLETE_ARGS": "segcli otsu "}, ["otsu"]),
        ({"_SEGCLI_COMPLETE": "x"}, []),
    ],
)
def test_the_words_before_are_what_the_shell_says(monkeypatch: pytest.MonkeyPatch, variables, words) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert completion.typed_words() == words


def test_completing_models_loads_no_large_library(tmp_path: Path) -> None:
    code = (
        "import os, sys; os.environ |= {'_SEGCLI_COMPLETE': 'complete_bash', 'COMP_CWORD': '3',"
        "'COMP_WORDS': 'segcli predict --model '}; from segcli.cli import app; app.run([]); print()"
        "; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"torch", "scipy", "cv2", "skimage", "sklearn", "matplotlib", "numba", "onnxruntime"}
    assert "segcli.cli.verbs.train" not in loaded
