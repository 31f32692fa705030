"""A segmenter named in words."""

from __future__ import annotations

import numpy as np
import pytest

from segcli.cleanup import Cleanup
from segcli.errors import UsageError
from segcli.phrase import names_a_method, segmenter_from_words
from segcli.preparation import Preparation


def test_words_give_method_knobs_preparation_and_cleanup() -> None:
    segmenter = segmenter_from_words("kmeans classes=4 space=lab blur=1.5 channel=g min-size=7 fill-holes=true")
    assert segmenter.function == "kmeans"
    assert segmenter.settings == {"classes": 4, "space": "lab"}
    assert segmenter.preparation == Preparation("g", 1.5)
    assert segmenter.cleanup == Cleanup(min_size=7, fill_holes=True)
    assert segmenter_from_words("threshold at=80,150").settings == {"at": (80.0, 150.0)}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("otsux", "did you mean otsu"),
        ("otsu clases=3", "did you mean classes"),
        ("otsu classes", "write NAME=VALUE"),
        ("otsu classes=three", "whole number"),
        ("otsu classes=1", "between 2"),
        ("otsu classes=2 classes=3", "given twice"),
        ("otsu fill_holes=maybe", "true or false"),
        ("otsu min_size=-1", "at least 0"),
        ("grabcut box=1,2,3,4", "cannot stand here"),
        ("", "no method is named"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(words: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as refusal:
        segmenter_from_words(words)
    assert "\n" not in str(refusal.value)


def test_only_words_that_begin_with_a_method_name_one() -> None:
    assert names_a_method("kmeans classes=3")
    assert not names_a_method("masks/kmeans.png")
    assert not names_a_method("")


def test_a_hint_may_be_made_by_another_method(segcli, save) -> None:  # type: ignore[no-untyped-def]
    path = save("disks.png")
    done = segcli("watershed", path, "-o", path.with_name("out.png"), "--mask", "threshold at=150", "--json")
    plain = segcli("watershed", path, "-o", path.with_name("plain.png"), "--foreground", "bright", "--json")
    assert (done.code, plain.code) == (0, 0), done.err
    from segcli.files.labels import read_labels
    from segcli.files.provenance import read_provenance

    assert np.array_equal(read_labels(path.with_name("out.png")), read_labels(path.with_name("plain.png")))
    record = read_provenance(path.with_name("out.png").read_bytes())
    assert record is not None
    assert record["made"]["mask"]["method"] == "threshold"
    assert record["made"]["mask"]["settings"]["at"] == [150.0]
    wrong = segcli("watershed", path, "-o", path.with_name("out.png"), "--mask", "threshold att=1")
    assert wrong.code == 2
    assert "did you mean at" in wrong.err


def test_words_say_what_clean_can_do_besides() -> None:
    segmenter = segmenter_from_words("otsu opening=2 closing=3 hull=true split=true")
    assert segmenter.cleanup == Cleanup(opening=2, closing=3, hull=True, split=True)
    with pytest.raises(UsageError, match="closing is 5000; it must be"):
        segmenter_from_words("otsu closing=5000")
