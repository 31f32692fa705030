"""segcli train: from pictures and masks to a network."""

from __future__ import annotations

import json as jsonlib
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segcli.errors import SettingError, UsageError
from segcli.learning.recipes import RECIPES, find_recipe
from segcli.learning.settings import (
    AMPS,
    OPTIMIZERS,
    SAMPLINGS,
    SCALINGS,
    SCHEDULES,
    SCORES,
    TARGETS,
    WEIGHTINGS,
    TrainSettings,
)

if TYPE_CHECKING:
    from segcli.files.datasets import DataSet

DATA, LOOP, RUN = "Data", "Learning", "Run"


def train(
    context: typer.Context,
    data: Annotated[str, typer.Argument(metavar="DATA", help="A folder, a CSV of pairs, or a COCO JSON file.")],
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="A network of `segcli models`, such as unet.")
    ] = "unet",
    out: Annotated[str | None, typer.Option("--out", "-o", metavar="FOLDER", help="What the run leaves.")] = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", metavar="|".join((*RECIPES, "paper")), help="Settings that belong together."),
    ] = None,
    width: Annotated[float, typer.Option("--width", metavar="X", help="Scales the channels of all layers.")] = 1.0,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="Of the network, such as depth=3.")
    ] = None,
    channels: Annotated[
        int | None, typer.Option("--channels", metavar="1|3", help="Default: 1 if all pictures are gray.")
    ] = None,
    images: Annotated[
        str | None, typer.Option("--images", metavar="FOLDER", help="The pictures.", rich_help_panel=DATA)
    ] = None,
    masks: Annotated[
        str | None, typer.Option("--masks", metavar="FOLDER", help="The masks.", rich_help_panel=DATA)
    ] = None,
    suffix: Annotated[
        str | None,
        typer.Option("--suffix", metavar="TEXT", help="What masks' names end in, such as _mask.", rich_help_panel=DATA),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option("--classes", metavar="N|NAMES|FILE", help="As in segcli check.", rich_help_panel=DATA),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="mask|classes|instances", help="What masks are.", rich_help_panel=DATA),
    ] = None,
    ignore: Annotated[
        int | None,
        typer.Option("--ignore", metavar="N", help="A number in masks that means void.", rich_help_panel=DATA),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group", metavar="REGEX", help="Part of a name that pictures of one origin share.", rich_help_panel=DATA
        ),
    ] = None,
    val_share: Annotated[
        float,
        typer.Option(
            "--val-share", metavar="SHARE", help="Set apart as val where the data have none.", rich_help_panel=DATA
        ),
    ] = 0.2,
    target: Annotated[
        str,
        typer.Option(
            "--target",
            metavar="|".join(TARGETS),
            help="borders parts touching objects: background, interior, border.",
            rich_help_panel=LOOP,
        ),
    ] = "auto",
    loss: Annotated[
        str, typer.Option("--loss", metavar="WORDS", help="ce, dice, focal, 0.5*ce+dice ...", rich_help_panel=LOOP)
    ] = "ce+dice",
    class_weights: Annotated[
        str, typer.Option("--class-weights", metavar="|".join(WEIGHTINGS), rich_help_panel=LOOP)
    ] = "none",
    weight_map: Annotated[
        bool, typer.Option("--weight-map", help="More weight to gaps between objects.", rich_help_panel=LOOP)
    ] = False,
    epochs: Annotated[int, typer.Option("--epochs", metavar="N", rich_help_panel=LOOP)] = 40,
    steps_per_epoch: Annotated[
        int | None,
        typer.Option("--steps-per-epoch", metavar="N", help="Default: each pixel about once.", rich_help_panel=LOOP),
    ] = None,
    max_time: Annotated[
        str | None, typer.Option("--max-time", metavar="30s|20m|2h", help="Stop after it.", rich_help_panel=LOOP)
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option("--batch", metavar="N", help="Windows a step; default: 8, or what fits.", rich_help_panel=LOOP),
    ] = None,
    accumulate: Annotated[
        int, typer.Option("--accumulate", metavar="N", help="Steps whose gradients are summed.", rich_help_panel=LOOP)
    ] = 1,
    crop: Annotated[
        int | None,
        typer.Option("--crop", metavar="N", help="Side of the windows, in pixels.", rich_help_panel=LOOP),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="N", help="Bring pictures to N x N, in predict too.", rich_help_panel=LOOP),
    ] = None,
    sampling: Annotated[
        str,
        typer.Option(
            "--sampling",
            metavar="|".join(SAMPLINGS),
            help="balanced: windows around all classes alike.",
            rich_help_panel=LOOP,
        ),
    ] = "uniform",
    corruption: Annotated[
        str,
        typer.Option(
            "--corruption",
            metavar="KIND=X",
            help="Damage that auto-encoders undo: gaussian, masking, salt-and-pepper.",
            rich_help_panel=LOOP,
        ),
    ] = "gaussian=0.1",
    optimizer: Annotated[
        str, typer.Option("--optimizer", metavar="|".join(OPTIMIZERS), rich_help_panel=LOOP)
    ] = "adamw",
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate", "--lr", metavar="X", help="Learning rate; default: by a range test.", rich_help_panel=LOOP
        ),
    ] = None,
    momentum: Annotated[float, typer.Option("--momentum", metavar="X", rich_help_panel=LOOP)] = 0.9,
    weight_decay: Annotated[float, typer.Option("--weight-decay", metavar="X", rich_help_panel=LOOP)] = 1e-4,
    schedule: Annotated[
        str, typer.Option("--schedule", metavar="|".join(SCHEDULES), help="Of the rate.", rich_help_panel=LOOP)
    ] = "cosine",
    decay: Annotated[
        float, typer.Option("--decay", metavar="X", help="Of the exponential schedule.", rich_help_panel=LOOP)
    ] = 0.95,
    warmup: Annotated[
        int, typer.Option("--warmup", metavar="N", help="Steps of a rising rate.", rich_help_panel=LOOP)
    ] = 0,
    clip: Annotated[
        float, typer.Option("--clip", metavar="X", help="Greatest norm of the gradient.", rich_help_panel=LOOP)
    ] = 0.0,
    ema: Annotated[
        float, typer.Option("--ema", metavar="X", help="Decay of an average of weights.", rich_help_panel=LOOP)
    ] = 0.0,
    patience: Annotated[
        int, typer.Option("--patience", metavar="N", help="Epochs without a better score.", rich_help_panel=LOOP)
    ] = 0,
    best_by: Annotated[
        str, typer.Option("--best-by", metavar="|".join(SCORES), help="Which weights are best.", rich_help_panel=LOOP)
    ] = "miou",
    encoder_weights: Annotated[
        str | None,
        typer.Option(
            "--encoder-weights", metavar="FILE", help="Public ImageNet weights to begin with.", rich_help_panel=LOOP
        ),
    ] = None,
    head_rate: Annotated[
        float,
        typer.Option("--head-rate", metavar="X", help="Times the rate for all but these.", rich_help_panel=LOOP),
    ] = 1.0,
    freeze_norm: Annotated[
        bool, typer.Option("--freeze-norm", help="Keep batch normalization as it is.", rich_help_panel=LOOP)
    ] = False,
    augment: Annotated[
        str,
        typer.Option("--augment", metavar="none|flip|light|standard|turns|unet|FILE.toml", rich_help_panel=LOOP),
    ] = "auto",
    scaling: Annotated[
        str, typer.Option("--scaling", metavar="|".join(SCALINGS), help="Of the pictures.", rich_help_panel=LOOP)
    ] = "auto",
    amp: Annotated[
        str, typer.Option("--amp", metavar="|".join(AMPS), help="Half precision inside.", rich_help_panel=LOOP)
    ] = "off",
    seed: Annotated[int, typer.Option("--seed", metavar="N", rich_help_panel=RUN)] = 0,
    device: Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda|cuda:1|mps", rich_help_panel=RUN)] = "auto",
    threads: Annotated[
        int, typer.Option("--threads", metavar="N", help="That prepare windows ahead.", rich_help_panel=RUN)
    ] = 2,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the run in --out stands.", rich_help_panel=RUN)
    ] = False,
    checked: Annotated[
        bool, typer.Option("--check/--no-check", help="Look through the data first.", rich_help_panel=RUN)
    ] = True,
    preview: Annotated[
        str | None,
        typer.Option(
            "--preview", metavar="FILE.png", help="Draw what the network would see, and stop.", rich_help_panel=RUN
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object an epoch on stdout.", rich_help_panel=RUN)
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.", rich_help_panel=RUN)] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show an error's traceback.", rich_help_panel=RUN)] = False,
) -> None:
    """Train a network on pictures and their masks.

    What is not said is found out: the layout of DATA, the size of the windows, the learning rate. In `train` the name
    of a model is a network's; in `predict` it is that of trained weights. Ctrl-C keeps the run, --resume goes on.
    """
    given = dict(locals())
    settings, said, about = _settings(context, given)
    if (out is None) == (preview is None):
        raise UsageError("name a folder for the run with --out, or a picture with --preview.")
    from segcli.cli.training import nothing, on_stderr
    from segcli.cli.training import train as train_network
    from segcli.files.datasets import find_dataset

    say = nothing if quiet or json else on_stderr
    for line in about:
        say(line)
    found = find_dataset(
        data,
        images=images,
        masks=masks,
        suffix=suffix,
        classes=classes,
        kind=kind,
        ignore=ignore,
        val_share=val_share,
        group=group,
        seed=seed,
    )
    say(found.describe())
    if preview is not None:
        _preview(found, settings, preview)
        return
    assert out is not None
    train_network(found, settings, out, device, threads, resume, encoder_weights, checked, say, json, said)


