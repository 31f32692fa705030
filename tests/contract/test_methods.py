"""What every method promises, for each row of the table and each pixel type."""

import doctest
import inspect
import random
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from segcli.arrays import Box, Point
from segcli.errors import InputError, SegcliError, SettingError
from segcli.knob import check_setting
from segcli.method import describe, docstring_sections, run
from segcli.methods import NAMES, find, summary
from segcli.segmentation import VOID

ROWS = {name: describe(find(name)) for name in NAMES}
PIXELS = [(dtype, color) for dtype in ("uint8", "uint16", "float32") for color in (False, True)]
LABEL_TYPES = {"mask": np.uint8, "classes": np.uint8, "instances": np.int32}

each_method = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
each_pixel = pytest.mark.parametrize(
    ("dtype", "color"), PIXELS, ids=[f"{d}-{'color' if c else 'gray'}" for d, c in PIXELS]
)
each_dtype = pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
KNOBS = {f"{row.name}-{knob.name}": (row, knob) for row in ROWS.values() for knob in row.knobs}
HINTED = {name: (row, knob) for name, (row, knob) in KNOBS.items() if knob.is_hint}
each_knob = pytest.mark.parametrize(("row", "knob"), KNOBS.values(), ids=KNOBS)
each_hint = pytest.mark.parametrize(("row", "knob"), HINTED.values(), ids=HINTED)


def picture(dtype="uint8", color=False, shape=(24, 32)):
    """Two bright discs on dark ground, with noise: two clear humps in the histogram."""
    generator = np.random.default_rng(11)
    row, column = np.indices(shape)
    discs = (np.hypot(row - 12, column - 9) < 6) | (np.hypot(row - 11, column - 23) < 5)
    gray = np.where(discs, 170.0, 60.0) + generator.normal(0, 6, shape)
    values = gray[..., None] * (0.8, 1.0, 0.6) + generator.normal(0, 3, (*shape, 3)) if color else gray
    scale = {"uint8": 1.0, "uint16": 200.0, "float32": 1 / 255}[dtype]
    return np.ascontiguousarray((values * scale).astype(dtype))


@cache
def model(row):
    """A tiny model of a method that learns, fitted on the picture in each of its types."""
    from segcli.fitting import LEARNERS

    images = [picture(dtype, color) for dtype, color in PIXELS]
    small = {"pixel_classifier": {"sigmas": (0.7, 1.5)}, "superpixel_crf": {"regions": 60, "classifier": "logistic"}}
    return LEARNERS[row.command](images, [(images[0] > 115).astype(np.int32)] * len(images), **small[row.name])


