"""What the bot asks for, done: each function reads a body, makes one transaction and returns an answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Any, Final, TypeVar

import structlog
from pydantic import ValidationError
from sqlalchemy import select

from bridge.accounts import Accounts, Caller
from bridge.handoffs import lifecycle, rows
from bridge.handoffs.accept import Handover
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_change
from bridge.handoffs.document import document
from bridge.handoffs.hearing import for_bots
from bridge.handoffs.model import Handoff
from bridge.intake.acceptance import Asked, accept_all
from bridge.intake.idempotency import NEW, KeyedCall, recall, remember
from bridge.intake.problems import Problem, unreadable, unusable
from bridge.intake.schema import (
    HandoffRequest,
    MessagesRequest,
    PatchRequest,
    WithdrawRequest,
    merge_patch,
    to_context,
    to_turns,
)
from bridge.intake.strict_json import BadJson, read_json
from bridge.store import Database, Gathering, Transaction, tables

log = structlog.get_logger()
T = TypeVar("T")

TIMELINE: Final = tables.timeline
#: what a bot may see of its handoff as it stands; `_shown` adds the rest
SHOWN: Final = (
    "state",
    "test",
    "conversation_id",
    "channel",
    "topic",
    "trigger",
    "customer",
    "fields",
    "records",
    "attempts",
    "verification",
    "sentiment",
    "summary",
    "language",
    "flags",
    "started_at",
    "asked_at",
    "received_at",
    "promised_at",
    "channel_closes_at",
    "claimed_at",
    "answered_by",
    "answered_at",
    "closed_at",
    "outcome",
    "rung",
)
WAIT_LOOK_SECONDS: Final = 0.05
LONGEST_WAIT_SECONDS: Final = 10.0


class Intake:
    """`leaving` is set when the process is about to end: nobody is kept waiting any more."""

    def __init__(
        self,
        *,
        database: Database,
        accounts: Accounts,
        clock: Callable[[], datetime],
        leaving: threading.Event | None = None,
    ) -> None:
        self.database = database
        self.accounts = accounts
        self.clock = clock
        self.leaving = leaving or threading.Event()
        self._asked: Gathering[Asked, dict[str, Any]] = Gathering(
            database, lambda tx, asked: accept_all(tx, accounts, asked)
        )

    def hand_over(self, caller: Caller, body: bytes, key: str | None) -> Future[dict[str, Any]]:
        """Accept a handoff; return what will hold the receipt once it is kept, the same for the same key and body.

        Raises Problem at once for a body that cannot be read.
        """
        now = self.clock()
        request, flags = _read(HandoffRequest, body)
        accepted = to_context(request, now)
        handover = Handover(
            context=accepted.context,
            started_at=accepted.started_at,
            asked_at=accepted.asked_at,
            flags=(*flags, *accepted.flags),
            test=caller.test or request.test,
            key_id=caller.key_id,
        )
        call = KeyedCall.of(caller.account_id, NEW, key, body)
        return self._asked.ask(Asked(account_id=caller.account_id, handover=handover, now=now, call=call))

    def look(self, caller: Caller, handoff_id: str) -> dict[str, Any]:
        with self.database.read() as connection:
            handoff = _find(caller, lambda: rows.find(connection, caller.account_id, handoff_id))
            account = self.accounts.of(connection, caller.account_id)
        return _shown(handoff, account)

    def timeline(self, caller: Caller, handoff_id: str) -> dict[str, Any]:
        with self.database.read() as connection:
            _find(caller, lambda: rows.find(connection, caller.account_id, handoff_id))
            found = connection.execute(
                select(TIMELINE)
                .where(TIMELINE.c.account_id == caller.account_id, TIMELINE.c.handoff_id == handoff_id)
                .order_by(TIMELINE.c.number)
            ).all()
            account = self.accounts.of(connection, caller.account_id)
        return {"id": handoff_id, "events": [_event(row, account) for row in found]}

    def add_context(self, caller: Caller, handoff_id: str, body: bytes, key: str | None) -> dict[str, Any]:
        request, _ = _read(PatchRequest, body)

        def patch(change: Change) -> None:
            _must_be_open(change)
            lifecycle.add_context(change, merge_patch(change.handoff.context, request, change.now))

        return self._change(caller, handoff_id, patch, body, key)

    def add_messages(self, caller: Caller, handoff_id: str, body: bytes, key: str | None) -> dict[str, Any]:
        request, _ = _read(MessagesRequest, body)

        def add(change: Change) -> None:
            _must_be_open(change)
            lifecycle.add_messages(change, to_turns(request, change.now))

        return self._change(caller, handoff_id, add, body, key)

    def withdraw(self, caller: Caller, handoff_id: str, body: bytes, key: str | None) -> dict[str, Any]:
        request, _ = _read(WithdrawRequest, body or b"{}")

        def take_back(change: Change) -> None:
            lifecycle.withdraw(change, request.reason)

        return self._change(caller, handoff_id, take_back, body, key)

    def wait_for_ticket(self, caller: Caller, handoff_id: str, seconds: float) -> dict[str, Any] | None:
        """Wait until the ticket exists, at most so long; return it, None when it is not there yet."""
        until = time.monotonic() + min(seconds, LONGEST_WAIT_SECONDS)
        while True:
            ticket: dict[str, Any] | None = self.look(caller, handoff_id)["ticket"]
            if ticket or time.monotonic() >= until or self.leaving.wait(WAIT_LOOK_SECONDS):
                return ticket

    def _change(
        self, caller: Caller, handoff_id: str, what: Callable[[Change], None], body: bytes, key: str | None
    ) -> dict[str, Any]:
        """Change a handoff, once for each key, and return it as it stands then."""
        now, account_id = self.clock(), caller.account_id
        call = KeyedCall.of(account_id, handoff_id, key, body)

        def work(tx: Transaction) -> None:
            change = _find(
                caller, lambda: open_change(tx, self.accounts.of(tx.connection, account_id), handoff_id, now)
            )
            if call and _done(tx, call):
                return
            what(change)
            change.write()
            if call:
                remember(tx, [(call, handoff_id, {}, now)])

        self.database.transact(work)
        return self.look(caller, handoff_id)


def _read(model: Any, body: bytes) -> tuple[Any, tuple[str, ...]]:
    """Read a body as strict JSON of this shape. Raises Problem 400 or 422 that points at what is wrong."""
    try:
        value, flags = read_json(body)
        return model.model_validate(value), flags
    except BadJson as error:
        raise unreadable(error) from None
    except ValidationError as error:
        raise unusable(error) from None


def _find(caller: Caller, look: Callable[[], T]) -> T:
    """Return what `look` finds of the caller's. Another account's is as unknown as one that never was."""
    try:
        return look()
    except rows.UnknownHandoff:
        log.warning("unknown_handoff_asked_for", account=caller.account_id, key=caller.key_id)
        raise Problem(
            status=404,
            code="unknown_handoff",
            title="No such handoff",
            detail="Use the id from the answer to POST /v1/handoffs.",
        ) from None


def _done(tx: Transaction, call: KeyedCall) -> bool:
    """Return whether the call had its effect before. Raises Problem 409 when it had another body."""
    before = recall(tx, [call]).get(call)
    if isinstance(before, Problem):
        raise before
    return before is not None


def _must_be_open(change: Change) -> None:
    if not change.handoff.is_open:
        raise Problem(
            status=409,
            code="handoff_closed",
            title="The handoff is closed",
            detail=f"It was {change.handoff.state}. Hand the conversation over again with POST /v1/handoffs.",
        )


def _shown(handoff: Handoff, account: Account) -> dict[str, Any]:
    """Return what the bot may see of its handoff: what it sent, and how far it has come."""
    whole = document(handoff)
    return {
        **handoff.context.extra,
        "id": handoff.handoff_id,
        **{name: whole[name] for name in SHOWN},
        "owner": _named(account, handoff.owner),
        "claimed_by": _named(account, handoff.claimed_by),
        "bot": handoff.bot.value,
        "turns": len(handoff.context.transcript),
        "ticket": {"id": handoff.ticket.id, "url": handoff.ticket.url} if handoff.ticket else None,
        "announced": handoff.card is not None,
        "window_seconds": int(handoff.window.total_seconds()),
    }


def _named(account: Account, key: str | None) -> dict[str, str] | None:
    """Return the person's first name; None for nobody, or one the desk no longer knows."""
    person = account.person(key)
    return {"first_name": person.first_name} if person else None


def _event(row: Any, account: Account) -> dict[str, Any]:
    """Return one event as the bot may see it: people by their first names, and no word for operators."""
    return {
        "sequence": row.number,
        "event": row.event,
        "actor": _actor(row, account),
        "at": row.at.isoformat(),
        "recorded_at": row.recorded_at.isoformat(),
        "data": for_bots(row.event, row.data),
    }


def _actor(row: Any, account: Account) -> str:
    """Return a person's first name, also of one who has left the desk since; any other actor as it is."""
    person = account.person(row.actor)
    return person.first_name if person else row.data.get("by", row.actor)
