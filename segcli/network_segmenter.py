"""A trained network, or several that vote, as a segmenter. torch is loaded when the first picture comes, not before."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from segcli.arrays import Array, Hint
from segcli.cleanup import Cleanup, clean
from segcli.errors import InputError, SegcliError, SettingError, UsageError
from segcli.files.fitted import read_record
from segcli.files.image import Image
from segcli.files.onnx_file import is_onnx
from segcli.files.read import read_bytes
from segcli.learning.card import METHOD, ModelCard
from segcli.learning.model_places import find_model
from segcli.learning.onnx_card import open_onnx
from segcli.numeric.forms import as_color, as_gray, leave_out
from segcli.numeric.objects import objects_from_borders, objects_from_classes
from segcli.preparation import Preparation
from segcli.refine import Refiner
from segcli.segmentation import VOID, Kind, Segmentation
from segcli.segmenter import MethodSegmenter, asked_of

if TYPE_CHECKING:
    from segcli.learning.predict import Predictor

INTERIOR = 1
"""The class of the insides of objects, where a network is taught borders."""

FULL = 255
"""Probability 1 where probabilities are flooded: few heights make floods fast."""

_COMPUTING = threading.Lock()
"""One picture at a time goes through a network; others may be read and written meanwhile."""


@dataclass(frozen=True)
class ModelFile:
    """A model's file, known by its contents.

    Attributes
    ----------
    name : as it was asked for, without folders. path : where it is.
    digest : SHA-256 of the file, in hexadecimal.
    notes : what had to be assumed.
    """

    name: str
    path: str
    digest: str
    card: ModelCard = field(compare=False)
    notes: tuple[str, ...] = ()

    @classmethod
    def open(cls, name: str) -> ModelFile:
        """Find a model and read what it says of itself; the network is built later.

        Raises
        ------
        UsageError : there is none, or the file is none of a network's models.
        """
        path = find_model(name)
        shown = os.path.basename(os.path.normpath(name))
        try:
            if is_onnx(path):
                model = open_onnx(path)
                return cls(shown, path, model.digest, model.card, model.notes)
            record = read_record(path)
            if record["method"] != METHOD:
                used = str(record["method"]).replace("_", "-")[:40]
                raise InputError(f"is a model of {used}, not of a network: segcli {used} --model takes it.")
            card = ModelCard.from_dict(record["facts"])
            digest = sha256(read_bytes(path)).hexdigest()
        except InputError as failure:
            raise UsageError(f"{path!r} {failure}") from failure
        return cls(shown, path, digest, card)


@dataclass(frozen=True)
class NetworkSegmenter:
    """Networks with all that is done before and after them.

    Attributes
    ----------
    models : one, or an ensemble with the same classes, whose probabilities are averaged.
    device : cpu, cuda, cuda:1, mps, or auto, the best of them that there is.
    tile : side of the windows in pixels; None: as the memory allows.
    flip, scale : look at the picture mirrored, or in three sizes, and take the mean.
    batch : windows at once; None: as the device likes.
    threshold : probability above which a pixel is object (two classes, or objects by their borders).
    instances : number the objects. split : part those that touch at their necks; networks that were taught borders
        part them better by themselves.
    to_gray : take the gray of color pictures where a network knows gray alone.
    refined : a random field that looks at picture and probabilities again.
    scores, layers : keep the probabilities; keep pictures of what happened.
    """

    models: tuple[ModelFile, ...]
    device: str = "cpu"
    tile: int | None = None
    flip: bool = False
    scale: bool = False
    batch: int | None = None
    threshold: float | None = None
    instances: bool = False
    split: bool = False
    to_gray: bool = False
    refined: MethodSegmenter | None = None
    preparation: Preparation = Preparation()
    cleanup: Cleanup = Cleanup()
    scores: bool = False
    layers: bool = False

    def __post_init__(self) -> None:
        card = self.card
        if self.threshold is not None and not (self.kind == "mask" or card.planes == 2 or self._by_borders):
            raise UsageError(
                f"--threshold parts two classes, or objects from their ground; this model has {card.planes}: "
                f"{', '.join(card.names)}."
            )
        if self.cleanup.asked and self.kind == "classes":
            raise UsageError("clean-up works on masks and instances; this model gives classes. Add --instances.")
        if self.split and (not self.instances or self._by_borders):
            raise UsageError("--split parts the objects of --instances, where the model was not taught their borders.")
        if self.refined is not None and self.refined.function != "crf":
            raise UsageError(f"--refine takes crf, which weighs probabilities, not {self.refined.name}.")

    @property
    def name(self) -> str:
        return "predict"

    @property
    def card(self) -> ModelCard:
        """What the models have in common: their classes."""
        return self.models[0].card

    @property
    def kind(self) -> Kind:
        """What the labels are."""
        if self.instances:
            return "instances"
        return "mask" if self.card.planes == 2 else "classes"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all classes; that of a single logit is the object's."""
        names = self.card.names
        return names if len(names) == self.card.planes else ("background", *names)

    @property
    def _by_borders(self) -> bool:
        return self.instances and self.card.target == "borders"

    @cached_property
    def record(self) -> dict[str, Any]:
        """Models, settings, preparation and clean-up; where it is computed and what is kept does not count."""
        models = [
            {"name": model.name, "architecture": model.card.architecture, "sha256": model.digest}
            for model in self.models
        ]
        settings = {
            "tile": self.tile or "auto",
            "tta": [word for word, asked in (("flip", self.flip), ("scale", self.scale)) if asked],
            "threshold": self.threshold,
            "instances": self.instances,
            "split": self.split,
            "gray": self.to_gray,
        }
        found: dict[str, Any] = {"method": self.name, "models": models, "settings": settings}
        if self.refined is not None:
            found["refine"] = self.refined.record
        return {**found, **asked_of(self.preparation, self.cleanup)}

    def load(self) -> Predictor:
        """The networks, built and filled, once in a process.

        Raises
        ------
        UsageError : a damaged model, weights that do not fit, classes that differ, a device that is not there.
        """
        return _predictor(self.models, self.device, self.tile, self.flip, self.scale, self.batch)

    def __call__(self, image: Image, hints: Mapping[str, Hint], roi: Array | None = None) -> Segmentation:
        pictures, valid, notes = self.pictures(image, roi)
        height, width = next(iter(pictures.values())).shape[:2]
        with _COMPUTING:
            kept = _Kept(self, height, width)
            kept.take(self.load().bands(pictures))
        if self.refined is not None:
            assert kept.scores is not None
            refined = Refiner(self.refined)(image, {"mask": kept.scores.astype(np.float32)}, roi)
            assert refined.scores is not None
            kept.take([(0, refined.scores)])
            notes = (*notes, *refined.notes)
        result = self._result(kept, valid)
        return Segmentation(**{**vars(result), "notes": (*notes, *result.notes)})

    def pictures(self, image: Image, roi: Array | None) -> tuple[dict[int, Array], Array | None, tuple[str, ...]]:
        """The picture for networks of one and of three channels, the pixels that count, and what was assumed."""
        wanted = {model.card.channels: model.name for model in self.models}
        if 1 in wanted and self.preparation.channel is None and not self.to_gray and _is_colorful(image):
            raise InputError(
                f"is in color, and the model {wanted[1]!r} takes gray. Say --gray, choose a --channel, or train with "
                "--channels 3."
            )
        pixels, valid, notes = self.preparation.apply(image, "color" if 3 in wanted else "gray", roi)
        pixels, valid, more = leave_out(pixels, valid)
        found = [*notes, *more]
        if 3 in wanted and self.preparation.channel is None and image.header.channels == 1:
            found.append("it is gray, and the model was trained on color")
        if pixels.dtype.kind == "f" and self.card.scaling.kind != "picture" and float(pixels.max()) > 2:
            found.append(f"numbers up to {float(pixels.max()):g} were taken as they are; the model knows 0 to 1")
        forms = {1: as_gray, 3: as_color}
        return {channels: forms[channels](pixels) for channels in wanted}, valid, tuple(found)

    def _result(self, kept: _Kept, valid: Array | None) -> Segmentation:
        """Labels, cleaned up, and what came about on the way."""
        labels: Array = kept.labels
        layers, numbers = kept.layers(), {}
        if self.instances:
            area = kept.area if valid is None else kept.area & valid
            if kept.heights is not None:
                labels, seeds = objects_from_borders(area, kept.labels == INTERIOR, kept.heights)
                layers |= {"seeds": seeds} if self.layers else {}
            else:
                labels = objects_from_classes(np.where(area, kept.labels, 0), self.split)
        elif valid is not None:
            outside = VOID if self.kind == "classes" else 0
            labels = np.where(valid, labels, labels.dtype.type(outside))
        kind = self.kind
        if self.cleanup.asked:
            labels, kind = clean(labels, kind, self.cleanup)
        if kind == "instances":
            numbers = {"objects": int(np.count_nonzero(np.bincount(labels.ravel())[1:]))}
        names = () if kind == "instances" else self.names
        scores = kept.scores if self.scores else None
        return Segmentation(labels, kind, names, scores=scores, numbers=numbers, layers=layers)


