import numpy as np
import pytest

from segcli.figures import pages
from segcli.figures.steps import steps
from segcli.files.palettes import instance_palette
from segcli.segmentation import VOID, Segmentation


def picture(height: int = 30, width: int = 40) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def drawn(segmentation: Segmentation, image: np.ndarray | None = None) -> dict[str, np.ndarray]:
    return dict(steps(segmentation, picture(*segmentation.labels.shape) if image is None else image))


def shown(page: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The picture on a page."""
    height, width = pages.picture_size(shape)
    return page[pages.HEADER : pages.HEADER + height, pages.MARGIN : pages.MARGIN + width]


def test_pages_are_numbered_and_the_result_comes_last():
    labels = np.zeros((30, 40), np.int32)
    labels[5:20, 5:20] = 1
    segmentation = Segmentation(
        labels,
        "instances",
        layers={"mask": labels > 0, "distance": labels.astype(np.float32), "markers": labels},
        series={"energy": np.array([3.0, 2, 1])},
    )
    found = drawn(segmentation)
    assert list(found) == [
        "01_input",
        "02_mask",
        "03_distance",
        "04_markers",
        "05_energy",
        "06_labels",
        "07_overlay",
    ]
    for page in found.values():
        assert page.dtype == np.uint8
        assert page.shape[1:] == (1200, 3)


def test_a_moving_contour_is_drawn_on_the_picture_and_proposals_as_boxes():
    inside = np.zeros((30, 40), bool)
    inside[5:20, 5:20] = True
    segmentation = Segmentation(
        inside.astype(np.uint8),
        "mask",
        layers={"contour_0": inside, "contour_10": np.roll(inside, 10, axis=1)},
        series={"curve": np.zeros((5, 2))},
        boxes=np.array([[5, 5, 20, 20], [0, 0, 40, 30]], np.int32),
        ranks=np.array([0.1, 0.7], np.float32),
    )
    found = drawn(segmentation, np.full((30, 40, 3), 90, np.uint8))
    assert list(found) == ["01_input", "02_contours", "03_proposals", "04_labels", "05_overlay"]
    # Three moments fit beside each other; each has its outline where its contour was.
    page = found["02_contours"]
    assert page.shape[0] < found["04_labels"].shape[0]
    sheet = page[pages.HEADER :, pages.MARGIN :]
    panel = pages.picture_size((30, 40))[1] // 3
    early, late = (sheet[:, place * panel : (place + 1) * panel] for place in (0, 1))
    lines = [np.flatnonzero((part == (255, 225, 0)).all(axis=2).any(axis=0)) for part in (early, late)]
    assert lines[0].max() < 0.6 * panel < lines[1].max()
    # The best box is drawn in the brightest color, over the dimmed picture.
    boxes = shown(found["03_proposals"], (30, 40))
    scale = boxes.shape[0] / 30
    assert (boxes[round(5 * scale), round(10 * scale)] == (255, 225, 0)).all()
    assert boxes[round(25 * scale), round(30 * scale)].tolist() == [54, 54, 54]


def test_a_histogram_takes_its_cuts_from_the_numbers_and_curves_over_the_same_levels_along():
    counts = np.zeros(256, np.int64)
    counts[[20, 200]] = 50, 70
    base = {"histogram": counts, "levels": np.arange(256.0)}
    labels = np.zeros((4, 4), np.uint8)
    plain = drawn(Segmentation(labels, "mask", series=base))
    cut = drawn(Segmentation(labels, "mask", series=base, numbers={"threshold": 100.0}))
    more = drawn(Segmentation(labels, "mask", series={**base, "criterion": np.arange(256.0)}))
    assert list(plain) == list(cut) == list(more) == ["01_input", "02_histogram", "03_labels", "04_overlay"]
    assert more["02_histogram"].shape[0] > plain["02_histogram"].shape[0]
    # The line of the cut is drawn in a color that the plain page does not have, all the way down the axes.
    line = np.array([194, 37, 92])
    assert (np.abs(cut["02_histogram"] - line).max(axis=2) <= 40).any(axis=1).sum() > 350
    assert not (plain["02_histogram"] == line).all(axis=2).any()


def test_boolean_layers_are_black_and_white():
    layer = np.zeros((6, 6), bool)
    layer[:, 3:] = True
    page = shown(drawn(Segmentation(np.zeros((6, 6), np.uint8), "mask", layers={"sure": layer}))["02_sure"], (6, 6))
    middle = page.shape[1] // 2
    assert (page[:, :middle] == 0).all()
    assert (page[:, middle:] == 255).all()


def test_a_marker_of_one_pixel_can_be_seen_in_a_large_picture():
    labels = np.zeros((1500, 2000), np.int32)
    labels[701, 901] = 1
    image = np.zeros((1500, 2000, 3), np.uint8)
    page = drawn(Segmentation(labels, "instances", layers={"markers": labels}), image)["02_markers"]
    dot = (shown(page, labels.shape) == instance_palette(1)[1]).all(axis=2)
    assert 60 < dot.sum() < 150


def test_the_two_ends_of_a_value_layer_have_the_two_ends_of_the_color_map():
    from matplotlib import colormaps

    layer = np.repeat(np.array([[0.0, 9.0]], np.float32), 2, axis=0)
    page = shown(drawn(Segmentation(np.zeros((2, 2), np.uint8), "mask", layers={"cost": layer}))["02_cost"], (2, 2))
    assert page[0, 0].tolist() == list(colormaps["viridis"](0, bytes=True)[:3])
    assert page[-1, -1].tolist() == list(colormaps["viridis"](255, bytes=True)[:3])


def test_zero_is_white_in_a_signed_layer():
    layer = np.array([[-3.0, 0, 3]], np.float32)
    page = shown(drawn(Segmentation(np.zeros((1, 3), np.uint8), "mask", layers={"phi": layer}))["02_phi"], (1, 3))
    assert page[5, page.shape[1] // 2].min() > 240


def test_centers_of_classes_are_shown_in_the_mean_color_of_their_pixels():
    image = np.zeros((2, 2, 3), np.uint8)
    image[0], image[1] = (200, 10, 10), (10, 10, 200)
    labels = np.array([[0, 0], [1, 1]], np.uint8)
    # The centers themselves are in another color space, and not to be taken for colors.
    segmentation = Segmentation(labels, "classes", series={"centers": np.array([[40.0, 60, 50], [30, 50, -80]])})
    page = drawn(segmentation, image)["02_centers"]
    for color in ((200, 10, 10), (10, 10, 200)):
        assert (page == color).all(axis=2).sum() > 10_000


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (90, 1), (3, 5)])
@pytest.mark.parametrize("pixel", [np.uint8, np.uint16, np.float32])
def test_odd_shapes_and_blank_pictures_are_drawn(shape, pixel):
    counts = np.array([0, shape[0] * shape[1], 0])
    segmentation = Segmentation(
        np.full(shape, VOID, np.uint8),
        "classes",
        layers={"nothing": np.full(shape, np.nan, np.float32), "flat": np.ones(shape, np.float32)},
        series={"histogram": counts, "levels": np.arange(3.0), "energy": np.array([5.0]), "none": np.zeros(0)},
        numbers={"threshold": 1.0},
    )
    names = list(drawn(segmentation, np.zeros((*shape, 3), pixel)))
    assert names == ["01_input", "02_histogram", "03_nothing", "04_flat", "05_energy", "06_labels", "07_overlay"]


def test_a_layer_of_another_size_is_refused_by_name():
    segmentation = Segmentation(np.zeros((3, 3), np.uint8), "mask", layers={"wrong": np.zeros((2, 2), bool)})
    with pytest.raises(ValueError, match="wrong"):
        drawn(segmentation)


def test_names_become_file_stems():
    layers = {"Sure foreground/background": np.ones((2, 2), bool)}
    assert "02_sure_foreground_background" in drawn(Segmentation(np.zeros((2, 2), np.uint8), "mask", layers=layers))


def test_the_same_segmentation_is_drawn_alike_twice():
    segmentation = Segmentation(np.eye(5, dtype=np.uint8), "mask", series={"energy": np.arange(4.0)})
    first, second = drawn(segmentation), drawn(segmentation)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_matplotlib_is_used_without_pyplot():
    import subprocess
    import sys

    code = (
        "import sys, numpy as np; import segcli.figures.steps as module;"
        "assert 'matplotlib' not in sys.modules;"
        "from segcli.segmentation import Segmentation;"
        "list(module.steps(Segmentation(np.eye(3, dtype=np.uint8), 'mask'), np.zeros((3, 3, 3), np.uint8)));"
        "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
