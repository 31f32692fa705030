"""segcli run: segment with a recipe."""

from __future__ import annotations

from typing import Annotated

import typer

from segcli.cli.options import Shared
from segcli.cli.refusals import check_words
from segcli.cli.request import cleanup, preparation
from segcli.cli.segment import run_segmenter

THREADS = 3
"""As many pictures are read, computed and written at once where a network computes."""


def run(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A .toml file of steps; segcli recipe says what they can be.")
    ],
    *,
    shared: Shared,
) -> None:
    """Segment with a recipe: several steps, written down in a file, as one method.

    Steps change the picture (smooth, median, background ...), segment it (any method, predict), and work on what was
    found (clean, select, combine, refine, measure). The last segmentation is the result; --steps shows all of them.
    Outputs are called after the recipe: segcli run nuclei.toml cells.png writes cells.nuclei.png.
    """
    check_words(shared)
    from segcli.recipe import RecipeSegmenter, load_recipe

    segmenter = RecipeSegmenter(
        load_recipe(recipe), preparation(shared), cleanup(shared), "scores" in shared.kinds, shared.steps is not None
    )
    networks = segmenter.networks()

    def load() -> None:
        if networks:
            from segcli.cli.announce import announce

            for network in networks:
                announce(network, "run", shared.quiet)

    run_segmenter(segmenter, [], shared, ready=load, threads=THREADS if networks else 1, command="run")
