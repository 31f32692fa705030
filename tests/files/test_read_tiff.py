import io
import struct
import sys

import cv2
import numpy as np
import pytest
import tifffile
from files.pictures import COLOR, COLOR16, GRAY, GRAY16, pack, pillow, tiff

from segcli.errors import InputError
from segcli.files.labels import read_labels
from segcli.files.read import open_pages, read_image

FLOAT = GRAY16.astype(np.float32) / 7
TYPES = {
    "gray8": GRAY,
    "gray16": GRAY16,
    "color8": COLOR,
    "color16": COLOR16,
    "float16": GRAY16.astype(np.float16),
    "float32": FLOAT,
    "float64": FLOAT.astype(np.float64),
    "int8": GRAY.astype(np.int8),
    "int16": GRAY16.astype(np.int16),
    "int32": GRAY16.astype(np.int32) * 100,
    "uint32": GRAY16.astype(np.uint32) * 200,
}


def write(pages, order="<"):
    """A classic TIFF written by hand: each page is (tags, strips); offsets and sizes of strips are filled in."""
    data = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    link = 4
    for tags, strips in pages:
        places = []
        for strip in strips:
            places.append(len(data))
            data += strip + bytes(len(strip) % 2)
        tags = {**tags, 273: (4, places), 279: (4, [len(strip) for strip in strips])}
        entries = b""
        for name, (kind, values) in sorted(tags.items()):
            letter = {1: "B", 3: "H", 4: "I"}[kind]
            body = struct.pack(f"{order}{len(values)}{letter}", *values)
            if len(body) > 4:
                place = len(data)
                data += body + bytes(len(body) % 2)
                body = struct.pack(order + "I", place)
            entries += struct.pack(order + "HHI", name, kind, len(values)) + body.ljust(4, b"\0")
        struct.pack_into(order + "I", data, link, len(data))
        data += struct.pack(order + "H", len(tags)) + entries
        link = len(data)
        data += bytes(4)
    return bytes(data)


def tags(width, height, bits, photometric, samples=1, compression=1, **more):
    known = {"fill": 266, "planar": 284, "rows": 278, "orientation": 274, "extra": 338, "form": 339, "predictor": 317}
    found = {
        256: (4, [width]), 257: (4, [height]), 258: (3, [bits] * samples), 259: (3, [compression]),
        262: (3, [photometric]), 277: (3, [samples]), 278: (4, [height]),
    }  # fmt: skip
    return {**found, **{known[name]: (3, value) for name, value in more.items()}}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits"])
@pytest.mark.parametrize("kind", TYPES)
def test_every_type_in_strips_and_tiles_with_and_without_predictor(kind, compression, order):
    values = TYPES[kind]
    expected = values if values.dtype.name in ("uint8", "uint16", "float32") else values.astype(np.float32)
    photometric = "rgb" if values.ndim == 3 else "minisblack"
    for tile, rows, big in ((None, 4, False), (None, None, True), ((16, 16), None, False)):
        for predictor in (False, True) if compression in ("zlib", "lzw") else (False,):
            data = tiff(
                values, photometric=photometric, compression=compression, byteorder=order, tile=tile,
                rowsperstrip=rows, bigtiff=big, predictor=predictor,
            )  # fmt: skip
            image = read_image(data)
            assert image.native.dtype == expected.dtype
            np.testing.assert_array_equal(image.native, expected)
            assert bool(image.notes) == (values.dtype != expected.dtype)


