"""Shops for the faults of other people's servers: one whose clock runs, one whose clock a test moves."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bridges import Clock
from running_shop import Shop, conversation, write_desk
from sqlalchemy import select

from bridge.accounts import MAIN
from bridge.app import build_bridge, build_web, prepare
from bridge.delivery import ledger
from bridge.delivery.budgets import Budgets
from bridge.handoffs import clocks
from bridge.security.outbound import GuardedSender
from bridge.settings import read_settings
from bridge.store import tables
from bridge.worker.payer import Payer
from connectors.freshdesk import FreshdeskHelpdesk
from connectors.mapping import shipped_mapping
from connectors.notify import AppriseNotifier
from connectors.registry import Connectors
from connectors.slack import SlackChat
from connectors.zendesk import ApiToken, ZendeskAccount, ZendeskHelpdesk
from sandbox.assembly import ANY_PORTS, Sandbox
from sandbox.server import serve

#: how fast the stand-ins' own waits pass
PACE = 1 / 60
LONGEST_STEP = timedelta(minutes=1)
MOST_CLOCKS = 100
#: options of a shop that go to its desk
DESK = ("minutes", "more", "ravi", "meera", "owner")
TICKETS = "POST /api/v2/tickets*"
POST = "POST /api/chat.postMessage"


class StillShop(Shop):
    """A shop whose worker and clock stand until a test moves them. Vendors are called over HTTP as ever."""

    def __init__(self, sandbox: Sandbox, clock: Clock, *more: Any, **options: Any) -> None:
        super().__init__(sandbox, *more, **options)
        self.clock = clock

    def open(self) -> None:
        bridge = build_bridge(read_settings(self.environment), self.clock)
        connectors = Connectors(helpdesks={self.vendor: self._helpdesk()}, chats={"slack": self._chat()})
        self._bridge = bridge = replace(bridge, connectors=connectors)
        prepare(bridge)
        self._web = serve(build_web(bridge))
        made = bridge.database.transact(lambda tx: bridge.accounts.create_key(tx, MAIN, "bot", self.clock()))
        self._key = made.bearer
        self.sandbox.connect(self.url, made.bearer, callback_secret=made.signing_secret)
        self.budgets = Budgets(lambda _account, name: connectors.limits_of(name))
        self.payer = Payer(
            database=bridge.database,
            accounts=bridge.accounts,
            connectors=connectors,
            budgets=self.budgets,
            sender=GuardedSender(allow_loopback=True),
            clock=self.clock,
            chance=random.Random(7),
            poll_every=self._poll_every,
            notifier=AppriseNotifier(),
        )

    def close(self) -> None:
        if self._web is not None and self._bridge is not None:
            self._web.stop()
            self._bridge.close()
        self._bridge = self._web = None

    def hand_over(self, **parts: Any) -> str:
        parts.setdefault("asked_at", self.clock().isoformat())
        parts.setdefault("conversation_id", f"wa-{random.random()}")
        return str(self.sandbox.bot.hand_off({**conversation(), **parts})["id"])

    def claim(self, most: int = 50) -> list[Any]:
        room = ledger.Room(threads=2 * most)
        return self.bridge.database.transact(lambda tx: ledger.claim(tx, self.clock(), room, self.budgets))

    def pay(self) -> int:
        """Pay what may be sent now and what follows from it; return how many attempts it took."""
        attempts = 0
        while jobs := self.claim():
            for job in jobs:
                self.payer.pay(job)
            attempts += len(jobs)
        return attempts

    def tick(self) -> None:
        """Fire every clock that has run out."""
        while True:
            with self.bridge.database.read() as connection:
                due = clocks.due(connection, self.clock(), MOST_CLOCKS)
                account = self.bridge.accounts.of(connection, MAIN)
            if not due:
                return
            for clock in due:
                self.bridge.database.transact(
                    lambda tx, account=account, clock=clock: clocks.fire(tx, account, clock, self.clock())
                )

    def pass_time(self, **duration: float) -> None:
        """Let so much time pass, and see to clocks and deliveries whenever one is due."""
        end = self.clock() + timedelta(**duration)
        while self.clock() < end:
            self.clock.now = min(end, self._next_moment())
            self.tick()
            self.pay()

    def _next_moment(self) -> datetime:
        """Return when something is due next, a minute from now at most: a blocked budget tells no moment."""
        now = self.clock()
        with self.bridge.database.read() as connection:
            rungs = [clock.due_at for clock in clocks.upcoming(connection, MOST_CLOCKS) if clock.due_at > now]
            delivery = ledger.next_moment(connection, now)
        return min(moment for moment in (*rungs, delivery, now + LONGEST_STEP) if moment is not None)

    def rows(self, table: Any, **where: Any) -> list[Any]:
        asked = select(table).where(*(table.c[name] == value for name, value in where.items()))
        with self.bridge.database.read() as connection:
            return list(connection.execute(asked.order_by(*table.primary_key.columns)))

    def states(self, kind: str) -> list[str]:
        return [row.state for row in self.rows(tables.deliveries, kind=kind)]

    def _helpdesk(self) -> Any:
        url = self.sandbox.url(self.vendor)
        if self.vendor == "freshdesk":
            key = self.environment["FRESHDESK_API_KEY"]
            mapping = shipped_mapping("freshdesk")
            return FreshdeskHelpdesk(base_url=url, api_key=key, mapping=mapping, clock=self.clock)
        sign_in = ApiToken(
            email=self.environment["ZENDESK_EMAIL"], token=self.environment["ZENDESK_API_TOKEN"]
        )
        account = ZendeskAccount(sign_in=sign_in, subdomain="shop", base_url=url)
        return ZendeskHelpdesk(account=account, mapping=shipped_mapping("zendesk"), clock=self.clock)

    def _chat(self) -> Any:
        return SlackChat(
            token=self.environment["SLACK_BOT_TOKEN"],
            base_url=self.environment["SLACK_API_BASE_URL"],
            clock=self.clock,
        )


@contextmanager
def a_shop(url: str, folder: Path, **options: Any) -> Iterator[Shop]:
    """Give a shop that runs; `minutes` and `more` go to its desk."""
    desk = {name: options.pop(name) for name in DESK if name in options}
    vendors = (options.get("helpdesk", "zendesk"), "slack")
    with Sandbox(ports=ANY_PORTS, vendors=vendors, pace=PACE) as sandbox:
        shop = Shop(sandbox, url, write_desk(folder, **desk), **options)
        try:
            shop.open()
            yield shop
        finally:
            shop.close()


@contextmanager
def a_still_shop(url: str, folder: Path, **options: Any) -> Iterator[StillShop]:
    """Give a shop whose clock stands until the test moves it."""
    desk = {name: options.pop(name) for name in DESK if name in options}
    vendors = (options.get("helpdesk", "zendesk"), "slack")
    clock = Clock(datetime.now(UTC).replace(microsecond=0))
    with Sandbox(ports=ANY_PORTS, vendors=vendors, clock=clock, pace=PACE) as sandbox:
        shop = StillShop(sandbox, clock, url, write_desk(folder, **desk), **options)
        try:
            shop.open()
            yield shop
        finally:
            shop.close()
