"""One transaction's work on one handoff: what it becomes, what its timeline gains, what it now owes.

A change is collected first and written at the end, in a handful of statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Update, bindparam, or_, select, update

from bridge.handoffs import rows
from bridge.handoffs.account import BOT, Account
from bridge.handoffs.hearing import for_bots
from bridge.handoffs.ids import new_id
from bridge.handoffs.model import Handoff
from bridge.handoffs.precedence import counts_from
from bridge.store import Transaction, tables
from bridge.store.columns import Instant

HANDOFFS: Final = tables.handoffs
DELIVERIES: Final = tables.deliveries
PLACE: Final = frozenset({"its_account", "its_id"})
UPDATE: Final = update(HANDOFFS).where(
    HANDOFFS.c.account_id == bindparam("its_account"), HANDOFFS.c.handoff_id == bindparam("its_id")
)
SEVERAL_LOCKED: Final = rows.SEVERAL.with_for_update()
SEVERAL_IF_FREE: Final = rows.SEVERAL.with_for_update(skip_locked=True)
#: of a delivery that is owed and that no worker has had in hand
NOT_BEGUN: Final = (
    DELIVERIES.c.state == "owed",
    DELIVERIES.c.lease.is_(None),
    DELIVERIES.c.attempts == 0,
)
OWED_ALREADY: Final = select(DELIVERIES.c.handoff_id, DELIVERIES.c.kind).where(
    DELIVERIES.c.account_id == bindparam("of_account"),
    DELIVERIES.c.handoff_id.in_(bindparam("of_handoffs", expanding=True)),
    DELIVERIES.c.kind.in_(bindparam("of_kinds", expanding=True)),
    *NOT_BEGUN,
)
#: what must go soon stands behind what its handoff owed there before: that goes as soon
TAKE_ALONG: Final = (
    update(DELIVERIES)
    .where(
        DELIVERIES.c.account_id == bindparam("its_account"),
        DELIVERIES.c.handoff_id == bindparam("its_id"),
        DELIVERIES.c.connection == bindparam("its_connection"),
        or_(DELIVERIES.c.state == "owed", DELIVERIES.c.state == "unknown"),
        DELIVERIES.c.waiting_since > bindparam("since", type_=Instant),
    )
    .values(waiting_since=bindparam("since", type_=Instant))
)


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
        self.once: dict[str, str] = {}  #: connection of what is to be owed once, by kind

    def become(self, **fields: Any) -> None:
        """Change fields of the handoff."""
        self.handoff = replace(self.handoff, **fields)

    def note(
        self, event: str, *, actor: str, at: datetime | None = None, tell_bot: bool = False, **data: Any
    ) -> int:
        """Add to the timeline and return the event's number.

        With `tell_bot` the bot hears of it too, where it gave an address.

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
        return number

    def owe(
        self,
        kind: str,
        connection: str,
        *,
        payload: dict[str, Any] | None = None,
        lane: str = "",
        not_before: datetime | None = None,
        rung: int | None = None,
        urgent: bool = False,
    ) -> None:
        """Owe one call through `connection`, after those already owed to it for this handoff.

        An `urgent` one is never a mirror: somebody waits for it.
        """
        handoff = self.handoff
        since = handoff.waiting_since
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
                "waiting_since": since if urgent else counts_from(kind, rung, since, self.now),
                "not_before": not_before or self.now,
                "attempts": 0,
                "owed_at": self.now,
            }
        )

    def owe_once(self, kind: str, connection: str) -> None:
        """Owe one such call when the change is written, unless one is owed by then that nobody has begun."""
        self.once[kind] = connection

    def arm(self, dues: Mapping[int, datetime]) -> None:
        """Start one clock for each rung, due at the moment given."""
        of = {"account_id": self.handoff.account_id, "handoff_id": self.handoff.handoff_id, "state": "armed"}
        self._clocks.extend({**of, "rung": rung, "due_at": due} for rung, due in dues.items())

    def write(self) -> None:
        """Put everything into the transaction."""
        write_together(self.tx, [self])

    def write_into(self, gathered: Gathered) -> None:
        """Add to `gathered` what this change makes of the store's rows."""
        if self._is_new:
            gathered.handoffs.append({**rows.as_row(self.handoff), "counter": self._counter})
        elif self._events or self._owed or self.handoff is not self._before:
            gathered.changed.append(
                {
                    "its_account": self.handoff.account_id,
                    "its_id": self.handoff.handoff_id,
                    "counter": self._counter,
                    **rows.changed_columns(self._before, self.handoff),
                }
            )
        gathered.timeline.extend(self._events)
        gathered.deliveries.extend(self._owed)
        gathered.clocks.extend(self._clocks)
        gathered.urgent.extend(self._urgent())

    def _urgent(self) -> Iterable[dict[str, Any]]:
        """Yield where something is owed that must go soon, behind what this handoff owed there before."""
        if self._is_new:
            return
        connections = {
            owed["connection"]
            for owed in self._owed
            if owed["waiting_since"] <= self.handoff.waiting_since and owed["connection"] != BOT
        }
        for connection in sorted(connections):
            yield {
                "its_account": self.handoff.account_id,
                "its_id": self.handoff.handoff_id,
                "its_connection": connection,
                "since": self.handoff.waiting_since,
            }

    def _next(self) -> int:
        self._counter += 1
        return self._counter


