"""Fill a store with handoffs: one is made by the bridge itself, the others are copies of its rows in bulk SQL.

A copy differs in its ids, its conversation and its times; everything else, the size of the rows and what the
indexes hold included, is as the bridge wrote it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table, text

from bridge.accounts import MAIN
from bridge.app import Bridge
from bridge.delivery import ledger
from bridge.delivery.budgets import Budgets
from bridge.delivery.job import Job
from bridge.handoffs.accept import Handover, accept
from bridge.handoffs.change import Change, open_change
from bridge.handoffs.model import Attempt, Context, Customer, Speaker, Summary, Trigger, TriggerKind, Turn
from bridge.security.outbound import GuardedSender
from bridge.store import Transaction, tables
from bridge.store.columns import Instant
from bridge.worker.payer import Payer

#: copied together, in the order in which they refer to each other
OF_ONE_HANDOFF: Final = (tables.handoffs, tables.timeline, tables.clocks, tables.deliveries, tables.attempts)
#: of `{n}` and a prefix: 12 digits of the time and 16 more, as the bridge's own ids are built
IDS: Final = {
    "postgresql": "'{prefix}_' || lpad(to_hex({ms} + {n}), 12, '0')"
    " || lpad(to_hex({n} * 2654435761 % 4294967296), 12, '0') || lpad(to_hex({part}), 4, '0')",
    "sqlite": "printf('{prefix}_%012x%012x%04x', {ms} + {n}, {n} * 2654435761 % 4294967296, {part})",
}
LATER: Final = {
    "postgresql": "{column} + ({seconds}) * interval '1 second'",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', {column}, ({seconds}) || ' seconds')",
}
SERIES: Final = {
    "postgresql": "generate_series({first}, {last}) AS series(n)",
    "sqlite": "(WITH RECURSIVE counted(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {last})"
    " SELECT n FROM counted) AS series",
}


def hand_over(bridge: Bridge, conversation_id: str = "wa-0") -> str:
    """Accept one handoff of middling size; return its id."""
    now = bridge.clock()
    handover = Handover(context=_context(conversation_id, now), asked_at=now, started_at=now)
    return bridge.database.transact(
        lambda tx: accept(tx, bridge.accounts.of(tx.connection, MAIN), handover, now).handoff_id
    )


class Till:
    """Pays deliveries in this thread, one by one."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._budgets = Budgets(lambda _account, _connection: {})
        self._payer = Payer(
            database=bridge.database,
            accounts=bridge.accounts,
            connectors=bridge.connectors,
            budgets=self._budgets,
            sender=GuardedSender(allow_loopback=True),
            clock=bridge.clock,
            chance=random.Random(7),
        )

    def pay_everything(self) -> None:
        """Pay what is owed and what follows from it."""
        while jobs := self._bridge.database.transact(self._claim):
            for job in jobs:
                self._payer.pay(job)

    def _claim(self, tx: Transaction) -> list[Job]:
        return ledger.claim(tx, self._bridge.clock(), ledger.Room(threads=100), self._budgets)


def pay_everything(bridge: Bridge) -> None:
    """Pay what is owed and what follows from it."""
    Till(bridge).pay_everything()


def change(bridge: Bridge, handoff_id: str, what: Callable[[Change], Any]) -> None:
    def work(tx: Transaction) -> None:
        opened = open_change(tx, bridge.accounts.of(tx.connection, MAIN), handoff_id, bridge.clock())
        what(opened)
        opened.write()

    bridge.database.transact(work)


def copy_handoff(
    bridge: Bridge, template: str, count: int, *, seconds_apart: float = 0.0, first: int = 1
) -> None:
    """Copy all rows of `template` `count` times, each copy `seconds_apart` later than the one before.

    `first` numbers the copies; copies of one template with different numbers never meet.
    """
    dialect = bridge.database.engine.dialect.name
    milliseconds = int(template.partition("_")[2][:12], 16)
    series = SERIES[dialect].format(first=first, last=first + count - 1)
    for table in OF_ONE_HANDOFF:
        values = _values(table, dialect, milliseconds, seconds_apart)
        with bridge.database.engine.execution_options(writing=True).begin() as connection:
            connection.execute(
                text(
                    f"INSERT INTO {table.name} ({', '.join(values)}) SELECT {', '.join(values.values())} "
                    f"FROM {_source(table)}, {series} "
                    f"WHERE {_owner(table)}.handoff_id = :template AND {_owner(table)}.account_id = :account"
                ),
                {"template": template, "account": MAIN},
            )
            # Or the next table's foreign keys are checked by a plan made for an empty one: a million whole scans.
            connection.execute(text(f"ANALYZE {table.name}"))


def settle_statistics(bridge: Bridge) -> None:
    """Let the store learn what it holds, as its own housekeeping would in time."""
    with bridge.database.engine.connect() as connection:
        if bridge.database.is_sqlite:
            connection.execute(text("ANALYZE"))
            connection.commit()
        else:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))


def _values(table: Table, dialect: str, milliseconds: int, seconds_apart: float) -> Mapping[str, str]:
    def new_id(prefix: str, part: str) -> str:
        return IDS[dialect].format(prefix=prefix, ms=milliseconds, n="series.n", part=part)

    made = {
        "handoff_id": new_id("ho", "0"),
        "delivery_id": new_id("dl", f"{_owner(table)}.number"),
        "conversation_id": "'wa-' || series.n",
    }
    later = LATER[dialect]
    return {
        column.name: made.get(column.name)
        or (
            later.format(column=f"{table.name}.{column.name}", seconds=f"series.n * {seconds_apart}")
            if isinstance(column.type, Instant) and seconds_apart
            else f"{table.name}.{column.name}"
        )
        for column in table.columns
    }


def _source(table: Table) -> str:
    if table is not tables.attempts:
        return table.name
    return (
        "attempts JOIN deliveries ON deliveries.account_id = attempts.account_id"
        " AND deliveries.delivery_id = attempts.delivery_id"
    )


def _owner(table: Table) -> str:
    return "deliveries" if table is tables.attempts else table.name


def _context(conversation_id: str, now: datetime) -> Context:
    said = (
        (Speaker.CUSTOMER, "My parcel says delivered but nothing came. I was home all day and nobody rang."),
        (Speaker.BOT, "I am sorry to hear that. May I have your order number, so that I can look it up?"),
        (Speaker.CUSTOMER, "It is 4417-2291. I need it before the weekend, it is a birthday present."),
        (Speaker.BOT, "Thank you. The carrier says it was handed over at 11:42 today at the front door."),
        (Speaker.CUSTOMER, "That is not true. Can I talk to a person please?"),
    )
    turns = (
        Turn(speaker=speaker, text=words, at=now - timedelta(minutes=5 - number))
        for number, (speaker, words) in enumerate(said)
    )
    return Context(
        conversation_id=conversation_id,
        channel="whatsapp",
        trigger=Trigger(kind=TriggerKind.ASKED, code="customer_asked"),
        customer=Customer(name="Priya Nair", email="priya@customer.example", tier="gold", locale="en-IN"),
        topic="delivered_not_received",
        summary=Summary(
            wants="her parcel, or her money back", tried="tracking", suspects="left at another door"
        ),
        attempts=(Attempt(what="tracking", outcome="delivered at 11:42"),),
        fields={"order_id": "4417-2291", "amount": 2399},
        transcript=tuple(turns),
    )
