import numpy as np
import pytest

from segcli.figures.render import OUTLINE, display_range, for_display, line_width, palette_of, render
from segcli.files.palettes import instance_palette, voc_palette
from segcli.segmentation import VOID, Segmentation

KINDS = ("overlay", "contours", "color", "palette", "cutout")


def picture(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def disk(size: int = 40, radius: int = 12) -> np.ndarray:
    row, column = np.mgrid[:size, :size] - size // 2
    return (row**2 + column**2 <= radius**2).astype(np.uint8)


def near_a_border(labels: np.ndarray, distance: int) -> np.ndarray:
    """Pixels with another label within a square window, by looking at every shift."""
    near = np.zeros(labels.shape, bool)
    padded = np.pad(labels, distance, mode="edge")
    height, width = labels.shape
    for down in range(2 * distance + 1):
        for right in range(2 * distance + 1):
            near |= padded[down : down + height, right : right + width] != labels
    return near


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 4)])
@pytest.mark.parametrize("pixel", [np.uint8, np.uint16, np.float32])
def test_every_kind_has_the_size_of_the_image_and_changes_no_input(kind, shape, pixel):
    image = picture(shape).astype(pixel)
    labels = np.random.default_rng(1).integers(0, 3, shape).astype(np.int32)
    image.setflags(write=False)
    labels.setflags(write=False)
    drawn = render(kind, Segmentation(labels, "instances"), image)
    assert drawn.shape == (*shape, 4 if kind == "cutout" else 3)
    assert drawn.dtype == np.uint8


@pytest.mark.parametrize("kind", KINDS)
def test_turned_views_are_drawn_like_copies(kind):
    labels, image = np.asfortranarray(disk())[::-1], picture((40, 40))[:, ::-1]
    copied = render(kind, Segmentation(labels.copy(), "mask"), image.copy())
    assert np.array_equal(render(kind, Segmentation(labels, "mask"), image), copied)


def test_the_overlay_leaves_the_background_as_it_is_and_tints_objects():
    # (1 - 0.45) * 100 + 0.45 * color inside; the border pixels have the full color.
    labels = np.zeros((5, 5), np.uint8)
    labels[1:4, 1:4] = 1
    drawn = render("overlay", Segmentation(labels, "mask"), np.full((5, 5, 3), 100, np.uint8))
    color = instance_palette(1)[1]
    assert (drawn[labels == 0] == 100).all()
    assert drawn[2, 2].tolist() == np.rint(55 + 0.45 * color).astype(int).tolist()
    assert (drawn[1, 1:4] == color).all()


def test_contours_change_only_pixels_beside_a_border():
    labels, image = disk(), picture((40, 40), 2)
    changed = (render("contours", Segmentation(labels, "mask"), image) != image).any(axis=2)
    assert changed.any()
    assert not (changed & ~near_a_border(labels, line_width(image.shape))).any()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_contours_have_a_line_that_stands_out_on_any_ground(level):
    image = np.full((40, 40, 3), level, np.uint8)
    drawn = render("contours", Segmentation(disk(), "mask"), image).astype(int)
    luma = drawn @ np.array([0.299, 0.587, 0.114])
    assert np.abs(luma - level).max() > 90


def test_the_bright_line_runs_inside_the_object_and_the_dark_one_outside():
    labels = np.array([[0, 0, 0, 1, 1, 1]], np.uint8)
    drawn = render("contours", Segmentation(labels, "mask"), np.full((1, 6, 3), 90, np.uint8))[0]
    assert drawn[3].tolist() == list(OUTLINE)
    assert drawn[2].max() < 50
    assert (drawn[[0, 1, 4, 5]] == 90).all()


def test_lines_grow_with_the_picture():
    assert [line_width((size, 10)) for size in (10, 600, 1300, 4000)] == [1, 1, 2, 7]


def test_each_label_gets_the_mean_color_of_its_pixels():
    # Class 0: (10 + 30) / 2 = 20; class 2: (1 + 2) / 2 = 1.5, rounded to even.
    image = np.repeat(np.array([[10, 30, 1, 2]], np.uint8)[:, :, None], 3, axis=2)
    drawn = render("color", Segmentation(np.array([[0, 0, 2, 2]], np.uint8), "classes"), image)
    assert drawn[0, :, 0].tolist() == [20, 20, 2, 2]
    labels, image = np.random.default_rng(3).integers(0, 9, (30, 30)).astype(np.int32), picture((30, 30), 4)
    drawn = render("color", Segmentation(labels, "instances"), image)
    for number in range(9):
        inside = labels == number
        assert np.abs(drawn[inside] - image[inside].mean(axis=0)).max() <= 0.5


