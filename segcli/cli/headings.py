"""The list of commands in `segcli --help`, under headings."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

LONGEST = 200
"""Characters of a line of help; all of the first sentence fits, and wraps."""


class Headings(TyperGroup):
    """A group that lists its commands by their panels, also in plain text."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each panel, in the order of their first commands."""
        names = [name for name in self.list_commands(ctx) if not self.commands[name].hidden]
        longest = max(map(len, names), default=0)
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in names:
            command = self.commands[name]
            text = command.get_short_help_str(LONGEST)
            panel = getattr(command, "rich_help_panel", None) or "Commands"
            sections.setdefault(panel, []).append((name.ljust(longest), text))
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
