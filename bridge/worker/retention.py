"""Keep what is over no longer than wanted: purge in small transactions, resting as long as each took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from bridge.accounts import account_ids
from bridge.handoffs.purging import purge_some, purge_unclaimed_events
from bridge.store import Database, StoreUnavailable, Transaction

log = structlog.get_logger()

#: handoffs in one transaction: more would make intake on SQLite, where one writes at a time, wait noticeably
MOST_AT_ONCE: Final = 50
#: younger than that a closed handoff may still be heard of, and reports still ask for it
SHORTEST_DAYS: Final = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Purged:
    """What was removed: handoffs with all that hung on them, and events that belonged to none."""

    handoffs: int
    events: int


def purge(
    database: Database,
    before: datetime,
    *,
    accounts: list[str] | None = None,
    most_seconds: float | None = None,
    most_at_once: int = MOST_AT_ONCE,
) -> Purged:
    """Remove what was over before then, in these accounts, None for all. Raises StoreUnavailable.

    With `most_seconds` it ends after about so long; what is left is for the next time.
    """
    end = None if most_seconds is None else time.monotonic() + most_seconds
    handoffs = events = 0
    for account_id in account_ids(database) if accounts is None else accounts:
        handoffs += _all_of(database, purge_some, account_id, before, most_at_once, end)
        events += _all_of(database, purge_unclaimed_events, account_id, before, most_at_once, end)
    return Purged(handoffs=handoffs, events=events)


def keep_for(database: Database, retention: timedelta | None, now: datetime, most_seconds: float) -> None:
    """Do some of the purging that the retention asks for; None keeps everything."""
    if retention is None:
        return
    try:
        purged = purge(database, now - retention, most_seconds=most_seconds)
    except StoreUnavailable as error:
        log.error("store_unavailable", error=str(error))
        return
    if purged.handoffs or purged.events:
        log.info("purged", handoffs=purged.handoffs, events=purged.events)


def _all_of(
    database: Database,
    some: Callable[[Transaction, str, datetime, int], int],
    account_id: str,
    before: datetime,
    most: int,
    end: float | None,
) -> int:
    removed = 0
    while end is None or time.monotonic() < end:
        began = time.monotonic()
        found = database.transact(lambda tx: some(tx, account_id, before, most))
        removed += found
        if found < most:
            break
        time.sleep(time.monotonic() - began)
    return removed
