"""Learning rates as functions of the step: nothing to keep, so that a run that goes on goes on exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

ScheduleKind = Literal["constant", "step", "poly", "cosine", "exponential", "plateau"]


@dataclass(frozen=True)
class Schedule:
    """What share of the greatest learning rate a step has.

    Attributes
    ----------
    kind : constant; step, a tenth after each third of the steps; poly, (1 - share done)^0.9 (Chen et al., DeepLab);
        cosine, half a wave down to 0 (Loshchilov, Hutter 2017); exponential, times `decay` each epoch; plateau,
        constant, times `dropped` from outside.
    steps : of the whole run.
    warmup : steps over which the rate rises linearly from almost 0.
    decay, per_epoch : of the exponential schedule, and the steps of an epoch.
    """

    kind: ScheduleKind
    steps: int
    warmup: int = 0
    decay: float = 1.0
    per_epoch: int = 1

    def share(self, step: int) -> float:
        """The share at a step, from 0.

        Examples
        --------
        >>> [Schedule("step", 9).share(step) for step in (0, 3, 8)]
        [1.0, 0.1, 0.01]
        >>> Schedule("cosine", 100).share(50)
        0.5
        """
        if step < self.warmup:
            return (step + 1) / (self.warmup + 1)
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        if self.kind == "step":
            return float(10.0 ** -min(2, math.floor(3 * done)))
        if self.kind == "poly":
            return float(max(0.0, 1 - done) ** 0.9)
        if self.kind == "cosine":
            return round(0.5 * (1 + math.cos(math.pi * min(1.0, done))), 12)
        if self.kind == "exponential":
            return self.decay ** (step // self.per_epoch)
        return 1.0
