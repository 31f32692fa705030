"""Speed and memory of training and of prediction with networks, against bare torch loops over tensors in memory.

Run by hand: pytest tests/benchmarks/test_train.py -s
Rounds of both take turns, so that what else the machine does strikes both.
"""

import os
import statistics
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from segcli.cli import app
from segcli.files.datasets import find_dataset
from segcli.files.fitted import write_fitted
from segcli.files.write import encode_array
from segcli.learning.model import as_fitted
from segcli.learning.optimizer import make_optimizer
from segcli.learning.run import parts_of, prepare
from segcli.learning.settings import TrainSettings
from segcli.learning.train import Step

SIDE, PICTURES = 256, 500
BATCH, STEPS, ROUNDS = 8, 4, 5
CORES = int(os.environ.get("BENCHMARK_THREADS", "2"))
"""Threads that torch computes with. Two on two cores need a machine where nothing else runs: they wait in turns."""

GOAL = 0.9
MOST_ABOVE = 2.0
"""GB that a picture of 64 megapixels may take above what a tiny one takes."""

SETTINGS = {"loss": "ce+dice", "crop": SIDE, "batch": BATCH, "rate": 1e-3, "augment": "standard", "epochs": 1}


@pytest.fixture(autouse=True)
def two_cores():
    before = torch.get_num_threads()
    torch.set_num_threads(CORES)
    yield
    torch.set_num_threads(before)


def drawn(folder, count, side=SIDE):
    """Pictures of a disc with noise, and their masks."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    rows, columns = np.ogrid[:side, :side]
    for number in range(count):
        random = np.random.default_rng(number)
        row, column = random.integers(60, side - 60, 2)
        mask = (rows - row) ** 2 + (columns - column) ** 2 < 2000
        image = np.clip(60 + 90 * mask + random.normal(0, 10, mask.shape), 0, 255).astype(np.uint8)
        (folder / "images" / f"{number:03d}.png").write_bytes(encode_array(image, ".png", {}))
        (folder / "masks" / f"{number:03d}.png").write_bytes(encode_array(mask.astype(np.uint8) * 255, ".png", {}))
    return folder


def trainer_of(folder, width, **changes):
    data = find_dataset(str(folder), val_share=0.0)
    settings = TrainSettings("unet", width=width, **{**SETTINGS, **changes})
    return prepare(*parts_of(data), data.names, settings)


def bare_steps(trainer, steps):
    """What a plain loop does: the same network, optimizer, loss and batches, all in memory; seconds."""
    network = trainer.card.build().to(memory_format=torch.channels_last).train()
    optimizer = make_optimizer(network, trainer.settings, 1e-3)
    batches = [trainer.batches.at(step) for step in range(2)]
    images = [batch.images.to(memory_format=torch.channels_last) for batch in batches]
    targets = [batch.targets for batch in batches]

    def step(number):
        optimizer.zero_grad(set_to_none=True)
        loss = trainer.loss(network(images[number % 2]), targets[number % 2])
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    step(0)
    while True:
        start = time.perf_counter()
        for number in range(steps):
            step(number)
        yield time.perf_counter() - start


def own_steps(trainer, steps):
    """The same through the trainer, from files, with augmentation; seconds."""
    events = (event for event in trainer.run() if isinstance(event, Step))
    next(events)
    while True:
        start = time.perf_counter()
        for _ in range(steps):
            next(events)
        yield time.perf_counter() - start


def by_turns(bare, own, count, what):
    """Take turns, report, and return how fast our way is against the bare one."""
    rounds = []
    for _ in range(ROUNDS):
        for way in (bare, own):
            busy = time.process_time()
            rounds.append((next(way), time.process_time() - busy))
    pairs = list(zip(rounds[::2], rounds[1::2], strict=True))
    (bare_wall, own_wall), (bare_busy, own_busy) = (
        [statistics.median(pair[way][kind] for pair in pairs) for way in range(2)] for kind in range(2)
    )
    print(f"\n{what}, {torch.get_num_threads()} threads, {ROUNDS} interleaved rounds, medians")
    print(
        f"  bare torch loop  {count / bare_wall:8.2f} pictures/s  {1000 * bare_busy / count:8.2f} ms of processor each"
    )
    print(f"  segcli           {count / own_wall:8.2f} pictures/s  {1000 * own_busy / count:8.2f} ms of processor each")
    listed = ", ".join(f"{first[0] / second[0]:.3f}" for first, second in pairs)
    ratio, of_processor = bare_wall / own_wall, bare_busy / own_busy
    print(f"  ratio            {ratio:8.3f} of time   {of_processor:8.3f} of processor   ({listed})")
    return ratio


@pytest.mark.parametrize("width", [1 / 8, 1 / 4])
def test_training_is_at_least_0_9_times_as_fast_as_a_bare_loop(tmp_path, width):
    trainer = trainer_of(drawn(tmp_path, 40), width, steps_per_epoch=STEPS * ROUNDS + 2)
    ratio = by_turns(
        bare_steps(trainer, STEPS), own_steps(trainer, STEPS), STEPS * BATCH, f"training unet, width {width}, {SIDE} px"
    )
    assert ratio >= GOAL


def model_of(folder, data, width):
    """A network that learned nothing, which is as fast as one that did."""
    trainer = trainer_of(data, width)
    path = folder / "model.safetensors"
    write_fitted(path, as_fitted(trainer.card, trainer.network))
    return path, trainer


@pytest.mark.parametrize("width", [1 / 16])
def test_predicting_is_at_least_0_9_times_as_fast_as_the_bare_network(tmp_path, width, capsys):
    data = drawn(tmp_path / "data", PICTURES)
    path, trainer = model_of(tmp_path, data, width)
    examples = [trainer.batches.load(number).image for number in range(PICTURES)]
    images = [
        torch.from_numpy(trainer.card.scaling(image))[None].to(memory_format=torch.channels_last) for image in examples
    ]
    network = trainer.card.build().to(memory_format=torch.channels_last).eval()

    def bare():
        while True:
            start = time.perf_counter()
            with torch.inference_mode():
                for image in images:
                    network(image)
            yield time.perf_counter() - start

    def own():
        for number in range(ROUNDS):
            out = tmp_path / f"out{number}"
            start = time.perf_counter()
            code = app.run(["predict", str(data / "images"), "--model", str(path), "-o", f"{out}/", "--quiet"])
            yield time.perf_counter() - start
            assert code == 0
            assert len(list(out.iterdir())) == PICTURES

    with capsys.disabled():
        ratio = by_turns(bare(), own(), PICTURES, f"predicting {PICTURES} pictures, unet width {width}, {SIDE} px")
    assert ratio >= GOAL


def peak(arguments):
    """Peak memory of a command in GB, and its seconds."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[-1]) * 1024 / 1e9, time.perf_counter() - start


