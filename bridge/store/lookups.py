"""Many keys looked up by one statement, each through its index.

`IN` with a list leaves it to PostgreSQL whether to look each key up or to read all rows that share the columns before
it. Without fresh statistics it takes these for few, and reads a whole account. A key that comes from a list of rows,
and is compared within a subquery, is always looked up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BindParameter, Text, bindparam, column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias


class _Listed(FunctionElement[Any]):
    name = "listed"
    inherit_cache = True


@compiles(_Listed, "sqlite")
def _on_sqlite(element: _Listed, compiler: Any, **more: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **more)})"


@compiles(_Listed, "postgresql")
def _on_postgres(element: _Listed, compiler: Any, **more: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **more)} AS JSON))"


def keys_given_as(parameter: str) -> TableValuedAlias:
    """Return a table with one row for each key of a list, in its column `value`.

    The statement's parameter is what `as_keys` makes of the list.
    """
    given: BindParameter[str] = bindparam(parameter, type_=Text)
    return _Listed(given).table_valued(column("value", Text))


def as_keys(keys: Iterable[str]) -> str:
    """Return the keys as the one parameter that a statement with `keys_given_as` takes."""
    return json.dumps(list(keys))
