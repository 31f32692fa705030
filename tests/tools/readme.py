"""The generated parts of the README: the tables of methods and of networks.

python tests/tools/readme.py      # writes it into README.md
"""

from __future__ import annotations

from pathlib import Path

from segcli.method import describe
from segcli.methods import all_methods
from segcli.networks.registry import ARCHITECTURES, Architecture

README = Path(__file__).parents[2] / "README.md"


def method_table() -> str:
    """One row a method: command, what it does, knobs."""
    rows = ["| command | what it does | knobs |", "|---|---|---|"]
    for function in all_methods():
        row = describe(function)
        knobs = " ".join(f"`--{knob.name.replace('_', '-')}`" for knob in row.knobs)
        rows.append(f"| `segcli {row.command}` | {row.summary} | {knobs} |")
    return "\n".join(rows) + "\n"


def network_table() -> str:
    """One row a paper: its networks, what each has in parameters, sees in pixels, and the paper; no classifiers."""
    papers: dict[str, list[Architecture]] = {}
    for row in ARCHITECTURES:
        if row.task != "classification":
            papers.setdefault(row.paper, []).append(row)
    lines = ["| networks | parameters in millions | sees, in pixels | paper |", "|---|---|---|---|"]
    for paper, rows in papers.items():
        names = " ".join(f"`{row.name}`" for row in rows)
        sizes = ", ".join(f"{row.parameters / 1e6:.3g}" for row in rows)
        fields = ", ".join(
            dict.fromkeys("all" if row.receptive_field is None else f"{row.receptive_field}" for row in rows)
        )
        lines.append(f"| {names} | {sizes} | {fields} | {paper} |")
    return "\n".join(lines) + "\n"


TABLES = {"methods": method_table, "networks": network_table}


def with_table(text: str) -> str:
    """The README with its tables made anew."""
    for name, table in TABLES.items():
        before, _, rest = text.partition(f"<!-- {name} -->\n")
        _, _, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}<!-- {name} -->\n{table()}<!-- /{name} -->{after}"
    return text


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
