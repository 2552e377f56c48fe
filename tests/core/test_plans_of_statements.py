"""What is done for one handoff does not read the rows of all others."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from bridge.handoffs import lifecycle

#: those that hold rows of every handoff there ever was, and another name of one within a statement
GROWING = {
    "handoffs",
    "timeline",
    "clocks",
    "deliveries",
    "attempts",
    "inbox",
    "messages",
    "budgets",
    "earlier",
}


@pytest.fixture
def database_url(sqlite_url):
    """Return a store on SQLite, which plans by the statement alone; PostgreSQL plans by what it has counted too."""
    return sqlite_url


@pytest.fixture
def plans(house):
    """Return what SQLite says of its way, for each statement so far that reads a growing table or an account whole."""
    whole = {}

    @event.listens_for(house.database.engine, "before_cursor_execute")
    def explain(_connection, cursor, statement, parameters, _context, many):
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[0] if many else parameters)
            for *_, step in cursor.fetchall():
                if _reads_whole(step):
                    whole[statement] = step

    return whole


def _reads_whole(step):
    """Return whether a step of a plan reads all rows of a growing table, or all those of an account."""
    doing, table, *how = step.split()
    return table in GROWING and (how[-1:] == ["(account_id=?)"] or (doing == "SCAN" and "INDEX" not in how))


def test_accepting_paying_and_answering_read_no_table_whole(house, plans):
    receipt = house.hand_over()
    house.hand_over()
    house.pay()
    house.later(minutes=3)
    house.tick()
    house.pay()
    said = {"by": "Ravi Iyer", "at": house.now, "text": "hello", "message_id": "1"}
    house.change(receipt.handoff_id, lambda change: lifecycle.answered(change, **said))
    house.pay()
    house.change(receipt.handoff_id, lambda change: lifecycle.resolved(change, actor="helpdesk"))
    house.hand_over()
    house.pay()
    assert plans == {}
