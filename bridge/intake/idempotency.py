"""The same call gets the same answer: what was answered is kept beside what it caused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, select

from bridge.intake.problems import Problem
from bridge.store import Transaction, tables
from bridge.store.lookups import as_keys, keys_given_as

INBOX: Final = tables.inbox
#: where the keys of new handoffs are kept; those of calls about a handoff are kept under its id
NEW: Final = "bot"
LONGEST_KEY: Final = 255
ASKED: Final = keys_given_as("keys")


def _kept(what: ColumnElement[Any]) -> ColumnElement[Any]:
    """Select what is kept with a key asked for."""
    found = select(what).where(
        INBOX.c.account_id == bindparam("account_id"),
        INBOX.c.source == bindparam("source"),
        INBOX.c.event_id == ASKED.c.value,
    )
    return found.scalar_subquery().label(what.name)


KNOWN: Final = select(ASKED.c.value.label("event_id"), _kept(INBOX.c.digest), _kept(INBOX.c.answer))


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


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyedCall:
    """A call that is to have one effect, however often it comes.

    `source` is what the key belongs to: `NEW`, or the id of the handoff the call is about.
    """

    account_id: str
    source: str
    key: str
    digest: str  #: of the body

    @classmethod
    def of(cls, account_id: str, source: str, key: str | None, body: bytes) -> KeyedCall | None:
        """Return the call; None for one without a key, which is new each time."""
        if key is None:
            return None
        return cls(account_id=account_id, source=source, key=key, digest=hashlib.sha256(body).hexdigest())


def recall(tx: Transaction, calls: Sequence[KeyedCall]) -> dict[KeyedCall, dict[str, Any] | Problem]:
    """Return what calls of one account and source were answered before, Problem 409 to one with another body.

    Those that are new are left out.
    """
    if not calls:
        return {}
    place = {"account_id": calls[0].account_id, "source": calls[0].source}
    found = tx.execute(KNOWN, {**place, "keys": as_keys(call.key for call in calls)})
    known = {row.event_id: row for row in found if row.digest}
    return {call: _answer(call, known[call.key]) for call in calls if call.key in known}


def remember(tx: Transaction, answered: Iterable[tuple[KeyedCall, str, dict[str, Any], datetime]]) -> None:
    """Keep, for each call, which handoff it was about, what it was answered and when."""
    rows = [
        {
            "account_id": call.account_id,
            "source": call.source,
            "event_id": call.key,
            "digest": call.digest,
            "received_at": now,
            "handoff_id": handoff_id,
            "answer": answer,
        }
        for call, handoff_id, answer, now in answered
    ]
    tx.add(INBOX, rows)


def _answer(call: KeyedCall, known: Any) -> dict[str, Any] | Problem:
    if known.digest == call.digest:
        answer: dict[str, Any] = known.answer
        return answer
    return Problem(
        status=409,
        code="idempotency_key_reused",
        title="This idempotency key was used with another body",
        detail="Use a new key for a new handoff; repeat the same body to get the first answer again.",
    )
