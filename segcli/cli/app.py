"""The command line: one table of commands, and the one place that turns an error into a line and an exit code."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from segcli.cli.completion import completing, typed_words
from segcli.errors import EnvironmentFailure, SegcliError, SettingError

INTERRUPTED, CLOSED, TERMINATED = 130, 141, 143
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
SECTIONS = {
    "Find a method": ("compare", "tune", "explain", "methods"),
    "Write a method down, and make results again": ("run", "recipe", "rerun"),
    "Teach and use networks": ("check", "train", "predict", "eval", "models", "export", "fit", "samples"),
    "Work on masks": ("measure", "clean", "diff", "refine", "convert", "info", "man"),
}
"""The commands that are no methods, under their headings."""
VERBS = tuple(name for names in SECTIONS.values() for name in names)
SHARING = ("predict", "refine", "clean", "run")
"""Verbs that take what every segmenter takes."""


HELP = """Segment images: one command for every method, one way in and out.

\b
segcli otsu coins.jpg                            a mask, coins.otsu.png
segcli otsu --help                               the knobs, when it works, when it fails
segcli compare coins.jpg                         which method fits: all of them on one sheet
segcli tune cells/ --truth masks/ -o cells.toml  the best settings for pictures with truth
segcli run cells.toml more/ -o found/            the same for all the others
"""


class Stopped(BaseException):
    """The run ends here, quietly; unlike KeyboardInterrupt and BrokenPipeError, Typer has no opinion on it."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    where = f"segcli {command}".strip()
    try:
        _open_streams()
        signal.signal(signal.SIGTERM, _terminate)
        build(arguments)(args=arguments, prog_name="segcli")
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        return _flushed(code, where)
    except (Stopped, KeyboardInterrupt) as stop:
        code = stop.exit_code if isinstance(stop, Stopped) else INTERRUPTED
        if code in (INTERRUPTED, TERMINATED):
            print(f"{where}: {'interrupted' if code == INTERRUPTED else 'terminated'}", file=sys.stderr)
        return _flushed(code, where)
    except SegcliError as failure:
        return _complain(where, failure, "--debug" in arguments)
    except Exception as failure:
        if isinstance(failure, OSError) and failure.filename is None and failure.errno in FULL:
            return _lost(where, failure)
        return _unexpected(where, failure, "--debug" in arguments)
    return _flushed(0, where)


def _open_streams() -> None:
    """Put an empty device behind a stream that is closed, and let the others take characters they cannot write."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            # In its own place, so that no output file is opened there and written to by a library.
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))
        elif number and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def build(arguments: list[str]) -> typer.Typer:
    """The application, with all commands, or with the one that is called when that is known already."""
    pretty = sys.stdout.isatty() and len(arguments) > 1 and "--help" in arguments
    from segcli.cli.headings import Headings

    app = typer.Typer(
        cls=Headings,
        help=HELP,
        no_args_is_help=True,
        rich_markup_mode="rich" if pretty else None,
        pretty_exceptions_enable=False,
        add_completion=True,
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 110},
    )
    app.callback()(_top)
    typed = typed_words()
    words = arguments if typed is None else typed
    called = next((word for word in words[:2] if word != "--"), "")
    if called not in _commands():
        _add_verbs(app, called, words, typed is not None)
    _add_methods(app, called)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from segcli import __version__

        print(f"segcli {__version__}")
        raise typer.Exit


def _top(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", help="Print the version and stop.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """Options that stand before a command."""


def _add_methods(app: typer.Typer, called: str) -> None:
    """Add the commands of the methods: in full the one that is called, else what `--help` lists."""
    if called in VERBS:
        return
    from segcli.methods import NAMES, find, summary

    known = _commands()
    panels = {name: f"Methods: {NAMES[known[name]]}" for name in known}
    if called not in known:
        for name in known:
            app.command(name, short_help=summary(known[name]), rich_help_panel=panels[name])(lambda: None)
        return
    from segcli.cli.derive import command
    from segcli.cli.segment import segment_command
    from segcli.method import describe

    method = describe(find(called))
    callback = guarded(command(method, segment_command))
    app.command(called, short_help=method.summary, rich_help_panel=panels[called])(callback)


def _commands() -> dict[str, str]:
    """The methods' names by their commands."""
    from segcli.methods import NAMES

    return {name.replace("_", "-"): name for name in NAMES}


def _add_verbs(app: typer.Typer, called: str, arguments: list[str], asked: bool) -> None:
    """Add the commands that are no segmenters: the one that is called, or all; `asked` by a shell to complete it."""
    from importlib import import_module

    from segcli.cli.options import sharing

    def made(name: str, callback: Callable[..., None]) -> Callable[..., None]:
        return guarded(completing(name, callback) if asked and called in VERBS else callback)

    panels = {name: heading for heading, names in SECTIONS.items() for name in names}
    for name in [called] if called in VERBS else VERBS:
        module = import_module(f"segcli.cli.verbs.{name}")
        if hasattr(module, "SUBCOMMANDS"):
            group = typer.Typer(invoke_without_command=True)
            group.callback()(made(name, getattr(module, name)))
            for action, callback in module.SUBCOMMANDS.items():
                group.command(action)(made(f"{name} {action}", callback))
            app.add_typer(group, name=name, rich_help_panel=panels[name])
            continue
        # What it takes may depend on what it is asked about.
        callback = module.callback_for(arguments) if hasattr(module, "callback_for") else getattr(module, name)
        shared = sharing(callback, getattr(module, "WITHOUT", ())) if name in SHARING else callback
        app.command(name, rich_help_panel=panels[name])(made(name, shared))


def guarded(callback: Callable[..., None]) -> Callable[..., None]:
    """Keep Typer from giving exit codes of its own to Ctrl-C and to a closed pipe."""

    @wraps(callback)
    def wrapped(**values: Any) -> None:
        try:
            callback(**values)
            sys.stdout.flush()
        except KeyboardInterrupt:
            raise Stopped(INTERRUPTED) from None
        except BrokenPipeError:
            raise Stopped(CLOSED) from None

    return wrapped


def _terminate(number: int, frame: Any) -> None:
    raise Stopped(TERMINATED)


def _flushed(code: int, where: str) -> int:
    """Flush stdout; where it takes no more, see to it that Python's own last flush stays quiet."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = CLOSED
    except OSError as failure:
        return _lost(where, failure)
    if code == CLOSED:
        _silence()
    return code


def _lost(where: str, failure: OSError) -> int:
    """One line about results that standard output did not take; files name themselves in their errors."""
    _silence()
    print(f"{where}: standard output cannot be written: {failure.strerror}.", file=sys.stderr)
    return EnvironmentFailure.exit_code


def _silence() -> None:
    """Let what is left for stdout go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(where: str, failure: SegcliError, debug: bool) -> int:
    """One line about a failure that segcli foresaw."""
    if debug:
        import traceback

        traceback.print_exception(failure)
    message = str(failure)
    if isinstance(failure, SettingError):
        message = f"--{failure.name.replace('_', '-')} {failure.complaint}"
    print(f"{where}: {message}", file=sys.stderr)
    return failure.exit_code


def _unexpected(where: str, failure: Exception, debug: bool) -> int:
    """One line about a failure that nobody foresaw."""
    if debug:
        import traceback

        traceback.print_exception(failure)
    message = " ".join(f"{type(failure).__name__}: {failure}".split())
    print(f"{where}: {message} (a fault of segcli; --debug shows where)", file=sys.stderr)
    return 3 if isinstance(failure, OSError) else 1
