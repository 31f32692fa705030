"""segcli man: pages that say what the commands' help says, and that groff prints without a warning."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segcli import __version__
from segcli.cli.app import VERBS
from segcli.cli.manual import _text, manual_page, page_file, page_names
from segcli.method import describe
from segcli.methods import NAMES, find

Run = Callable[..., Any]

groff = pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")


def printed(page: str) -> tuple[str, str]:
    """A page as groff prints it, without hyphenation, and its warnings."""
    command = ["groff", "-man", "-ww", "-Tascii", "-P-cbou", "-rLL=200n", "-rHY=0"]
    done = subprocess.run(command, input=page, capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split()), done.stderr


def test_every_command_has_a_page_and_the_first_lists_them() -> None:
    page = manual_page()
    names = page_names()
    assert set(names) == {"", *VERBS, *(name.replace("_", "-") for name in NAMES)}
    for name in names[1:]:
        assert f".B segcli\\-{name.replace('-', chr(92) + '-')}(1)" in page
        assert page_file(name) == f"segcli-{name}.1"


@groff
@pytest.mark.parametrize("name", ["", "chan-vese", "measure", "models", "recipe"])
def test_groff_prints_pages_without_a_warning(name: str) -> None:
    text, warnings = printed(manual_page(name))
    assert warnings == ""
    title = f"SEGCLI-{name.upper()}(1)" if name else "SEGCLI(1)"
    assert text.startswith(f"{title} segcli manual {title} NAME segcli")
    assert "EXIT STATUS" in text


@groff
def test_a_page_says_what_a_methods_row_says() -> None:
    text, _ = printed(manual_page("chan-vese"))
    row = describe(find("chan_vese"))
    assert row.summary.rstrip(".") in text
    for knob in row.knobs:
        assert f"--{knob.name.replace('_', '-')}" in text
    assert "--files-from FILE" in text
    assert "Active contours without edges" in text


def test_signs_that_roff_reads_are_named() -> None:
    assert _text(".a 'b' -c \\d µ ~^`\"") == "\\&.a \\(aqb\\(aq \\-c \\ed \\[u00B5] \\(ti\\(ha\\(ga\\(dq"
    for name in ("", "train", "explain"):
        page = manual_page(name)
        assert page.isascii()
        assert not any(line.startswith("'") for line in page.splitlines())


def test_equal_versions_give_equal_pages_and_name_themselves(segcli: Run) -> None:
    result = segcli("man", "otsu")
    assert (result.code, result.out) == (0, manual_page("otsu"))
    assert result.out.startswith(f'.TH SEGCLI\\-OTSU 1 "" "segcli {__version__}" "segcli manual"\n')


def test_pages_go_into_a_file_or_all_into_a_folder(segcli: Run, tmp_path: Path) -> None:
    assert segcli("man", "otsu", "-o", tmp_path / "o.1").code == 0
    assert (tmp_path / "o.1").read_text() == manual_page("otsu")
    result = segcli("man", "-o", tmp_path / "man1")
    assert result.out == f"{tmp_path / 'man1'}  {len(page_names())} pages\n"
    assert {path.name for path in (tmp_path / "man1").iterdir()} == {page_file(name) for name in page_names()}
    # Its own pages are replaced, notes are not.
    assert segcli("man", "-o", tmp_path / "o.1").code == 0
    (tmp_path / "o.1").write_text("my notes")
    result = segcli("man", "-o", tmp_path / "o.1")
    assert result.code == 2
    assert "exists and is no page of segcli; choose another name, or --exists overwrite." in result.err
    assert segcli("man", "-o", tmp_path / "o.1", "--exists", "overwrite").code == 0


def test_an_unknown_command_is_answered_with_the_nearest(segcli: Run, tmp_path: Path) -> None:
    result = segcli("man", "otzu", "-o", tmp_path / "o.1")
    assert (result.code, result.err) == (2, "segcli man: there is no command 'otzu'; did you mean 'otsu'?\n")
    assert list(tmp_path.iterdir()) == []
    assert segcli("man", "--exists", "skip").code == 2
