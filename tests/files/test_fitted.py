"""Model files: what was learned comes back, and nothing else is taken for it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcli.arrays import Fitted
from segcli.errors import InputError, UsageError
from segcli.files.fitted import decode_fitted, encode_fitted, read_fitted, write_fitted


def small() -> Fitted:
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([4, 5], np.int64)}
    return Fitted("pixel_classifier", arrays, {"sigmas": [1.0, 2.5], "color": False, "accuracy": None})


def test_a_model_comes_back_as_it_was_and_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_fitted(path, small())
    found = read_fitted(path)
    assert (found.method, dict(found.facts)) == (small().method, small().facts)
    assert {name: (values.dtype, values.tolist()) for name, values in found.arrays.items()} == {
        "a": (np.dtype(np.float32), [[0, 1, 2], [3, 4, 5]]),
        "b": (np.dtype(np.int64), [4, 5]),
    }
    with pytest.raises(ValueError, match="read-only"):
        found.arrays["a"][0, 0] = 1


def test_equal_models_are_equal_bytes_that_other_programs_can_read() -> None:
    from safetensors.numpy import load

    data = encode_fitted(small())
    assert data == encode_fitted(small())
    assert load(data)["b"].tolist() == [4, 5]


def test_a_file_that_was_read_is_read_again_only_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_fitted(path, small())
    first = read_fitted(path)
    assert read_fitted(path) is first
    other = Fitted("superpixel_crf", {"b": np.array([4], np.int64)})
    write_fitted(path, other, overwrite=True)
    assert read_fitted(path).method == "superpixel_crf"


def test_an_existing_file_or_another_ending_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_fitted(path, small())
    with pytest.raises(UsageError, match="exists"):
        write_fitted(path, small())
    with pytest.raises(UsageError, match=r"\.safetensors"):
        write_fitted(tmp_path / "m.pkl", small())
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.safetensors"]


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("trapped"),))


def test_a_pickle_is_refused_unopened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="pickle"):
        decode_fitted(pickle.dumps(Trap()))
    assert not Path("trapped").exists()


def test_a_file_cut_short_anywhere_is_refused_in_one_line() -> None:
    data = encode_fitted(small())
    for length in range(len(data)):
        with pytest.raises(InputError) as refusal:
            decode_fitted(data[:length])
        assert "\n" not in str(refusal.value)


def test_no_flipped_byte_goes_unseen() -> None:
    data, good, complaints = encode_fitted(small()), small(), []
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 0x11
        try:
            found = decode_fitted(bytes(broken))
        except InputError as refusal:
            complaints.append(str(refusal))
        else:
            # Only the words of the record, which the hash of the arrays does not cover, may differ.
            assert found.arrays.keys() == good.arrays.keys()
            assert all(np.array_equal(found.arrays[name], good.arrays[name]) for name in good.arrays)
    assert len(complaints) > len(data) / 2
    assert not any("\n" in complaint for complaint in complaints)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "not a fitted model"),
        (b"\xff" * 8 + b"{", "not a fitted model"),
        ((1 << 21).to_bytes(8, "little") + b"{" + bytes(1 << 21), "header"),
        ((2).to_bytes(8, "little") + b"{}", "no model that segcli fitted"),
        ((6).to_bytes(8, "little") + b"{[[[[[", "header cannot be read"),
    ],
)
def test_other_files_are_told_apart(data: bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        decode_fitted(data)


def test_the_weights_of_a_network_are_no_model() -> None:
    from safetensors.numpy import save

    with pytest.raises(InputError, match="network's weights"):
        decode_fitted(save({"conv": np.zeros(3, np.float32)}))
    odd = save({"a": np.zeros(3, np.int8)}, {"segcli": json.dumps({"method": "x", "facts": {}, "version": "0"})})
    with pytest.raises(InputError, match="I8"):
        decode_fitted(odd)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_fitted(tmp_path / "none.safetensors")
