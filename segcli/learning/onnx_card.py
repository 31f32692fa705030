"""What is known of a network in an ONNX file: from itself, from a file beside it, or assumed; without torch."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from segcli.errors import InputError
from segcli.files.onnx_file import OnnxFile, decode_onnx, read_onnx
from segcli.files.read import read_bytes
from segcli.learning.card import MOST_CLASSES, WORDS, ModelCard
from segcli.learning.scaling import IMAGENET_MEAN, IMAGENET_STD, Scaling

KEY = "segcli"
"""The entry of the file's metadata under which segcli writes what it knows."""
FOREIGN = "onnx"
"""What stands for the architecture of networks of others."""
MULTIPLE = 32
"""Sides that networks of others are given are multiples of it, unless something else is said."""
BYTES_PER_PIXEL = 2048.0
"""Memory for the activations of networks of others, roughly that of a U-Net."""
BESIDE = (
    *("names", "channels", "mean", "std", "scaling", "outputs", "multiple", "size", "target"),
    *("segments", "data", "licence"),
)
"""What may be said of a network of others."""
LONGEST = 1 << 20
FLOATS = ("float32", "float16", "float64")
SCORES = ("Softmax", "Sigmoid", "HardSigmoid")


class ForeignCard(ModelCard):
    """The card of a network that segcli did not build."""

    @property
    def makes_labels(self) -> bool:
        """Whether it labels pixels: it is taken for that."""
        return True

    def _faults_of_architecture(self) -> list[str]:
        return []


@dataclass(frozen=True)
class OnnxModel:
    """A network in ONNX with all that must be known to predict with it.

    Attributes
    ----------
    digest : SHA-256 of the network and of what stands beside it, in hexadecimal.
    field, multiple, margin : as for `segcli.learning.member.Member`.
    fit : its pictures' sides must be multiples of it; 1 where it takes any.
    bytes_per_pixel : memory of the activations.
    scores : whether it gives probabilities, not logits.
    notes : what had to be assumed.
    """

    file: OnnxFile
    card: ModelCard
    digest: str
    field: int | None
    multiple: int
    margin: int
    bytes_per_pixel: float
    fit: int = 1
    scores: bool = False
    notes: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[int | None, int | None]:
        """Height and width that pictures must have, None where any will do."""
        height, width = self.file.inputs[0].shape[2:]
        return height, width

    @property
    def batch(self) -> int | None:
        """Pictures that must go in at once, None for any number."""
        return self.file.inputs[0].shape[0]


def open_onnx(path: str) -> OnnxModel:
    """Read a network and find out what it takes and gives.

    Raises
    ------
    InputError : it is none that segments pictures, or too little is known of it.
    UsageError : the packages for it are not installed.
    """
    file = read_onnx(path)
    _check_ports(file)
    digest = sha256(file.data)
    if KEY in file.metadata:
        return _own(file, digest.hexdigest())
    beside = f"{os.path.splitext(path)[0]}.json"
    said: Mapping[str, Any] = {}
    if os.path.lexists(beside):
        data = read_bytes(beside)
        digest.update(data)
        said = _said(data, os.path.basename(beside))
    return _foreign(file, digest.hexdigest(), said, os.path.basename(beside))


def own_model(data: bytes) -> OnnxModel:
    """What segcli wrote, from its bytes.

    Raises
    ------
    InputError : it is damaged, or segcli did not write it.
    """
    return _own(decode_onnx(data), sha256(data).hexdigest())


def _check_ports(file: OnnxFile) -> None:
    """Refuse networks that do not make classes of one picture."""
    if len(file.inputs) != 1:
        names = ", ".join(port.name[:40] for port in file.inputs[:8]) or "none"
        raise InputError(f"has {len(file.inputs)} inputs ({names!r}); a network of one picture is expected.")
    if not file.outputs:
        raise InputError("has no output.")
    taken, given = file.inputs[0], file.outputs[0]
    for port, which in ((taken, "takes"), (given, "gives")):
        if port.type not in FLOATS:
            more = " Leave out what comes after the logits." if which == "gives" else ""
            raise InputError(f"{which} {port.type}; expected are floats (N, C, height, width).{more}")
        if len(port.shape) != 4:
            sides = len(port.shape) or "an unknown number of"
            raise InputError(f"{which} arrays of {sides} sides; expected are four: N, C, height, width.")
    if taken.shape[3] in (1, 3) and taken.shape[1] not in (1, 3):
        raise InputError("takes channels last; export it with channels first: N, C, height, width.")


