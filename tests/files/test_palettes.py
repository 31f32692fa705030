import numpy as np

from segcli.files.palettes import instance_palette, voc_palette


def test_voc_colors_are_the_published_ones():
    # 1 is bit 0 alone, red's highest bit: 128. 12 is 1100 in binary: bit 2 is blue's highest, bit 3 red's second.
    palette = voc_palette()
    assert palette.shape == (256, 3)
    assert palette.dtype == np.uint8
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 7: (128, 128, 128), 12: (64, 0, 128), 20: (0, 64, 128)}
    for number, color in known.items():
        assert tuple(palette[number]) == color
    assert tuple(palette[255]) == (224, 224, 192)


def test_voc_colors_are_all_different():
    assert len(np.unique(voc_palette(), axis=0)) == 256


def test_background_is_black_and_no_instance_is():
    palette = instance_palette(500)
    assert palette.shape == (501, 3)
    assert palette[0].tolist() == [0, 0, 0]
    assert palette[1:].max(axis=1).min() > 100


def test_an_empty_instance_palette_has_the_background_alone():
    assert instance_palette(0).tolist() == [[0, 0, 0]]


def test_neighbors_in_number_look_clearly_different():
    # CIE76 distance: 2 is just visible, 40 is another color.
    from skimage.color import rgb2lab

    lab = rgb2lab(instance_palette(2000)[1:])
    assert np.linalg.norm(np.diff(lab, axis=0), axis=1).min() > 40


def test_colors_stand_out_from_black_and_from_white():
    from skimage.color import rgb2lab

    lightness = rgb2lab(instance_palette(2000)[1:])[:, 0]
    assert lightness.min() > 45
    assert lightness.max() < 88


def test_a_longer_palette_starts_with_the_shorter():
    assert np.array_equal(instance_palette(50)[:11], instance_palette(10))
