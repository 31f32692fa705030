"""Scores of predictions against the truth, from folders to sums."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files.datasets.folders import by_parts, camvid, coco, mask, pairs, picture, save

from segcli.errors import SettingError, UsageError
from segcli.evaluate import Evaluation, compare, count_all, judge
from segcli.evaluate.plan import Choices, Plan, Truth, find_truth, plan_files, plan_segmenter, plan_words
from segcli.scores import instance, semantic
from segcli.segmenter import MethodSegmenter

NOTHING = dict.fromkeys(("images", "masks", "suffix", "classes", "kind", "ignore", "mask_threshold"))


def truth_of(place: Path, split: str | None = None, with_pictures: bool = False, **options: Any) -> Truth:
    return find_truth(str(place), split, with_pictures=with_pictures, options={**NOTHING, **options})


def scored(plan: Plan, workers: int = 1, **settings: Any) -> Evaluation:
    return judge(plan, count_all(plan, workers), **settings)


def objects(seed: int, shape: tuple[int, int] = (40, 60)) -> np.ndarray:
    """A dozen numbered squares of 16 bits, by chance apart or not."""
    random = np.random.default_rng(seed)
    found = np.zeros(shape, np.uint16)
    for number in range(1, 13):
        row, column = random.integers(0, shape[0] - 6), random.integers(0, shape[1] - 6)
        found[row : row + 6, column : column + 6] = number
    return found


def two_folders(folder: Path, count: int = 4) -> list[tuple[np.ndarray, np.ndarray]]:
    """Predictions and truth of numbered objects."""
    made = []
    for number in range(count):
        true = objects(number)
        found = np.roll(true, number, axis=1)
        save(folder / "truth" / f"p{number}.png", true)
        save(folder / "found" / f"p{number}.png", found)
        made.append((found, true))
    return made


def test_numbered_objects_are_scored_as_objects_and_as_foreground(tmp_path: Path) -> None:
    made = two_folders(tmp_path)
    found = scored(plan_files(str(tmp_path / "found"), truth_of(tmp_path / "truth"), []))
    assert [result.task for result in found.results] == ["instance", "semantic"]
    matches = sum((instance.match(*pair) for pair in made), instance.Matches())
    assert found.results[0].scores["f1"] == pytest.approx(matches.f1)
    precision = [instance.average_precision(*pair) for pair in made]
    assert found.results[0].scores["average_precision"] == pytest.approx(np.mean(precision))
    assert found.results[0].pictures["average_precision"] == pytest.approx(precision)
    matrix = sum(semantic.confusion(one > 0, two > 0) for one, two in made)
    assert found.results[1].scores["mean_iou"] == pytest.approx(semantic.mean_iou(np.asarray(matrix)))
    assert found.results[1].matrix is not None
    assert found.results[1].matrix[:2, :2].tolist() == np.asarray(matrix).tolist()
    assert [found.names[place] for place, _ in found.worst(1)] == [f"p{int(np.argmin(precision))}"]


def test_workers_count_the_same(tmp_path: Path) -> None:
    two_folders(tmp_path)
    plan = plan_files(str(tmp_path / "found"), truth_of(tmp_path / "truth"), ["instance"])
    one, two = (list(count_all(plan, workers)) for workers in (1, 2))
    assert [row.name for row in one] == [row.name for row in two]
    assert all((left.counts[0] == right.counts[0]).all() for left, right in zip(one, two, strict=True))


def test_masks_for_numbered_objects_are_parted_and_that_is_said(tmp_path: Path) -> None:
    save(tmp_path / "truth" / "a.png", mask(1, 0, 2, 0, kind=np.uint16))
    save(tmp_path / "found" / "a.png", mask(255, 0, 255, 0))
    plan = plan_files(str(tmp_path / "found"), truth_of(tmp_path / "truth", kind="instances"), [])
    assert scored(plan).results[0].scores["f1"] == 1
    assert "connected parts" in plan.notes[0]


def test_parts_of_a_data_set_are_chosen(tmp_path: Path) -> None:
    by_parts(tmp_path / "data")
    assert (truth_of(tmp_path / "data").part, len(truth_of(tmp_path / "data").examples)) == ("test", 1)
    assert len(truth_of(tmp_path / "data", "all").examples) == 6
    assert len(truth_of(tmp_path / "data", "val").examples) == 2
    with pytest.raises(UsageError, match="has train, val, test, and all takes them together"):
        truth_of(tmp_path / "data", "tests")
    pairs(tmp_path / "flat", [f"x{place}y" for place in range(10)])
    assert truth_of(tmp_path / "flat").part == "all"
    assert len(truth_of(tmp_path / "flat", "val").examples) == 2


def test_pictures_of_one_name_in_two_parts_are_told_apart(tmp_path: Path) -> None:
    for part, values in (("train", (0, 255)), ("test", (255, 0))):
        pairs(tmp_path / "data" / part, ["a"], {0: mask(*values)})
        save(tmp_path / "found" / part / "a.png", mask(*values))
    truth = truth_of(tmp_path / "data", "all")
    found = scored(plan_files(str(tmp_path / "found"), truth, []))
    assert (found.names, found.results[0].scores["iou"]) == (("train/a", "test/a"), 1)


def test_a_method_is_scored_as_its_files_would_be(tmp_path: Path) -> None:
    pairs(tmp_path / "data", ["a", "b", "c"])
    truth = truth_of(tmp_path / "data", with_pictures=True)
    otsu = MethodSegmenter("otsu")
    made = scored(plan_segmenter("otsu", otsu, truth, []))
    for example in truth.examples:
        from segcli.files.read import read_image

        labels = otsu(read_image(example.image), {}).labels
        save(tmp_path / "found" / f"{example.name}.png", labels * np.uint8(255))
    files = scored(plan_files(str(tmp_path / "found"), truth, []))
    assert made.results[0].scores == files.results[0].scores
    names, differences = compare(made, files)
    assert names == ("a", "b", "c")
    assert differences["semantic"]["mean_iou"][:3] == (0, 0, 0)


def test_words_name_folders_methods_and_models(tmp_path: Path, disc_models: dict[str, Path]) -> None:
    pairs(tmp_path / "data", ["a", "b"])
    truth = truth_of(tmp_path / "data", with_pictures=True)
    save(tmp_path / "found" / "a.png", mask(0, 255))
    save(tmp_path / "found" / "b.png", mask(0, 255))
    assert plan_words(str(tmp_path / "found"), truth, []).paths
    assert plan_words("otsu classes=2", truth, []).label == "otsu classes=2"
    model = plan_words(str(disc_models["discs"]), truth, [], Choices(device="cpu"))
    assert model.threads
    assert scored(model, 2).names == ("a", "b")
    with pytest.raises(UsageError, match="there is no model 'otsoo'"):
        plan_words("otsoo", truth, [])


def test_a_network_numbers_objects_where_the_truth_does(tmp_path: Path, disc_models: dict[str, Path]) -> None:
    from tools.discs import picture as discs

    for name, places in (("a", [(16, 16), (40, 40)]), ("b", [(20, 30)])):
        image, true = discs(places)
        save(tmp_path / "images" / f"{name}.png", image)
        save(tmp_path / "masks" / f"{name}.png", true.astype(np.uint16))
    truth = truth_of(tmp_path, with_pictures=True, kind="instances")
    for name in ("discs", "borders"):
        found = scored(plan_words(str(disc_models[name]), truth, [], Choices(device="cpu")))
        assert not found.faults
        assert found.results[0].scores["f1"] > 0.6, name
        assert found.results[1].scores["dice"] > 0.7, name
    saliency = scored(plan_words(str(disc_models["discs"]), truth, ["saliency"], Choices(device="cpu")))
    assert saliency.results[0].scores["max_f_measure"] > 0.8


def test_a_model_of_other_classes_is_refused(tmp_path: Path, disc_models: dict[str, Path]) -> None:
    pairs(tmp_path, ["a"], {0: mask(0, 1, 2)})
    with pytest.raises(UsageError, match=r"tells 2 classes apart \(ground, disc\), the truth has 3"):
        plan_words(str(disc_models["discs"]), truth_of(tmp_path, with_pictures=True), [], Choices(device="cpu"))


def test_void_of_the_truth_does_not_count(tmp_path: Path) -> None:
    true = mask(0, 1, 9)
    save(tmp_path / "truth" / "a.png", true)
    save(tmp_path / "found" / "a.png", mask(0, 1, 1))
    truth = truth_of(tmp_path / "truth", ignore=9, classes=2)
    assert scored(plan_files(str(tmp_path / "found"), truth, [])).results[0].scores["pixel_accuracy"] == 1


def test_void_hides_objects_of_both_sides(tmp_path: Path) -> None:
    save(tmp_path / "truth" / "a.png", mask(1, 0, 9, kind=np.uint16))
    save(tmp_path / "found" / "a.png", mask(1, 0, 5, kind=np.uint16))
    truth = truth_of(tmp_path / "truth", ignore=9, kind="instances")
    assert scored(plan_files(str(tmp_path / "found"), truth, ["instance"])).results[0].scores["f1"] == 1


def test_missing_predictions_are_an_error_or_left_out(tmp_path: Path) -> None:
    two_folders(tmp_path)
    (tmp_path / "found" / "p2.png").unlink()
    truth = truth_of(tmp_path / "truth")
    with pytest.raises(UsageError, match=r"1 of 4 pictures have no prediction in '.*found': 'p2'\. --allow-missing"):
        plan_files(str(tmp_path / "found"), truth, [])
    plan = plan_files(str(tmp_path / "found"), truth, [], Choices(allow_missing=True))
    found = scored(plan)
    assert (plan.missing, found.names) == (("p2",), ("p0", "p1", "p3"))
    assert found.results[0].counts.shape[0] == 3


def test_sizes_that_differ_are_both_named(tmp_path: Path) -> None:
    two_folders(tmp_path)
    save(tmp_path / "found" / "p1.png", objects(1, (40, 50)))
    found = scored(plan_files(str(tmp_path / "found"), truth_of(tmp_path / "truth"), []))
    assert found.results == ()
    (fault,) = found.faults
    assert f"prediction '{tmp_path}/found/p1.png' is 50 x 40, truth '{tmp_path}/truth/p1.png' is 60 x 40" in fault


def test_tasks_that_do_not_suit_are_refused(tmp_path: Path) -> None:
    pairs(tmp_path, ["a", "b"], {0: mask(0, 1, 2)})
    place, truth = str(tmp_path / "masks"), truth_of(tmp_path / "masks", classes=3, kind="classes")
    with pytest.raises(SettingError, match="'semantik'"):
        plan_files(place, truth, ["semantik"])
    with pytest.raises(UsageError, match="--task instance needs a truth that numbers objects"):
        plan_files(place, truth, ["instance"])
    with pytest.raises(UsageError, match="the truth has 3 classes"):
        plan_files(place, truth, ["saliency"])
    with pytest.raises(UsageError, match="needs pictures"):
        plan_segmenter("otsu", MethodSegmenter("otsu"), truth, [])


def test_other_layouts_are_truth_too(tmp_path: Path) -> None:
    truth = truth_of(camvid(tmp_path / "camvid"))
    for example in truth.examples:
        save(tmp_path / "found" / f"{example.name}.png", mask(0, 3, 11))
    found = scored(plan_files(str(tmp_path / "found"), truth, ["semantic", "boundary"]))
    assert found.names == tuple(example.name for example in truth.examples)
    table = truth_of(coco(tmp_path / "coco"))
    save(tmp_path / "cells" / "a.png", np.zeros((12, 16), np.uint16) + 700)
    save(tmp_path / "cells" / "b.png", np.zeros((12, 16), np.uint16))
    by_objects = plan_files(str(tmp_path / "cells"), table, [])
    assert [tally.task for tally in by_objects.tallies] == ["instance"]
    assert scored(by_objects).results[0].scores["recall"] == 0


def test_every_task_scores_a_perfect_prediction_as_perfect(tmp_path: Path) -> None:
    pairs(tmp_path, ["a", "b"], {0: mask(0, 255, 0), 1: mask(255, 0)})
    tasks = ["semantic", "boundary", "saliency", "partition"]
    found = scored(plan_files(str(tmp_path / "masks"), truth_of(tmp_path / "masks"), tasks))
    best = {result.task: result.scores[result.tally.main] for result in found.results}
    assert best == dict.fromkeys(tasks, 1)
    assert found.results[1].scores["hausdorff95"] == 0
    assert found.results[3].scores["warping_error"] == 0


def test_pictures_elsewhere_go_with_masks(tmp_path: Path) -> None:
    pairs(tmp_path, ["a", "b"], images="pictures", masks="drawn")
    truth = truth_of(tmp_path / "drawn", images=str(tmp_path / "pictures"))
    assert truth.examples[0].image.endswith("pictures/a.png")
    save(tmp_path / "pictures" / "c.png", picture(4))
    more = truth_of(tmp_path / "drawn", images=str(tmp_path / "pictures"))
    assert "has no mask" in plan_files(str(tmp_path / "drawn"), more, []).notes[0]
