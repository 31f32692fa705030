"""A run's weights as a model that others may have: half the bytes, and no path of the machine it was made on."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

from segcli.arrays import Fitted
from segcli.errors import InputError
from segcli.learning.folder import RUN
from segcli.learning.model import as_fitted, from_fitted


def kept_model(fitted: Fitted, *, segments: str = "", data: str = "", licence: str = "") -> Fitted:
    """The model with 16 bits a weight.

    Parameters
    ----------
    segments, data, licence : what is said of it, as in `segcli.learning.card.ModelCard`; empty: what it says already.

    Raises
    ------
    InputError : it is no model of a network.
    """
    card, network = from_fitted(fitted)
    training = dict(card.training)
    if isinstance(training.get("data"), str):
        training["data"] = _last_part(training["data"])
    said = replace(
        card,
        training=training,
        segments=segments or card.segments,
        data=data or card.data,
        licence=licence or card.licence,
    )
    return as_fitted(said, network, half=True)


def kept_run(folder: str) -> bytes | None:
    """The run.json of a folder with the name of the data in place of their path; None where there is none."""
    path = Path(folder, RUN)
    if not path.is_file():
        return None
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        facts["data"] = _last_part(facts["data"])
    except (ValueError, KeyError, TypeError, AttributeError) as failure:
        raise InputError(f"{str(path)!r} is no record of a run.") from failure
    return (json.dumps(facts, indent=2) + "\n").encode()


def _last_part(path: str) -> str:
    return os.path.basename(os.path.normpath(path))
