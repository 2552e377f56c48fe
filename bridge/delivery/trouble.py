"""A connection that is refused its rights: told once to the lead, shown while it lasts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import ColumnElement, bindparam, update

from bridge.delivery import alarms
from bridge.delivery.job import Job
from bridge.handoffs import lifecycle
from bridge.handoffs.change import Change
from bridge.store import Transaction, tables

log = structlog.get_logger()

CONNECTIONS: Final = tables.connections
OVER: Final = (
    update(CONNECTIONS)
    .where(
        CONNECTIONS.c.account_id == bindparam("of_account"),
        CONNECTIONS.c.connection.in_(bindparam("connections", expanding=True)),
        CONNECTIONS.c.trouble.is_not(None),
    )
    .values(trouble=None, trouble_at=None)
)


def begins(tx: Transaction, change: Change | None, job: Job, error: str, now: datetime) -> None:
    """Write it down; the first time tell the lead, beside the chat where the chat itself is what refuses us."""
    if not show(tx, job.account_id, job.connection, error, now) or change is None:
        return
    if change.account.chat == job.connection:
        alarms.tell_lead_beside_the_chat(tx, change.account, waits(error), now)
    else:
        lifecycle.alarm(change, waits(error))


def show(tx: Transaction, account_id: str, connection: str, error: str, now: datetime) -> bool:
    """Write down that this connection is refused its rights. Return whether that is news."""
    first = tx.execute(
        update(CONNECTIONS)
        .where(*_place(account_id, connection), CONNECTIONS.c.trouble.is_(None))
        .values(trouble=error, trouble_at=now)
    )
    if first.rowcount == 1:
        log.error("connection_refused", connection=connection, error=error)
    return first.rowcount == 1


def waits(error: str) -> str:
    return f"{error}. Until that is mended its handoffs wait."


def over(tx: Transaction, account_id: str, connections: Collection[str]) -> None:
    tx.execute(OVER, {"of_account": account_id, "connections": list(connections)})


def _place(account_id: str, connection: str) -> tuple[ColumnElement[bool], ...]:
    return (CONNECTIONS.c.account_id == account_id, CONNECTIONS.c.connection == connection)
