"""One candidate on pictures: scores as the judge gives them, classes chosen by overlap, faults told."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from segcli.files.datasets.example import Example
from segcli.files.datasets.meaning import Meaning
from segcli.files.read import read_image
from segcli.judge import Judge
from segcli.recipe import RecipeSegmenter, read_recipe, recipe_text
from segcli.segmentation import Segmentation
from segcli.tuning.candidate import CLEANING, Candidate, Part, part
from segcli.tuning.pictures import Pictures, find_facts, record, small_factor, spread_places
from segcli.tuning.trials import Examiner, Trial, best_classes, mean_score, recipe_of

MASK = Meaning("mask", 2, {0: 0, 255: 1})


def write(path: Path, pixels: np.ndarray) -> str:
    path.parent.mkdir(exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return str(path)


def bars(folder: Path, levels: tuple[int, ...] = (200, 180), size: int = 32) -> Pictures:
    """Pictures with one bright bar, a quarter of the picture, on gray 40; brighter and darker ones."""
    examples = []
    for place, level in enumerate(levels):
        truth = np.zeros((size, size), np.uint8)
        truth[size // 4 : size // 2] = 255
        pixels = np.where(truth > 0, level, 40 + 10 * place).astype(np.uint8)
        examples.append(
            Example(f"p{place}", write(folder / f"p{place}.png", pixels), (write(folder / f"m{place}.png", truth),))
        )
    return Pictures(tuple(examples), MASK)


def test_the_first_variant_is_the_candidate_with_a_score_for_each_picture(tmp_path: Path) -> None:
    pictures = bars(tmp_path)
    ways = (part("clean", {"min_size": 1000}, CLEANING),)
    tried = Examiner(pictures, Judge("dice"))(Trial(0, Candidate(Part("otsu")), ways, (0, 1)))
    assert tried.variants[0] == (Candidate(Part("otsu")), (1.0, 1.0))
    assert tried.variants[1] == (Candidate(Part("otsu"), after=ways[0]), (0.0, 0.0))
    assert tried.best == 1.0
    assert tried.problem == ""


def test_scores_of_which_less_is_better_are_turned_round(tmp_path: Path) -> None:
    tried = Examiner(bars(tmp_path), Judge("vi"))(Trial(0, Candidate(Part("threshold", (("at", (250.0,)),))), (), (0,)))
    # Nothing found, while a bar and its ground are two parts of a quarter and three quarters (the ground in two).
    assert tried.variants[0][1][0] < -0.8


def test_classes_that_lie_on_the_object_are_chosen(tmp_path: Path) -> None:
    candidate = Candidate(Part("kmeans"), (), ())
    tried = Examiner(bars(tmp_path), Judge("dice"))(Trial(0, candidate, (Part("clean"),), (0, 1)))
    assert [one.classes for one, _ in tried.variants] == [(), (1,), (0,)]
    assert [scores[0] for _, scores in tried.variants] == [1.0, 1.0, 0.0]


def test_sets_of_classes_are_ordered_by_their_overlap() -> None:
    # Class 2 covers 2 of 3 true pixels exactly, class 1 the third and one more: both together 6 / 7, class 2 4 / 5.
    labels = np.array([[0, 0, 1, 1, 2, 2]], np.uint8)
    truth = np.array([[0, 0, 0, 1, 1, 1]], bool)
    assert best_classes([Segmentation(labels, "classes")], [truth])[:2] == [(1, 2), (2,)]


def test_a_method_that_cannot_do_it_says_why(tmp_path: Path) -> None:
    tried = Examiner(bars(tmp_path), Judge("dice"))(Trial(0, Candidate(Part("slic")), (), (0,)))
    assert tried.variants == ()
    assert "parts the whole picture" in tried.problem


def test_a_trial_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    slow = Candidate(Part("distance_regularized", (("iterations", 100000), ("tolerance", 0.0))))
    start = time.perf_counter()
    tried = Examiner(bars(tmp_path, size=256), Judge("dice"))(Trial(0, slow, (), (0,), limit=0.3))
    assert tried.problem == "takes more than 0.3 s"
    assert time.perf_counter() - start < 20


def test_a_candidate_as_a_recipe_makes_what_was_scored(tmp_path: Path) -> None:
    pictures = bars(tmp_path)
    candidate = Candidate(
        Part("kmeans", (("classes", 3),)),
        (Part("smooth", (("sigma", 1.5),)), Part("background", (("radius", 9),))),
        (1, 2),
        part("clean", {"min_size": 5, "closing": 1}, CLEANING),
    )
    trial = Trial(0, candidate, (candidate.after,), (0, 1))
    scores = dict(Examiner(pictures, Judge("dice"))(trial).variants)[candidate]
    segmenter = RecipeSegmenter(read_recipe(recipe_text(recipe_of(candidate)), "r.toml"))
    made = [segmenter(read_image(one.image), {}) for one in pictures.examples]
    assert tuple(Judge("dice").score(found, pictures.read(place)[1]) for place, found in enumerate(made)) == scores


def test_small_pictures_stay_as_they_are_and_large_ones_become_smaller_if_their_objects_survive(tmp_path: Path) -> None:
    assert small_factor(bars(tmp_path / "small")) == 1
    assert small_factor(bars(tmp_path / "large", size=500)) == 0.5
    thin = np.zeros((500, 500), np.uint8)
    thin[::5] = 255
    example = Example("t", write(tmp_path / "t.png", thin), (write(tmp_path / "tm.png", thin),))
    assert small_factor(Pictures((example,), MASK)) == 1


def test_a_smaller_picture_has_a_smaller_truth(tmp_path: Path) -> None:
    image, truth = bars(tmp_path, size=64).read(0, 0.5)
    assert image.native.shape == truth.labels.shape == (32, 32)
    assert truth.labels.sum() == 8 * 32
    assert image.native[12, 5] == 200


def test_facts_are_those_of_the_true_objects(tmp_path: Path) -> None:
    facts = find_facts(bars(tmp_path, size=64), split=False)
    assert facts.side == 64
    assert facts.bright
    assert not facts.colored
    assert facts.area == 16 * 64
    assert 12 <= facts.thickness <= 20  # the bar is 16 high


def test_few_pictures_are_taken_evenly_by_their_brightness(tmp_path: Path) -> None:
    pictures = bars(tmp_path, (200, 100, 150, 250, 220))
    assert spread_places(pictures, 2) == spread_places(pictures, 2)
    assert len(spread_places(pictures, 2)) == 2
    assert spread_places(pictures, 9) == (0, 1, 2, 3, 4)


def test_the_record_names_every_picture_with_its_hash(tmp_path: Path) -> None:
    first, second = record(bars(tmp_path))
    assert first["name"] == "p0"
    assert len(first["picture"]) == 64
    assert first["picture"] != second["picture"]
    assert first["masks"] == second["masks"]


@pytest.mark.parametrize(("scores", "mean"), [((0.5, float("nan")), 0.5), ((), -np.inf), ((0.2, 0.4), 0.3)])
def test_the_mean_leaves_out_what_has_no_score(scores: tuple[float, ...], mean: float) -> None:
    assert mean_score(scores) == pytest.approx(mean)
