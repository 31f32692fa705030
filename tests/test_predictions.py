"""Where predictions come from, and the forms in which they are scored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from files.datasets.folders import mask, save

from segcli.errors import InputError, UsageError
from segcli.files.datasets.example import Example
from segcli.files.datasets.meaning import Meaning
from segcli.files.write import encode_array, encode_labels, write_bytes
from segcli.predictions import (
    FilePredictions,
    Form,
    as_classes,
    as_map,
    as_objects,
    as_regions,
    find_form,
    probabilities,
)
from segcli.segmentation import VOID, Segmentation

MASK, CLASSES, OBJECTS = Meaning("mask", 2, {0: 0, 255: 1}), Meaning("classes", 3), Meaning("instances", 2)
EXAMPLE = Example("a", "")


def file(folder: Path, name: str, values: np.ndarray) -> str:
    return str(save(folder / name, values))


def test_numbers_of_predictions_are_told_by_many_of_them(tmp_path: Path) -> None:
    two = [file(tmp_path, "a.png", mask(0, 255)), file(tmp_path, "b.png", mask(0))]
    few = [*two[1:], file(tmp_path, "c.png", mask(0, 1, 2, 3))]
    assert find_form(two, MASK) == "mask"
    assert find_form(two, OBJECTS) == "mask"
    assert find_form(few, OBJECTS) == "instances"
    assert find_form(few, CLASSES) == "classes"
    assert find_form([file(tmp_path, "d.png", mask(0, 700, kind=np.uint16))], MASK) == "instances"
    assert find_form([file(tmp_path, "e.png", np.dstack([mask(0, 1), mask(0, 2), mask(0, 3)]))], CLASSES) == "stored"


def test_numbers_of_the_truths_own_files_are_classes_too(tmp_path: Path) -> None:
    meaning = Meaning("classes", 2, {0: 0, 128: 1, 11: VOID})
    path = file(tmp_path, "a.png", mask(0, 128, 11, shape=(3, 1)))
    assert find_form([path], meaning) == "stored"
    assert FilePredictions("stored", meaning).predict(EXAMPLE, path).labels.tolist() == [[0], [1], [VOID]]
    assert find_form([file(tmp_path, "b.png", mask(0, 1, 1))], meaning) == "mask"


def test_what_segcli_wrote_says_what_it_is(tmp_path: Path) -> None:
    kinds: tuple[Form, ...] = ("mask", "classes", "instances")
    for kind in kinds:
        values = mask(0, 1).astype(np.int32 if kind == "instances" else np.uint8)
        write_bytes(tmp_path / f"{kind}.png", encode_labels(values, kind, ".png", {"kind": kind}))
        assert find_form([str(tmp_path / f"{kind}.png")], OBJECTS) == kind
    scores = np.stack([mask(0, 1), mask(1, 0)]).astype(np.float16)
    write_bytes(tmp_path / "scores.npz", encode_array(scores, ".npz", {}))
    assert find_form([str(tmp_path / "scores.npz")], MASK) == "map"
    with pytest.raises(UsageError, match="classes and mask"):
        find_form([str(tmp_path / "mask.png"), str(tmp_path / "classes.png")], MASK)


def test_a_probability_map_is_a_mask_above_a_threshold(tmp_path: Path) -> None:
    values = np.array([[0, 100, 160, 255]], np.uint8)
    found = FilePredictions("map", MASK, 0.6).predict(EXAMPLE, file(tmp_path, "a.png", values))
    assert (found.kind, found.labels.tolist()) == ("mask", [[0, 0, 1, 1]])
    assert as_map(found)[0] == pytest.approx(values[0] / 255)
    planes = np.array([[[0.5, 0.2]], [[0.3, 0.1]], [[0.2, 0.7]]], np.float32)
    write_bytes(tmp_path / "b.npz", encode_array(planes, ".npz", {}))
    many = FilePredictions("map", CLASSES).predict(EXAMPLE, str(tmp_path / "b.npz"))
    assert (many.kind, many.labels.tolist()) == ("classes", [[0, 2]])
    assert as_map(many)[0] == pytest.approx([0.5, 0.8])


def test_numbers_are_probabilities_by_their_scale_or_not_at_all() -> None:
    assert probabilities(np.array([[0, 1]], np.uint8)).tolist() == [[[0, 1]]]
    assert probabilities(np.array([[0, 65_535]], np.uint16)).tolist() == [[[0, 1]]]
    assert probabilities(np.array([[0.0, 0.25]])).tolist() == [[[0, 0.25]]]
    for wrong in (np.array([[0.0, 1.5]]), np.array([[-0.5, 1.0]]), np.array([[np.nan, 1.0]])):
        with pytest.raises(InputError, match="probabilities lie between 0 and 1"):
            probabilities(wrong)


def test_a_mask_with_gray_values_is_refused_by_name(tmp_path: Path) -> None:
    path = file(tmp_path, "gray.png", mask(0, 90, 255))
    with pytest.raises(InputError, match=r"prediction '.*gray.png' holds 3 values, such as 90; a mask has two"):
        FilePredictions("mask", MASK).predict(EXAMPLE, path)
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"^prediction '.*bad.png' is not an image"):
        FilePredictions("mask", MASK).predict(EXAMPLE, str(tmp_path / "bad.png"))


def test_colors_are_no_numbers(tmp_path: Path) -> None:
    path = file(tmp_path, "a.png", np.dstack([mask(0, 255), mask(0), mask(0)]))
    for form in ("stored", "mask", "classes"):
        with pytest.raises(InputError, match="has colors, where the truth has numbers"):
            FilePredictions(form, MASK).predict(EXAMPLE, path)  # type: ignore[arg-type]


def test_maps_and_lossy_masks_point_to_the_threshold(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg"):
        path = file(tmp_path, name, np.arange(192, dtype=np.uint8).reshape(12, 16))
        with pytest.raises(InputError, match=r"--threshold 0\.5"):
            FilePredictions("classes", MASK).predict(EXAMPLE, path)


def test_colors_of_predictions_mean_what_those_of_the_truth_do(tmp_path: Path) -> None:
    meaning = Meaning("colors", 2, {0: 0, 255 << 32: 1})
    path = file(tmp_path, "a.png", np.dstack([mask(0, 255), mask(0), mask(0)]))
    assert np.unique(FilePredictions("stored", meaning).predict(EXAMPLE, path).labels).tolist() == [0, 1]
    other = file(tmp_path, "b.png", np.dstack([mask(0, 255), mask(9), mask(0)]))
    with pytest.raises(InputError, match=r"^prediction '.*b.png' has 2 colors that are no class"):
        FilePredictions("stored", meaning).predict(EXAMPLE, other)


def test_forms_follow_from_the_kind() -> None:
    row = np.array([[1, 0, 1, 2, VOID]])
    classes = Segmentation(row.astype(np.uint8), "classes")
    objects = Segmentation(row.astype(np.int32), "instances")
    binary = Segmentation(np.array([[1, 0, 1]], np.uint8), "mask")
    assert as_classes(classes, 3).tolist() == row.tolist()
    assert as_classes(objects, 2).tolist() == [[1, 0, 1, 1, 1]]
    assert as_objects(objects).tolist() == row.tolist()
    assert as_objects(classes).tolist() == [[1, 0, 2, 3, 0]]
    assert as_objects(binary).tolist() == as_regions(binary).tolist() == [[1, 0, 2]]
    assert as_regions(classes).tolist() == row.tolist()
    assert as_map(binary).tolist() == [[1, 0, 1]]
    with pytest.raises(InputError, match="holds 2; the 2 classes are 0 to 1"):
        as_classes(classes, 2)
    with pytest.raises(InputError, match="none of 3 classes"):
        as_classes(objects, 3)
