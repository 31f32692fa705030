import struct
import zlib

import cv2
import numpy as np
import pytest
from files.pictures import COLOR, COLOR16, GRAY, GRAY16, chunk, exif, opencv, pack, pillow, png

from segcli.errors import InputError
from segcli.files.labels import read_labels
from segcli.files.read import read_image

PALETTE = (b"PLTE", bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]))


@pytest.mark.parametrize(("bits", "factor"), [(1, 255), (2, 85), (4, 17)])
def test_low_depths_are_stretched_to_8_bits_and_labels_are_not(bits, factor):
    values = GRAY % 2**bits
    data = png(13, 9, bits, 0, pack(values, bits))
    assert read_image(data).native.tolist() == (values * factor).tolist()
    assert read_labels(data).tolist() == values.tolist()


@pytest.mark.parametrize("values", [GRAY, GRAY16, COLOR, COLOR16], ids=["gray8", "gray16", "color8", "color16"])
def test_depth_and_channels_come_out_as_stored(values):
    stored = values if values.ndim == 2 else values[:, :, ::-1]
    image = read_image(opencv(stored, ".png"))
    assert image.native.dtype == values.dtype
    np.testing.assert_array_equal(image.native, values)


@pytest.mark.parametrize("values", [GRAY, GRAY16, COLOR], ids=["gray8", "gray16", "color8"])
def test_alpha_is_put_on_white_with_a_note_and_kept_on_request(values):
    full = int(np.iinfo(values.dtype).max)
    alpha = GRAY.astype(values.dtype) * (full // 255)
    gray = values.ndim == 2
    samples = np.dstack([values, alpha]).astype(values.dtype.newbyteorder(">"))
    rows = [row.tobytes() for row in samples]
    data = png(13, 9, 8 * values.dtype.itemsize, 4 if gray else 6, rows)
    image = read_image(data)
    share = alpha if gray else alpha[:, :, None]
    # color x a + white x (1 - a), rounded to the nearest whole number
    expected = np.floor((values.astype(np.float64) * share + full * (full - share.astype(np.float64))) / full + 0.5)
    np.testing.assert_array_equal(image.native, expected)
    assert any("white" in note for note in image.notes)
    kept = read_image(data, alpha="keep")
    np.testing.assert_array_equal(kept.native, values)
    np.testing.assert_array_equal(kept.alpha, alpha)
    assert kept.notes == ()


def test_opaque_alpha_changes_nothing_and_needs_no_note():
    image = read_image(opencv(np.dstack([COLOR[:, :, ::-1], np.full_like(GRAY, 255)]), ".png"))
    np.testing.assert_array_equal(image.native, COLOR)
    assert image.notes == ()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_an_indexed_png_shows_its_colors_and_labels_are_its_indices(bits):
    values = GRAY % min(2**bits, 4)
    data = png(13, 9, bits, 3, pack(values, bits), [PALETTE])
    colors = np.frombuffer(PALETTE[1], np.uint8).reshape(-1, 3)
    np.testing.assert_array_equal(read_image(data).native, colors[values])
    np.testing.assert_array_equal(read_labels(data), values)


def test_transparency_of_a_palette_is_alpha():
    data = png(3, 1, 8, 3, [b"\0\1\2"], [PALETTE, (b"tRNS", b"\x00\x80")])
    image = read_image(data, alpha="keep")
    assert image.alpha.tolist() == [[0, 128, 255]]
    # (255, 0, 0) at 0 is white; (0, 255, 0) at 128/255 is 255 x 127/255 = 127 in red and blue
    assert read_image(data).native.tolist() == [[[255, 255, 255], [127, 255, 127], [0, 0, 255]]]


@pytest.mark.parametrize(
    ("data", "alpha"),
    [
        (png(3, 1, 8, 0, [b"\1\2\3"], [(b"tRNS", b"\0\2")]), [[255, 0, 255]]),
        (png(4, 1, 2, 0, [b"\x1b"], [(b"tRNS", b"\0\2")]), [[255, 255, 0, 255]]),
        (png(2, 1, 16, 0, [struct.pack(">HH", 300, 400)], [(b"tRNS", struct.pack(">H", 300))]), [[0, 65535]]),
        (png(2, 1, 8, 2, [bytes(range(1, 7))], [(b"tRNS", struct.pack(">HHH", 4, 5, 6))]), [[255, 0]]),
    ],
    ids=["gray8", "gray2", "gray16", "color8"],
)
def test_one_transparent_color_is_alpha(data, alpha):
    assert read_image(data).alpha.tolist() == alpha


def test_an_interlaced_file_reads_like_a_plain_one():
    # 3 x 3, Adam7: pass 1 (0,0); pass 4 (2,0); pass 5 (0,2) (2,2); pass 6 (1,0) (1,2); pass 7 row 1.
    passes = b"\0\1" + b"\0\3" + b"\0\7\x09" + b"\0\2" + b"\0\x08" + b"\0\4\5\6"
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 3, 8, 0, 0, 0, 1))
    data = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(passes)) + chunk(b"IEND", b"")
    assert read_image(data).native.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_gamma_profiles_and_unknown_extras_do_not_touch_the_pixels():
    extra = [
        (b"gAMA", struct.pack(">I", 100000)),
        (b"iCCP", b"x\0\0" + zlib.compress(b"no profile")),
        (b"cICP", bytes([9, 16, 0, 1])),
        (b"zTXt", b"text\0\0not deflate"),
    ]
    data = png(13, 9, 8, 0, [row.tobytes() for row in GRAY], extra, [(b"tIME", bytes(7)), (b"tEXt", b"a\0b")])
    np.testing.assert_array_equal(read_image(data).native, GRAY)


