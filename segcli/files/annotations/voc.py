"""PASCAL VOC's indexed PNG: numbers of classes or of objects, in the colors of the palette; 255 is void."""

from __future__ import annotations

import numpy as np

from segcli.files.annotations.annotated import NO_CLASS, Annotated, painted, united
from segcli.files.annotations.formats import Writing
from segcli.files.annotations.rasters import decode as decode
from segcli.files.label_png import encode_png
from segcli.files.palettes import voc_palette
from segcli.files.provenance import sealed
from segcli.segmentation import VOID


def encode(picture: Annotated, writing: Writing) -> bytes:
    """Write an indexed PNG; of numbered objects void is 255, as in VOC's SegmentationObject."""
    record = dict(writing.record)
    labels = np.asarray(painted(picture, picture.kind).labels).copy()
    if picture.kind == "instances":
        record["void"] = VOID
        void = [thing for thing in picture.things or () if thing.label == NO_CLASS]
        labels[united(void, picture.size)] = VOID
    return sealed(encode_png(labels.astype(np.uint8), voc_palette()), record)