class _Kept:
    """What of the probabilities is kept, filled band by band.

    Attributes
    ----------
    labels : (H, W) uint8, the likeliest class, the lower of equal ones; by the threshold where there is one.
    heights : (H, W) uint8, how unlikely the inside of an object is; only where objects are flooded.
    ground : (H, W) bool, where objects are flooded: background.
    scores : (K, H, W) float16, only where somebody asked for them.
    """

    def __init__(self, segmenter: NetworkSegmenter, height: int, width: int) -> None:
        self._segmenter = segmenter
        self.labels = np.empty((height, width), np.uint8)
        flooded = segmenter._by_borders
        self.heights = np.empty((height, width), np.uint8) if flooded else None
        self.ground = np.empty((height, width), bool) if flooded else None
        wanted = segmenter.scores or segmenter.layers or segmenter.refined is not None
        shape = (segmenter.card.planes, height, width)
        self.scores: Array | None = np.empty(shape, np.float16) if wanted else None

    @property
    def area(self) -> Array:
        """(H, W) bool, objects."""
        return np.asarray(self.labels > 0 if self.ground is None else ~self.ground)

    def take(self, bands: Iterable[tuple[int, Array]]) -> None:
        """Take the probabilities (K, rows, W) of bands."""
        threshold = self._segmenter.threshold
        for top, found in bands:
            rows = slice(top, top + found.shape[1])
            if threshold is not None and len(found) == 2:
                self.labels[rows] = found[1] > threshold
            else:
                self.labels[rows] = likeliest(found)
            if self.heights is not None and self.ground is not None:
                self.heights[rows] = np.rint(FULL * (1 - found[INTERIOR]))
                self.ground[rows] = 1 - found[0] <= (0.5 if threshold is None else threshold)
            if self.scores is not None:
                self.scores[:, rows] = found

    def layers(self) -> dict[str, Array]:
        """Probabilities as pictures, where they are asked for."""
        if not self._segmenter.layers or self.scores is None:
            return {}
        pairs: Iterator[tuple[str, Array]] = zip(self._segmenter.names, self.scores, strict=True)
        shown = list(pairs)[1:] if len(self.scores) == 2 else list(pairs)
        return {f"{name} probability": plane.astype(np.float32) for name, plane in shown}


def likeliest(scores: Array) -> Array:
    """(H, W), which of the planes of (K, H, W) is the highest, the first of equals; two are told apart faster."""
    return np.asarray(scores[1] > scores[0] if len(scores) == 2 else scores.argmax(0))


@lru_cache(maxsize=4)
def _predictor(
    models: tuple[ModelFile, ...], device: str, tile: int | None, flip: bool, scale: bool, batch: int | None
) -> Predictor:
    """Load what predicts; a second time it is there already."""
    from segcli.learning.device import choose_device
    from segcli.learning.member import load_member
    from segcli.learning.predict import Predictor

    chosen, strict = choose_device(device), device != "auto"
    members = []
    for model in models:
        try:
            members.append(load_member(model.path, model.digest, chosen, strict))
        except SettingError:
            raise
        except SegcliError as failure:
            raise UsageError(f"{model.path!r} {failure}") from failure
    return Predictor(members, tile=tile, flip=flip, scale=scale, batch=batch)


def _is_colorful(image: Image) -> bool:
    """Whether a picture has channels that differ."""
    if image.header.channels == 1:
        return False
    pixels = image.native
    return pixels.ndim == 3 and not bool((pixels == pixels[..., :1]).all())
