"""The reconciler: ask a helpdesk what changed, so that a lost webhook is found within two minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bridge.delivery.job import Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.handoffs.account import Account
from bridge.handoffs.ids import made_at
from bridge.inbound.tickets import adopt, handoffs_of, owe_readings
from bridge.store import Transaction
from connectors.base import ChangedTicket, ChangePage, Helpdesk

log = structlog.get_logger()

NEXT_PAGE: Final = timedelta(seconds=1)
#: how far behind a helpdesk's list of changes may be: there are such as hide the last minute
SHOWN_WITHIN: Final = timedelta(minutes=5)
#: in the payload after a restore: when the copy of the store was made, and until when what it has lost may come up
COPIED_AT: Final = "copied_at"
LOST_UNTIL: Final = "lost_until"


def read_changes(job: Job, bench: Workbench) -> Paid:
    """Read one page of changed tickets; the page's cursor is the payload of the next round."""
    page = bench.helpdesks[job.connection].changes(job.payload.get("cursor"), bench.now)
    restore = {name: job.payload[name] for name in (COPIED_AT, LOST_UNTIL) if name in job.payload}

    def owe_readings(tx: Transaction, account: Account, now: datetime) -> None:
        _owe_readings(tx, account, job.connection, page, now, restore.get(COPIED_AT))

    return Paid(
        errand=owe_readings,
        again_after=NEXT_PAGE if page.more else bench.poll_every,
        payload={"cursor": page.cursor, **(restore if page.more or _may_come_up(restore, bench.now) else {})},
    )


def from_moment(helpdesk: Helpdesk, copied_at: datetime, now: datetime) -> dict[str, Any]:
    """Return the payload of a poll that tells all that changed since a store's copy was made, restored `now`."""
    return {
        "cursor": helpdesk.cursor_at(copied_at),
        COPIED_AT: copied_at.isoformat(),
        LOST_UNTIL: (now + SHOWN_WITHIN).isoformat(),
    }


def _may_come_up(restore: dict[str, str], now: datetime) -> bool:
    return LOST_UNTIL in restore and now < datetime.fromisoformat(restore[LOST_UNTIL])


def _owe_readings(
    tx: Transaction, account: Account, connection: str, page: ChangePage, now: datetime, copied_at: str | None
) -> None:
    ours: set[str] = set()
    for ticket in page.tickets:
        known = handoffs_of(tx, account, connection, ticket.ref.id, ticket.handoff_id)
        adopt(tx, account, known, ticket.ref, now)
        ours.update(known)
        if copied_at and not known:
            _tell_of_a_lost_one(ticket, datetime.fromisoformat(copied_at))
    owe_readings(tx, account, connection, ours, now)


def _tell_of_a_lost_one(ticket: ChangedTicket, copied_at: datetime) -> None:
    """A handoff accepted after the copy was made is gone with the store, but its ticket is there for people."""
    made = made_at(ticket.handoff_id or "")
    if made and made >= copied_at:
        log.error("ticket_of_a_lost_handoff", connection=ticket.ref.connection, ticket=ticket.ref.id)
