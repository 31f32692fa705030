"""segcli explain: a method in a page of words, and its own steps on a picture in one annotated figure."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from segcli.cli.options import SHARED, Shared
from segcli.errors import SettingError, UsageError
from segcli.methods import NAMES

if TYPE_CHECKING:
    from segcli.files.image import Image
    from segcli.method import Method
    from segcli.network_segmenter import NetworkSegmenter

RECIPE = ".toml"
"""How the names of recipes end."""

TAKEN = (
    *("page", "no_limits", "channel", "blur", "roi", "nodata"),
    *("smooth", "fill_holes", "clear_border", "min_size", "largest", "quiet", "json", "debug"),
)
"""Of what every segmenter takes."""

OUT = Annotated[
    str | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="The page: .png (1200 pixels wide), .svg or .pdf; without an IMAGE, on a sample picture.",
        show_default=False,
    ),
]
EXISTS = Annotated[str, typer.Option("--exists", metavar="fail|overwrite", help="What to do about an existing page.")]
METHOD = Annotated[
    Optional[str],  # noqa: UP045 - Typer reads Optional at run time
    typer.Argument(
        metavar="[METHOD]", help="A method, a network or a recipe (NAME.toml); none lists all.", show_default=False
    ),
]
IMAGE = Annotated[
    Optional[str],  # noqa: UP045
    typer.Argument(metavar="[IMAGE]", help="The picture to show it on, or - for standard input.", show_default=False),
]


def explain(
    name: METHOD = None,
    image: IMAGE = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME|FILE",
            help="Weights of a network, as predict takes them; default: those of the network's name.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="X,Y",
            help="Pixel whose verdict is explained; default the largest object's middle.",
            show_default=False,
        ),
    ] = None,
    instances: Annotated[bool, typer.Option("--instances", help="Number the objects, as predict does.")] = False,
    device: Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda", help="Where to compute.")] = "cpu",
    out: OUT = None,
    exists: EXISTS = "fail",
    *,
    shared: Shared,
) -> None:
    """Explain a method in words, or show its own steps on a picture in one annotated figure.

    Without a METHOD: families and methods, a line each. With METHOD alone: idea, formulas in plain text, when it
    works and when it fails, knobs, paper. With an IMAGE, or with -o: one page of pictures and curves, such as the
    histogram with its cut, markers and dams, the energy per iteration, a network's activations. The method's own knobs
    are taken too: segcli explain kmeans coffee.jpg --classes 3.
    """
    from segcli.explanation.words import listing, nearest, network_page
    from segcli.networks.registry import find_architecture

    if name is None and model is None:
        print(listing())
        return
    if model is not None and image is None and name is not None and _is_no_network(name):
        name, image = None, name
    if name is not None and model is None and name.endswith(RECIPE):
        _of_recipe(name, image, out, exists, shared)
        return
    if name is not None and _is_no_network(name) and not _is_model(name):
        raise UsageError(nearest(name))
    if image is None and out is None and name is not None and not _is_no_network(name):
        print(network_page(find_architecture(name)))
        return
    segmenter = _network(model or str(name), instances, device, shared)
    if model is not None and name is not None and segmenter.card.architecture != find_architecture(name).name:
        raise SettingError("model", f"is {model!r}, a {segmenter.card.architecture}; it must be a {name}.")
    place = None if at is None else _point(at)

    def explained(picture: Image, hints: Any, roi: Any) -> Any:
        from segcli.explanation import explain_network

        return explain_network(segmenter, picture, place, roi)

    from segcli.cli.explaining import draw_page
    from segcli.explanation.specimens import NETWORK

    draw_page(segmenter, image or NETWORK.path, [], explained, segmenter.card.architecture, out, exists, shared)


def _of_recipe(name: str, image: str | None, out: str | None, exists: str, shared: Shared) -> None:
    """Print or draw a recipe."""
    from segcli.cli.explaining import draw_page
    from segcli.cli.request import cleanup, preparation
    from segcli.explanation.specimens import NETWORK
    from segcli.explanation.words import recipe_page
    from segcli.recipe import RecipeSegmenter, load_recipe

    recipe = load_recipe(name)
    if image is None and out is None:
        print(recipe_page(recipe))
        return
    segmenter = RecipeSegmenter(recipe, preparation(shared), cleanup(shared), layers=True)

    def explained(picture: Image, given: Any, roi: Any) -> Any:
        from segcli.explanation import explain_recipe

        return explain_recipe(segmenter, picture, given, roi)

    draw_page(segmenter, image or NETWORK.path, [], explained, segmenter.name, out, exists, shared)


def callback_for(arguments: list[str]) -> Callable[..., None]:
    """The callback that takes the knobs of the method that a command line names; of none, that for networks."""
    words = arguments[arguments.index("explain") + 1 :] if "explain" in arguments else []
    named = next((word for word in words if word.replace("-", "_") in NAMES), None)
    if named is None:
        if words and not words[0].startswith("-") and "--model" not in words and _is_no_network(words[0]):
            _check_known(words[0])
        return _sharing(explain, [])
    from segcli.method import describe
    from segcli.methods import find

    return _of_method(describe(find(named)))


def _check_known(name: str) -> None:
    """Refuse a name before its options are: those of a method that is not known cannot be right.

    Raises
    ------
    UsageError : with the nearest known name.
    """
    from segcli.explanation.words import nearest

    if not name.endswith(RECIPE) and not _is_model(name):
        raise UsageError(nearest(name))


def _is_no_network(name: str) -> bool:
    from segcli.networks.registry import find_architecture

    try:
        find_architecture(name)
    except UsageError:
        return True
    return False


def _is_model(name: str) -> bool:
    from segcli.learning.model_places import find_model

    try:
        find_model(name)
    except UsageError:
        return False
    return True


def _of_method(method: Method) -> Callable[..., None]:
    """The callback of `segcli explain METHOD`, with the method's knobs."""
    from segcli.cli.derive import knob_parameter, parse_knobs
    from segcli.cli.request import method_segmenter

    knobs = [knob_parameter(knob) for knob in method.knobs]

    def callback(
        name: METHOD = None, image: IMAGE = None, out: OUT = None, exists: EXISTS = "fail", **values: Any
    ) -> None:
        shared: Shared = values.pop("shared")
        if image is None and out is None:
            from segcli.explanation.words import method_page

            print(method_page(method))
            return
        from segcli.cli.explaining import draw_page

        image, fitted = (image, None) if image is not None else _specimen(method, values, shared)
        settings, hints = parse_knobs(method, values)
        segmenter, found = method_segmenter(method, settings, hints, shared)

        def explained(picture: Image, given: Any, roi: Any) -> Any:
            from segcli.explanation import explain_method

            return explain_method(segmenter, picture, {**given, **({"model": fitted} if fitted else {})}, roi)

        draw_page(segmenter, image, found, explained, method.command, out, exists, shared)

    callback.__doc__ = explain.__doc__
    return _sharing(callback, knobs)


