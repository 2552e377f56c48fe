"""A store into which a test writes the handoffs of its own week."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from sqlalchemy import insert

from bridge.handoffs.change import Change
from bridge.handoffs.model import Handoff
from bridge.handoffs.rows import as_row
from bridge.store import Database, tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def keep(database: Database) -> Callable[..., None]:
    """Return how to keep handoffs, together with the accounts they belong to."""
    known: set[str] = set()

    def keep(*handoffs: Handoff) -> None:
        accounts = {handoff.account_id for handoff in handoffs} - known
        known.update(accounts)

        def work(tx):
            for account in accounts:
                values = {"account_id": account, "name": account, "created_at": handoffs[0].received_at}
                tx.execute(insert(tables.accounts).values(**values))
            for handoff in handoffs:
                tx.execute(insert(tables.handoffs).values(**as_row(handoff), counter=1))

        database.transact(work)

    return keep


@pytest.fixture
def note(database: Database) -> Callable[..., None]:
    """Return how to note events of a kept handoff; the bot is told where it gave an address by then."""

    numbers = count(1, 10)  # a few for each, so that a handoff may be noted of several times

    def note(handoff: Handoff, *events: str, **data: str) -> None:
        def work(tx):
            change = Change(tx, None, handoff, handoff.received_at, counter=next(numbers))
            for event in events:
                change.note(event, actor="bridge", tell_bot=True, **data)
            change.write()

        database.transact(work)

    return note
