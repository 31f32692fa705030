"""What other programs make of the files, and what is made of theirs."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files.annotations.test_round_trips import ALL, NOTHING, labels_of, picture

from segcli.errors import InputError
from segcli.files.annotations import coco, geojson, roi, yolo
from segcli.files.annotations.annotated import Annotated, Thing, painted
from segcli.files.annotations.formats import FORMATS, Reading, Writing, detect, module_of
from segcli.files.annotations.losses import shaped
from segcli.files.datasets.class_names import Classes

BLOBS = [ALL[f"blobs {seed}"] for seed in (5, 9, 14, 20)] + [ALL["noise 2"], ALL["a ring closed by a corner"]]


def written(labels: np.ndarray, name: str) -> bytes:
    form = FORMATS[name]
    module: Any = module_of(form)
    return bytes(module.encode(shaped(picture(labels), form, None, NOTHING), Writing(form.endings[0], {})))


def coco_of(pictures: list[Annotated], shapes: str = "auto") -> dict[str, Any]:
    book = coco.Book(Writing(".json", {}, shapes=shapes))
    for one in pictures:
        book.add(one)
    found: dict[str, Any] = json.loads(book.encode())
    return found


def read_coco(held: dict[str, Any]) -> list[Annotated]:
    found = [one for _, one in coco.decode_all(json.dumps(held).encode(), Reading())]
    assert all(isinstance(one, Annotated) for one in found), found
    return found  # type: ignore[return-value]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("shapes", ["auto", "rle", "counts"])
def test_pycocotools_sees_the_same_objects(tmp_path: Path, capsys: pytest.CaptureFixture[str], shapes: str) -> None:
    theirs = pytest.importorskip("pycocotools.coco")
    path = tmp_path / "a.json"
    things = [shaped(picture(labels), FORMATS["coco"], None, NOTHING) for labels in BLOBS]
    path.write_text(json.dumps(coco_of(things, shapes)))
    book = theirs.COCO(str(path))
    capsys.readouterr()
    for identity, labels in enumerate(BLOBS, start=1):
        rows = book.loadAnns(book.getAnnIds(imgIds=[identity]))
        assert sorted(row["number"] for row in rows) == np.unique(labels[labels > 0]).tolist()
        for row in rows:
            mask = labels == row["number"]
            assert np.array_equal(book.annToMask(row).astype(bool), mask)
            rows_, columns = np.nonzero(mask)
            assert row["area"] == mask.sum()
            assert row["bbox"] == [columns.min(), rows_.min(), np.ptp(columns) + 1, np.ptp(rows_) + 1]
    assert book.loadCats(book.getCatIds())[0]["name"] == "object"


def test_the_reader_of_data_sets_takes_the_file(tmp_path: Path, save: Any) -> None:
    from segcli.files.datasets import find_dataset

    labels = ALL["blobs 14"]
    save("a.png", labels.astype(np.uint8))
    ready = shaped(picture(labels), FORMATS["coco"], None, NOTHING)
    (tmp_path / "instances.json").write_text(json.dumps(coco_of([ready])))
    data = find_dataset(tmp_path, val_share=0)
    sample = data.read(data.examples[0])
    assert sample.instances is not None
    # Smaller objects come later there.
    found = sample.instances
    assert np.array_equal(found > 0, labels > 0)
    assert len(np.unique(found)) == len(np.unique(labels))


def test_polygons_are_written_where_they_are_exact_and_runs_where_there_is_a_hole() -> None:
    ring = np.pad(np.zeros((1, 1), int), 1, constant_values=1)
    labels = np.hstack([ring, np.zeros((3, 1), int), np.full((3, 2), 2)])
    first, second = coco_of([shaped(picture(labels), FORMATS["coco"], None, NOTHING)])["annotations"]
    # Down the columns 0 off, 4 on, 1 off, 4 on, 9 off; packed as 0, 4, 1, 4 - 4, 9 - 1.
    assert first["segmentation"] == {"size": [3, 6], "counts": "04108"}
    assert second["segmentation"] == [[4, 0, 6, 0, 6, 3, 4, 3]]
    with pytest.raises(InputError, match=r"object 1 with a hole.*--shapes auto"):
        coco_of([shaped(picture(labels), FORMATS["coco"], None, NOTHING)], "polygons")


def test_foreign_coco_files_are_read_with_overlaps_crowds_and_names() -> None:
    held = {
        "images": [{"id": 7, "file_name": "in/a.jpg", "width": 4, "height": 3}],
        "categories": [{"id": 18, "name": "dog"}, {"id": 44, "name": "bottle"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 18, "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]]},
            {"id": 2, "image_id": 7, "category_id": 44, "segmentation": [1, 1, 4, 1, 4, 3, 1, 3], "iscrowd": 0},
            {"id": 3, "image_id": 7, "category_id": 44, "segmentation": {"size": [3, 4], "counts": [9, 1, 2]}},
            {"id": 4, "image_id": 7, "category_id": 44, "segmentation": {"counts": [9, 3]}, "iscrowd": 1},
        ],
    }
    (one,) = read_coco(held)
    assert one.things is not None
    assert (one.name, one.size, one.kind, one.names) == ("in/a", (4, 3), "instances", {18: "dog", 44: "bottle"})
    boxes = [(thing.number, thing.label, thing.left, thing.top, thing.mask.shape, thing.crowd) for thing in one.things]
    assert boxes == [
        (1, 18, 0, 0, (2, 2), False),
        (2, 44, 1, 1, (2, 3), False),
        (3, 44, 3, 0, (1, 1), False),
        (4, 44, 3, 0, (3, 1), True),
    ]
    with pytest.raises(InputError, match=r"overlaps .objects 1 and 2 overlap in 1 pixels.*and 1 crowd .object 4"):
        shaped(one, FORMATS["png"], None, NOTHING)


def test_shapely_finds_the_geometries_valid_and_as_large_as_their_pixels() -> None:
    geometry = pytest.importorskip("shapely.geometry")
    for labels in [*BLOBS, ALL["two holes that touch"], ALL["corners"], ALL["a chess board of two"]]:
        for feature in json.loads(written(labels, "geojson"))["features"]:
            shape = geometry.shape(feature["geometry"])
            assert shape.is_valid
            assert shape.area == (labels == feature["properties"]["number"]).sum()
            for part in getattr(shape, "geoms", [shape]):
                assert part.exterior.is_ccw
                assert not any(ring.is_ccw for ring in part.interiors)


def covered(rings: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    """Pixels whose centers lie in an odd number of rings, by another implementation."""
    from skimage.measure import points_in_poly

    centers = np.stack(np.indices(shape)[::-1], axis=-1).reshape(-1, 2) + 0.5
    return np.asarray(sum(points_in_poly(centers, np.asarray(ring, float)).astype(int) for ring in rings) % 2 == 1)


@pytest.mark.parametrize("name", ["geojson", "yolo"])
def test_the_outlines_cover_the_pixels_by_another_rule_for_polygons(name: str) -> None:
    labels = np.array([[1, 1, 0, 2, 2], [1, 1, 0, 2, 0], [0, 0, 3, 0, 0], [4, 4, 4, 4, 4]])
    height, width = labels.shape
    if name == "yolo":
        lines = [line.split() for line in written(labels, name).decode().splitlines()]
        assert {line[0] for line in lines} == {"0"}
        shapes = [[np.array(line[1:], float).reshape(-1, 2) * (width, height)] for line in lines]
    else:
        shapes = [one["geometry"]["coordinates"] for one in json.loads(written(labels, name))["features"]]
    for number, rings in enumerate(shapes, start=1):
        assert np.array_equal(covered(rings, labels.shape).reshape(labels.shape), labels == number)


def test_geojson_of_qupath_is_read_with_its_classes() -> None:
    def feature(name: str, corners: list[list[float]]) -> dict[str, Any]:
        properties = {"objectType": "annotation", "classification": {"name": name, "color": [1, 2, 3]}}
        return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [corners]}, "properties": properties}

    square = [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]
    held = {
        "type": "FeatureCollection",
        "features": [feature("Tumor", square), feature("Stroma", [[3, 0], [5, 0], [3, 2]])],
    }
    data = json.dumps(held).encode()
    with pytest.raises(InputError, match="--images, or their size with --size"):
        geojson.decode(data, "a", Reading())
    found = geojson.decode(data, "a", Reading(size=(5, 2)))
    assert found.names == {1: "Stroma", 2: "Tumor"}
    assert labels_of(painted(found, "classes")).tolist() == [[2, 2, 0, 1, 0], [2, 2, 0, 0, 0]]
    held["features"][0]["geometry"] = {"type": "Point", "coordinates": [1, 1]}  # type: ignore[index]
    with pytest.raises(InputError, match="feature 1 of type Point"):
        geojson.decode(json.dumps(held).encode(), "a", Reading(size=(5, 2)))


def test_outlines_of_another_picture_are_refused() -> None:
    for data, reader in ((b"0 0 0 1.5 0 1.5 1 0 1", yolo), (outline(1, box=(0, 0, 4, 12)), roi)):
        with pytest.raises(InputError, match=r"has an outline up to .12, .*outside of its picture of 8 x 4"):
            reader.decode(data, "a", Reading(size=(8, 4)))


def test_yolo_lines_are_read_with_names_and_boxes_are_refused() -> None:
    data = b"1 0.25 0 1 0 1 1 0.25 1\n\n0 0 0 0.25 0 0.25 0.5 0 0.5\n"
    found = yolo.decode(data, "a", Reading(size=(4, 2), classes=Classes(names=("cat", "dog"))))
    assert found.names == {1: "cat", 2: "dog"}
    assert labels_of(painted(found, "classes")).tolist() == [[1, 2, 2, 2], [0, 2, 2, 2]]
    found = yolo.decode(data, "a", Reading(size=(4, 2), classes=Classes(names=("background", "cat", "dog"))))
    assert found.names == {1: "cat", 2: "dog"}
    for line, words in (
        (b"0 0.5 0.5 0.1 0.1", "box without an outline in line 1"),
        (b"0 0.5 0.5 0.1 0.1 x 1", "line 1 with '0 0.5"),
        (b"0 0.5 0.5 0.1 0.1 0.3", "line 1 with 5 numbers"),
        (b"0 300 200 310 200 310 220", "shares of width and height"),
    ):
        with pytest.raises(InputError, match=words):
            yolo.decode(line, "a", Reading(size=(4, 2)))


def outline(kind: int, body: bytes = b"", *, count: int = 0, options: int = 0, box: Any = (1, 2, 4, 6)) -> bytes:
    """A .roi file from the published places of its header."""
    head = b"Iout" + struct.pack(">hBx4hH", 227, kind, *box, count) + bytes(32) + struct.pack(">h", options)
    return head.ljust(64, b"\0") + body


def read_roi(data: bytes) -> np.ndarray:
    return labels_of(painted(roi.decode(data, "a", Reading(size=(8, 6))), "instances"))


def test_rectangles_polygons_and_corners_between_pixels_are_read() -> None:
    rectangle = np.zeros((6, 8), np.int32)
    rectangle[1:4, 2:6] = 1
    assert np.array_equal(read_roi(outline(1)), rectangle)
    corners = struct.pack(">8h", 0, 4, 4, 0, 0, 0, 3, 3)
    for kind in (0, 7, 8):
        assert np.array_equal(read_roi(outline(kind, corners, count=4)), rectangle)
    # Whole corners come first, those between pixels are what counts.
    fine = corners + struct.pack(">8f", 2.4, 5.4, 5.4, 2.4, 1.4, 1.4, 3.6, 3.6)
    expected = np.zeros((6, 8), np.int32)
    expected[1:4, 2:5] = 1
    assert np.array_equal(read_roi(outline(0, fine, count=4, options=128)), expected)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (outline(2), "is an oval"),
        (outline(10), "is points"),
        (outline(0, options=1), "is a spline"),
        (outline(0, b"", count=4), "damaged outline"),
        (outline(0), "has no corners"),
        (b"Iout", "damaged outline"),
    ],
)
def test_what_is_no_area_of_whole_pixels_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_roi(data)


def test_roifile_sees_the_same_outlines_and_properties() -> None:
    roifile = pytest.importorskip("roifile")
    labels = ALL["blobs 20"]
    things = shaped(picture(labels), FORMATS["roi"], None, NOTHING).things or ()
    named = Annotated(
        "a",
        labels.shape[::-1],
        "instances",
        {1: "cell", 2: "nucleus"},
        things=tuple(  # type: ignore[arg-type]
            Thing(one.mask, one.left, one.top, one.number, 1 + one.number % 2, one.number == 3) for one in things
        ),
    )
    with zipfile.ZipFile(io.BytesIO(roi.encode(named, Writing(".zip", {})))) as archive:
        found = [roifile.ImagejRoi.frombytes(archive.read(name)) for name in archive.namelist()]
    assert [one.name for one in found] == [f"{thing.number:04d}" for thing in things]
    for one, thing in zip(found, named.things or (), strict=True):
        assert one.properties["class"] == named.names[thing.label]
        assert one.group == (2 if thing.label == 2 else 0)
        assert ("crowd" in one.properties) == thing.crowd
        assert (one.left, one.top) == (thing.left, thing.top)
        assert (one.bottom - one.top, one.right - one.left) == thing.mask.shape
        rings = one.coordinates(multi=True)
        assert np.array_equal(covered(rings, labels.shape).reshape(labels.shape), labels == thing.number)


def test_outlines_of_roifile_are_read() -> None:
    roifile = pytest.importorskip("roifile")
    square = np.array([[2, 1], [6, 1], [6, 4], [2, 4]])
    data = roifile.ImagejRoi.frompoints(square, name="0005").tobytes()
    expected = np.zeros((6, 8), np.int32)
    expected[1:4, 2:6] = 5
    assert np.array_equal(read_roi(data), expected)


JUNK: tuple[Any, ...] = (None, -1, 1.5, float("nan"), "x", "", [], {}, [[1]], [[[1, 2]]], {"a": 1}, 2**70, [None] * 8)


def leaves(held: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON document."""
    yield path
    for key in held if isinstance(held, dict) else range(len(held)) if isinstance(held, list) else ():
        yield from leaves(held[key], (*path, key))


