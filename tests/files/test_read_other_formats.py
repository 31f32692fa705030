import io

import cv2
import numpy as np
import pytest
from files.pictures import COLOR, GRAY, GRAY16, SMOOTH, bmp, exif, npy, opencv, pack, pillow
from PIL import Image

from segcli.errors import InputError
from segcli.files.labels import read_labels
from segcli.files.read import open_pages, read_image

GRAYS = b"".join(bytes([level, level, level, 0]) for level in range(256))
FOUR = bytes([0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 9, 9, 9, 0])
FOUR_RGB = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]], np.uint8)


def rows(values):
    """BMP rows: bottom up, each padded to four bytes."""
    return b"".join(row.tobytes() + bytes(-row.nbytes % 4) for row in values[::-1])


def packed(values, bits):
    return b"".join(row + bytes(-len(row) % 4) for row in pack(values, bits)[::-1])


# BMP


@pytest.mark.parametrize("values", [GRAY, COLOR], ids=["gray", "color"])
def test_bmp_of_opencv_and_pillow(values):
    stored = values if values.ndim == 2 else values[:, :, ::-1]
    np.testing.assert_array_equal(read_image(opencv(stored, ".bmp")).native, values)
    np.testing.assert_array_equal(read_image(pillow(values, "BMP")).native, values)
    assert read_image(opencv(stored, ".bmp")).native.ndim == values.ndim


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_bmp_palettes_give_colors_and_indices(bits):
    values = GRAY % min(2**bits, 4)
    data = bmp(13, 9, bits, packed(values, bits), FOUR[: 4 * 2**bits], colors=min(2**bits, 4))
    np.testing.assert_array_equal(read_image(data).native, FOUR_RGB[values])
    np.testing.assert_array_equal(read_labels(data), values)


def test_bmp_stored_from_the_top():
    data = bmp(13, -9, 24, rows(COLOR[::-1, :, ::-1]))
    np.testing.assert_array_equal(read_image(data).native, COLOR)


def test_bmp_of_16_bits_is_stretched_and_rounded():
    words = np.array([[0, 0x7FFF, 3 << 10 | 16 << 5 | 31]], np.uint16)
    # 3 x 255/31 = 24.7, 16 x 255/31 = 131.6
    assert read_image(bmp(3, 1, 16, rows(words))).native.tolist() == [[[0] * 3, [255] * 3, [25, 132, 255]]]


def test_bmp_bit_fields_565():
    masks = np.array([0xF800, 0x07E0, 0x001F], "<u4").tobytes()
    words = np.array([[1 << 11 | 1 << 5 | 1]], np.uint16)
    # 255/31 = 8.2, 255/63 = 4.05
    assert read_image(bmp(1, 1, 16, rows(words), compression=3, masks=masks)).native.tolist() == [[[8, 4, 8]]]


def test_bmp_of_32_bits_has_no_alpha_unless_a_mask_says_so():
    words = np.array([[0x33_01_02_03]], np.uint32)
    plain = read_image(bmp(1, 1, 32, rows(words)))
    assert plain.native.tolist() == [[[1, 2, 3]]]
    assert plain.alpha is None
    masks = np.array([0xFF0000, 0xFF00, 0xFF, 0xFF000000], "<u4").tobytes()
    masked = read_image(bmp(1, 1, 32, rows(words), compression=3, masks=masks, size=108), alpha="keep")
    assert masked.alpha.tolist() == [[0x33]]
    assert masked.native.tolist() == [[[1, 2, 3]]]


def test_bmp_with_the_old_short_header():
    head = b"BM" + (26 + 8 + 6).to_bytes(4, "little") + bytes(4) + (26 + 6).to_bytes(4, "little")
    core = (12).to_bytes(4, "little") + bytes([9, 0, 1, 0, 1, 0, 1, 0])
    data = head + core + bytes([1, 2, 3, 4, 5, 6]) + b"\x80\x80\0\0"
    assert read_image(data).native.tolist() == [[[6, 5, 4]] + [[3, 2, 1]] * 7 + [[6, 5, 4]]]


