"""Losses on numbers worked out by hand."""

import pytest
import torch
from tools.losses import batch, distances, sure_of, value

from segcli.learning.distance_map import signed_distances
from segcli.learning.losses import boundary_share, loss_from_expression
from segcli.segmentation import VOID

# p = .9 .8 .3 .1 against 1 1 1 0: I = 2.0, sum p = 2.1, sum y = 3, FP = .1, FN = 1.0, sum p^2 = 1.55
BINARY_LOGITS = torch.logit(torch.tensor([[[[0.9, 0.8, 0.3, 0.1]]]], dtype=torch.float64))
BINARY_TRUTH = torch.tensor([[[1, 1, 1, 0]]])
# one pixel a row: softmax (.6652 .2447 .0900), (.0420 .1142 .8438), thirds
LOGITS = torch.tensor([[2, 1, 0], [0, 1, 3], [1, 1, 1]], dtype=torch.float64).T[None, :, None]
TRUTH = torch.tensor([[[0, 1, 2]]])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ce", 0.409459),  # (.105361 + .223144 + 1.203973 + .105361) / 4
        ("bce", 0.409459),
        ("bce(pos_weight=2)", 0.792579),  # the first three twice, still / 4
        ("focal(alpha=.25)", 0.0376929),
        ("focal", 0.150245),
        ("focal(gamma=0)", 0.409459),
        ("focal(alpha=.75, gamma=1)", 0.169023),
        ("dice(smooth=0)", 0.215686),  # 1 - 4 / 5.1
        ("dice", 0.180328),  # 1 - 5 / 6.1
        ("dice(smooth=0,squared=true)", 0.120879),  # 1 - 4 / 4.55
        ("jaccard(smooth=0)", 0.354839),  # 1 - 2 / 3.1
        ("tversky(alpha=.5,beta=.5,smooth=0)", 0.215686),
        ("tversky(smooth=0)", 0.267399),  # 1 - 2 / 2.73
        ("tversky(alpha=.7,beta=.3,smooth=0)", 0.156118),  # 1 - 2 / 2.37
        ("tversky(alpha=1,beta=1,smooth=0)", 0.354839),
        ("focal_tversky(smooth=0)", 0.371852),
        ("focal_tversky(smooth=0,gamma=1.3333333)", 0.172272),
        ("ce+dice(smooth=0)", 0.625146),
        ("focal(alpha=.25)+dice(smooth=0)", 0.253379),
        ("0.5*ce+dice(smooth=0)", 0.420416),
    ],
)
def test_four_pixels_of_one_logit_cost_what_was_worked_out(name, expected):
    assert float(value(name, BINARY_LOGITS, BINARY_TRUTH)) == pytest.approx(expected, abs=6e-7)


@pytest.mark.parametrize(
    ("name", "weights", "expected"),
    [
        ("ce", None, 1.225355),  # (.407606 + 2.169846 + 1.098612) / 3
        ("ce", (1, 2, 0.5), 1.513315),  # 5.296604 / 3.5
        ("ce(mean=pixels)", (1, 2, 0.5), 1.765535),  # 5.296604 / 3
        ("focal", None, 0.745507),
        ("dice(smooth=0)", None, 0.639658),
        ("generalized_dice", None, 0.629077),
    ],
)
def test_three_pixels_of_three_classes_cost_what_was_worked_out(name, weights, expected):
    assert float(value(name, LOGITS, TRUTH, class_weights=weights)) == pytest.approx(expected, abs=6e-7)


def test_each_class_of_three_has_its_soft_dice():
    # Without class 0 the mean of the others is left, so the coefficient of class 0 is their difference.
    whole, rest = (
        1 - float(value(name, LOGITS, TRUTH)) for name in ("dice(smooth=0)", "dice(smooth=0,background=false)")
    )
    assert rest == pytest.approx((0.134962 + 0.294054) / 2, abs=1e-6)
    assert 3 * whole - 2 * rest == pytest.approx(0.652010, abs=2e-6)


