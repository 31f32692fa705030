"""The table of scores. To add one: write its function in a module of `segcli/scores`, put its row here.

Reading the table loads none of the functions; a row loads its own when it is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from segcli.errors import UsageError

Task = Literal["semantic", "boundary", "instance", "regions", "saliency"]
"""What is scored: classes of pixels, outlines, objects, partitions, maps of what draws the eye."""

Inputs = Literal[
    "confusion", "classes", "masks", "objects", "comparisons", "panoptic", "regions", "annotators", "map", "fixations",
    "shuffled",
]  # fmt: skip
"""What a score is called with.

confusion : the sum of the confusion matrices of all pictures.
classes, masks, objects, regions : a prediction and its truth, (H, W): numbers of classes; not 0 on the foreground;
    one number an object, 0 for background; one number a region.
comparisons, panoptic : a list of what `comparison` or `panoptic_matches` gave for each picture.
annotators : a prediction and a list of truths.
map, fixations : a saliency map, and the mask or map that is true, or not 0 where someone looked.
shuffled : as fixations, and then those of other pictures.
"""


@dataclass(frozen=True)
class Score:
    """One score of the literature; call it with its inputs to get a number.

    Attributes
    ----------
    name : what users call it.
    task : what is scored.
    inputs : what it is called with.
    better : whether the higher or the lower of two values is the better one.
    place : module below segcli.scores, function, and the field of the answer that counts if it has several.
    summary : one line.
    paper : where it was first used so: authors, title, venue, year.
    """

    name: str
    task: Task
    inputs: Inputs
    better: Literal["higher", "lower"]
    place: str
    summary: str
    paper: str

    def __call__(self, *inputs: Any) -> float:
        """Return the score of one pair or of a data set, as `inputs` says; NaN where there is nothing to score."""
        module, function, *fields = self.place.split(".")
        answer = getattr(import_module(f"segcli.scores.{module}"), function)(*inputs)
        return float(getattr(answer, fields[0]) if fields else answer)


_VOC = "Everingham, Van Gool, Williams, Winn, Zisserman: The PASCAL visual object classes (VOC) challenge, IJCV 2010"
_FCN = "Long, Shelhamer, Darrell: Fully convolutional networks for semantic segmentation, CVPR 2015"
_DICE = "Dice: Measures of the amount of ecologic association between species, Ecology 1945"
_RETRIEVAL = "van Rijsbergen: Information retrieval, Butterworths 1979"
_CSURKA = "Csurka, Larlus, Perronnin: What is a good evaluation measure for semantic segmentation?, BMVC 2013"
_HAUSDORFF = "Huttenlocher, Klanderman, Rucklidge: Comparing images using the Hausdorff distance, PAMI 1993"
_HEIMANN = "Heimann et al.: Comparison and evaluation of methods for liver segmentation from CT datasets, TMI 2009"
_CRACKS = "Shi, Cui, Qi, Meng, Chen: Automatic road crack detection using random structured forests, ITS 2016"
_BOWL = "Caicedo et al.: Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl, Nat. Methods 2019"
_PANOPTIC = "Kirillov, He, Girshick, Rother, Dollar: Panoptic segmentation, CVPR 2019"
_COCO = "Lin et al.: Microsoft COCO: common objects in context, ECCV 2014"
_ARBELAEZ = "Arbelaez, Maire, Fowlkes, Malik: Contour detection and hierarchical image segmentation, PAMI 2011"
_RAND = "Unnikrishnan, Pantofaru, Hebert: Toward objective evaluation of image segmentation algorithms, PAMI 2007"
_MEILA = "Meila: Comparing clusterings: an axiomatic view, ICML 2005"
_ISBI = "Arganda-Carreras et al.: Crowdsourcing the creation of image segmentation algorithms, Front. Neuroanat. 2015"
_JAIN = "Jain et al.: Boundary learning by optimization with topological constraints, CVPR 2010"
_SUPERPIXELS = "Neubert, Protzel: Superpixel benchmark and comparison, Forum Bildverarbeitung 2012"
_ACHANTA = "Achanta, Hemami, Estrada, Susstrunk: Frequency-tuned salient region detection, CVPR 2009"
_PERAZZI = "Perazzi, Krahenbuhl, Pritch, Hornung: Saliency filters, CVPR 2012"
_BYLINSKII = "Bylinskii et al.: What do different evaluation metrics tell us about saliency models?, PAMI 2019"
_PETERS = "Peters, Iyer, Itti, Koch: Components of bottom-up gaze allocation in natural images, Vision Research 2005"
_JUDD = "Judd, Ehinger, Durand, Torralba: Learning to predict where humans look, ICCV 2009"
_BORJI = "Borji, Sihite, Itti: Quantitative analysis of human-model agreement in visual saliency modeling, TIP 2013"
_ZHANG = "Zhang, Tong, Marks, Shan, Cottrell: SUN: a Bayesian framework for saliency, Journal of Vision 2008"

# fmt: off
SCORES: tuple[Score, ...] = (
    Score("pixel_accuracy", "semantic", "confusion", "higher", "semantic.pixel_accuracy",
          "share of the pixels that are right", _FCN),
    Score("mean_accuracy", "semantic", "confusion", "higher", "semantic.mean_accuracy",
          "share of the pixels that are right, mean over true classes", _FCN),
    Score("mean_iou", "semantic", "confusion", "higher", "semantic.mean_iou",
          "intersection over union, mean over classes", _VOC),
    Score("frequency_weighted_iou", "semantic", "confusion", "higher", "semantic.frequency_weighted_iou",
          "intersection over union, classes weighted by true pixels", _FCN),
    Score("mean_dice", "semantic", "confusion", "higher", "semantic.mean_dice",
          "Dice coefficient (F1), mean over classes", _DICE),
    Score("mean_precision", "semantic", "confusion", "higher", "semantic.mean_precision",
          "share of the predicted pixels that are right, mean over classes", _RETRIEVAL),
    Score("mean_recall", "semantic", "confusion", "higher", "semantic.mean_recall",
          "share of the true pixels that are found, mean over classes", _RETRIEVAL),
    Score("dice", "semantic", "masks", "higher", "semantic.dice", "Dice coefficient of a mask", _DICE),
    Score("iou", "semantic", "masks", "higher", "semantic.iou", "intersection over union of a mask", _VOC),
    Score("boundary_f1", "boundary", "classes", "higher", "boundary.mean_boundary_f1",
          "outlines within .75 % of the diagonal, mean over true classes", _CSURKA),
    Score("hausdorff", "boundary", "masks", "lower", "boundary.hausdorff",
          "greatest distance of two outlines in pixels", _HAUSDORFF),
    Score("hausdorff95", "boundary", "masks", "lower", "boundary.hausdorff95",
          "95th percentile of the distances of two outlines in pixels", _HAUSDORFF),
    Score("average_surface_distance", "boundary", "masks", "lower", "boundary.average_surface_distance",
          "mean distance of two outlines in pixels", _HEIMANN),
    Score("line_f1", "boundary", "masks", "higher", "lines.line_scores.f1", "F1 of thin lines", _CRACKS),
    Score("f1", "instance", "objects", "higher", "instance.f1", "F1 of objects found at an IoU above .5", _BOWL),
    Score("average_precision", "instance", "objects", "higher", "instance.average_precision",
          "TP / (TP + FP + FN) of objects, mean over IoU .50 to .95", _BOWL),
    Score("panoptic_quality", "instance", "objects", "higher", "instance.panoptic_quality.quality",
          "segmentation quality times F1 of objects of one class", _PANOPTIC),
    Score("segmentation_quality", "instance", "objects", "higher", "instance.panoptic_quality.segmentation",
          "mean IoU of the objects that are found", _PANOPTIC),
    Score("mean_panoptic_quality", "instance", "panoptic", "higher", "panoptic.mean_panoptic_quality.quality",
          "panoptic quality, mean over things and stuff", _PANOPTIC),
    Score("coco_ap", "instance", "comparisons", "higher", "coco.coco_scores.ap",
          "precision over recall, mean over classes and IoU .50 to .95", _COCO),
    Score("coco_ap50", "instance", "comparisons", "higher", "coco.coco_scores.ap50",
          "precision over recall at an IoU of .50, mean over classes", _COCO),
    Score("coco_ap75", "instance", "comparisons", "higher", "coco.coco_scores.ap75",
          "precision over recall at an IoU of .75, mean over classes", _COCO),
    Score("coco_ar", "instance", "comparisons", "higher", "coco.coco_scores.ar",
          "recall, mean over classes and IoU .50 to .95", _COCO),
    Score("covering", "regions", "regions", "higher", "segments.covering",
          "best IoU that any region has with a true one, mean over pixels", _ARBELAEZ),
    Score("rand_index", "regions", "regions", "higher", "segments.rand_index",
          "share of pairs of pixels put together or apart as in truth", _RAND),
    Score("probabilistic_rand_index", "regions", "annotators", "higher", "segments.probabilistic_rand_index",
          "Rand index, mean over annotators", _RAND),
    Score("variation_of_information", "regions", "regions", "lower", "segments.variation_of_information",
          "bits that each partition lacks about the other", _MEILA),
    Score("adapted_rand_error", "regions", "regions", "lower", "segments.adapted_rand_error",
          "1 - F-score of pairs of pixels put together, borders apart", _ISBI),
    Score("foreground_rand_score", "regions", "regions", "higher", "segments.foreground_rand_score",
          "V-Rand of the ISBI 2012 challenge", _ISBI),
    Score("foreground_information_score", "regions", "regions", "higher", "segments.foreground_information_score",
          "V-Info of the ISBI 2012 challenge", _ISBI),
    Score("warping_error", "regions", "masks", "lower", "warping.warping_error",
          "share of pixels that differ after bending without tearing", _JAIN),
    Score("boundary_recall", "regions", "regions", "higher", "segments.boundary_recall",
          "share of true borders within 2 pixels of a predicted one", _SUPERPIXELS),
    Score("undersegmentation_error", "regions", "regions", "lower", "segments.undersegmentation_error",
          "share of pixels that spill over true borders", _SUPERPIXELS),
    Score("best_f_measure", "saliency", "map", "higher", "saliency.best_f_measure",
          "F-measure (beta squared .3) at the best threshold", _ACHANTA),
    Score("mean_absolute_error", "saliency", "map", "lower", "saliency.mean_absolute_error",
          "mean difference from the mask", _PERAZZI),
    Score("similarity", "saliency", "map", "higher", "saliency.similarity",
          "SIM: what two maps have in common as histograms", _BYLINSKII),
    Score("correlation", "saliency", "map", "higher", "saliency.correlation",
          "CC: Pearson's correlation of two maps", _BYLINSKII),
    Score("kl_divergence", "saliency", "map", "lower", "saliency.kl_divergence",
          "KL: nats that a map lacks about the true one", _BYLINSKII),
    Score("normalized_scanpath_saliency", "saliency", "fixations", "higher", "fixations.normalized_scanpath_saliency",
          "NSS: the map where people looked, in standard deviations", _PETERS),
    Score("auc_judd", "saliency", "fixations", "higher", "fixations.auc_judd",
          "ROC area of fixations against all other pixels", _JUDD),
    Score("auc_borji", "saliency", "fixations", "higher", "fixations.auc_borji",
          "ROC area of fixations against random pixels", _BORJI),
    Score("auc_shuffled", "saliency", "shuffled", "higher", "fixations.auc_shuffled",
          "ROC area of fixations against those of other pictures", _ZHANG),
)
# fmt: on
"""Every score, by what is scored."""


def find_score(name: str) -> Score:
    """Return the row of a name (`mean_iou` or `mean-iou`), or raise UsageError with the nearest one."""
    rows = {row.name: row for row in SCORES}
    key = name.lower().replace("-", "_")
    if key not in rows:
        from difflib import get_close_matches

        close = get_close_matches(key, rows, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(rows)}."
        raise UsageError(f"there is no score {name!r}; {hint}")
    return rows[key]
