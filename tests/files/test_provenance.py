"""What a file says of itself, and whether it was touched."""

from __future__ import annotations

import json

import numpy as np
import pytest

from segcli.files.provenance import read_provenance
from segcli.files.write import encode_array, encode_boxes, encode_labels

RECORD = {"method": "otsu", "settings": {"classes": 2}, "input": "K\u00f6ln \udcff.png", "version": "1"}
LABELS = np.array([[0, 1], [1, 0]], np.uint8)


@pytest.mark.parametrize("ending", [".png", ".tif", ".npz"])
def test_labels_carry_their_record_and_know_they_are_untouched(ending: str) -> None:
    record = read_provenance(encode_labels(LABELS, "mask", ending, RECORD))
    assert record == {**RECORD, "untouched": True}


def test_a_jpeg_picture_carries_its_record() -> None:
    data = encode_array(np.zeros((8, 8, 3), np.uint8), ".jpg", RECORD)
    assert read_provenance(data) == {**RECORD, "untouched": True}


def test_boxes_carry_their_record_and_notice_a_change() -> None:
    data = encode_boxes(np.array([[1, 2, 30, 40]]), np.array([0.5], np.float32), (64, 48), RECORD)
    held = json.loads(data)
    assert (held["boxes"], held["ranks"], held["size"]) == ([[1, 2, 30, 40]], [0.5], [64, 48])
    assert read_provenance(data) == {**RECORD, "untouched": True}
    changed = read_provenance(data.replace(b"30", b"31"))
    assert changed is not None
    assert not changed["untouched"]
    assert read_provenance(b'{"boxes": []}') is None
    assert read_provenance(b'{"provenance": nonsense') is None


@pytest.mark.parametrize("ending", [".png", ".tif", ".npz", ".jpg"])
def test_one_changed_byte_is_noticed(ending: str) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    values = picture[:, :, 0] if ending == ".npz" else picture
    data = bytearray(encode_array(values, ending, RECORD))
    # Somewhere in the pixels: behind the text at the start, before the archive's directory at the end.
    place = 200 if ending == ".npz" else len(data) - 60
    if ending == ".tif":
        place = len(data) // 2
    data[place] ^= 1
    record = read_provenance(bytes(data))
    assert record is None or record["untouched"] is False


def test_a_file_of_somebody_else_has_none() -> None:
    import cv2

    assert read_provenance(bytes(cv2.imencode(".png", LABELS)[1].data)) is None
    assert read_provenance(b"") is None
    assert read_provenance(b"II*\0 no tiff") is None
    assert read_provenance(b"PK\x05\x06") is None


@pytest.mark.parametrize("ending", [".png", ".tif", ".npz", ".npy"])
def test_equal_labels_give_equal_bytes(ending: str) -> None:
    first = encode_labels(LABELS, "instances" if ending == ".tif" else "mask", ending, RECORD)
    second = encode_labels(LABELS, "instances" if ending == ".tif" else "mask", ending, RECORD)
    assert first == second
