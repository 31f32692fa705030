"""Networks of the papers on CamVid, all with the same budget of steps, from scratch; their scores beside the papers'.

    python tests/benchmarks/camvid.py DATA [--steps 40000] [--networks unet,segnet] [--device cuda] [--out runs/camvid]

DATA holds train, val and test with the 11 classes of SegNet's split and 11 for void. Every run is kept below --out and
goes on where it was stopped. The table is printed as Markdown when all are done. `--width`, `--crop`, `--pictures` and
small budgets serve to try the script; scores of such runs compare with nobody's.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from itertools import islice

from segcli.files.datasets import DataSet, find_dataset
from segcli.files.fitted import read_fitted
from segcli.learning.device import choose_device
from segcli.learning.folder import BEST, LAST, RunFolder, go_on, load_last
from segcli.learning.model import from_fitted
from segcli.learning.run import Cached, Part, prepare
from segcli.learning.settings import TrainSettings
from segcli.learning.train import Epoch
from segcli.learning.validate import validate

CLASSES = ["sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist"]
PUBLISHED = {
    "segnet": "46.4 early, 55.6 in ENet's table",
    "fc_densenet56": "58.9",
    "fc_densenet103": "66.9",
    "unet": "",
    "deeplab_v3_resnet50": "",
    "dilation8_camvid": "65.3 from ImageNet",
}
SETTINGS = TrainSettings(
    "unet",
    loss="ce",
    optimizer="adamw",
    rate=5e-4,
    schedule="poly",
    clip=5.0,
    batch=4,
    crop=352,
    augment="standard",
    scaling="dataset",
    channels=3,
    target="classes",
)
"""One recipe for all: the table compares networks, not recipes."""

JUDGED_EVERY = 1000
"""Steps between two looks at the validation part."""


def main() -> None:
    """Train and score what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--networks", default=",".join(PUBLISHED))
    parser.add_argument("--steps", type=int, default=40_000)
    parser.add_argument("--out", default="runs/camvid")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--crop", type=int, default=SETTINGS.crop)
    parser.add_argument("--batch", type=int, default=SETTINGS.batch)
    parser.add_argument("--pictures", type=int, help="of each part at most")
    parser.add_argument("--amp", default="auto")
    asked = parser.parse_args()
    data = find_dataset(asked.data, classes=CLASSES, kind="classes", ignore=len(CLASSES))
    device = choose_device(asked.device)
    rows = []
    for name in asked.networks.split(","):
        epochs = max(1, asked.steps // JUDGED_EVERY)
        settings = replace(
            SETTINGS,
            model=name,
            width=asked.width,
            crop=asked.crop,
            batch=asked.batch,
            amp=asked.amp,
            epochs=epochs,
            steps_per_epoch=min(asked.steps, JUDGED_EVERY),
        )
        scores, parameters = run(data, settings, os.path.join(asked.out, name), device, asked.pictures)
        rows.append(
            f"| `{name}` | {parameters / 1e6:.2f} | {100 * scores['miou']:.1f} | {100 * scores['accuracy']:.1f} "
            f"| {PUBLISHED.get(name, '')} |"
        )
    print(
        f"\n{asked.steps} steps of {asked.batch} windows of {asked.crop} pixels, width {asked.width:g}, from scratch\n"
    )
    print(
        "| network | parameters in millions | test mIoU | pixel accuracy | mIoU of the papers |\n|---|---|---|---|---|"
    )
    print("\n".join(rows))


def part(data: DataSet, name: str, pictures: int | None) -> Part:
    """A part of the data, or its first pictures."""
    return Part(data, tuple(islice(data.splits[name], pictures)))


def run(
    data: DataSet, settings: TrainSettings, out: str, device: str, pictures: int | None
) -> tuple[dict[str, float], int]:
    """Train a network, or go on with it; return the test scores of its best weights and its number of parameters."""
    training, validation, test = (part(data, name, pictures) for name in ("train", "val", "test"))
    trainer = prepare(training, validation, data.names, settings, device=device)
    folder = RunFolder(out, {"data": data.folder, "fingerprint": data.fingerprint, "classes": list(data.names)})
    if os.path.exists(folder.place(LAST)):
        go_on(trainer, load_last(out)[0])
    for event in trainer.run():
        if isinstance(event, Epoch):
            folder.save(trainer, best=event.best)
            folder.show(trainer, event)
            print(
                f"{settings.model}  step {trainer.progress.step:,} of {trainer.steps:,}  loss {event.loss:.3f}  "
                f"val mIoU {event.scores['miou']:.4f}  {event.seconds:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    folder.finish(trainer)
    card, network = from_fitted(read_fitted(folder.place(BEST)))
    scores = validate(network.to(device), card, Cached(test, card.channels, "classes"), device)
    return scores, sum(parameter.numel() for parameter in network.parameters())


if __name__ == "__main__":
    main()
