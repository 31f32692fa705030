"""Hierarchical grouping and the boxes that it proposes."""

import numpy as np
import pytest

from segcli.numeric import _proposal_kernels as kernels
from segcli.numeric.proposals import Tree, color_spaces, propose, trees

ALL = (True, True, True, True)


def three_flats():
    """Three flat columns, 4 pixels wide: two of like color, and another."""
    planes = np.zeros((6, 12, 1), np.float32)
    planes[:, 4:8], planes[:, 8:] = 8, 200
    return planes


def grouped(likeness=ALL, valid=None):
    (tree,) = trees(three_flats(), (1.0,), (likeness,), 0, valid)
    return tree


def test_the_likeness_of_two_regions_is_the_sum_worked_out_by_hand():
    # Two regions of 2 and 3 pixels in a picture of 10, whose common box has 2 * 4 = 8 pixels. Colors share 1/4 and
    # textures 1/2 of their histograms. Size: 1 - 5/10. Fill: 1 - (8 - 5)/10.
    sizes, boxes = np.array([2, 3]), np.array([[0, 0, 1, 2], [1, 0, 4, 1]])
    bins = np.array([[3, 1, 2, 2], [0, 4, 0, 4]], np.int32) * (kernels.WHOLE // 4)
    wanted = {0: 0.25, 1: 0.5, 2: 0.5, 3: 0.7}
    for part, value in wanted.items():
        found = kernels.similarity(0, 1, sizes, boxes, bins, 2, 10, np.arange(4) == part)
        assert found == pytest.approx(value)
    assert kernels.similarity(0, 1, sizes, boxes, bins, 2, 10, np.array(ALL)) == pytest.approx(1.95)


def test_like_colors_are_joined_first():
    tree = grouped()
    assert tree.count == 3
    assert tree.parents.tolist() == [3, 3, 4, 4, -1]
    assert tree.boxes.tolist() == [[0, 0, 4, 6], [4, 0, 8, 6], [8, 0, 12, 6], [0, 0, 8, 6], [0, 0, 12, 6]]


def test_a_cut_undoes_the_last_joins():
    tree = grouped()
    for regions, row in ((1, [1, 1, 1]), (2, [1, 1, 2]), (3, [1, 2, 3]), (9, [1, 2, 3])):
        assert tree.cut(regions)[0, ::4].tolist() == row


def test_left_out_pixels_part_regions_and_belong_to_none():
    valid = np.ones((6, 12), bool)
    valid[:, 4] = False
    tree = grouped(valid=valid)
    assert (tree.labels[:, 4] == -1).all()
    # The first column has no neighbor left and stays alone; the box of the other two begins behind the gap.
    assert tree.parents.tolist() == [-1, 3, 3, -1]
    assert tree.boxes[1].tolist() == [5, 0, 8, 6]
    assert tree.cut(1)[0].tolist() == [1] * 4 + [0] + [2] * 7


def test_joining_keeps_every_pixel_and_the_mass_of_histograms():
    random = np.random.default_rng(0)
    planes = np.kron(random.random((6, 8, 3)), np.ones((5, 5, 1))).astype(np.float32) * 255
    for tree in trees(planes, (20.0, 60.0), (ALL, (False, True, True, True), (False, False, True, False)), 0.5):
        assert len(tree.parents) == 2 * tree.count - 1
        assert (tree.parents[:-1] > np.arange(len(tree.parents) - 1)).all()
        assert tree.boxes[-1].tolist() == [0, 0, 40, 30]
        for node, parent in enumerate(tree.parents[:-1]):
            assert (tree.boxes[parent, :2] <= tree.boxes[node, :2]).all()
            assert (tree.boxes[parent, 2:] >= tree.boxes[node, 2:]).all()


def test_size_alone_joins_the_smallest_pair_at_every_step():
    planes = np.repeat(np.array([0, 50, 100, 150], np.float32), (3, 1, 2, 6))[None, :, None] * np.ones((6, 1, 1))
    (tree,) = trees(planes.astype(np.float32), (1.0,), ((False, False, True, False),), 0)
    # Columns of 3, 1, 2 and 6: 1 + 2 first, then 3 + 3, then all.
    assert tree.parents.tolist() == [5, 4, 4, 6, 5, 6, -1]


def test_each_box_is_proposed_once_with_its_best_rank():
    box = np.array([[0, 0, 2, 2], [2, 0, 4, 2], [0, 0, 4, 2]])
    tree = Tree(np.zeros((2, 4), np.int32), 2, np.array([2, 2, -1]), box)
    boxes, ranks = propose([tree, tree], seed=3)
    draws = np.random.default_rng(3).random(6) * [3, 2, 1, 3, 2, 1]
    best = np.minimum(draws[:3], draws[3:])
    order = np.argsort(best)
    assert boxes.tolist() == box[order].tolist()
    assert ranks == pytest.approx(best[order], rel=1e-6)


def test_color_spaces_fill_the_scale():
    colors = np.array([[[255, 0, 0], [255, 255, 255], [0, 0, 0], [0, 0, 255]]], np.float32)
    hsv, lab, rgi, hue, intensity = color_spaces(colors, ("hsv", "lab", "rgi", "hue", "intensity"))
    assert hsv[0, 0] == pytest.approx([0, 255, 255])
    assert hue[0, 3] == pytest.approx([240 / 360 * 255], rel=1e-4)
    assert lab[0, 1] == pytest.approx([255, 128, 128], abs=0.5)
    assert rgi[0, 0] == pytest.approx([255, 0, 85])
    assert intensity[0, :, 0] == pytest.approx([85, 255, 0, 85])
    assert all(planes.min() >= 0 and planes.max() <= 255.5 for planes in (hsv, lab, rgi, hue, intensity))
