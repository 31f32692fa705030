"""What is refused, in which words, and what becomes of what is given up."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from files.annotations.test_round_trips import ALL, NOTHING, labels_of, picture, there_and_back

from segcli.files.annotations.annotated import Annotated, Thing, painted
from segcli.files.annotations.formats import FORMATS
from segcli.files.annotations.losses import LOSSES, LossError, shaped

RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])


def things(*boxes: tuple[int, int, int, int], **more: Any) -> Annotated:
    """Objects that are boxes (left, top, width, height) in a picture of 6 x 4."""
    found = tuple(
        Thing(np.ones((high, wide), bool), left, top, number, **{key: value[number - 1] for key, value in more.items()})
        for number, (left, top, wide, high) in enumerate(boxes, start=1)
    )
    return Annotated("a", (6, 4), "instances", {1: "cat", 2: "dog"} if "label" in more else {}, things=found)


OVERLAP = things((0, 0, 4, 3), (2, 1, 3, 3))

EMPTY = things((0, 0, 1, 1), (0, 0, 0, 0))

CASES = {
    "holes": (picture(RING), "yolo", "has 1 object with holes (object 1), which yolo cannot hold."),
    "parts": (picture([[3, 0, 3], [0, 0, 0]]), "yolo", "1 object of several parts (object 3)"),
    "numbers": (picture([[1, 3]]), "yolo", "2 objects whose numbers are not 1 to 2 (there is 3)"),
    "overlaps": (OVERLAP, "png", "overlaps (objects 1 and 2 overlap in 4 pixels)"),
    "crowds": (things((0, 0, 1, 1), (3, 0, 1, 1), crowd=[False, True]), "png", "has 1 crowd (object 2)"),
    "classes": (things((0, 0, 1, 1), (3, 0, 1, 1), label=[2, 1]), "tif", "objects of 2 classes (cat, dog)"),
    "names": (
        Annotated("a", (1, 1), "mask", {1: "road"}, labels=np.ones((1, 1), np.int32)),
        "npy",
        "names of classes (road)",
    ),
    "empty": (EMPTY, "coco", "has 1 outline in which no pixel has its center (object 2)"),
    "void": (picture([[0, 255], [1, 1]], "classes"), "yolo", "1 void pixels"),
}


def test_each_loss_has_its_case() -> None:
    assert set(CASES) == set(LOSSES)


@pytest.mark.parametrize("word", CASES)
def test_a_loss_is_named_with_what_holds_it_and_can_be_given_up(word: str) -> None:
    one, name, words = CASES[word]
    with pytest.raises(LossError, match=re.escape(words)) as refused:
        shaped(one, FORMATS[name], None, NOTHING)
    said = str(refused.value)
    assert f"--allow-loss {word}" in said
    assert LOSSES[word] in said
    kind = one.kind
    others = said.partition(". Use ")[2].partition(", or --allow-loss")[0].split(", ")
    assert (
        word == "empty"
        or others == [row.name for row in FORMATS.values() if {word} <= set(row.holds) and kind in row.kinds]
        or (word == "numbers" and "parts" in said)
    )
    allowed = frozenset(re.findall(r"--allow-loss (\w+)", said))
    there_and_back(one, name, allowed)


def test_several_losses_stand_in_one_line() -> None:
    with pytest.raises(LossError) as refused:
        shaped(picture([[2, 2, 2, 0, 2], [2, 0, 2, 0, 0], [2, 2, 2, 0, 0]]), FORMATS["yolo"], None, NOTHING)
    assert str(refused.value).count("which yolo cannot hold") == 1
    assert "--allow-loss numbers --allow-loss holes --allow-loss parts" in str(refused.value)


def test_the_smaller_of_two_that_overlap_is_kept() -> None:
    back = there_and_back(OVERLAP, "png", frozenset(["overlaps"]))
    assert labels_of(back).tolist() == [
        [1, 1, 1, 1, 0, 0],
        [1, 1, 2, 2, 2, 0],
        [1, 1, 2, 2, 2, 0],
        [0, 0, 2, 2, 2, 0],
    ]


def test_holes_are_filled_and_parts_become_objects() -> None:
    assert labels_of(there_and_back(picture(RING), "yolo", frozenset(["holes"]))).all()
    # What lies in the hole is kept, above what was filled.
    nested = shaped(picture(ALL["an object in a hole"]), FORMATS["yolo"], None, frozenset(["holes"]))
    assert nested.things is not None
    assert [int(thing.mask.sum()) for thing in nested.things] == [16, 1]
    parts = there_and_back(picture([[1, 0, 1, 2]]), "yolo", frozenset(["parts"]))
    assert labels_of(parts).tolist() == [[1, 0, 2, 3]]


def test_void_becomes_background_and_numbers_begin_anew() -> None:
    void = there_and_back(picture([[0, 255, 1]], "classes"), "yolo", frozenset(["void"]))
    assert labels_of(painted(void, "classes")).tolist() == [[0, 0, 1]]
    assert labels_of(there_and_back(picture([[5, 0, 9]]), "yolo", frozenset(["numbers"]))).tolist() == [[1, 0, 2]]


def test_more_than_a_format_can_number_is_never_given_up() -> None:
    everything = frozenset(LOSSES)
    for name, most in (("voc", 254), ("png", 65_535)):
        with pytest.raises(
            LossError, match=f"has object {most + 1}, {name} numbers {most:,} at most; .*tif.* hold that"
        ):
            shaped(picture([[most + 1]]), FORMATS[name], None, everything)
    with pytest.raises(LossError, match="has class 300, label pictures have classes up to 254"):
        shaped(things((0, 0, 1, 1), label=[300]), FORMATS["png"], "classes", everything)
    with pytest.raises(LossError, match="has class 300, groups of ImageJ go to 255"):
        shaped(things((0, 0, 1, 1), label=[300]), FORMATS["roi"], None, everything)


def test_another_meaning_is_taken_when_it_is_asked_for() -> None:
    two = things((0, 0, 2, 1), (3, 0, 1, 2), label=[2, 1])
    assert labels_of(shaped(two, FORMATS["png"], "classes", NOTHING)).tolist()[0] == [2, 2, 0, 1, 0, 0]
    assert labels_of(shaped(two, FORMATS["mask"], "mask", NOTHING)).tolist()[0] == [1, 1, 0, 1, 0, 0]
    with pytest.raises(LossError, match=r"holds numbered objects; mask .* --kind mask unites them"):
        shaped(two, FORMATS["mask"], None, NOTHING)
    crowd = things((0, 0, 2, 1), crowd=[True])
    with pytest.raises(LossError, match="1 crowd"):
        shaped(crowd, FORMATS["png"], "classes", NOTHING)
    # Two classes at one place are an overlap, one class is not.
    same, other = things((0, 0, 2, 2), (1, 0, 2, 2), label=[1, 1]), things((0, 0, 2, 2), (1, 0, 2, 2), label=[1, 2])
    assert labels_of(shaped(same, FORMATS["png"], "classes", NOTHING))[0].tolist() == [1, 1, 1, 0, 0, 0]
    with pytest.raises(LossError, match="objects 1 and 2 overlap in 2 pixels"):
        shaped(other, FORMATS["png"], "classes", NOTHING)


def test_class_0_is_an_object_where_it_is_no_background() -> None:
    labels = np.array([[0, 0, 1], [255, 2, 1]], np.int32)
    street = Annotated("a", (3, 2), "classes", {0: "sky", 1: "road", 2: "car"}, labels=labels)
    for name in ("coco", "geojson", "png", "voc"):
        assert np.array_equal(labels_of(painted(there_and_back(street, name), "classes")), labels)
    with pytest.raises(LossError, match="has a class 0, 'sky', and in roi 0 is background"):
        there_and_back(street, "roi")


def test_a_class_255_that_has_a_name_is_no_void() -> None:
    lamp = Annotated("a", (6, 4), "instances", {255: "lamp"}, things=things((0, 0, 2, 2), label=[255]).things)
    for name in ("coco", "geojson", "roi"):
        back = there_and_back(lamp, name)
        assert back.things is not None
        assert (back.things[0].label, back.names) == (255, {255: "lamp"})
    with pytest.raises(LossError, match="has class 255, label pictures have classes up to 254"):
        shaped(lamp, FORMATS["png"], "classes", NOTHING)


def test_void_between_objects_is_kept_where_there_is_room() -> None:
    objects = things((0, 0, 2, 2), (2, 0, 1, 2), (3, 0, 2, 2), label=[1, -1, 1])
    back = there_and_back(objects, "voc", frozenset(["names"]))
    assert back.things is not None
    assert [(thing.number, thing.label, thing.left) for thing in back.things] == [(1, 1, 0), (3, 1, 3), (4, -1, 2)]
    with pytest.raises(LossError, match="has 2 void pixels"):
        there_and_back(objects, "png")
