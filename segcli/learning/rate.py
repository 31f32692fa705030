"""A learning rate without a guess: raise it step by step until the loss breaks away."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

from segcli.errors import InputError
from segcli.learning.train import Step, Trainer

LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 40
BREAK = 3.0
"""Times the best loss at which the test ends."""
SMOOTHING = 0.7
USUAL = {"adamw": 1e-3, "adam": 1e-3, "rmsprop": 1e-3, "sgd": 1e-2}
"""Where the test shows nothing."""


def find_rate(trainer: Trainer) -> float:
    """Find the greatest rate of a run by a range test; the trainer's network is left as it was.

    Parameters
    ----------
    trainer : at its start. Its settings' schedule and rate do not matter.

    Returns
    -------
    float
        A third of the rate whose smoothed loss fell fastest a decade, two digits; the optimizer's usual one where the
        loss never falls.

    References
    ----------
    L. N. Smith, "Cyclical learning rates for training neural networks", IEEE WACV, 2017, section 3.3.
    """
    weights = copy.deepcopy(trainer.network.state_dict())
    losses = _losses(trainer)
    trainer.network.load_state_dict(weights)
    trainer.network.zero_grad(set_to_none=True)
    usual = USUAL[trainer.settings.optimizer]
    if len(losses) < 8:
        return usual
    smooth, seen = [], losses[0]
    for number, loss in enumerate(losses):
        seen = SMOOTHING * seen + (1 - SMOOTHING) * loss if number else loss
        smooth.append(seen)
    lowest = min(range(len(smooth)), key=smooth.__getitem__)
    if smooth[lowest] > 0.98 * smooth[0]:
        return usual
    # The steepest fall before the lowest point; half a decade below the lowest at most.
    rates = [_rate(number) for number in range(len(smooth))]
    falls = [smooth[number - 2] - smooth[number + 2] for number in range(2, max(3, lowest - 1))]
    steepest = rates[2 + max(range(len(falls)), key=falls.__getitem__)]
    return float(f"{min(steepest, rates[lowest] / 3):.2g}")


def _rate(number: int) -> float:
    return float(LOWEST * (HIGHEST / LOWEST) ** (number / (STEPS - 1)))


def _losses(trainer: Trainer) -> list[float]:
    """Losses of the steps of the test, up to where it breaks away."""
    losses: list[float] = []
    settings = replace(trainer.settings, epochs=1, steps_per_epoch=STEPS + 1, ema=0.0, schedule="constant", warmup=0)
    test = Trainer(
        replace(settings, max_seconds=None),
        trainer.card,
        trainer.batches,
        (),
        trainer.loss,
        device=trainer.device,
        threads=trainer.threads,
        network=trainer.network,
    )
    test.rate = _rate(0)
    steps = test.run()
    try:
        for event in steps:
            if not isinstance(event, Step):
                break
            losses.append(event.loss)
            if event.loss > BREAK * min(losses) or math.isnan(event.loss) or len(losses) == STEPS:
                break
            test.rate = _rate(len(losses))
    except InputError:
        pass
    finally:
        steps.close()  # type: ignore[attr-defined]
    return losses
