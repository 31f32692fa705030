"""What is in a label file, and that a file is complete or not there."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import segcli
from segcli.errors import EnvironmentFailure, InputError, UsageError
from segcli.files import write
from segcli.files.palettes import voc_palette
from segcli.files.write import check_ending, encode_labels, sweep, temporary_name, write_bytes, write_labels


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))


def test_a_mask_is_an_8_bit_png_of_0_and_255() -> None:
    image = decoded(encode_labels(np.array([[0, 1]], np.uint8), "mask", ".png", {}))
    assert image.dtype == np.uint8
    assert image.tolist() == [[0, 255]]


def test_classes_are_an_indexed_png_with_the_voc_palette() -> None:
    labels = np.array([[0, 1, 2], [20, 21, 255]], np.uint8)
    image = Image.open(io.BytesIO(encode_labels(labels, "classes", ".png", {})))
    assert image.mode == "P"
    assert np.array_equal(np.asarray(image), labels)
    colors = np.array(image.getpalette(), np.uint8).reshape(-1, 3)
    assert np.array_equal(colors, voc_palette())
    # VOC: class 1 is (128, 0, 0), 2 is (0, 128, 0), void is (224, 224, 192).
    assert colors[[1, 2, 255]].tolist() == [[128, 0, 0], [0, 128, 0], [224, 224, 192]]


def test_plain_labels_are_gray_values_that_every_reader_gives_back() -> None:
    labels = np.array([[0, 1], [7, 255]], np.uint8)
    image = decoded(encode_labels(labels, "classes", ".png", {}, plain=True))
    assert image.ndim == 2
    assert np.array_equal(image, labels)


@pytest.mark.parametrize("objects", [1, 300, 65_535])
def test_instances_are_a_16_bit_png(objects: int) -> None:
    image = decoded(encode_labels(np.array([[0, objects]], np.int32), "instances", ".png", {}))
    assert image.dtype == np.uint16
    assert image.tolist() == [[0, objects]]


def test_more_instances_than_16_bits_hold_are_refused_for_png_and_kept_in_tiff() -> None:
    import tifffile

    labels = np.array([[0, 65_536]], np.int32)
    with pytest.raises(InputError, match="65536 objects do not fit a 16-bit PNG"):
        encode_labels(labels, "instances", ".png", {})
    data = tifffile.imread(io.BytesIO(encode_labels(labels, "instances", ".tif", {})))
    assert data.dtype == np.uint32
    assert data.tolist() == [[0, 65_536]]


@pytest.mark.parametrize("name", ["mask.jpg", "mask.webp", "mask.xyz", "mask"])
def test_endings_that_cannot_hold_a_mask_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"Use \.png"):
        check_ending("mask", name)


def test_a_failed_write_leaves_nothing_behind_and_the_old_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mask.png"
    path.write_bytes(b"old")

    def full(descriptor: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write.os, "write", full)
    with pytest.raises(EnvironmentFailure, match="No space left"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["mask.png"]


def test_names_at_the_limit_of_the_file_system_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("m" * 251 + ".png")
    write_bytes(path, b"x")
    assert os.listdir(tmp_path) == [path.name]


def test_two_long_names_that_begin_alike_have_two_temporary_names(tmp_path: Path) -> None:
    table, report = "t" * 240 + ".csv", "t" * 240 + ".jsonl"
    assert temporary_name(table) != temporary_name(report)
    assert len(os.fsencode(temporary_name(table))) < 255
    leftover = tmp_path / temporary_name(table).replace(f".{os.getpid()}.", ".99999999.")
    leftover.touch()
    sweep(tmp_path, {report})
    assert leftover.exists()
    sweep(tmp_path, {table})
    assert not leftover.exists()


def test_leftovers_of_dead_runs_are_swept_and_those_of_others_kept(tmp_path: Path) -> None:
    names = [".a.png.99999999.segcli-tmp", f".a.png.{os.getpid()}.segcli-tmp", ".b.png.99999999.segcli-tmp", "a.png"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    sweep(tmp_path, {"a.png"})
    assert sorted(os.listdir(tmp_path)) == sorted(names[1:])


def test_the_public_writer_round_trips_and_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "labels.png"
    write_labels(path, np.array([[0, 700]]))
    assert segcli.read_labels(path).tolist() == [[0, 700]]
    with pytest.raises(UsageError, match="exists"):
        write_labels(path, np.array([[0, 1]]))
    with pytest.raises(UsageError, match="expected"):
        write_labels(tmp_path / "b.png", np.array([[0.5, 1.0]]))
    with pytest.raises(UsageError, match="up to 256"):
        write_labels(tmp_path / "b.png", np.array([[256]]), kind="classes")
    assert os.listdir(tmp_path) == ["labels.png"]


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_a_dead_process_that_nobody_has_buried_yet_counts_as_dead(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL)
    state = Path(f"/proc/{process.pid}/stat")
    while state.read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    leftover = tmp_path / f".a.png.{process.pid}.segcli-tmp"
    leftover.write_bytes(b"")
    sweep(tmp_path, {"a.png"})
    assert not leftover.exists()
    process.wait()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (37, 259)])
def test_8_bit_labels_are_read_back_by_every_library(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(4)
    for labels in (generator.integers(0, 256, shape, dtype=np.uint8), np.full(shape, 7, np.uint8)):
        plain = encode_labels(labels, "classes", ".png", {}, plain=True)
        assert np.array_equal(decoded(plain), labels)
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(plain))), labels)
        indexed = Image.open(io.BytesIO(encode_labels(labels, "classes", ".png", {})))
        indexed.verify()
