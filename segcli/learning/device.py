"""Where networks are computed."""

from __future__ import annotations

import re

import torch

from segcli.errors import SettingError


def choose_device(asked: str) -> str:
    """Return what is asked for, or for auto the best there is: cuda, mps or cpu.

    Parameters
    ----------
    asked : auto, cpu, cuda, cuda:1 or mps.

    Raises
    ------
    SettingError : another word, or a device that this machine does not have; none is put in its place.
    """
    if asked == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    if asked == "cpu":
        return asked
    if asked == "mps":
        if not torch.backends.mps.is_available():
            raise SettingError("device", "is mps; torch finds none here. Take cpu, or auto.")
        return asked
    number = re.fullmatch(r"cuda(?::(\d{1,3}))?", asked)
    if number is None:
        raise SettingError("device", f"is {asked!r}; it must be auto, cpu, cuda, cuda:1 (and so on) or mps.")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(number[1] or 0) >= count:
        there = f"torch finds {count} of them" if count else "torch finds no graphics card it can use"
        raise SettingError("device", f"is {asked}; {there}. Take cpu, or auto.")
    return asked


def device_words(device: str) -> str:
    """A device as people call it."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.startswith("cuda") else device
