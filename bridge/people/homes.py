"""The pages that people have opened in the chat: whose they are, and when each must be shown anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from bridge.delivery import ledger
from bridge.handoffs.account import Account
from bridge.store import Transaction, tables

HOMES: Final = tables.homes
DELIVERIES: Final = tables.deliveries
KIND: Final = "publish_home"
#: a page that nobody has opened for so long is not kept up to date
KEPT_FOR: Final = timedelta(days=1)
#: so long changes gather before a page is shown anew
GATHERS_FOR: Final = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedHome:
    """A page: `person` is the key of whose it is, None for one the desk does not know (yet)."""

    user_id: str
    person: str | None
    shown: str | None


def open_page(tx: Transaction, account: Account, user_id: str, person: str | None, now: datetime) -> None:
    """Note that a user looks at their page, and owe it at once."""
    if account.chat is None:
        return
    place = _place(account, user_id)
    values = {"opened_at": now, **({"person": person} if person else {})}
    if tx.execute(update(HOMES).filter_by(**place).values(**values)).rowcount == 0:
        tx.execute(insert(HOMES).values(**place, **values))
    _owe(tx, account, user_id, now, now)


def owe_page(tx: Transaction, account: Account, user_id: str, now: datetime) -> None:
    """Owe a user's page soon, if they have opened it not long ago and it is not owed already."""
    kept = select(HOMES.c.user_id).filter_by(**_place(account, user_id)).where(_kept_up(now))
    if account.chat and tx.execute(kept).first():
        _owe(tx, account, user_id, now, now + GATHERS_FOR)


def kept_up(connection: Connection, account: Account, now: datetime) -> tuple[OpenedHome, ...]:
    """Return the pages that were opened not long ago."""
    mine = (HOMES.c.account_id == account.account_id, HOMES.c.connection == account.chat)
    return tuple(_opened(row) for row in connection.execute(select(HOMES).where(*mine, _kept_up(now))))


def is_any_kept_up(connection: Connection, account_id: str, now: datetime) -> bool:
    """Return whether anybody has opened their page not long ago."""
    opened = select(HOMES.c.user_id).where(HOMES.c.account_id == account_id, _kept_up(now)).limit(1)
    return connection.execute(opened).first() is not None


def find(connection: Connection, account: Account, user_id: str) -> OpenedHome | None:
    row = connection.execute(select(HOMES).filter_by(**_place(account, user_id))).first()
    return _opened(row) if row else None


def shows(tx: Transaction, account: Account, user_id: str, digest: str) -> None:
    """Remember what a page shows now."""
    tx.execute(update(HOMES).filter_by(**_place(account, user_id)).values(shown=digest))


def owe_pages(tx: Transaction, account: Account, users: Iterable[str], now: datetime) -> None:
    """Owe the pages of these users, each once."""
    for user_id in sorted(users):
        _owe(tx, account, user_id, now, now)


def _owe(tx: Transaction, account: Account, user_id: str, now: datetime, due_at: datetime) -> None:
    """Owe a page, or bring forward one that is owed and that nobody has begun."""
    locked = select(HOMES.c.user_id).filter_by(**_place(account, user_id)).with_for_update()
    tx.execute(locked).first()  # of two that look at once only the first finds none owed
    owed = tx.execute(
        select(DELIVERIES.c.delivery_id, DELIVERIES.c.not_before).where(
            DELIVERIES.c.account_id == account.account_id,
            DELIVERIES.c.connection == account.chat,
            DELIVERIES.c.kind == KIND,
            DELIVERIES.c.lane == user_id,
            DELIVERIES.c.state == "owed",
            DELIVERIES.c.lease.is_(None),
            DELIVERIES.c.attempts == 0,
        )
    ).first()
    if owed is None:
        ledger.owe(tx, account.account_id, KIND, account.chat or "", now, lane=user_id, not_before=due_at)
    elif owed.not_before > due_at:
        mine = (DELIVERIES.c.account_id == account.account_id, DELIVERIES.c.delivery_id == owed.delivery_id)
        tx.execute(update(DELIVERIES).where(*mine).values(not_before=due_at))
        tx.wake("deliveries")


def _kept_up(now: datetime) -> ColumnElement[bool]:
    return HOMES.c.opened_at > now - KEPT_FOR


def _place(account: Account, user_id: str) -> dict[str, Any]:
    return {"account_id": account.account_id, "connection": account.chat or "", "user_id": user_id}


def _opened(row: Row[Any]) -> OpenedHome:
    return OpenedHome(user_id=row.user_id, person=row.person, shown=row.shown)
