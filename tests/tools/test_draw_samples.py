from pathlib import Path

import numpy as np
import pytest
from tools.draw_samples import BOXES, astronaut_scribbles, draw_labels, page, place_discs, touching_discs

from segcli.scores.instance import f1

SAMPLES = Path(__file__).parents[2] / "sample_images"


def read(name):
    from skimage import io

    return io.imread(SAMPLES / name)


def components(mask):
    from scipy import ndimage

    return ndimage.label(mask, np.ones((3, 3)))


def foreground(picture):
    from skimage import filters

    smooth = filters.gaussian(picture, 1, preserve_range=True)
    return smooth > filters.threshold_otsu(smooth)


def test_shipped_discs_are_what_the_program_draws():
    picture, labels = touching_discs()
    assert np.array_equal(read("touching_discs_labels.png"), labels)
    # The last bit of a float may differ between machines.
    assert np.abs(read("touching_discs.png").astype(int) - picture).max() <= 1
    assert np.abs(read("page.png").astype(int) - page()[0]).max() <= 1
    assert np.array_equal(read("astronaut_scribbles.png"), astronaut_scribbles())


def test_a_threshold_joins_the_discs_and_a_watershed_of_the_distance_counts_them():
    from scipy import ndimage
    from skimage import feature, segmentation

    picture, labels = read("touching_discs.png"), read("touching_discs_labels.png")
    mask = foreground(picture)
    pieces, count = components(mask)
    assert labels.max() == 82
    assert count == 10
    distance = ndimage.distance_transform_edt(mask)
    peaks = feature.peak_local_max(distance, min_distance=8, labels=pieces, exclude_border=False)
    markers = np.zeros(labels.shape, int)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    assert len(peaks) == 82
    assert f1(segmentation.watershed(-distance, markers, mask=mask), labels) == 1.0


@pytest.mark.parametrize(("gap", "heaped", "joined"), [(-2.0, 1.0, True), (3.0, 1.0, False), (0.0, 0.0, False)])
def test_gap_and_heaping_decide_how_discs_hang_together(gap, heaped, joined):
    discs = place_discs((150, 200), radius=(12, 14), cover=0.16, gap=gap, heaped=heaped, seed=3)
    labels = draw_labels((150, 200), discs)
    assert len(discs) == labels.max() > 7
    assert components(labels > 0)[1] == (1 if joined else len(discs))
    assert abs(np.mean(labels > 0) - 0.16) < 0.02


def test_every_sample_stands_in_the_readme_with_a_licence():
    table = [line.split("|") for line in (SAMPLES / "README.md").read_text().splitlines() if line.startswith("| `")]
    named = {row[1].strip(" `"): row[-2].strip() for row in table}
    shipped = {path.name for path in SAMPLES.iterdir() if path.is_file() and path.name != "README.md"}
    assert set(named) == shipped
    assert all(named.values())


def test_samples_stay_under_three_megabytes():
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 3_000_000


@pytest.mark.parametrize("stem", sorted(BOXES))
def test_boxes_lie_inside_their_pictures(stem):
    height, width = read(f"{stem}.jpg").shape[:2]
    left, top, right, bottom = BOXES[stem]
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_otsu_joins_the_shipped_discs_and_watershed_counts_them():
    from segcli.method import run
    from segcli.methods.regions.watershed import watershed
    from segcli.methods.threshold.otsu import otsu

    picture, labels = read("touching_discs.png"), read("touching_discs_labels.png")
    assert components(run(otsu, picture).labels)[1] < 20
    parted = run(watershed, picture).labels
    assert parted.max() == 82
    assert f1(parted, labels) == 1.0
