"""A helpdesk's webhook, kept once: a message that needs no more is taken in, a hint owes a reading."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update

from bridge.handoffs.account import Account
from bridge.inbound.history import heard, heard_in_part, is_ours
from bridge.inbound.tickets import handoffs_of, open_listening, owe_readings
from bridge.store import Transaction, tables
from connectors.base import AuthorKind, HelpdeskEvent

INBOX: Final = tables.inbox
CONNECTIONS: Final = tables.connections


def take_in(
    tx: Transaction, account: Account, connection: str, event: HelpdeskEvent, body: bytes, now: datetime
) -> bool:
    """Give a verified event its effect, on every handoff of its ticket. Return False when it was here before.

    A message then has no second effect. A hint owes another reading all the same: where a helpdesk
    gives its hints no ids, two events of one ticket look alike, and a reading too many does no harm.
    """
    known = _is_known(tx, account, connection, event.event_id)
    ours = handoffs_of(tx, account, connection, event.ticket_id, event.handoff_id)
    if not known:
        _keep(tx, account, connection, event, ours, body, now)
    if event.message is None:
        owe_readings(tx, account, connection, ours, now)
    elif not known:
        for change in open_listening(tx, account, ours, now):
            ticket = change.handoff.ticket
            if ticket is None or ticket.id != event.ticket_id or is_ours(event.message, ticket):
                if event.whole:
                    heard(change, event.message)
                else:
                    heard_in_part(change, event.message, connection)
            change.write()
    return not known


def _keep(
    tx: Transaction,
    account: Account,
    connection: str,
    event: HelpdeskEvent,
    ours: tuple[str, ...],
    body: bytes,
    now: datetime,
) -> None:
    tx.execute(
        insert(INBOX).values(
            account_id=account.account_id,
            source=connection,
            event_id=event.event_id,
            digest=hashlib.sha256(body).hexdigest(),
            received_at=now,
            handoff_id=event.handoff_id if event.handoff_id in ours else next(iter(ours), None),
            # By it a ticket is read as soon as it is known to be ours; a word that answers nobody is not worth that.
            ticket_id=event.ticket_id if _may_answer(event) else None,
        )
    )
    tx.execute(
        update(CONNECTIONS)
        .where(CONNECTIONS.c.account_id == account.account_id, CONNECTIONS.c.connection == connection)
        .values(heard_at=now)
    )


def _may_answer(event: HelpdeskEvent) -> bool:
    said = event.message
    return said is None or (said.public and said.author.kind is AuthorKind.PERSON)


def _is_known(tx: Transaction, account: Account, connection: str, event_id: str) -> bool:
    known = tx.execute(
        select(INBOX.c.event_id).where(
            INBOX.c.account_id == account.account_id,
            INBOX.c.source == connection,
            INBOX.c.event_id == event_id,
        )
    )
    return known.first() is not None
