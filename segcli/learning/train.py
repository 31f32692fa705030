"""The training loop. Progress is the caller looping over events; nothing is called back.

A run is decided by its settings and data alone: batches, augmentation and dropout follow from the number of the step,
so that a run that was killed and goes on ends with the very weights of one that was not (on one machine and device).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from segcli.learning.batches import Batch, Batches, Examples
from segcli.learning.losses import Loss, deep_supervision
from segcli.learning.model import ModelCard
from segcli.learning.optimizer import load_optimizer, make_optimizer, optimizer_arrays, set_rate
from segcli.learning.processes import Processes
from segcli.learning.schedule import Schedule
from segcli.learning.settings import TrainSettings
from segcli.learning.stops import explained, not_finite, spoiled
from segcli.learning.validate import validate
from segcli.learning.windows import learned_outputs

PLATEAU, DROP = 5, 0.1
"""Epochs without a better score after which the schedule `plateau` drops the rate to a tenth."""


@dataclass(frozen=True)
class Step:
    """One step is done. `rate` is the learning rate, `speed` in pictures a second."""

    step: int
    steps: int
    epoch: int
    loss: float
    rate: float
    speed: float


@dataclass(frozen=True)
class Epoch:
    """One epoch is done and judged. `best` says whether its weights are the best so far."""

    epoch: int
    epochs: int
    loss: float
    scores: dict[str, float]
    rate: float
    seconds: float
    best: bool


@dataclass
class Progress:
    """What a run that goes on must know, besides weights: JSON values."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    best: float = -math.inf
    since_best: int = 0
    drops: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


