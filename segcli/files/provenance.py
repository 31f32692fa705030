"""How a file says where it came from, and whether it is still as segcli wrote it.

Every written file that has room for text carries a JSON object: method, settings, version, the input's
name and hash, and `content`, the SHA-256 of the file without that text. No time of day goes in, so equal
runs give equal bytes. Where the text sits: PNG an iTXt chunk, JPEG a comment, TIFF the image description,
NPZ the archive comment, JSON its first key; NPY has no room for it.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

KEYWORD = b"segcli"
MARK = b"segcli\0"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
BLANK = "0" * 64
JSON_START = b'{"provenance": '


def portable(path: str) -> str:
    """A path as text that is the same in every locale."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def sealed(data: bytes, record: Mapping[str, Any]) -> bytes:
    """Return encoded image bytes with the record and their own hash put in (NPY: unchanged)."""
    if data.startswith(PNG_SIGNATURE):
        text = b"segcli\0\0\0\0\0" + _text(record, data)
        chunk = struct.pack(">I", len(text)) + b"iTXt" + text + struct.pack(">I", zlib.crc32(b"iTXt" + text))
        return data[:33] + chunk + data[33:]
    if data.startswith(b"\xff\xd8"):
        text = MARK + _text(record, data)
        return data[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + data[2:]
    if data.startswith(b"PK"):
        text = _text(record, data)
        return data[:-2] + struct.pack("<H", len(text)) + text
    if data.startswith(b"{"):
        return JSON_START + _text(record, data) + b", " + data[1:]
    if data[:2] in (b"II", b"MM"):
        # The description was written with a blank hash in its place (see tiff_description).
        return data.replace(BLANK.encode(), sha256(data).hexdigest().encode(), 1)
    return data


def tiff_description(record: Mapping[str, Any]) -> str:
    """The record as a TIFF image description, its hash still blank: `sealed` fills it in."""
    return json.dumps({"segcli": dict(record), "content": BLANK}, sort_keys=True)


def _text(record: Mapping[str, Any], data: bytes) -> bytes:
    """The record as UTF-8 JSON, with the hash of the file it goes into."""
    return json.dumps({"segcli": dict(record), "content": sha256(data).hexdigest()}, sort_keys=True).encode()


def read_provenance(data: bytes) -> dict[str, Any] | None:
    """Return the record that segcli wrote into a file, with the key `untouched` added; None if there is none."""
    try:
        text, bare = _split(data)
        found = json.loads(text, parse_constant=str) if text else None
        record = dict(found["segcli"]) if found else None
    except (ValueError, KeyError, TypeError, IndexError, struct.error):
        return None
    if record is None or found is None:
        return None
    return {**record, "untouched": sha256(bare).hexdigest() == found.get("content")}


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Separate the text from the file as it was before the text went in."""
    if data.startswith(PNG_SIGNATURE) and data[37:48] == b"iTXtsegcli\0":
        length = struct.unpack(">I", data[33:37])[0]
        return data[52 : 41 + length], data[:33] + data[45 + length :]
    if data.startswith(b"\xff\xd8\xff\xfe") and data[6 : 6 + len(MARK)] == MARK:
        length = struct.unpack(">H", data[4:6])[0]
        return data[6 + len(MARK) : 4 + length], data[:2] + data[4 + length :]
    if data.startswith(b"PK"):
        end = data.rfind(b"PK\x05\x06")
        return data[end + 22 :], data[: end + 20] + b"\0\0"
    if data[:2] in (b"II", b"MM"):
        start = data.find(b'{"content": "')
        stop = data.find(b"\0", start)
        text = data[start:stop] if start >= 0 else b""
        return text, data[: start + 13] + BLANK.encode() + data[start + 77 :] if text else data
    if data.startswith(JSON_START):
        rest = data[len(JSON_START) :].decode()
        end = json.JSONDecoder().raw_decode(rest)[1]
        return rest[:end].encode(), b"{" + rest[end + 2 :].encode()
    return b"", data
