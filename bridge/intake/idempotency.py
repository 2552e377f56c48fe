"""The same call gets the same answer: what was answered is kept beside what it caused."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select

from bridge.intake.problems import Problem
from bridge.store import Transaction, tables

INBOX: Final = tables.inbox
#: where the keys of new handoffs are kept; those of calls about a handoff are kept under its id
NEW: Final = "bot"
LONGEST_KEY: Final = 255


def checked_key(key: str | None) -> str | None:
    """Return the key as given; None for none. Raises Problem 400 for one that cannot be kept."""
    if key is None or (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        return key
    raise Problem(
        status=400,
        code="bad_idempotency_key",
        title="The idempotency key cannot be used",
        detail=f"Idempotency-Key must be 1 to {LONGEST_KEY} printable ASCII characters.",
    )


def recall(tx: Transaction, account_id: str, source: str, key: str, body: bytes) -> dict[str, Any] | None:
    """Return what this call was answered before, None for a new one. Raises Problem 409 for another body.

    `source` is what the key belongs to: `NEW`, or the id of the handoff the call is about.
    """
    known = tx.execute(
        select(INBOX.c.digest, INBOX.c.answer).where(
            INBOX.c.account_id == account_id, INBOX.c.source == source, INBOX.c.event_id == key
        )
    ).first()
    if known is None:
        return None
    if known.digest != _digest(body):
        raise Problem(
            status=409,
            code="idempotency_key_reused",
            title="This idempotency key was used with another body",
            detail="Use a new key for a new handoff; repeat the same body to get the first answer again.",
        )
    answer: dict[str, Any] = known.answer
    return answer


def remember(
    tx: Transaction,
    account_id: str,
    source: str,
    key: str,
    body: bytes,
    handoff_id: str,
    answer: dict[str, Any],
    now: datetime,
) -> None:
    tx.execute(
        insert(INBOX).values(
            account_id=account_id,
            source=source,
            event_id=key,
            digest=_digest(body),
            received_at=now,
            handoff_id=handoff_id,
            answer=answer,
        )
    )


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
