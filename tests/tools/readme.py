"""The generated part of the README: the table of methods.

python tests/tools/readme.py      # writes it into README.md
"""

from __future__ import annotations

from pathlib import Path

from segcli.method import describe
from segcli.methods import all_methods

README = Path(__file__).parents[2] / "README.md"
START, END = "<!-- methods -->\n", "<!-- /methods -->"


def method_table() -> str:
    """One row a method: command, what it does, knobs."""
    rows = ["| command | what it does | knobs |", "|---|---|---|"]
    for function in all_methods():
        row = describe(function)
        knobs = " ".join(f"`--{knob.name.replace('_', '-')}`" for knob in row.knobs)
        rows.append(f"| `segcli {row.command}` | {row.summary} | {knobs} |")
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """The README with its table made anew."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return before + START + method_table() + END + after


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
