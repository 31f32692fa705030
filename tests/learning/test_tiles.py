"""Windows of a large picture give what the whole picture gives."""

import pytest
import torch
from torch import nn

from segcli.learning.tiles import bands, predict_logits, spans


@pytest.mark.parametrize("length", [1, 64, 65, 100, 333, 1000])
@pytest.mark.parametrize(("tile", "margin", "multiple"), [(64, 16, 16), (64, 10, 1), (96, 8, 32)])
def test_windows_cover_every_pixel_once_and_begin_at_multiples(length, tile, margin, multiple):
    found = spans(length, tile, margin, multiple)
    assert [span.first for span in found] == [0, *(span.last for span in found[:-1])]
    assert found[-1].last == found[-1].stop == length
    for span in found:
        assert span.start % multiple == 0
        assert span.stop - span.start <= tile + multiple
        assert span.start == 0 or span.first - span.start >= margin
        assert span.stop == length or span.stop - span.last >= margin


@pytest.mark.parametrize(("tile", "margin", "multiple"), [(32, 4, 16), (64, 8, 32), (32, 13, 16)])
def test_windows_smaller_than_their_surroundings_grow(tile, margin, multiple):
    found = spans(200, tile, margin, multiple)
    assert [span.first for span in found] == [0, *(span.last for span in found[:-1])]
    assert all(span.last > span.first for span in found)
    assert found[-1].last == 200


def strided():
    """Two convolutions around a pooling of 2: a receptive field of 3 + 1 + 2 * 2 = 8 pixels."""
    torch.manual_seed(0)
    layers = nn.Conv2d(2, 3, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3, padding=1), nn.Upsample(scale_factor=2)
    return nn.Sequential(*layers).eval()


@torch.no_grad()
@pytest.mark.parametrize("size", [(100, 150), (48, 32), (90, 250)])
def test_exact_windows_equal_the_whole_picture(size):
    network, image = strided(), torch.rand(2, *size)
    whole = network(image[None])[0]
    made = predict_logits(network, image, tile=48, field=10, multiple=2)
    torch.testing.assert_close(made, whole, rtol=0, atol=1e-6)


@torch.no_grad()
def test_blended_windows_are_a_smooth_mixture():
    image = torch.rand(1, 120, 130)
    same = predict_logits(lambda part: part * 2, image, tile=48, field=None, multiple=4)
    torch.testing.assert_close(same, image * 2)
    # Windows that disagree by a constant differ from pixel to pixel by little.
    number = iter(range(100))
    steps = predict_logits(lambda part: torch.full_like(part, next(number) % 2), image, tile=48, field=None, multiple=4)
    assert (steps[:, 1:] - steps[:, :-1]).abs().max() < 0.2


@torch.no_grad()
@pytest.mark.parametrize("field", [8, None])
def test_rows_come_in_bands_that_follow_each_other(field):
    image = torch.rand(1, 200, 60)
    tops, parts = zip(*bands(lambda part: part, image, tile=48, field=field, multiple=4), strict=True)
    assert tops == tuple(sum(part.shape[1] for part in parts[:number]) for number in range(len(parts)))
    assert max(part.shape[1] for part in parts) <= 48
    torch.testing.assert_close(torch.cat(parts, 1), image)
