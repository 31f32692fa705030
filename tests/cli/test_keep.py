"""segcli models keep: a run becomes a model with a name."""

import json

import numpy as np
import pytest
from tools.discs import picture, taught

from segcli.files.labels import read_labels
from segcli.files.write import encode_array


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run's folder, and a picture; models are looked up in a folder of this test."""
    monkeypatch.setenv("SEGCLI_MODELS", str(tmp_path / "models"))
    (tmp_path / "run").mkdir()
    taught(tmp_path / "run" / "best.safetensors")
    facts = {"data": "/somebody/else/discs", "steps": 32}
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    image, _ = picture([(20, 20), (40, 44)])
    (tmp_path / "discs.png").write_bytes(encode_array(image, ".png", {}))
    return tmp_path


def test_a_kept_model_is_known_by_its_name_and_half_as_large(segcli, run):
    words = ("--segments", "bright discs", "--data", "drawn", "--licence", "CC0")
    result = segcli("models", "keep", run / "run", "-o", "discs", *words)
    assert result.code == 0, result.err
    listed = json.loads(segcli("models", "--weights", "--json").out)
    (row,) = [row for row in listed if row["origin"] == "user"]
    assert [row[name] for name in ("name", "segments", "data", "licence")] == ["discs", *words[1::2]]
    kept = run / "models" / "discs.safetensors"
    assert kept.stat().st_size < 0.6 * (run / "run" / "best.safetensors").stat().st_size
    assert json.loads((run / "models" / "discs.json").read_text()) == {"data": "discs", "steps": 32}
    assert b"somebody" not in kept.read_bytes()
    for name in ("discs", run / "run"):
        result = segcli("predict", "--model", name, run / "discs.png", "-o", run / "found.png", "--exists", "overwrite")
        assert result.code == 0, result.err
    assert np.mean(read_labels(str(run / "found.png")).astype(bool)) > 0.05


def test_what_is_there_stays(segcli, run):
    assert segcli("models", "keep", run / "run", "-o", "discs").code == 0
    before = (run / "models" / "discs.safetensors").read_bytes()
    result = segcli("models", "keep", run / "run", "-o", "discs", "--licence", "other")
    assert result.code == 2
    assert "exists" in result.err
    assert segcli("models", "keep", run / "run", "-o", "discs", "--exists", "skip").code == 0
    assert (run / "models" / "discs.safetensors").read_bytes() == before


def test_a_record_that_is_none_is_refused(segcli, run):
    (run / "run" / "run.json").write_text("[]")
    result = segcli("models", "keep", run / "run", "-o", "discs")
    assert result.code in (1, 2)
    assert "no record of a run" in result.err
    assert not (run / "models").exists()
