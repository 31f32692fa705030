"""A network as a segmenter: what it takes, what it gives, what is refused."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from tools.discs import picture

from segcli.cleanup import Cleanup
from segcli.errors import InputError, UsageError
from segcli.files.read import read_image
from segcli.files.write import encode_array
from segcli.method import run
from segcli.methods.threshold.otsu import otsu
from segcli.network_segmenter import ModelFile, NetworkSegmenter, likeliest
from segcli.phrase import segmenter_from_words
from segcli.preparation import Preparation
from segcli.segmentation import VOID

PLACES = [(20, 16), (20, 34), (45, 40)]


def image(values, ending=".png"):
    return read_image(encode_array(values, ending, {}))


@pytest.fixture(scope="module")
def made(disc_models):
    """What makes a segmenter of some of the models."""

    def make(*names, **settings):
        return NetworkSegmenter(tuple(ModelFile.open(str(disc_models[name])) for name in names), **settings)

    return make


def discs():
    values, objects = picture(PLACES)
    return values, objects


def agreement(labels, objects):
    return np.mean((labels > 0) == (objects > 0))


def test_two_classes_give_a_mask(made):
    values, objects = discs()
    found = made("discs")(image(values), {})
    assert (found.kind, found.labels.dtype, found.names) == ("mask", np.uint8, ("ground", "disc"))
    assert agreement(found.labels, objects) > 0.95
    assert (found.scores, dict(found.layers), dict(found.numbers), found.notes) == (None, {}, {}, ())


def test_three_classes_give_classes(made):
    found = made("borders")(image(discs()[0]), {})
    assert (found.kind, found.names) == ("classes", ("background", "interior", "border"))
    assert set(np.unique(found.labels)) == {0, 1, 2}


def test_objects_that_touch_are_parted_and_get_their_rims_back(made):
    values, objects = discs()
    found = made("borders", instances=True)(image(values), {})
    assert (found.kind, found.labels.dtype, found.numbers["objects"]) == ("instances", np.int32, 3)
    assert agreement(found.labels, objects) > 0.95
    for number in (1, 2, 3):
        partner = np.bincount(found.labels[objects == number]).argmax()
        both = np.count_nonzero((found.labels == partner) & (objects == number))
        assert both / np.count_nonzero((found.labels == partner) | (objects == number)) > 0.85


def test_objects_of_a_mask_are_connected_parts_or_split_at_necks(made):
    values, _ = discs()
    together = made("discs", instances=True)(image(values), {})
    split = made("discs", instances=True, split=True)(image(values), {})
    assert (together.numbers["objects"], split.numbers["objects"]) == (2, 3)


def test_scores_and_layers_are_kept_where_they_are_asked_for(made):
    values, _ = discs()
    found = made("discs", scores=True, layers=True)(image(values), {})
    assert (found.scores.shape, found.scores.dtype) == ((2, 64, 64), np.float16)
    np.testing.assert_allclose(found.scores.astype(np.float32).sum(0), 1, atol=2e-3)
    np.testing.assert_array_equal(found.scores.argmax(0), found.labels)
    assert list(found.layers) == ["disc probability"]
    objects = made("borders", instances=True, layers=True)(image(values), {})
    assert list(objects.layers) == [
        *("background probability", "interior probability", "border probability"),
        "seeds",
    ]
    assert objects.scores is None


def test_a_threshold_moves_the_mask_and_the_objects(made):
    values, _ = discs()
    for names, settings in ((("discs",), {}), (("borders",), {"instances": True})):
        sizes = [
            np.count_nonzero(made(*names, threshold=threshold, **settings)(image(values), {}).labels)
            for threshold in (0.05, 0.5, 0.95)
        ]
        assert sizes[0] > sizes[1] > sizes[2] > 0
    with pytest.raises(UsageError, match=r"--threshold parts two classes.*background, interior, border"):
        made("borders", threshold=0.5)


def test_an_ensemble_lies_between_its_members(made):
    values, _ = discs()
    one, two, both = (
        made(*names, scores=True)(image(values), {}).scores.astype(np.float32)
        for names in (("discs",), ("another",), ("discs", "another"))
    )
    np.testing.assert_allclose(both, (one + two) / 2, atol=1e-3)
    with pytest.raises(UsageError, match="same classes"):
        made("discs", "borders").load()


def test_color_is_no_gray_unless_somebody_says_so(made):
    values, objects = discs()
    colors = np.stack([values, values, 255 - values], -1)
    with pytest.raises(InputError, match=r"in color, and the model 'discs.safetensors' takes gray. Say --gray"):
        made("discs")(image(colors), {})
    assert made("discs", to_gray=True)(image(colors), {}).labels.shape == (64, 64)
    red = made("discs", preparation=Preparation("r"))(image(colors), {})
    np.testing.assert_array_equal(red.labels, made("discs")(image(values), {}).labels)
    equal = made("discs")(image(np.repeat(values[:, :, None], 3, 2)), {})
    np.testing.assert_array_equal(equal.labels, red.labels)
    found = made("color")(image(colors), {})
    assert agreement(found.labels, objects) > 0.95


def test_gray_pictures_are_taken_as_color_with_a_word(made):
    values, _ = discs()
    assert made("color")(image(values), {}).notes == ("it is gray, and the model was trained on color",)
    both = made("discs", "color", to_gray=True)(image(np.stack([values, values, 255 - values], -1)), {})
    assert agreement(both.labels, discs()[1]) > 0.9


def test_depth_of_the_pixels_does_not_matter(made):
    values, _ = discs()
    eight = made("discs")(image(values), {})
    sixteen = made("discs")(image(values.astype(np.uint16) * 257), {})
    np.testing.assert_array_equal(sixteen.labels, eight.labels)
    share = made("discs")(image(values.astype(np.float32) / 255, ".tif"), {})
    assert np.mean(share.labels == eight.labels) > 0.999
    levels = made("discs")(image(values.astype(np.float32), ".tif"), {})
    assert "the model knows 0 to 1" in levels.notes[0]


def test_what_does_not_count_is_left_out(made):
    values, _ = discs()
    region = np.zeros((64, 64), bool)
    region[:, :30] = True
    assert not made("discs")(image(values), {}, region).labels[~region].any()
    assert (made("borders")(image(values), {}, region).labels[~region] == VOID).all()
    objects = made("borders", instances=True)(image(values), {}, region)
    assert not objects.labels[~region].any()
    holed = values.astype(np.float32) / 255
    holed[5:9, 5:9] = np.nan
    found = made("discs")(image(holed, ".tif"), {})
    assert not found.labels[5:9, 5:9].any()
    assert "16 pixels are NaN or infinite" in found.notes[0]


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (300, 3)])
@pytest.mark.parametrize(("name", "settings"), [("discs", {"flip": True}), ("borders", {"instances": True})])
def test_tiny_and_thin_pictures_are_pictures(made, size, name, settings):
    found = made(name, **settings)(image(np.full(size, 60, np.uint8)), {})
    assert found.labels.shape == size


def test_cleanup_is_that_of_all_segmenters(made):
    values, _ = discs()
    cleanup = Cleanup(largest=True)
    assert made("borders", instances=True, cleanup=cleanup)(image(values), {}).numbers["objects"] == 1
    with pytest.raises(UsageError, match=r"gives classes\. Add --instances"):
        made("borders", cleanup=cleanup)
    with pytest.raises(UsageError, match="--split"):
        made("borders", instances=True, split=True)
    with pytest.raises(UsageError, match="--split"):
        made("discs", split=True)


def test_a_random_field_looks_at_picture_and_scores_again(made):
    values, objects = discs()
    crf = segmenter_from_words("crf iterations=2")
    found = made("discs", refined=crf, scores=True)(image(values), {})
    assert (found.kind, found.scores.dtype) == ("mask", np.float16)
    assert agreement(found.labels, objects) > 0.95
    parted = made("borders", refined=crf, instances=True)(image(values), {})
    assert parted.kind == "instances"
    with pytest.raises(UsageError, match="--refine takes crf"):
        made("discs", refined=segmenter_from_words("grabcut"))


def test_the_record_tells_models_and_settings_but_not_where_they_were_computed(made):
    plain = made("discs").record
    assert plain["method"] == "predict"
    assert plain["models"][0].keys() == {"name", "architecture", "sha256"}
    assert made("discs", device="auto", batch=3, scores=True, layers=True).record == plain
    others = [
        made("another"),
        made("discs", "another"),
        made("discs", tile=64),
        made("discs", flip=True),
        made("discs", scale=True),
        made("discs", threshold=0.4),
        made("discs", instances=True),
        made("discs", to_gray=True),
        made("discs", preparation=Preparation(blur=1)),
        made("discs", refined=segmenter_from_words("crf")),
        made("discs", cleanup=Cleanup(fill_holes=True)),
    ]
    records = [repr(other.record) for other in others]
    assert len({repr(plain), *records}) == len(others) + 1


def test_a_segmenter_travels_to_other_processes(made):
    values, _ = discs()
    segmenter = made("borders", instances=True)
    copy = pickle.loads(pickle.dumps(segmenter))
    np.testing.assert_array_equal(copy(image(values), {}).labels, segmenter(image(values), {}).labels)
    assert copy.record == segmenter.record
    assert copy.load() is segmenter.load()


def test_windows_and_views_change_little(made):
    values, _ = picture(PLACES, (200, 230))
    at_once = made("discs", scores=True)(image(values), {}).scores
    windows = made("discs", scores=True, tile=96)(image(values), {}).scores
    np.testing.assert_allclose(windows.astype(np.float32), at_once.astype(np.float32), atol=1e-3)
    views = made("discs", flip=True, scale=True)(image(values), {})
    assert np.mean(views.labels == at_once.argmax(0)) > 0.97


def test_models_of_other_kinds_are_refused(tmp_path):
    from segcli.arrays import Fitted
    from segcli.files.fitted import write_fitted

    path = tmp_path / "forest.safetensors"
    write_fitted(path, Fitted("pixel_classifier", {"classes": np.arange(2)}))
    with pytest.raises(UsageError, match=r"forest.safetensors' is a model of pixel-classifier, not of a network"):
        ModelFile.open(str(path))


def test_all_is_as_with_methods(made):
    values, _ = discs()
    segmenter = made("discs")
    ours, classical = segmenter(image(values), {}), run(otsu, values)
    assert ours.labels.dtype == classical.labels.dtype
    assert (segmenter.name, segmenter.kind) == ("predict", classical.kind)
    assert replace(segmenter, tile=64) != segmenter


@pytest.mark.parametrize("planes", [2, 3, 9])
def test_the_likeliest_class_is_the_first_of_equals(planes):
    scores = np.random.default_rng(0).integers(0, 4, (planes, 20, 30)).astype(np.float32)
    assert np.array_equal(likeliest(scores), scores.argmax(0))
