"""A ticket at the helpdesk: which handoffs it belongs to, and owing them its reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, select

from bridge.handoffs import lifecycle, rows
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_change
from bridge.handoffs.model import Handoff, TicketRef
from bridge.handoffs.owed import is_being_opened
from bridge.store import Transaction, tables

DELIVERIES: Final = tables.deliveries
INBOX: Final = tables.inbox
#: How long a closed handoff still listens. A solved ticket may be reopened, a deleted one restored, and
#: what a person then writes is for the customer, and may be the answer; what was written before a withdrawal
#: may come to light after it. But old tickets are touched for many other reasons, and reading each of them
#: for ever would spend calls on conversations long over.
LISTENS_ON: Final = timedelta(days=7)


def handoffs_of(
    tx: Transaction, account: Account, connection: str, ticket_id: str, marked: str | None
) -> tuple[str, ...]:
    """Return whose ticket this is, in the order of their ids: of a merged ticket there are several.

    `marked` is the handoff that the ticket's mark names, None where it has none; a mark that is not
    ours counts for nothing. Empty when the ticket is not one of ours.
    """
    found = set(rows.find_by_ticket(tx.connection, account.account_id, connection, ticket_id))
    if marked and tx.execute(rows.ONE, {"of_account": account.account_id, "of_handoff": marked}).first():
        found.add(marked)
    return tuple(sorted(found))


def open_listening(
    tx: Transaction, account: Account, handoff_ids: Iterable[str], now: datetime
) -> Iterator[Change]:
    """Lock the handoffs one after the other and give a change for each that a person may yet write to.

    Always in the order of their ids, so that two transactions never wait for each other; whoever
    locks several handoffs does it by one call of this.
    """
    for handoff_id in sorted(set(handoff_ids)):
        change = open_change(tx, account, handoff_id, now)
        if is_listening(change.handoff, now):
            yield change


def is_listening(handoff: Handoff, now: datetime) -> bool:
    """Return whether what people write on the ticket still matters to this handoff.

    Neither a status nor a withdrawal is an answer, and a person may write once more after the end: what was
    closed listens on for a while. Source: docs/glossary.md, "answer", "relay".
    """
    return handoff.closed_at is None or now - handoff.closed_at < LISTENS_ON


def owe_readings(
    tx: Transaction, account: Account, connection: str, handoff_ids: Iterable[str], now: datetime
) -> None:
    """Owe each of these handoffs that still listens one reading of its ticket."""
    for change in open_listening(tx, account, handoff_ids, now):
        if not _reading_owed(change, connection):
            change.owe("read_ticket", connection)
            change.write()


def adopt(
    tx: Transaction, account: Account, handoff_ids: Iterable[str], ticket: TicketRef, now: datetime
) -> None:
    """Take in a ticket that carries the mark of a handoff which knows none.

    One that is still being opened is left alone: whoever opens it looks for it first.
    """
    for change in open_listening(tx, account, handoff_ids, now):
        if change.handoff.ticket is None and not is_being_opened(change):
            lifecycle.ticketed(change, ticket)
            change.write()


def owe_reading_if_heard_of(change: Change, ticket: TicketRef) -> None:
    """A webhook may have spoken of the ticket before we knew its id: then read it now."""
    heard = exists().where(
        INBOX.c.account_id == change.handoff.account_id,
        INBOX.c.source == ticket.connection,
        INBOX.c.ticket_id == ticket.id,
    )
    if change.tx.execute(select(heard)).scalar():
        owe_reading(change, ticket)


def owe_reading(change: Change, ticket: TicketRef) -> None:
    change.owe("read_ticket", ticket.connection)


def _reading_owed(change: Change, connection: str) -> bool:
    """Return whether a reading of the ticket is owed already that nobody has begun; of a former one counts not."""
    owed = select(DELIVERIES.c.payload).where(
        DELIVERIES.c.account_id == change.handoff.account_id,
        DELIVERIES.c.handoff_id == change.handoff.handoff_id,
        DELIVERIES.c.connection == connection,
        DELIVERIES.c.kind == "read_ticket",
        DELIVERIES.c.state == "owed",
        DELIVERIES.c.attempts == 0,
    )
    return any("former" not in payload for payload in change.tx.execute(owed).scalars())