def test_bmp_run_lengths_of_8_bits():
    # bottom row: 3 x index 1, then 1 2 as they are (padded to two); a jump; top row: 5 x index 2
    runs = b"\3\1" + b"\0\3\1\2\3\0" + b"\0\0" + b"\6\2" + b"\0\1"
    data = bmp(6, 2, 8, runs, FOUR, 1, colors=4)
    np.testing.assert_array_equal(read_labels(data), [[2] * 6, [1, 1, 1, 1, 2, 3]])
    np.testing.assert_array_equal(read_image(data).native, FOUR_RGB[read_labels(data)])


def test_bmp_run_lengths_of_4_bits():
    runs = b"\5\x12" + b"\0\0" + b"\0\5\x01\x23\x10\0" + b"\0\1"
    data = bmp(5, 2, 4, runs, FOUR, 2, colors=4)
    assert read_labels(data).tolist() == [[0, 1, 2, 3, 1], [1, 2, 1, 2, 1]]


def test_bmp_runs_that_leave_the_picture_or_stop_early_are_refused():
    with pytest.raises(InputError, match="leaves its row"):
        _ = read_image(bmp(2, 1, 8, b"\3\1\0\1", FOUR, 1)).native
    with pytest.raises(InputError, match="truncated"):
        _ = read_image(bmp(2, 2, 8, b"\2\1\0\0", FOUR, 1)).native


def test_a_bmp_mask_in_black_and_white_has_white_as_1():
    for palette in (bytes([0] * 4 + [255] * 3 + [0]), bytes([255] * 3 + [0] + [0] * 4)):
        white = int(palette[0] == 0)
        data = bmp(2, 1, 1, bytes([0x40 if white else 0x80, 0, 0, 0]), palette)
        assert read_labels(data).tolist() == [[0, 1]]
        assert read_image(data).native.tolist() == [[0, 255]]


# PNM


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"P1\n# note\n3 2\n1 0 1\n010", [[0, 255, 0], [255, 0, 255]]),
        (b"P4\n3 2\n\xa0\x40", [[0, 255, 0], [255, 0, 255]]),
        (b"P2 3 1 255 0 7 # note\n 255\n", [[0, 7, 255]]),
        (b"P2 3 1 15 0 1 15", [[0, 17, 255]]),
        (b"P2 2 1 65535 256 65535", [[256, 65535]]),
        (b"P3 1 1 255 1 2 3", [[[1, 2, 3]]]),
        (b"P5 3 1 255\n\0\1\2", [[0, 1, 2]]),
        (b"P5#c\n2 1\n#c\n1023\n\1\0\3\xff", [[256, 1023]]),
        (b"P6 1 1 255\n\1\2\3", [[[1, 2, 3]]]),
        (b"P6 1 1 65535\n\1\0\2\0\3\0", [[[256, 512, 768]]]),
        (b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n\5\6", [[5, 6]]),
        (b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n\0\1", [[0, 255]]),
        (b"Pf 1 2 -1.0\n" + np.array([1, 2], "<f4").tobytes(), [[2.0], [1.0]]),
        (b"PF 1 1 1.0\n" + np.array([1, 2, 3], ">f4").tobytes(), [[[1.0, 2.0, 3.0]]]),
    ],
)
def test_pnm_variants(data, expected):
    assert read_image(data).native.tolist() == expected


def test_a_pfm_may_hold_nan_and_infinity():
    values = np.array([[np.nan, 1], [np.inf, 2]], np.float32)
    np.testing.assert_array_equal(read_image(b"Pf 2 2 -1\n" + values[::-1].tobytes()).native, values)


def test_pam_with_alpha():
    data = b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n\1\2\3\x80"
    assert read_image(data).alpha.tolist() == [[128]]


def test_pnm_depth_decides_the_type_and_a_bit_is_1_where_it_is_white():
    assert read_image(b"P5 1 1 1023\n\0\1").native.dtype == np.uint16
    assert read_labels(b"P4 3 1\n\xa0").tolist() == [[0, 1, 0]]
    assert read_labels(b"P2 3 1 15 0 1 15").tolist() == [[0, 1, 15]]


@pytest.mark.parametrize(
    "data",
    [b"P5 2 2 255\nabc", b"P2 2 1 9 1 x", b"P2 2 1 9 1 10", b"P2 2 1 9 1 -1", b"P5 1 1 100\n\xff", b"P5 0 1 255\n",
     b"P5 1 1 70000\n\0\0", b"P5 1 1 0\n\0", b"P1 2 1 12", b"Pf 1 1 0\n\0\0\0\0", b"P5 99999999999999999999 1 255\n",
     b"P6 ", b"P7\nWIDTH 1\nENDHDR\n"],
)  # fmt: skip
def test_damaged_pnm_is_refused(data):
    with pytest.raises(InputError):
        _ = read_image(data).native


