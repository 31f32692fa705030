"""What the numbers of label files mean, by what is written into them and by a look at them."""

from __future__ import annotations

import numpy as np
import pytest

from segcli.errors import InputError, SettingError
from segcli.files.label_kinds import check_kind, read_segmentation
from segcli.files.palettes import voc_palette
from segcli.files.write import encode_array, encode_labels, encode_png


def png(values: np.ndarray) -> bytes:
    return encode_array(values, ".png", {})


@pytest.mark.parametrize("full", [1, 255])
def test_two_values_are_a_mask(full) -> None:
    found = read_segmentation(png(np.array([[0, full]], np.uint8))).segmentation
    assert (found.kind, found.labels.tolist(), found.notes) == ("mask", [[0, 1]], ())


def test_what_nobody_decided_in_a_trimap_is_background() -> None:
    found = read_segmentation(png(np.array([[0, 128, 255, 255]], np.uint8))).segmentation
    assert (found.kind, found.labels.tolist()) == ("mask", [[0, 0, 1, 1]])
    assert found.notes == ("its 128 was read as background, 255 as object (--kind overrules that)",)
    assert read_segmentation(png(np.array([[0, 128, 255]], np.uint8)), "mask").segmentation.labels.tolist() == [
        [0, 1, 1]
    ]


def test_what_segcli_wrote_is_known() -> None:
    values = np.array([[0, 1, 1, 0]], np.int32)
    for kind, held in (("instances", values), ("classes", values.astype(np.uint8)), ("mask", values.astype(np.uint8))):
        known = read_segmentation(encode_labels(held, kind, ".png", {"kind": kind}))
        assert (known.segmentation.kind, known.segmentation.labels.tolist()) == (kind, [[0, 1, 1, 0]])
        assert known.record is not None
        assert known.record["kind"] == kind
    assert read_segmentation(encode_labels(values, "instances", ".png", {"kind": "instances"}), "mask").record


def test_sixteen_bits_number_objects() -> None:
    found = read_segmentation(png(np.array([[0, 3, 0, 3, 9]], np.uint16))).segmentation
    assert (found.kind, found.labels.tolist()) == ("instances", [[0, 3, 0, 3, 9]])
    assert found.labels.dtype == np.int32
    assert read_segmentation(png(np.array([[0, 65535]], np.uint16))).segmentation.kind == "mask"


def test_eight_bits_are_objects_where_most_are_whole_and_classes_where_most_are_in_pieces() -> None:
    whole = np.array([[1, 0, 2, 0, 3, 0, 3]], np.uint8)
    found = read_segmentation(png(whole)).segmentation
    assert (found.kind, found.notes) == (
        "instances",
        ("its numbers were read as those of objects (--kind overrules that)",),
    )
    pieces = np.array([[1, 2, 1, 2, 1, 3]], np.uint8)
    assert read_segmentation(png(pieces)).segmentation.kind == "classes"
    assert read_segmentation(png(np.array([[0, 2, 255]], np.uint8))).segmentation.kind == "classes"


def test_a_palette_is_read_by_its_numbers() -> None:
    found = read_segmentation(encode_png(np.array([[0, 2, 0, 2, 1, 0, 1]], np.uint8), voc_palette())).segmentation
    assert (found.kind, found.labels.tolist()) == ("classes", [[0, 2, 0, 2, 1, 0, 1]])


def test_masks_that_were_blended_and_photographs_are_refused() -> None:
    blended = np.zeros((10, 10), np.uint8)
    blended[:, 5:] = 255
    blended[0, 4:6] = (80, 170)
    with pytest.raises(InputError, match="holds 4 values, most pixels 0 or 255"):
        read_segmentation(png(blended))
    assert read_segmentation(png(blended), mask_threshold=127).segmentation.labels.sum() == 50
    photograph = np.random.default_rng(1).integers(0, 200, (30, 30)).astype(np.uint8)
    with pytest.raises(InputError, match="as a photograph does"):
        read_segmentation(png(photograph))


def test_classes_beyond_255_are_refused() -> None:
    with pytest.raises(InputError, match=r"holds 300; numbers of classes go up to 254. Objects are --kind instances."):
        read_segmentation(png(np.array([[0, 300]], np.uint16)), "classes")


def test_a_word_that_is_no_kind_is_refused() -> None:
    assert check_kind(None) is None
    assert check_kind("mask") == "mask"
    with pytest.raises(SettingError, match="must be one of mask, classes, instances"):
        check_kind("colors")
