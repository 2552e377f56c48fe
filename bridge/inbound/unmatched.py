"""Events about tickets: which handoff they belong to, and reading a ticket back when only its change is known."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import exists, select

from bridge.handoffs import rows
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_change
from bridge.handoffs.model import TicketRef
from bridge.store import Transaction, tables

DELIVERIES: Final = tables.deliveries
INBOX: Final = tables.inbox


def handoff_of(
    tx: Transaction, account: Account, connection: str, ticket_id: str, handoff_id: str | None
) -> str | None:
    """Return whose ticket this is: by the ticket, else by the mark it carries. None: not one of ours."""
    found = rows.find_by_ticket(tx.connection, account.account_id, connection, ticket_id)
    if found or not handoff_id:
        return found
    known = tx.execute(rows.one(account.account_id, handoff_id)).first()
    return handoff_id if known else None


def owe_reading(
    tx: Transaction, account: Account, connection: str, ticket_id: str, handoff_id: str | None, now: datetime
) -> str | None:
    """Owe one reading of a ticket of ours that people may still act on. Returns its handoff, None if none."""
    ours = handoff_of(tx, account, connection, ticket_id, handoff_id)
    if ours is None:
        return None
    change = open_change(tx, account, ours, now)
    if change.handoff.is_open and not _reading_owed(change, connection):
        change.owe("read_ticket", connection)
        change.write()
    return ours


def owe_reading_if_heard_of(change: Change, ticket: TicketRef) -> None:
    """A webhook may have spoken of the ticket before we knew its id: then read it now."""
    heard = exists().where(
        INBOX.c.account_id == change.handoff.account_id,
        INBOX.c.source == ticket.connection,
        INBOX.c.ticket_id == ticket.id,
    )
    if change.tx.execute(select(heard)).scalar():
        change.owe("read_ticket", ticket.connection)


def _reading_owed(change: Change, connection: str) -> bool:
    owed = exists().where(
        DELIVERIES.c.account_id == change.handoff.account_id,
        DELIVERIES.c.handoff_id == change.handoff.handoff_id,
        DELIVERIES.c.connection == connection,
        DELIVERIES.c.kind == "read_ticket",
        DELIVERIES.c.state == "owed",
        DELIVERIES.c.attempts == 0,
    )
    return bool(change.tx.execute(select(owed)).scalar())
