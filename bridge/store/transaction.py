"""One transaction, as those who work in it see it."""

from __future__ import annotations

from sqlalchemy import Connection


class Transaction:
    """The connection to use, and whom to wake once it is committed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.wakes: set[str] = set()
        self.execute = connection.execute

    def wake(self, topic: str) -> None:
        """Wake whoever waits for `topic` ("deliveries", "clocks") when this transaction is committed."""
        self.wakes.add(topic)
