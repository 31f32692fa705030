"""A run of training as the terminal shows it: what it finds in the data, its epochs, what it leaves when stopped."""

from __future__ import annotations

import json as jsonlib
import os
import sys
import time
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from segcli.cli.interrupts import held_back
from segcli.errors import UsageError
from segcli.learning.settings import TrainSettings

if TYPE_CHECKING:
    from segcli.files.datasets import DataSet
    from segcli.learning.folder import RunFolder
    from segcli.learning.train import Epoch, Trainer

SAVED_EVERY = 60.0
"""Seconds between two savings of a run in the middle of an epoch."""

MOST_FAULTY = 0.1
"""Share of the pictures that may be at fault; they are left out and named."""

LASTING = ("epochs", "max_seconds", "patience")
"""Settings that may change when a run goes on."""

SHOWN = 10
"""Findings about the data that are printed; segcli check has them all."""


def nothing(line: str) -> None:
    """Where nobody wants to know."""


def on_stderr(line: str) -> None:
    """One line for people; stdout is for results."""
    print(line, file=sys.stderr)


def train(
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
    said: Collection[str] = (),
) -> None:
    """Set the run up, go through it and keep what it leaves; `said` names the settings that were asked for."""
    from segcli.learning.device import choose_device
    from segcli.learning.folder import RunFolder, go_on, load_last
    from segcli.learning.processes import joined
    from segcli.learning.rate import find_rate
    from segcli.learning.run import parts_of, prepare

    facts = {
        "data": data.folder,
        "fingerprint": data.fingerprint,
        "layout": data.layout,
        "classes": list(data.names),
        "encoder_weights": None if encoder_weights is None else os.path.basename(encoder_weights),
    }
    folder = RunFolder(out, facts)
    folder.check(resume)
    place = choose_device(device)
    last = load_last(out) if resume else None
    if last is not None:
        settings = _same_run(settings, said, last[0].facts, last[1], facts, out)
    training, validation = parts_of(data)
    with joined(place) as (processes, place):
        if processes.rank:
            say = nothing
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
            with held_back(lambda: False) as asked:
                for _ in trainer.run():
                    if asked():
                        break
        else:
            _loop(trainer, folder, say, json)


def _same_run(
    settings: TrainSettings, said: Collection[str], card: Any, run: dict[str, Any], facts: dict[str, Any], out: str
) -> TrainSettings:
    """The settings a run began with; only how long it lasts may change.

    Raises
    ------
    UsageError : other data, another encoder, or settings that are said to be others now.
    """
    elsewhere = "name another folder to begin anew"
    if run.get("fingerprint") != facts["fingerprint"]:
        raise UsageError(
            f"the data are not those that the run in {out!r} began with (--seed, --val-share and --group draw their "
            f"parts); {elsewhere}."
        )
    if run.get("encoder_weights") != facts["encoder_weights"]:
        began, now = (values.get("encoder_weights") or "none" for values in (run, facts))
        raise UsageError(f"the run in {out!r} began with --encoder-weights {began}, and now it is {now}; {elsewhere}.")
    try:
        begun = TrainSettings(**card["training"]["settings"])
    except (KeyError, TypeError) as failure:
        raise UsageError(f"the run in {out!r} is of another version of segcli; {elsewhere}.") from failure
    for name in sorted(set(said) - set(LASTING)):
        before, now = getattr(begun, name), getattr(settings, name)
        if now not in (None, "auto", before):
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"the run in {out!r} began with {flag} {shown(before)}, and now it is {shown(now)}; leave {flag} out, "
                f"or {elsewhere}."
            )
    return replace(begun, **{name: getattr(settings, name) for name in LASTING if name in said})


def shown(value: Any) -> str:
    """A setting as the command line has it."""
    if isinstance(value, dict):
        return " ".join(f"{name}={part}" for name, part in value.items()) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


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
        with (
            training_progress(trainer.steps, trainer.progress.step, say is not nothing) as show,
            held_back(lambda: trainer.judging) as asked,
        ):
            for event in trainer.run():
                for number in trainer.broken.keys() - named:
                    on_stderr(f"left out: {trainer.broken[number]}")
                named |= trainer.broken.keys()
                if isinstance(event, Epoch):
                    folder.save(trainer, best=event.best)
                    saved = time.monotonic()
                    _tell(event, say, json)
                    folder.show(trainer, event)
                else:
                    show(event)
                    if asked() or time.monotonic() - saved > SAVED_EVERY:
                        folder.save(trainer)
                        saved = time.monotonic()
                if asked():
                    break
    except Exception:
        # A loss that is no number has spoiled the weights: those on the disk are the last good ones.
        raise
    except BaseException:
        # While pictures are judged nothing changes; a step that was cut short has changed half of the weights.
        if trainer.judging:
            folder.save(trainer)
        if os.path.exists(folder.place("last.safetensors")):
            on_stderr(f"kept in {folder.path}; the same command with --resume goes on.")
        raise
    folder.finish(trainer)
    if named:
        on_stderr("1 picture was left out" if len(named) == 1 else f"{len(named)} pictures were left out")
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
