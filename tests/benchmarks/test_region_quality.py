"""Quality of merged and cut superpixels on BSDS500: one setting for all pictures, against what is published.

Run by hand: pytest tests/benchmarks/test_region_quality.py -s
"""

from benchmarks.bsds import PUBLISHED, table

from segcli import hierarchical, normalized_cut

LIBRARY = (0.494, 0.740, 2.26)
"""SLIC of 300 superpixels with scikit-image's region graph, merged: measured on the same 60 pictures."""


def assert_reached(found, goal):
    """Covering and PRI at least the goal's, VI at most; to the goal's own digits."""
    assert found[0] >= goal[0] - 0.0005
    assert found[1] >= goal[1] - 0.0005
    assert found[2] <= goal[2] + 0.005


def test_hierarchical_merging_passes_the_libraries(data):
    found = [table("hierarchical", hierarchical, ({"regions": regions},), data) for regions in (10, 12)]
    assert_reached(found[0], LIBRARY)


def test_normalized_cut_passes_the_published_one(data):
    settings = ({"regions": 10}, {"regions": 40, "threshold": 0.01}, {"regions": 40, "threshold": 0.02})
    found = [table("normalized_cut", normalized_cut, (setting,), data) for setting in settings]
    assert_reached(found[0], PUBLISHED["normalized_cut"])
