"""Manual pages in roff, made of the same rows as the commands and their help."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import typer

from segcli import __version__
from segcli.cli.app import SECTIONS, build
from segcli.errors import UsageError
from segcli.methods import FAMILIES, NAMES, summary

EXIT_CODES = (
    ("0", "Everything that was asked for is written."),
    ("1", "Finished, but at least one input failed, or a limit such as --fail-under or --fail-over was missed."),
    ("2", "An impossible request, found before any work."),
    ("3", "The machine stopped the run: a full disk, workers that die."),
    ("130, 143", "Stopped by Ctrl-C or by a request to end; what was done is kept."),
)
ENVIRONMENT = (
    ("SEGCLI_MODELS", "Your folder of models, which predict looks into by name."),
    ("NO_COLOR", "If set, nothing is colored."),
    ("OMP_NUM_THREADS", "Threads that networks and array libraries compute with."),
)
SHOWN_LAST = ("help",)
PLAIN = "Options"


def page_names() -> list[str]:
    """Commands that have a page: '' for segcli itself, and all others as they are typed."""
    verbs = [name for names in SECTIONS.values() for name in names]
    return ["", *verbs, *(name.replace("_", "-") for name in NAMES)]


def page_file(name: str) -> str:
    """The file of a page, as `man` looks for it."""
    return f"segcli-{name}.1" if name else "segcli.1"


def manual_page(name: str = "") -> str:
    """Write the manual page of segcli, or of one of its commands, in roff with the man macros.

    Equal for equal versions: no date goes in.

    Raises
    ------
    UsageError : no such command.
    """
    if name not in page_names():
        from difflib import get_close_matches

        near = get_close_matches(name, page_names(), 1)
        hint = f"did you mean {near[0]!r}?" if near else "segcli --help lists them all."
        raise UsageError(f"there is no command {name!r}; {hint}")
    lines = list(_top_page() if not name else _command_page(name))
    return "\n".join(lines) + "\n"


def _top_page() -> Iterator[str]:
    """The page of segcli itself."""
    group = typer.main.get_command(build([]))
    yield from _beginning("segcli", "segment images", [("segcli", "COMMAND [OPTIONS] [INPUT...]")])
    yield from _section("DESCRIPTION", _prose(group.help or ""))
    commands: dict[str, Any] = getattr(group, "commands", {})
    for heading, names in SECTIONS.items():
        yield from _section(heading.upper(), _definitions(_pages_of(names, commands)))
    yield ".SH METHODS"
    for family, names in FAMILIES.items():
        yield f".SS {_text(family.capitalize())}"
        yield from _definitions((f"segcli-{name.replace('_', '-')}(1)", summary(name)) for name in names)
    yield from _section("OPTIONS", _options(group))
    yield from _ending(["segcli-methods", "segcli-models", "segcli-explain"])


def _pages_of(names: Iterable[str], commands: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Commands by their pages, with the first sentence of each."""
    for name in names:
        yield f"segcli-{name}(1)", _sentence(commands[name].help or "")


def _command_page(name: str) -> Iterator[str]:
    """The page of one command, and of its own commands."""
    group = typer.main.get_command(build([name]))
    command: Any = getattr(group, "commands", {})[name]
    inner: dict[str, Any] = getattr(command, "commands", {})
    usages = [(f"segcli {name}", _usage(command))]
    usages += [(f"segcli {name} {action}", _usage(one)) for action, one in inner.items()]
    yield from _beginning(f"segcli-{name}", _sentence(command.help or "").rstrip("."), usages)
    yield from _section("DESCRIPTION", _prose(command.help or ""))
    yield from _options_of(command)
    for action, one in inner.items():
        yield f".SH {_text(f'segcli {name} {action}'.upper())}"
        yield from _prose(one.help or "")
        yield from _options(one)
    also = ["segcli", *(["segcli-explain"] if name.replace("-", "_") in NAMES else [])]
    yield from _ending(also)


def _beginning(name: str, summary_words: str, usages: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Title, name and synopsis."""
    yield f'.TH {_text(name.upper())} 1 "" "segcli {__version__}" "segcli manual"'
    yield from (".SH NAME", f"{_text(name)} \\- {_text(summary_words)}", ".SH SYNOPSIS")
    for count, (command, usage) in enumerate(usages):
        yield from ([".br"] if count else [])
        yield f".B {_text(command)}"
        yield _text(usage)


def _ending(also: Iterable[str]) -> Iterator[str]:
    """What all pages end with."""
    yield from _section("EXIT STATUS", _definitions(EXIT_CODES))
    yield from _section("ENVIRONMENT", _definitions(ENVIRONMENT))
    pages = [f".BR {_text(name)} (1)," for name in also]
    yield from _section("SEE ALSO", [*pages[:-1], pages[-1].rstrip(",")])


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f".SH {_text(title)}"
    yield from lines


def _usage(command: Any) -> str:
    """Arguments as they are typed, after the options."""
    places = [_place(one) for one in command.params if one.param_type_name == "argument"]
    return " ".join(["[OPTIONS]", *places, *(["COMMAND ..."] if getattr(command, "commands", {}) else [])])


def _place(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _options_of(command: Any) -> Iterator[str]:
    """Arguments and options of a command under headings of their own."""
    yield ".SH OPTIONS"
    yield from _options(command)


def _options(command: Any) -> Iterator[str]:
    """Arguments, then options by panel, in the order of the help."""
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    arguments = [one for one in shown if one.param_type_name == "argument"]
    yield from _definitions((_place(one), one.help or "") for one in arguments)
    panels: dict[str, list[Any]] = {}
    for one in shown:
        if one.param_type_name == "option" and one.name not in SHOWN_LAST:
            panels.setdefault(getattr(one, "rich_help_panel", None) or PLAIN, []).append(one)
    for panel, options in panels.items():
        if len(panels) > 1:
            yield f".SS {_text(panel)}"
        yield from _definitions((_flags(one), one.help or "") for one in options)


def _flags(option: Any) -> str:
    """Short and long forms, and what stands behind them."""
    flags = sorted((*option.opts, *option.secondary_opts), key=len)
    value = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    return ", ".join(flags) + value


def _definitions(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Words in bold, each with what it means below."""
    for word, meaning in rows:
        yield from (".TP", f".B {_text(word)}", _text(" ".join(meaning.split())) or "\\&")


def _sentence(prose: str) -> str:
    """The first sentence of a help text."""
    first = " ".join(prose.strip().partition("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", first, maxsplit=1)[0]


def _prose(text: str) -> Iterator[str]:
    """Paragraphs; those that are indented or marked stay as their lines are."""
    for count, paragraph in enumerate(text.strip().split("\n\n")):
        yield from ([".PP"] if count else [])
        if paragraph.startswith("\b"):
            lines = [line for line in paragraph.splitlines() if line.strip("\b")]
            yield from (".nf", *(_text(line) for line in lines), ".fi")
        else:
            yield _text(" ".join(paragraph.replace("\b", "").split()))


_SIGNS = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", '"': "\\(dq"}


def _text(words: str) -> str:
    """Words as roff prints them: signs that it would read or change are named, as are letters beyond ASCII."""
    safe = "".join(_SIGNS.get(sign, sign if sign.isascii() else f"\\[u{ord(sign):04X}]") for sign in words)
    return f"\\&{safe}" if safe.startswith(".") else safe
