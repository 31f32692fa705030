"""A loss as the trainer calls it: precision, weights, side outputs, refusals, and that it leads to the truth."""

import doctest
import importlib
import inspect
import math

import numpy as np
import pytest
import torch
from tools.losses import CORRECTING, LABEL_LOSSES, batch, distances, value

from segcli.errors import InputError, SettingError, UsageError
from segcli.learning.loss_expression import ROWS
from segcli.learning.losses import LOSSES, deep_supervision, loss_from_expression
from segcli.scores.semantic import confusion, mean_iou
from segcli.segmentation import VOID


def four_pictures(classes):
    """Labels of discs on a ground, with a void rim and, in the last picture, without one of the classes."""
    rows, columns = np.mgrid[:12, :12]
    labels = np.zeros((4, 12, 12), np.uint8)
    for picture in range(4):
        labels[picture][(rows - 4 - picture) ** 2 + (columns - 4) ** 2 < 9] = 1
        if picture < 3:
            labels[picture][rows + columns > 17] = max(classes, 2) - 1
    labels[:, 0] = VOID
    return torch.from_numpy(labels)


def decided(logits):
    """The labels that logits stand for."""
    return (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(1)


@pytest.mark.parametrize("name", CORRECTING)
@pytest.mark.parametrize("classes", [1, 3])
def test_logits_that_follow_the_slope_become_the_truth(name, classes):
    truth = four_pictures(classes)
    distance_map = distances(truth, classes)
    logits = torch.zeros(4, classes, 12, 12, requires_grad=True)
    loss = loss_from_expression(name, classes=classes)
    optimizer = torch.optim.Adam([logits], lr=0.2)
    for step in range(100):
        loss.start_epoch(step // 10)
        optimizer.zero_grad()
        loss(logits, truth, distance_map=distance_map if loss.needs_distance_map else None).backward()
        optimizer.step()
    assert mean_iou(confusion(decided(logits).numpy(), truth.numpy())) > 0.95


def test_values_that_follow_the_slope_become_the_truth():
    truth = torch.rand(2, 5, 6, generator=torch.Generator().manual_seed(0))
    outputs = torch.zeros(2, 1, 5, 6, requires_grad=True)
    loss = loss_from_expression("mse", classes=1)
    for _ in range(10):
        (slope,) = torch.autograd.grad(loss(outputs, truth), outputs)
        outputs = (outputs - 30 * slope).detach().requires_grad_()
    torch.testing.assert_close(outputs[:, 0], truth)


def test_the_mean_squared_error_is_that_of_values():
    outputs = torch.tensor([[[[1.0, 2.0, 255.0]]]])
    assert float(value("mse", outputs, torch.tensor([[[1.0, 4.0, 250.0]]]))) == pytest.approx(29 / 3)
    assert float(value("mse", outputs, torch.tensor([[[1, 4, 255]]], dtype=torch.uint8))) == pytest.approx(4 / 3)
    picture = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    assert float(value("mse", picture, picture - 2)) == pytest.approx(4)


def test_one_logit_may_be_asked_for_fractions():
    # 0.25 of class 1 costs -.25 ln .75 - .75 ln .25
    expected = -0.25 * math.log(0.75) - 0.75 * math.log(0.25)
    logit = torch.tensor([[[[math.log(3)]]]])
    assert float(value("bce", logit, torch.tensor([[[0.25]]]))) == pytest.approx(expected)


@pytest.mark.parametrize("name", LABEL_LOSSES)
@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision_is_raised_before_anything_is_added_up(name, classes, kind):
    logits, truth, distance_map = batch(classes, (2, 40, 40))
    logits = logits.to(kind)
    half = value(name, logits, truth, distance_map)
    assert half.dtype == torch.float32
    assert half == value(name, logits.float(), truth, distance_map)


@pytest.mark.parametrize("name", ["ce", "focal", "dice", "generalized_dice"])
def test_a_large_picture_loses_no_digits_of_single_precision(name):
    logits, truth, _ = batch(2, (1, 600, 800))
    assert float(value(name, logits.float(), truth)) == pytest.approx(float(value(name, logits, truth)), rel=2e-6)


@pytest.mark.parametrize("name", ["ce", "dice", "boundary", "generalized_dice"])
def test_logits_may_have_their_channels_last(name):
    logits, truth, distance_map = batch(3)
    last = logits.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(value(name, last, truth, distance_map), value(name, logits, truth, distance_map))


@pytest.mark.parametrize("kind", [torch.uint8, torch.int32, torch.int64])
@pytest.mark.parametrize("name", ["ce", "bce", "dice"])
def test_labels_may_be_of_any_whole_type(name, kind):
    logits, truth, _ = batch(1)
    assert value(name, logits, truth.to(kind)) == value(name, logits, truth)


def test_cross_entropy_is_the_same_as_pytorchs():
    logits, truth, _ = batch(3)
    for weights in (None, (1.0, 0.0, 2.5)):
        tensor = None if weights is None else torch.tensor(weights, dtype=torch.float64)
        expected = torch.nn.functional.cross_entropy(logits, truth, tensor, ignore_index=VOID)
        torch.testing.assert_close(value("ce", logits, truth, class_weights=weights), expected)


def test_one_logit_weighs_background_and_foreground():
    logits, truth, _ = batch(1)
    two = torch.cat([torch.zeros_like(logits), logits], 1)
    for name in ("ce", "focal"):
        one, both = (value(name, each, truth, class_weights=(0.5, 2)) for each in (logits, two))
        torch.testing.assert_close(one, both)


def test_a_map_multiplies_pixels_and_is_not_divided_out():
    logits, truth, _ = batch(3)
    for name in ("ce", "focal"):
        loss = loss_from_expression(name, classes=3)
        plain = loss(logits, truth)
        ones = torch.ones(truth.shape)
        torch.testing.assert_close(loss(logits, truth, weight_map=3 * ones), 3 * plain)
        left = torch.zeros(truth.shape)
        left[..., :2] = 1
        cut = loss(logits[..., :2], truth[..., :2]) * (truth[..., :2] != VOID).sum() / (truth != VOID).sum()
        torch.testing.assert_close(loss(logits, truth, weight_map=left), cut)


def test_a_map_does_not_reach_the_losses_of_regions():
    logits, truth, _ = batch(3)
    mixed = loss_from_expression("ce+dice", classes=3)
    ce, dice = value("ce", logits, truth), value("dice", logits, truth)
    torch.testing.assert_close(mixed(logits, truth, weight_map=2 * torch.ones(truth.shape)), 2 * ce + dice)


def test_weights_of_classes_travel_with_the_loss_but_are_no_part_of_its_state():
    loss = loss_from_expression("ce", classes=2, class_weights=[1, 3])
    assert loss.to("meta").class_weights.device.type == "meta"
    assert not loss.state_dict()
    assert not list(loss.parameters())


def test_side_outputs_are_averaged_or_weighted():
    logits, truth, _ = batch(3)
    loss = loss_from_expression("ce+dice", classes=3)
    first, second = loss(logits, truth), loss(-logits, truth)
    torch.testing.assert_close(deep_supervision(loss, [logits, -logits], truth), (first + second) / 2)
    weighted = deep_supervision(loss, [logits, -logits], truth, weights=[1, 0.4])
    torch.testing.assert_close(weighted, first + 0.4 * second)
    with pytest.raises(UsageError, match="2 side outputs and 1 weights"):
        deep_supervision(loss, [logits, -logits], truth, weights=[1])


def test_a_smaller_side_output_is_enlarged_to_the_truth():
    loss = loss_from_expression("ce", classes=2)
    small = torch.tensor([[[[0.0]], [[3.0]]]])
    truth = torch.tensor([[[1, 1], [1, VOID]]])
    expected = math.log1p(math.exp(-3))
    assert float(deep_supervision(loss, [small], truth)) == pytest.approx(expected)


@pytest.mark.parametrize(
    "name", ["losses", "losses.boundary", "loss_expression", "weight_map", "distance_map", "class_weights"]
)
def test_the_examples_of_the_docstrings_hold(name):
    module = importlib.import_module(f"segcli.learning.{name}")
    result = doctest.testmod(module, extraglobs={"np": np})
    assert result.attempted > 0
    assert result.failed == 0


def test_every_row_has_a_function_with_its_settings():
    assert list(LOSSES) == list(ROWS)
    for name, row in ROWS.items():
        parameters = list(inspect.signature(LOSSES[name]).parameters.values())[2:]
        settings = {each.name: each.default for each in parameters if each.name not in row.takes}
        assert settings == {knob.name: knob.default for knob in row.knobs}, name
        assert set(row.takes) <= {each.name for each in parameters}, name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": "bce", "classes": 2}, "the loss bce is for one logit, the network has 2; write ce"),
        ({"text": "dice", "class_weights": [1, 2]}, "class_weights do nothing in the loss dice; add ce or focal"),
        ({"text": "ce", "class_weights": [1]}, "class_weights are 1; they must be 2 numbers"),
        ({"text": "ce", "class_weights": [1, -2]}, "class_weights are 1, -2; they must be 2 numbers, none below 0"),
        ({"text": "ce", "class_weights": [1, math.nan]}, "class_weights are 1, nan; they must be 2 numbers"),
    ],
)
def test_a_loss_that_cannot_be_is_refused(options, message):
    with pytest.raises(UsageError, match=message) as refusal:
        loss_from_expression(**{"classes": 1, **options})
    assert isinstance(refusal.value, SettingError) == ("class_weights" in options)


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        (torch.zeros(2, 4, 4, dtype=torch.uint8), r"truth is \(2, 4, 4\); logits \(2, 3, 4, 5\) need \(2, 4, 5\)"),
        (torch.zeros(2, 3, 4, 5, dtype=torch.uint8), r"truth is \(2, 3, 4, 5\)"),
        (torch.zeros(2, 4, 5), "truth holds torch.float32; labels are whole numbers"),
        (torch.full((2, 4, 5), 3), "a label is 3; they go from 0 to 2; 255 marks pixels left out"),
        (torch.full((2, 4, 5), -100), "a label is -100; they go from 0 to 2"),
    ],
)
def test_a_truth_that_does_not_fit_is_refused(truth, message):
    with pytest.raises(InputError, match=message):
        loss_from_expression("ce+dice", classes=3)(torch.zeros(2, 3, 4, 5), truth)


