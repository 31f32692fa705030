"""Small data sets of every layout, built in a test's folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

SHAPE = (12, 16)


def picture(seed: int = 0, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """A smooth picture unlike those of other seeds, (H, W) uint8."""
    generator = np.random.default_rng(seed)
    coarse = generator.uniform(0, 255, (4, 4)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def mask(*values: int, shape: tuple[int, int] = SHAPE, kind: type = np.uint8) -> np.ndarray:
    """Stripes of the values, from top to bottom."""
    rows = np.arange(shape[0]) * len(values) // shape[0]
    return np.repeat(np.array(values, kind)[rows][:, None], shape[1], axis=1)


def save(path: Path, values: np.ndarray, *, quality: int = 95) -> Path:
    """Write a picture or mask in the format of its ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gif":
        from PIL import Image

        Image.fromarray(values).save(path)
        return path
    if values.ndim == 3:
        values = values[:, :, ::-1]
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix == ".jpg" else []
    done, data = cv2.imencode(path.suffix, values, options)
    assert done
    path.write_bytes(data.tobytes())
    return path


def pairs(
    folder: Path,
    names: Sequence[str],
    values: Mapping[int, np.ndarray] | None = None,
    *,
    images: str = "images",
    masks: str = "masks",
    seed: int = 0,
) -> Path:
    """Write pictures and masks with equal stems; a mask of 0 and 255 where `values` has none for the place."""
    for place, name in enumerate(names):
        save(folder / images / f"{name}.png", picture(seed + place))
        save(folder / masks / f"{name}.png", (values or {}).get(place, mask(0, 255)))
    return folder


def by_parts(folder: Path, counts: Mapping[str, int] | None = None) -> Path:
    """train/, val/ and test/, each with images/ and masks/; no two pictures are equal."""
    for number, (part, count) in enumerate((counts or {"train": 3, "val": 2, "test": 1}).items()):
        pairs(folder / part, [f"{part}{place}x" for place in range(count)], seed=100 * number)
    return folder


def voc(folder: Path) -> Path:
    """VOC2012 with lists; palette masks of two classes with void between them."""
    from PIL import Image

    from segcli.files.palettes import voc_palette

    for place, name in enumerate(("2007_000032", "2007_000033", "2007_000039")):
        save(folder / "JPEGImages" / f"{name}.jpg", picture(place))
        indexed = Image.fromarray(mask(0, 1, 255, 15), mode=None)
        indexed.putpalette(voc_palette().ravel().tolist())
        (folder / "SegmentationClass").mkdir(exist_ok=True)
        indexed.save(folder / "SegmentationClass" / f"{name}.png")
    lists = folder / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("2007_000032\n2007_000033\n")
    (lists / "val.txt").write_text("2007_000039\n")
    (lists / "trainval.txt").write_text("2007_000032\n2007_000033\n2007_000039\n")
    return folder


def camvid(folder: Path, *, lists: bool = True) -> Path:
    """SegNet's CamVid: train/ and trainannot/, and lists with the paths of another machine."""
    for number, part in enumerate(("train", "val", "test")):
        names = [f"0001TP_{number}0{place}" for place in range(2)]
        pairs(folder, names, {0: mask(0, 3, 11), 1: mask(1, 3, 11)}, images=part, masks=f"{part}annot", seed=9 * number)
        lines = [f"/SegNet/CamVid/{part}/{name}.png /SegNet/CamVid/{part}annot/{name}.png" for name in names]
        if lists:
            (folder / f"{part}.txt").write_text("\n".join(lines) + "\n")
    return folder


SQUARE = [2.0, 2.0, 8.0, 2.0, 8.0, 8.0, 2.0, 8.0]
"""Columns and rows 2 to 7."""


def coco_table(names: Sequence[str], annotations: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The tables of an annotation file for pictures of SHAPE."""
    return {
        "images": [
            {"id": number, "file_name": name, "width": SHAPE[1], "height": SHAPE[0]}
            for number, name in enumerate(names)
        ],
        "annotations": [{"id": number, "iscrowd": 0, **row} for number, row in enumerate(annotations)],
        "categories": [{"id": 7, "name": "cell"}, {"id": 3, "name": "debris"}],
    }


def coco(folder: Path, annotations: Sequence[Mapping[str, object]] | None = None) -> Path:
    """Two pictures; by default one with a square cell and one with nothing."""
    names = ["a.png", "b.png"]
    for place, name in enumerate(names):
        save(folder / "images" / name, picture(place))
    rows = annotations or [{"image_id": 0, "category_id": 7, "segmentation": [SQUARE]}]
    (folder / "annotations").mkdir(parents=True)
    (folder / "annotations" / "instances.json").write_text(json.dumps(coco_table(names, rows)))
    return folder


def table(folder: Path, rows: Sequence[Mapping[str, str]], mark: str = ",") -> Path:
    """A CSV with the given rows."""
    path = folder / "pairs.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=mark)
        writer.writeheader()
        writer.writerows(rows)
    return path