def test_the_palette_picture_has_the_palette_colors():
    labels = np.array([[0, 1, 2, VOID]], np.uint8)
    drawn = render("palette", Segmentation(labels, "classes"), picture((1, 4)))
    assert np.array_equal(drawn, voc_palette()[labels])
    labels = np.random.default_rng(5).integers(0, 70_000, (20, 20)).astype(np.int32)
    drawn = render("palette", Segmentation(labels, "instances"), picture((20, 20)))
    assert np.array_equal(drawn, instance_palette(70_000)[labels])


def test_the_cutout_is_opaque_exactly_on_the_foreground():
    labels, image = disk(), picture((40, 40), 6)
    drawn = render("cutout", Segmentation(labels, "mask"), image)
    assert np.array_equal(drawn[:, :, 3], labels * 255)
    assert np.array_equal(drawn[labels > 0][:, :3], image[labels > 0])
    assert not drawn[labels == 0].any()


def test_the_cutout_of_classes_removes_class_0_and_left_out_pixels():
    drawn = render("cutout", Segmentation(np.array([[0, 1, 2, VOID]], np.uint8), "classes"), picture((1, 4)))
    assert drawn[0, :, 3].tolist() == [0, 255, 255, 0]


@pytest.mark.parametrize("kind", ["overlay", "contours", "color"])
def test_left_out_pixels_are_left_as_they_are(kind):
    labels = np.random.default_rng(7).integers(0, 3, (20, 20)).astype(np.uint8)
    labels[5:12, 5:12] = VOID
    image = picture((20, 20), 8)
    drawn = render(kind, Segmentation(labels, "classes"), image)
    assert np.array_equal(drawn[labels == VOID], image[labels == VOID])


def test_class_colors_stay_distinct_when_they_are_lifted():
    segmentation = Segmentation(np.zeros((1, 1), np.uint8), "classes")
    assert len(np.unique(palette_of(segmentation, light=True), axis=0)) == 256


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"\(2, 3, 3\).*\(2, 2\)"):
        render("overlay", Segmentation(np.zeros((2, 2), np.uint8), "mask"), picture((2, 3)))


def test_8_bit_images_are_shown_as_they_are():
    image = picture((4, 4)) // 9
    assert for_display(image) is image


def test_images_that_use_their_scale_are_shown_on_it():
    # 65535 * 51 / 255 = 13107; 0.2 * 255 = 51.
    assert for_display(np.array([[0, 13_107, 65_535]], np.uint16)).tolist() == [[0, 51, 255]]
    assert for_display(np.array([[0, 0.2, 1]], np.float32)).tolist() == [[0, 51, 255]]


def test_images_in_a_corner_of_their_scale_are_stretched():
    ramp = np.linspace(30_000, 31_000, 1001).astype(np.uint16)[None]
    shown = for_display(ramp)
    assert shown[0, 0] == 0
    assert shown[0, -1] == 255
    # The 0.5th percentile of 30000..31000 is 30005, the 99.5th 30995.
    assert display_range(ramp) == pytest.approx((30_005, 30_995))
    assert for_display(np.linspace(-3, 12, 100, dtype=np.float32)[None])[0, [0, -1]].tolist() == [0, 255]


def test_nan_and_infinity_are_shown_black():
    image = np.array([[np.nan, np.inf, -np.inf, 0.5, 0, 1]], np.float32)
    assert for_display(image).tolist() == [[0, 0, 0, 128, 0, 255]]
    assert not for_display(np.full((2, 2), np.nan, np.float32)).any()


@pytest.mark.parametrize("value", [0, 7, 65_535])
def test_a_constant_image_can_be_shown(value):
    shown = for_display(np.full((3, 3), value, np.uint16))
    assert (shown == round(value / 257)).all()
    assert len(np.unique(for_display(np.full((3, 3), value, np.float32)))) == 1
