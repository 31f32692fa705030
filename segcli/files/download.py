"""Files from the network: whole and as they were published, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, suppress
from hashlib import sha256
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from segcli.errors import EnvironmentFailure, InputError, UsageError
from segcli.files.write import make_parent, temporary_name

SECONDS = 30
"""Without a byte, after which a connection is given up."""
PIECE = 1 << 18
LARGEST = 2 << 30
HERE = ("127.0.0.1", "localhost", "::1")
"""Where no encryption is asked for."""


def check_address(address: str) -> None:
    """Refuse addresses that nothing is loaded from.

    Raises
    ------
    UsageError : it is not https.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname
        good = host and (parts.scheme == "https" or (parts.scheme == "http" and host in HERE))
    except ValueError:
        good = False
    if not good or not address.isprintable() or " " in address:
        raise UsageError(f"{address[:200]!r} is no address to load from; it must begin with https://.")


def download(address: str, path: str, digits: str, largest: int = LARGEST) -> Iterator[tuple[int, int | None]]:
    """Load a file; it stands in its place when all of it has come and its hash is right.

    Parameters
    ----------
    address : https, or http on this machine.
    path : of the file; one that is there is replaced.
    digits : the first digits, or all, of the SHA-256 in hexadecimal.
    largest : bytes, above which nothing is loaded.

    Yields
    ------
    done, total : bytes; total is None where the server does not say.

    Raises
    ------
    UsageError : no address to load from.
    InputError : the server has no such file, sends less than it said, more than may be, or another file.
    EnvironmentFailure : the network or the disk fails.
    """
    check_address(address)
    make_parent(path)
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, temporary_name(name))
    total = sha256()
    try:
        with closing(_opened(address)) as answer, open(temporary, "wb") as stream:
            for piece, done, length in _pieces(answer, address, largest):
                total.update(piece)
                stream.write(piece)
                yield done, length
            stream.flush()
            os.fsync(stream.fileno())
        found = total.hexdigest()
        if not found.startswith(digits.lower()):
            raise InputError(
                f"{address!r} is another file than was published: its SHA-256 begins with "
                f"{found[: max(8, len(digits))]}, not {digits.lower()}; it was thrown away."
            )
        os.replace(temporary, path)
    except OSError as failure:
        raise EnvironmentFailure(f"{path!r} cannot be written: {failure.strerror or failure}.") from failure
    finally:
        with suppress(OSError):
            os.unlink(temporary)


class _Redirects(HTTPRedirectHandler):
    """Goes on to addresses that are as safe as the first."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        check_address(newurl)
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise InputError(f"{req.full_url!r} leads on to {newurl[:200]!r}, which is not https.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opened(address: str) -> Any:
    """The server's answer."""
    request = Request(address, headers={"User-Agent": "segcli", "Accept-Encoding": "identity"})
    try:
        return build_opener(_Redirects).open(request, timeout=SECONDS)
    except HTTPError as failure:
        failure.close()
        reason = " ".join(str(failure.reason).split())[:160].rstrip(".")
        raise InputError(f"{address!r} cannot be had: the server answers {failure.code} {reason}.") from failure
    except (OSError, HTTPException) as failure:
        raise _broken(address, failure) from failure


def _pieces(answer: Any, address: str, largest: int) -> Iterator[tuple[bytes, int, int | None]]:
    """What comes, piece by piece, with the bytes so far and those announced."""
    announced = answer.headers.get("Content-Length", "")
    length = int(announced) if announced.isascii() and announced.isdigit() else None
    done = 0
    if length is None or length <= largest:
        while piece := _read(answer, address):
            done += len(piece)
            if done > largest:
                break
            yield piece, done, length
    if max(done, length or 0) > largest:
        raise InputError(f"{address!r} has more than {largest} bytes; --max-size allows more.")
    if length is not None and done != length:
        raise InputError(f"{address!r} came to {done} of {length} bytes; try again.")


def _read(answer: Any, address: str) -> bytes:
    """The next bytes, none at the end."""
    try:
        return bytes(answer.read(PIECE))
    except (OSError, HTTPException) as failure:
        raise _broken(address, failure) from failure


def _broken(address: str, failure: Exception) -> EnvironmentFailure:
    reason = " ".join(str(getattr(failure, "reason", None) or failure or type(failure).__name__).split())[:160]
    return EnvironmentFailure(f"{address!r} cannot be loaded: {reason}.")
