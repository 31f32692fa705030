"""The one door to OpenCV: `from segcli.opencv import cv2`, inside the function that needs it."""

from __future__ import annotations

import os

from segcli.errors import EnvironmentFailure

# segcli has limits of its own, checked before OpenCV sees a byte; OpenCV reads these when it is loaded.
for name in ("PIXELS", "WIDTH", "HEIGHT"):
    os.environ.setdefault(f"OPENCV_IO_MAX_IMAGE_{name}", str(1 << 40))

try:
    import cv2
except ImportError as failure:
    raise EnvironmentFailure(
        f"OpenCV cannot be loaded ({failure}). On a bare Linux machine either install its libraries "
        "(apt-get install libgl1 libglib2.0-0) or replace opencv-python by opencv-python-headless."
    ) from failure

__all__ = ["cv2"]
