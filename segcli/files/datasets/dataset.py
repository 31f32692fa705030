"""A set of pictures with their truth, found in a folder and read one by one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from segcli.errors import InputError
from segcli.files.datasets.example import Example, Finding, Sample, shown
from segcli.files.datasets.meaning import Meaning
from segcli.files.datasets.truth import open_image, read_truth

CHUNK = 1 << 20

KIND_WORDS = {
    "mask": "masks",
    "classes": "class numbers",
    "instances": "numbered objects",
    "colors": "colors",
    "objects": "annotated objects",
}


@dataclass(frozen=True, eq=False)
class DataSet:
    """Pictures with their truth, by parts.

    Attributes
    ----------
    folder : where it was found.
    layout : what the folder was taken for, in words.
    splits : train, val, test and so on, each with its examples in order of their names.
    names : of the classes; as many as there are.
    meaning : what the numbers of the masks mean.
    drawn : how val was set apart, in words; '' where the data say it.
    findings : what did not fit when the folder was looked through.
    """

    folder: str
    layout: str
    splits: Mapping[str, tuple[Example, ...]]
    names: tuple[str, ...]
    meaning: Meaning
    drawn: str = ""
    findings: tuple[Finding, ...] = field(default=())

    @property
    def examples(self) -> tuple[Example, ...]:
        """All examples, part by part."""
        return tuple(example for part in self.splits.values() for example in part)

    @property
    def kind(self) -> str:
        """What the truth is: mask, classes, instances, colors or objects."""
        return self.meaning.kind

    def describe(self) -> str:
        """Say in one line what was found and what was done."""
        parts = ", ".join(f"{len(examples):,} {shown(part)}" for part, examples in self.splits.items())
        names = ", ".join(map(shown, self.names[:6])) + (", ..." if len(self.names) > 6 else "")
        said = f"{shown(self.layout)}: {parts}{f' (val drawn {shown(self.drawn)})' if self.drawn else ''}"
        errors = sum(finding.level == "error" for finding in self.findings)
        more = f"; {errors} fault{'s' if errors > 1 else ''} in pairing" if errors else ""
        return f"{said}; {KIND_WORDS[self.kind]}, {len(self.names)} classes: {names}{more}"

    def read(self, example: Example) -> Sample:
        """Read a picture and its truth, upright and of one size.

        Raises
        ------
        InputError : a file that cannot be read, sizes that differ, numbers that are no class; it names the file.
        """
        image = open_image(example)
        try:
            pixels = image.native
        except InputError as failure:
            raise InputError(f"{example.image!r} {failure}") from failure
        return Sample(pixels, *read_truth(example, self.meaning, image))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the names, parts, sizes and contents of all files, and over what their numbers mean.

        It does not depend on where the folder is.

        Raises
        ------
        InputError : a file that cannot be read.
        """
        from concurrent.futures import ThreadPoolExecutor

        files = sorted({path for example in self.examples for path in (example.image, *example.masks)})
        # Hashing leaves the interpreter's lock, and so does reading.
        with ThreadPoolExecutor(4) as pool:
            digests = dict(zip(files, pool.map(_digest, files), strict=True))
        whole = sha256(repr((self.names, self.meaning.kind, sorted(self.meaning.table.items()))).encode())
        for example in self.examples:
            row = (example.split, example.name, *(digests[path] for path in (example.image, *example.masks)))
            whole.update(repr(row).encode("utf-8", "surrogateescape"))
        return whole.hexdigest()


def _digest(path: str) -> str:
    """Size and SHA-256 of a file's contents."""
    whole = sha256()
    try:
        with open(path, "rb") as stream:
            while block := stream.read(CHUNK):
                whole.update(block)
        return f"{os.path.getsize(path)}:{whole.hexdigest()}"
    except OSError as failure:
        raise InputError(f"{path!r} cannot be read: {failure.strerror}.") from failure
