"""A whole bridge with vendors that only remember, a clock that stands still, and work done on demand."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from bridge.accounts import MAIN, Accounts
from bridge.delivery import ledger
from bridge.delivery.budgets import Budgets
from bridge.handoffs import clocks, rows
from bridge.handoffs.accept import Handover, Receipt, accept
from bridge.handoffs.change import Change, open_change
from bridge.handoffs.model import Context, Customer, Handoff, Summary, Trigger, TriggerKind
from bridge.security.vault import Vault
from bridge.store import Database, tables
from bridge.worker.housekeeping import load_desk_file
from bridge.worker.payer import Payer
from connectors.registry import CHATS, HELPDESKS, Connectors
from connectors.remembering import RememberingChat, RememberingHelpdesk


@dataclass
class Posted:
    status: int = 200


class RememberingSender:
    """Takes callbacks; answers 200 unless told otherwise."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[int] = []

    def post(self, url: str, headers: Any, body: bytes) -> Posted:
        self.posts.append((url, dict(headers), body))
        return Posted(self.answers.pop(0) if self.answers else 200)


@dataclass
class House:
    """The bridge under test. `now` is moved by the tests alone."""

    database: Database
    accounts: Accounts
    now: datetime
    helpdesk: RememberingHelpdesk = field(default_factory=RememberingHelpdesk)
    chat: RememberingChat = field(default_factory=RememberingChat)
    sender: RememberingSender = field(default_factory=RememberingSender)

    def __post_init__(self) -> None:
        self.connectors = Connectors(helpdesks={"helpdesk": self.helpdesk}, chats={"chat": self.chat})
        self.budgets = Budgets(lambda _account, connection: self.connectors.limits_of(connection))
        self.payer = Payer(
            database=self.database,
            accounts=self.accounts,
            connectors=self.connectors,
            budgets=self.budgets,
            sender=self.sender,
            clock=lambda: self.now,
            chance=random.Random(7),
        )

    def hand_over(self, **fields: Any) -> Receipt:
        """Accept the handoff of a parcel that never came; `fields` replace parts of it."""
        own = {name: fields.pop(name) for name in Handover.__dataclass_fields__ if name in fields}
        handover = Handover(**{"context": context(**fields), "asked_at": self.now, **own})
        account = self.account()
        return self.database.transact(lambda tx: accept(tx, account, handover, self.now))

    def account(self) -> Any:
        with self.database.read() as connection:
            return self.accounts.of(connection, MAIN)

    def claim(self, most: int = 50) -> list[Any]:
        return self.database.transact(
            lambda tx: ledger.claim(tx, self.now, ledger.Room(threads=2 * most), self.budgets)
        )

    def pay(self) -> int:
        """Pay everything that may be sent now, and what follows from it; return how many attempts it took."""
        attempts = 0
        while jobs := self.claim():
            for job in jobs:
                self.payer.pay(job)
                attempts += 1
        return attempts

    def tick(self) -> int:
        """Fire every clock that has run out; return how many fired."""
        fired = 0
        while True:
            with self.database.read() as connection:
                due = clocks.due(connection, self.now, 100)
            if not due:
                return fired
            for clock in due:
                fired += self.database.transact(
                    lambda tx, clock=clock: clocks.fire(tx, self.account(), clock, self.now)
                )

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def change(self, handoff_id: str, what: Callable[[Change], Any]) -> None:
        account = self.account()

        def work(tx: Any) -> None:
            change = open_change(tx, account, handoff_id, self.now)
            what(change)
            change.write()

        self.database.transact(work)

    def handoff(self, handoff_id: str) -> Handoff:
        with self.database.read() as connection:
            return rows.find(connection, MAIN, handoff_id)

    def events(self, handoff_id: str) -> list[str]:
        return [row.event for row in self.all(tables.timeline) if row.handoff_id == handoff_id]

    def all(self, table: Any) -> list[Any]:
        order = list(table.primary_key.columns)
        with self.database.read() as connection:
            return list(connection.execute(select(table).order_by(*order)).all())


def context(**fields: Any) -> Context:
    given = {
        "conversation_id": "wa-1",
        "channel": "whatsapp",
        "trigger": Trigger(kind=TriggerKind.POLICY, code="claim_over_limit"),
        "customer": Customer(name="Priya Nair", email="priya@customer.example"),
        "topic": "delivered_not_received",
        "summary": Summary(wants="her parcel", tried="tracking", suspects="another door"),
    }
    return Context(**{**given, **fields})


@pytest.fixture
def desk_file(tmp_path: Path) -> Path:
    path = tmp_path / "desk.yaml"
    path.write_bytes((resources.files("bridge.desk") / "example.yaml").read_bytes())
    return path


@pytest.fixture
def house(database_url: str, desk_file: Path, frozen_now: datetime) -> Iterator[House]:
    database = Database(database_url)
    accounts = Accounts(
        Vault([Fernet.generate_key().decode()]),
        helpdesk_vendors=HELPDESKS,
        chat_vendors=CHATS,
        helpdesks=("helpdesk",),
        chats=("chat",),
    )
    vendors = {"helpdesk": "remembering", "chat": "remembering"}
    database.transact(lambda tx: accounts.ensure(tx, MAIN, vendors, frozen_now))
    load_desk_file(database, accounts, desk_file, frozen_now)
    yield House(database=database, accounts=accounts, now=frozen_now)
    database.close()
