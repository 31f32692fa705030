"""segcli train: from pictures and masks to a network."""

from __future__ import annotations

import json as jsonlib
import sys
import time
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segcli.errors import SegcliError, SettingError, UsageError
from segcli.learning.settings import AMPS, OPTIMIZERS, SCALINGS, SCHEDULES, SCORES, TARGETS, WEIGHTINGS, TrainSettings

if TYPE_CHECKING:
    from segcli.files.datasets import DataSet
    from segcli.learning.folder import RunFolder
    from segcli.learning.train import Epoch, Trainer

DATA, LOOP, RUN = "Data", "Learning", "Run"
SAVED_EVERY = 60.0
"""Seconds between two savings of a run in the middle of an epoch."""

MOST_FAULTY = 0.1
"""Share of the pictures that may be at fault; they are left out and named."""

SHOWN = 10
"""Findings about the data that are printed; segcli check has them all."""


def train(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A folder, a CSV of pairs, or a COCO JSON file.")],
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="A network of `segcli models`, such as unet.")
    ] = "unet",
    out: Annotated[str | None, typer.Option("--out", "-o", metavar="FOLDER", help="What the run leaves.")] = None,
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
    batch: Annotated[int, typer.Option("--batch", metavar="N", help="Windows a step.", rich_help_panel=LOOP)] = 8,
    accumulate: Annotated[
        int, typer.Option("--accumulate", metavar="N", help="Steps whose gradients are summed.", rich_help_panel=LOOP)
    ] = 1,
    crop: Annotated[
        int | None,
        typer.Option("--crop", "--size", metavar="N", help="Side of the windows, in pixels.", rich_help_panel=LOOP),
    ] = None,
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
        typer.Option("--augment", metavar="none|light|standard|unet|FILE.toml", rich_help_panel=LOOP),
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
    settings = TrainSettings(
        options=_options(option or []),
        max_seconds=None if max_time is None else _seconds(max_time),
        **{field.name: given[field.name] for field in fields(TrainSettings) if field.name in given},
    )
    if (out is None) == (preview is None):
        raise UsageError("name a folder for the run with --out, or a picture with --preview.")
    from segcli.files.datasets import find_dataset

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
    say = _nothing if quiet or json else _say
    say(found.describe())
    if preview is not None:
        _preview(found, settings, preview)
        return
    assert out is not None
    _train(found, settings, out, device, threads, resume, encoder_weights, checked, say, json)


def _nothing(line: str) -> None:
    """Where nobody wants to know."""


def _say(line: str) -> None:
    """One line for people; stdout is for results."""
    print(line, file=sys.stderr)


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


def _train(
    data: DataSet,
    settings: TrainSettings,
    out: str,
    device: str,
    threads: int,
    resume: bool,
    encoder_weights: str | None,
    checked: bool,
    say: Any,
    json: bool,
) -> None:
    """Set the run up, go through it and keep what it leaves."""
    from segcli.learning.device import choose_device
    from segcli.learning.folder import RunFolder, go_on, load_last
    from segcli.learning.processes import joined
    from segcli.learning.rate import find_rate
    from segcli.learning.run import parts_of, prepare

    facts = {"data": data.folder, "fingerprint": data.fingerprint, "layout": data.layout, "classes": list(data.names)}
    folder = RunFolder(out, facts)
    folder.check(resume)
    place = choose_device(device)
    last = load_last(out) if resume else None
    if last is not None:
        settings = _same_run(settings, last[0].facts, last[1], facts, out)
    training, validation = parts_of(data)
    with joined(place) as (processes, place):
        if processes.rank:
            say = _nothing
        elif checked:
            _report_faults(data, say)
        trainer = prepare(
            training,
            validation,
            data.names,
            settings,
            device=place,
            threads=threads,
            processes=processes,
            encoder_weights=encoder_weights,
        )
        if trainer.settings.rate is None:
            say("looking for a learning rate ...")
            trainer = trainer.with_rate(processes.share(find_rate(trainer) if processes.rank == 0 else 0.0))
        if last is not None:
            go_on(trainer, last[0])
        settings = trainer.settings
        say(
            f"{settings.model} on {place}: {len(training)} pictures, {settings.batch} windows of {settings.crop} pixels"
            f" a step, {settings.steps_per_epoch} steps an epoch, rate {trainer.rate:g}, augmented: {settings.augment}"
        )
        if processes.rank:
            for _ in trainer.run():
                pass
        else:
            _loop(trainer, folder, say, json)


