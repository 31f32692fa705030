"""What is searched comes from the knobs, stays within their bounds and agrees with itself."""

import math

import numpy as np
import pytest

from segcli.errors import SegcliError
from segcli.knob import Knob, check_setting
from segcli.methods import NAMES
from segcli.tuning.candidate import CLEANING, Candidate, Part, part, scaled
from segcli.tuning.dimensions import Facts, Levels, Range, Words, dimension, row_of
from segcli.tuning.space import Space, at_levels
from segcli.tuning.trials import recipe_of

FACTS = Facts(side=200, colored=True, low=10, high=110, thickness=6, area=300, least=40, bright=False, split=True)


def knob(method: str, name: str) -> Knob:
    return next(one for one in row_of(method) if one.name == name)


@pytest.mark.parametrize("method", NAMES)
def test_every_draw_is_a_recipe_within_the_bounds(method: str) -> None:
    space, random = Space(FACTS), np.random.default_rng(0)
    for _ in range(20):
        candidate = space.draw(method, random)
        for step in (candidate, space.near(candidate, random)):
            for name, value in step.method.settings:
                check_setting(knob(method, name), value)
            recipe_of(step)


def test_what_is_random_or_a_hint_or_how_it_is_computed_is_not_searched() -> None:
    searched = Space(FACTS).dimensions("kmeans")
    assert {"seed", "restarts", "iterations", "tolerance"} & set(searched) == set()
    assert "markers" not in Space(FACTS).dimensions("watershed")


def test_a_knob_over_many_decades_is_searched_by_ratio_around_its_default() -> None:
    found = dimension("felzenszwalb", knob("felzenszwalb", "scale"), FACTS)
    assert found == Range(500 / 16, 500 * 8, True, False)


def test_a_knob_with_near_bounds_is_searched_between_them() -> None:
    assert dimension("dog", knob("dog", "ratio"), FACTS) == Range(1.01, 4, False, False)


def test_an_automatic_knob_is_searched_around_what_the_method_found() -> None:
    automatic = knob("sobel", "threshold")
    assert dimension("sobel", automatic, FACTS) is None
    told = Facts(numbers={"sobel": {"threshold": 4.0}})
    assert dimension("sobel", automatic, told) == Range(0.5, 32, True, False, ("auto",), 4.0)


def test_lengths_end_with_the_picture_and_gather_around_the_objects() -> None:
    found = dimension("sauvola", knob("sauvola", "window"), FACTS)
    assert isinstance(found, Range)
    assert found.anchor == 4 * FACTS.thickness
    assert found.high == FACTS.side / 2
    drawn = [found.draw(np.random.default_rng(seed)) for seed in range(50)]
    assert all(isinstance(value, int) and found.low - 1 <= value <= found.high for value in drawn)


def test_foreground_is_mostly_drawn_as_the_truth_has_it() -> None:
    found = dimension("otsu", knob("otsu", "foreground"), FACTS)
    assert isinstance(found, Words)
    random = np.random.default_rng(0)
    assert sum(found.draw(random) == "dark" for _ in range(200)) > 150


def test_color_is_searched_in_color_pictures_alone() -> None:
    gray = Space(Facts(colored=False))
    assert "space" not in gray.dimensions("kmeans")
    random = np.random.default_rng(0)
    uses = {step.use for _ in range(60) for step in gray.draw("otsu", random).before}
    assert "gray" not in uses
    assert {"smooth", "median", "background"} <= uses


def test_splitting_is_tried_where_objects_are_counted() -> None:
    assert "split" in Space(FACTS).dimensions("clean")
    assert "split" not in Space(Facts(split=False)).dimensions("clean")


def test_windows_are_odd_and_lower_bounds_lie_below_upper_ones() -> None:
    space = Space(Facts(numbers={"canny": {"low": 5.0, "high": 9.0}}))
    random = np.random.default_rng(0)
    for _ in range(100):
        assert (space.draw("sauvola", random).method.given("window") or 25) % 2
        line = space.draw("ridges", random).method
        assert (line.given("sigma") or 1.0) <= (line.given("widest") or 3.0)
        edge = space.draw("canny", random).method
        low, high = edge.given("low"), edge.given("high")
        assert not (isinstance(low, float) and isinstance(high, float)) or low <= high


def test_a_threshold_that_is_given_needs_no_rule() -> None:
    space, random = Space(FACTS), np.random.default_rng(1)
    drawn = [space.draw("threshold", random).method for _ in range(60)]
    assert any(one.given("at") for one in drawn)
    assert not any(one.given("at") and one.given("rule") for one in drawn)


def test_ways_to_clean_up_begin_with_those_of_the_candidate_and_none() -> None:
    own = part("clean", {"smooth": 2}, CLEANING)
    ways = Space(FACTS).cleaned(Candidate(Part("otsu"), after=own), 6, np.random.default_rng(0))
    assert ways[:2] == [own, Part("clean")]
    assert len(set(ways)) == 6


def test_equal_seeds_draw_equal_candidates() -> None:
    first, second = (Space(FACTS).draw("ridges", np.random.default_rng([3, 1])) for _ in range(2))
    assert first == second


def test_levels_lie_within_the_gray_range_on_both_sides() -> None:
    found = at_levels(FACTS, 4)
    assert [one.method.given("at") for one in found[::2]] == [(30.0,), (50.0,), (70.0,), (90.0,)]
    assert {one.method.given("foreground") for one in found} == {None, "dark"}


def test_a_level_is_a_list_of_one() -> None:
    (level,) = Levels(Range(0, 10)).near((5.0,), np.random.default_rng(0))
    assert 0 <= level <= 10


def test_what_is_near_is_not_the_same_but_close() -> None:
    span = Range(1, 1000, log=True)
    random = np.random.default_rng(0)
    ratios = [abs(math.log(span.near(30.0, random) / 30)) for _ in range(200)]
    assert np.median(ratios) < 0.4


def test_lengths_shrink_with_the_picture_and_areas_by_its_square() -> None:
    assert scaled(knob("sauvola", "window"), 41, 0.5) == 21  # 20.5 rounds to 20, and a window is odd
    assert scaled(knob("ridges", "sigma"), 3.0, 0.5) == 1.5
    assert scaled(knob("felzenszwalb", "min_region"), 100, 0.5) == 25
    assert scaled(knob("felzenszwalb", "min_region"), "auto", 0.5) == "auto"
    assert scaled(knob("sauvola", "k"), 0.2, 0.5) == 0.2
    assert scaled(knob("bms", "working_size"), 300, 0.5) == 300
    assert scaled(CLEANING[0], 1, 0.25) == 1  # what is on stays on


def test_a_setting_at_its_default_is_not_said() -> None:
    assert part("otsu", {"classes": 2, "foreground": "dark"}, row_of("otsu")) == Part("otsu", (("foreground", "dark"),))


def test_more_steps_and_settings_are_more_complex() -> None:
    plain = Candidate(Part("otsu"))
    assert plain.complexity == 0
    assert Candidate(Part("otsu", (("foreground", "dark"),))).complexity == 1
    smoothed = Candidate(Part("otsu"), (Part("smooth", (("sigma", 2.0),)),), after=Part("clean", (("min_size", 9),)))
    assert smoothed.complexity == 4
    assert smoothed.words() == "smooth sigma=2 | otsu | clean min_size=9"


def test_a_candidate_that_contradicts_itself_is_no_recipe() -> None:
    with pytest.raises(SegcliError, match="classes"):
        recipe_of(Candidate(Part("kmeans", (("classes", 1),))))
