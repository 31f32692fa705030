"""How large a picture may claim to be before anything is allocated for it."""

from __future__ import annotations

from dataclasses import dataclass

from segcli.errors import InputError

LIFT = "Add --no-limits to read it all the same."


DENSE_FROM = 2**26
DENSITY = 4096
"""Pixels from which on a file must have a byte for every so many of them."""


@dataclass(frozen=True)
class Limits:
    """Bounds on what a file's header may announce; `unlimited` lifts them all.

    Attributes
    ----------
    pixels : width times height of one page.
    side : width or height in pixels.
    pages : pages, frames or layers of one file.
    metadata : bytes of text, profiles and thumbnails.
    unlimited : no bound at all.
    """

    pixels: int = 2**30
    side: int = 2**20
    pages: int = 10_000
    metadata: int = 16 * 2**20
    unlimited: bool = False

    def check_size(self, width: int, height: int) -> None:
        """Refuse a picture without pixels or with too many of them."""
        if width < 1 or height < 1:
            raise InputError(f"is {width} x {height} pixels; an image needs at least one.")
        if self.unlimited:
            return
        if max(width, height) > self.side:
            raise InputError(f"says it is {width} x {height} pixels; at most {self.side:,} a side are read. {LIFT}")
        if width * height > self.pixels:
            raise InputError(f"says it is {width} x {height} pixels; at most {self.pixels:,} are read. {LIFT}")

    def check_density(self, width: int, height: int, size: int) -> None:
        """Refuse a very large picture in very few bytes, for formats in which nothing else bounds it."""
        if width * height > max(DENSE_FROM, DENSITY * size) and not self.unlimited:
            raise InputError(f"says it is {width} x {height} pixels, in a file of {size:,} bytes. {LIFT}")

    def check_pages(self, pages: int) -> None:
        """Refuse a file with too many pages."""
        if pages > self.pages and not self.unlimited:
            raise InputError(f"has more than {self.pages:,} pages. {LIFT}")

    def check_metadata(self, size: int) -> None:
        """Refuse a file with too much besides its pixels."""
        if size > self.metadata and not self.unlimited:
            raise InputError(f"holds {size:,} bytes of metadata; at most {self.metadata:,} are read. {LIFT}")
