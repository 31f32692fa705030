"""A signature read into a row, and `run`, which refuses what the row does not allow."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pytest

from segcli.arrays import Box, Color, Gray, Labels, Mask, Param, Valid
from segcli.cleanup import Cleanup
from segcli.errors import InputError, SettingError, UsageError
from segcli.method import describe, run
from segcli.segmentation import Segmentation


def above_mean(
    image: Gray,
    *,
    valid: Valid = None,
    classes: Annotated[int, Param(min=2, max=16)] = 2,
    at: Annotated[tuple[float, ...] | None, Param(unit="image units")] = None,
    groups: Annotated[int, Param(min=2)] | Literal["auto"] = "auto",
    connectivity: Literal[4, 8] = 8,
    lines: bool = False,
    box: Box | None = None,
    markers: Labels | None = None,
    mask: Mask | None = None,
) -> Segmentation:
    """Everything above the mean is foreground.

    A method made for these tests.

    Parameters
    ----------
    image : (H, W)
        Image.
    classes : int
        Number of
        classes.
    at : float
        Levels.

    References
    ----------
    Nobody, "Nothing", 2026.
    """
    inside = image if valid is None else image[valid]
    numbers = {"mean": float(inside.mean(dtype=np.float64))}
    kind: Literal["mask", "classes"] = "mask" if classes == 2 else "classes"
    layers = {} if markers is None else {"markers": markers}
    return Segmentation((image > numbers["mean"]).astype(np.uint8), kind, numbers=numbers, layers=layers)


def in_color(image: Color) -> Segmentation:
    """Everything is background."""
    assert image.ndim == 3
    return Segmentation(np.zeros(image.shape[:2], np.uint8), "mask", numbers={"red": float(image[0, 0, 0])})


def test_the_row_says_what_the_signature_says() -> None:
    row = describe(above_mean)
    assert (row.name, row.form, row.takes_valid) == ("above_mean", "gray", True)
    assert row.summary == "Everything above the mean is foreground."
    assert row.description == "A method made for these tests."
    assert row.paper == 'Nobody, "Nothing", 2026.'
    kinds = {knob.name: (knob.kind, knob.default, knob.optional) for knob in row.knobs}
    assert kinds == {
        "classes": ("int", 2, False),
        "at": ("numbers", None, True),
        "groups": ("int", "auto", False),
        "connectivity": ("choice", 8, False),
        "lines": ("bool", False, False),
        "box": ("box", None, True),
        "markers": ("labels", None, True),
        "mask": ("mask", None, True),
    }
    assert (row.knob("classes").min, row.knob("classes").max, row.knob("classes").help) == (2, 16, "Number of classes.")
    assert (row.knob("at").unit, row.knob("connectivity").choices) == ("image units", (4, 8))


def test_an_unknown_type_is_the_authors_mistake() -> None:
    def odd(image: Gray, *, text: str = "") -> Segmentation:
        """Never run."""
        raise AssertionError

    with pytest.raises(TypeError, match="odd: parameter text"):
        describe(odd)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": 1}, "classes is 1; it must be between 2 and 16."),
        ({"classes": 2.5}, "classes is 2.5; it must be a whole number."),
        ({"classes": True}, "classes is True; it must be a whole number."),
        ({"clases": 3}, "clases is not a knob of above_mean; did you mean classes?"),
        ({"groups": 1}, "groups is 1; it must be at least 2."),
        ({"groups": "automatic"}, "groups is 'automatic'; it must be one of auto."),
        ({"connectivity": 6}, "connectivity is 6; it must be one of 4, 8."),
        ({"lines": 1}, "lines is 1; it must be true or false."),
        ({"at": [1.0, float("nan")]}, "at is nan; it must be a number."),
        ({"box": (3, 1, 3, 5)}, "box is 3,1,3,5, which has no area; right and bottom lie outside the box."),
        ({"box": (3, 1)}, r"box is (3, 1); it must be LEFT,TOP,RIGHT,BOTTOM in pixels."),
        ({"classes": None}, "classes is None; it needs a value."),
    ],
)
def test_settings_are_refused_by_name_value_and_bounds(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError) as failure:
        run(above_mean, np.zeros((4, 5), np.uint8), **settings)
    assert str(failure.value) == message


def test_hints_must_have_the_images_size_and_boxes_are_cut_to_it() -> None:
    image = np.zeros((4, 5), np.uint8)
    with pytest.raises(InputError, match="markers is 2 x 3, the image is 5 x 4"):
        run(above_mean, image, markers=np.zeros((3, 2)))
    with pytest.raises(InputError, match="lies outside the image, which is 5 x 4"):
        run(above_mean, image, box=(10, 10, 20, 20))
    result = run(above_mean, image, markers=np.ones((4, 5), np.uint16))
    assert result.layers["markers"].dtype == np.int32


def test_the_form_decides_what_a_method_is_handed() -> None:
    colors = np.zeros((2, 2, 3), np.uint16)
    colors[:, 1] = (1000, 2000, 3000)
    # Rec. 601: 0.299 * 1000 + 0.587 * 2000 + 0.114 * 3000 = 1815; the mean of 0 and 1815 is 907.5.
    assert run(above_mean, colors).numbers["mean"] == 907.5
    assert run(in_color, np.full((2, 2), 7, np.uint8)).numbers["red"] == 7


@pytest.mark.parametrize(
    ("image", "complaint"),
    [
        (np.zeros((2, 2, 4), np.uint8), "shape"),
        (np.zeros((0, 5), np.uint8), "at least one"),
        (np.zeros(5, np.uint8), "shape"),
        (np.array([["a"]]), "expected numbers"),
        (np.full((3, 3), np.nan, np.float32), "no pixel is left"),
    ],
)
def test_what_is_no_image_is_refused(image: np.ndarray, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        run(above_mean, image)


def test_other_number_types_become_float32_with_a_note() -> None:
    result = run(above_mean, np.array([[0, -5], [3, 90_000]], np.int64))
    assert result.notes == ("int64 pixels were read as float32",)
    assert run(above_mean, np.array([[False, True]])).labels.tolist() == [[0, 1]]
    assert run(above_mean, np.array([[1, 300]], ">u2")).labels.tolist() == [[0, 1]]


def test_pixels_left_out_take_no_part_and_are_background() -> None:
    image = np.array([[0, 10, 255, 255]], np.uint8)
    valid = np.array([[True, True, True, False]])
    result = run(above_mean, image, valid=valid)
    # (0 + 10 + 255) / 3 = 88.33
    assert result.numbers["mean"] == pytest.approx(265 / 3)
    assert result.labels.tolist() == [[0, 0, 1, 0]]
    classes = run(above_mean, image, valid=valid, classes=3)
    assert classes.labels.tolist() == [[0, 0, 1, 255]]


def test_nan_and_infinity_are_left_out_and_counted() -> None:
    image = np.array([[0.0, 1.0, np.nan, np.inf]], np.float32)
    result = run(above_mean, image)
    assert result.numbers["mean"] == 0.5
    assert result.labels.tolist() == [[0, 1, 0, 0]]
    assert result.notes == ("2 pixels are NaN or infinite and were left out",)


def test_clean_up_is_refused_for_classes() -> None:
    image = np.array([[0, 200, 0, 200, 200]], np.uint8)
    assert run(above_mean, image, cleanup=Cleanup(min_size=2)).labels.tolist() == [[0, 0, 0, 1, 1]]
    with pytest.raises(UsageError, match="masks and instances only"):
        run(above_mean, image, cleanup=Cleanup(min_size=2), classes=3)


def test_a_method_that_breaks_its_promise_is_found_out() -> None:
    def wrong(image: Gray) -> Segmentation:
        """Return labels of another size."""
        return Segmentation(np.zeros((1, 1), np.uint8), "mask")

    with pytest.raises(TypeError, match="wrong returned labels"):
        run(wrong, np.zeros((2, 2), np.uint8))


def test_the_number_of_objects_is_that_after_clean_up() -> None:
    def numbered(image: Gray) -> Segmentation:
        """Every pixel above 0 is an object of that number."""
        labels = image.astype(np.int32)
        return Segmentation(labels, "instances", numbers={"objects": 3})

    image = np.array([[1, 1, 0, 2, 0, 3, 3]], np.uint8)
    assert run(numbered, image).numbers["objects"] == 3
    assert run(numbered, image, cleanup=Cleanup(min_size=2)).numbers["objects"] == 2
    valid = np.array([[True, True, True, True, True, False, False]])
    assert run(numbered, image, valid=valid).numbers["objects"] == 2
