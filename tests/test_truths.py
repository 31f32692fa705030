"""Pictures and their truth, paired by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from segcli.errors import InputError, UsageError
from segcli.files.sources import Item
from segcli.truths import find_truths

Save = Callable[..., Path]


def mask(value: int = 255, size: int = 8) -> np.ndarray:
    found = np.zeros((size, size), np.uint8)
    found[2:5, 2:5] = value
    return found


def items(*paths: Path) -> list[Item]:
    return [Item(str(path)) for path in paths]


def test_one_mask_goes_with_one_picture_whatever_their_names(save: Save) -> None:
    pictures = items(save("a.png", mask(90)))
    found = find_truths(pictures, [str(save("other.png", mask()))])
    truth = found.of(pictures[0])
    assert (truth.kind, truth.count, int(truth.labels.sum())) == ("mask", 2, 9)


def test_a_folder_of_masks_is_paired_by_name_and_a_shared_ending(save: Save, tmp_path: Path) -> None:
    pictures = items(save("a.png", mask(90)), save("b.png", mask(90)))
    for name in ("a", "b", "c"):
        save(f"masks/{name}_mask.png", mask())
    found = find_truths(pictures, [str(tmp_path / "masks")])
    assert list(found.examples) == [item.name for item in pictures]
    assert [Path(path).name for path in found.spare] == ["c_mask.png"]


def test_several_masks_named_one_by_one_are_paired_by_name_and_pictures_may_lack_theirs(save: Save) -> None:
    pictures = items(save("a.png", mask(90)), save("b.png", mask(90)), save("d.png", mask(90)))
    places = [str(save(f"{name}.true.png", mask())) for name in ("b", "a")]
    found = find_truths(pictures, places)
    assert [Path(name).name for name in found.examples] == ["a.png", "b.png"]
    with pytest.raises(InputError, match=r"d\.png' has no truth"):
        found.of(pictures[2])


def test_numbers_of_objects_stay(save: Save) -> None:
    numbered = mask(1).astype(np.uint16)
    numbered[6, 6] = 700
    pictures = items(save("a.png", mask(90)))
    truth = find_truths(pictures, [str(save("t.png", numbered))]).of(pictures[0])
    assert truth.kind == "instances"
    assert np.unique(truth.labels).tolist() == [0, 1, 700]


def test_void_is_told_apart(save: Save) -> None:
    classes = mask(2)
    classes[0, 0], classes[7, 7] = 255, 1
    pictures = items(save("a.png", mask(90)))
    truth = find_truths(pictures, [str(save("t.png", classes))]).of(pictures[0])
    assert (truth.kind, truth.count) == ("classes", 3)
    assert truth.void is not None
    assert truth.void.sum() == 1


def test_what_does_not_fit_is_named(save: Save, tmp_path: Path) -> None:
    pictures = items(save("a.png", mask(90)), save("b.png", mask(90)))
    with pytest.raises(UsageError, match="does not exist"):
        find_truths(pictures, [str(tmp_path / "nowhere")])
    save("other/x.png", mask())
    with pytest.raises(UsageError, match=r"no truth of .* has the name of a picture.*--truth-suffix"):
        find_truths(pictures, [str(tmp_path / "other")])
    with pytest.raises(UsageError, match="have one name"):
        find_truths(items(save("a.png", mask(90)), save("a.bmp", mask(90))), [str(tmp_path / "other")])
    small = find_truths(pictures[:1], [str(save("small.png", mask(size=7)))])
    with pytest.raises(InputError, match=r"7 x 7.*8 x 8"):
        small.of(pictures[0])
