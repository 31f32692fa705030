"""A picture and settings on which each method shows what it does, for those who name none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segcli.errors import UsageError

FOLDER = Path(__file__).parents[2] / "sample_images"
STROKES = {"scribbles": "astronaut_scribbles.png"}


@dataclass(frozen=True)
class Specimen:
    """A sample picture with what is said to a method, each as a command line would have it.

    words : NAME=VALUE for knobs and shared options. hints : names of files beside the picture, boxes, methods.
    """

    picture: str
    words: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where the picture is.

        Raises
        ------
        UsageError : the sample pictures were not installed along.
        """
        return sample(self.picture)

    def values(self) -> dict[str, Any]:
        """The words and hints by the names of their options; flags are True, sample files have their folder."""
        found: dict[str, Any] = {}
        for word in self.words.split():
            name, _, value = word.partition("=")
            found[name] = value != "false" if value in ("true", "false") else value
        for name, value in self.hints.items():
            place = value.removeprefix("@")
            known = value.startswith("@") or os.path.splitext(value)[1] in (".png", ".jpg")
            found[name] = "@" * value.startswith("@") + sample(place) if known else value
        return found


SPECIMENS: dict[str, Specimen] = {
    "threshold": Specimen("camera.jpg", "at=80,150"),
    "otsu": Specimen("coins.jpg"),
    "hysteresis": Specimen("camera.jpg", "low=40 high=90 foreground=dark"),
    "local_mean": Specimen("page.png", "window=41"),
    "niblack": Specimen("page.png", "window=41 k=0.8"),
    "sauvola": Specimen("page.png", "window=41"),
    "sobel": Specimen("camera.jpg"),
    "laplacian": Specimen("camera.jpg", "blur=2 threshold=8"),
    "log": Specimen("camera.jpg", "sigma=3"),
    "dog": Specimen("camera.jpg", "sigma=3"),
    "canny": Specimen("camera.jpg"),
    "ridges": Specimen("retina.jpg", "channel=g contrast_window=51 low=0.35 high=0.8 min_size=150"),
    "regions_from_edges": Specimen("coins.jpg", "fill_holes=true min_size=200"),
    "watershed": Specimen("touching_discs.png"),
    "region_growing": Specimen("coffee.jpg", "tolerance=40 blur=1", {"point": "300,130"}),
    "split_and_merge": Specimen("coffee.jpg", "tolerance=40"),
    "felzenszwalb": Specimen("coffee.jpg", "min_region=200"),
    "mean_shift": Specimen("coffee.jpg"),
    "hierarchical": Specimen("coffee.jpg", "regions=8"),
    "selective_search": Specimen("astronaut.jpg", "regions=12"),
    "slic": Specimen("astronaut.jpg"),
    "watershed_superpixels": Specimen("astronaut.jpg"),
    "kmeans": Specimen("coffee.jpg", "classes=3 space=lab"),
    "gaussian_mixture": Specimen("coffee.jpg", "classes=4 space=lab"),
    "graphcut": Specimen("astronaut.jpg", hints=STROKES),
    "grabcut": Specimen("astronaut.jpg", hints={"box": "@boxes.json"}),
    "random_walker": Specimen("astronaut.jpg", hints=STROKES),
    "normalized_cut": Specimen("coffee.jpg", "regions=6"),
    "minimum_cut": Specimen("coffee.jpg"),
    "mrf": Specimen("camera.jpg", "classes=3 weight=3"),
    "crf": Specimen("coffee.jpg", hints={"labels": "kmeans classes=3 blur=8"}),
    "pixel_classifier": Specimen("touching_discs.png"),
    "superpixel_crf": Specimen("astronaut.jpg"),
    "chan_vese": Specimen("cell.png"),
    "geodesic_active_contour": Specimen("cell.png", "contrast=4"),
    "snake": Specimen("cell.png", "radius=20 contrast=4", {"point": "427,375"}),
    "distance_regularized": Specimen("coffee.jpg", "largest=true", {"box": "@boxes.json"}),
    "spectral_residual": Specimen("cat.jpg"),
    "itti": Specimen("coffee.jpg"),
    "gbvs": Specimen("coffee.jpg"),
    "bms": Specimen("coffee.jpg"),
}
"""By the name of the method; where the README's gallery has settings, the same."""

NETWORK = Specimen("touching_discs.png")


def sample(name: str) -> str:
    """Where a sample picture is.

    Raises
    ------
    UsageError : the sample pictures were not installed along.
    """
    path = FOLDER / name
    if not path.exists():
        raise UsageError(f"the sample picture {name!r} is not part of this installation; name an IMAGE of your own.")
    return str(path)
