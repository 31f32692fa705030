"""Recipes: what their steps do, how they are written down, and what their mistakes are called."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import disks

from segcli.cleanup import Cleanup
from segcli.errors import SegcliError, UsageError
from segcli.files.memory import image_of
from segcli.filters import NAMES as FILTERS
from segcli.phrase import segmenter_from_words, segmenter_named
from segcli.preparation import Preparation
from segcli.recipe import Recipe, RecipeSegmenter, Step, read_recipe, recipe_text
from segcli.recipe.kinds import USES, kind_of
from segcli.segmentation import Segmentation

NUCLEI = """
[[steps]]
use = "median"
radius = 2

[[steps]]
use = "otsu"
name = "bright"

[[steps]]
use = "clean"
min_size = 100
"""


def shaded() -> np.ndarray:
    """The discs in two shades, on noise."""
    noise = np.random.default_rng(2).integers(0, 9, (40, 60)).astype(np.uint8)
    return np.where(np.arange(60) > 25, disks() // 2, disks()) + noise


def cook(text: str, image: np.ndarray | None = None, roi: np.ndarray | None = None) -> Segmentation:
    """What a recipe makes of three discs."""
    return RecipeSegmenter(read_recipe(text, "try.toml"))(image_of(disks() if image is None else image), {}, roi)


def complaint(text: str) -> str:
    """The message of a recipe that cannot be."""
    with pytest.raises(UsageError) as caught:
        RecipeSegmenter(read_recipe(text, "bad.toml"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def steps(*tables: str) -> str:
    """A recipe of steps, each with its lines parted by semicolons."""
    return "".join("[[steps]]\n" + table.replace("; ", "\n") + "\n" for table in tables)


def test_steps_change_the_picture_segment_it_and_tidy_the_mask() -> None:
    result = cook(NUCLEI)
    sizes = np.bincount(segmenter_from_words("otsu")(image_of(disks()), {}).labels.ravel())
    # Of the three discs (149, 253 and 81 pixels) the smallest goes, by its size.
    assert result.kind == "mask"
    assert 149 + 253 - 30 < np.count_nonzero(result.labels) <= 149 + 253
    assert sizes[1] == 149 + 253 + 81
    assert list(result.layers) == ["1_median", "2_bright"]
    assert "histogram" in result.series


def test_a_recipe_of_one_method_gives_what_the_method_gives() -> None:
    image = image_of(shaded())
    for words in ("otsu", "kmeans classes=3", "watershed min_distance=5"):
        use, *knobs = words.split()
        recipe = Recipe((Step(use, {k: int(v) for k, v in (knob.split("=") for knob in knobs)}),))
        alone, found = segmenter_from_words(words)(image, {}), RecipeSegmenter(recipe)(image, {})
        np.testing.assert_array_equal(found.labels, alone.labels)
        assert (found.kind, found.numbers, list(found.layers)) == (alone.kind, alone.numbers, list(alone.layers))


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("and", [1, 0, 0, 0]),
        ("or", [1, 1, 1, 1]),
        ("minus", [0, 0, 0, 1]),
        ("xor", [1, 0, 0, 1]),
        ("majority", [1, 1, 1, 0]),
    ],
)
def test_masks_are_joined_by_a_rule(rule: str, wanted: list[int]) -> None:
    image = np.array([[[90, 90, 90], [90, 90, 0], [90, 0, 90], [90, 0, 0]]], np.uint8)
    tables = []
    for color in "rgb":
        tables += [f'use = "gray"; image = "input"; name = "only {color}"; channel = "{color}"']
        tables += [f'use = "threshold"; name = "{color}"; at = [50]']
    tables += [f'use = "combine"; of = ["r", "g", "b"]; rule = "{rule}"']
    joined = cook(steps(*tables), image)
    assert joined.labels.tolist() == [wanted]


def test_classes_are_selected_by_number_and_become_a_mask() -> None:
    result = cook(steps('use = "otsu"; classes = 3', 'use = "select"; classes = [1, 2]'), shaded())
    whole = cook(steps('use = "otsu"; classes = 3'), shaded())
    np.testing.assert_array_equal(result.labels, np.isin(whole.labels, [1, 2]))
    assert result.kind == "mask"


def test_a_step_makes_the_hint_of_another() -> None:
    result = cook(
        steps(
            'use = "otsu"; name = "area"', 'use = "watershed"; name = "seeds"', 'use = "watershed"; markers = "seeds"'
        )
    )
    assert result.numbers["objects"] == 3
    named = cook(steps('use = "otsu"; name = "area"', 'use = "clean"; of = "area"; largest = true'))
    assert np.count_nonzero(named.labels) == 253


def test_every_step_leaves_something_to_look_at_and_numbers_under_its_name() -> None:
    text = steps('use = "smooth"', 'use = "chan-vese"; name = "rough"', 'use = "watershed"; mask = "rough"')
    result = cook(text)
    assert next(iter(result.layers)) == "1_smooth"
    assert "2_rough" in result.layers
    assert not [name for name in result.layers if "contour_" in name]
    assert "rough_iterations" in result.numbers
    assert list(result.layers)[-1] in ("mask", "distance", "markers", "objects")


def test_of_names_an_earlier_segmentation_than_the_latest() -> None:
    text = steps('use = "otsu"', 'use = "kmeans"', 'use = "clean"; of = "otsu"; min_size = 100')
    assert np.count_nonzero(cook(text).labels) == 149 + 253


def test_a_refined_step_looks_at_the_picture_again() -> None:
    result = cook(steps('use = "otsu"', 'use = "refine"; with = "grabcut"; band = 3'))
    assert result.kind == "mask"
    assert 0.8 < np.count_nonzero(result.labels) / (149 + 253 + 81) < 1.2


def test_regions_that_measure_wrong_are_dropped() -> None:
    mask = cook(steps('use = "otsu"', 'use = "measure"; filter = "area > 100 and area < 200"'))
    assert np.count_nonzero(mask.labels) == 149
    bright = cook(steps('use = "otsu"; classes = 2', 'use = "measure"; filter = "intensity_min > 150"'), shaded())
    assert np.flatnonzero(bright.labels.any(axis=0)).max() < 25
    objects = cook(steps('use = "watershed"; min_distance = 5', 'use = "measure"; filter = "area < 200"'))
    assert (objects.numbers["objects"], np.unique(objects.labels).tolist()) == (2, [0, 1, 2])


def test_a_mask_is_split_into_objects_by_cleaning() -> None:
    assert cook(steps('use = "otsu"', 'use = "clean"; split = true')).kind == "instances"


def test_pixels_that_do_not_count_stay_out() -> None:
    roi = np.zeros((40, 60), bool)
    roi[:, :30] = True
    result = cook(NUCLEI.replace("min_size = 100", "min_size = 1"), roi=roi)
    assert result.labels[:, 30:].max() == 0
    assert result.labels[:, :30].max() == 1


def test_shared_options_work_before_and_after_the_recipe() -> None:
    recipe = read_recipe(steps('use = "otsu"'), "x.toml")
    segmenter = RecipeSegmenter(recipe, Preparation(blur=1.0), Cleanup(largest=True))
    mask = segmenter(image_of(disks()), {}).labels
    assert 230 < np.count_nonzero(mask) < 280
    assert segmenter.record["preparation"] == {"blur": 1.0}


def test_cleaning_classes_is_refused_and_says_how() -> None:
    with pytest.raises(SegcliError, match="Add a step select"):
        cook(steps('use = "kmeans"; classes = 3', 'use = "clean"; min_size = 3'), shaded())


@pytest.mark.parametrize("use", USES)
def test_every_kind_of_step_has_a_summary_and_help_for_each_setting(use: str) -> None:
    kind = kind_of(use)
    assert kind.summary.endswith(".")
    assert all(setting.help for setting in kind.settings)


def test_every_filter_and_method_is_written_and_read_back_equal() -> None:
    tables = [Step(use) for use in FILTERS] + [Step("otsu", name="first one"), Step("threshold", {"at": (80, 150.5)})]
    tables += [Step("grabcut", {"box": (1, 2, 30, 40)}), Step("region-growing", {"point": [[3, 4], [5, 6]]})]
    tables += [Step("select", {"classes": [1, 'cell "A"\u00e9\x7f'], "of": "threshold"})]
    tables += [Step("combine", {"of": ["first one", "select"], "rule": "minus"}), Step("clean", {"largest": True})]
    recipe = Recipe(tuple(tables))
    text = recipe_text(recipe, "Found by tune.\nScore 0.9.")
    assert text.startswith("# Found by tune.\n# Score 0.9.\n\n[[steps]]\n")
    assert read_recipe(text, "a.toml") == recipe


def test_the_record_holds_every_setting_of_every_step() -> None:
    record = RecipeSegmenter(read_recipe(NUCLEI, "cells/nuclei.toml")).record
    assert record["method"] == "nuclei"
    first, second, third = record["recipe"]
    assert first == {"use": "median", "settings": {"radius": 2}}
    assert second == {"use": "otsu", "name": "bright", "settings": {"classes": 2, "foreground": "bright"}}
    assert third["settings"]["min_size"] == 100
    assert third["settings"]["fill_holes"] is False


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[[steps]]\nuse = otsu\n", "line 2: no TOML"),
        ("[[steps]]\nuse = 'otsu'\nclasses = [1,", "line 3: no TOML"),
        ("[[stepps]]\nuse = 'otsu'\n", "line 1: there is no 'stepps' in a recipe; did you mean"),
        ("", "line 1: a recipe needs steps"),
        ("steps = 3", "line 1: a recipe needs steps"),
        ("[[steps]]\nclasses = 2\n", "line 1: a step lacks use"),
        ("[[steps]]\n\nuse = 3\n", "line 3: use is 3"),
        (steps('use = "otsu"', 'use = "otzu"'), "line 4: there is no step 'otzu'; did you mean otsu?"),
        (steps('use = "medain"; radius = 2'), "line 2: there is no step 'medain'; did you mean median?"),
        (steps('use = "otsu"; clases = 3'), "line 3: clases is no setting of otsu; did you mean classes?"),
        (steps('use = "otsu"; min_size = 3'), "line 3: min_size is no setting of otsu; it belongs to a step of its"),
        (steps('use = "otsu"; classes = 1'), "line 3: classes is 1; it must be between 2 and 16."),
        (steps('use = "otsu"', 'use = "clean"; fill-holes = 3'), "line 5: fill_holes is 3; it must be true or false."),
        (steps('use = "clean"', 'use = "otsu"'), "line 2: use is 'clean', and no step before it segments."),
        (steps('use = "median"'), "line 1: no step segments"),
        (steps('use = "otsu"; name = "a"', 'use = "clean"; name = "a"'), "line 6: name is 'a', which another step"),
        (steps('use = "otsu"; name = "cells"', 'use = "clean"; of = "cels"'), "line 6: of is 'cels'"),
        (steps('use = "otsu"; name = "cells"', 'use = "clean"; of = "cels"'), "did you mean cells?"),
        (steps('use = "otsu"', 'use = "otsu"', 'use = "clean"; of = "otsu"'), "2 steps are called so; give them names"),
        (steps('use = "median"', 'use = "otsu"', 'use = "clean"; of = "median"'), "and that is no step that segments"),
        (steps('use = "otsu"', 'use = "combine"; of = ["otsu"]'), "line 5: of names one step"),
        (steps('use = "otsu"', 'use = "combine"; rule = "and"'), "of is missing; combine needs it."),
        (steps('use = "otsu"', 'use = "combine"; of = ["otsu", "otsu"]; rule = "minsu"'), "Did you mean minus?"),
        (steps('use = "watershed"; markers = "seeds"'), "line 3: markers is 'seeds', and no step before it"),
        (steps('use = "watershed"; markers = 3'), "markers is 3; it must be the name of an earlier step."),
        (steps('use = "otsu"', 'use = "refine"; with = "crf iteratons=3"'), "did you mean iterations?"),
        (steps('use = "otsu"', 'use = "refine"; with = "otsu"'), "otsu does not refine masks"),
        (steps('use = "otsu"', 'use = "measure"; filter = "aera > 3"'), "line 5: filter is no filter"),
        (steps('use = "otsu"', 'use = "measure"; filter = "aera > 3"'), "did you mean 'area'?"),
        (steps('use = "predict"; model = "unett"'), "there is no model 'unett'"),
        (steps('use = "predict"; modle = "unet"'), "line 3: modle is no setting of predict; did you mean model?"),
        (steps('use = "pixel-classifier"; model = "none.safetensors"'), "'none.safetensors' does not exist"),
        ("steps = [{use = 'otsu', clases = 2}]", "line 1: clases is no setting"),
    ],
)
def test_a_mistake_is_one_line_with_file_line_and_the_nearest_name(text: str, wanted: str) -> None:
    said = complaint(text)
    assert wanted in said
    assert "bad.toml" in said or "model" in said


def test_a_segmenter_is_named_by_words_or_by_a_recipe(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "my nuclei.toml"
    path.write_text(NUCLEI, encoding="utf-8")
    assert segmenter_named(str(path)).name == "my nuclei"
    assert segmenter_named("kmeans classes=3").record == segmenter_from_words("kmeans classes=3").record
    for words in ("unet", "predict model=unet"):
        assert segmenter_named(words).record["models"][0]["name"] == "unet"
    settings = segmenter_named("predict model=unet instances=true threshold=0.6 tta=flip").record["settings"]
    assert (settings["instances"], settings["threshold"], settings["tta"]) == (True, 0.6, ["flip"])


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("", "method"),
        ("otsux", "did you mean otsu"),
        ("kmean classes=3", "did you mean kmeans"),
        ("unnet", "did you mean unet"),
        ("predict", "model is missing"),
        ("predict model=unet treshold=0.6", "did you mean threshold"),
        ("predict model=unet threshold=high", "a number"),
        ("predict model=unet split", "NAME=VALUE"),
        ("none.toml", "does not exist"),
    ],
)
def test_names_that_stand_for_nothing_are_refused_in_one_line(words: str, wanted: str) -> None:
    with pytest.raises(UsageError, match=wanted) as caught:
        segmenter_named(words)
    assert "\n" not in str(caught.value)
