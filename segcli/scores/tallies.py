"""What is counted of each picture, and scores of any set of pictures from the sums of their counts.

A tally turns a picture into a row of numbers that add up. Every score is a function of sums, so that a data set, one
picture, a draw of pictures with replacement and two sets of predictions with some swapped are scored by one piece of
code, many of them at once.
"""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from segcli.arrays import Array
from segcli.scores import boundary, instance, saliency, segments
from segcli.scores.semantic import confusion, dice, iou
from segcli.segmentation import VOID

Needs = Literal["classes", "objects", "map", "regions"]
Numbers = NDArray[np.float64]

LOWER = {
    *("hausdorff95", "average_surface_distance", "mean_absolute_error", "variation_of_information"),
    *("adapted_rand_error", "undersegmentation_error", "pixel_error", "warping_error"),
}
"""Scores of which less is better."""


class Tally(Protocol):
    """Counts of one task.

    Attributes
    ----------
    task : its name.
    needs : what `count` takes of the prediction and of the truth.
    main : the score by which pictures are ranked.
    """

    task: str
    needs: Needs
    main: str

    def count(self, prediction: Array, truth: Array) -> Numbers:
        """Return (counts,) float64 of one picture."""

    def scores(self, sums: Numbers) -> dict[str, Numbers]:
        """Return scores (...) by name from sums (..., counts); NaN where there is nothing to score."""


class SemanticTally:
    """Pixels by classes.

    Predicted and true pixels of each class and those that are right; of two classes, the overlap of each picture too.
    `confusion` is the matrix of all pictures that were counted since it was last taken. A predicted pixel without a
    class (VOID) is wrong, not left out; a true one is left out.
    """

    task = "semantic"
    needs: Needs = "classes"
    main = "mean_iou"

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def matrix(self, prediction: Array, truth: Array) -> NDArray[np.int64]:
        """Pixels by true class (rows) and predicted class (columns); the last ones are pixels without a class."""
        count, known = len(self.names), truth != VOID
        # Void is taken out here, by the truth alone: with 255 classes its number is that of no class, too.
        labels = prediction[known].astype(np.int16)
        labels[labels == VOID] = count
        return np.asarray(confusion(labels, truth[known], count + 1, ignore=None))

    def count(self, prediction: Array, truth: Array) -> Numbers:
        """Right, true and predicted pixels of each class, then Dice and IoU of the object, and 1."""
        matrix, count = self.matrix(prediction, truth), len(self.names)
        rows = (np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0))
        counts = np.concatenate([row[:count] for row in rows]).astype(np.float64)
        if count != 2:
            return counts
        known = truth != VOID
        pair = prediction[known] == 1, truth[known] == 1
        return np.append(counts, (dice(*pair), iou(*pair), 1.0))

    def scores(self, sums: Numbers) -> dict[str, Numbers]:
        """Scores of all pixels together, of each class, and means of the pictures' own overlap."""
        count = len(self.names)
        right, true, predicted = (sums[..., place * count : (place + 1) * count] for place in range(3))
        occurs = true + predicted > 0
        classes = {
            "iou": divide(right, true + predicted - right),
            "dice": divide(2 * right, true + predicted),
            "precision": np.where(occurs, np.nan_to_num(divide(right, predicted)), np.nan),
            "recall": np.where(occurs, np.nan_to_num(divide(right, true)), np.nan),
        }
        share = divide(true, true.sum(axis=-1, keepdims=True))
        found = {
            "mean_iou": mean(classes["iou"]),
            "mean_dice": mean(classes["dice"]),
            "pixel_accuracy": divide(right.sum(axis=-1), true.sum(axis=-1)),
            "mean_accuracy": mean(divide(right, true)),
            "mean_precision": mean(classes["precision"]),
            "mean_recall": mean(classes["recall"]),
            "frequency_weighted_iou": (share * np.nan_to_num(classes["iou"])).sum(axis=-1),
        }
        if count == 2:
            found |= {name: values[..., 1] for name, values in classes.items()}
            found["picture_dice"] = divide(sums[..., 6], sums[..., 8])
            found["picture_iou"] = divide(sums[..., 7], sums[..., 8])
        for name, values in classes.items():
            found |= {f"{name}.{self.names[label]}": values[..., label] for label in range(count)}
        return found


