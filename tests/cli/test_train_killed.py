"""segcli train is killed outright and goes on: the files are always whole, the weights those of an undisturbed run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tools.squares import written

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    return written(tmp_path_factory.mktemp("squares"), 6)


def killed(data, folder, how, count):
    """What became of runs that were killed and gone on with."""
    tests = str(Path(__file__).parents[1])
    path = os.pathsep.join([tests, *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "tools.killing", str(data), str(folder), how, str(count)],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(runs, count):
    assert len(runs) == count
    for run in runs:
        weights = {name for name in run["left"] if name.endswith(".safetensors") and not name.startswith(".")}
        assert set(run["readable"]) == weights
        assert run["same"], run
        assert run["litter"] == [], run
    return runs


def test_a_run_that_is_killed_while_it_writes_goes_on_to_the_same_weights(squares, tmp_path):
    runs = check(killed(squares, tmp_path, "writes", 6), 6)
    assert all(run["killed"] for run in runs)
    assert any(name.endswith(".segcli-tmp") for run in runs for name in run["left"])


def test_a_run_that_is_killed_at_some_moment_goes_on_to_the_same_weights(squares, tmp_path):
    assert any(run["killed"] for run in check(killed(squares, tmp_path, "times", 3), 3))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_runs_that_are_killed_at_many_writes_go_on_to_the_same_weights(squares, tmp_path):
    check(killed(squares, tmp_path, "writes", 150), 150)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_runs_that_are_killed_at_many_moments_go_on_to_the_same_weights(squares, tmp_path):
    check(killed(squares, tmp_path, "times", 40), 40)
