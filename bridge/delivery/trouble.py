"""A connection that is refused its rights: told once to the lead, shown while it lasts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import ColumnElement, bindparam, update

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
    """Write it down; the first time tell the lead, unless the chat itself is what refuses us."""
    first = tx.execute(
        update(CONNECTIONS)
        .where(*_place(job), CONNECTIONS.c.trouble.is_(None))
        .values(trouble=error, trouble_at=now)
    )
    if first.rowcount != 1:
        return
    log.error("connection_refused", connection=job.connection, error=error)
    if change and change.account.chat != job.connection:
        lifecycle.alarm(change, f"{error}. Until that is mended its handoffs wait.")


def over(tx: Transaction, account_id: str, connections: Collection[str]) -> None:
    tx.execute(OVER, {"of_account": account_id, "connections": list(connections)})


def _place(job: Job) -> tuple[ColumnElement[bool], ...]:
    return (CONNECTIONS.c.account_id == job.account_id, CONNECTIONS.c.connection == job.connection)