# NPY


@pytest.mark.parametrize(
    "values",
    [GRAY, GRAY16, COLOR, GRAY16.astype(">u2"), np.asfortranarray(GRAY16), GRAY16.astype(">f4"), GRAY[:, :, None]],
    ids=["u1", "u2", "color", "big-endian", "fortran", "big-endian float", "one channel"],
)
def test_npy_arrays_come_out_as_they_went_in(values):
    image = read_image(npy(values))
    np.testing.assert_array_equal(image.native, values[:, :, 0] if values.shape[2:] == (1,) else values)
    assert image.native.dtype.isnative
    assert image.notes == ()


def test_npy_of_other_types_becomes_float32_with_a_note_and_bool_0_and_1():
    image = read_image(npy(GRAY16.astype(np.int64)))
    assert image.native.dtype == np.float32
    assert image.notes == ("int64 pixels were read as float32",)
    assert read_image(npy(GRAY > 99)).native.tolist() == (GRAY > 99).astype(int).tolist()


def test_a_float64_too_large_for_float32_gives_infinity_without_a_warning():
    assert np.isinf(read_image(npy(np.array([[1e300]]))).native).all()


def test_npy_never_unpickles(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trapped"), "w"))

    stream = io.BytesIO()
    np.save(stream, np.array([[Trap()]], object), allow_pickle=True)
    with pytest.raises(InputError, match="pickle"):
        read_image(stream.getvalue())
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("values", [np.zeros((0, 5)), np.zeros(5), np.zeros((2, 2, 2, 2)), np.zeros((2, 2), "c8")])
def test_npy_arrays_that_are_no_picture_are_refused(values):
    with pytest.raises(InputError):
        _ = read_image(npy(values)).native


# GIF and WebP


def test_gif_gray_and_color():
    np.testing.assert_array_equal(read_image(pillow(GRAY, "GIF")).gray, GRAY)
    few = FOUR_RGB[GRAY % 4]
    np.testing.assert_array_equal(read_image(pillow(few, "GIF")).color, few)


def test_gif_transparency_is_alpha():
    picture = Image.fromarray(GRAY % 4)
    picture.putpalette(FOUR_RGB.tobytes())
    stream = io.BytesIO()
    picture.save(stream, "GIF", transparency=2)
    image = read_image(stream.getvalue(), alpha="keep")
    np.testing.assert_array_equal(image.alpha == 0, GRAY % 4 == 2)
    white = read_image(stream.getvalue()).native
    assert (white[GRAY % 4 == 2] == 255).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_frames_are_pages(kind):
    frames = [np.full((5, 4, 3), level, np.uint8) for level in (10, 100, 250)]
    for place, frame in enumerate(frames):
        frame[0, place] = 0
    stream = io.BytesIO()
    pictures = [Image.fromarray(frame) for frame in frames]
    options = {"lossless": True} if kind == "WEBP" else {}
    pictures[0].save(stream, kind, save_all=True, append_images=pictures[1:], **options)
    pages = list(open_pages(stream.getvalue()))
    assert [page.page for page in pages] == [0, 1, 2]
    for place in (2, 0, 1):
        np.testing.assert_array_equal(pages[place].color, frames[place])


def test_webp_lossless_is_exact_with_alpha():
    rgba = np.dstack([COLOR, GRAY])
    data = pillow(rgba, "WEBP", lossless=True, exact=True)
    image = read_image(data, alpha="keep")
    np.testing.assert_array_equal(image.native, COLOR)
    np.testing.assert_array_equal(image.alpha, GRAY)


def test_webp_lossy_reads_as_opencv_reads_it():
    data = opencv(SMOOTH, ".webp", [cv2.IMWRITE_WEBP_QUALITY, 80])
    raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(read_image(data).color, raw[:, :, ::-1])


def test_webp_exif_turns_the_picture():
    tall = pillow(COLOR, "WEBP", lossless=True, exif=b"Exif\0\0" + exif(6))
    np.testing.assert_array_equal(read_image(tall).color, np.rot90(COLOR, -1))
