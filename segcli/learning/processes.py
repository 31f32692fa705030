"""Several processes that train one network, as torchrun starts them: each takes its share of every batch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import nn


@dataclass(frozen=True)
class Processes:
    """How many processes there are, and which one this is. Number 0 judges and writes."""

    rank: int = 0
    world: int = 1

    def share(self, value: Any) -> Any:
        """What process 0 says, in all of them."""
        if self.world == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def wrapped(self, network: nn.Module, device: str) -> nn.Module:
        """The network with gradients that are means over all processes, as are its statistics on graphics cards."""
        if self.world == 1:
            return network
        if device.startswith("cuda"):
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
            return nn.parallel.DistributedDataParallel(network, device_ids=[torch.device(device).index])
        return nn.parallel.DistributedDataParallel(network)


@contextmanager
def joined(device: str) -> Iterator[tuple[Processes, str]]:
    """Join the processes that torchrun started, if it did; yields them and this process's device.

    References
    ----------
    S. Li et al., "PyTorch distributed: experiences on accelerating data parallel training", VLDB, 2020.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Processes(), device
        return
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size()), device
    finally:
        dist.destroy_process_group()