def _sharing(function: Callable[..., None], knobs: list[inspect.Parameter]) -> Callable[..., None]:
    """Give a function the knobs of a method and the options that it shares with other commands."""

    def wrapped(**values: Any) -> None:
        own = {field: values.pop(field) for field in TAKEN}
        function(**values, shared=Shared.take(own))

    hints = inspect.get_annotations(function, eval_str=True)
    kept = [
        parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in ("shared", "values")
    ]
    taken = [
        inspect.Parameter(
            field,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if SHARED[field].__origin__ is bool else None,
            annotation=SHARED[field],
        )
        for field in TAKEN
    ]
    parameters = [*kept, *knobs, *taken]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    wrapped.__doc__ = function.__doc__
    return wrapped


def _specimen(method: Method, values: dict[str, Any], shared: Shared) -> tuple[str, Any]:
    """The sample picture of a method; what suits it there is put among the values that are not given."""
    from segcli.explanation.specimens import SPECIMENS

    specimen = SPECIMENS[method.name]
    knobs = {knob.name: knob for knob in method.knobs}
    for name, value in specimen.values().items():
        if name not in knobs:
            usual = getattr(Shared(), name)
            if getattr(shared, name) == usual:
                object.__setattr__(shared, name, value if usual is None else type(usual)(value))
        elif values[name] in (None, [], False):
            kind = knobs[name].kind
            values[name] = value.split(",") if kind == "numbers" else value.split() if kind == "points" else value
    fitted = None
    if "model" in knobs and values["model"] is None:
        from segcli.explanation import example_model

        fitted = example_model(method.name)
    return specimen.path, fitted


def _network(model: str, instances: bool, device: str, shared: Shared) -> NetworkSegmenter:
    """The segmenter of a model.

    Raises
    ------
    UsageError : there is none of that name.
    """
    from segcli.cli.refusals import check_words
    from segcli.cli.request import cleanup, preparation
    from segcli.network_segmenter import ModelFile, NetworkSegmenter

    check_words(shared)
    return NetworkSegmenter(
        (ModelFile.open(model),),
        device=device,
        instances=instances,
        to_gray=True,
        preparation=preparation(shared),
        cleanup=cleanup(shared),
    )


def _point(text: str) -> Any:
    """A pixel.

    Raises
    ------
    SettingError : no pair of whole numbers.
    """
    from segcli.arrays import Point

    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
        raise SettingError("at", f"is {text!r}; it must be X,Y, a pixel counted from 0.")
    return Point(int(parts[0]), int(parts[1]))
