"""One transaction's work on one handoff: what it becomes, what its timeline gains, what it now owes.

A change is collected first and written at the end, in a handful of statements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update

from bridge.handoffs import rows
from bridge.handoffs.account import BOT, Account
from bridge.handoffs.hearing import for_bots
from bridge.handoffs.ids import new_id
from bridge.handoffs.model import Handoff
from bridge.store import Transaction, tables

HANDOFFS = tables.handoffs


class Change:
    """What one event makes of one handoff. Nothing is kept before `write`."""

    def __init__(
        self, tx: Transaction, account: Account, handoff: Handoff, now: datetime, *, counter: int = 0
    ) -> None:
        self.tx = tx
        self.account = account
        self.handoff = handoff
        self.now = now
        self._before = handoff
        self._counter = counter
        self._is_new = counter == 0
        self._events: list[dict[str, Any]] = []
        self._owed: list[dict[str, Any]] = []
        self._clocks: list[dict[str, Any]] = []

    def become(self, **fields: Any) -> None:
        """Change fields of the handoff."""
        self.handoff = replace(self.handoff, **fields)

    def note(
        self, event: str, *, actor: str, at: datetime | None = None, tell_bot: bool = False, **data: Any
    ) -> None:
        """Add to the timeline; with `tell_bot` the bot hears of it too, where it gave an address.

        `at` is when it happened, None for now. `data` must be JSON; what is None in it is left out.
        """
        known = {name: value for name, value in data.items() if value is not None}
        number = self._next()
        happened_at = at or self.now
        self._events.append(
            {
                "account_id": self.handoff.account_id,
                "handoff_id": self.handoff.handoff_id,
                "number": number,
                "event": event,
                "actor": actor,
                "at": happened_at,
                "recorded_at": self.now,
                "data": known,
            }
        )
        if tell_bot and self.handoff.context.callback_url:
            heard = for_bots(event, known)
            payload = {"event": event, "sequence": number, "at": happened_at.isoformat(), "data": heard}
            self.owe("callback", BOT, payload=payload)

    def owe(
        self,
        kind: str,
        connection: str,
        *,
        payload: dict[str, Any] | None = None,
        lane: str = "",
        not_before: datetime | None = None,
        rung: int | None = None,
    ) -> None:
        """Owe one call through `connection`, after those already owed to it for this handoff."""
        handoff = self.handoff
        self._owed.append(
            {
                "account_id": handoff.account_id,
                "delivery_id": new_id("dl", self.now),
                "handoff_id": handoff.handoff_id,
                "connection": connection,
                "kind": kind,
                "lane": lane,
                "number": self._next(),
                "rung": rung,
                "payload": payload or {},
                "state": "owed",
                "waiting_since": handoff.waiting_since,
                "not_before": not_before or self.now,
                "attempts": 0,
                "owed_at": self.now,
            }
        )

    def owes(self, kind: str) -> bool:
        """Return whether this change already owes a delivery of that kind."""
        return any(owed["kind"] == kind for owed in self._owed)

    def arm(self, dues: Mapping[int, datetime]) -> None:
        """Start one clock for each rung, due at the moment given."""
        of = {"account_id": self.handoff.account_id, "handoff_id": self.handoff.handoff_id, "state": "armed"}
        self._clocks.extend({**of, "rung": rung, "due_at": due} for rung, due in dues.items())

    def write(self) -> None:
        """Put everything into the transaction."""
        if self._is_new:
            self.tx.execute(insert(HANDOFFS).values(**rows.as_row(self.handoff), counter=self._counter))
        elif self._events or self._owed or self.handoff is not self._before:
            self.tx.execute(
                update(HANDOFFS)
                .where(
                    HANDOFFS.c.account_id == self.handoff.account_id,
                    HANDOFFS.c.handoff_id == self.handoff.handoff_id,
                )
                .values(**self._changed_columns(), counter=self._counter)
            )
        if self._events:
            self.tx.execute(insert(tables.timeline), self._events)
        if self._owed:
            self.tx.execute(insert(tables.deliveries), self._owed)
            self.tx.wake("deliveries")
        if self._clocks:
            self.tx.execute(insert(tables.clocks), self._clocks)
            self.tx.wake("clocks")

    def _changed_columns(self) -> dict[str, Any]:
        before = rows.as_row(self._before)
        return {name: value for name, value in rows.as_row(self.handoff).items() if value != before[name]}

    def _next(self) -> int:
        self._counter += 1
        return self._counter


def open_change(tx: Transaction, account: Account, handoff_id: str, now: datetime) -> Change:
    """Lock one handoff for the rest of the transaction. Raises UnknownHandoff."""
    asked = {"of_account": account.account_id, "of_handoff": handoff_id}
    row = tx.execute(rows.LOCKED, asked).one_or_none()
    if row is None:
        raise rows.UnknownHandoff(handoff_id)
    return Change(tx, account, rows.from_row(row), now, counter=row._mapping["counter"])
