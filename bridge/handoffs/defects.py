"""What an admin must mend: a channel, a person, a field, an address. Told to the lead once, kept while it lasts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from bridge.handoffs import lifecycle
from bridge.handoffs.change import Change
from bridge.store import Transaction, tables
from bridge.store.columns import Instant

log = structlog.get_logger()

DEFECTS: Final = tables.defects
ACCOUNTS: Final = tables.accounts
LONGEST_NAME: Final = 255
#: what nobody has met for so long counts as mended; if it comes again it is told again
FORGOTTEN_AFTER: Final = timedelta(days=1)
#: it is written down anew no more often, so that a storm of the same does not write one row all the time
SEEN_EVERY: Final = timedelta(minutes=5)
#: asked for each callback, so built once
LASTS: Final = select(
    exists().where(
        DEFECTS.c.account_id == bindparam("of_account"),
        DEFECTS.c.about == bindparam("about"),
        DEFECTS.c.seen_at > bindparam("since", type_=Instant),
    )
)


def meets(change: Change, about: str, problem: str) -> None:
    """This handoff met a defect: tell the lead, unless that was done."""
    if found(change.tx, change.handoff.account_id, about, problem, change.now):
        lifecycle.alarm(change, problem)


def found(tx: Transaction, account_id: str, about: str, problem: str, now: datetime) -> bool:
    """Keep a defect, met or heard of. Return whether it is news, so that whoever keeps it tells the lead."""
    if _is_known(tx, account_id, about, now):
        return False
    # Locked, so that of several workers that meet it at once one tells.
    tx.execute(select(ACCOUNTS.c.account_id).where(ACCOUNTS.c.account_id == account_id).with_for_update())
    if _is_known(tx, account_id, about, now):
        return False
    over(tx, account_id, about)
    tx.execute(
        insert(DEFECTS).values(
            account_id=account_id,
            about=about[:LONGEST_NAME],
            problem=problem,
            began_at=now,
            seen_at=now,
        )
    )
    log.warning("defect_found", about=about, problem=problem)
    return True


def over(tx: Transaction, account_id: str, about: str) -> None:
    tx.execute(delete(DEFECTS).where(*_place(account_id, about)))


def lasts(connection: Connection, account_id: str, about: str, now: datetime) -> bool:
    """Return whether this defect is known and was met not long ago."""
    asked = {"of_account": account_id, "about": about[:LONGEST_NAME], "since": now - FORGOTTEN_AFTER}
    return bool(connection.execute(LASTS, asked).scalar())


def _is_known(tx: Transaction, account_id: str, about: str, now: datetime) -> bool:
    if not lasts(tx.connection, account_id, about, now):
        return False
    tx.execute(
        update(DEFECTS)
        .where(*_place(account_id, about), DEFECTS.c.seen_at < now - SEEN_EVERY)
        .values(seen_at=now)
    )
    return True


def _place(account_id: str, about: str) -> tuple[Any, ...]:
    return (DEFECTS.c.account_id == account_id, DEFECTS.c.about == about[:LONGEST_NAME])
