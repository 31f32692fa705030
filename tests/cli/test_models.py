"""segcli models: the table, one network taken apart, a checkpoint tried."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from segcli.networks.registry import ARCHITECTURES, build


def test_the_table_has_a_line_for_every_network(segcli):
    result = segcli("models")
    assert result.code == 0
    lines = result.out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [row.name for row in ARCHITECTURES]
    assert "31,037,698" in next(line for line in lines if line.startswith("unet "))


def test_the_table_is_data_too_and_can_be_narrowed_to_a_task(segcli):
    rows = json.loads(segcli("models", "--json", "--task", "map").out)
    assert [row["name"] for row in rows] == ["shallow_saliency", "deep_saliency"]
    assert segcli("models", "--task", "maps").code == 2


def test_listing_networks_does_not_load_torch():
    code = "import sys\nfrom segcli.cli import app\napp.run(['models'])\nprint('torch' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.splitlines()[-1] == "False"


def test_a_network_is_taken_apart(segcli):
    # 9 x 3 x 4 weights without biases, 4 scales and 4 shifts; 16 x 16 pixels times 108 products.
    lines = segcli("models", "show", "unet", "--width", "0.0625", "--classes", "2", "--size", "16").out.splitlines()
    first, norm = lines[1].split(), lines[2].split()
    assert first[:2] == ["down.0.0", "Conv2d"]
    assert first[-2:] == ["108", "27,648"]
    assert norm[-2] == "8"
    assert "MiB to train with Adam" in lines[-1]


def test_numbers_of_a_network_come_as_json(segcli):
    made = json.loads(segcli("models", "show", "fcn8s", "--size", "64x32", "--json").out)
    assert made["total"]["parameters"] == 134_362_751
    assert made["size"] == [64, 32]


@pytest.mark.parametrize("name", ["plot.png", "plot.svg"])
def test_a_network_is_drawn_the_same_way_twice(segcli, tmp_path, name):
    files = []
    for turn in range(2):
        file = tmp_path / str(turn) / name
        segcli("models", "show", "unet", "--width", "0.1", "--plot", str(file))
        files.append(file.read_bytes())
    assert files[0] == files[1]
    assert files[0][:4] in (b"\x89PNG", b"<?xm")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("show", "unett"), "did you mean unet?"),
        (("show", "unet", "--size", "5x"), "--size is '5x'"),
        (("show", "unet", "--plot", "a.jpg"), "must end in .png or .svg"),
        (("show", "unet", "--width", "0"), "--width is 0"),
        (("show", "unet", "--batch", "0"), "--batch is 0"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_line(segcli, words, complaint):
    result = segcli("models", *words)
    assert result.code == 2
    assert complaint in result.err
    assert len(result.err.splitlines()) == 1


def test_a_checkpoint_finds_its_network(segcli, tmp_path):
    torch.save(build("resnet18", width=1.0).state_dict(), tmp_path / "weights.pth")
    result = segcli("models", "load-check", str(tmp_path / "weights.pth"), "--model", "resnet18")
    assert result.code == 0
    assert "resnet18: 100.0%" in result.out


def test_what_is_no_checkpoint_is_refused_by_name(segcli, tmp_path):
    (tmp_path / "weights.pth").write_text("hello")
    result = segcli("models", "load-check", str(tmp_path / "weights.pth"))
    assert result.code == 2
    assert "weights.pth' is no checkpoint" in result.err
    torch.save({"a": torch.from_numpy(np.zeros(3))}, tmp_path / "other.pth")
    assert "fits no network" in segcli("models", "load-check", str(tmp_path / "other.pth"), "--model", "unet").err
