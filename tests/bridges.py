"""A whole bridge whose vendors only remember, for tests of what runs around it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import select

from bridge.accounts import MAIN, Accounts
from bridge.app import Bridge, prepare
from bridge.delivery import ledger
from bridge.delivery.budgets import Budgets
from bridge.delivery.workbench import Sender
from bridge.handoffs.accept import Handover, accept
from bridge.handoffs.change import open_change
from bridge.handoffs.model import Context, Customer, Handoff, Summary, Trigger, TriggerKind
from bridge.handoffs.rows import find
from bridge.security.vault import Vault
from bridge.settings import read_settings
from bridge.store import Database, tables
from bridge.worker.payer import Payer
from connectors.base import Helpdesk
from connectors.chat import Chat
from connectors.registry import CHATS, HELPDESKS, Connectors
from connectors.remembering import RememberingChat, RememberingHelpdesk

SECRET_KEY = Fernet.generate_key().decode()


class Nobody:
    """A sender of callbacks that reaches everybody at once."""

    class Taken:
        status = 200

    def post(self, url: str, headers: Any, body: bytes) -> Taken:
        return self.Taken()


class Clock:
    """Stands still until a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)


def system_clock() -> datetime:
    return datetime.now(UTC)


def write_example_desk(folder: Path) -> Path:
    path = folder / "desk.yaml"
    path.write_bytes((resources.files("bridge.desk") / "example.yaml").read_bytes())
    return path


@contextmanager
def a_bridge(
    url: str,
    desk_file: Path,
    clock: Any = system_clock,
    *,
    helpdesk: Helpdesk | None = None,
    chat: Chat | None = None,
    ready: bool = True,
    **settings: str,
) -> Iterator[Bridge]:
    """Give a bridge on a migrated store; a second one on the same store is another process."""
    given = {"HANDOFF_DATABASE_URL": url, "HANDOFF_DESK": str(desk_file), **settings}
    helpdesk, chat = helpdesk or RememberingHelpdesk(), chat or RememberingChat()
    connectors = Connectors(helpdesks={helpdesk.connection: helpdesk}, chats={chat.connection: chat})
    bridge = Bridge(
        settings=read_settings({**given, "HANDOFF_SECRET_KEYS": SECRET_KEY}),
        database=Database(url),
        accounts=Accounts(
            Vault([SECRET_KEY]),
            helpdesk_vendors=HELPDESKS,
            chat_vendors=CHATS,
            helpdesks=tuple(connectors.helpdesks),
            chats=tuple(connectors.chats),
        ),
        connectors=connectors,
        clock=clock,
    )
    try:
        if ready:
            prepare(bridge)
        yield bridge
    finally:
        bridge.close()


def hand_over(
    bridge: Bridge, conversation_id: str = "wa-1", *, callback_url: str | None = None, **parts: Any
) -> str:
    """Accept the handoff of a parcel that never came; return its id."""
    context = Context(
        conversation_id=conversation_id,
        channel="whatsapp",
        trigger=Trigger(kind=TriggerKind.ASKED),
        customer=Customer(name="Priya Nair", email="priya@customer.example"),
        topic="delivered_not_received",
        summary=Summary(wants="her parcel", tried="tracking", suspects="another door"),
        callback_url=callback_url,
    )
    now = bridge.clock()
    handover = Handover(**{"context": context, "asked_at": now, **parts})
    return bridge.database.transact(
        lambda tx: accept(tx, bridge.accounts.of(tx.connection, MAIN), handover, now).handoff_id
    )


def change(bridge: Bridge, handoff_id: str, what: Any) -> None:
    def work(tx: Any) -> None:
        opened = open_change(tx, bridge.accounts.of(tx.connection, MAIN), handoff_id, bridge.clock())
        what(opened)
        opened.write()

    bridge.database.transact(work)


def budgets_of(bridge: Bridge) -> Budgets:
    return Budgets(lambda _account, connection: bridge.connectors.limits_of(connection))


def payer_of(bridge: Bridge, sender: Sender | None = None) -> Payer:
    """Return what pays for this bridge. Without a `sender` whatever is sent to an address reaches it at once."""
    return Payer(
        database=bridge.database,
        accounts=bridge.accounts,
        connectors=bridge.connectors,
        budgets=budgets_of(bridge),
        sender=sender or Nobody(),
        clock=bridge.clock,
        chance=random.Random(7),
    )


def pay(bridge: Bridge, sender: Sender | None = None) -> int:
    """Pay what may be sent now and what follows from it; return how many attempts it took."""
    budgets = budgets_of(bridge)
    payer = payer_of(bridge, sender)
    room = ledger.Room(threads=100)
    attempts = 0
    while jobs := bridge.database.transact(lambda tx: ledger.claim(tx, bridge.clock(), room, budgets)):
        for job in jobs:
            payer.pay(job)
        attempts += len(jobs)
    return attempts


def handoff(bridge: Bridge, handoff_id: str) -> Handoff:
    with bridge.database.read() as connection:
        return find(connection, MAIN, handoff_id)


def all_of(bridge: Bridge, table: Any) -> list[Any]:
    with bridge.database.read() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key.columns)).all())


def events(bridge: Bridge, handoff_id: str) -> list[str]:
    return [row.event for row in all_of(bridge, tables.timeline) if row.handoff_id == handoff_id]


def deliveries(bridge: Bridge, kind: str) -> list[Any]:
    return [row for row in all_of(bridge, tables.deliveries) if row.kind == kind]
