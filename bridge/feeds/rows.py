"""Readings of feeds as rows: the last good one is kept until there is a better."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, insert, select, update

from bridge.feeds.model import FeedEvent, Reading
from bridge.store import Transaction, tables

FEEDS: Final = tables.feeds
EVENTS: Final = TypeAdapter(tuple[FeedEvent, ...])


def keep(tx: Transaction, account_id: str, feed: str, events: Sequence[FeedEvent], now: datetime) -> None:
    """Keep a good reading in place of the one before."""
    _write(
        tx, account_id, feed, events=EVENTS.dump_python(tuple(events), mode="json"), read_at=now, problem=None
    )


def note_problem(tx: Transaction, account_id: str, feed: str, problem: str) -> None:
    """Keep why a reading failed; what was read before stays in force."""
    _write(tx, account_id, feed, problem=problem)


def forget(tx: Transaction, account_id: str, feed: str) -> None:
    tx.execute(delete(FEEDS).filter_by(account_id=account_id, feed=feed))


def readings(connection: Connection, account_id: str) -> dict[str, Reading]:
    """Return what is kept, by the feed's name."""
    found = connection.execute(select(FEEDS).where(FEEDS.c.account_id == account_id))
    return {
        row.feed: Reading(
            feed=row.feed,
            events=EVENTS.validate_python(row.events),
            read_at=row.read_at,
            problem=row.problem,
        )
        for row in found
    }


def newest(connection: Connection, account_id: str) -> tuple[datetime | None, ...]:
    """Return when each feed was last read well: another answer means other readings."""
    asked = select(FEEDS.c.read_at).where(FEEDS.c.account_id == account_id).order_by(FEEDS.c.feed)
    return tuple(connection.execute(asked).scalars())


def _write(tx: Transaction, account_id: str, feed: str, **values: object) -> None:
    place = {"account_id": account_id, "feed": feed}
    changed = tx.execute(update(FEEDS).filter_by(**place).values(**values))
    if changed.rowcount == 0:
        tx.execute(insert(FEEDS).values(**place, **{"events": [], **values}))