def hint(kind, shape, row):
    """A hint that fits the picture: the left disc is the object, the corner is not."""
    if kind == "model":
        return model(row)
    height, width = shape
    row, column = height // 2, (9 * width) // 32
    if kind == "box":
        return Box(width // 16, height // 6, max(width - 1, 1), max(height - 1, 1))
    if kind == "points":
        return (Point(column, row),)
    marked = np.zeros(shape, np.int32)
    marked[row : row + 2, column : column + 2] = 1
    marked[: height // 8 + 1, : width // 2] = 2
    if kind == "scores":
        return np.stack([marked != 1, marked == 1]).astype(np.float32)
    return marked if kind == "labels" else marked == 1


@cache
def needed(row):
    """Names of the hints that a method will not work without, as its own refusals name them."""
    names: list[str] = []
    while True:
        try:
            run(row, picture(), **{name: hint(row.knob(name).kind, (24, 32), row) for name in names})
        except SettingError as refusal:
            if refusal.name in names or not row.knob(refusal.name).is_hint:
                raise
            names.append(refusal.name)
        else:
            return tuple(names)


def segment(row, image, *, valid=None, **settings):
    """Run a method with the hints it needs."""
    hints = {name: hint(row.knob(name).kind, image.shape[:2], row) for name in needed(row)}
    return run(row, image, valid=valid, **{**hints, **settings})


def attempt(row, image, **settings):
    """The result, or the one-line refusal of a picture or of a combination of knobs."""
    try:
        return segment(row, image, **settings)
    except (InputError, SettingError) as refusal:
        if "\n" in str(refusal):
            raise
        return refusal


def assert_sound(result, shape):
    """Everything that holds for any result of any method."""
    labels = result.labels
    assert labels.shape == shape
    assert labels.dtype == LABEL_TYPES[result.kind]
    present = np.unique(labels)
    if result.kind == "mask":
        assert set(present) <= {0, 1}
    if result.kind == "instances":
        assert set(present) | {0} == set(range(present.max() + 1))
    for name, layer in result.layers.items():
        assert layer.shape[:2] == shape, name
    for name, number in result.numbers.items():
        assert isinstance(number, (int, float, np.number)), name
        assert np.isfinite(number), name
    for name, series in result.series.items():
        assert series.ndim in (1, 2), name
        assert np.isfinite(series).all(), name
    if result.scores is not None:
        assert result.scores.dtype == np.float32
        assert result.scores.ndim == 3
        assert result.scores.shape[1:] == shape
    assert all(isinstance(text, str) for text in (*result.notes, *result.names, *result.choices.values()))


def assert_same(first, second, *, notes=True):
    """Two results that agree to the last bit."""
    assert np.array_equal(first.labels, second.labels)
    assert first.kind == second.kind
    assert dict(first.numbers) == dict(second.numbers)
    assert dict(first.choices) == dict(second.choices)
    for mine, other in ((first.layers, second.layers), (first.series, second.series)):
        assert mine.keys() == other.keys()
        for name in mine:
            assert np.array_equal(mine[name], other[name], equal_nan=mine[name].dtype.kind == "f"), name
    if notes:
        assert first.notes == second.notes


@each_method
@each_pixel
def test_result_is_sound_and_finds_more_than_background(row, dtype, color, capfd):
    result = segment(row, picture(dtype, color))
    assert_sound(result, (24, 32))
    assert len(np.unique(result.labels)) > 1
    assert capfd.readouterr() == ("", "")


@each_method
@each_pixel
def test_same_call_gives_the_same_result_and_leaves_image_and_hints_alone(row, dtype, color):
    from segcli.opencv import cv2

    image, before = picture(dtype, color), picture(dtype, color)
    hints = {knob.name: hint(knob.kind, (24, 32), row) for knob in row.knobs if knob.name in needed(row)}
    results = []
    for seed in (1, 2):
        # Neither global generator may decide anything.
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        cv2.setRNGSeed(seed)
        results.append(run(row, image, **hints))
    assert_same(*results)
    assert np.array_equal(image, before)
    for name, value in hints.items():
        assert np.array_equal(value, hint(row.knob(name).kind, (24, 32), row)), name


@each_method
@each_pixel
def test_any_memory_layout_gives_the_same_result(row, dtype, color):
    image = picture(dtype, color)
    expected = segment(row, image)
    frozen = image.copy()
    frozen.flags.writeable = False
    wide = np.zeros((48, 96, *image.shape[2:]), dtype)
    wide[::2, ::3] = image
    layouts = {
        "read-only": frozen,
        "strided": wide[::2, ::3],
        "reversed": np.ascontiguousarray(image[::-1, ::-1])[::-1, ::-1],
        "columns first": np.asfortranarray(image),
        "big-endian": image.astype(image.dtype.newbyteorder(">")),
    }
    for name, view in layouts.items():
        assert_same(segment(row, view), expected, notes=name != "big-endian")


@each_method
@each_pixel
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_the_smallest_images_work(row, dtype, color, shape):
    image = picture(dtype, color)[6:, 4:][: shape[0], : shape[1]]
    result = attempt(row, image)
    if isinstance(result, SegcliError):
        # Object and background strokes do not both fit into a pixel or two.
        assert needed(row), result
    else:
        assert_sound(result, shape)


@each_method
@each_pixel
@pytest.mark.parametrize("level", [0, 0.5, 1])
def test_a_constant_image_is_background_with_a_note(row, dtype, color, level):
    highest = 1.0 if dtype == "float32" else np.iinfo(dtype).max
    result = segment(row, np.full((16, 20, 3) if color else (16, 20), highest * level, dtype))
    assert_sound(result, (16, 20))
    assert not result.labels.any()
    assert result.notes


@each_method
@pytest.mark.parametrize("color", [False, True])
def test_nan_pixels_are_counted_and_left_out(row, color):
    image = picture("float32", color)
    missing = np.zeros((24, 32), bool)
    missing[3:5, 20:23] = missing[12, 9] = True
    broken = image.copy()
    broken[missing] = np.nan
    broken[12, 9] = np.inf
    result = segment(row, broken)
    assert_sound(result, (24, 32))
    assert any("7 pixels" in note for note in result.notes)
    assert set(np.unique(result.labels[missing])) == {VOID if result.kind == "classes" else 0}
    assert_same(result, segment(row, image, valid=~missing), notes=False)


@each_method
def test_an_image_of_nothing_but_nan_is_refused(row):
    with pytest.raises(InputError, match="no pixel is left"):
        segment(row, np.full((6, 8), np.nan, np.float32))


@each_method
@each_pixel
def test_values_of_left_out_pixels_decide_nothing(row, dtype, color):
    image = picture(dtype, color)
    valid = np.ones((24, 32), bool)
    valid[:, 27:] = valid[18:, 4:9] = False
    results = []
    for junk in (0, 1, "noise"):
        filled = image.copy()
        amount = (~valid).sum()
        noise = np.random.default_rng(3).permutation(np.resize(image.reshape(-1), filled[~valid].size))
        filled[~valid] = noise.reshape(amount, *image.shape[2:]) if junk == "noise" else junk * image.max()
        results.append(segment(row, filled, valid=valid))
    assert_same(results[0], results[1])
    assert_same(results[0], results[2])
    outside = VOID if results[0].kind == "classes" else 0
    assert (results[0].labels[~valid] == outside).all()
    assert len(np.unique(results[0].labels[valid])) > 1


@each_method
@each_pixel
def test_left_out_pixels_have_no_weight(row, dtype, color):
    # Seven times as many pixels again, all left out: a statistic that counted them would move the cut.
    image = picture(dtype, color)
    wide = np.pad(image, ((0, 0), (0, 7 * 32), *[(0, 0)] * (image.ndim - 2)), mode="edge")
    valid = np.arange(wide.shape[1])[None] < np.full((24, 1), 32)
    hints = {name: hint(row.knob(name).kind, (24, 32), row) for name in needed(row)}
    wide_hints = {
        name: np.pad(value, [(0, 0)] * (value.ndim - 1) + [(0, 7 * 32)]) if isinstance(value, np.ndarray) else value
        for name, value in hints.items()
    }
    expected, result = run(row, image, **hints), run(row, wide, valid=valid, **wide_hints)
    assert np.mean(result.labels[:, :32] == expected.labels) > 0.98
    if "threshold" in expected.numbers:
        assert result.numbers["threshold"] == pytest.approx(expected.numbers["threshold"], rel=0.02)


@each_method
def test_docstring_says_what_help_and_readme_need(row):
    sections = docstring_sections(row.function)
    assert 0 < len(row.summary) <= 79
    assert row.summary.endswith(".")
    assert row.summary[0].isupper()
    assert {"Parameters", "Returns", "References", "Examples"} <= set(sections)
    assert any(character.isdigit() for character in row.paper), "a paper has a year"


@each_method
def test_the_example_in_the_docstring_is_true(row):
    module = sys.modules[row.function.__module__]
    names = {**vars(module), "np": np}
    (example,) = doctest.DocTestFinder(recurse=False).find(row.function, row.name, module, globs=names)
    assert example.examples
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


@each_method
def test_everything_after_the_image_is_keyword_only(row):
    first, *rest = inspect.signature(row.function).parameters.values()
    assert first.name == "image"
    assert {parameter.kind for parameter in rest} <= {inspect.Parameter.KEYWORD_ONLY}


@each_knob
def test_knob_is_documented_and_its_default_allowed(row, knob):
    assert len(knob.help) > 10, f"{row.name}: {knob.name} has no help"
    assert knob.help.rstrip()[-1] in ".)"
    if knob.default is not inspect.Parameter.empty:
        assert check_setting(knob, knob.default) == knob.default


@each_knob
def test_values_just_outside_the_bounds_are_refused_by_name(row, knob):
    wrong = []
    if knob.kind in ("int", "float", "numbers"):
        step = (
            (lambda bound, to: int(bound) + to)
            if knob.kind == "int"
            else (lambda bound, to: np.nextafter(bound, np.inf * to))
        )
        wrong = [step(knob.min, -1)] if knob.min is not None else []
        wrong += [step(knob.max, 1)] if knob.max is not None else []
        wrong += [float("nan"), float("inf"), True]
    if knob.kind == "int":
        wrong.append(1.5)
    if knob.kind in ("choice", "bool"):
        wrong = ["no such word", 17]
    for value in wrong:
        with pytest.raises(SettingError) as refusal:
            segment(row, picture(), **{knob.name: (value,) if knob.kind == "numbers" else value})
        assert refusal.value.name == knob.name


@each_knob
def test_every_choice_and_both_bounds_of_a_knob_work(row, knob):
    allowed = list(knob.choices) + [bound for bound in (knob.min, knob.max) if bound is not None]
    if knob.kind == "bool":
        allowed = [False, True]
    if knob.kind == "int":
        allowed = [value if isinstance(value, str) else int(value) for value in allowed]
    if knob.optional:
        allowed.append(None)
    for value in allowed:
        given = (value,) if knob.kind == "numbers" and value is not None else value
        result = attempt(row, picture(), **{knob.name: given})
        # Two knobs may exclude each other, and a rule may not apply to a tiny picture.
        if not isinstance(result, SegcliError):
            assert_sound(result, (24, 32))


@each_hint
def test_hints_of_another_size_are_refused_with_both_sizes(row, knob):
    if knob.kind == "box":
        with pytest.raises(InputError, match="32 x 24"):
            segment(row, picture(), **{knob.name: Box(100, 100, 120, 120)})
        return
    if knob.kind == "points":
        with pytest.raises(InputError, match="32 x 24"):
            segment(row, picture(), **{knob.name: (Point(3, 4), Point(32, 0))})
        return
    if knob.kind == "model":
        with pytest.raises(InputError, match="fitted for otsu"):
            segment(row, picture(), **{knob.name: replace(model(row), method="otsu")})
        return
    with pytest.raises(InputError, match=r"16 x 12.*32 x 24"):
        segment(row, picture(), **{knob.name: hint(knob.kind, (12, 16), row)})


@each_method
def test_unknown_knobs_are_refused_with_the_nearest_name(row):
    name = row.knobs[0].name
    with pytest.raises(SettingError, match=f"did you mean {name}"):
        segment(row, picture(), **{f"{name}x": 1})


@each_method
def test_file_folder_function_and_row_have_the_same_name(row):
    assert row.function.__module__ == f"segcli.methods.{NAMES[row.name]}.{row.name}"
    assert ROWS[row.name] is row


@each_method
def test_the_summary_in_the_list_of_commands_is_that_of_the_method(row):
    assert summary(row.name) == row.summary
