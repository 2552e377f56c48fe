"""One transaction, as those who work in it see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, Table

from bridge.store.additions import Additions


class Transaction:
    """What to read and write through, and whom to wake once it is committed.

    New rows are gathered by `add`, and written before the next statement or with the end of the work.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._additions = Additions()
        self.wakes: set[str] = set()

    @property
    def connection(self) -> Connection:
        """Return the connection, which sees all that this transaction has written."""
        self.flush()
        return self._connection

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        result: CursorResult[Any] = self.connection.execute(statement, parameters)
        return result

    def add(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows, in whose values moments are aware and documents are JSON. What is wrong with them shows later."""
        self._additions.add(table, rows)

    def flush(self) -> None:
        """Write the rows added so far."""
        if self._additions:
            self._additions.write(self._connection)

    def wake(self, topic: str) -> None:
        """Wake whoever waits for `topic` ("deliveries", "clocks") when this transaction is committed."""
        self.wakes.add(topic)
