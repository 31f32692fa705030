import io
import struct

import cv2
import numpy as np
import pytest
from files.pictures import GRAY, SMOOTH, opencv, pillow, with_exif
from PIL import Image

from segcli.errors import InputError
from segcli.files.read import read_image

imagecodecs = pytest.importorskip("imagecodecs", reason="writes the rare kinds of JPEG")


def test_gray_is_the_luma_in_the_file_and_color_is_what_opencv_shows():
    data = opencv(SMOOTH, ".jpg")
    image = read_image(data)
    raw = np.frombuffer(data, np.uint8)
    np.testing.assert_array_equal(image.gray, cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE))
    np.testing.assert_array_equal(image.color, cv2.imdecode(raw, cv2.IMREAD_COLOR)[:, :, ::-1])
    assert image.native is image.color


def test_a_gray_jpeg_is_decoded_once():
    image = read_image(opencv(GRAY, ".jpg"))
    assert image.native.shape == GRAY.shape
    assert image.gray is image.native
    assert image.color.shape == (*GRAY.shape, 3)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_exif_orientations_are_applied(orientation, order):
    corners = np.zeros((16, 32), np.uint8)
    corners[:8, :16], corners[:8, 16:], corners[8:, :16] = 250, 170, 90
    data = with_exif(opencv(corners, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, 100]), orientation, order)
    image = read_image(data)
    # Where the first row and column of the stored picture belong, by the EXIF standard.
    upright = {
        1: [[250, 170], [90, 0]], 2: [[170, 250], [0, 90]], 3: [[0, 90], [170, 250]], 4: [[90, 0], [250, 170]],
        5: [[250, 90], [170, 0]], 6: [[90, 250], [0, 170]], 7: [[0, 170], [90, 250]], 8: [[170, 0], [250, 90]],
    }[orientation]  # fmt: skip
    found = image.gray
    height, width = found.shape
    assert image.size == (width, height)
    quarters = found[height // 4 :: height // 2, width // 4 :: width // 2]
    assert np.abs(quarters.astype(int) - upright).max() <= 2


def test_rgb_by_the_adobe_marker_is_not_taken_for_ycc():
    data = imagecodecs.jpeg8_encode(SMOOTH, level=98, colorspace="rgb", outcolorspace="rgb", subsampling="444")
    image = read_image(data)
    assert np.abs(image.color.astype(int) - SMOOTH).max() <= 4
    assert np.abs(image.gray.astype(int) - cv2.cvtColor(SMOOTH, cv2.COLOR_RGB2GRAY)).max() <= 4


def test_cmyk_of_adobe_is_not_inverted():
    data = pillow(SMOOTH, "JPEG", "CMYK", quality=100, subsampling=0)
    image = read_image(data)
    assert np.abs(image.color.astype(int) - SMOOTH).max() <= 3
    assert "CMYK was converted to RGB" in image.notes


def test_ycck_reads_as_pillow_reads_its_inks():
    plain = pillow(SMOOTH, "JPEG", "CMYK", quality=100, subsampling=0)
    assert b"Adobe" in plain
    inks = np.asarray(Image.open(io.BytesIO(plain))).astype(int)
    expected = np.rint((255 - inks[:, :, :3]) * (255 - inks[:, :, 3:]) / 255)
    np.testing.assert_array_equal(read_image(plain).native, expected)


@pytest.mark.parametrize("options", [(cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 1)])
def test_progressive_files_and_restart_markers_are_read(options):
    plain, other = opencv(SMOOTH, ".jpg"), opencv(SMOOTH, ".jpg", options)
    assert plain != other
    np.testing.assert_array_equal(read_image(plain).color, read_image(other).color)


def test_lossless_jpeg_is_exact():
    np.testing.assert_array_equal(read_image(imagecodecs.ljpeg_encode(GRAY)).native, GRAY)


def test_12_bits_are_refused_by_name():
    data = imagecodecs.jpeg8_encode(SMOOTH[:, :, 0].astype(np.uint16), bitspersample=12)
    with pytest.raises(InputError, match="12-bit JPEG"):
        read_image(data)


def test_a_later_height_marker_is_refused_as_no_height():
    data = bytearray(opencv(GRAY, ".jpg"))
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 7] = b"\0\0"
    with pytest.raises(InputError, match="13 x 0"):
        read_image(bytes(data))


def test_a_file_cut_in_its_scan_is_refused_even_with_an_end_marker_put_back():
    data = opencv(cv2.resize(SMOOTH, (400, 300)), ".jpg")
    with pytest.raises(InputError, match="truncated"):
        read_image(data[: len(data) // 2])
    with pytest.raises(InputError, match="premature end of data"):
        _ = read_image(data[: len(data) // 2] + b"\xff\xd9").gray


def test_bytes_behind_the_end_marker_are_ignored():
    data = opencv(SMOOTH, ".jpg")
    np.testing.assert_array_equal(read_image(data + b"appended").color, read_image(data).color)


def test_a_thumbnail_in_exif_does_not_pass_for_the_picture():
    data = opencv(SMOOTH, ".jpg")
    body = b"Exif\0\0" + opencv(GRAY, ".jpg")
    nested = data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    assert read_image(nested).size == (53, 41)
    with pytest.raises(InputError, match="truncated"):
        read_image(nested[: len(body) + 6])


def test_more_scans_than_any_encoder_writes_are_refused():
    data = opencv(SMOOTH, ".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    place = data.rindex(b"\xff\xda")
    with pytest.raises(InputError, match="more than 500 JPEG scans"):
        read_image(data[:place] + data[place:-2] * 501 + b"\xff\xd9")
