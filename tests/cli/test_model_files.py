"""segcli models --weights, import and get."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from tools.discs import picture

from segcli.files.fitted import encode_fitted, read_fitted
from segcli.learning import public_models
from segcli.networks.registry import build

BODY = bytes(range(256)) * 2000
HASH = sha256(BODY).hexdigest()
NAMED = f"/weights-{HASH[:8]}.pth"


@pytest.fixture(autouse=True)
def mine(tmp_path, monkeypatch, save):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGCLI_MODELS", str(tmp_path / "mine"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    save("discs.png", picture([(20, 16), (45, 40)])[0])
    return tmp_path / "mine"


class Answers(BaseHTTPRequestHandler):
    """Files as they should be, and what goes wrong with them."""

    def do_GET(self):
        path, _, kind = self.path.partition("?")
        if path == "/gone":
            self.send_error(404)
            return
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", self.path if kind == "again" else kind or NAMED)
            self.end_headers()
            return
        self.send_response(200)
        if kind == "chunks":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"1000\r\nonly these")
            return
        if kind != "unknown":
            self.send_header("Content-Length", str(len(BODY) + (1000 if kind == "short" else 0)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


def left(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("path", [NAMED, f"{NAMED}?unknown"])
def test_a_file_is_loaded_and_checked_by_the_digits_in_its_name(segcli, server, mine, path):
    done = segcli("models", "get", server + path)
    assert (done.code, done.err) == (0, "")
    assert (mine / NAMED[1:]).read_bytes() == BODY
    assert f"0.5 MB, SHA-256 begins with {HASH[:8]} as published" in done.out
    assert left(mine) == [NAMED[1:]]
    again = segcli("models", "get", server + path)
    assert again.code == 2
    assert "exists; --exists overwrite" in again.err
    assert "in place already" in segcli("models", "get", server + path, "--exists", "skip").out


def test_a_hash_is_given_where_the_name_has_none(segcli, server):
    refused = segcli("models", "get", f"{server}/plain.pth", "-o", "x.pth")
    assert refused.code == 2
    assert "has no digits of its hash in its name; give --sha256" in refused.err
    done = segcli("models", "get", f"{server}/plain.pth", "-o", "sub/", "--sha256", HASH.upper(), "--json")
    assert json.loads(done.out)["output"] == "sub/plain.pth"
    assert Path("sub/plain.pth").read_bytes() == BODY


def test_it_goes_on_where_the_server_says(segcli, server, mine):
    done = segcli("models", "get", f"{server}/moved", "--sha256", HASH)
    assert done.code == 0, done.err
    assert left(mine) == ["moved"]


@pytest.mark.parametrize(
    ("path", "words", "code", "complaint"),
    [
        ("/weights-00000000.pth", (), 1, f"is another file than was published: its SHA-256 begins with {HASH[:8]}"),
        (NAMED, ("--sha256", HASH[:8] + "0" * 56), 1, "is another file than was published"),
        (f"{NAMED}?short", (), 1, "came to 512000 of 513000 bytes"),
        (f"{NAMED}?chunks", (), 3, "cannot be loaded: IncompleteRead"),
        ("/gone", ("--sha256", HASH), 1, "the server answers 404 Not Found"),
        ("/moved?http://example.com/x", ("--sha256", HASH), 2, "it must begin with https://"),
        ("/moved?file:///etc/passwd", ("--sha256", HASH), 1, "the server answers 302"),
        ("/moved?again", ("--sha256", HASH), 1, "the server answers 302"),
        (NAMED, ("--sha256", "abc"), 2, "--sha256 is 'abc'; it must be 64 digits"),
        (NAMED, ("--sha256", "0" * 64), 2, "--sha256 begins with 00000000, the file's published name says"),
        (NAMED, ("--max-size", "0"), 2, "--max-size is 0"),
        ("/", ("--sha256", HASH), 2, "names no file"),
    ],
)
def test_nothing_stays_of_what_went_wrong(segcli, server, mine, path, words, code, complaint):
    done = segcli("models", "get", server + path, *words)
    assert (done.code, done.out) == (code, "")
    assert complaint in done.err
    assert len(done.err.splitlines()) == 1
    assert left(mine) == []


@pytest.mark.parametrize("kind", ["", "?unknown"])
def test_a_file_that_is_too_large_is_not_loaded(server, tmp_path, kind):
    from segcli.errors import InputError
    from segcli.files.download import download

    with pytest.raises(InputError, match="has more than 1000 bytes"):
        list(download(f"{server}{NAMED}{kind}", str(tmp_path / "d" / "x"), HASH, 1000))
    assert left(tmp_path / "d") == []


def test_nothing_stays_of_a_download_that_is_given_up(server, tmp_path):
    from segcli.files.download import download

    loading = download(server + NAMED, str(tmp_path / "d" / "x"), HASH)
    next(loading)
    assert len(left(tmp_path / "d")) == 1
    loading.close()
    assert left(tmp_path / "d") == []


@pytest.mark.parametrize(
    "address", ["http://example.com/a.pth", "ftp://a/b.pth", "file:///etc/passwd", "https://", "https://[x/a.pth"]
)
def test_only_encrypted_addresses_are_loaded_from(segcli, address):
    done = segcli("models", "get", address, "--sha256", HASH)
    assert done.code == 2
    assert "it must begin with https://" in done.err


def test_a_server_that_is_not_there_is_the_environments_fault(segcli, server):
    done = segcli("models", "get", f"http://127.0.0.1:1{NAMED}")
    assert done.code == 3
    assert "cannot be loaded" in done.err


def test_names_are_looked_up(segcli):
    done = segcli("models", "get", "vgg61")
    assert done.code == 2
    assert "no public file is known for 'vgg61'; did you mean vgg" in done.err


@pytest.fixture
def small(monkeypatch):
    """Networks of few channels stand for the public ones."""
    plain = public_models.import_public
    monkeypatch.setattr(
        public_models, "import_public", lambda name, state, digest="": plain(name, state, 1 / 16, digest)
    )


def test_public_weights_become_a_model_with_a_name(segcli, mine, small):
    state = build("fcn_resnet50", in_channels=3, classes=21, width=1 / 16, aux=True).state_dict()
    torch.save({"model": state}, "public.pth")
    done = segcli("models", "import", "public.pth", "--as", "fcn-resnet50")
    assert (done.code, done.err) == (0, "")
    assert "the 20 classes of Pascal VOC in photographs; segcli predict --model fcn_resnet50" in done.out
    assert segcli("models", "import", "public.pth", "--as", "fcn_resnet50").code == 2
    named = segcli("models", "import", "public.pth", "--as", "fcn_resnet50", "-o", "mine_too", "--json")
    assert json.loads(named.out)["model"] == "mine_too"
    assert left(mine) == ["fcn_resnet50.safetensors", "mine_too.safetensors"]
    predicted = segcli("predict", "discs.png", "--model", "fcn_resnet50")
    assert predicted.code == 0, predicted.err
    assert "tells apart background, aeroplane" in predicted.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("x.pth", "--as", "fcn_resnet50"), "'x.pth' does not exist"),
        (("bad.pth", "--as", "fcn_resnet50"), "'bad.pth' holds other objects than weights"),
        (("discs.png", "--as", "fcn_resnet50"), "'discs.png' "),
        (("few.pth", "--as", "fcn_resnet50"), "'few.pth' lacks the weights 'classifier.4.weight'"),
        (("few.pth", "--as", "unet"), "--as is 'unet'; it must be one of fcn_resnet50"),
        (("few.pth", "--as", "nothing"), "there is no network 'nothing'"),
        (("few.pth", "--as", "fcn8s", "--exists", "x"), "--exists is 'x'"),
        (("few.pth", "--as", "fcn8s", "-o", "a/b.pth"), "a model is written as .safetensors"),
    ],
)
def test_weights_that_make_no_model_are_one_line(segcli, mine, words, complaint):
    torch.save({"a": torch.zeros(3)}, "few.pth")
    torch.save({"a": torch.zeros(3), "b": Path("x")}, "bad.pth")
    done = segcli("models", "import", *words)
    assert (done.code, done.out) == (2, "")
    assert complaint in done.err
    assert len(done.err.splitlines()) == 1
    assert left(mine) == []


def test_models_to_predict_with_are_listed_with_what_they_are(segcli, mine, disc_models):
    mine.mkdir()
    model = read_fitted(disc_models["discs"])
    said = {"segments": "bright discs", "data": "drawn", "licence": "CC0", "scores": {"loss": 1, "miou": 0.9}}
    (mine / "discs.safetensors").write_bytes(encode_fitted(replace(model, facts={**model.facts, **said})))
    old = {name: value for name, value in model.facts.items() if name not in ("segments", "data", "licence")}
    (mine / "old.safetensors").write_bytes(encode_fitted(replace(model, facts=old)))
    (mine / "bad.safetensors").write_bytes(b"PK")
    lying = {**model.facts, "licence": "x" * 1000}
    (mine / "lying.safetensors").write_bytes(encode_fitted(replace(model, facts=lying)))
    done = segcli("models", "--weights")
    assert (done.code, done.err) == (0, "")
    lines = {line.split()[0]: line for line in done.out.splitlines()}
    assert lines["name"].split() == ["name", "network", "segments", "data", "licence", "score", "size"]
    for word in ("unet", "bright discs", "drawn", "CC0", "miou 0.900", "0.1 MB"):
        assert word in lines["discs"]
    assert "ground, disc" in lines["old"]
    assert "broken: " in lines["bad"]
    assert "licence is 'xxx" in lines["lying"]
    rows = {row["name"]: row for row in json.loads(segcli("models", "--weights", "--json").out)}
    assert rows["discs"]["scores"] == {"loss": 1, "miou": 0.9}
    assert rows["old"]["segments"] == "ground, disc"
    assert (rows["bad"]["status"], rows["bad"]["bytes"]) == ("broken", 2)
    assert segcli("models", "--weights", "--task", "map").code == 2
    used = segcli("predict", "discs.png", "--model", "old")
    assert used.code == 0, used.err


def test_listing_models_loads_no_torch(mine, disc_models):
    mine.mkdir()
    (mine / "discs.safetensors").write_bytes(disc_models["discs"].read_bytes())
    code = "import sys\nfrom segcli.cli import app\napp.run(['models', '--weights'])\nprint('torch' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "discs " in made.stdout
    assert made.stdout.splitlines()[-1] == "False"
