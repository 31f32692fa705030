"""Files of weights that others publish: where they are, what is in them, on what terms. Nothing is loaded by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from segcli.errors import UsageError

HUB = "https://download.pytorch.org/models/"
IMAGENET = "ImageNet-1k, for classification; begins an encoder"
COCO = "COCO train2017, the pictures with classes of Pascal VOC"
TERMS = "torchvision's, BSD-3-Clause; those of the pictures may apply"
DIGITS = re.compile(r"-([0-9a-f]{8,64})\.\w+$")
"""The first digits of a file's SHA-256 in its published name, as torch's hub has them."""


@dataclass(frozen=True)
class PublicFile:
    """A file that somebody publishes.

    Attributes
    ----------
    name : of the network it is for. address : where it is; the digits in its name are of its SHA-256.
    data, licence : in words.
    score : mean IoU on the pictures of COCO val2017 that have classes of Pascal VOC, as published; None of encoders.
    """

    name: str
    address: str
    data: str = IMAGENET
    licence: str = TERMS
    score: float | None = None


FILES: tuple[PublicFile, ...] = (
    PublicFile("fcn_resnet50", f"{HUB}fcn_resnet50_coco-1167a1af.pth", COCO, score=60.5),
    PublicFile("fcn_resnet101", f"{HUB}fcn_resnet101_coco-7ecb50ca.pth", COCO, score=63.7),
    PublicFile("deeplabv3_resnet50", f"{HUB}deeplabv3_resnet50_coco-cd0a2569.pth", COCO, score=66.4),
    PublicFile("deeplabv3_resnet101", f"{HUB}deeplabv3_resnet101_coco-586e9e4e.pth", COCO, score=67.4),
    PublicFile("vgg16", f"{HUB}vgg16-397923af.pth"),
    PublicFile("vgg16_bn", f"{HUB}vgg16_bn-6c64b313.pth"),
    PublicFile("vgg19", f"{HUB}vgg19-dcbb9e9d.pth"),
    PublicFile("vgg19_bn", f"{HUB}vgg19_bn-c79401a0.pth"),
    PublicFile("resnet18", f"{HUB}resnet18-f37072fd.pth"),
    PublicFile("resnet34", f"{HUB}resnet34-b627a593.pth"),
    PublicFile("resnet50", f"{HUB}resnet50-0676ba61.pth"),
    PublicFile("resnet101", f"{HUB}resnet101-63fe2227.pth"),
    PublicFile("resnet152", f"{HUB}resnet152-394f9c45.pth"),
)


def find_public(name: str) -> PublicFile:
    """Return the file of a name, or of an address.

    Raises
    ------
    UsageError : the name is not known; the nearest one is suggested.
    """
    if "://" in name:
        known = [file for file in FILES if file.address == name]
        return known[0] if known else PublicFile("", name, "unknown", "unknown")
    key = name.lower().replace("-", "_")
    found = {file.name: file for file in FILES}
    if key in found:
        return found[key]
    from difflib import get_close_matches

    close = get_close_matches(key, found, n=1)
    hint = (
        f"did you mean {close[0]}?" if close else f"known are {', '.join(found)}; an address (https://...) will do too."
    )
    raise UsageError(f"no public file is known for {name!r}; {hint}")


def file_name(address: str) -> str:
    """The last part of an address, as a file may be called.

    Raises
    ------
    UsageError : there is none.
    """
    name = unquote(urlsplit(address).path).rpartition("/")[2]
    if not name or name in (".", "..") or not name.isprintable() or set(name) & set('/\\:*?"<>|'):
        raise UsageError(f"{address!r} names no file; say what to call it with -o FILE.")
    return name


def digits_in(address: str) -> str:
    """The digits of the SHA-256 in a published name; empty if there are none."""
    found = DIGITS.search(urlsplit(address).path)
    return found[1] if found else ""
