"""Where results go, and every collision that is found before work."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from segcli.errors import UsageError
from segcli.files.sinks import Sink, is_own, plan
from segcli.files.sources import Item
from segcli.files.write import encode_labels


def sink(out: str | None = None, name: str = "{stem}.{method}", kinds: tuple[str, ...] = ("mask",)) -> Sink:
    return Sink(out, name, kinds, "otsu")


def outputs(rules: Sink, item: Item, page: int | None = None) -> list[str]:
    return [output.path for output in rules.outputs(item, page)]


def check(rules: Sink, *items: Item, **more: list[str]) -> None:
    plan(rules, [(item, rules.outputs(item)) for item in items], **more)


@pytest.mark.parametrize(
    ("out", "name", "kinds", "expected"),
    [
        (None, "{stem}.{method}", ("mask",), ["cell 1.otsu.png"]),
        ("masks", "{stem}.{method}", ("mask",), ["masks/deep/cell 1.otsu.png"]),
        ("masks/", "{stem}", ("mask", "overlay"), ["masks/deep/cell 1.png", "masks/deep/cell 1.overlay.png"]),
        ("m.tif", "{stem}", ("mask", "overlay"), ["m.tif", "m.overlay.tif"]),
        ("masks", "{parent}_{stem}_{ext}.tif", ("mask",), ["masks/deep/deep_cell 1_jpg.tif"]),
        (
            "masks",
            "{stem}_mask.npy",
            ("labels", "scores"),
            ["masks/deep/cell 1_mask.npy", "masks/deep/cell 1_mask.scores.npy"],
        ),
    ],
)
def test_names_follow_the_rules(
    out: str | None,
    name: str,
    kinds: tuple[str, ...],
    expected: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    found = outputs(sink(out, name, kinds), Item("in/deep/cell 1.jpg", "" if out is None else "deep"))
    assert found == expected


def test_pages_are_numbered_after_the_stem_or_where_the_template_says() -> None:
    assert outputs(sink(), Item("a.tif"), 2) == ["a.page3.otsu.png"]
    assert outputs(sink(name="{page:03d}-{stem}"), Item("a.tif"), 2) == ["003-a.png"]
    assert outputs(sink("x.tif"), Item("a.tif"), 2) == ["x.page3.tif"]


@pytest.mark.parametrize("name", ["{stm}", "{stem", "{stem.__class__}", "{0}"])
def test_a_template_with_an_unknown_field_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        sink(name=name)


def test_a_lossy_or_unknown_ending_is_refused_for_a_mask() -> None:
    for rules in ({"out": "mask.jpg"}, {"name": "{stem}.jpg"}, {"out": "mask.xyz"}):
        with pytest.raises(UsageError, match="Use"):
            sink(**rules)  # type: ignore[arg-type]


def test_two_inputs_with_one_output_are_refused() -> None:
    with pytest.raises(UsageError, match="would both be written"):
        check(sink("masks"), Item("a/x.png"), Item("b/x.jpg"))


def test_two_outputs_that_differ_by_case_alone_are_refused() -> None:
    with pytest.raises(UsageError, match="would both be written"):
        check(sink("masks"), Item("a/X.png"), Item("b/x.png"))


def test_an_output_that_is_an_input_is_refused_also_through_links(tmp_path: Path) -> None:
    image = tmp_path / "x.png"
    image.write_bytes(b"image")
    same = sink(str(tmp_path), "{stem}")
    with pytest.raises(UsageError, match="is an input"):
        check(same, Item(str(image)))
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(UsageError, match="is an input"):
        check(same, Item(str(tmp_path / "link" / "x.png")))
    (tmp_path / "soft.png").symlink_to(image)
    with pytest.raises(UsageError, match="is an input"):
        check(same, Item(str(tmp_path / "soft.png")))
    os.link(image, tmp_path / "x.hard.png")
    with pytest.raises(UsageError, match="input of this run"):
        check(sink(str(tmp_path), "{stem}.hard"), Item(str(image)))
    with pytest.raises(UsageError, match="is an input"):
        check(sink(str(tmp_path), "X"), Item(str(image)))


def test_an_output_that_is_a_scribble_or_list_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is an input"):
        check(sink(str(tmp_path), "{stem}"), Item("a.png"), reads=[str(tmp_path / "a.png")])
    with pytest.raises(UsageError, match="written over one of the inputs"):
        check(sink(str(tmp_path)), Item("a.png"), writes=["a.png"])
    with pytest.raises(UsageError, match="would both be written"):
        check(sink(str(tmp_path)), Item("a.png"), writes=[str(tmp_path / "a.otsu.png")])


def test_many_inputs_do_not_fit_one_file_or_stream() -> None:
    for out in ("one.png", "-"):
        with pytest.raises(UsageError, match="cannot all be written"):
            check(sink(out), Item("a.png"), Item("b.png"))
    with pytest.raises(UsageError, match="takes one picture"):
        check(sink("-", kinds=("mask", "overlay")), Item("a.png"))


def test_own_untouched_work_on_the_same_input_is_recognised(tmp_path: Path) -> None:
    import numpy as np

    path, image, other = tmp_path / "a.otsu.png", tmp_path / "a.png", tmp_path / "b.png"
    image.write_bytes(b"image")
    other.write_bytes(b"image")
    record = {"method": "otsu", "input": "a.png", "sha256": sha256(b"image").hexdigest()}
    data = encode_labels(np.zeros((2, 2), np.uint8), "mask", ".png", record)
    path.write_bytes(data)
    assert is_own(str(path), Item(str(image)), "otsu")
    assert not is_own(str(path), Item(str(other)), "otsu")
    assert not is_own(str(path), Item(str(image)), "kmeans")
    path.write_bytes(data + b" ")
    assert not is_own(str(path), Item(str(image)), "otsu")
    path.write_bytes(data)
    image.write_bytes(b"another image of that name")
    assert not is_own(str(path), Item(str(image)), "otsu")