def _own(file: OnnxFile, digest: str) -> OnnxModel:
    """What segcli wrote into the file."""
    try:
        said = json.loads(file.metadata[KEY])
        card = ModelCard.from_dict(said["card"])
        field, multiple, margin = said["field"], said["multiple"], said["margin"]
        need = float(said["bytes_per_pixel"])
        whole = all(isinstance(value, int) and 0 <= value < 1 << 20 for value in (multiple, margin, field or 0))
        good = whole and multiple > 0 and 0 < need < 1 << 30
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as failure:
        raise InputError("is damaged: what segcli wrote into it cannot be read. Export it again.") from failure
    found = (file.inputs[0].shape[1], file.outputs[0].shape[1])
    if not good or any(
        have not in (None, said) for have, said in zip(found, (card.channels, card.classes), strict=True)
    ):
        raise InputError("is damaged: what segcli wrote into it does not fit its network. Export it again.")
    return OnnxModel(file, card, digest, field, multiple, margin, need)


def _said(data: bytes, name: str) -> dict[str, Any]:
    """What stands in the file beside a network."""
    try:
        said = json.loads(data) if len(data) <= LONGEST else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise InputError(f"has {name!r} beside it, which is no JSON object; it may say {', '.join(BESIDE)}.")
    unknown = [key for key in said if key not in BESIDE]
    if unknown:
        raise InputError(f"has {name!r} beside it, which says {unknown[0][:40]!r}; it may say {', '.join(BESIDE)}.")
    return said


def _foreign(file: OnnxFile, digest: str, said: Mapping[str, Any], beside: str) -> OnnxModel:
    """A network of others: what it does not say is said beside it, or assumed."""
    channels = said.get("channels", file.inputs[0].shape[1])
    if channels not in (1, 3) or file.inputs[0].shape[1] not in (None, channels):
        takes = file.inputs[0].shape[1] or "any number of"
        raise InputError(f'takes {takes} channels; pictures have 1 or 3. Write {{"channels": 3}} into {beside!r}.')
    names, notes = said.get("names"), []
    classes = file.outputs[0].shape[1] or (len(names) if isinstance(names, list) else None)
    if classes is None or not 1 <= classes <= MOST_CLASSES:
        found = "an unknown number of" if classes is None else classes
        raise InputError(f'gives {found} classes; name them: {{"names": ["ground", "cell"]}} in {beside!r}.')
    if names is None:
        two = ["background", "object"]
        names = two if classes <= 2 else [f"class {number}" for number in range(classes)]
        notes.append("it does not name its classes")
    scaling, assumed = _scaling(said, channels, beside)
    notes += [assumed] if assumed else []
    outputs = said.get("outputs", "scores" if file.last in SCORES else "logits")
    multiple = said.get("multiple", MULTIPLE)
    if outputs not in ("logits", "scores") or not isinstance(multiple, int) or not 1 <= multiple <= 1024:
        raise InputError(f"has {beside!r} beside it: outputs is logits or scores, multiple is from 1 to 1024.")
    words = {name: said[name] for name in ("size", "target", *WORDS) if name in said}
    card = {"architecture": FOREIGN, "channels": channels, "classes": classes, "names": names, "scaling": scaling}
    defaults = {"width": 1.0, "options": {}, "target": "classes", "crop": 256, "training": {}, "scores": {}}
    try:
        made = ForeignCard.from_dict({**defaults, **card, **words})
    except InputError as failure:
        raise InputError(
            f"has {beside!r} beside it: {str(failure).removeprefix('is no model of a network: ')}"
        ) from None
    if notes:
        notes = [f"{', and '.join(notes)}; {beside} beside it may say {', '.join(BESIDE[:5])} and more"]
    scores = outputs == "scores"
    return OnnxModel(file, made, digest, None, multiple, 0, BYTES_PER_PIXEL, multiple, scores, tuple(notes))


def _scaling(said: Mapping[str, Any], channels: int, beside: str) -> tuple[dict[str, Any], str]:
    """How pictures are scaled, and what was assumed."""
    kind = said.get("scaling", "dataset" if "mean" in said or "std" in said else None)
    mean, std = said.get("mean", [0.0] * channels), said.get("std", [1.0] * channels)
    if kind == "imagenet" or (kind is None and channels == 3):
        known = Scaling("imagenet", IMAGENET_MEAN, IMAGENET_STD).as_dict()
        return known, "" if kind else "ImageNet's mean and deviation are taken"
    if kind not in (None, "dataset", "picture"):
        raise InputError(f"has {beside!r} beside it: scaling is dataset, picture or imagenet.")
    return {"kind": kind or "dataset", "mean": mean, "std": std}, "" if kind else "pictures go in as 0 to 1"
