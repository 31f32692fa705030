"""python -m segcli, and the segcli command."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    # Nothing of what is imported is ever garbage; looking for it costs a tenth of a small run.
    gc.disable()
    # Threads that a threshold never uses would cost a third of its start-up.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
    try:
        from segcli.cli.app import run

        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:  # before the command line has its own answer to Ctrl-C
        sys.exit(130)


if __name__ == "__main__":
    main()
