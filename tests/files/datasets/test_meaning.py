"""What the numbers and colors of masks are taken for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from files.datasets.folders import SHAPE, mask, pairs, picture, save

from segcli.errors import InputError, UsageError
from segcli.files.datasets import DataSet, find_dataset
from segcli.files.datasets.class_names import KNOWN, known_colors

MAPPED = np.array(list(known_colors("camvid")), np.uint8)


def built(folder: Path, *masks: np.ndarray, **settings: object) -> DataSet:
    """A data set with these masks."""
    pairs(folder, [f"m{place}x" for place in range(len(masks))], dict(enumerate(masks)))
    return find_dataset(folder, val_share=0, **settings)  # type: ignore[arg-type]


def classes(data: DataSet, place: int = 0) -> list[int]:
    """The classes of an example's rows, from top to bottom, each once."""
    column = data.read(data.examples[place]).classes[:, 0].tolist()
    return [label for row, label in enumerate(column) if not row or label != column[row - 1]]


@pytest.mark.parametrize("full", [1, 255])
def test_two_numbers_are_a_mask(tmp_path: Path, full: int) -> None:
    data = built(tmp_path, mask(0, full), mask(0))
    assert (data.kind, data.names) == ("mask", ("background", "object"))
    assert classes(data) == [0, 1]


def test_sixteen_bit_masks_of_two_numbers_are_masks(tmp_path: Path) -> None:
    data = built(tmp_path, mask(0, 65_535, kind=np.uint16))
    assert data.kind == "mask"
    assert classes(data) == [0, 1]


def test_a_third_number_between_object_and_ground_is_unknown(tmp_path: Path) -> None:
    assert classes(built(tmp_path, mask(0, 128, 255))) == [0, 255, 1]


def test_255_beside_objects_of_1_is_void(tmp_path: Path) -> None:
    assert classes(built(tmp_path, mask(0, 1, 255), mask(0, 1))) == [0, 1, 255]


def test_class_numbers_are_counted_and_255_beside_them_is_void(tmp_path: Path) -> None:
    data = built(tmp_path, mask(0, 1, 2), mask(0, 4, 255))
    assert (data.kind, len(data.names)) == ("classes", 5)
    assert classes(data, 1) == [0, 4, 255]


def test_a_mask_of_0_and_255_among_class_numbers_is_refused(tmp_path: Path) -> None:
    data = built(tmp_path, mask(0, 1, 2), mask(0, 255))
    with pytest.raises(InputError, match=r"mask '.*m1x.png' has value 255, 3 classes declared\."):
        data.read(data.examples[1])


def test_a_number_means_void_where_the_user_says_so(tmp_path: Path) -> None:
    data = built(tmp_path, mask(0, 1, 2), mask(0, 3, 255), ignore=3)
    assert len(data.names) == 3
    assert classes(data, 1) == [0, 255]


def test_class_numbers_beyond_those_declared_are_refused(tmp_path: Path) -> None:
    data = built(tmp_path, mask(0, 1, 2), mask(0, 7), classes=3)
    with pytest.raises(InputError, match="has value 7, 3 classes declared"):
        data.read(data.examples[1])


def test_masks_of_two_makers_are_told_apart(tmp_path: Path) -> None:
    data = built(tmp_path, mask(0, 255), mask(0, 255), mask(0, 1))
    assert classes(data) == [0, 1]
    with pytest.raises(InputError, match="has value 1, 2 classes declared"):
        data.read(data.examples[2])


def test_blended_masks_are_refused_and_named(tmp_path: Path) -> None:
    blended = mask(*[0] * 4, 64, 191, *[255] * 6)
    data = built(tmp_path, mask(0, 255), blended)
    assert data.kind == "mask"
    with pytest.raises(InputError, match=r"m1x.png' has 2 values beside 0 and 255, such as 64: it was resized"):
        data.read(data.examples[1])
    assert classes(built(tmp_path / "b", blended, mask_threshold=127)) == [0, 1]


def test_sixteen_bit_numbers_are_objects(tmp_path: Path) -> None:
    numbered = mask(0, 1, 2, 300, kind=np.uint16)
    data = built(tmp_path, numbered, mask(0, 1, 0, kind=np.uint16))
    assert data.kind == "instances"
    assert "numbered objects, 2 classes: background, object" in data.describe()
    sample = data.read(data.examples[0])
    assert sample.instances is not None
    assert sample.instances.dtype == np.int32
    assert np.array_equal(sample.instances, numbered)
    assert classes(data) == [0, 1]


