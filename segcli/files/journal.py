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
from segcli.files.sinks import Output

NAME = ".segcli-journal"
KEYS = {"outputs", "steps", "stamp", "input", "work", "rows", "summary"}
PART_KEYS = {"path", "sha256", "as"}


class Journal:
    """What earlier runs finished in an output folder, as it was when first asked."""

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, NAME)
        self._done: dict[str, dict[str, Any]] | None = None
        self._hashes: dict[str, set[str]] = {}

    def _entries(self) -> dict[str, dict[str, Any]]:
        """The newest line of each first output; a torn or strange line is skipped."""
        if self._done is None:
            self._done = {}
            with suppress(OSError), open(self.path, "rb") as stream:
                for line in stream:
                    with suppress(ValueError, KeyError, TypeError, IndexError, AttributeError):
                        self._take(json.loads(line), self._done)
            for entry in self._done.values():
                for part in entry["outputs"] + entry["steps"]:
                    self._hashes.setdefault(part["path"], set()).add(part["sha256"])
        return self._done

    def _take(self, entry: dict[str, Any], done: dict[str, dict[str, Any]]) -> None:
        """Keep an entry that has all that is asked of one."""
        if entry.keys() >= KEYS and all(part.keys() >= PART_KEYS for part in entry["outputs"] + entry["steps"]):
            done[entry["outputs"][0]["path"]] = entry

    def finished(
        self, source: str, outputs: Sequence[Output], work: str, steps: str | None = None
    ) -> dict[str, Any] | None:
        """The entry of an input whose outputs are all in place and made by the same work, or None.

        Parameters
        ----------
        source : path of the input.
        outputs : kinds and paths of the outputs.
        work : hash of method, settings, hints and version.
        steps : folder that the pictures of its steps must lie in, if they are asked for.
        """
        entry = self._entries().get(self._relative(outputs[0].path))
        if entry is None:
            return self._from_outputs(source, outputs, work) if steps is None else None
        wanted = [(self._relative(output.path), output.kind) for output in outputs]
        if entry["work"] != work or [(part["path"], part["as"]) for part in entry["outputs"]] != wanted:
            return None
        parts = entry["outputs"] + (entry["steps"] if steps is not None else [])
        if steps is not None and {os.path.dirname(part["path"]) for part in entry["steps"]} != {self._relative(steps)}:
            return None
        if any(_file_digest(self._place(part["path"])) != part["sha256"] for part in parts):
            return None
        same = _stamp(source) == entry["stamp"] or _file_digest(source) == entry["input"]
        return entry if same else None

    def wrote(self, path: str) -> bool:
        """Whether a file is, byte for byte, what an earlier run put there."""
        self._entries()
        known = self._hashes.get(self._relative(path))
        return known is not None and _file_digest(path) in known

    def _from_outputs(self, source: str, outputs: Sequence[Output], work: str) -> dict[str, Any] | None:
        """The same from what each output says of itself, for runs that kept no journal."""
        wanted = _file_digest(source)
        for output in outputs:
            try:
                with open(output.path, "rb") as stream:
                    record = read_provenance(stream.read())
            except OSError:
                return None
            if record is None or not record["untouched"] or record.get("work") != work:
                return None
            if record.get("sha256") != wanted or record.get("as") != output.kind:
                return None
        return {"rows": None}

    def add(
        self,
        source: str,
        digest: str,
        outputs: Sequence[tuple[Output, str]],
        work: str,
        rows: Any,
        summary: Any,
        steps: Sequence[tuple[Output, str]] = (),
    ) -> None:
        """Append the entry of an input whose outputs and steps (each with its hash) are about to be put in place.

        Raises
        ------
        EnvironmentFailure : the journal cannot be written.
        """
        entry = {
            "outputs": [self._part(output, value) for output, value in outputs],
            "steps": [self._part(output, value) for output, value in steps],
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

    def _part(self, output: Output, digest: str) -> dict[str, str]:
        return {"path": self._relative(output.path), "sha256": digest, "as": output.kind}

    def _relative(self, path: str) -> str:
        return os.path.relpath(path, os.path.dirname(self.path) or ".")

    def _place(self, relative: str) -> str:
        return os.path.join(os.path.dirname(self.path), relative)


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
