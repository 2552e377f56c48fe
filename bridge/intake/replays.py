"""A signature is good for one call. Whoever has read a signed request cannot make another call of it.

Sending the very same call again is no replay but a retry: it has one effect and gets the first answer.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select

from bridge.accounts import account_ids
from bridge.security.signatures import TOLERANCE, Signed
from bridge.store import Database, Transaction, tables

INBOX: Final = tables.inbox
#: where the signatures that were used are kept
SOURCE: Final = "signature"
#: as long as a signature stays good whose sender's clock was as far ahead as may be
KEPT_FOR: Final = 2 * TOLERANCE


def is_replay(
    tx: Transaction, account_id: str, signed: Signed, call: str, body: bytes, now: datetime
) -> bool:
    """Return whether the signature was used before for another call, and note that it is used for this one.

    `call` names what is asked for. One that only reads is a replay whenever it comes again: a retry
    of it can be signed anew, and its answer may have changed.
    """
    signature, wanted = _signature(signed, body), _digest(call.encode())
    used_for = tx.execute(
        select(INBOX.c.digest).where(
            INBOX.c.account_id == account_id, INBOX.c.source == SOURCE, INBOX.c.event_id == signature
        )
    ).scalar()
    if used_for is not None:
        return used_for != wanted or call.startswith("GET ")
    tx.execute(
        insert(INBOX).values(
            account_id=account_id, source=SOURCE, event_id=signature, digest=wanted, received_at=now
        )
    )
    return False


def forget_signatures(database: Database, now: datetime) -> None:
    """Drop the signatures that are too old to be taken anyway."""

    def work(tx: Transaction) -> None:
        for account_id in accounts:
            tx.execute(
                delete(INBOX).where(
                    INBOX.c.account_id == account_id,
                    INBOX.c.source == SOURCE,
                    INBOX.c.received_at < now - KEPT_FOR,
                )
            )

    accounts = account_ids(database)
    database.transact(work)


def _signature(signed: Signed, body: bytes) -> str:
    """Return what stays the same however the header is written: what was signed, not how it reads."""
    return _digest(f"{signed.message_id}\n{signed.sent_at.isoformat()}\n".encode() + body)


def _digest(of: bytes) -> str:
    return hashlib.sha256(of).hexdigest()
