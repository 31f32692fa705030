"""The folder of a training run: what it keeps, and how a run goes on from it."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch

from segcli import __version__
from segcli.arrays import Fitted
from segcli.errors import InputError, SegcliError, UsageError
from segcli.files.fitted import FRESH, read_fitted, write_fitted
from segcli.files.write import check_folder, put, sweep
from segcli.learning.board import write_board
from segcli.learning.model import TRAINING, ModelCard, as_fitted, load_arrays
from segcli.learning.train import Epoch, Progress, Trainer

BEST, LAST = "best.safetensors", "last.safetensors"
PROGRESS = f"{TRAINING}progress"
"""The array of `last` that is JSON: a header would be too short for the history of a long run."""
HISTORY, RUN, CURVES, SAMPLES = "history.csv", "run.json", "curves.png", "samples"
BOARD = "tensorboard"
SHEETS = 10
"""Sheets of samples that a run draws, about."""


class RunFolder:
    """Writes what a run leaves behind, each file complete or not at all.

    Parameters
    ----------
    path : of the folder, made if it is missing.
    facts : for run.json: data, settings and whatever else made the run what it is; JSON values.
    """

    def __init__(self, path: str, facts: Mapping[str, Any]) -> None:
        self.path, self.facts = path, dict(facts)

    def place(self, name: str) -> str:
        """The path of one of the folder's files."""
        return os.path.join(self.path, name)

    def check(self, resume: bool) -> None:
        """Refuse a folder that takes no files, holds another run, or none to go on with; clear what a killed run left.

        Raises
        ------
        UsageError
        """
        if os.path.lexists(self.path) and not os.path.isdir(self.path):
            raise UsageError(f"{self.path!r} is a file; --out names a folder.")
        check_folder(self.path)
        there = os.path.exists(self.place(LAST))
        if resume and not there:
            raise UsageError(f"{self.path!r} holds no {LAST}; there is nothing to resume. Leave --resume out.")
        if not resume and there:
            raise UsageError(f"{self.path!r} holds a run already; --resume goes on with it, or name another folder.")
        sweep(self.path, None)
        with suppress(OSError):
            os.unlink(self.place(f"{FRESH}{LAST}"))

    def save(self, trainer: Trainer, best: bool = False) -> None:
        """Keep the run as it stands, so that it can go on; and its weights as the best ones, if they are.

        Raises
        ------
        InputError : weights that are not finite; the files stay as they are.
        EnvironmentFailure : a file cannot be written; those before it are new, it and those after it as they were.
        """
        trainer.check_weights()
        card = self._card(trainer)
        state = {f"{TRAINING}{name}": value.detach().cpu().numpy() for name, value in trainer.state().items()}
        state[PROGRESS] = np.frombuffer(json.dumps(_as_json(asdict(trainer.progress))).encode(), np.uint8)
        if best:
            write_fitted(self.place(BEST), as_fitted(card, trainer.judged()), overwrite=True)
        model = as_fitted(card, trainer.network)
        facts = {**model.facts, "run": self.facts}
        write_fitted(self.place(LAST), Fitted(model.method, {**model.arrays, **state}, facts), True, verify=True)
        self._tell(trainer)

    def show(self, trainer: Trainer, event: Epoch) -> None:
        """Draw the curves for TensorBoard, and about every tenth of the run what the network makes of some pictures."""
        from segcli.learning.showing import sample_predictions

        write_board(self.place(BOARD), event, trainer.progress.step)
        every = max(1, event.epochs // SHEETS)
        if (event.epoch + 1) % every == 0 or event.epoch + 1 == event.epochs:
            path = os.path.join(self.path, SAMPLES, f"epoch-{event.epoch + 1:04d}.png")
            put(path, sample_predictions(trainer))

    def finish(self, trainer: Trainer) -> None:
        """Draw the curves of a run that is over, and say last what it was."""
        from segcli.figures.curves import curves

        self._tell(trainer)
        rows = trainer.progress.history
        if len(rows) > 1:
            scores = {name: [row["scores"][name] for row in rows] for name in rows[0]["scores"] if name != "loss"}
            put(self.place(CURVES), curves([row["loss"] for row in rows], scores, [row["rate"] for row in rows]))

    def best_of(self, trainer: Trainer) -> dict[str, float]:
        """Scores of the epoch whose weights are the best."""
        return dict([row["scores"] for row in trainer.progress.history if row["best"]][-1])

    def _card(self, trainer: Trainer) -> ModelCard:
        history = trainer.progress.history
        scores = history[-1]["scores"] if history else {}
        return replace(trainer.card, scores=scores, training={**trainer.card.training, **self.facts})

    def _result(self, trainer: Trainer) -> dict[str, Any]:
        progress = trainer.progress
        return {
            "segcli": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "device": trainer.device,
            "hardware": _hardware(trainer.device),
            "parameters": sum(parameter.numel() for parameter in trainer.network.parameters()),
            "rate": trainer.rate,
            "steps": progress.step,
            "seconds": round(progress.seconds, 1),
            "best": None if not np.isfinite(progress.best) else abs(progress.best),
            "left_out": list(trainer.broken.values()),
            "settings": trainer.settings.as_dict(),
        }

    def _tell(self, trainer: Trainer) -> None:
        """Write what people read."""
        put(self.place(HISTORY), _history(trainer.progress).encode())
        told = {**self.facts, **self._result(trainer)}
        put(self.place(RUN), (json.dumps(told, indent=2, allow_nan=False) + "\n").encode())


def _hardware(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name()
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def _as_json(progress: dict[str, Any]) -> dict[str, Any]:
    """Progress without numbers that JSON lacks."""
    return {**progress, "best": progress["best"] if np.isfinite(progress["best"]) else None}


def _history(progress: Progress) -> str:
    """One row an epoch."""
    text = io.StringIO()
    names = list(progress.history[0]["scores"]) if progress.history else []
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", "step", "seconds", "rate", "train_loss", *(name for name in names if name != "loss")])
    for row in progress.history:
        scores = [f"{row['scores'][name]:.6f}" for name in names if name != "loss"]
        cells = (row["epoch"] + 1, row["step"], f"{row['seconds']:.1f}", f"{row['rate']:.3g}", f"{row['loss']:.6f}")
        writer.writerow([*cells, *scores])
    return text.getvalue()


def load_last(folder: str) -> tuple[Fitted, dict[str, Any]]:
    """What `last.safetensors` of a folder holds, and the facts of its run.

    Raises
    ------
    InputError : it is no run of segcli's, or damaged.
    """
    path = os.path.join(folder, LAST)
    try:
        found = read_fitted(path)
    except InputError as failure:
        raise InputError(f"{path!r} {failure}") from failure
    run = found.facts.get("run")
    if PROGRESS not in found.arrays or not isinstance(run, dict):
        raise InputError(f"{path!r} is a model, but not of a run that can go on.")
    return found, dict(run)


def go_on(trainer: Trainer, last: Fitted) -> None:
    """Put a trainer where the run stood that `last` was written by.

    Raises
    ------
    InputError : it is of a run of another network or of other settings, or nobody's.
    """
    tensors = {name: torch.from_numpy(np.array(values)) for name, values in last.arrays.items() if name != PROGRESS}
    state = {name.removeprefix(TRAINING): value for name, value in tensors.items() if name.startswith(TRAINING)}
    weights = {name: value for name, value in tensors.items() if not name.startswith(TRAINING)}
    try:
        load_arrays(trainer.network, weights, keep=True)
        trainer.restore(_progress(last.arrays[PROGRESS].tobytes()), state)
    except (SegcliError, KeyError, TypeError, ValueError, RuntimeError) as failure:
        why = " ".join(str(failure).split())[:160]
        raise InputError(f"{LAST} does not fit the run: {why}. Begin anew in another folder.") from failure


def _progress(data: bytes) -> Progress:
    """Read what `save` wrote of where a run stood."""
    values = json.loads(data)
    values["best"] = -np.inf if values["best"] is None else float(values["best"])
    progress = Progress(**values)
    kinds = {name: type(value) for name, value in vars(Progress()).items()}
    wrong = [name for name, kind in kinds.items() if not isinstance(getattr(progress, name), kind)]
    if wrong:
        raise ValueError(f"its {wrong[0]} cannot be")
    return progress