@pytest.mark.parametrize("compression", [None, "lzw"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("values", [COLOR, COLOR16], ids=["8", "16"])
def test_planes_stored_one_after_the_other(values, tile, compression):
    data = tiff(
        np.moveaxis(values, 2, 0), photometric="rgb", planarconfig="separate", tile=tile, compression=compression
    )
    np.testing.assert_array_equal(read_image(data).native, values)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("bits", "factor"), [(1, 255), (2, 85), (4, 17)])
def test_low_depths_are_stretched_and_labels_are_not(bits, factor, order):
    values = GRAY % 2**bits
    data = write([(tags(13, 9, bits, 1), [b"".join(pack(values, bits))])], order)
    np.testing.assert_array_equal(read_image(data).native, values * np.uint8(factor))
    np.testing.assert_array_equal(read_labels(data), values)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_odd_depths_above_8_keep_their_units(bits):
    values = GRAY16 % 2**bits
    data = write([(tags(13, 9, bits, 1), [b"".join(pack(values, bits))])])
    image = read_image(data)
    assert image.native.dtype == np.uint16
    np.testing.assert_array_equal(image.native, values)
    assert image.info["bits"] == bits


def test_bits_in_the_other_order_are_turned():
    turned = np.packbits(np.unpackbits(GRAY.reshape(-1, 1), axis=1)[:, ::-1], axis=1).tobytes()
    np.testing.assert_array_equal(read_image(write([(tags(13, 9, 8, 1, fill=[2]), [turned])])).native, GRAY)


@pytest.mark.parametrize(("bits", "values"), [(1, GRAY % 2), (4, GRAY % 16), (8, GRAY), (16, GRAY16)])
def test_white_is_zero_is_inverted(bits, values):
    stored = [b"".join(pack(values, bits))] if bits < 16 else [values.astype("<u2").tobytes()]
    image = read_image(write([(tags(13, 9, bits, 0), stored)]))
    full = 2**bits - 1
    expected = (full - values) * (255 // full if bits < 8 else 1)
    np.testing.assert_array_equal(image.native, expected)


def test_a_mask_of_one_bit_has_white_as_1_whatever_zero_means():
    for photometric in (0, 1):
        stored = GRAY % 2 if photometric else 1 - GRAY % 2
        data = write([(tags(13, 9, 1, photometric), [b"".join(pack(stored, 1))])])
        np.testing.assert_array_equal(read_labels(data), GRAY % 2)


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_a_palette_gives_colors_and_labels_are_its_indices(bits):
    colors = np.random.default_rng(0).integers(0, 256, (2**bits, 3))
    values = (GRAY.astype(int) % 2**bits).astype(np.uint8)
    page = {**tags(13, 9, bits, 3), 320: (3, (colors.T * 257).reshape(-1).tolist())}
    data = write([(page, [b"".join(pack(values, bits))])])
    np.testing.assert_array_equal(read_image(data).native, colors[values])
    np.testing.assert_array_equal(read_labels(data), values)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_tag_turns_image_and_labels(orientation):
    data = write([(tags(2, 2, 8, 1, orientation=[orientation]), [b"\1\2\3\4"])])
    expected = {
        1: [[1, 2], [3, 4]], 2: [[2, 1], [4, 3]], 3: [[4, 3], [2, 1]], 4: [[3, 4], [1, 2]],
        5: [[1, 3], [2, 4]], 6: [[3, 1], [4, 2]], 7: [[4, 2], [3, 1]], 8: [[2, 4], [1, 3]],
    }[orientation]  # fmt: skip
    assert read_image(data).native.tolist() == expected
    assert read_labels(data).tolist() == expected


@pytest.mark.parametrize("extra", [1, 2])
def test_alpha_is_composited_whether_or_not_it_is_in_the_colors(extra):
    # color 100 at alpha 51 of 255 is 100 x 0.2 + 255 x 0.8 = 224; premultiplied 20 + 204 = 224
    color = 100 if extra == 2 else 20
    image = read_image(write([(tags(1, 1, 8, 2, 4, extra=[extra]), [bytes([color, color, color, 51])])]))
    assert image.native.tolist() == [[[224, 224, 224]]]
    assert image.alpha.tolist() == [[51]]


def test_cmyk_becomes_rgb_with_a_note():
    # paper 205 x 155 / 255 = 124.6, 155 x 155 / 255 = 94.2, 105 x 155 / 255 = 63.8
    image = read_image(write([(tags(1, 1, 8, 5, 4), [bytes([50, 100, 150, 100])])]))
    assert image.native.tolist() == [[[125, 94, 64]]]
    assert image.notes == ("CMYK was converted to RGB",)


def test_ycc_outside_jpeg_becomes_rgb_unless_its_color_is_subsampled():
    # R = 100 + 1.402 x 50 = 170.1, G = 100 - 0.344 x 20 - 0.714 x 50 = 57.4, B = 100 + 1.772 x 20 = 135.4
    page = tags(1, 1, 8, 6, 3)
    pixel = [bytes([100, 148, 178])]
    assert read_image(write([({**page, 530: (3, [1, 1])}, pixel)])).native.tolist() == [[[170, 57, 135]]]
    with pytest.raises(InputError, match="subsampled YCbCr"):
        read_image(write([(page, pixel)]))


def test_a_palette_with_alpha():
    page = {**tags(1, 1, 8, 3, 2, extra=[2]), 320: (3, [257 * level for level in range(256)] * 3)}
    image = read_image(write([(page, [b"\x07\x80"])]), alpha="keep")
    assert image.native.tolist() == [[[7, 7, 7]]]
    assert image.alpha.tolist() == [[128]]


def test_a_fourth_channel_that_is_no_alpha_is_refused():
    with pytest.raises(InputError, match="has 4 channels"):
        _ = read_image(write([(tags(1, 1, 8, 2, 4, extra=[0]), [bytes(4)])])).native


def test_more_channels_are_refused_with_a_way_out_and_can_be_had_one_by_one():
    values = np.dstack([COLOR, COLOR])[:, :, :5]
    image = read_image(tiff(values, photometric="minisblack", planarconfig="contig"))
    with pytest.raises(InputError, match=r"has 5 channels.*--channel"):
        _ = image.native
    np.testing.assert_array_equal(image.channels, values)


def test_pages_are_counted_and_read_one_by_one():
    data = tiff(np.stack([GRAY, 255 - GRAY, GRAY // 2]), photometric="minisblack")
    first = read_image(data)
    assert (first.pages, first.notes) == (3, ("page 1 of 3 used",))
    pages = [page.native for page in open_pages(data)]
    np.testing.assert_array_equal(pages, [GRAY, 255 - GRAY, GRAY // 2])
    np.testing.assert_array_equal(read_image(data, page=2).native, GRAY // 2)
    assert read_image(data, page=2).notes == ()
    with pytest.raises(InputError, match="pages 1 to 3; page 4"):
        read_image(data, page=3)


def test_thumbnails_are_no_pages():
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(GRAY[::2, ::2], photometric="minisblack", subfiletype=1)
        writer.write(GRAY, photometric="minisblack")
    image = read_image(stream.getvalue())
    assert image.pages == 1
    np.testing.assert_array_equal(image.native, GRAY)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_imagej_stacks_have_a_page_for_each_image(kind):
    stack = np.arange(5 * 9 * 13).reshape(5, 9, 13).astype(kind)
    data = tiff(stack, imagej=True)
    np.testing.assert_array_equal([page.native for page in open_pages(data)], stack)


def test_an_old_imagej_stack_with_one_directory_has_all_its_images():
    stack = np.stack([GRAY, 255 - GRAY, GRAY // 3])
    page = {**tags(13, 9, 8, 1), 270: (1, list(b"ImageJ=1.53\nimages=3\nslices=3\n\0"))}
    head = write([(page, [GRAY.tobytes()])])
    # The images lie behind everything else, one after the other; the only strip says where they begin.
    place = head.index(struct.pack("<HHI", 273, 4, 1)) + 8
    data = bytearray(head + stack.tobytes())
    struct.pack_into("<I", data, place, len(head))
    np.testing.assert_array_equal([page.native for page in open_pages(bytes(data))], stack)
    assert read_image(bytes(data[:-1])).pages == 1


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 2)])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_jpeg_in_tiff_reads_as_tifffile_reads_it(tile, subsampling):
    large = np.tile(COLOR, (4, 3, 1))
    data = tiff(large, photometric="rgb", compression="jpeg", tile=tile, subsampling=subsampling)
    image = read_image(data)
    assert np.abs(image.native.astype(int) - tifffile.imread(io.BytesIO(data))).max() <= 1
    assert image.info["lossy"]
    with pytest.raises(InputError, match="is JPEG, which does not keep labels"):
        read_labels(data)


def test_fax_pages_of_one_bit_are_read():
    values = np.kron(GRAY % 2, np.ones((3, 3), np.uint8))
    data = pillow(values * 255, "TIFF", "1", compression="group4")
    np.testing.assert_array_equal(read_image(data).native, values * 255)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "jpeg"])
def test_the_common_compressions_need_no_imagecodecs(compression, monkeypatch):
    data = tiff(np.tile(COLOR, (2, 2, 1)), photometric="rgb", compression=compression)
    expected = tifffile.imread(io.BytesIO(data))
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    assert np.abs(read_image(data).native.astype(int) - expected).max() <= 1


def test_opencv_and_pillow_files_are_read():
    np.testing.assert_array_equal(read_image(cv2.imencode(".tif", GRAY16)[1].tobytes()).native, GRAY16)
    np.testing.assert_array_equal(read_image(pillow(COLOR, "TIFF", compression="tiff_lzw")).native, COLOR)


@pytest.mark.parametrize(
    ("page", "strips", "message"),
    [
        (tags(13, 9, 8, 8, 3), [bytes(351)], "CIELAB"),
        (tags(13, 9, 8, 32803), [bytes(117)], "camera raw"),
        (tags(13, 9, 24, 1, form=[3]), [bytes(351)], "24-bit float"),
        (tags(13, 9, 64, 1, form=[6]), [bytes(936)], "complex"),
        (tags(0, 9, 8, 1), [b"x"], "0 x 9"),
        (tags(13, 99, 8, 1), [bytes(117)], "truncated: strip 1 needs 1,287 bytes"),
        (tags(13, 9, 8, 1, compression=8), [b"not deflate"], "inflated"),
        (tags(13, 9, 8, 3), [bytes(117)], "without a palette"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(page, strips, message):
    with pytest.raises(InputError, match=message):
        _ = read_image(write([(page, strips)])).native


def test_directories_in_a_loop_are_refused():
    data = bytearray(write([(tags(13, 9, 8, 1), [GRAY.tobytes()])]))
    first = struct.unpack_from("<I", data, 4)[0]
    data[-4:] = struct.pack("<I", first)
    with pytest.raises(InputError, match="loop"):
        read_image(bytes(data))
