"""Take away what is old and over: a closed handoff, and everything that hangs on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, select

from bridge.handoffs.model import State
from bridge.store import Transaction, tables

HANDOFFS: Final = tables.handoffs
DELIVERIES: Final = tables.deliveries
ATTEMPTS: Final = tables.attempts
INBOX: Final = tables.inbox
BUDGETS: Final = tables.budgets
CLOSED: Final = (State.RESOLVED.value, State.WITHDRAWN.value, State.ORPHANED.value)


def count_purgeable(connection: Connection, account_id: str, before: datetime) -> int:
    """Return how many handoffs of the account were closed before then and owe nothing any more."""
    found = select(func.count()).select_from(HANDOFFS).where(*_is_over(account_id, before))
    return int(connection.execute(found).scalar_one())


def purge_some(tx: Transaction, account_id: str, before: datetime, most: int) -> int:
    """Remove handoffs that were closed before then, the oldest first, at most so many; return how many.

    What is open or still owed stays, whatever its age. A handoff that somebody is changing is left for
    the next time, so that intake never waits for a purge.
    """
    old = (
        select(HANDOFFS.c.handoff_id)
        .where(*_is_over(account_id, before))
        .order_by(HANDOFFS.c.closed_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=HANDOFFS)
    )
    handoff_ids = tx.execute(old).scalars().all()
    if handoff_ids:
        _remove(tx, account_id, handoff_ids)
    return len(handoff_ids)


def purge_unclaimed_events(tx: Transaction, account_id: str, before: datetime, most: int) -> int:
    """Forget events that came before then and belonged to no handoff, at most so many; return how many."""
    old = (
        select(INBOX.c.source, INBOX.c.event_id)
        .where(INBOX.c.account_id == account_id, INBOX.c.handoff_id.is_(None), INBOX.c.received_at < before)
        .limit(most)
    )
    found = tx.execute(old).all()
    for source in {row.source for row in found}:
        event_ids = [row.event_id for row in found if row.source == source]
        tx.execute(
            delete(INBOX).where(
                INBOX.c.account_id == account_id, INBOX.c.source == source, INBOX.c.event_id.in_(event_ids)
            )
        )
    return len(found)


def _is_over(account_id: str, before: datetime) -> tuple[ColumnElement[bool], ...]:
    owed = exists().where(
        DELIVERIES.c.account_id == HANDOFFS.c.account_id,
        DELIVERIES.c.handoff_id == HANDOFFS.c.handoff_id,
        DELIVERIES.c.state.in_(("owed", "unknown")),
    )
    return (
        HANDOFFS.c.account_id == account_id,
        HANDOFFS.c.closed_at < before,
        HANDOFFS.c.state.in_(CLOSED),
        ~owed,
    )


def _remove(tx: Transaction, account_id: str, handoff_ids: Sequence[str]) -> None:
    tx.execute(
        delete(ATTEMPTS).where(
            ATTEMPTS.c.account_id == account_id,
            ATTEMPTS.c.delivery_id.in_(_deliveries_of(account_id, handoff_ids)),
        )
    )
    tx.execute(
        delete(BUDGETS).where(
            BUDGETS.c.account_id == account_id,
            BUDGETS.c.connection.in_(
                select(tables.connections.c.connection).where(tables.connections.c.account_id == account_id)
            ),
            BUDGETS.c.lane.in_(handoff_ids),
        )
    )
    for table in (DELIVERIES, INBOX, tables.clocks, tables.messages, tables.timeline, HANDOFFS):
        tx.execute(delete(table).where(table.c.account_id == account_id, table.c.handoff_id.in_(handoff_ids)))


def _deliveries_of(account_id: str, handoff_ids: Collection[str]) -> Select[Any]:
    return select(DELIVERIES.c.delivery_id).where(
        DELIVERIES.c.account_id == account_id, DELIVERIES.c.handoff_id.in_(handoff_ids)
    )
