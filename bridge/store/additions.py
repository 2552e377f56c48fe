"""New rows on their way into the store: however many and of whatever tables, they need few statements.

PostgreSQL gets all of them in one: a single JSON value, taken apart there. Its text depends on the tables alone, so
it is prepared once, and the way to the server and back is made once. SQLite, which is no way away, gets one
statement for each table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

SQLITE: Final = sqlite.dialect()

Row = Mapping[str, Any]
#: rows of one table that name the same columns
Group = tuple[Table, tuple[str, ...]]


class Additions:
    """Rows that a transaction will add."""

    def __init__(self) -> None:
        self._groups: dict[Group, list[Row]] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def add(self, table: Table, rows: Iterable[Row]) -> None:
        for row in rows:
            self._groups.setdefault((table, tuple(row)), []).append(row)

    def write(self, connection: Connection) -> None:
        """Add them all, those that others refer to first, and forget them. Raises what the statements raise."""
        groups, self._groups = self._groups, {}
        if connection.dialect.name == "sqlite":
            for group in sorted(groups, key=lambda group: _place(group[0])):
                statement, as_kept = _for_one_row(*group)
                connection.exec_driver_sql(statement, [as_kept(row) for row in groups[group]])
        else:
            rows = json.dumps(list(groups.values()), default=_moment)
            connection.exec_driver_sql(_statement(tuple(groups)), (rows,))


@cache
def _place(table: Table) -> int:
    """Return where the table stands when each comes after those it refers to."""
    return list(table.metadata.sorted_tables).index(table)


@cache
def _for_one_row(table: Table, columns: Sequence[str]) -> tuple[str, Callable[[Row], tuple[Any, ...]]]:
    """Return SQLite's statement for a row, and what makes its parameters of one.

    SQLAlchemy makes the same of `insert(table)`, and takes three times as long for it at each execution.
    """
    processors = [(name, table.c[name].type.dialect_impl(SQLITE).bind_processor(SQLITE)) for name in columns]

    def as_kept(row: Row) -> tuple[Any, ...]:
        return tuple([process(row[name]) if process else row[name] for name, process in processors])

    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})", as_kept  # noqa: S608 - our own names


@cache
def _statement(groups: Sequence[Group]) -> str:
    """Return one statement that takes all rows as JSON: a list for each group.

    PostgreSQL checks what refers to what at the end of a statement, so their order does not matter.
    """
    *first, last = (_insertion(place, *group) for place, group in enumerate(groups))
    named = "".join(f", add_{place} AS ({insertion})" for place, insertion in enumerate(first))
    return f"WITH given AS MATERIALIZED (SELECT %s::json AS rows){named} {last}"


def _insertion(place: int, table: Table, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    source = f"json_populate_recordset(NULL::{table.name}, (SELECT rows -> {place} FROM given))"  # noqa: S608
    return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {source}"  # noqa: S608 - our own names


def _moment(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"no JSON: {type(value).__name__}")
    if value.utcoffset() is None:
        raise ValueError(f"time without a zone: {value!r}")
    return value.isoformat()
