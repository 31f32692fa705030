"""What all losses keep to: slopes, void, lower bounds, and classes in any order."""

import math

import pytest
import torch
from tools.losses import CORRECTING, LABEL_LOSSES, OVERLAPS, batch, distances, sure_of, value
from torch.autograd import gradcheck

from segcli.learning.losses import loss_from_expression
from segcli.segmentation import VOID

each_label_loss = pytest.mark.parametrize("name", LABEL_LOSSES)
each_classes = pytest.mark.parametrize("classes", [1, 2, 3])


@each_label_loss
@each_classes
def test_gradients_are_the_slopes_of_the_loss(name, classes):
    logits, truth, distance_map = batch(classes, size=(2, 2, 3))
    assert gradcheck(lambda logits: value(name, logits, truth, distance_map), logits.requires_grad_())


@pytest.mark.parametrize(
    "name",
    [
        "focal(gamma=.5,alpha=.25)",
        "focal(gamma=0)",
        "dice(squared=true,per_image=true)",
        "dice(smooth=0,background=true)",
        "jaccard(per_image=true,background=false)",
        "generalized_dice(per_image=true)",
        "ce+focal",
        "focal+dice",
    ],
)
@each_classes
def test_gradients_of_settings_are_slopes_too(name, classes):
    logits, truth, _ = batch(classes, size=(2, 2, 3))
    assert gradcheck(lambda logits: value(name, logits, truth), logits.requires_grad_())


