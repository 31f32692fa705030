"""The journal behind `--exists resume`: which outputs are done, so that mere existence is never trusted.

One line of JSON for each finished input, appended in a single write just before its outputs appear. A line
whose outputs are missing or differ is ignored, so a run may be killed at any moment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any

from segcli.errors import EnvironmentFailure
from segcli.files.provenance import read_provenance

NAME = ".segcli-journal"


class Journal:
    """What earlier runs finished in an output folder, as it was when first asked."""

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, NAME)
        self._done: dict[str, dict[str, Any]] | None = None

    def _entries(self) -> dict[str, dict[str, Any]]:
        """The newest line of each output; a torn last line is skipped."""
        if self._done is None:
            self._done = {}
            with suppress(OSError), open(self.path, "rb") as stream:
                for line in stream:
                    with suppress(ValueError, KeyError, TypeError):
                        entry = json.loads(line)
                        self._done[entry["outputs"][0]["path"]] = entry
        return self._done

    def finished(self, source: str, outputs: Sequence[str], work: str) -> dict[str, Any] | None:
        """The entry of an input whose outputs are all in place and made by the same work, or None.

        Parameters
        ----------
        source : path of the input.
        outputs : paths of the outputs.
        work : fingerprint of method, settings and version.
        """
        entry = self._entries().get(self._relative(outputs[0]))
        if entry is None:
            return self._from_outputs(source, outputs, work)
        if entry["work"] != work or [part["path"] for part in entry["outputs"]] != list(map(self._relative, outputs)):
            return None
        if any(_file_digest(path) != part["sha256"] for path, part in zip(outputs, entry["outputs"], strict=True)):
            return None
        same = _stamp(source) == entry["stamp"] or _file_digest(source) == entry["input"]
        return entry if same else None

    def wrote(self, path: str) -> bool:
        """Whether a file is, byte for byte, what an earlier run put there."""
        name = self._relative(path)
        return any(
            part["path"] == name and part["sha256"] == _file_digest(path)
            for entry in self._entries().values()
            for part in entry["outputs"]
        )

    def _from_outputs(self, source: str, outputs: Sequence[str], work: str) -> dict[str, Any] | None:
        """The same from what each output says of itself, for runs that kept no journal."""
        wanted = _file_digest(source)
        for path in outputs:
            try:
                with open(path, "rb") as stream:
                    record = read_provenance(stream.read())
            except OSError:
                return None
            if record is None or not record["untouched"] or record.get("work") != work:
                return None
            if record.get("sha256") != wanted:
                return None
        return {"rows": None}

    def add(
        self, source: str, digest: str, outputs: Sequence[tuple[str, str]], work: str, rows: Any, summary: Any
    ) -> None:
        """Append the entry of an input whose outputs (path, hash) are about to be put in place.

        Raises
        ------
        EnvironmentFailure : the journal cannot be written.
        """
        entry = {
            "outputs": [{"path": self._relative(path), "sha256": value} for path, value in outputs],
            "stamp": _stamp(source),
            "input": digest,
            "work": work,
            "rows": rows,
            "summary": summary,
        }
        # A leading new line closes a line that a killed writer left open; empty lines are skipped.
        line = b"\n" + json.dumps(entry).encode() + b"\n"
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError as failure:
            raise EnvironmentFailure(f"the journal {self.path!r} cannot be written: {failure.strerror}.") from failure

    def _relative(self, path: str) -> str:
        return os.path.relpath(path, os.path.dirname(self.path))


def _stamp(path: str) -> list[int] | None:
    """Size and time of last change."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def _file_digest(path: str) -> str | None:
    """SHA-256 of a file, or None where it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return sha256(stream.read()).hexdigest()
    except OSError:
        return None
