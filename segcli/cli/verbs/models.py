"""segcli models: the table of networks, and what one is made of."""

from __future__ import annotations

import json as jsonlib
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segcli.cli.model_files import get, import_model, keep, list_weights
from segcli.errors import InputError, SettingError, UsageError
from segcli.networks.registry import ARCHITECTURES, Architecture, find_architecture

if TYPE_CHECKING:
    from segcli.networks.summary import Summary

TASKS = ("segmentation", "classification", "map", "image")
MIB = 1 << 20


def models(
    context: typer.Context,
    task: Annotated[str | None, typer.Option("--task", metavar="|".join(TASKS), help="Those for one task.")] = None,
    weights: Annotated[
        bool,
        typer.Option("--weights", help="List the models to predict with: what they segment, data, licence, score."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the whole table as JSON.")] = False,
) -> None:
    """List the networks: name, year, parameters, receptive field, published result, paper.

    `segcli models show NAME` takes one apart. `segcli models --weights` lists what is trained already: the models that
    came with segcli and those in your folder (SEGCLI_MODELS).
    """
    if context.invoked_subcommand is not None:
        return
    if weights:
        if task is not None:
            raise SettingError("task", "belongs to the networks; leave --weights out.")
        list_weights(json)
        return
    if task is not None and task not in TASKS:
        raise SettingError("task", f"is {task!r}; it must be one of {', '.join(TASKS)}.")
    rows = [row for row in ARCHITECTURES if task in (None, row.task)]
    if json:
        print(jsonlib.dumps([asdict(row) for row in rows], indent=2))
        return
    heads = ("name", "task", "year", "parameters", "field", "published", "paper")
    cells = [heads, *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(4 + 1)]
    for row in cells:
        numbers = (row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2], row[3].rjust(widths[3]))
        print("  ".join((*numbers, row[4].rjust(widths[4]), row[6] + (f" [{row[5]}]" if row[5] else ""))).rstrip())


def _cells(row: Architecture) -> tuple[str, ...]:
    """A row in words."""
    field = "all" if row.receptive_field is None else str(row.receptive_field)
    return row.name, row.task, str(row.year), f"{row.parameters:,}", field, row.published, row.paper


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the table, such as unet or fcn8s.")],
    classes: Annotated[int | None, typer.Option("--classes", metavar="N", help="Default: the paper's.")] = None,
    channels: Annotated[int | None, typer.Option("--channels", metavar="N", help="Default: the paper's.")] = None,
    size: Annotated[
        str, typer.Option("--size", metavar="N|WxH", help="Of the picture that goes in, in pixels.")
    ] = "512",
    width: Annotated[float, typer.Option("--width", metavar="X", help="Scales the channels of all layers.")] = 1.0,
    batch: Annotated[int, typer.Option("--batch", metavar="N", help="Pictures at once, for the memory.")] = 1,
    plot: Annotated[
        str | None, typer.Option("--plot", metavar="FILE", help="Draw the network: NAME.png or NAME.svg.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Print a network's layers with shapes, parameters, multiply-adds, and the memory it needs at a size."""
    row = find_architecture(name)
    across, down = _sides(size)
    if not 1 <= batch <= 4096:
        raise SettingError("batch", f"is {batch}; it must be between 1 and 4096.")
    if plot is not None and os.path.splitext(plot)[1].lower() not in (".png", ".svg"):
        raise SettingError("plot", f"is {plot!r}; the file's name must end in .png or .svg.")
    from segcli.networks.registry import build
    from segcli.networks.summary import summarize

    in_channels = row.in_channels if channels is None else channels
    network = build(name, in_channels=in_channels, classes=classes, width=width, device="meta")
    summary = summarize(network, in_channels, down, across, batch)
    if plot is not None:
        _plot(summary, f"{row.name}, {across} x {down}", down, plot)
    if json:
        print(jsonlib.dumps({**asdict(row), "size": [across, down], "batch": batch, **_as_dict(summary)}, indent=2))
        return
    _print_layers(summary)
    print(f"{row.paper}.")
    print(
        f"{summary.parameters:,} parameters, {summary.multiply_adds / 1e9:.2f} billion multiply-adds; memory for "
        f"{batch} x {across} x {down} in float32: {summary.inference / MIB:,.0f} MiB to predict, "
        f"{summary.training / MIB:,.0f} MiB to train with Adam."
    )


def _sides(size: str) -> tuple[int, int]:
    """Width and height of `512` or `640x480`."""
    words = size.lower().split("x")
    if len(words) not in (1, 2) or not all(word.isdecimal() and 1 <= int(word) <= 1 << 16 for word in words):
        raise SettingError("size", f"is {size!r}; it must be a number of pixels, or WIDTHxHEIGHT, each up to 65536.")
    return int(words[0]), int(words[-1])


def _as_dict(summary: Summary) -> dict[str, Any]:
    return {
        "layers": [asdict(layer) for layer in summary.layers],
        "total": {"parameters": summary.parameters, "multiply_adds": summary.multiply_adds},
        "bytes": {"weights": summary.weights, "inference": summary.inference, "training": summary.training},
    }


def _print_layers(summary: Summary) -> None:
    """One line a layer."""
    heads = ("layer", "kind", "output", "parameters", "multiply-adds")
    rows = [heads]
    for layer in summary.layers:
        shape = " x ".join(map(str, layer.shape[1:])) if layer.shape else "-"
        rows.append((layer.name or "-", layer.kind, shape, f"{layer.parameters:,}", f"{layer.multiply_adds:,}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    for row in rows:
        left = (cell.ljust(width) for cell, width in zip(row[:3], widths[:3], strict=True))
        right = (cell.rjust(width) for cell, width in zip(row[3:], widths[3:], strict=True))
        print("  ".join((*left, *right)))


def _plot(summary: Summary, title: str, size: int, path: str) -> None:
    """Write the drawing."""
    from segcli.figures.network_plot import network_plot
    from segcli.files.write import make_parent, write_bytes

    form = os.path.splitext(path)[1].lower()[1:]
    data = network_plot(summary.layers, title, size, "svg" if form == "svg" else "png")
    make_parent(path)
    write_bytes(path, data)


def load_check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A .pth, .pt or .safetensors file.")],
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="The network to try; default: those that may fit.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Say what a checkpoint holds, and which networks it fits. No code in it is run."""
    from segcli.files.checkpoints import read_checkpoint
    from segcli.learning.weights import share_that_fits

    try:
        state = read_checkpoint(file)
    except InputError as failure:
        raise UsageError(f"{file!r} {failure}") from failure
    names = [find_architecture(model).name] if model else [row.name for row in ARCHITECTURES]
    found = sorted(((share, name) for name in names if (share := share_that_fits(name, state)) > 0.0), reverse=True)
    total = sum(tensor.numel() for tensor in state.values())
    if json:
        shapes = {name: list(tensor.shape) for name, tensor in state.items()}
        fitting = [{"model": name, "share": round(share, 4)} for share, name in found]
        print(jsonlib.dumps({"file": file, "tensors": shapes, "elements": total, "fits": fitting}, indent=2))
        return
    print(f"{file}: {len(state)} tensors, {total:,} elements")
    for share, name in found[:8]:
        print(f"  {name}: {share:.1%} of its encoder's weights")
    if not found or found[0][0] < 0.9:
        raise UsageError(f"{file!r} fits no network here: at least 90 % of an encoder's weights must have a place.")


SUBCOMMANDS = {"show": show, "load-check": load_check, "keep": keep, "import": import_model, "get": get}
"""What `segcli models` does beside listing."""