@pytest.mark.parametrize("name", ["coco", "geojson"])
def test_damaged_json_is_refused_in_words_and_never_breaks(name: str) -> None:
    things = tuple(Thing(np.ones((2, 3), bool), 1 + i, i, i + 1, 1 + i % 2, i == 1) for i in range(2))
    one = Annotated("a", (12, 9), "instances", {1: "x", 2: "y"}, things=things)
    data = json.dumps(coco_of([one])).encode() if name == "coco" else geojson.encode(one, Writing(".geojson", {}))
    refused = 0
    for path in list(leaves(json.loads(data))):
        for junk in JUNK:
            whole = {"": json.loads(data)}
            place: Any = whole
            for key in ("", *path)[:-1]:
                place = place[key]
            place[("", *path)[-1]] = junk
            broken = json.dumps(whole[""]).encode()
            try:
                detect(broken)
                if name == "coco":
                    refused += sum(isinstance(one, InputError) for _, one in coco.decode_all(broken, Reading()))
                else:
                    geojson.decode(broken, "a", Reading(size=(12, 9)))
            except InputError:
                refused += 1
    assert refused > 200


@pytest.mark.parametrize("name", ["png", "npz", "roi", "yolo"])
def test_damaged_files_are_refused_in_words_and_never_break(name: str) -> None:
    data = written(np.array([[1, 1, 0, 2], [1, 1, 0, 2]]), name)
    generator = np.random.default_rng(0)
    refused = 0
    for turn in range(200):
        broken = bytearray(data[: generator.integers(1, len(data))] if turn % 3 == 0 else data)
        broken[generator.integers(0, len(broken))] = generator.integers(0, 256)
        try:
            detect(bytes(broken))
            module_of(FORMATS[name]).decode(bytes(broken), "a", Reading(size=(4, 2)))
        except InputError:
            refused += 1
    assert refused > 50
