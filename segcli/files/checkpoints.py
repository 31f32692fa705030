"""Checkpoints: the weights of networks in files of torch (.pth, .pt) and safetensors, read without running code."""

from __future__ import annotations

import io
import os
import warnings
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from segcli.errors import InputError
from segcli.files.read import Source, read_bytes
from segcli.files.sniff import looks_like

if TYPE_CHECKING:
    from torch import Tensor

READABLE = "Readable: weights of torch (.pth, .pt) and .safetensors."
LONGEST_HEADER = 100 << 20
"""Bytes of a safetensors header, by its specification."""
INNER = ("state_dict", "model_state_dict", "model_state", "model", "network", "net", "weights", "params")
"""Where training programs put the weights among other things, the likeliest first."""


def read_checkpoint(source: Source) -> dict[str, Tensor]:
    """Read the named tensors of a checkpoint, on the CPU.

    Parameters
    ----------
    source : path, or the contents of a file. Its format is told by its first bytes, not by its name.

    Returns
    -------
    dict of str to torch.Tensor
        Of a training program's checkpoint the weights alone.

    Raises
    ------
    InputError
        No checkpoint, a damaged one, or one that holds other objects than weights, which might run code. The message
        begins after the file's name.
    """
    data = source if isinstance(source, bytes) else read_bytes(os.fspath(source))
    if data.startswith(b"PK"):
        _check_archive(data)
        held = _unpickled(data)
    elif data[:1] == b"\x80" and data[2:4] == b"\x8a\x0a":  # torch's magic number, as a pickle writes it
        held = _unpickled(data)
    elif data[8:9] == b"{" and 2 <= int.from_bytes(data[:8], "little") <= LONGEST_HEADER:
        held = _safetensors(data)
    else:
        raise InputError(f"is no checkpoint ({looks_like(data) if data else 'it is empty'}). {READABLE}")
    tensors = _tensors(held)
    if not tensors:
        raise InputError(f"holds no named weights ({type(held).__name__}). Save a network's state_dict().")
    return tensors


def _check_archive(data: bytes) -> None:
    """Refuse archives that are none of torch's, or that unpack to more than they are."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except Exception as failure:
        # zipfile raises BadZipFile, NotImplementedError, struct.error, OverflowError and others.
        raise InputError("is a damaged checkpoint: its archive has no readable end. Copy it again.") from failure
    if not any(entry.filename.endswith("/data.pkl") for entry in entries):
        raise InputError(f"is no checkpoint (an archive without a state_dict). {READABLE}")
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):
        raise InputError("is a TorchScript program, which would run code. Save the network's state_dict().")
    if sum(entry.file_size for entry in entries) > len(data):
        raise InputError("is a compressed archive, which torch does not write. Save the state_dict() again.")


def _unpickled(data: bytes) -> Any:
    """What torch finds, which may be numbers, texts, containers and tensors alone."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as failure:
        # The unpickler raises UnpicklingError, EOFError, RuntimeError, IndexError, KeyError and others.
        text = str(failure)
        if "GLOBAL" in text or "Unsupported" in text:
            raise InputError(
                "holds other objects than weights, which might run code. Save the network's state_dict() instead."
            ) from failure
        reason = " ".join(text.split())[:100] or type(failure).__name__
        raise InputError(f"is a damaged checkpoint: {reason}. Copy it again.") from failure


def _safetensors(data: bytes) -> dict[str, Tensor]:
    """What safetensors finds."""
    from safetensors.torch import load

    try:
        return dict(load(data))
    except Exception as failure:
        # safetensors raises SafetensorError, ValueError, KeyError and TypeError.
        reason = " ".join(str(failure).split())[:100]
        raise InputError(f"is a damaged safetensors file: {reason}. Copy it again.") from failure


def _tensors(held: Any) -> dict[str, Tensor]:
    """The dense tensors of a mapping; if it has none, those of the mapping inside it."""
    import torch

    if not isinstance(held, Mapping):
        return {}
    found = {
        name: value.detach()
        for name, value in held.items()
        if isinstance(name, str) and isinstance(value, torch.Tensor) and value.layout == torch.strided
    }
    inner = [held[name] for name in INNER if isinstance(held.get(name), Mapping)]
    # A checkpoint may have a tensor or two beside its weights, such as the state of a random generator.
    return max([found, *map(_tensors, inner)], key=len)
