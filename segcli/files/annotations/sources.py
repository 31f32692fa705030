"""Which annotation files a request names, and what each of them is."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from segcli.errors import InputError, UsageError
from segcli.files.annotations import coco, masks, rasters, yolo
from segcli.files.annotations.annotated import Annotated
from segcli.files.annotations.formats import FORMATS, Format, Reading, detect, module_of
from segcli.files.datasets.class_names import FILES, Classes
from segcli.files.datasets.folders import MASK_ENDINGS, entries, files_below
from segcli.files.datasets.pairing import beginnings
from segcli.files.read import read_bytes, read_image
from segcli.files.sources import STDIN

OTHER_ENDINGS = (".json", ".geojson", ".txt", ".zip", ".roi")


@dataclass(frozen=True)
class Source:
    """One file, or one folder of a mask for each object.

    Attributes
    ----------
    path : of the file or folder, '-' for standard input.
    name : of its picture (COCO's say their pictures' names themselves).
    form : what it is.
    data : of standard input.
    files : of a folder of masks: path of each by its stem.
    problem : why it is none; then it fails when its turn comes.
    """

    path: str
    name: str
    form: Format
    data: bytes | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    def contents(self) -> bytes:
        """The bytes of the file; of a folder those of all its files.

        Raises
        ------
        InputError : it cannot be read.
        """
        if self.problem:
            raise InputError(self.problem)
        if self.files:
            return b"".join(read_bytes(path) for path in self.files.values())
        return self.data if self.data is not None else read_bytes(self.path)

    @property
    def digest(self) -> str:
        """SHA-256 of the contents."""
        return sha256(self.contents()).hexdigest()

    def names(self) -> list[str]:
        """Names of its pictures, without reading their annotations.

        Raises
        ------
        InputError : a COCO file that is damaged.
        """
        return coco.picture_names(self.contents()) if self.form.name == "coco" else [self.name]

    def pictures(self, reading: Reading, pictures: Pictures | None) -> Iterator[tuple[str, Annotated | InputError]]:
        """Its pictures one by one: the name of each, and its annotations or what is wrong with them."""
        try:
            if self.form.name == "coco":
                yield from coco.decode_all(self.contents(), reading)
                return
            yield self.name, self._one(reading, pictures)
        except InputError as failure:
            yield self.name, failure

    def _one(self, reading: Reading, pictures: Pictures | None) -> Annotated:
        """The annotations of the one picture that a file is of."""
        found = pictures.find(self.name) if pictures is not None else None
        if found is not None:
            reading = replace(reading, size=found[1], file_name=found[0])
        if self.form.name == "masks":
            held = {stem: read_bytes(path) for stem, path in self.files.items()}
            picture = masks.decode(held, self.name, reading)
        else:
            if self.form.name == "yolo" and not reading.classes.names:
                reading = replace(reading, classes=self._listed())
            picture = module_of(self.form).decode(self.contents(), self.name, reading)
        if found is not None and picture.size != found[1]:
            raise InputError(
                f"is of {picture.size[0]} x {picture.size[1]} pixels, its picture {found[0]!r} of "
                f"{found[1][0]} x {found[1][1]}; they must be equal."
            )
        return replace(picture, file_name=reading.file_name)

    def _listed(self) -> Classes:
        """The names of classes in a list beside a YOLO file, or above its folder."""
        folder = os.path.dirname(self.path)
        places = [os.path.join(one, yolo.NAMES) for one in (folder, os.path.join(folder, os.pardir))]
        path = next((place for place in places if self.data is None and os.path.isfile(place)), None)
        return Classes() if path is None else Classes(names=yolo.decode_names(read_bytes(path)))


class Pictures:
    """The pictures that annotations are of: a folder, or one file."""

    def __init__(self, place: str) -> None:
        if not os.path.exists(place):
            raise UsageError(f"--images {place!r} does not exist.")
        self._place = place
        self._by_name = files_below(place) if os.path.isdir(place) else {}
        self._by_stem: dict[str, list[str]] = {}
        for key, paths in self._by_name.items():
            self._by_stem.setdefault(key.rpartition("/")[2], []).extend(paths)

    def find(self, name: str) -> tuple[str, tuple[int, int]]:
        """The file name and the size of the picture of a name: of equal names, or of the longest that it begins with.

        Raises
        ------
        InputError : there is none, or two; it cannot be read.
        """
        if not self._by_name:
            return os.path.basename(self._place), read_image(self._place).size
        last = beginnings(name.rpartition("/")[2])
        fitting = self._by_name.get(name) or next((self._by_stem[stem] for stem in last if stem in self._by_stem), [])
        if len(fitting) != 1:
            raise InputError(f"has {len(fitting)} pictures of its name in {self._place!r}; expected one.")
        return os.path.relpath(fitting[0], self._place).replace(os.sep, "/"), read_image(fitting[0]).size


def find_sources(inputs: Sequence[str], form: Format | None, recursive: bool) -> list[Source]:
    """List the annotation files of a request, in order, each once.

    Raises
    ------
    UsageError : nothing is found, or an empty pipe.
    """
    found: dict[str, Source] = {}
    for text in dict.fromkeys(inputs):
        for source in _expanded(text, form, recursive):
            found.setdefault(os.path.normpath(source.path), source)
    if not found:
        more = "" if recursive else " (--recursive looks into subfolders, --from masks takes a mask for each object)"
        raise UsageError(f"no annotation file was found in what was named{more}.")
    return sorted(found.values(), key=lambda source: source.path)


def _expanded(text: str, form: Format | None, recursive: bool) -> Iterator[Source]:
    """The sources that one input stands for."""
    if text == STDIN:
        data = sys.stdin.buffer.read()
        if not data:
            raise UsageError("standard input is empty; expected an annotation file.")
        yield Source(STDIN, "stdin", form or detect(data), data)
    elif os.path.isdir(text):
        yield from _mask_folders(text) if form is FORMATS["masks"] else _folder(text, form, recursive)
    elif not os.path.lexists(text) and glob.has_magic(text):
        for path in sorted(glob.glob(text, recursive=True)):
            if os.path.isfile(path):
                yield _file(path, form)
    else:
        yield _file(text, form)


def _file(path: str, form: Format | None) -> Source:
    """A file that is named."""
    stem = os.path.splitext(os.path.basename(path))[0]
    try:
        return Source(path, stem, form or detect(read_bytes(path)))
    except InputError as failure:
        return Source(path, stem, FORMATS["png"], problem=str(failure))


def _folder(folder: str, form: Format | None, recursive: bool) -> list[Source]:
    """The files of a folder: those that hold outlines, or else label pictures."""
    listed = files_below(folder, (*MASK_ENDINGS, *OTHER_ENDINGS))
    paths = sorted(path for key, held in listed.items() for path in held if recursive or "/" not in key)
    pictures, others = [], []
    for path in paths:
        name = os.path.splitext(os.path.relpath(path, folder))[0].replace(os.sep, "/")
        if os.path.splitext(path)[1].lower() in MASK_ENDINGS:
            pictures.append(Source(path, name, FORMATS["png"]))
        elif os.path.basename(path).lower() not in FILES:
            try:
                others.append(Source(path, name, detect(read_bytes(path))))
            except InputError:
                # A folder may hold notes beside its annotations.
                continue
    if form is not None:
        wanted = pictures if form.module in ("numbers", "mask", "voc", "color") else others
        return [source for source in wanted if source.form is form or wanted is pictures]
    return others or pictures


def _mask_folders(folder: str) -> Iterator[Source]:
    """Folders of one mask for each object: this one, or those in it."""
    held = _masks_in(folder)
    if held:
        path = os.path.abspath(folder)
        name = os.path.basename(os.path.dirname(path) if os.path.basename(path) == masks.FOLDER else path)
        yield Source(folder, name, FORMATS["masks"], files=held)
        return
    for path in entries(folder):
        if os.path.isdir(path):
            held = _masks_in(os.path.join(path, masks.FOLDER)) or _masks_in(path)
            if held:
                yield Source(path, os.path.basename(path), FORMATS["masks"], files=held)


def _masks_in(folder: str) -> dict[str, str]:
    """The mask files right in a folder, by stem."""
    if not os.path.isdir(folder):
        return {}
    paths = [path for path in entries(folder) if os.path.splitext(path)[1].lower() in MASK_ENDINGS]
    return {os.path.splitext(os.path.basename(path))[0]: path for path in paths if os.path.isfile(path)}


MOST_LOOKED_AT = 200


def settled(sources: Sequence[Source], reading: Reading) -> Reading:
    """Find out from all label pictures together what their numbers mean.

    Raises
    ------
    InputError : as for `rasters.settle`.
    """
    label_pictures = [source for source in sources if source.form.module in ("numbers", "mask", "voc", "color")]
    step = max(1, -(-len(label_pictures) // MOST_LOOKED_AT))
    seen = []
    for source in label_pictures[::step]:
        try:
            found = rasters.look(source.contents(), reading)
        except InputError:
            # It is told of when its turn comes.
            continue
        seen += [found] if found is not None else []
    return replace(reading, meaning=rasters.settle(seen, reading))