def test_a_number_that_is_void_is_no_object(tmp_path: Path) -> None:
    data = built(tmp_path, mask(0, 1, 2, 65_535, kind=np.uint16), ignore=65_535)
    sample = data.read(data.examples[0])
    assert classes(data) == [0, 1, 255]
    assert sample.instances is not None
    assert np.array_equal(sample.instances, mask(0, 1, 2, 0))


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint32, np.int64, np.uint64, np.float32, np.float64])
def test_arrays_of_any_type_are_masks(tmp_path: Path, kind: type) -> None:
    save(tmp_path / "images" / "a.png", picture())
    (tmp_path / "masks").mkdir()
    np.save(tmp_path / "masks" / "a.npy", mask(0, 1).astype(kind))
    data = find_dataset(tmp_path)
    assert data.kind == "mask"
    assert classes(data) == [0, 1]
    np.savez(tmp_path / "masks" / "a.npz", labels=mask(0, 1, 2).astype(kind))
    (tmp_path / "masks" / "a.npy").unlink()
    if kind is not bool:
        assert classes(find_dataset(tmp_path, classes=3)) == [0, 1, 2]


def test_numbers_without_gaps_are_objects_in_8_bits_too(tmp_path: Path) -> None:
    counts = (3, 9, 5, 7, 4, 9)
    data = built(tmp_path / "objects", *(mask(*range(count + 1)) for count in counts))
    assert data.kind == "instances"
    assert built(tmp_path / "said", *(mask(*range(count + 1)) for count in counts), kind="classes").kind == "classes"
    # Classes occur in any combination.
    parts = [(0, 1, 3), (0, 2, 9), (0, 5, 7), (1, 2, 8), (0, 4, 6), (0, 9)]
    assert built(tmp_path / "classes", *(mask(*part) for part in parts)).kind == "classes"


def test_a_user_says_what_numbers_are(tmp_path: Path) -> None:
    deep = mask(0, 1, 2, kind=np.uint16)
    assert built(tmp_path / "a", deep, kind="classes").kind == "classes"
    assert built(tmp_path / "b", deep, classes=3).kind == "classes"
    assert built(tmp_path / "c", mask(0, 1, 2), kind="instances").kind == "instances"


def test_numbers_far_apart_are_no_class_numbers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"masks hold 4 values up to 170 \(0, 60, 120, 170\).*'name number'"):
        built(tmp_path, mask(0, 60, 120, 170))
    (tmp_path / "names.csv").write_text("name,value\nground,0\nroad,60\nvoid,120\ncar,170\n")
    data = built(tmp_path, mask(0, 60, 120, 170), classes=str(tmp_path / "names.csv"))
    assert data.names == ("ground", "road", "car")
    assert classes(data) == [0, 1, 255, 2]


def test_a_file_of_names_in_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("sky\nroad\ncar\n")
    data = built(tmp_path, mask(0, 1))
    assert data.names == ("sky", "road", "car")
    assert data.kind == "classes"
    (tmp_path / "classes.txt").write_text("sky\nVoid\nroad\n")
    data = built(tmp_path, mask(0, 1, 2))
    assert data.names == ("sky", "road")
    assert classes(data) == [0, 255, 1]


def test_colors_of_a_known_set_are_recognized(tmp_path: Path) -> None:
    data = built(tmp_path, MAPPED[mask(0, 3, 8, 11)])
    assert data.names == KNOWN["camvid"]
    assert classes(data) == [0, 3, 8, 255]
    assert classes(built(tmp_path / "said", MAPPED[mask(1, 11)], classes="camvid")) == [1, 255]


def test_colors_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "class_dict.csv").write_text("name,r,g,b\nGround,9,9,9\nTree,1,200,3\nVoid,0,0,0\n")
    colors = np.array([[1, 200, 3], [9, 9, 9], [0, 0, 0]], np.uint8)
    data = built(tmp_path, colors[mask(0, 1, 2)], colors[mask(1, 2)])
    assert (data.kind, data.names) == ("colors", ("Ground", "Tree"))
    assert classes(data) == [1, 0, 255]
    # All gray, so the file holds one channel's worth; it is a color all the same.
    assert classes(data, 1) == [0, 255]
    save(tmp_path / "masks" / "m1x.png", np.full((*SHAPE, 3), (1, 2, 3), np.uint8))
    with pytest.raises(InputError, match=r"m1x.png' has 1 colors that are no class: \(1, 2, 3\)"):
        data.read(data.examples[1])