class InstanceTally:
    """Objects that were found, invented and missed at ten IoU thresholds."""

    task = "instance"
    needs: Needs = "objects"
    main = "average_precision"
    thresholds = instance.COCO_THRESHOLDS

    def count(self, prediction: Array, truth: Array) -> Numbers:
        """Found objects at each threshold; predicted, true; sum of IoU; AP and F1 of the picture, and 1."""
        known = instance.overlaps(prediction, truth)
        found = [instance.matches_at(known, threshold) for threshold in self.thresholds]
        precision = float(np.mean([one.accuracy for one in found]))
        hits = [one.true_positives for one in found]
        return np.array([*hits, known.predicted, known.true, found[0].iou_sum, precision, found[0].f1, 1], np.float64)

    def scores(self, sums: Numbers) -> dict[str, Numbers]:
        """Scores of all objects together, and means over the pictures (average_precision, picture_f1)."""
        hits, predicted, true, ious, precision, f1, pictures = (
            sums[..., :10], *np.moveaxis(sums[..., 10:16], -1, 0)
        )  # fmt: skip
        first = hits[..., 0]
        curves = self.curves(sums)
        return {
            "f1": curves["F1"][..., 0],
            "average_precision": divide(precision, pictures),
            "picture_f1": divide(f1, pictures),
            "precision": whole(first, predicted),
            "recall": whole(first, true),
            "panoptic_quality": whole(2 * ious, predicted + true),
            "segmentation_quality": np.where(first > 0, divide(ious, first), curves["F1"][..., 0]),
            "pooled_average_precision": curves["TP / (TP + FP + FN)"].mean(axis=-1),
        }

    def curves(self, sums: Numbers) -> dict[str, Numbers]:
        """F1 and TP / (TP + FP + FN) of all objects together at each threshold, (..., 10)."""
        hits, both = sums[..., :10], (sums[..., 10] + sums[..., 11])[..., None]
        return {"F1": whole(2 * hits, both), "TP / (TP + FP + FN)": whole(hits, both - hits)}


class BoundaryTally:
    """Distances of outlines; of each picture first, then their mean over the pictures that have the class.

    A class that is missing on one side alone is as far away as the picture is long.
    """

    task = "boundary"
    needs: Needs = "classes"
    main = "boundary_f1"

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.measured = range(1 if len(names) == 2 else 0, len(names))

    def count(self, prediction: Array, truth: Array) -> Numbers:
        """For each score its sum and how many pictures have it: BF of the picture, of classes, HD95, ASD."""
        count, known = len(self.names), truth != VOID
        labels = np.where(prediction == VOID, prediction.dtype.type(count), prediction)
        each = boundary.boundary_f1(labels, truth, count + 1, ignore=VOID)[:count]
        far, near = [], []
        for label in self.measured:
            pair = (labels == label) & known, (truth == label) & known
            if pair[0].any() or pair[1].any():
                far.append(boundary.hausdorff95(*pair, missing="diagonal"))
                near.append(boundary.average_surface_distance(*pair, missing="diagonal"))
        values = np.array([mean(each), mean(np.array(far)), mean(np.array(near)), *each])
        return np.concatenate([np.nan_to_num(values), ~np.isnan(values)])

    def scores(self, sums: Numbers) -> dict[str, Numbers]:
        """Means over the pictures."""
        half = sums.shape[-1] // 2
        values = divide(sums[..., :half], sums[..., half:])
        names = (
            "boundary_f1",
            "hausdorff95",
            "average_surface_distance",
            *(f"boundary_f1.{one}" for one in self.names),
        )
        return {name: values[..., place] for place, name in enumerate(names)}


