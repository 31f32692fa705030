"""Closed, full, narrow and shared streams; JSON that stays JSON."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Run = Callable[..., Any]
Save = Callable[..., Path]
posix = pytest.mark.skipif(os.name != "posix", reason="shells and devices are of POSIX systems")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a shell line in which `segcli` stands for the command."""
    script = f'segcli() {{ {shlex.quote(sys.executable)} -m segcli "$@"; }}\n{line}'
    variables = {**os.environ, **environment}
    return subprocess.run(["sh", "-c", script], capture_output=True, timeout=60, check=False, env=variables)


def said(result: subprocess.CompletedProcess[bytes]) -> str:
    words = result.stderr.decode()
    assert "fault of segcli" not in words
    assert "Traceback" not in words
    assert "Exception ignored" not in words
    return words


@posix
def test_a_closed_stdin_is_an_empty_one(save: Save) -> None:
    save("a.png")
    result = shell("segcli otsu a.png <&-")
    assert result.returncode == 0, said(result)
    result = shell("segcli otsu <&-")
    assert result.returncode == 2
    assert "standard input" in said(result)


@posix
def test_a_closed_stdout_stops_no_run_but_takes_no_picture(save: Save) -> None:
    save("a.png")
    result = shell("segcli otsu a.png -o out --table t.csv >&-")
    assert result.returncode == 0, said(result)
    assert os.path.exists("t.csv")
    result = shell("segcli otsu a.png -o - >&-")
    assert result.returncode == 2
    assert "standard output is closed" in said(result)
    assert shell("segcli --help >&-").returncode == 0


@posix
def test_a_closed_stderr_keeps_words_out_of_the_picture(save: Save) -> None:
    save("a.png")
    expected = shell("segcli otsu < a.png").stdout
    assert expected
    assert shell("segcli otsu < a.png 2>&-").stdout == expected
    assert shell("segcli otsu nowhere.png 2>&-").returncode == 1
    assert shell("segcli otsu a.png -o out <&- >&- 2>&-").returncode == 0
    assert os.listdir("out") == ["a.otsu.png"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("line", ["otsu a.png", "otsu -o - a.png", "otsu --jobs 2 a.png b.png", "methods", "--help"])
def test_a_full_stdout_is_exit_3_and_one_line(save: Save, line: str) -> None:
    save("a.png")
    save("b.png")
    result = shell(f"segcli {line} > /dev/full")
    assert result.returncode == 3
    assert "standard output cannot be written: No space left on device" in said(result)


@posix
def test_both_streams_into_a_pipe_that_closes_end_quietly(save: Save) -> None:
    for number in range(30):
        save(f"in/{number}.png", np.zeros((5, 5), np.uint8))
    result = shell("{ segcli otsu in -o out 2>&1; echo $? > code; } | head -n 1")
    assert Path("code").read_text() == "141\n", said(result)
    assert result.stdout.count(b"\n") == 1


@posix
def test_names_and_pictures_go_to_a_stream_of_few_letters(save: Save) -> None:
    save("\u00fc\u2603.png")
    result = shell("segcli otsu *.png --show", PYTHONIOENCODING="ascii", TERM="xterm")
    assert result.returncode == 0, said(result)
    assert result.stdout.isascii()
    assert b"\\u2580" not in result.stdout


@posix
def test_equal_runs_in_two_locales_write_equal_bytes(save: Save) -> None:
    save("\u00fc\u2603.png")
    shell("segcli otsu *.png -o one", LC_ALL="C.UTF-8")
    result = shell("segcli otsu *.png -o one", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert result.returncode == 0, said(result)
    shell("segcli otsu *.png -o two", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    (one,), (two,) = Path("one").iterdir(), Path("two").iterdir()
    assert one.read_bytes() == two.read_bytes()


def strict(text: str) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_json_stays_json_with_a_picture_shown(segcli: Run, save: Save) -> None:
    save("a.png")
    result = segcli("otsu", "a.png", "--json", "--show")
    assert strict(result.out)["status"] == "done"
    assert len(result.err.splitlines()) > 10


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_json_stays_json_with_settings_that_are_not_finite(segcli: Run, save: Save, value: str) -> None:
    save("a.png")
    result = segcli("otsu", "a.png", "--json", "--nodata", value)
    assert result.code == 0
    assert strict(result.out)["preparation"] == {"nodata": value}
    assert strict(segcli("info", "a.otsu.png", "--json").out)["provenance"]["preparation"] == {"nodata": value}


def test_a_plan_in_json_is_one_object_an_input(segcli: Run, save: Save) -> None:
    save("a.png")
    save("b.png")
    result = segcli("otsu", "a.png", "b.png", "--dry-run", "--json", "--as", "mask", "--as", "overlay")
    plans = [strict(line) for line in result.out.splitlines()]
    assert [plan["input"] for plan in plans] == ["a.png", "b.png"]
    assert plans[0]["outputs"] == ["a.otsu.png", "a.otsu.overlay.png"]
    assert plans[0]["status"] == "planned"


@posix
def test_stdin_among_files_needs_a_folder_wherever_it_sorts(save: Save) -> None:
    save("+a.png")
    save("c.png")
    for name in ("+a.png", "c.png"):
        result = shell(f"segcli otsu - {name} < c.png")
        assert result.returncode == 2
        assert "-o" in said(result)
    result = shell("segcli otsu - - c.png -o out < +a.png")
    assert result.returncode == 0, said(result)
    assert sorted(os.listdir("out")) == ["c.otsu.png", "stdin.otsu.png"]


def test_a_double_dash_before_the_command_is_honored(segcli: Run, save: Save) -> None:
    save("a.png")
    assert segcli("--", "otsu", "a.png").code == 0
    assert os.path.exists("a.otsu.png")


@posix
def test_drawing_is_silent_where_no_settings_can_be_kept(save: Save) -> None:
    save("a.png")
    Path("file").write_bytes(b"")
    result = shell("segcli otsu a.png --steps steps", HOME=f"{os.getcwd()}/file", MPLCONFIGDIR=f"{os.getcwd()}/file/x")
    assert result.returncode == 0
    assert said(result) == ""
