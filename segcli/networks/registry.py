"""Networks by name: their rows, and how one is made. Nothing imports torch until `build`.

To add one: write `networks/<module>.py`, put its row into `networks/table.py`.
"""

from __future__ import annotations

from contextlib import nullcontext
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

from segcli.errors import SettingError, UsageError
from segcli.networks.architecture import Architecture, Task
from segcli.networks.table import ARCHITECTURES

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ARCHITECTURES", "Architecture", "Task", "build", "find_architecture"]


def find_architecture(name: str) -> Architecture:
    """Return the row of a name (`fcn8s`, `fc-densenet56`), or raise UsageError with the nearest one."""
    key = name.lower().replace("-", "_").replace("+", "_plus")
    rows = {row.name: row for row in ARCHITECTURES}
    if key not in rows:
        from difflib import get_close_matches

        close = get_close_matches(key, rows, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(rows)}."
        raise UsageError(f"there is no network {name!r}; {hint}")
    return rows[key]


def build(
    name: str,
    *,
    in_channels: int | None = None,
    classes: int | None = None,
    width: float = 1.0,
    seed: int = 0,
    device: str = "cpu",
    **options: Any,
) -> nn.Module:
    """Make a network with the start values of its paper.

    Parameters
    ----------
    name : of a row of the table.
    in_channels, classes : of the pictures and of the logits; by default the paper's.
    width : scales the channels of all layers; 1 is the paper's.
    seed : of the start values. The global random state is left as it was.
    device : where the network is made; "meta" for its shapes alone, without memory.
    options : arguments of the network's class, such as depth.

    Returns
    -------
    torch.nn.Module
        float32, in training mode. It takes (N, in_channels, H, W) and gives (N, classes, H, W) at any size,
        (N, classes) where the task is classification.

    Raises
    ------
    UsageError : there is no such network, or it has no such option.
    SettingError : a number is out of range.

    Examples
    --------
    >>> network = build("vgg16", classes=10, width=1 / 16, device="meta")
    >>> sum(parameter.numel() for parameter in network.parameters())
    527854
    """
    import torch

    row = find_architecture(name)
    in_channels = row.in_channels if in_channels is None else in_channels
    classes = row.classes if classes is None else classes
    for knob, value in (("channels", in_channels), ("classes", classes)):
        if value < 1:
            raise SettingError(knob, f"is {value}; it must be at least 1.")
    if not 0 < width <= 16:
        raise SettingError("width", f"is {width:g}; it must be above 0, at most 16.")
    network = getattr(import_module(f"segcli.networks.{row.module}"), row.cls)
    known = [option for option in signature(network).parameters if option not in ("in_channels", "classes", "width")]
    for option in options:
        if option not in known:
            raise UsageError(f"the network {row.name} has no option {option!r}; it has {', '.join(known) or 'none'}.")
    from segcli.networks.initial import Undrawn

    undrawn = Undrawn() if device == "meta" else nullcontext()
    with torch.random.fork_rng(devices=[]), torch.device(device), undrawn:
        torch.manual_seed(seed)
        made: nn.Module = network(in_channels, classes, width=width, **{**row.options, **options})
    return made
