"""Settings that belong together: experiments of the lectures, and what each network's paper trained it with.

Nothing here imports torch. What a recipe sets holds unless the command line says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from segcli.errors import UsageError
from segcli.networks.registry import find_architecture

PAPER = "paper"
"""The recipe that is a different one for every network."""


@dataclass(frozen=True)
class Recipe:
    """Settings with a name.

    Attributes
    ----------
    settings : attributes of `segcli.learning.settings.TrainSettings`, `model` among them.
    summary : one line, with its source.
    otherwise : what the source did that these settings leave out, or do another way.
    """

    settings: Mapping[str, Any]
    summary: str
    otherwise: str = ""

    def changed(self, settings: Mapping[str, Any]) -> Recipe:
        """The same with other settings beside it."""
        return Recipe({**self.settings, **settings}, self.summary, self.otherwise)


_TOTAL = {"steps_per_epoch": 1000}
_PLAIN = {"augment": "none", "loss": "ce", "weight_decay": 0.0, "schedule": "constant"}
_PICTURENET = "it begins with ImageNet weights (--encoder-weights)"

RECIPES: Mapping[str, Recipe] = {
    "carvana": Recipe(
        {
            **_PLAIN,
            "model": "carvana",
            "target": "classes",
            "size": 128,
            "batch": 32,
            "optimizer": "adam",
            "rate": 1e-4,
            "loss": "bce",
            "scaling": "unit",
            "steps_per_epoch": 50,
            "epochs": 10,
        },
        "Cars at 128 x 128, without skip connections: Pattanayak, Pro Deep Learning with TensorFlow, 2017.",
    ),
    "nerve-fcn": Recipe(
        {
            **_PLAIN,
            "model": "fcn8s",
            "options": {"depth": 19, "dropout": 0.2},
            "target": "classes",
            "channels": 3,
            "size": 224,
            "batch": 32,
            "optimizer": "adam",
            "rate": 1e-6,
            "epochs": 200,
        },
        "Nerves in ultrasound by FCN-8s on VGG19 at 224 x 224: C. T. Hsieh's lecture on the Kaggle contest.",
        f"{_PICTURENET}; without them 1e-6 is far too slow, say --rate 1e-4",
    ),
    "nerve-unet": Recipe(
        {
            **_PLAIN,
            "model": "unet_valid",
            "options": {"depth": 2, "root": 8, "dropout": 0.4},
            "target": "classes",
            "crop": 420,
            "batch": 16,
            "optimizer": "adam",
            "rate": 1e-4,
            "epochs": 400,
        },
        "Nerves in ultrasound by a U-Net of three levels, 8 channels at first: C. T. Hsieh's lecture.",
        "its pictures of 580 x 420 went in whole, here in windows of 420; it did not converge there",
    ),
    "membranes": Recipe(
        {
            "model": "unet_valid",
            "target": "classes",
            "crop": 572,
            "batch": 1,
            "optimizer": "sgd",
            "momentum": 0.99,
            "weight_decay": 0.0,
            "schedule": "constant",
            "loss": "ce",
            "weight_map": True,
            "augment": "unet",
            "rate": 1e-3,
            "epochs": 60,
            "steps_per_epoch": 100,
        },
        "Membranes from windows of 572 pixels whose middle 388 count: Ronneberger, Fischer, Brox, U-Net, 2015.",
        "the paper does not give its rate and number of steps",
    ),
    "denoising-autoencoder": Recipe(
        {
            "model": "conv_autoencoder",
            "corruption": "gaussian=0.1",
            "crop": 128,
            "batch": 16,
            "optimizer": "adam",
            "rate": 1e-3,
            "weight_decay": 0.0,
            "loss": "mse",
            "scaling": "unit",
            "augment": "light",
            "epochs": 20,
        },
        "Clean pictures from noisy ones: Vincent et al., Stacked denoising autoencoders, 2010.",
    ),
    "sliding-window": Recipe(
        {
            "model": "patch_classifier",
            "target": "classes",
            "sampling": "balanced",
            "batch": 128,
            "optimizer": "sgd",
            "momentum": 0.9,
            "rate": 1e-2,
            "weight_decay": 0.0,
            "loss": "ce",
            "augment": "turns",
            "steps_per_epoch": 200,
            "epochs": 30,
        },
        "The class of a window's middle pixel, windows of all classes equally often: Ciresan et al., NIPS 2012.",
        "the paper averages networks of several window sizes, and gives no rate",
    ),
}

_FCN = Recipe(
    {
        "optimizer": "sgd",
        "momentum": 0.99,
        "rate": 2.5e-5,
        "weight_decay": 5e-4,
        "batch": 1,
        "crop": 512,
        "loss": "ce",
        "augment": "none",
        "schedule": "constant",
        "scaling": "imagenet",
        "channels": 3,
        "epochs": 100,
        **_TOTAL,
    },
    "Long, Shelhamer, Darrell 2015, the authors' release: 100,000 pictures, one at a time.",
    f"{_PICTURENET}; its rate of 1e-10 is for a sum over 500 x 500 pixels, 2.5e-5 for their mean; biases learned "
    "twice as fast; FCN-16s went on from FCN-32s, and 8s from 16s",
)
_DEEPLAB = Recipe(
    {
        "optimizer": "sgd",
        "momentum": 0.9,
        "rate": 1e-3,
        "weight_decay": 5e-4,
        "head_rate": 10.0,
        "batch": 10,
        "crop": 320,
        "loss": "ce",
        "augment": "light",
        "schedule": "poly",
        "scaling": "imagenet",
        "channels": 3,
        "epochs": 20,
        **_TOTAL,
    },
    "Chen et al., DeepLab 2015 to 2018: 20,000 steps, the rate falling as a power.",
    f"{_PICTURENET}; the labels were made smaller by 8, here the logits larger",
)
_DEEPLAB_3 = _DEEPLAB.changed(
    {
        "rate": 0.007,
        "weight_decay": 1e-4,
        "head_rate": 1.0,
        "batch": 16,
        "crop": 512,
        "epochs": 30,
        "augment": "standard",
    }
)
_SUNET = Recipe(
    {
        "optimizer": "sgd",
        "momentum": 0.95,
        "rate": 2e-4,
        "weight_decay": 1e-4,
        "head_rate": 10.0,
        "batch": 22,
        "crop": 512,
        "loss": "ce",
        "augment": "standard",
        "schedule": "cosine",
        "epochs": 90,
    },
    "Shah et al., Stacked U-Nets 2018, for VOC.",
    _PICTURENET,
)
_DENSE = Recipe(
    {
        "optimizer": "rmsprop",
        "rate": 1e-3,
        "decay": 0.995,
        "schedule": "exponential",
        "weight_decay": 1e-4,
        "batch": 3,
        "crop": 224,
        "loss": "ce",
        "augment": "flip",
        "epochs": 750,
        "patience": 150,
    },
    "Jegou et al., The one hundred layers tiramisu 2017, its first part.",
    "it goes on with whole pictures at 1e-4 afterwards",
)
_DILATED = Recipe(
    {
        "optimizer": "sgd",
        "momentum": 0.9,
        "rate": 1e-3,
        "weight_decay": 5e-4,
        "batch": 14,
        "loss": "ce",
        "augment": "none",
        "schedule": "step",
        "scaling": "imagenet",
        "channels": 3,
        "epochs": 140,
        **_TOTAL,
    },
    "Yu, Koltun 2016, its front end on VOC.",
    f"{_PICTURENET}; the context was learned after the front end, here with it",
)
_REFINENET = Recipe(
    {
        "optimizer": "sgd",
        "momentum": 0.9,
        "rate": 5e-4,
        "weight_decay": 5e-4,
        "batch": 1,
        "loss": "ce",
        "augment": "standard",
        "schedule": "step",
        "scaling": "imagenet",
        "channels": 3,
        "freeze_norm": True,
    },
    "Lin et al., RefineNet 2017.",
    f"{_PICTURENET}; the paper drops the rate by hand",
)
_SEGNET = Recipe(
    {
        "optimizer": "sgd",
        "momentum": 0.9,
        "rate": 0.1,
        "weight_decay": 5e-4,
        "batch": 12,
        "loss": "ce",
        "class_weights": "median-frequency",
        "augment": "none",
        "schedule": "constant",
        "epochs": 40,
        **_TOTAL,
    },
    "Badrinarayanan, Kendall, Cipolla 2017, the study of decoders.",
    f"{_PICTURENET}; pictures were normalized locally",
)

PAPERS: Mapping[str, Recipe] = {
    "carvana": RECIPES["carvana"],
    "unet_valid": RECIPES["membranes"],
    "conv_autoencoder": RECIPES["denoising-autoencoder"],
    "patch_classifier": RECIPES["sliding-window"],
    "fcn32s": _FCN,
    "fcn16s": _FCN,
    "fcn8s": _FCN,
    "fcn_alexnet": _FCN.changed({"rate": 1e-4, "momentum": 0.9, "accumulate": 20}),
    "unet_plus_plus": Recipe(
        {"optimizer": "adam", "rate": 3e-4, "weight_decay": 1e-4, "loss": "0.5*ce+dice", "patience": 20},
        "Zhou et al., UNet++ 2018.",
    ),
    "sunet": _SUNET,
    "cunet": Recipe(
        {"optimizer": "rmsprop", "rate": 2.5e-4, "batch": 24, "crop": 256, "loss": "ce", "epochs": 200},
        "Tang et al., CU-Net 2018, for landmarks.",
        "the paper's loss is the squared error of maps of landmarks",
    ),
    "segnet": _SEGNET,
    "segnet_basic": _SEGNET,
    "deconvnet": Recipe(
        {
            "optimizer": "sgd",
            "momentum": 0.9,
            "rate": 0.01,
            "weight_decay": 5e-4,
            "batch": 64,
            "crop": 224,
            "loss": "ce",
            "augment": "flip",
            "schedule": "step",
            "epochs": 20,
            **_TOTAL,
        },
        "Noh, Hong, Han 2015, its first stage.",
        f"{_PICTURENET}; it learned from windows around single objects first, then from proposals",
    ),
    "fc_densenet": _DENSE,
    "dilat": _DILATED,
    "deeplab_v1": _DEEPLAB,
    "deeplab_v2": _DEEPLAB.changed({"rate": 2.5e-4, "freeze_norm": True}),
    "deeplab_v3": _DEEPLAB_3,
    "deeplabv3": _DEEPLAB_3,
    "refinenet": _REFINENET,
}
"""By the beginning of a network's name; the longest that fits counts."""


def find_recipe(name: str, model: str | None) -> Recipe:
    """Return the recipe of a name; its settings name the network.

    Parameters
    ----------
    name : a key of `RECIPES`, or paper.
    model : the network that was asked for, if any.

    Raises
    ------
    UsageError : there is no such recipe, or paper has none for the network.
    """
    if name == PAPER:
        row = find_architecture(model or "unet_valid")
        known = [key for key in PAPERS if row.name.startswith(key)]
        if not known:
            raise UsageError(
                f"there is no recipe of the paper for {row.name}, whose layers are known but not how it was trained "
                "for segmentation; leave --recipe out."
            )
        return PAPERS[max(known, key=len)].changed({"model": row.name})
    if name not in RECIPES:
        close = get_close_matches(name, [*RECIPES, PAPER], n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join((*RECIPES, PAPER))}."
        raise UsageError(f"there is no recipe {name!r}; {hint}")
    found = RECIPES[name]
    return found if model is None else found.changed({"model": model})
