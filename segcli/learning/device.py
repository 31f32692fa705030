"""Where networks compute."""

from __future__ import annotations

import re

import torch

from segcli.errors import SettingError


def find_device(asked: str) -> str:
    """The device of a name: auto takes a graphics card if there is one, else the processor.

    Raises
    ------
    SettingError : no such device here; a card that was asked for by name is never replaced by the processor.
    """
    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", asked):
        raise SettingError("device", f"is {asked!r}; it must be auto, cpu, mps, cuda or cuda:N.")
    if asked.startswith("cuda"):
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        number = int(asked.partition(":")[2] or 0)
        if number >= count:
            found = f"there are {count}, from cuda:0" if count else "torch finds no CUDA device here"
            raise SettingError("device", f"is {asked}; {found}. --device auto takes what there is.")
    if asked == "mps" and not torch.backends.mps.is_available():
        raise SettingError("device", "is mps; torch finds none here. --device auto takes what there is.")
    return asked
