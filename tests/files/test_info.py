import numpy as np
import pytest
from files.pictures import GRAY, GRAY16, SMOOTH, opencv, pack, png, tiff, with_exif

from segcli.errors import InputError
from segcli.files.info import image_info

FLAT = np.kron(np.arange(6, dtype=np.uint8).reshape(2, 3), np.ones((20, 20), np.uint8))


def test_a_photograph():
    found = image_info(with_exif(opencv(SMOOTH, ".jpg"), 6))
    expected = {
        "format": "JPEG", "width": 41, "height": 53, "type": "uint8", "channels": 3, "orientation": 6, "pages": 1,
        "lossy": True, "looks_like": "image", "provenance": None, "compression": "baseline JPEG",
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


def test_a_mask_and_a_label_file():
    mask = image_info(png(13, 9, 1, 0, pack(GRAY & 1, 1)))
    assert (mask["looks_like"], mask["unique"], mask["min"], mask["max"], mask["bits"]) == ("mask", 2, 0, 1, 1)
    labels = image_info(opencv(FLAT, ".png"))
    assert (labels["looks_like"], labels["unique"], labels["max"]) == ("label file", 6, 5)
    assert "6 distinct values" in labels["reason"]
    indexed = image_info(png(13, 9, 8, 3, [row.tobytes() for row in GRAY % 4], [(b"PLTE", bytes(12))]))
    assert (indexed["looks_like"], indexed["palette"], indexed["unique"]) == ("label file", True, 4)


def test_noise_is_an_image():
    assert image_info(opencv(GRAY, ".png"))["looks_like"] == "image"
    assert image_info(tiff(GRAY16.astype(np.float32) / 7))["looks_like"] == "image"


def test_values_are_counted_exactly_to_256():
    every = np.arange(256, dtype=np.uint16).reshape(16, 16)
    assert image_info(opencv(every, ".png"))["unique"] == 256
    every = np.arange(257, dtype=np.uint16).reshape(1, 257)
    assert image_info(opencv(every, ".png"))["unique"] == "> 256"
    rare = np.zeros((600, 600), np.uint16)
    rare[0, 1:301] = np.arange(1, 301)
    assert image_info(opencv(rare, ".png"))["unique"] == "> 256"


def test_what_is_not_finite_is_counted_and_left_out_of_the_range():
    values = np.array([[np.nan, 1.5, np.inf, -2.0]], np.float32)
    found = image_info(tiff(values))
    assert (found["not_finite"], found["min"], found["max"], found["unique"]) == (2, -2.0, 1.5, 2)


def test_pages_and_a_file_that_is_no_image():
    assert image_info(tiff(np.stack([GRAY] * 3), photometric="minisblack"))["pages"] == 3
    with pytest.raises(InputError, match="text"):
        image_info(b"hello")
