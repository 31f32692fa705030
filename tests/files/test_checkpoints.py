"""Checkpoints: weights come back by name, everything else is refused in a line."""

from __future__ import annotations

import io
import pickle
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save

from segcli.errors import InputError
from segcli.files.checkpoints import read_checkpoint

WEIGHTS = {"conv.weight": torch.arange(6.0).reshape(2, 3), "conv.bias": torch.tensor([1.0, -1.0])}


def stored(held: Any, archive: bool = True) -> bytes:
    """What torch writes, as an archive or as it did before version 1.6."""
    stream = io.BytesIO()
    torch.save(held, stream, _use_new_zipfile_serialization=archive)
    return stream.getvalue()


def archived(*names: str, packing: int = zipfile.ZIP_STORED, size: int = 4) -> bytes:
    """A ZIP archive with entries of zeros."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for name in names:
            archive.writestr(name, bytes(size))
    return stream.getvalue()


FORMATS = {"archive": stored(WEIGHTS), "pickle": stored(WEIGHTS, archive=False), "safetensors": save(WEIGHTS)}
each_format = pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS)


@each_format
def test_weights_come_back_by_name_whatever_the_file_is_called(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.any"
    path.write_bytes(data)
    for source in (path, str(path), data):
        found = read_checkpoint(source)
        assert found.keys() == WEIGHTS.keys()
        assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


@pytest.mark.parametrize(
    "held", [{"state_dict": WEIGHTS}, {"model": {"net": WEIGHTS}}, {"state_dict": WEIGHTS, "ema": 3}]
)
def test_of_a_training_programs_checkpoint_the_weights_alone_are_read(held: dict[str, Any]) -> None:
    held = {"epoch": 7, "generator": torch.zeros(5, dtype=torch.uint8), "optimizer": {"lr": 0.1}, **held}
    assert read_checkpoint(stored(held)).keys() == WEIGHTS.keys()


def test_parameters_are_plain_tensors_and_numbers_beside_them_are_left_out() -> None:
    found = read_checkpoint(
        stored({"a": torch.nn.Parameter(torch.ones(2)), "epoch": 3, "sparse": torch.eye(2).to_sparse()})
    )
    assert list(found) == ["a"]
    assert not found["a"].requires_grad


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><html>", "it starts like an HTML page"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "it starts like the beginning of a PNG"),
        (bytes(40), "it starts with zeros only"),
        (pickle.dumps({"a": np.ones(3)}), "it starts like a Python pickle"),
        (archived("weights.npy"), "an archive without a state_dict"),
        (archived("archive/data.pkl", "archive/constants.pkl"), "TorchScript program, which would run code"),
        (archived("archive/data.pkl", packing=zipfile.ZIP_DEFLATED, size=1 << 20), "a compressed archive"),
        (stored([torch.ones(2)]), r"holds no named weights \(list\)"),
        (stored({"epoch": 3}), r"holds no named weights \(dict\)"),
        (stored({"model": torch.nn.Linear(2, 2)}), "holds other objects than weights, which might run code"),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused_in_a_line(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words) as failure:
        read_checkpoint(data)
    assert "\n" not in str(failure.value)
    assert len(str(failure.value)) < 250


def test_an_object_in_an_old_pickle_is_not_made() -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[str, ...]]:
            return print, ("this must not run",)

    for archive in (True, False):
        with pytest.raises(InputError, match="might run code"):
            read_checkpoint(stored({"a": Trap()}, archive))


@each_format
def test_a_truncated_file_is_refused(data: bytes) -> None:
    for length in [*range(1, 40), *range(40, len(data) - 1, 37), len(data) - 1]:
        with pytest.raises(InputError):
            read_checkpoint(data[:length])


@each_format
def test_a_damaged_file_gives_weights_or_a_line(data: bytes) -> None:
    chance = random.Random(0)
    refusals = []
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            assert all(isinstance(value, torch.Tensor) for value in read_checkpoint(bytes(damaged)).values())
        except InputError as failure:
            refusals.append(str(failure))
    assert refusals
    assert not any("\n" in refusal for refusal in refusals)


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_checkpoint(tmp_path / "none.pth")
    with pytest.raises(InputError, match="folder"):
        read_checkpoint(tmp_path)
