"""When contours stop, and what is shown of them."""

import numpy as np
import pytest

from segcli.numeric.contour_film import KEPT, SHOWN, record, segmentation


def growing(rows=40):
    """A row more inside at each step, then nothing more."""
    for step in range(10**6):
        mask = np.zeros((rows, 10), bool)
        mask[: min(step, rows)] = True
        yield mask, 100.0 - step


def test_a_contour_stops_ten_steps_after_its_last_move():
    film = record(growing(), 1000, 0.0)
    assert film.converged
    assert film.iterations == 50
    assert film.mask.all()
    assert film.area.tolist() == [10 * min(step, 40) for step in range(51)]
    assert film.energy[:3].tolist() == [100, 99, 98]


def test_a_contour_that_still_moves_is_stopped_and_not_called_converged():
    film = record(growing(), 7, 0.0)
    assert not film.converged
    assert film.iterations == 7
    assert film.area[-1] == 70


def test_the_tolerance_is_a_share_of_the_pixels_that_count():
    # Ten steps move 100 of 400 pixels: a quarter of all, half of those that count.
    valid = np.arange(40)[:, None] < np.full((1, 10), 20)
    assert record(growing(), 1000, 0.25).iterations == 10
    assert record(growing(), 1000, 0.25, valid).iterations > 10
    assert record(growing(), 1000, 0.5, valid).iterations == 10


def flickering():
    """A contour that rests at half of the picture, but for one row that comes and goes at random."""
    generator = np.random.default_rng(0)
    while True:
        mask = np.zeros((100, 100), bool)
        mask[:50] = True
        mask[50] = generator.random(100) > 0.5
        yield mask, 1.0


def test_a_flickering_contour_counts_as_still_by_its_area():
    assert not record(flickering(), 60, 1e-3).converged
    film = record(flickering(), 60, 1e-3, by_area=True)
    assert film.converged
    # Twenty areas make two means; they differ by some pixels of 10,000.
    assert 20 <= film.iterations < 60


def test_the_moments_shown_are_the_start_the_end_and_even_changes_between():
    film = record(growing(200), 1000, 0.0)
    moments = list(film.moments)
    assert len(moments) == SHOWN < KEPT
    assert moments[0] == 0
    assert moments[-1] == film.iterations
    areas = [int(mask.sum()) for mask in film.moments.values()]
    steps = np.diff(areas)
    assert areas[-1] == 2000
    # No step takes more than twice an even share, one fifth.
    assert steps.max() <= 2 * 2000 / (SHOWN - 1)


def test_a_mask_that_is_overwritten_later_is_kept_as_it_was():
    def states():
        mask = np.zeros((4, 4), np.uint8)
        for step in range(4):
            mask[step] = 1
            yield mask, 0.0

    film = record(states(), 100, -1)
    assert [int(mask.sum()) for mask in film.moments.values()] == [4, 8, 12, 16]


def test_a_flipped_segmentation_has_the_outside_as_its_object():
    film = record(growing(), 10, 0.0)
    straight, flipped = segmentation(film), segmentation(film, flipped=True)
    assert np.array_equal(flipped.labels, 1 - straight.labels)
    assert straight.labels.dtype == np.uint8
    assert flipped.series["area"][-1] == 400 - straight.series["area"][-1]
    assert np.array_equal(flipped.layers["contour_10"], ~straight.layers["contour_10"])
    assert straight.numbers == {"iterations": 10, "energy": 90.0}
    assert straight.choices == {"converged": "no"}


@pytest.mark.parametrize(("steps", "words"), [(0, "nothing is left inside"), (40, "nothing is left outside")])
def test_a_contour_that_vanished_is_noted(steps, words):
    assert words in segmentation(record(growing(), steps, 0.0)).notes[0]
