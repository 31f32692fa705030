"""A network in an ONNX file that behaves as those of torch do; onnxruntime computes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segcli.errors import InputError, SettingError
from segcli.learning.onnx_card import OnnxModel
from segcli.networks.shapes import mirrored

LEAST = 1e-7
"""Scores below it count as that much, so that they have logarithms."""
FATAL = 4
"""What onnxruntime is to print itself; errors come as exceptions anyway."""


class OnnxNetwork(nn.Module):
    """Logits (N, classes, H, W) of pictures (N, C, H, W) of any size and on any device.

    Pictures are extended by their mirror image to the sides that the network takes, and what it gives is cut to the
    picture; logits of a smaller size are enlarged. Scores become logits of which softmax or sigmoid make them again.

    Parameters
    ----------
    model : from `segcli.learning.onnx_card.open_onnx`.
    device : cpu, cuda or cuda:1; elsewhere than on the CPU onnxruntime needs a package of its own.

    Raises
    ------
    InputError : onnxruntime cannot make a network of the file.
    SettingError : it cannot compute on the device.
    """

    def __init__(self, model: OnnxModel, device: str = "cpu") -> None:
        super().__init__()
        import onnxruntime

        self.model = model
        self._type = np.dtype(model.file.inputs[0].type)
        self._quiet = onnxruntime.RunOptions()
        self._quiet.log_severity_level = FATAL
        options = onnxruntime.SessionOptions()
        options.log_severity_level = FATAL
        options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
        # Threads that wait in a loop would take the time of those that read pictures.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        provider = provider_of(device)
        try:
            self._session = onnxruntime.InferenceSession(model.file.data, options, providers=[provider])
        except Exception as failure:
            # onnxruntime has a dozen errors of its own, without a common ancestor below Exception.
            raise InputError(f"cannot be made a network: {_reason(failure)}") from failure

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W); of a network of valid convolutions smaller by its margin.

        Raises
        ------
        InputError : the picture cannot go through the network.
        MemoryError : it needs more memory than there is.
        """
        height, width = image.shape[-2:]
        whole = self._extended(image)
        found = torch.from_numpy(self._run(whole.float().cpu().numpy())).to(image.device).float()
        if self.model.scores:
            found = found.clamp(LEAST, 1 - LEAST)
            found = torch.logit(found) if found.shape[1] == 1 else found.log()
        if self.model.margin:
            return found
        if found.shape[-2:] != whole.shape[-2:]:
            found = F.interpolate(found, size=whole.shape[-2:], mode="bilinear", align_corners=False)
        return found[..., :height, :width]

    def _extended(self, image: Tensor) -> Tensor:
        """A picture at the sides that the network takes."""
        if self.model.sides == (None, None) and self.model.fit == 1:
            return image
        sides = list(zip(image.shape[-2:], self.model.sides, strict=True))
        if any(fixed and length > fixed for length, fixed in sides):
            raise InputError(f"cannot go through the network, which takes {self.model.sides} pixels at once.")
        down, right = (fixed - length if fixed else -length % self.model.fit for length, fixed in sides)
        return mirrored(image, 0, right, 0, down)

    def _run(self, images: Any) -> Any:
        """What comes out, (N, classes, h, w)."""
        step = self.model.batch or len(images)
        if len(images) % step:
            raise InputError(f"cannot go through the network: it takes {step} pictures at once; export it for any.")
        port = self.model.file.inputs[0].name
        names = [self.model.file.outputs[0].name]
        parts = []
        for first in range(0, len(images), step):
            feed = {port: np.ascontiguousarray(images[first : first + step], self._type)}
            try:
                (found,) = self._session.run(names, feed, self._quiet)
            except Exception as failure:
                reason = _reason(failure)
                if "allocate" in reason.lower() or "bad_alloc" in reason:
                    raise MemoryError(reason) from failure
                raise InputError(f"cannot go through the network: {reason}") from failure
            parts.append(found)
        made = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if made.ndim != 4 or made.shape[:2] != (len(images), self.model.card.classes):
            wanted = f"({len(images)}, {self.model.card.classes}, height, width)"
            raise InputError(f"cannot be predicted: the network gives {made.shape}; expected is {wanted}.")
        if np.isnan(made).any():
            raise InputError("cannot be predicted: the network gives numbers that are not numbers (NaN).")
        return made


def computes_on(device: str) -> bool:
    """Whether onnxruntime can compute on a device."""
    try:
        provider_of(device)
    except SettingError:
        return False
    return True


def provider_of(device: str) -> Any:
    """What onnxruntime calls a device.

    Raises
    ------
    SettingError : it cannot compute there.
    """
    import onnxruntime

    if device == "cpu":
        return "CPUExecutionProvider"
    if device.startswith("cuda") and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return "CUDAExecutionProvider", {"device_id": int(device.partition(":")[2] or 0)}
    wanted = "pip install onnxruntime-gpu, or take cpu or auto" if device.startswith("cuda") else "take cpu or auto"
    raise SettingError("device", f"is {device}; this onnxruntime cannot compute there: {wanted}.")


def _reason(failure: Exception) -> str:
    """What onnxruntime complains of, on a line."""
    text = " ".join(str(failure).split())
    return "".join(letter for letter in text.rpartition("Status Message: ")[2] if letter.isprintable())[:200]