def test_a_second_class_is_no_label_of_one_logit():
    with pytest.raises(InputError, match="a label is 2; they go from 0 to 1"):
        value("ce", torch.zeros(1, 1, 1, 2), torch.tensor([[[1, 2]]]))


def test_logits_of_another_number_of_classes_are_refused():
    with pytest.raises(InputError, match=r"logits are \(1, 2, 1, 2\); expected \(N, 3, H, W\)"):
        loss_from_expression("ce", classes=3)(torch.zeros(1, 2, 1, 2), torch.zeros(1, 1, 2, dtype=torch.uint8))


def test_maps_that_are_missing_unused_or_of_another_shape_are_refused():
    logits, truth, distance_map = batch(3)
    weight_map = torch.ones(truth.shape)
    with pytest.raises(UsageError, match="needs a distance map"):
        loss_from_expression("dice+boundary", classes=3)(logits, truth)
    with pytest.raises(UsageError, match="takes a weight map"):
        loss_from_expression("dice", classes=3)(logits, truth, weight_map=weight_map)
    with pytest.raises(InputError, match="the weight map is"):
        loss_from_expression("ce", classes=3)(logits, truth, weight_map=weight_map[:1])
    with pytest.raises(InputError, match="the distance map is"):
        loss_from_expression("boundary", classes=3)(logits, truth, distance_map=distance_map[:, :1])
