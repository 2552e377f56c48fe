"""The reconciler: ask a helpdesk what changed, so that a lost webhook is found within two minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bridge.delivery.job import Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.handoffs.account import Account
from bridge.inbound.tickets import handoffs_of, owe_readings
from bridge.store import Transaction
from connectors.base import ChangePage

NEXT_PAGE: Final = timedelta(seconds=1)


def read_changes(job: Job, bench: Workbench) -> Paid:
    """Read one page of changed tickets; the page's cursor is the payload of the next round."""
    page = bench.helpdesks[job.connection].changes(job.payload.get("cursor"), bench.now)

    def owe_readings(tx: Transaction, account: Account, now: datetime) -> None:
        _owe_readings(tx, account, job.connection, page, now)

    return Paid(
        errand=owe_readings,
        again_after=NEXT_PAGE if page.more else bench.poll_every,
        payload={"cursor": page.cursor},
    )


def _owe_readings(
    tx: Transaction, account: Account, connection: str, page: ChangePage, now: datetime
) -> None:
    ours = {
        handoff_id
        for ticket in page.tickets
        for handoff_id in handoffs_of(tx, account, connection, ticket.ref.id, ticket.handoff_id)
    }
    owe_readings(tx, account, connection, ours, now)
