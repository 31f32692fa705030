"""Superpixels, colors and boundary strength of a picture, and the links between them."""

import numpy as np
import pytest

from segcli.numeric.affinity import WEAKEST, affinity
from segcli.numeric.picture_graph import gradient, perceived, picture_graph


def noisy(seed=0, shape=(20, 26, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def test_a_step_has_half_its_height_as_gradient_on_both_sides_of_a_hard_edge():
    # Smoothed by sigma 1, a step of 90 changes over columns c - 1 to c + 1 by 90 * 2 * 0.242 at its edge, about.
    planes = np.repeat(np.array([0.0, 90.0], np.float32), 6)[None].repeat(8, axis=0)[:, :, None]
    slope = gradient(planes, None)
    assert slope[4].argmax() in (5, 6)
    assert slope[4, 5] == pytest.approx(slope[4, 6], rel=1e-5)
    assert slope[4, 5] == pytest.approx(90 * (0.399 + 0.242) / 2, rel=0.02)
    assert slope[4, 0] == pytest.approx(0, abs=1e-3)


def test_what_is_left_out_makes_no_edge():
    planes = np.full((9, 9, 1), 40, np.float32)
    valid = np.ones((9, 9), bool)
    valid[3:6, 3:6] = False
    planes[~valid] = 0
    assert gradient(planes, valid).max() < 1e-3


def test_16_bit_pictures_are_stretched_and_floats_from_0_to_1_are_not():
    wide = np.array([[1000, 1500, 2000]], np.uint16)
    assert perceived(wide, None)[0, [0, 2], 0].tolist() == pytest.approx([0, 100], abs=1e-4)
    assert perceived(np.array([[0.2, 0.4]], np.float32), None)[0, 1, 0] < 50
    assert perceived(np.array([[-3.0, 9.0]], np.float32), np.array([[True, True]]))[0, 1, 0] == pytest.approx(100)


def test_pixels_left_out_around_the_picture_change_nothing():
    image = noisy()
    wide = np.pad(image, ((3, 0), (5, 9), (0, 0)))
    valid = np.pad(np.ones(image.shape[:2], bool), ((3, 0), (5, 9)))
    alone, inside = picture_graph(image, None, 12), picture_graph(wide, valid, 12)
    assert np.array_equal(inside.labels[3:, 5:-9], alone.labels)
    assert np.array_equal(inside.strength[3:, 5:-9], alone.strength)
    assert np.array_equal(inside.graph.edges, alone.graph.edges)
    assert inside.places == pytest.approx(alone.places + np.array([3, 5]))


def test_a_flat_picture_has_no_graph():
    assert picture_graph(np.full((4, 5), 9, np.uint8), None, 3) is None


def test_links_weigh_what_the_formula_says():
    picture = picture_graph(noisy(), None, 14)
    links, used = affinity(picture, contrast=30.0, radius=11.0)
    assert used == {"contrast": 30.0, "radius": 11.0}
    strongest = []
    for first, second in links.pairs:
        start, end = picture.places[first], picture.places[second]
        way = np.rint([start + share * (end - start) for share in np.linspace(0, 1, 12)]).astype(int)
        strongest.append(picture.strength[tuple(way.T)].max())
    for (first, second), weight, edge in zip(links.pairs, links.weights, strongest, strict=True):
        color = np.sum((picture.colors[first] - picture.colors[second]) ** 2)
        place = np.sum((picture.places[first] - picture.places[second]) ** 2)
        exponent = color / (2 * 30**2) + place / (2 * 4.4**2) + edge / (0.3 * np.mean(strongest))
        assert weight == pytest.approx(max(np.exp(-exponent), WEAKEST), rel=1e-6)
    near = np.linalg.norm(picture.places[:, None] - picture.places[None], axis=2) <= 11
    linked = {tuple(pair) for pair in links.pairs.tolist()}
    assert {(i, j) for i, j in np.argwhere(near).tolist() if i < j} <= linked
    assert {tuple(edge) for edge in picture.graph.edges.tolist()} <= linked
