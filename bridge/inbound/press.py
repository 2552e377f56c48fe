"""A button pressed under a card. Each is safe to press twice, and by the wrong person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select

from bridge.accounts import Accounts
from bridge.handoffs import lifecycle
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_change
from bridge.handoffs.rows import UnknownHandoff
from bridge.roster.model import Person
from bridge.store import Database, Transaction, tables
from connectors.base import Press
from connectors.registry import Connectors

INBOX: Final = tables.inbox


@dataclass(frozen=True, kw_only=True)
class Presses:
    """Takes presses for one account: each is kept, and has its effect, before the chat gets its answer."""

    database: Database
    accounts: Accounts
    account_id: str
    connectors: Connectors
    clock: Callable[[], datetime]

    def take(self, press: Press) -> str | None:
        """Give a verified press its effect, once. Return why it had none, None when it had."""
        now = self.clock()

        def work(tx: Transaction) -> str | None:
            account = self.accounts.of(tx.connection, self.account_id)
            connection = account.chat or ""
            if _is_known(tx, account, connection, press.event_id):
                return None
            refusal = _effect(tx, account, self.connectors.vendors[connection], press, now)
            _keep(tx, account, connection, press, now)
            return refusal

        return self.database.transact(work)

    def refuse(self, press: Press, text: str) -> None:
        """Tell the presser, and nobody else, why nothing happened."""
        now = self.clock()

        def work(tx: Transaction) -> None:
            account = self.accounts.of(tx.connection, self.account_id)
            try:
                change = open_change(tx, account, press.handoff_id, now)
            except UnknownHandoff:
                return
            if press.card:
                refuse(change, press.card.channel, press.user_id, text)
                change.write()

        self.database.transact(work)


def claim_by(change: Change, person: Person | None) -> str | None:
    """Let `person`, None for a stranger, claim the handoff. Return why that did nothing, None when it did."""
    if person is None:
        return "Only people of this desk can claim a handoff. Ask your lead to add you to the desk."
    if lifecycle.claim(change, person, change.now):
        return None
    holder = change.account.person(change.handoff.claimed_by)
    return (
        f"{holder.name} has it already."
        if holder
        else "It is over: nobody waits for an answer here any more."
    )


def refuse(change: Change, channel: str, user_id: str, text: str) -> None:
    """Owe the presser, and nobody else, a line that says why nothing happened."""
    if change.account.chat:
        payload = {"channel": channel, "user_id": user_id, "text": text}
        change.owe("private_line", change.account.chat, payload=payload)


def _effect(tx: Transaction, account: Account, vendor: str, press: Press, now: datetime) -> str | None:
    try:
        change = open_change(tx, account, press.handoff_id, now)
    except UnknownHandoff:
        return "This handoff is not known here."
    person = account.person_by_id(vendor, press.user_id)
    if person is None and press.card and account.is_known_by_email_alone(vendor):
        # Who this is only the chat can say, and asking it is a call we owe.
        payload = {"user_id": press.user_id, "channel": press.card.channel}
        change.owe("settle_press", press.card.connection, payload=payload)
        refusal = None
    else:
        refusal = claim_by(change, person)
    change.write()
    return refusal


def _is_known(tx: Transaction, account: Account, connection: str, event_id: str) -> bool:
    known = select(INBOX.c.event_id).where(
        INBOX.c.account_id == account.account_id, INBOX.c.source == connection, INBOX.c.event_id == event_id
    )
    return tx.execute(known).first() is not None


def _keep(tx: Transaction, account: Account, connection: str, press: Press, now: datetime) -> None:
    tx.execute(
        insert(INBOX).values(
            account_id=account.account_id,
            source=connection,
            event_id=press.event_id,
            digest="",
            received_at=now,
            handoff_id=press.handoff_id,
        )
    )
