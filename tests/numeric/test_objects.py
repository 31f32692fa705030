"""Objects made of pixels: by their borders, by connection, by their necks."""

import numpy as np

from segcli.numeric.objects import objects_from_borders, objects_from_classes, parts_at_necks, parts_of_objects


def test_rims_go_to_the_inside_that_is_nearest():
    # Two insides of 1 x 3 pixels, two rims between them: each takes the one beside it.
    area = np.array([[0, 1, 1, 1, 1, 1, 1, 1, 1, 0]], bool)
    interior = np.array([[0, 0, 1, 1, 0, 0, 1, 1, 0, 0]], bool)
    objects, seeds = objects_from_borders(area, interior, np.where(interior, 0, 255))
    assert objects.tolist() == [[0, 1, 1, 1, 1, 2, 2, 2, 2, 0]]
    assert seeds.tolist() == [[0, 0, 1, 1, 0, 0, 2, 2, 0, 0]]


def test_heights_decide_where_two_floods_meet():
    area = np.ones((1, 7), bool)
    interior = np.array([[1, 0, 0, 0, 0, 0, 1]], bool)
    heights = np.array([[0, 100, 250, 90, 80, 70, 0]])
    # The 250 is reached from the right, over 90, before the left has come over its 100.
    assert objects_from_borders(area, interior, heights)[0].tolist() == [[1, 1, 2, 2, 2, 2, 2]]


def test_insides_that_touch_at_corners_alone_are_two():
    interior = np.array([[1, 0], [0, 1]], bool)
    objects, _ = objects_from_borders(np.ones((2, 2), bool), interior, np.where(interior, 0, 255))
    assert objects.max() == 2


def test_borders_without_an_inside_are_small_objects_and_come_last():
    area = np.array([[1, 1, 0, 1, 1, 1]], bool)
    interior = np.array([[0, 0, 0, 0, 1, 0]], bool)
    assert objects_from_borders(area, interior, 255 * ~interior)[0].tolist() == [[2, 2, 0, 1, 1, 1]]


def test_nothing_is_no_object():
    nothing = np.zeros((3, 4), bool)
    assert not objects_from_borders(nothing, nothing, np.zeros((3, 4), np.uint8))[0].any()
    assert not objects_from_classes(np.zeros((3, 4), np.uint8)).any()


def test_classes_that_touch_are_different_objects():
    classes = np.array([[1, 1, 2, 2], [0, 0, 0, 0], [2, 0, 1, 1]])
    assert objects_from_classes(classes).tolist() == [[1, 1, 3, 3], [0, 0, 0, 0], [4, 0, 2, 2]]


def test_a_dumbbell_is_split_at_its_neck():
    rows, columns = np.indices((40, 70))
    dumbbell = ((rows - 20) ** 2 + (columns - 20) ** 2 < 200) | ((rows - 20) ** 2 + (columns - 46) ** 2 < 200)
    assert objects_from_classes(dumbbell.astype(np.uint8)).max() == 1
    halves = objects_from_classes(dumbbell.astype(np.uint8), split=True)
    assert halves.max() == 2
    assert halves[20, 20] != halves[20, 46]


def test_a_long_object_of_even_width_is_one() -> None:
    rows, columns = np.mgrid[:60, :200]
    ellipse = ((columns - 100) / 80) ** 2 + ((rows - 30) / 15) ** 2 <= 1
    assert parts_at_necks(ellipse).max() == 1
    assert parts_at_necks(np.ones((9, 120), bool)).max() == 1


def test_parts_are_joined_where_the_passage_is_nearly_as_wide_as_the_thinner() -> None:
    def discs(gap: int) -> np.ndarray:
        """Two discs of radius 30 side by side, with their middles `gap` apart."""
        rows, columns = np.mgrid[:80, :140]
        near, far = (np.hypot(rows - 40, columns - 40 - apart) <= 30 for apart in (0, gap))
        return near | far

    # They meet at a half height of sqrt(30^2 - gap^2 / 4): 0.75 of the radius at 40, 0.94 at 20.
    assert parts_at_necks(discs(40)).max() == 2
    assert parts_at_necks(discs(20)).max() == 1


def test_parts_of_touching_objects_are_never_joined() -> None:
    labels = np.zeros((20, 60), np.int32)
    labels[:, :30], labels[:, 30:] = 5, 2
    assert np.array_equal(parts_of_objects(labels), np.where(labels == 5, 2, 1))
