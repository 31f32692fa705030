"""Pictures brought to one size, and back."""

import numpy as np
import torch
import torch.nn.functional as F

from segcli.learning.resizing import enlarged, labels_to_square, to_square


def test_halving_takes_means_and_middles():
    picture = np.array([[0, 4, 8, 8], [4, 8, 0, 0]] * 2, np.uint8)[..., None]
    assert to_square(picture, 2)[..., 0].tolist() == [[4, 4], [4, 4]]
    assert labels_to_square(np.arange(16).reshape(4, 4), 2).tolist() == [[5, 7], [13, 15]]


def test_bands_are_those_of_interpolation_at_once():
    found = torch.randn(3, 20, 20, generator=torch.Generator().manual_seed(0))
    bands = list(enlarged(found, 600, 70))
    assert [top for top, _ in bands] == [0, 256, 512]
    expected = F.interpolate(found[None], size=(600, 70), mode="bilinear")[0]
    torch.testing.assert_close(torch.cat([band for _, band in bands], 1), expected, atol=1e-5, rtol=0)


def test_other_types_become_float():
    assert to_square(np.ones((3, 5, 3), np.float64), 2).dtype == np.float32
    assert to_square(np.full((3, 5, 1), 40_000, np.uint16), 2).dtype == np.uint16
