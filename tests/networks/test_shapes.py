"""Pictures of any size: mirrored, padded, cropped, resized."""

import numpy as np
import pytest
import torch

from segcli.networks.shapes import center_cropped, cropped, mirrored, padded, resized, zoomed


def plane(height, width):
    return torch.arange(float(height * width)).reshape(1, 1, height, width)


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (2, 3), (5, 9)])
@pytest.mark.parametrize("borders", [(0, 0, 0, 0), (1, 2, 0, 3), (7, 5, 9, 4)])
def test_mirroring_is_numpys_reflection_at_any_border(size, borders):
    left, right, top, bottom = borders
    image = plane(*size)
    expected = np.pad(image[0, 0].numpy(), ((top, bottom), (left, right)), mode="reflect")
    np.testing.assert_array_equal(mirrored(image, *borders)[0, 0].numpy(), expected)


def test_padding_goes_to_the_next_multiple_and_keeps_the_upper_left():
    image = plane(5, 9)
    made = padded(image, 4)
    assert made.shape[-2:] == (8, 12)
    assert torch.equal(cropped(made, image), image)
    assert padded(image, 4, least=11).shape[-2:] == (12, 12)
    assert padded(plane(8, 12), 4).shape[-2:] == (8, 12)


def test_windows_are_cut_at_an_offset_or_in_the_middle():
    image, like = plane(6, 6), plane(2, 3)
    assert torch.equal(cropped(image, like, 1), image[..., 1:3, 1:4])
    assert torch.equal(center_cropped(image, like), image[..., 2:4, 1:4])


def test_resizing_puts_centers_on_centers():
    made = resized(torch.tensor([[[[0.0, 1.0]]]]), plane(1, 4))
    assert made.flatten().tolist() == [0, 0.25, 0.75, 1]


def test_padding_can_go_to_one_more_than_a_multiple():
    assert padded(plane(5, 10), 4, over=1).shape[-2:] == (5, 13)
    assert padded(plane(1, 1), 8, over=1).shape[-2:] == (1, 1)
    assert padded(plane(1, 2), 8, over=1).shape[-2:] == (1, 9)


def test_zooming_keeps_corners_and_puts_cell_i_on_pixel_stride_times_i():
    scores = torch.tensor([[[[0.0, 4.0, 2.0]]]])
    made = zoomed(scores, plane(1, 9)).flatten().tolist()
    assert made == [0, 1, 2, 3, 4, 3.5, 3, 2.5, 2]
    assert zoomed(scores, plane(1, 3)) is scores
    assert zoomed(plane(1, 1) + 7, plane(2, 2)).flatten().tolist() == [7, 7, 7, 7]
