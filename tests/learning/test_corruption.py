"""Damage for denoising auto-encoders: how much, within which bounds, by which seed."""

import pytest
import torch

from segcli.errors import SettingError
from segcli.learning.corruption import gaussian_noise, masking_noise, salt_and_pepper

CORRUPTIONS = {gaussian_noise: 0.1, masking_noise: 0.3, salt_and_pepper: 0.3}
each_corruption = pytest.mark.parametrize(("corrupt", "amount"), CORRUPTIONS.items())


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def gray(side=300):
    return torch.full((side, side), 0.5)


@each_corruption
def test_the_seed_decides_and_torchs_own_state_is_left_alone(corrupt, amount):
    before = torch.get_rng_state()
    first, again, other = (corrupt(gray(), amount, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


@each_corruption
def test_pictures_stay_in_range_and_as_they_were(corrupt, amount):
    image = torch.rand(50, 60, generator=seeded())
    kept = image.clone()
    made = corrupt(image, 3 * amount, seeded())
    assert 0 <= made.min() <= made.max() <= 1
    assert torch.equal(image, kept)
    assert corrupt(image.bfloat16(), amount, seeded()).dtype == torch.bfloat16


@each_corruption
def test_none_changes_nothing(corrupt, amount):
    image = torch.rand(20, 20, generator=seeded())
    assert torch.equal(corrupt(image, 0, seeded()), image)


@each_corruption
@pytest.mark.parametrize("amount_out_of_range", [-0.1, float("nan")])
def test_amounts_out_of_range_are_refused(corrupt, amount, amount_out_of_range):
    with pytest.raises(SettingError, match="it must be"):
        corrupt(gray(), amount_out_of_range)


def test_gaussian_noise_has_its_deviation_and_is_clipped():
    noise = gaussian_noise(gray(), 0.1, seeded()) - 0.5
    assert noise.mean().item() == pytest.approx(0, abs=0.002)
    assert noise.std().item() == pytest.approx(0.1, rel=0.02)
    # beyond +-0.5 at a deviation of 1 lie 61.7 %: half of them at either end
    wide = gaussian_noise(gray(), 1, seeded())
    assert (wide == 1).float().mean().item() == pytest.approx(0.3085, abs=0.01)
    assert (wide == 0).float().mean().item() == pytest.approx(0.3085, abs=0.01)


def test_masking_sets_its_fraction_to_zero_and_leaves_the_rest():
    made = masking_noise(gray(), 0.3, seeded())
    assert sorted(made.unique().tolist()) == [0, 0.5]
    assert (made == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert not masking_noise(gray(), 1, seeded()).any()


def test_salt_is_as_frequent_as_pepper():
    made = salt_and_pepper(gray(), 0.3, seeded())
    assert sorted(made.unique().tolist()) == [0, 0.5, 1]
    for value in (0, 1):
        assert (made == value).float().mean().item() == pytest.approx(0.15, abs=0.01)
    with pytest.raises(SettingError, match=r"fraction is 1\.2; it must be from 0 to 1"):
        salt_and_pepper(gray(), 1.2)
