"""The command as a process: pipes, signals, kills, workers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from segcli.files.journal import NAME

COMMAND = [sys.executable, "-m", "segcli"]
posix = pytest.mark.skipif(os.name != "posix", reason="signals and /proc are of POSIX systems")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def segcli(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, timeout=120, check=False, **options)  # type: ignore[call-overload, no-any-return]


def start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def pictures(count: int, size: int = 64) -> None:
    """Write `count` different noisy pictures into the folder `in`."""
    os.makedirs("in", exist_ok=True)
    random_numbers = np.random.default_rng(0)
    for number in range(count):
        image = random_numbers.normal(100, 20, (size, size))
        image[size // 4 : size // 2, size // 4 :] += 80
        cv2.imwrite(f"in/{number:03d}.png", image.clip(0, 255).astype(np.uint8))


def contents(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name != NAME}


def temporaries(folder: str) -> list[str]:
    return [name for name in os.listdir(folder) if name.endswith(".segcli-tmp")]


def test_a_pipe_carries_the_picture_and_stderr_the_words() -> None:
    pictures(1)
    first = segcli("otsu", input=Path("in/000.png").read_bytes())
    assert first.returncode == 0
    assert first.stderr.startswith(b"stdin -> stdout")
    second = segcli("watershed", "--min-distance", "10", input=first.stdout)
    assert second.returncode == 0
    labels = cv2.imdecode(np.frombuffer(second.stdout, np.uint8), cv2.IMREAD_UNCHANGED)
    assert labels.dtype == np.uint16
    assert labels.max() >= 1
    assert os.listdir(".") == ["in"]


def test_an_empty_pipe_is_exit_2() -> None:
    result = segcli("otsu", input=b"")
    assert result.returncode == 2
    assert b"standard input is empty" in result.stderr


def test_a_loop_over_a_list_keeps_its_list() -> None:
    pictures(3)
    script = f'ls in/*.png | while read f; do "{sys.executable}" -m segcli otsu "$f"; done'
    result = subprocess.run(["sh", "-c", script], capture_output=True, timeout=60, check=False)
    assert result.returncode == 0
    assert result.stdout.count(b"\n") == 3


@posix
def test_names_of_every_kind_go_through() -> None:
    pictures(1)
    data = Path("in/000.png").read_bytes()
    odd = [
        b"-dash.png",
        b"new\nline.png",
        b"\xff\xfe.png",
        b"per%cent {brace}.png",
        b"esc\x1b[31m.png",
        "\u202ecod.png".encode(),
    ]
    for name in odd:
        with open(os.path.join(b"in", name), "wb") as stream:
            stream.write(data)
    result = segcli("otsu", "in", "-o", "masks")
    assert result.returncode == 0
    assert {os.fsencode(name) for name in os.listdir("masks")} == {
        name[:-4] + b".otsu.png" for name in [*odd, b"000.png"]
    }
    assert result.stdout.count(b"\n") == len(odd) + 1
    assert b"\x1b" not in result.stdout
    assert "\u202e".encode() not in result.stdout
    assert segcli("otsu", "--", "in/-dash.png").returncode == 0


def test_1_2_and_8_workers_write_the_same_bytes_and_lines() -> None:
    pictures(9)
    lines = []
    for workers in ("1", "2", "8"):
        result = segcli("otsu", "in", "-o", f"out{workers}", "--jobs", workers, "--table", f"table{workers}.csv")
        assert result.returncode == 0
        lines.append([line.split()[0] for line in result.stdout.splitlines()])
    assert contents("out1") == contents("out2") == contents("out8")
    assert lines[0] == lines[1] == lines[2] == sorted(lines[0])
    assert Path("table1.csv").read_bytes() == Path("table2.csv").read_bytes() == Path("table8.csv").read_bytes()


def kill_and_resume(pictures_count: int, kills: int, seed: int, workers: str) -> None:
    """Kill a batch outright at random moments, resume it to its end, compare with an undisturbed run."""
    pictures(pictures_count)
    reference = time.monotonic()
    assert segcli("otsu", "in", "-o", "whole", "--jobs", workers).returncode == 0
    duration = time.monotonic() - reference
    moments = random.Random(seed)
    for kill in range(kills):
        folder = f"killed{kill}"
        process = start("otsu", "in", "-o", folder, "--jobs", workers, "--exists", "resume")
        time.sleep(moments.uniform(0.1, duration))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        for name, data in contents(folder).items() if os.path.isdir(folder) else ():
            assert name.startswith(".") or data == Path("whole", name).read_bytes()
        assert segcli("otsu", "in", "-o", folder, "--jobs", workers, "--exists", "resume").returncode == 0
        assert contents(folder) == contents("whole")


@posix
def test_a_batch_killed_outright_resumes_to_the_same_bytes() -> None:
    kill_and_resume(pictures_count=60, kills=3, seed=1, workers="1")


@posix
@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_a_batch_of_500_killed_50_times_resumes_to_the_same_bytes() -> None:
    kill_and_resume(pictures_count=500, kills=50, seed=2, workers="2")


def test_resume_does_only_what_is_missing_and_keeps_the_table_whole() -> None:
    pictures(5)
    arguments = ("otsu", "in", "-o", "out", "--exists", "resume", "--table", "table.csv")
    assert segcli(*arguments).returncode == 0
    table = Path("table.csv").read_bytes()
    os.unlink("table.csv")
    os.unlink("out/002.otsu.png")
    os.utime("in/001.png")
    result = segcli(*arguments)
    assert result.stdout.count(b"in place already") == 4
    assert Path("table.csv").read_bytes() == table
    Path("in/003.png").write_bytes(Path("in/004.png").read_bytes())
    assert segcli(*arguments).stdout.count(b"in place already") == 4
    changed = segcli(*arguments[:6], "--blur", "1")
    assert b"in place already" not in changed.stdout


def test_resume_trusts_the_journal_for_formats_without_room_for_words() -> None:
    pictures(2)
    arguments = ("otsu", "in", "-o", "out", "--name", "{stem}.npy", "--exists", "resume")
    assert segcli(*arguments).returncode == 0
    assert segcli(*arguments).stdout.count(b"in place already") == 2
    Path("in/001.png").write_bytes(Path("in/000.png").read_bytes())
    assert segcli(*arguments).stdout.count(b"in place already") == 1
    Path("out/000.npy").write_bytes(b"edited by hand")
    refused = segcli(*arguments)
    assert refused.returncode == 2
    assert Path("out/000.npy").read_bytes() == b"edited by hand"


@posix
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_in_time_with_a_summary_and_no_temporary_file(workers: str) -> None:
    pictures(400, 256)
    process = start("otsu", "in", "-o", "out", "--jobs", workers, "--table", "table.csv")
    assert process.stdout is not None
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    begun = time.monotonic()
    _, words = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - begun < 3
    assert b"not reached" in words
    assert b"interrupted" in words
    assert b"Traceback" not in words
    assert temporaries("out") == []
    assert temporaries(".") == []
    assert not os.path.exists("table.csv")
    assert 0 < len(os.listdir("out")) < 400


@posix
def test_sigterm_is_143() -> None:
    pictures(400, 256)
    process = start("otsu", "in", "-o", "out")
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    _, words = process.communicate(timeout=20)
    assert process.returncode == 143
    assert b"Traceback" not in words
    assert temporaries("out") == []


@posix
def test_a_reader_that_goes_away_ends_the_run_quietly() -> None:
    pictures(40)
    process = start("otsu", "in", "-o", "out")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    words = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=20) == 141
    assert b"Traceback" not in words
    assert b"Broken" not in words
    assert temporaries("out") == []


@posix
def test_a_worker_that_is_killed_costs_nothing_but_time() -> None:
    pictures(60, 512)
    process = start("otsu", "in", "-o", "out", "--jobs", "2")
    assert process.stdout is not None
    process.stdout.readline()
    workers = [pid for pid in children(process.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 0, words
    assert len(os.listdir("out")) == 60


@posix
def test_workers_do_not_outlive_a_parent_that_was_killed() -> None:
    pictures(200, 256)
    process = start("otsu", "in", "-o", "out", "--jobs", "2")
    assert process.stdout is not None
    process.stdout.readline()
    workers = children(process.pid)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in workers)


def children(parent: int) -> list[int]:
    """Processes whose parent is the given one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found.append(int(entry.name))
    return found


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_same_file_named_through_files_from_with_nul() -> None:
    pictures(2)
    result = segcli("otsu", "--files-from", "-", "-0", "-o", "out", input=b"in/000.png\0in/001.png\0")
    assert result.returncode == 0
    assert len(os.listdir("out")) == 2


@posix
def test_special_files_are_refused_at_once() -> None:
    pictures(1)
    os.mkfifo("pipe.png")
    os.mkdir("folder.png")
    result = segcli("otsu", "pipe.png", "/dev/zero", "folder.png", "in/000.png", "-o", "out")
    # A folder is a folder whatever its name; this one is empty.
    assert result.returncode == 1
    assert b"'pipe.png'" in result.stderr
    assert b"'/dev/zero'" in result.stderr
    assert os.listdir("out") == ["000.otsu.png"]


@posix
@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read and write everything")
def test_unreadable_folders_and_read_only_targets_are_exit_2() -> None:
    pictures(1)
    os.mkdir("closed", 0o000)
    assert segcli("otsu", "closed").returncode == 2
    os.mkdir("fixed", 0o555)
    assert segcli("otsu", "in", "-o", "fixed").returncode == 2