def test_gradients_with_weights_of_classes_and_pixels_are_slopes():
    logits, truth, _ = batch(3, size=(2, 2, 3))
    weight_map = torch.rand(truth.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for name in ("ce", "focal", "ce(mean=pixels)"):
        loss = loss_from_expression(name, classes=3, class_weights=(1, 0.5, 3))
        assert gradcheck(lambda x, loss=loss: loss(x, truth, weight_map=weight_map), logits.requires_grad_())


@pytest.mark.parametrize("name", ["mse", "bce", "bce(pos_weight=3)"])
def test_gradients_of_losses_of_values_are_slopes(name):
    logits, _, _ = batch(1, size=(2, 2, 3))
    truth = torch.rand(2, 2, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    truth[0, 0, 0] = math.nan
    assert gradcheck(lambda logits: value(name, logits, truth), logits.requires_grad_())


@each_label_loss
@each_classes
def test_void_pixels_are_as_though_cut_out(name, classes):
    logits, truth, distance_map = batch(classes, size=(2, 4, 6))
    truth[:, :, 3:], truth[:, :, :3] = VOID, truth[:, :, :3].where(truth[:, :, :3] != VOID, 0)
    cut = [part[..., :3] for part in (logits, truth, distance_map)]
    logits.requires_grad_()
    loss = value(name, logits, truth, distance_map)
    torch.testing.assert_close(loss, value(name, *cut))
    loss.backward()
    assert logits.grad[..., :3].abs().sum() > 0
    assert torch.equal(logits.grad[..., 3:], torch.zeros(2, classes, 4, 3, dtype=torch.float64))


@pytest.mark.parametrize("name", [*OVERLAPS, "dice(smooth=0)"])
@each_classes
def test_a_picture_of_void_alone_is_as_though_not_there(name, classes):
    name = f"{name[:-1]},per_image=true)" if name.endswith(")") else f"{name}(per_image=true)"
    logits, truth, _ = batch(classes, size=(3, 4, 6))
    truth[1] = VOID
    torch.testing.assert_close(value(name, logits, truth), value(name, logits[::2], truth[::2]))


@pytest.mark.parametrize(
    "name", [*LABEL_LOSSES, "dice(smooth=0)", "focal_tversky(smooth=0)", "jaccard(per_image=true)"]
)
@each_classes
def test_a_batch_of_void_alone_costs_nothing_and_teaches_nothing(name, classes):
    logits, truth, _ = batch(classes)
    truth[:] = VOID
    loss = value(name, logits.requires_grad_(), truth, distances(truth, classes))
    assert loss.detach() == 0
    loss.backward()
    assert torch.equal(logits.grad, torch.zeros_like(logits))


@pytest.mark.parametrize("name", ["mse", "bce"])
def test_values_that_are_not_a_number_are_left_out(name):
    logits, _, _ = batch(1, size=(1, 1, 4))
    truth = torch.tensor([[[0.25, math.nan, 1, math.nan]]], dtype=torch.float64)
    torch.testing.assert_close(value(name, logits, truth), value(name, logits[..., ::2], truth[..., ::2]))
    nothing = value(name, logits.requires_grad_(), torch.full_like(truth, math.nan))
    nothing.backward()
    assert nothing.detach() == 0
    assert not logits.grad.any()


@pytest.mark.parametrize("ignore", [0, 1, 7])
def test_another_label_may_be_the_void(ignore):
    logits, truth, _ = batch(3)
    marked = truth.where(truth != ignore, VOID)
    for name in ("ce", "focal", "dice"):
        expected = value(name, logits, marked)
        torch.testing.assert_close(value(name, logits, marked.where(marked != VOID, ignore), ignore=ignore), expected)


def test_every_pixel_counts_where_no_label_is_void():
    logits, truth, _ = batch(3)
    truth = truth.where(truth != VOID, 2)
    for name in ("ce", "focal", "dice"):
        assert value(name, logits, truth, ignore=None) == value(name, logits, truth)


@pytest.mark.parametrize("name", CORRECTING)
@each_classes
def test_the_truth_itself_costs_least(name, classes):
    _, truth, distance_map = batch(classes)
    sure = sure_of(truth, classes)
    least = float(value(name, sure, truth, distance_map))
    if "boundary" not in name:
        assert least == pytest.approx(0, abs=1e-12)
    assert least < float(value(name, sure * 0.01, truth, distance_map)) < float(value(name, -sure, truth, distance_map))
    value(name, sure.requires_grad_(), truth, distance_map).backward()
    assert sure.grad.isfinite().all()


@pytest.mark.parametrize("name", [*LABEL_LOSSES, "dice(smooth=0)", "focal(gamma=.5)"])
@each_classes
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_huge_logits_give_finite_losses_and_gradients(name, classes, size):
    _, truth, distance_map = batch(classes)
    logits = sure_of(truth, classes, size).float().requires_grad_()
    loss = value(name, logits, truth, distance_map)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("name", [*(name for name in LABEL_LOSSES if name != "boundary"), "boundary(background=true)"])
def test_the_order_of_the_classes_does_not_matter(name):
    logits, truth, distance_map = batch(4)
    order = torch.tensor([2, 0, 3, 1])
    renamed = torch.cat([order.argsort(), torch.full((VOID - 3,), VOID)])[truth]
    torch.testing.assert_close(
        value(name, logits, truth, distance_map), value(name, logits[:, order], renamed, distance_map[:, order])
    )


@pytest.mark.parametrize("name", ["ce", "focal", "focal(alpha=.25)", "generalized_dice"])
def test_one_logit_is_the_difference_of_two(name):
    logits, truth, _ = batch(2)
    torch.testing.assert_close(value(name, logits, truth), value(name, logits[:, 1:] - logits[:, :1], truth))


@pytest.mark.parametrize("name", ["dice", "jaccard", "tversky", "focal_tversky"])
@pytest.mark.parametrize("background", ["true", "false"])
def test_regions_of_one_logit_are_those_of_two(name, background):
    logits, truth, _ = batch(2)
    name = f"{name}(background={background})"
    torch.testing.assert_close(value(name, logits, truth), value(name, logits[:, 1:] - logits[:, :1], truth))


@pytest.mark.parametrize("name", OVERLAPS)
def test_a_ratio_a_picture_is_the_mean_of_pictures(name):
    logits, truth, _ = batch(3, size=(3, 4, 5))
    each = torch.stack([value(name, logits[[k]], truth[[k]]) for k in range(3)]).mean()
    torch.testing.assert_close(value(f"{name}(per_image=true)", logits, truth), each)
    assert not torch.isclose(value(name, logits, truth), each)
