"""A command made from a method's row: its knobs become options, its docstring the help."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Optional

import typer

from segcli.cli.options import Shared, shared_parameters
from segcli.knob import Knob, check_setting, knob_facts, knob_takes, parse_setting
from segcli.method import Method

KNOBS = "Knobs"


def command(
    method: Method, run: Callable[[Method, dict[str, Any], dict[str, str], Shared], None]
) -> Callable[..., None]:
    """Build the callback of a method's command.

    Parameters
    ----------
    method : the row.
    run : called with the row, its settings, its hints as text, and the shared options.
    """

    def callback(**values: Any) -> None:
        shared = Shared.take(values)
        settings, hints = parse_knobs(method, values)
        run(method, settings, hints, shared)

    inputs, *shared = shared_parameters()
    knobs = [knob_parameter(knob) for knob in method.knobs]
    parameters = [inputs, *knobs, *shared]
    callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    callback.__doc__ = _help(method)
    return callback


def _help(method: Method) -> str:
    """Summary, description and paper, each paragraph on its own."""
    paper = f"\n\n{method.paper}" if method.paper else ""
    return f"{method.summary}\n\n{method.description}{paper}"


def knob_parameter(knob: Knob) -> inspect.Parameter:
    """One knob as a parameter that Typer turns into an option; values arrive as text and are parsed here."""
    flag = f"--{knob.name.replace('_', '-')}"
    annotation: Any = Optional[list[str]] if knob.kind in ("numbers", "points") else str  # noqa: UP045
    default: Any = None
    if knob.kind == "bool":
        annotation, default = bool, knob.default
        flag = f"{flag}/--no-{flag[2:]}" if knob.default else flag
    words = [str(choice) for choice in knob.choices]
    option = typer.Option(
        flag,
        metavar=None if knob.kind == "bool" else knob_takes(knob),
        help=knob.help + knob_facts(knob),
        show_default=False,
        rich_help_panel=KNOBS,
        autocompletion=(lambda incomplete: [word for word in words if word.startswith(incomplete)]) if words else None,
    )
    return inspect.Parameter(
        knob.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, option]
    )


def parse_knobs(method: Method, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Turn option texts into checked settings, and hints (file names, boxes) left as text.

    Raises
    ------
    SettingError : a text that is no value of its knob.
    """
    settings: dict[str, Any] = {}
    hints: dict[str, str] = {}
    for name, value in values.items():
        knob = method.knob(name)
        if value is None or value == [] or (knob.kind == "bool" and value == knob.default):
            continue
        if knob.is_hint:
            hints[name] = " ".join(value) if knob.kind == "points" else value
        else:
            settings[name] = check_setting(knob, parse_setting(knob, value))
    return settings, hints
