"""A run's curves for TensorBoard, where that is installed."""

from __future__ import annotations

from importlib.util import find_spec

from segcli.learning.train import Epoch


def write_board(folder: str, event: Epoch, step: int) -> bool:
    """Add an epoch's loss, rate and scores to the event files of a folder; return whether TensorBoard is installed.

    Parameters
    ----------
    folder : of the event files.
    step : steps done, the axis of the curves.
    """
    if find_spec("tensorboard") is None:
        return False
    from torch.utils.tensorboard import SummaryWriter

    # One file an epoch, complete when it is closed: a run that is killed loses nothing that was written.
    with SummaryWriter(folder, purge_step=step + 1, filename_suffix=f".epoch-{event.epoch + 1:04d}") as writer:
        writer.add_scalar("loss/train", event.loss, step)
        writer.add_scalar("rate", event.rate, step)
        for name, value in event.scores.items():
            if name != "loss":
                writer.add_scalar(f"validation/{name}", value, step)
    return True
