"""Writes docs/faults.md from the tests that show each fault row, so that the page cannot drift from them.

A row is shown by tests named `test_fault_NN_words_of_the_behaviour`, wherever they are. Their docstrings
say in plain words what goes wrong and what the bridge does. Rows without a test stand in `struck_out.yaml`.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import yaml

PROJECT: Final = Path(__file__).parents[2]
TESTS: Final = PROJECT / "tests"
PAGE: Final = PROJECT / "docs" / "faults.md"
STRUCK_OUT: Final = Path(__file__).with_name("struck_out.yaml")

NAME: Final = re.compile(r"test_fault_(\d+)_(\w+)")
#: the rows of each family, first and last
FAMILIES: Final = {
    "Crashes and storage": (1, 15),
    "Other people's servers": (16, 34),
    "Time and roster": (35, 46),
    "Messages and input": (47, 62),
    "Attacks": (63, 73),
}
ROWS: Final = range(1, 74)

HEAD: Final = """\
# What may go wrong, and what happens then

Each line is held by the tests it names. `make faults` writes this page from them; a test fails when the page is old
or when a row has neither tests nor a reason. Rows that are struck out say why nothing shows them yet.
"""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One test that shows a row."""

    row: int
    behaviour: str  #: the words of its name
    says: str | None  #: its docstring; None where another test of the row speaks for it
    file: Path
    line: int


@dataclass(frozen=True, kw_only=True)
class StruckOut:
    """One row that no test shows."""

    row: int
    case: str
    reason: str


def rows_shown(folder: Path) -> list[Shown]:
    """Return the tests of fault rows in the folder's modules, by row, then by file and line.

    Raises ValueError for a name or a docstring that the page cannot use, naming file and line.
    """
    found = [shown for file in sorted(folder.rglob("test_*.py")) for shown in _in_module(file)]
    return sorted(found, key=lambda shown: shown.row)


def _in_module(file: Path) -> Iterable[Shown]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef) and (named := NAME.fullmatch(node.name)):
            place = f"{file}:{node.lineno}: {node.name}"
            yield Shown(
                row=_row(named[1], place),
                behaviour=named[2].replace("_", " "),
                says=_one_line(ast.get_docstring(node), place),
                file=file,
                line=node.lineno,
            )


def _row(digits: str, place: str) -> int:
    if len(digits) != 2 or int(digits) not in ROWS:
        raise ValueError(f"{place}: rows have two digits and go from {ROWS[0]:02} to {ROWS[-1]}")
    return int(digits)


def _one_line(docstring: str | None, place: str) -> str | None:
    if docstring is not None and "\n" in docstring:
        raise ValueError(f"{place}: the docstring becomes a line of a table, so it is one line")
    return docstring


def rows_struck_out(file: Path = STRUCK_OUT) -> dict[int, StruckOut]:
    given = yaml.safe_load(file.read_text())
    return {row: StruckOut(row=row, **words) for row, words in given.items()}


def page(
    tests: Sequence[Shown], struck_out: Mapping[int, StruckOut], *, seen_from: Path = PAGE.parent
) -> str:
    """Return the whole page; links to the tests start at the folder `seen_from`."""
    by_row = {row: list(shown) for row, shown in groupby(tests, key=lambda shown: shown.row)}
    parts = [HEAD]
    for family, (first, last) in FAMILIES.items():
        lines = [
            f"## {family}",
            "",
            "| | what goes wrong, and what the bridge does | shown by |",
            "|---|---|---|",
        ]
        for row in range(first, last + 1):
            if row in struck_out:
                lines.append(_line_struck_out(struck_out[row]))
            elif row in by_row:
                lines.append(_line_shown(row, by_row[row], seen_from))
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _line_shown(row: int, tests: list[Shown], seen_from: Path) -> str:
    says = "<br>".join(_cell(test.says) for test in tests if test.says)
    links = "<br>".join(
        f"[{_cell(test.behaviour)}]({os.path.relpath(test.file, seen_from)})" for test in tests
    )
    return f"| {row} | {says} | {links} |"


def _line_struck_out(struck: StruckOut) -> str:
    return f"| ~~{struck.row}~~ | ~~{_cell(struck.case)}~~ | {_cell(struck.reason)} |"


def _cell(text: str) -> str:
    """Return text that stays inside its cell and is shown as it stands."""
    return re.sub(r"([|<*`\[\]~])", r"\\\1", text)


if __name__ == "__main__":
    PAGE.write_text(page(rows_shown(TESTS), rows_struck_out()))
