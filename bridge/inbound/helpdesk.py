"""A helpdesk's webhook, kept once: a message that needs no more is taken in, a hint owes a reading."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update

from bridge.handoffs.account import Account
from bridge.handoffs.change import open_change
from bridge.inbound.history import heard
from bridge.inbound.unmatched import handoff_of, owe_reading
from bridge.store import Transaction, tables
from connectors.base import HelpdeskEvent

INBOX: Final = tables.inbox
CONNECTIONS: Final = tables.connections


def take_in(
    tx: Transaction, account: Account, connection: str, event: HelpdeskEvent, body: bytes, now: datetime
) -> bool:
    """Give a verified event its effect. Return False when it was here before: then nothing happens."""
    if _is_known(tx, account, connection, event.event_id):
        return False
    ours = handoff_of(tx, account, connection, event.ticket_id, event.handoff_id)
    tx.execute(
        insert(INBOX).values(
            account_id=account.account_id,
            source=connection,
            event_id=event.event_id,
            digest=hashlib.sha256(body).hexdigest(),
            received_at=now,
            handoff_id=ours,
            ticket_id=event.ticket_id,
        )
    )
    tx.execute(
        update(CONNECTIONS)
        .where(CONNECTIONS.c.account_id == account.account_id, CONNECTIONS.c.connection == connection)
        .values(heard_at=now)
    )
    if ours and event.message:
        change = open_change(tx, account, ours, now)
        heard(change, event.message)
        change.write()
    elif ours:
        owe_reading(tx, account, connection, event.ticket_id, ours, now)
    return True


def _is_known(tx: Transaction, account: Account, connection: str, event_id: str) -> bool:
    known = tx.execute(
        select(INBOX.c.event_id).where(
            INBOX.c.account_id == account.account_id,
            INBOX.c.source == connection,
            INBOX.c.event_id == event_id,
        )
    )
    return known.first() is not None
