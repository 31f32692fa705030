"""Job functions for tests of the batch engine; they live here because worker processes must import them."""

from __future__ import annotations

import os
import signal
import time

from segcli.job import Job


def path_of(job: Job) -> str:
    """Answer with the job's path."""
    return job.item.path


def die_on_bad(job: Job) -> str:
    """Kill the worker outright when the path says so."""
    if "bad" in job.item.path:
        os.kill(os.getpid(), signal.SIGKILL)
    return job.item.path


def slow_first(job: Job) -> str:
    """The earlier the job, the longer it takes."""
    time.sleep(0.2 if job.item.path == "0" else 0.0)
    return job.item.path


def died(job: Job) -> str:
    """What stands in for the result of a job that killed its worker."""
    return f"died: {job.item.path}"