class Trainer:
    """A network that is being trained.

    Parameters
    ----------
    settings : with `steps_per_epoch` and `rate` known.
    card : of the model; its network is built with the seed's start values.
    batches : of the training part.
    validation : examples to judge by; their whole pictures are predicted.
    loss : of logits and targets.
    device : cpu, cuda, cuda:1, mps.
    threads : that make batches ahead of time.
    network : with weights already, such as an encoder's; built by the card if None.
    loaded : names of the parameters that an encoder gave.
    processes : that share each batch.

    Attributes
    ----------
    progress : where the run stands.
    broken : pictures that could not be read, by number, and why; those of the validation part come last.
    judging : whether pictures are being judged, during which nothing changes that a run goes on from.
    learner : gives all outputs of the network, with gradients that are means over all processes.

    Raises
    ------
    InputError : a loss or a gradient that is not finite; the pictures of its batch are named.
    UsageError : windows too small and too few for batch normalization.
    EnvironmentFailure : the device's memory is too small.
    """

    def __init__(
        self,
        settings: TrainSettings,
        card: ModelCard,
        batches: Batches,
        validation: Examples,
        loss: Loss,
        *,
        device: str = "cpu",
        threads: int = 2,
        network: nn.Module | None = None,
        loaded: Sequence[str] = (),
        processes: Processes = Processes(),
    ) -> None:
        self.settings, self.card, self.batches, self.validation = settings, card, batches, validation
        self.device, self.threads = device, threads
        # Channels last is what cards and processors convolve fastest in.
        network = card.build(seed=settings.seed) if network is None else network
        self.network = network.to(device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.loss = loss.to(device)
        if settings.freeze_norm:
            _freeze_norms(self.network)
        self.steps = settings.epochs * (settings.steps_per_epoch or 1)
        self.schedule = Schedule(
            settings.schedule, self.steps, settings.warmup, settings.decay, settings.steps_per_epoch or 1
        )
        self.rate = settings.rate or 1e-3
        self.optimizer = make_optimizer(self.network, settings, self.rate, loaded)
        self.average = [tensor.detach().clone() for tensor in self._floats()] if settings.ema else []
        self.progress = Progress()
        self._half = _half(settings.amp, device)
        self._scaler = torch.amp.GradScaler(enabled=self._half is torch.float16)
        self.processes = processes
        self.learner = processes.wrapped(_Outputs(self.network), device)
        self.broken: Mapping[int, str] = {}
        self.judging = False

    def with_rate(self, rate: float) -> Trainer:
        """Set the greatest rate of a run that has not begun."""
        self.rate = rate
        self.settings = replace(self.settings, rate=rate)
        settings = {**self.card.training["settings"], "rate": rate}
        self.card = replace(self.card, training={**self.card.training, "settings": settings})
        return self

    def run(self) -> Iterator[Step | Epoch]:
        """Train from where the run stands to its end."""
        start = time.perf_counter() - self.progress.seconds
        per_epoch = self.settings.steps_per_epoch or 1
        if self.progress.losses and self.progress.step % per_epoch == 0:
            # It was stopped between an epoch's last step and its judgement.
            yield self._judge(self.progress.step // per_epoch - 1)
        if self._is_over():
            return
        remaining = range(self.progress.step, self.steps)
        began = time.perf_counter()
        for step, batch in zip(remaining, self.batches.between(remaining, self.threads), strict=True):
            value = self._learn(step, batch)
            self.progress.step = step + 1
            self.progress.losses.append(value)
            self.progress.seconds = time.perf_counter() - start
            speed = len(batch.names) * self.batches.world / max(time.perf_counter() - began, 1e-9)
            yield Step(step + 1, self.steps, step // per_epoch, value, self._rate(step), speed)
            if (step + 1) % per_epoch == 0 or self._out_of_time():
                event = self._judge(step // per_epoch)
                self.progress.seconds = time.perf_counter() - start
                yield event
                if self._is_over():
                    return
            began = time.perf_counter()

    def _is_over(self) -> bool:
        """Whether a run that was judged just now has had its time, or learns no more."""
        history = self.progress.history
        if not history or history[-1]["step"] != self.progress.step:
            return False
        return self._out_of_time() or 0 < self.settings.patience <= self.progress.since_best

    def _out_of_time(self) -> bool:
        """Whether the run has had its time; process 0 looks at the clock."""
        most = self.settings.max_seconds
        return most is not None and bool(self.processes.share(self.progress.seconds >= most))

    def _rate(self, step: int) -> float:
        return self.rate * self.schedule.share(step) * DROP**self.progress.drops

    def _learn(self, step: int, batch: Batch) -> float:
        """One step: gradient, and every `accumulate` steps an update."""
        # Dropout draws from torch's generator; its state follows from the step.
        torch.manual_seed((self.settings.seed * 1_000_003 + step * 1009 + self.batches.rank) % 2**63)
        self.network.train()
        if self.settings.freeze_norm:
            _freeze_norms(self.network)
        set_rate(self.optimizer, self._rate(step))
        self.loss.start_epoch(step // (self.settings.steps_per_epoch or 1))
        try:
            value = self._backward(batch.to(self.device))
        except (RuntimeError, ValueError, MemoryError) as failure:
            reason = explained(failure, batch.images, self.settings.accumulate)
            if reason is None:
                raise
            raise reason from failure
        if not math.isfinite(value):
            raise not_finite(f"the loss is {value}", step + 1, batch.names)
        if (step + 1) % self.settings.accumulate == 0 and not self._update():
            raise not_finite("the gradient is not finite", step + 1, batch.names)
        return value

    def _backward(self, batch: Batch) -> float:
        half = nullcontext() if self._half is None else torch.autocast(self.device.split(":")[0], self._half)
        with half:
            outputs = self.learner(batch.images)
            loss = deep_supervision(
                self.loss, outputs, batch.targets, weight_map=batch.weights, distance_map=batch.distances
            )
        self._scaler.scale(loss / self.settings.accumulate).backward()
        return float(loss.detach())

    def _update(self) -> bool:
        """Move the weights, unless the gradient is not finite; what half precision overflows is scaled anew."""
        if self.settings.clip:
            self._scaler.unscale_(self.optimizer)
        gradients = [parameter.grad for parameter in self.network.parameters() if parameter.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        if not self._scaler.is_enabled() and not bool(norm.isfinite()):
            return False
        if self.settings.clip:
            nn.utils.clip_grads_with_norm_(self.network.parameters(), self.settings.clip, norm)
        self._scaler.step(self.optimizer)
        self._scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        if self.average:
            # Fewer past steps than the decay asks for would leave the start values in the mean.
            done = self.progress.step // self.settings.accumulate
            decay = min(self.settings.ema, (1 + done) / (10 + done))
            torch._foreach_lerp_(self.average, self._floats(), 1 - decay)
        return True

    def check_weights(self) -> None:
        """Refuse to judge or keep weights that are not finite.

        Raises
        ------
        InputError : the first of them is named.
        """
        reason = spoiled(self.network.state_dict(), self.progress.step)
        if reason is not None:
            raise reason

    def _floats(self) -> list[Tensor]:
        """The weights and statistics that the moving average is of."""
        return [tensor.detach() for tensor in self.network.state_dict().values() if tensor.is_floating_point()]

    def judged(self) -> nn.Module:
        """The network whose scores count: that of the moving average, if there is one."""
        if not self.average:
            return self.network
        network = self.card.build().to(self.device)
        means = iter(self.average)
        state = self.network.state_dict()
        network.load_state_dict({k: next(means) if v.is_floating_point() else v for k, v in state.items()})
        return network

    def _judge(self, epoch: int) -> Epoch:
        """Score the validation part and note the epoch in the history."""
        began = time.perf_counter()
        self.check_weights()
        per_epoch = self.settings.steps_per_epoch or 1
        mean_loss = float(np.mean(self.progress.losses[-per_epoch:]))
        scores: dict[str, float] = {}
        if len(self.validation) and self.processes.rank == 0:
            self.judging = True
            scores = validate(self.judged(), self.card, self.validation, self.device, self.settings.corruption)
        self.judging = False
        scores, mean_loss = self.processes.share((scores, mean_loss))
        by_loss = self.settings.best_by == "loss" or not scores
        scores["loss"] = mean_loss
        value = -mean_loss if by_loss else scores[self.settings.best_by]
        best = value > self.progress.best
        self.progress.best = max(value, self.progress.best)
        self.progress.since_best = 0 if best else self.progress.since_best + 1
        stuck = self.progress.since_best > 0 and self.progress.since_best % PLATEAU == 0
        if self.settings.schedule == "plateau" and stuck:
            self.progress.drops += 1
        rate = self._rate(self.progress.step - 1)
        seconds = self.progress.seconds + time.perf_counter() - began
        event = Epoch(epoch, self.settings.epochs, mean_loss, scores, rate, seconds, best)
        self.progress.losses.clear()
        self.progress.history.append({**asdict(event), "step": self.progress.step})
        return event

    def state(self) -> dict[str, Tensor]:
        """What a run that goes on needs besides the weights: the optimizer's memory and the moving average."""
        found = {f"optimizer/{name}": value for name, value in optimizer_arrays(self.network, self.optimizer).items()}
        found |= {f"average/{number:05d}": value for number, value in enumerate(self.average)}
        # Gradients that were summed up but not yet used.
        if self.progress.step % self.settings.accumulate:
            for name, parameter in self.network.named_parameters():
                if parameter.grad is not None:
                    found[f"gradient/{name}"] = parameter.grad
        if self._scaler.is_enabled():
            found["scaler"] = torch.tensor([self._scaler.get_scale(), self._scaler.state_dict()["_growth_tracker"]])
        return found

    def restore(self, progress: Progress, state: dict[str, Tensor]) -> None:
        """Go on where another run stood; the weights have been loaded already.

        Raises
        ------
        KeyError, ValueError, RuntimeError : the state is of another network or of other settings.
        """
        self.progress = replace(progress)
        parts: dict[str, dict[str, Tensor]] = {"optimizer": {}, "average": {}, "gradient": {}}
        for key, value in state.items():
            kind, _, name = key.partition("/")
            if kind in parts:
                parts[kind][name] = value
        load_optimizer(self.network, self.optimizer, parts["optimizer"])
        kept = [parts["average"][name] for name in sorted(parts["average"])]
        for mean, value in zip(self.average, kept, strict=True):
            mean.copy_(value)
        for name, parameter in self.network.named_parameters():
            if name in parts["gradient"]:
                parameter.grad = torch.empty_like(parameter).copy_(parts["gradient"][name])
        if "scaler" in state and self._scaler.is_enabled():
            scale, growth = state["scaler"].tolist()
            self._scaler.load_state_dict({**self._scaler.state_dict(), "scale": scale, "_growth_tracker": int(growth)})


class _Outputs(nn.Module):
    """All outputs of a network that are learned from."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return learned_outputs(self.network, images)


def _half(amp: str, device: str) -> torch.dtype | None:
    """The short numbers to compute with, if any."""
    if amp == "off" or (amp == "auto" and not device.startswith("cuda")):
        return None
    if amp == "float16":
        return torch.float16
    fits = not device.startswith("cuda") or torch.cuda.is_bf16_supported()
    return torch.bfloat16 if fits or amp == "bfloat16" else torch.float16


def _freeze_norms(network: nn.Module) -> None:
    """Keep statistics, scales and shifts of batch normalization as they are."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
            module.requires_grad_(False)
