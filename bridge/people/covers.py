"""Covers as rows: made once, ended early by whom they concern, and remembered for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Row, delete, insert, select, update

from bridge.people.revision import grow
from bridge.roster.covers import Cover
from bridge.store import Transaction, tables

log = structlog.get_logger()

COVERS: Final = tables.covers
DELIVERIES: Final = tables.deliveries
#: who asks who was on duty then is told of covers that ended so long ago at most
REMEMBERED_FOR: Final = timedelta(days=30)
#: deliveries that go by who is on duty now, and should not wait for their next round
GOES_BY_ROSTER: Final = "keep_group"


def read(connection: Connection, account_id: str) -> tuple[Cover, ...]:
    """Return the covers of an account in the order in which they were made."""
    found = connection.execute(
        select(COVERS).where(COVERS.c.account_id == account_id).order_by(COVERS.c.made_at, COVERS.c.cover_id)
    )
    return tuple(_cover(row) for row in found)


def make(tx: Transaction, account_id: str, cover: Cover) -> bool:
    """Keep a cover. Return False when it was made before: the same command or press, told twice."""
    grow(tx, account_id)  # first, so that nobody makes the same one meanwhile
    known = select(COVERS.c.cover_id).where(
        COVERS.c.account_id == account_id, COVERS.c.cover_id == cover.cover_id
    )
    if tx.execute(known).first():
        return False
    long_over = cover.made_at - REMEMBERED_FOR
    tx.execute(delete(COVERS).where(COVERS.c.account_id == account_id, COVERS.c.ends_at < long_over))
    tx.execute(
        insert(COVERS).values(
            account_id=account_id,
            cover_id=cover.cover_id,
            owner=cover.owner,
            in_place_of=cover.in_place_of,
            channels=list(cover.channels),
            starts_at=cover.starts_at,
            ends_at=cover.ends_at,
            made_by=cover.made_by,
            made_at=cover.made_at,
        )
    )
    _hasten(tx, account_id, cover.made_at)
    log.info(
        "cover_made",
        account=account_id,
        cover=cover.cover_id,
        owner=cover.owner,
        in_place_of=cover.in_place_of,
        channels=list(cover.channels),
        until=cover.ends_at.isoformat(),
        made_by=cover.made_by,
    )
    return True


def end(tx: Transaction, account_id: str, covers: Sequence[Cover], by: str, now: datetime) -> None:
    """End these covers now; `by` is the key of whoever does so."""
    grow(tx, account_id)
    for cover in covers:
        tx.execute(
            update(COVERS)
            .where(
                COVERS.c.account_id == account_id,
                COVERS.c.cover_id == cover.cover_id,
                COVERS.c.ends_at > now,
            )
            .values(ends_at=now)
        )
        log.info("cover_ended", account=account_id, cover=cover.cover_id, owner=cover.owner, by=by)
    _hasten(tx, account_id, now)


def _hasten(tx: Transaction, account_id: str, now: datetime) -> None:
    tx.execute(
        update(DELIVERIES)
        .where(
            DELIVERIES.c.account_id == account_id,
            DELIVERIES.c.kind == GOES_BY_ROSTER,
            DELIVERIES.c.state == "owed",
            DELIVERIES.c.lease.is_(None),
            DELIVERIES.c.not_before > now,
        )
        .values(not_before=now)
    )
    tx.wake("deliveries")


def _cover(row: Row[Any]) -> Cover:
    return Cover(
        cover_id=row.cover_id,
        owner=row.owner,
        in_place_of=row.in_place_of,
        channels=tuple(row.channels),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        made_by=row.made_by,
        made_at=row.made_at,
    )
