import io

import cv2
import numpy as np
import pytest
from files.pictures import COLOR, GRAY, GRAY16, SMOOTH, npy, opencv, pillow, tiff

from segcli.errors import InputError
from segcli.files.labels import read_labels, read_mask, read_scores

IDS = GRAY16.astype(np.int64) % 5000
COLORS = {(0, 0, 0): 0, (128, 0, 0): 1, (0, 128, 0): 2}
TABLE = np.array(list(COLORS), np.uint8)


def npz(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        opencv(IDS.astype(np.uint16), ".png"),
        tiff(IDS.astype(np.uint16)),
        tiff(IDS.astype(np.int32)),
        tiff(IDS.astype(np.uint32), compression="lzw"),
        tiff(IDS.astype(np.float32)),
        npy(IDS),
        npz(labels=IDS, other=GRAY),
        npz(anything=IDS),
    ],
    ids=["png", "tiff 16", "tiff 32", "tiff lzw", "tiff float", "npy", "npz", "npz of one"],
)
def test_numbers_come_out_as_they_went_in(data):
    labels = read_labels(data)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, IDS)


def test_a_tiff_keeps_ids_that_float32_would_change():
    ids = np.array([[2**24 + 1, 2**31 - 1]], np.uint32)
    assert read_labels(tiff(ids)).tolist() == ids.tolist()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_gray_stored_as_rgb_counts_as_gray(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    data = pillow(np.dstack([GRAY] * 3), kind, **options)
    np.testing.assert_array_equal(read_labels(data), GRAY)


def test_colors_need_a_map_and_the_message_lists_them():
    data = opencv(TABLE[GRAY % 3][:, :, ::-1], ".png")
    with pytest.raises(InputError, match=r"3 colors without a label: \(0, 0, 0\), \(0, 128, 0\), \(128, 0, 0\)\."):
        read_labels(data)
    np.testing.assert_array_equal(read_labels(data, colors=COLORS), GRAY % 3)
    with pytest.raises(InputError, match=r"1 colors that the color map lacks: \(0, 128, 0\)"):
        read_labels(data, colors={(0, 0, 0): 0, (128, 0, 0): 1})
    with pytest.raises(InputError, match=r"117 colors without a label: (\(\d+, \d+, \d+\), ){8}\.\.\."):
        read_labels(opencv(COLOR, ".png"))


@pytest.mark.parametrize("ending", [".jpg", ".webp"])
def test_a_lossy_mask_is_refused_with_its_values_counted_unless_a_threshold_is_given(ending):
    mask = np.zeros((32, 32), np.uint8)
    mask[8:20, 5:27] = 255
    options = [cv2.IMWRITE_WEBP_QUALITY, 60] if ending == ".webp" else []
    data = opencv(mask, ending, options)
    with pytest.raises(InputError, match=r"does not keep labels \(\d+ distinct values were found\).*--mask-threshold"):
        read_labels(data)
    found = read_mask(data, mask_threshold=127)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, mask > 0)
    np.testing.assert_array_equal(read_labels(data, mask_threshold=127), mask // 255)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([[0.5, 1]], np.float32), "fractions"),
        (np.array([[np.nan, 1]], np.float32), "fractions"),
        (np.array([[-1, 1]], np.int16), "from -1 to 1"),
        (np.array([[0, 2**31]], np.uint32), "between 0 and 2147483647"),
    ],
)
def test_what_no_label_can_be_is_refused(values, message):
    for data in (npy(values), tiff(values)):
        with pytest.raises(InputError, match=message):
            read_labels(data)


def test_a_soft_mask_needs_a_threshold():
    assert read_mask(npy(np.array([[0.2, 0.7]], np.float32)), mask_threshold=0.5).tolist() == [[False, True]]


def test_a_mask_is_what_lies_above_zero():
    assert read_mask(opencv(np.array([[0, 1, 255]], np.uint8), ".png")).tolist() == [[False, True, True]]
    assert read_mask(npy(np.array([[True, False]]))).tolist() == [[True, False]]


def test_pages_of_labels():
    data = tiff(np.stack([GRAY, GRAY // 2]), photometric="minisblack")
    np.testing.assert_array_equal(read_labels(data), GRAY)
    np.testing.assert_array_equal(read_labels(data, page=1), GRAY // 2)


@pytest.mark.parametrize("cut", [10, 60, 150, -30, -3])
def test_damaged_archives_are_refused(cut):
    with pytest.raises(InputError):
        read_labels(npz(labels=IDS)[:cut])


def test_an_archive_that_names_no_labels_says_what_it_has():
    with pytest.raises(InputError, match="the arrays first, second; expected 'labels'"):
        read_labels(npz(first=IDS, second=IDS))


def test_an_archive_is_never_unpickled():
    with pytest.raises(InputError, match="pickle"):
        read_labels(npz(labels=np.array([[{}]], object)))


def test_a_flipped_byte_in_an_archive_is_found():
    data = bytearray(npz(labels=IDS))
    data[len(data) // 3] ^= 0xFF
    with pytest.raises(InputError):
        read_labels(bytes(data))


def test_scores_from_every_container():
    scores = np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)
    for data in (
        npz(scores=scores),
        npy(scores),
        tiff(scores, photometric="minisblack"),
        npy(scores.astype(np.float64)),
    ):
        found = read_scores(data)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, scores)


@pytest.mark.parametrize("data", [npy(np.zeros((4, 5))), npz(scores=np.zeros(3)), opencv(SMOOTH, ".png")])
def test_scores_of_another_shape_are_refused(data):
    with pytest.raises(InputError):
        read_scores(data)