@dataclass(kw_only=True, slots=True)
class Gathered:
    """New rows of one or many changes, by table; `changed` are the new values of handoffs that were there."""

    handoffs: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    timeline: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    clocks: list[dict[str, Any]] = field(default_factory=list)
    urgent: list[dict[str, Any]] = field(default_factory=list)


def write_together(tx: Transaction, changes: Iterable[Change]) -> None:
    """Put what several changes of one account gathered into the transaction, with a statement for each table."""
    changes, gathered = list(changes), Gathered()
    _owe_once(tx, changes)
    for change in changes:
        change.write_into(gathered)
    for columns, alike in _by_columns(gathered.changed):
        tx.execute(_setting(columns), alike)
    tx.add(HANDOFFS, gathered.handoffs)
    tx.add(tables.timeline, gathered.timeline)
    if gathered.deliveries:
        tx.add(DELIVERIES, gathered.deliveries)
        tx.wake("deliveries")
    if gathered.urgent:
        tx.execute(TAKE_ALONG, gathered.urgent)
    if gathered.clocks:
        tx.add(tables.clocks, gathered.clocks)
        tx.wake("clocks")


def _owe_once(tx: Transaction, changes: Sequence[Change]) -> None:
    """Owe what each wants to owe once, but where it is owed already."""
    wanted = {(change.handoff.handoff_id, kind) for change in changes for kind in change.once}
    if not wanted:
        return
    handoffs, kinds = {handoff_id for handoff_id, _ in wanted}, {kind for _, kind in wanted}
    account_id = changes[0].handoff.account_id
    asked = {"of_account": account_id, "of_handoffs": sorted(handoffs), "of_kinds": sorted(kinds)}
    owed = {(row.handoff_id, row.kind) for row in tx.execute(OWED_ALREADY, asked)}
    for change in changes:
        for kind, connection in change.once.items():
            if (change.handoff.handoff_id, kind) not in owed:
                change.owe(kind, connection)


def _by_columns(changed: Iterable[dict[str, Any]]) -> Iterable[tuple[frozenset[str], list[dict[str, Any]]]]:
    """Put together what sets the same columns: it goes into one statement."""
    alike: dict[frozenset[str], list[dict[str, Any]]] = {}
    for values in changed:
        alike.setdefault(frozenset(values), []).append(values)
    return [(names - PLACE, rows) for names, rows in alike.items()]


@lru_cache
def _setting(columns: frozenset[str]) -> Update:
    return UPDATE.values({name: bindparam(name) for name in sorted(columns)})


def open_change(tx: Transaction, account: Account, handoff_id: str, now: datetime) -> Change:
    """Lock one handoff for the rest of the transaction. Raises UnknownHandoff."""
    asked = {"of_account": account.account_id, "of_handoff": handoff_id}
    row = tx.execute(rows.LOCKED, asked).one_or_none()
    if row is None:
        raise rows.UnknownHandoff(handoff_id)
    return Change(tx, account, rows.from_row(row), now, counter=row._mapping["counter"])


def open_changes(
    tx: Transaction,
    account: Account,
    handoff_ids: Iterable[str],
    now: datetime,
    *,
    skip_locked: bool = False,
) -> dict[str, Change]:
    """Lock several handoffs for the rest of the transaction; one that is not there is left out.

    With `skip_locked` so is one that another transaction is changing.
    """
    asked = {"of_account": account.account_id, "of_handoffs": sorted(set(handoff_ids))}
    # Fetched whole: a row that cannot be read would leave a cursor open, and with it an old snapshot.
    locked = tx.execute(SEVERAL_IF_FREE if skip_locked else SEVERAL_LOCKED, asked).all()
    return {
        row.handoff_id: Change(tx, account, rows.from_row(row), now, counter=row.counter) for row in locked
    }
