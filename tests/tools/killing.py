"""Kill training runs and go on with them: python -m tools.killing DATA FOLDER HOW COUNT.

HOW is `times`, COUNT moments spread over the time that a run takes, or `writes`, COUNT of the operations on files that
a run which is kept after each step does, each before it is done or, when it writes, with half of it written. One
process loads everything once and forks; nothing is computed in it. Prints a JSON line a kill.
"""

import importlib
import json
import os
import signal
import sys
import time

TRAIN = ("--width", "0.0625", "--option", "depth=1", "--crop", "16", "--batch", "2", "--steps-per-epoch", "4")
TRAIN += ("--epochs", "3", "--rate", "0.01", "--no-check", "--ema", "0.9", "--quiet")
OPERATIONS = ("open", "write", "fsync", "replace", "unlink")


def main(data, folder, how, count):
    for name in ("torch", "torch._dynamo", "segcli.cli.app", "segcli.cli.verbs.train", "segcli.learning.run"):
        importlib.import_module(name)
    for name in ("segcli.learning.showing", "segcli.figures.curves", "segcli.figures.samples", "matplotlib.pyplot"):
        importlib.import_module(name)
    kept = os.path.join(folder, "whole")
    began = time.perf_counter()
    points = 1 + finished(data, kept, [])
    seconds = time.perf_counter() - began
    whole = contents(kept)
    assert set(whole) == {"best.safetensors", "last.safetensors"}
    for number in range(count):
        run = os.path.join(folder, f"run{number}")
        share = (number + 0.5) / count
        kill = int(share * points) if how == "writes" else share * seconds
        status = child(data, run, [], kill, how)
        said = {"kill": kill, "killed": os.WIFSIGNALED(status), "left": sorted(os.listdir(run)) if made(run) else []}
        said["readable"] = sorted(contents(run))
        resume = ["--resume"] if "last.safetensors" in said["left"] else []
        finished(data, run, resume)
        said["same"] = contents(run) == whole
        said["litter"] = sorted(name for name in os.listdir(run) if name.startswith("."))
        print(json.dumps(said), flush=True)


def made(run):
    return os.path.isdir(run)


def contents(run):
    """Weights and optimizer state of the two files of a run, as bytes; a damaged one raises."""
    from segcli.files.fitted import decode_fitted

    found = {}
    for name in ("best.safetensors", "last.safetensors"):
        path = os.path.join(run, name)
        if os.path.exists(path):
            with open(path, "rb") as stream:
                arrays = decode_fitted(stream.read()).arrays
            found[name] = {key: values.tobytes() for key, values in arrays.items() if key != "training/progress"}
    return found


def finished(data, run, more):
    """Let a run come to its end; the number of operations on files that it did."""
    status = child(data, run, more, None, "writes", os.path.join(os.path.dirname(run), "count"))
    if status:
        sys.exit(f"the run {run} {more} ended with {status}")
    with open(os.path.join(os.path.dirname(run), "count")) as stream:
        return int(stream.read())


def child(data, run, more, kill, how, count=None):
    """Train in a fork that is killed at a moment, or at an operation on a file; its wait status."""
    number = os.fork()
    if number:
        return os.waitpid(number, 0)[1]
    code = 99
    try:
        from segcli.cli import app, training

        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        training.SAVED_EVERY = -1.0
        done = watched(kill if how == "writes" else None)
        if how == "times" and kill is not None:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, max(kill, 1e-4))
        code = app.run(["train", data, "-o", run, *TRAIN, *more])
        if count is not None:
            with open(count, "w") as stream:
                stream.write(str(done[0]))
    finally:
        os._exit(code)


def watched(kill):
    """Count the operations on files, and kill this process at one of them."""
    done = [0]

    def counted(name, real):
        def operation(*arguments, **more):
            done[0] += 1
            if kill is not None and done[0] > kill:
                if name == "write":
                    real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)

        return operation

    for name in OPERATIONS:
        setattr(os, name, counted(name, getattr(os, name)))
    return done


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]))
