"""What can be learned from examples: one module a learner, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from segcli.arrays import Fitted
from segcli.fitting.pixel_classifier import fit_pixel_classifier
from segcli.fitting.superpixel_crf import fit_superpixel_crf

LEARNERS: Mapping[str, Callable[..., Fitted]] = {
    "pixel-classifier": fit_pixel_classifier,
    "superpixel-crf": fit_superpixel_crf,
}
"""The learner of each method that learns from examples, by its command."""