class SaliencyTally:
    """Maps against masks: mean precision and recall at 256 thresholds, and what is a mean of pictures."""

    task = "saliency"
    needs: Needs = "map"
    main = "best_f_measure"

    def count(self, prediction: Array, truth: Array) -> Numbers:
        """Precision and recall at each threshold, best F, 1 where there is an object; MAE, CC, 1."""
        known = truth != VOID
        pair = prediction[known][None], (truth[known] > 0)[None]
        precision, recall = saliency.precision_recall(*pair)
        there = float(pair[1].any())
        best = saliency.f_measure(precision, recall).max() if there else 0.0
        parts = (precision * there, np.nan_to_num(recall), best, there)
        likeness = saliency.correlation(*pair) if pair[0].size else np.nan
        error = saliency.mean_absolute_error(*pair) if pair[0].size else 0.0
        rest = (error, float(pair[0].size > 0), np.nan_to_num(likeness), float(not np.isnan(likeness)))
        return np.concatenate([np.atleast_1d(part) for part in (*parts, rest)]).astype(np.float64)

    def scores(self, sums: Numbers) -> dict[str, Numbers]:
        """Greatest F of the mean curves, and means over the pictures."""
        best, there, error, pictures, likeness, alike = np.moveaxis(sums[..., 512:518], -1, 0)
        f_measure = self.curves(sums)["F"]
        return {
            "max_f_measure": np.where(there > 0, np.nan_to_num(f_measure).max(axis=-1), np.nan),
            "best_f_measure": divide(best, there),
            "mean_absolute_error": divide(error, pictures),
            "correlation": divide(likeness, alike),
        }

    def curves(self, sums: Numbers) -> dict[str, Numbers]:
        """Mean precision, mean recall and their F-measure at each of 256 thresholds, (..., 256)."""
        precision, recall = (divide(part, sums[..., 513:514]) for part in (sums[..., :256], sums[..., 256:512]))
        return {"precision": precision, "recall": recall, "F": saliency.f_measure(precision, recall)}


class PartitionTally:
    """Regions against regions, whatever their numbers; all are means over the pictures.

    masks : the regions are the cells of masks, 0 on the borders between them: pixel and warping error are scored too.
    """

    task = "partition"
    needs: Needs = "regions"
    main = "covering"
    functions = {  # noqa: RUF012
        "covering": segments.covering,
        "rand_index": segments.rand_index,
        "variation_of_information": segments.variation_of_information,
        "adapted_rand_error": segments.adapted_rand_error,
        "foreground_rand_score": segments.foreground_rand_score,
        "foreground_information_score": segments.foreground_information_score,
        "boundary_recall": segments.boundary_recall,
        "undersegmentation_error": segments.undersegmentation_error,
    }

    def __init__(self, masks: bool = False) -> None:
        self.masks = masks

    def count(self, prediction: Array, truth: Array) -> Numbers:
        """Each score of the picture, and 1."""
        values = [function(prediction, truth) for function in self.functions.values()]
        if self.masks:
            from segcli.scores.warping import warping_error

            values += [float(((prediction != 0) != (truth != 0)).mean()), warping_error(prediction, truth)]
        return np.array([*values, 1.0])

    def scores(self, sums: Numbers) -> dict[str, Numbers]:
        """Means over the pictures."""
        names = (*self.functions, *(("pixel_error", "warping_error") if self.masks else ()))
        return {name: divide(sums[..., place], sums[..., -1]) for place, name in enumerate(names)}


def divide(part: Array, by: Array) -> Numbers:
    """Part by whole; NaN where the whole is 0."""
    part, by = np.asarray(part, np.float64), np.asarray(by, np.float64)
    ratio: Numbers = np.divide(part, by, out=np.full(np.broadcast(part, by).shape, np.nan), where=by != 0)
    return ratio


def whole(part: Array, by: Array) -> Numbers:
    """Part by whole; 1 where there is nothing at all to find or to miss."""
    ratio = divide(part, by)
    return np.where(np.isnan(ratio), 1.0, ratio)


def mean(values: Array) -> Numbers:
    """Mean over the last axis of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    return divide(np.where(known, values, 0).sum(axis=-1), known.sum(axis=-1))


def score_names(tally: Tally) -> list[str]:
    """Names of the scores of a tally, in order."""
    nothing = np.zeros((1, 1), np.float32 if tally.needs == "map" else np.uint8)
    return list(tally.scores(tally.count(nothing, np.zeros((1, 1), np.uint8))))
