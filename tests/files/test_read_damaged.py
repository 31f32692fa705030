"""Damaged files: all pixels or an InputError; no other exception, nothing printed, no time lost."""

import resource
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from files.pictures import chunk, samples

from segcli.errors import InputError
from segcli.files.labels import read_labels
from segcli.files.limits import Limits
from segcli.files.read import open_pages, read_image

SAMPLES = samples()


def pixels(data):
    return [page.native for page in open_pages(data)]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_truncated_file_is_refused_or_has_all_its_pixels(name, capfd):
    data = SAMPLES[name]
    whole = pixels(data)
    cuts = range(len(data)) if len(data) < 400 else range(0, len(data), len(data) // 150)
    for cut in (*cuts, *range(len(data) - 10, len(data))):
        try:
            found = pixels(data[:cut])
        except InputError:
            continue
        # What comes behind the last pixel may be lost.
        assert len(found) == len(whole), f"a page is missing at {cut} of {len(data)}"
        assert all(map(np.array_equal, found, whole)), f"pixels differ at {cut} of {len(data)}"
        assert cut > len(data) - 4
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", SAMPLES)
def test_flipped_bytes_give_a_picture_or_an_input_error(name, capfd):
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    data = SAMPLES[name]
    messages = []
    for _ in range(80):
        damaged = bytearray(data)
        reach = len(data) if generator.random() < 0.5 else min(len(data), 80)
        for place in generator.integers(0, reach, generator.integers(1, 4)):
            damaged[place] = generator.integers(0, 256)
        for read in (pixels, read_labels):
            try:
                read(bytes(damaged))
            except InputError as failure:
                messages.append(str(failure))
    assert not [message for message in messages if "\n" in message or len(message) > 400]
    assert capfd.readouterr() == ("", "")


def png_bomb(width, height, depth=8):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10_000_000))) + chunk(b"IEND", b"")


def tiff_bomb(width, height, compression):
    names = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, compression),
        (262, 3, 1),
        (273, 4, 8),
        (279, 4, 9),
    ]
    entries = b"".join(struct.pack("<HHII", name, kind, 1, value) for name, kind, value in names)
    return b"II*\0" + struct.pack("<I", 20) + bytes(12) + struct.pack("<H", len(names)) + entries + bytes(4)


def jpeg_bomb(width, height):
    frame = b"\xff\xc0\0\x0b\x08" + struct.pack(">HH", height, width) + b"\1\1\x11\0"
    return b"\xff\xd8" + frame + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + bytes(1000) + b"\xff\xd9"


def webp_bomb(width, height):
    """An animated file whose canvas is far larger than its frames."""
    data = bytearray(SAMPLES["webp-animated"])
    place = data.index(b"VP8X") + 12
    data[place : place + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


BOMBS = {
    "png over the limit": png_bomb(60_000, 60_000),
    "png within it, of too little data": png_bomb(30_000, 30_000),
    "png too wide": png_bomb(2**21, 1),
    "png with 20 MB of text": b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"tEXt", bytes(20 * 2**20))
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND", b""),
    "jpeg over the limit": jpeg_bomb(65_500, 65_500),
    "jpeg within it, of too little data": jpeg_bomb(32_000, 32_000),
    "jpeg with 20 MB of segments": b"\xff\xd8" + (b"\xff\xe2\xff\xff" + bytes(65533)) * 320 + jpeg_bomb(8, 8)[2:],
    "tiff over the limit": tiff_bomb(100_000, 100_000, 8),
    "tiff of too little deflate": tiff_bomb(30_000, 30_000, 8),
    "tiff of too little LZW": tiff_bomb(30_000, 30_000, 5),
    "tiff of too little PackBits": tiff_bomb(30_000, 30_000, 32773),
    "gif of too little data": b"GIF89a" + struct.pack("<HHBBB", 30_000, 30_000, 0x80, 0, 0) + bytes(6)
    + b"," + struct.pack("<HHHHB", 0, 0, 30_000, 30_000, 0) + b"\2\1\x44\0;",
    "gif of 20,000 frames": b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    + (b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0") * 20_000 + b";",
    "gif of one pixel on a vast canvas": b"GIF89a" + struct.pack("<HHBBB", 30_000, 30_000, 0x80, 0, 0) + bytes(6)
    + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0;",
    "webp of one frame on a vast canvas": webp_bomb(30_000, 30_000),
    "bmp of too few runs": b"BM" + struct.pack("<IHHI", 0, 0, 0, 58)
    + struct.pack("<IiiHHIIiiII", 40, 30_000, 30_000, 1, 8, 1, 0, 0, 0, 1, 0) + bytes(4) + b"\0\1",
    "pnm of too little data": b"P5 30000 30000 255\n" + bytes(100),
    "npy of too little data": np.lib.format.magic(1, 0) + struct.pack("<H", 118)
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (30000, 30000), }".ljust(117) + b"\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_from_its_header(name, monkeypatch):
    import tracemalloc

    data = BOMBS[name]
    tracemalloc.start()
    try:
        with pytest.raises(InputError):
            _ = read_image(data).native
        assert tracemalloc.get_traced_memory()[1] < 50 * 2**20
    finally:
        tracemalloc.stop()


def test_every_bomb_is_refused_in_one_process_of_little_memory_and_time(tmp_path):
    for place, data in enumerate(BOMBS.values()):
        (tmp_path / f"{place}.bin").write_bytes(data)
    program = (
        "import sys, resource, time\n"
        "from segcli.files.read import read_image\n"
        "from segcli.errors import InputError\n"
        "from segcli.opencv import cv2\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for path in sys.argv[1:]:\n"
        "    start = time.process_time()\n"
        "    try:\n"
        "        read_image(path).native\n"
        "        print('read', path)\n"
        "    except InputError:\n"
        "        pass\n"
        "    if time.process_time() - start > 1: print('slow', path)\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "if grown > 100_000: print('memory', grown)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (30, 30)),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_limit_is_named_with_the_option_that_lifts_it():
    data = b"P5 4 3 255\n" + bytes(12)
    for limits in (Limits(pixels=11), Limits(side=3)):
        with pytest.raises(InputError, match=r"4 x 3 pixels.*--no-limits"):
            read_image(data, limits=limits)
    assert read_image(data, limits=Limits(pixels=11, side=3, unlimited=True)).native.shape == (3, 4)


def test_too_many_pages_are_refused():
    with pytest.raises(InputError, match=r"more than 1 pages.*--no-limits"):
        read_image(SAMPLES["tiff-big"], limits=Limits(pages=1))
    assert read_image(SAMPLES["tiff-big"], limits=Limits(pages=2)).pages == 2
