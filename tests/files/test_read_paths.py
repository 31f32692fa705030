import os
import re
import socket
import subprocess
import sys

import numpy as np
import pytest
from files.pictures import COLOR, GRAY, opencv, samples, tiff

from segcli.errors import InputError
from segcli.files.read import read_bytes, read_image, read_pixels
from segcli.files.sniff import READABLE


@pytest.mark.parametrize("name", ["plain.txt", "new\nline", "quote'\".png", "\x1b[31m", os.fsdecode(b"\xff\xfe.tif")])
def test_any_name_and_any_ending_will_do(tmp_path, name):
    path = os.path.join(tmp_path, name)
    try:
        with open(path, "wb") as stream:
            stream.write(opencv(GRAY, ".png"))
    except OSError:
        pytest.skip("this file system refuses such a name")
    image = read_image(path)
    assert (image.format, image.name) == ("PNG", path)
    np.testing.assert_array_equal(image.native, GRAY)


def test_what_is_no_file_is_refused_at_once(tmp_path):
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    listener = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    try:
        os.chdir(tmp_path)  # the path of a socket must be short
        listener.bind("socket.png")
    finally:
        os.chdir(here)
        listener.close()
    expected = {
        str(tmp_path / "folder.png"): "is a folder",
        str(tmp_path / "pipe.png"): r"is a named pipe \(FIFO\)",
        str(tmp_path / "socket.png"): "is a socket",
        "/dev/zero": "is a device",
        str(tmp_path / "missing.png"): "does not exist",
        str(tmp_path / "folder.png" / "none" / "x"): "does not exist",
        "a\0b": "cannot be read",
    }
    for path, message in expected.items():
        with pytest.raises(InputError, match=message):
            read_bytes(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_says_why(tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        read_bytes(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty (0 bytes)"),
        (b"%PDF-1.7", "it starts like a PDF"),
        (b"\n<!DOCTYPE html><html>", "it starts like an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "it starts like a Git LFS pointer"),
        (b"PK\x03\x04" + bytes(40), "it starts like a zip archive"),
        (b"8BPS\0\1", "it starts like a Photoshop file"),
        (b"<?xml version='1.0'?>\n<svg xmlns=''>", "it starts like an SVG drawing"),
        (b"<?xml version='1.0'?><doc/>", "it starts like XML"),
        (b"%!PS-Adobe EPSF", "it starts like PostScript (EPS)"),
        (b"\0\0\0\x18ftypheic", "it starts like a HEIC image"),
        (b"\0\0\0\x18ftypavif", "it starts like an AVIF image"),
        (b"\0\0\0\x0cjP  \r\n", "it starts like a JPEG 2000 image"),
        (b"hello, world\n", "it starts like text"),
        (b"BM is how this text begins, and it goes on", "it starts like text"),
        (bytes(100), "it starts with zeros only"),
        (b"\x89PNG", "it starts like the beginning of a PNG"),
        (b"\x13\x99\x07\xee", "it starts with the bytes 13 99 07 ee"),
    ],
)
def test_what_is_no_image_is_named(data, words):
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        read_image(data)
    assert str(caught.value).endswith(READABLE)


def test_the_public_form_names_the_file(tmp_path):
    path = tmp_path / "notes.pdf"
    path.write_bytes(b"%PDF-1.4")
    with pytest.raises(InputError, match=r"notes\.pdf' is not an image \(it starts like a PDF\)"):
        read_pixels(path)
    path.write_bytes(opencv(COLOR[:, :, ::-1], ".png"))
    np.testing.assert_array_equal(read_pixels(path), COLOR)
    assert read_pixels(path, "gray").shape == GRAY.shape


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
@pytest.mark.parametrize("ending", [".png", ".jpg", ".tif", ".bmp", ".webp", ".pgm"])
def test_the_smallest_pictures_are_read(ending, shape):
    image = read_image(opencv(np.full(shape, 200, np.uint8), ending))
    assert image.gray.shape == shape
    assert abs(int(image.gray[0, 0]) - 200) <= 2
    assert image.color.shape == (*shape, 3)


def test_an_image_is_an_array_of_its_native_pixels():
    image = read_image(opencv(GRAY, ".png"))
    np.testing.assert_array_equal(np.asarray(image), GRAY)
    assert np.asarray(image, np.float32).dtype == np.float32
    assert image.pixels("any") is image.native
    assert image.pixels("gray") is image.gray
    assert image.pixels("color") is image.color


def test_every_sample_says_what_it_is_before_it_is_decoded():
    formats = {"png": "PNG", "jpeg": "JPEG", "tiff": "TIFF", "bmp": "BMP", "webp": "WebP", "gif": "GIF", "npy": "NPY"}
    for name, data in samples().items():
        image = read_image(data)
        assert image.format == formats.get(name.partition("-")[0], "PNM")
        assert len(image.digest) == 64
        height, width = image.native.shape[:2]
        assert image.size == (width, height) == (image.info["width"], image.info["height"])


def test_reading_loads_no_decoder_before_it_is_needed():
    program = (
        "import sys, segcli.files.read, segcli.files.labels, segcli.files.info, segcli.files.tiff, segcli.files.gif\n"
        "print([name for name in ('cv2', 'PIL', 'tifffile', 'imagecodecs', 'skimage') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_plain_tiff_needs_no_library_at_all():
    program = (
        "import sys; from segcli.files.read import read_image\n"
        "print(read_image(sys.stdin.buffer.read()).native.shape)\n"
        "print([name for name in ('cv2', 'PIL', 'tifffile', 'imagecodecs') if name in sys.modules])"
    )
    data = tiff(COLOR, photometric="rgb")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, input=data, check=True)
    assert done.stdout.decode() == "(9, 13, 3)\n[]\n"
