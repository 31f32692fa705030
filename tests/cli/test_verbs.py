"""methods, info, --version, completion."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segcli import __version__
from segcli.cli.app import SECTIONS, VERBS
from segcli.method import describe
from segcli.methods import all_methods

Run = Callable[..., Any]


def test_methods_lists_every_method_and_json_every_knob(segcli: Run) -> None:
    words = segcli("methods").out
    table = {row["name"]: row for row in json.loads(segcli("methods", "--json").out)}
    for function in all_methods():
        row = describe(function)
        assert row.summary in words
        assert [knob["name"] for knob in table[row.command]["knobs"]] == [knob.name for knob in row.knobs]
    assert table["otsu"]["knobs"][0]["max"] == 16


def test_help_of_every_command_names_its_options(segcli: Run) -> None:
    top = segcli("--help")
    assert top.code == 0
    for function in all_methods():
        row = describe(function)
        assert row.command in top.out
        page = segcli(row.command, "--help").out
        assert row.summary in " ".join(page.split())
        for knob in row.knobs:
            assert f"--{knob.name.replace('_', '-')}" in page
        assert "--files-from" in page
    assert "info" in top.out


def test_commands_stand_under_headings_with_their_whole_first_lines(segcli: Run) -> None:
    page = segcli("--help").out
    places = [page.index(f"\n{heading}:\n") for heading in (*SECTIONS, "Methods: threshold", "Methods: saliency")]
    assert places == sorted(places)
    assert page.index("\n  otsu ") > page.index("Methods: threshold")
    assert "..." not in page[page.index("-h, --help") :]


@pytest.mark.parametrize("verb", [*VERBS, "otsu"])
def test_help_comes_without_large_libraries(verb: str) -> None:
    code = f"import sys; from segcli.cli import app; app.run([{verb!r}, '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"torch", "scipy", "cv2", "skimage", "sklearn", "matplotlib", "numba", "onnxruntime"}


def test_the_version_is_printed(segcli: Run) -> None:
    assert segcli("--version").out == f"segcli {__version__}\n"


def test_info_says_what_a_file_holds_and_how_it_was_made(
    segcli: Run, save: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save("a.png")
    segcli("otsu", "a.png")
    found = json.loads(segcli("info", "a.otsu.png", "--json").out)
    assert (found["width"], found["height"], found["format"]) == (60, 40, "PNG")
    assert found["provenance"]["method"] == "otsu"
    Path("b.png").write_text("text")
    result = segcli("info", "b.png", "a.png")
    assert result.code == 1
    assert "'b.png'" in result.err
    assert "a.png" in result.out


def test_the_shell_completes_methods_knobs_and_choices(segcli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def complete(line: str) -> str:
        monkeypatch.setenv("_SEGCLI_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        return str(segcli().out)

    assert "watershed" in complete("segcli wat")
    assert "--classes" in complete("segcli otsu --cl")
    assert complete("segcli otsu --foreground d").split() == ["dark"]