def _same_run(
    settings: TrainSettings, card: Any, run: dict[str, Any], facts: dict[str, Any], out: str
) -> TrainSettings:
    """The settings a run began with; only how long it lasts may change.

    Raises
    ------
    UsageError : other data or another network.
    """
    if run["fingerprint"] != facts["fingerprint"]:
        raise UsageError(
            f"the data are not those that the run in {out!r} began with; name another folder to begin anew."
        )
    begun = TrainSettings(**card["training"]["settings"])
    if begun.model != settings.model:
        raise UsageError(f"the run in {out!r} is of {begun.model}, not of {settings.model}; name another folder.")
    return begun


def _report_faults(data: DataSet, say: Any) -> None:
    """Say what is wrong with the data before hours are spent on them.

    Raises
    ------
    InputError : more pictures than a few are at fault; those few are left out.
    """
    from segcli.check import check, first_error, gather_all

    report = check(data, gather_all(data))
    for finding in report.findings[:SHOWN]:
        say(f"{finding.level}: {finding.words}")
    if len(report.findings) > SHOWN:
        say(f"and {len(report.findings) - SHOWN} more; segcli check lists them")
    faulty = {file for finding in report.findings if finding.level == "error" for file in finding.files}
    failure = first_error(report)
    if failure is not None and len(faulty) > MOST_FAULTY * len(data.examples):
        raise failure


def _loop(trainer: Trainer, folder: RunFolder, say: Any, json: bool) -> None:
    """Go through the run; keep it at each epoch, now and then between, and when it is interrupted."""
    from segcli.cli.report import training_progress
    from segcli.learning.train import Epoch

    saved = time.monotonic()
    named: set[int] = set()
    try:
        with training_progress(trainer.steps, trainer.progress.step, say is not _nothing) as show:
            for event in trainer.run():
                for number in trainer.broken.keys() - named:
                    _say(f"left out: {trainer.broken[number]}")
                named |= trainer.broken.keys()
                if isinstance(event, Epoch):
                    folder.save(trainer, best=event.best)
                    saved = time.monotonic()
                    _tell(event, say, json)
                else:
                    show(event)
                    if time.monotonic() - saved > SAVED_EVERY:
                        folder.save(trainer)
                        saved = time.monotonic()
    except (KeyboardInterrupt, SegcliError) as stop:
        # A loss that is no number has spoiled the weights: those on the disk are the last good ones.
        if isinstance(stop, KeyboardInterrupt) and trainer.progress.step:
            folder.save(trainer)
            _say(f"kept in {folder.path}; the same command with --resume goes on.")
        raise
    folder.finish(trainer)
    if not json:
        best = "" if not trainer.progress.history else f"  {_scores(folder.best_of(trainer))}"
        print(f"{folder.place('best.safetensors')}{best}, {trainer.progress.seconds:.0f} s")


def _tell(event: Epoch, say: Any, json: bool) -> None:
    """One line about an epoch."""
    if json:
        row = {"epoch": event.epoch + 1, "loss": event.loss, "rate": event.rate, "best": event.best, **event.scores}
        print(jsonlib.dumps({**row, "seconds": round(event.seconds, 2)}), flush=True)
        return
    mark = "  best" if event.best else ""
    say(
        f"epoch {event.epoch + 1:3d}/{event.epochs}  loss {event.loss:.4f}  {_scores(event.scores)}  "
        f"{event.seconds:.0f} s{mark}"
    )


def _scores(scores: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in scores.items() if name != "loss")


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
