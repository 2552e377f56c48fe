"""What one user of the chat is told alone: the answer to a command, or why a press did nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.delivery import ledger
from bridge.delivery.job import ABOUT
from bridge.handoffs.account import Account
from bridge.store import Transaction


def owe_telling(
    tx: Transaction,
    account: Account,
    kind: str,
    handoff_id: str,
    now: datetime,
    *,
    user_id: str,
    payload: Mapping[str, Any],
) -> None:
    """Owe a user something about a handoff. It holds up nothing that the handoff owes, whatever becomes of it."""
    if account.chat:
        told = {**payload, "user_id": user_id, ABOUT: handoff_id}
        ledger.owe(tx, account.account_id, kind, account.chat, now, payload=told, lane=user_id)


def owe_line(
    tx: Transaction, account: Account, user_id: str, text: str, now: datetime, *, channel: str | None = None
) -> None:
    """Owe a user a line: in `channel`, seen by nobody else, or by direct message where it is None."""
    if account.chat:
        payload = {"channel": channel, "user_id": user_id, "text": text}
        ledger.owe(
            tx,
            account.account_id,
            "private_line",
            account.chat,
            now,
            payload=payload,
            lane=channel or user_id,
        )