PEAK = """
import resource, sys
from segcli.cli import app
code = app.run(sys.argv[1:])
assert code == 0, code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("width", [1 / 4])
def test_a_picture_of_64_megapixels_takes_less_than_2_gb_above_the_model(tmp_path, width):
    path, _ = model_of(tmp_path, drawn(tmp_path / "data", 4), width)
    noise = np.random.default_rng(0).integers(0, 255, (1024, 1024), np.uint8)
    for name, picture in (("large", np.tile(noise, (8, 8))), ("tiny", noise[:64, :64])):
        (tmp_path / f"{name}.tif").write_bytes(encode_array(picture, ".tif", {}))
    figures = {
        name: peak(["predict", tmp_path / f"{name}.tif", "--model", path, "-o", tmp_path / f"{name}.png"])
        for name in ("tiny", "large")
    }
    print(f"\npeak memory of segcli predict, unet width {width}")
    for name, (memory, seconds) in figures.items():
        print(f"  {name:6s} {memory:6.2f} GB  {seconds:6.1f} s")
    above = figures["large"][0] - figures["tiny"][0]
    print(f"  64 megapixels above the model: {above:.2f} GB")
    assert above < MOST_ABOVE


def test_help_of_predict_comes_without_torch():
    code = "import sys; from segcli.cli import app; app.run(['predict', '--help']); print('torch' in sys.modules)"
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    milliseconds, loaded = 1000 * (time.perf_counter() - start), done.stdout.split()[-1]
    print(f"\nsegcli predict --help: {milliseconds:.0f} ms, torch loaded: {loaded}")
    assert loaded == "False"
