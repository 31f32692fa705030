"""Models by name: those of segcli, those of the user, files and folders of runs."""

import subprocess
import sys

import pytest

from segcli.errors import UsageError
from segcli.learning import model_places
from segcli.learning.model_places import find_model, list_models, user_folder


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch, disc_models):
    """Folders of segcli and of the user, with a model of the name `both` in each."""
    own, user = tmp_path / "own", tmp_path / "user"
    data = disc_models["discs"].read_bytes()
    for place in ("own/both", "own/cells", "user/both", "user/mine", "user/run/best", "there", "runs/a/best"):
        path = tmp_path / f"{place}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    monkeypatch.setattr(model_places, "model_folders", lambda: (("segcli", str(own)), ("user", str(user))))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("both", "own/both.safetensors"),
        ("cells", "own/cells.safetensors"),
        ("Cells", "own/cells.safetensors"),
        ("mine", "user/mine.safetensors"),
        ("run", "user/run/best.safetensors"),
    ],
)
def test_names_are_looked_up_in_order(places, name, place):
    assert find_model(name) == str(places / place)


def test_what_is_no_name_is_a_path(places):
    assert find_model("there.safetensors") == "there.safetensors"
    assert find_model("runs/a") == "runs/a/best.safetensors"
    assert find_model(str(places / "there.safetensors")) == str(places / "there.safetensors")
    (places / "both.safetensors").write_bytes(b"")
    assert find_model("both.safetensors") == "both.safetensors"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("cels", "there is no model 'cels'; did you mean cells"),
        ("zzz", "there is no model 'zzz'; known are both, cells, mine, run"),
        ("unet_valid", "unet_valid is a network without weights here; train it: segcli train --model unet_valid"),
        ("vgg16", "there is no model 'vgg16'"),
        ("nowhere/x", "'nowhere/x' does not exist"),
        ("runs", "'runs' is a folder without best.safetensors"),
        ("\0", "there is no model"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(name, complaint):
    with pytest.raises(UsageError, match=complaint):
        find_model(name)


def test_models_are_listed_by_their_headers(places):
    (places / "user" / "broken.safetensors").write_bytes(b"PK no")
    found = {model.name: model for model in list_models()}
    assert list(found) == ["both", "cells", "broken", "mine", "run"]
    assert found["both"].origin == "segcli"
    assert found["mine"].origin == "user"
    assert found["cells"].facts["names"] == ["ground", "disc"]
    assert "a pickle or an archive" in found["broken"].problem


def test_the_users_folder_is_named_by_variables(monkeypatch):
    monkeypatch.setenv("SEGCLI_MODELS", "there")
    assert user_folder() == "there"
    monkeypatch.delenv("SEGCLI_MODELS")
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    assert user_folder() == "data/segcli/models"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert user_folder().endswith(".local/share/segcli/models")


def test_listing_does_not_load_torch():
    program = (
        "import sys\nfrom segcli.learning.model_places import list_models\nlist_models()\nprint('torch' in sys.modules)"
    )
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "False"
