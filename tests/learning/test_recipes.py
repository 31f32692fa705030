"""Recipes: each is a set of settings that a run takes."""

import pytest

from segcli.errors import UsageError
from segcli.learning.recipes import RECIPES, find_recipe
from segcli.learning.settings import TrainSettings
from segcli.networks.registry import ARCHITECTURES

KNOWN_TO_HAVE_NONE = {"full_resolution_fcn", "unet", "fcn_resnet50", "fcn_resnet101"}


@pytest.mark.parametrize("name", RECIPES)
def test_settings_of_a_recipe_are_in_range(name):
    settings = TrainSettings(**find_recipe(name, None).settings)
    assert settings.model == RECIPES[name].settings["model"]


@pytest.mark.parametrize("row", [row for row in ARCHITECTURES if row.task == "segmentation"], ids=lambda row: row.name)
def test_a_network_has_its_papers_recipe_or_says_that_there_is_none(row):
    if row.name in KNOWN_TO_HAVE_NONE:
        with pytest.raises(UsageError, match=f"no recipe of the paper for {row.name}"):
            find_recipe("paper", row.name)
    else:
        assert TrainSettings(**find_recipe("paper", row.name).settings).model == row.name


def test_the_papers_numbers_hold():
    carvana = find_recipe("carvana", None).settings
    assert [carvana[name] for name in ("size", "batch", "optimizer", "rate")] == [128, 32, "adam", 1e-4]
    dense = find_recipe("paper", "fc_densenet103").settings
    assert [dense[name] for name in ("optimizer", "rate", "decay", "batch", "crop")] == ["rmsprop", 1e-3, 0.995, 3, 224]
    assert find_recipe("paper", "deeplab_v3_resnet50").settings["rate"] == 0.007
    assert find_recipe("paper", "unet_valid").settings["momentum"] == 0.99


def test_another_network_may_take_a_recipe():
    assert find_recipe("membranes", "unet").settings["model"] == "unet"


def test_a_misspelled_recipe_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean carvana"):
        find_recipe("carvanna", None)
