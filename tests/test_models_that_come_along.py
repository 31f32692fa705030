"""The models that come with segcli: small, free, and they find what they say."""

import json
from pathlib import Path

import numpy as np
import pytest

import segcli as package
from segcli.files.labels import read_labels
from segcli.files.write import encode_array

WEIGHTS = Path(package.__file__).parent / "weights"
NAMES = sorted(path.stem for path in WEIGHTS.glob("*.safetensors"))


@pytest.fixture(scope="module")
def nuclei(tmp_path_factory):
    """Twelve bright blurred ellipses on a dark ground, and which pixel is of which."""
    random = np.random.default_rng(5)
    rows, columns = np.indices((200, 260))
    labels = np.zeros((200, 260), np.int32)
    light = np.zeros((200, 260))
    places = [(30 + 46 * row, 35 + 62 * column) for row in range(3) for column in range(4)]
    for number, (row, column) in enumerate(places, start=1):
        down, across = random.uniform(8, 11, 2)
        distance = ((rows - row) / down) ** 2 + ((columns - column) / across) ** 2
        labels[distance <= 1] = number
        light = np.maximum(light, 90 / (1 + np.exp(np.minimum(6 * (distance - 1), 50))) * random.uniform(0.7, 1.3))
    image = np.clip(12 + light + random.normal(0, 2, light.shape), 0, 255).astype(np.uint8)
    path = tmp_path_factory.mktemp("nuclei") / "nuclei.png"
    path.write_bytes(encode_array(image, ".png", {}))
    return path, labels


def test_there_are_a_u_net_and_an_fcn():
    assert {"unet", "fcn8s"} <= set(NAMES)


def test_they_are_small():
    sizes = [path.stat().st_size for path in WEIGHTS.glob("*.safetensors")]
    assert max(sizes) < 5_000_000
    assert sum(sizes) < 12_000_000


def test_they_are_listed_with_what_they_segment_and_on_what_terms(segcli):
    rows = {row["name"]: row for row in json.loads(segcli("models", "--weights", "--json").out)}
    for name in NAMES:
        assert rows[name]["origin"] == "segcli"
        assert all(rows[name][word] for word in ("segments", "data", "licence", "scores"))
        record = json.loads((WEIGHTS / f"{name}.json").read_text())
        assert record["settings"]["model"] == rows[name]["architecture"]
        assert "/" not in record["data"]


@pytest.mark.parametrize("name", NAMES)
def test_they_find_nuclei(segcli, nuclei, tmp_path, name):
    path, truth = nuclei
    result = segcli("predict", "--model", name, path, "--instances", "-o", tmp_path / "found.png")
    assert result.code == 0, result.err
    found = read_labels(str(tmp_path / "found.png"))
    overlap = np.count_nonzero((found > 0) & (truth > 0)) / np.count_nonzero((found > 0) | (truth > 0))
    assert overlap > 0.75
    assert len(np.unique(found)) - 1 == 12