def _settings(context: typer.Context, given: dict[str, Any]) -> tuple[TrainSettings, set[str], list[str]]:
    """Settings: the recipe's, but for those that the command line names; those asked for; what to say of the recipe."""
    values = {field.name: given[field.name] for field in fields(TrainSettings) if field.name in given}
    about, recipe = [], given["recipe"]
    said = {name for name in values if _is_said(context, name)}
    if recipe is not None:
        found = find_recipe(recipe, values["model"] if "model" in said else None)
        values |= {name: value for name, value in found.settings.items() if name not in said}
        said |= found.settings.keys()
        about = [f"recipe: {found.summary}", *([f"otherwise: {found.otherwise}."] if found.otherwise else [])]
    options = {**values.get("options", {}), **_options(given["option"] or [])}
    if given["max_time"] is not None:
        values["max_seconds"] = _seconds(given["max_time"])
        said.add("max_seconds")
    if given["option"]:
        said.add("options")
    return TrainSettings(**{**values, "options": options}), said, about


def _is_said(context: typer.Context, name: str) -> bool:
    """Whether the command line sets a parameter."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _options(words: list[str]) -> dict[str, Any]:
    """NAME=VALUE as numbers, true and false, or words."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise SettingError("option", f"is {word!r}; write NAME=VALUE, such as depth=3.")
        try:
            found[name] = jsonlib.loads(text)
        except ValueError:
            found[name] = text
    return found


def _seconds(text: str) -> float:
    """Seconds of 90, 90s, 20m or 2h."""
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        return float(number) * units[unit]
    except ValueError:
        raise SettingError("max_time", f"is {text!r}; it must be a time such as 90s, 20m or 2h.") from None


def _preview(data: DataSet, settings: TrainSettings, path: str) -> None:
    """Draw a sheet of windows as the network would see them."""
    from segcli.figures.samples import sample_sheet
    from segcli.files.write import make_parent, write_bytes
    from segcli.learning.run import parts_of, preview_windows

    if not path.lower().endswith(".png"):
        raise SettingError("preview", f"is {path!r}; the file's name must end in .png.")
    training, _ = parts_of(data)
    make_parent(path)
    write_bytes(path, sample_sheet(preview_windows(training, data.names, settings)))
    print(path)
