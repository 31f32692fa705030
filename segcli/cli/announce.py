"""What is said of networks before they work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from segcli.cli.report import printable

if TYPE_CHECKING:
    from segcli.network_segmenter import NetworkSegmenter


def announce(segmenter: NetworkSegmenter, command: str, quiet: bool) -> None:
    """Load the models, and say once what they segment, and where that is computed."""
    predictor = segmenter.load()
    if quiet:
        return
    from segcli.learning.device import device_words

    names = " and ".join(f"{model.name} ({model.card.architecture})" for model in segmenter.models)
    classes = ", ".join(segmenter.names)
    where = " and ".join(dict.fromkeys(device_words(member.device) for member in predictor.members))
    for model in segmenter.models:
        for note in model.notes:
            print(f"segcli {command}: note: {printable(model.name)}: {note}", file=sys.stderr)
    print(f"segcli {command}: {names} tells apart {classes}; on {where}", file=sys.stderr)
