"""What the table says of a network. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Task = Literal["segmentation", "classification", "map", "image"]
"""What comes out: logits a pixel, logits a picture, one value a pixel (saliency), a picture (auto-encoders)."""


@dataclass(frozen=True)
class Architecture:
    """One network of the literature.

    Attributes
    ----------
    name : what users call it.
    module, cls : where its class is, below segcli.networks.
    task : what comes out.
    year, paper : of the primary publication: authors, title, venue.
    in_channels, classes : those of the paper, for which `parameters` holds.
    parameters : trainable tensors' elements at full width.
    receptive_field : side in pixels of the square that one output sees; None for the whole picture.
    multiple : pictures are padded inside to a multiple of it.
    published : a result of the paper, with the data it was measured on; empty where there is none.
    options : arguments of the class that make this row, such as the depth of its backbone.
    """

    name: str
    module: str
    cls: str
    task: Task
    year: int
    paper: str
    in_channels: int
    classes: int
    parameters: int
    receptive_field: int | None
    multiple: int = 1
    published: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def rows_of(
    module: str,
    cls: str,
    task: Task,
    year: int,
    paper: str,
    *variants: tuple[Any, ...],
    in_channels: int = 3,
    classes: int | None = None,
    multiple: int = 1,
) -> tuple[Architecture, ...]:
    """Rows of one class: name, parameters, receptive field and, where there are any, options and a published result.

    The paper's classes are ImageNet's 1000 or VOC's 21, unless they are said.
    """
    outputs = (1000 if task == "classification" else 21) if classes is None else classes
    return tuple(
        Architecture(
            name=name,
            module=module,
            cls=cls,
            task=task,
            year=year,
            paper=paper,
            in_channels=in_channels,
            classes=outputs,
            parameters=parameters,
            receptive_field=field,
            multiple=multiple,
            options=more[0] if more else {},
            published=more[1] if len(more) > 1 else "",
        )
        for name, parameters, field, *more in variants
    )