def test_unknown_colors_are_listed(tmp_path: Path) -> None:
    colors = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    with pytest.raises(InputError, match=r"masks have 2 colors: \(1, 2, 3\), \(4, 5, 6\). Give --classes FILE"):
        built(tmp_path, colors[mask(0, 1)])


def test_colors_that_several_known_sets_have_decide_nothing(tmp_path: Path) -> None:
    # Black and dark red: VOC's background and aeroplane, or CamVid's void and building.
    colors = np.array([[0, 0, 0], [128, 0, 0]], np.uint8)
    with pytest.raises(InputError, match="voc or camvid or cityscapes"):
        built(tmp_path, colors[mask(0, 1)])
    assert classes(built(tmp_path / "b", colors[mask(0, 1)], classes="voc")) == [0, 1]


def test_labelmes_names_begin_with_one_that_is_no_class(tmp_path: Path) -> None:
    (tmp_path / "class_names.txt").write_text("__ignore__\n_background_\nroad\n")
    assert built(tmp_path, mask(0, 1, 255)).names == ("_background_", "road")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no classes"),
        ("only\n", "--classes is 1"),
        ("a 1 2\nb 3 4\n", "has 'a 1 2'; expected a name"),
        ("a 1 2 3\nb\n", "has colors for some classes only"),
        ("1\n2\n", "has '1'; expected a name"),
        ("a 70000\nb 1\n", "has 'a 70000'"),
    ],
)
def test_files_of_names_that_are_none_are_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "names.txt").write_text(text)
    with pytest.raises(UsageError, match=words):
        built(tmp_path, mask(0, 1), classes=str(tmp_path / "names.txt"))


def test_lossy_masks_are_refused_unless_a_threshold_is_given(tmp_path: Path) -> None:
    for name in "ab":
        save(tmp_path / "images" / f"{name}.png", picture())
        save(tmp_path / "masks" / f"{name}.jpg", mask(0, 255), quality=30)
    data = find_dataset(tmp_path, val_share=0)
    with pytest.raises(InputError, match=r"mask '.*a.jpg' is .*JPEG.*--mask-threshold"):
        data.read(data.examples[0])
    assert classes(find_dataset(tmp_path, val_share=0, mask_threshold=127)) == [0, 1]


def test_orientation_is_applied_to_picture_and_mask_alike(tmp_path: Path) -> None:
    from PIL import Image

    for place, values in (("images", picture()), ("masks", mask(0, 255))):
        exif = Image.Exif()
        exif[0x112] = 8
        (tmp_path / place).mkdir()
        Image.fromarray(values).save(tmp_path / place / "a.png", exif=exif)
    sample = (data := find_dataset(tmp_path)).read(data.examples[0])
    assert np.array_equal(sample.image, np.rot90(picture()))
    assert np.array_equal(sample.classes, np.rot90(mask(0, 1)))


def test_sizes_that_differ_are_named(tmp_path: Path) -> None:
    data = built(tmp_path, mask(0, 255, shape=(9, 16)))
    with pytest.raises(InputError, match=r"mask '.*' is 16 x 9, picture '.*' is 16 x 12; they must be equal"):
        data.read(data.examples[0])


def test_pictures_keep_their_type(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png", picture().astype(np.uint16) * 200)
    save(tmp_path / "masks" / "a.png", mask(0, 255))
    data = find_dataset(tmp_path)
    assert data.read(data.examples[0]).image.dtype == np.uint16


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    data = built(tmp_path, mask(0, 255), mask(0, 255))
    (tmp_path / "images" / "m0x.png").write_bytes(b"")
    (tmp_path / "masks" / "m1x.png").write_bytes((tmp_path / "masks" / "m1x.png").read_bytes()[:40])
    with pytest.raises(InputError, match=r"images/m0x.png' is empty"):
        data.read(data.examples[0])
    with pytest.raises(InputError, match=r"mask '.*masks/m1x.png' "):
        data.read(data.examples[1])


def test_data_whose_masks_are_all_unreadable_are_refused(tmp_path: Path) -> None:
    pairs(tmp_path, ["a"])
    (tmp_path / "masks" / "a.png").write_bytes(b"<html>")
    with pytest.raises(InputError, match="HTML page"):
        find_dataset(tmp_path)