def test_exif_in_a_png_turns_image_and_labels():
    data = png(2, 1, 8, 0, [b"\1\2"], [(b"eXIf", exif(6))])
    assert read_image(data).native.tolist() == [[1], [2]]
    assert read_labels(data).tolist() == [[1], [2]]
    assert read_image(data).size == (1, 2)


def test_an_animated_png_gives_its_still_image_and_a_note():
    still = pillow(GRAY, "PNG")
    control = struct.pack(">IIIIIHHBB", 0, 13, 9, 0, 0, 1, 10, 0, 0)
    data = still[:33] + chunk(b"acTL", struct.pack(">II", 1, 0)) + chunk(b"fcTL", control) + still[33:]
    image = read_image(data)
    np.testing.assert_array_equal(image.native, GRAY)
    assert "animated" in image.notes[0]


@pytest.mark.parametrize("place", [29, 30, -1, -20])
def test_a_wrong_checksum_is_refused(place):
    data = bytearray(opencv(GRAY, ".png"))
    data[place] ^= 1
    with pytest.raises(InputError, match="damaged"):
        _ = read_image(bytes(data)).native


def test_too_little_pixel_data_behind_good_checksums_is_refused():
    data = png(13, 9, 8, 0, [row.tobytes() for row in GRAY[:8]])
    with pytest.raises(InputError, match="damaged"):
        _ = read_image(data).native


def test_an_index_beyond_the_palette_is_refused_as_an_image_and_read_as_a_label():
    data = png(2, 1, 8, 3, [b"\0\7"], [PALETTE])
    with pytest.raises(InputError, match="uses color 7, its palette has 4"):
        _ = read_image(data).native
    assert read_labels(data).tolist() == [[0, 7]]


def test_bytes_behind_the_end_are_ignored():
    np.testing.assert_array_equal(read_image(opencv(GRAY, ".png") + b"more").native, GRAY)


def test_gray_of_color_is_the_luma_of_opencv():
    image = read_image(opencv(COLOR[:, :, ::-1], ".png"))
    np.testing.assert_array_equal(image.gray, cv2.cvtColor(COLOR, cv2.COLOR_RGB2GRAY))
    np.testing.assert_array_equal(image.color, COLOR)
