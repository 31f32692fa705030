"""A given mask, read for what it means, and made better within its band."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segcli.errors import InputError
from segcli.files.labels import read_labels
from segcli.files.provenance import read_provenance
from segcli.files.write import encode_array, write_bytes
from segcli.refine import interpret, sure_parts

Run = Callable[..., Any]
Save = Callable[..., Path]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def disc(radius: float, shape: tuple[int, int] = (60, 80)) -> np.ndarray:
    rows, columns = np.indices(shape)
    return (rows - 30) ** 2 + (columns - 40) ** 2 <= radius**2


def scene() -> np.ndarray:
    """A red disc of radius 18 on a blue ground, with noise."""
    noise = np.random.default_rng(5).normal(0, 8, (60, 80, 3))
    return np.clip(np.where(disc(18)[..., None], (190, 70, 60), (60, 80, 170)) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("values", "labels", "scored"),
    [
        (np.array([[0, 255]], np.uint8), [[0, 1]], False),
        (np.array([[0, 1]], np.uint8), [[0, 1]], False),
        (np.array([[False, True]]), [[0, 1]], False),
        (np.array([[0, 7, 3]], np.uint16), [[0, 7, 3]], False),
        (np.array([[0.0, 2.0, 5.0]], np.float32), [[0, 2, 5]], False),
        (np.array([[0, 100, 200, 255]], np.uint8), [[0, 0, 1, 1]], True),
        (np.array([[0.1, 0.7]], np.float32), [[0, 1]], True),
        (np.array([[[0.8, 0.1]], [[0.1, 0.2]], [[0.1, 0.7]]]), [[0, 2]], True),
    ],
)
def test_numbers_are_read_for_what_they_most_likely_mean(values: np.ndarray, labels: list[Any], scored: bool) -> None:
    given = interpret(values, "auto")
    assert given.labels.tolist() == labels
    assert (given.scores is not None) is scored


def test_the_user_knows_better() -> None:
    values = np.array([[0, 100, 255]], np.uint8)
    assert interpret(values, "labels").labels.tolist() == [[0, 100, 255]]
    assert interpret(values, "mask").labels.tolist() == [[0, 1, 1]]
    assert interpret(values, "probability").scores is not None
    assert interpret(values, "probability").notes == ()
    assert interpret(values, "auto").notes


@pytest.mark.parametrize(
    ("values", "holds", "complaint"),
    [
        (np.array([[-1.0, 0.5]]), "auto", "negative"),
        (np.array([[np.nan, 0.5]]), "auto", "not finite"),
        (np.array([[0.2, 0.5]]), "labels", "fractions"),
        (np.array([[0.2, 3.5]]), "auto", "at most 1"),
    ],
)
def test_numbers_without_a_meaning_are_refused(values: np.ndarray, holds: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        interpret(values, holds)


def test_sure_parts_lie_a_band_away_from_the_border_and_keep_the_middle_of_small_objects() -> None:
    labels = np.zeros((9, 30), np.int32)
    labels[:, 10:] = 1
    inside, outside = sure_parts(interpret(labels, "mask"), 3)
    # The border pixels are columns 9 and 10; 3 pixels further are columns 6 and 13.
    assert np.flatnonzero(outside[4]).tolist() == list(range(7))
    assert np.flatnonzero(inside[4]).tolist() == list(range(13, 30))
    dot = np.zeros((9, 9), np.int32)
    dot[3:6, 3:6] = 1
    inside, _ = sure_parts(interpret(dot, "mask"), 50)
    assert inside.any()


@pytest.mark.parametrize("method", ["grabcut", "graphcut", "random-walker", "chan-vese", "crf"])
def test_a_coarse_mask_comes_nearer_to_the_object(segcli: Run, save: Save, method: str) -> None:
    image = save("scene.png", scene())
    coarse = save("coarse.png", disc(14).astype(np.uint8) * np.uint8(255))
    result = segcli("refine", coarse, image, "--with", method, "-o", "better.png")
    assert result.code == 0, result.err
    truth, before, after = disc(18), disc(14), read_labels("better.png") > 0
    share = [np.sum(mask & truth) / np.sum(mask | truth) for mask in (before, after)]
    assert share[0] < 0.65
    assert share[1] > 0.97
    record = read_provenance(Path("better.png").read_bytes())
    assert record is not None
    assert (record["method"], record["with"]["method"]) == ("refine", method)
    assert record["hints"]["mask"]["file"] == str(coarse)


def test_several_objects_keep_their_numbers(segcli: Run, save: Save) -> None:
    image = np.full((40, 80), 40, np.uint8)
    image[10:30, 10:35] = 200
    image[10:30, 45:70] = 200
    labels = np.zeros((40, 80), np.uint8)
    labels[13:27, 13:32], labels[13:27, 48:67] = 5, 2
    result = segcli(
        "refine", save("rough.png", labels), save("two.png", image), "--with", "random-walker", "-o", "out.png"
    )
    assert result.code == 0, result.err
    refined = read_labels("out.png")
    assert np.array_equal(refined > 0, image > 100)
    assert set(np.unique(refined[:, :40])) == {0, 5}
    assert set(np.unique(refined[:, 40:])) == {0, 2}
    refused = segcli("refine", "rough.png", "two.png", "--with", "grabcut", "-o", "other.png")
    assert refused.code == 1
    assert "refines one object" in refused.err


def test_probabilities_of_a_network_may_come_as_scores(segcli: Run, save: Save) -> None:
    soft = np.where(disc(15), 0.8, 0.3).astype(np.float32)
    write_bytes("soft.npz", encode_array(np.stack([1 - soft, soft]), ".npz", {}))
    result = segcli("refine", "soft.npz", save("scene.png", scene()), "--with", "crf", "-o", "better.png")
    assert result.code == 0, result.err
    after = read_labels("better.png") > 0
    assert np.mean(after == disc(18)) > 0.98


def test_mistakes_get_one_line(segcli: Run, save: Save) -> None:
    image, small = save("scene.png", scene()), save("small.png", np.eye(4, dtype=np.uint8))
    for arguments, complaint, code in (
        ((small, image, "--with", "otsu"), "does not refine masks", 2),
        ((small, image, "--with", "grabcutt"), "did you mean grabcut", 2),
        ((small, image, "--with", "grabcut"), "the mask is 4 x 4, the image is 80 x 60", 1),
        ((small, image, "--with", "grabcut", "--band", "0"), "--band is 0", 2),
        ((small, image, "--with", "grabcut", "--holds", "water"), "--holds is 'water'", 2),
        (("nowhere.png", image, "--with", "grabcut"), "does not exist", 2),
    ):
        result = segcli("refine", *arguments)
        assert (result.code, result.err.count("\n")) == (code, 1), result.err
        assert complaint in result.err


def test_a_mask_without_a_border_comes_back_with_a_note(segcli: Run, save: Save) -> None:
    empty = save("empty.png", np.zeros((60, 80), np.uint8))
    result = segcli("refine", empty, save("scene.png", scene()), "--with", "grabcut", "-o", "out.png")
    assert result.code == 0
    assert "no border to refine" in result.err
    assert not read_labels("out.png").any()
