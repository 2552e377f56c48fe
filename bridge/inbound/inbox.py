"""What a chat has told us, kept once under the id of whoever told it, together with its effect."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import insert, select

from bridge.handoffs.account import Account
from bridge.store import Transaction, tables

INBOX: Final = tables.inbox


def is_known(tx: Transaction, account: Account, connection: str, event_id: str) -> bool:
    known = select(INBOX.c.event_id).where(
        INBOX.c.account_id == account.account_id, INBOX.c.source == connection, INBOX.c.event_id == event_id
    )
    return tx.execute(known).first() is not None


def keep(
    tx: Transaction,
    account: Account,
    connection: str,
    event_id: str,
    now: datetime,
    *,
    handoff_id: str | None = None,
) -> None:
    """Keep that it came; whoever tells it at the same moment breaks on this row, and finds it when they look again."""
    tx.execute(
        insert(INBOX).values(
            account_id=account.account_id,
            source=connection,
            event_id=event_id,
            digest="",
            received_at=now,
            handoff_id=handoff_id,
        )
    )