def test_a_single_pixel_costs_minus_the_log_of_its_class():
    for pixel, expected in enumerate((0.407606, 2.169846, 1.098612)):
        only = torch.where(torch.arange(3) == pixel, TRUTH, VOID)
        assert float(value("ce", LOGITS, only)) == pytest.approx(expected, abs=6e-7)


@pytest.mark.parametrize(("beta", "ours"), [(0.3, "alpha=.3,beta=.7"), (0.8, "alpha=.8,beta=.2")])
def test_one_beta_of_a_survey_is_the_price_of_false_positives(beta, ours):
    truth, predicted = BINARY_TRUTH.double(), BINARY_LOGITS[:, 0].sigmoid()
    shared = (truth * predicted).sum()
    below = shared + beta * ((1 - truth) * predicted).sum() + (1 - beta) * (truth * (1 - predicted)).sum()
    assert float(value(f"tversky({ours},smooth=0)", BINARY_LOGITS, BINARY_TRUTH)) == pytest.approx(
        float(1 - shared / below)
    )


@pytest.mark.parametrize(
    ("probability", "expected", "raw"),
    [
        (torch.full((5, 5), 0.5), 0.333137, 0.153137),
        (torch.nn.functional.pad(torch.ones(3, 3), (1, 1, 1, 1)), -0.04, -0.4),
        (torch.ones(5, 5), 0.666274, None),
    ],
)
def test_the_boundary_of_three_by_three_pixels_costs_what_was_worked_out(probability, expected, raw):
    labels = torch.nn.functional.pad(torch.ones(1, 3, 3, dtype=torch.uint8), (1, 1, 1, 1))
    logits = torch.logit(probability.double()).clamp(-80, 80)[None, None]
    assert float(value("boundary", logits, labels, distances(labels, 1))) == pytest.approx(expected, abs=6e-7)
    if raw is not None:
        distance_map = torch.from_numpy(signed_distances(labels[0].numpy(), 1, offset=0))[None]
        assert float(value("boundary", logits, labels, distance_map)) == pytest.approx(raw, abs=6e-7)


def test_the_boundary_of_two_classes_is_that_of_the_foreground():
    logits, truth, _ = batch(1)
    two = torch.cat([torch.zeros_like(logits), logits], 1)
    one, both = (value("boundary", each, truth, distances(truth, each.shape[1])) for each in (logits, two))
    torch.testing.assert_close(one, both)


def test_the_share_of_the_boundary_grows_with_the_epochs():
    assert [boundary_share(epoch) for epoch in (0, 1, 9)] == [0.01, 0.02, 0.1]
    logits, truth, distance_map = batch(3)
    dice, boundary = (value(name, logits, truth, distance_map) for name in ("dice", "boundary"))
    loss = loss_from_expression("dice+2*boundary", classes=3)
    for epoch, share in ((0, 0.01), (49, 0.5), (1000, 0.9)):
        loss.start_epoch(epoch)
        expected = (1 - share) * dice + 2 * share * boundary
        torch.testing.assert_close(loss(logits, truth, distance_map=distance_map), expected)


def test_a_class_that_is_absent_and_predicted_nowhere_costs_nothing():
    truth = torch.tensor([[[0, 0, 1, 1]]])
    logits = sure_of(truth, 3)
    assert float(value("dice", logits, truth)) == pytest.approx(0)
    assert float(value("dice(smooth=0)", logits, truth)) == pytest.approx(0)


def test_a_class_that_is_absent_is_left_out_where_nothing_is_added():
    truth = torch.tensor([[[0, 0, 0, 1]]])
    logits = torch.zeros(1, 3, 1, 4, dtype=torch.float64)  # class 0: 2 / (4/3 + 3), class 1: (2/3) / (4/3 + 1)
    assert float(value("dice(smooth=0)", logits, truth)) == pytest.approx(1 - (6 / 13 + 2 / 7) / 2)
    # generalised: weights 1/9, 1, 0; above 2 (1/9 + 1/3), below (13/9 / 3 + 7/3)
    assert float(value("generalized_dice", logits, truth)) == pytest.approx(1 - (8 / 9) / (13 / 27 + 7 / 3))
