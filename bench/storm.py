"""2,000 handoffs at one moment, against a helpdesk that takes 700 calls a minute; another account works beside it.

    python bench/storm.py --handoffs 2000

Time is virtual: the ledger, the budgets, the connectors and the stand-ins are the real ones, run by the machinery
of `handoff simulate`, and each call takes its time on a clock that jumps. So the figures tell how well the budgets
pace, not how fast this machine is; what the two accounts take from each other in CPU and in the store is not in them.

A deployment serves one account yet. The second one's desk, connections and connectors are made here by hand, and
share the store, the ledger, the budgets and the worker's threads with the first.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from cryptography.fernet import Fernet
from measuring import Report, arguments, percentile, this_machine
from sqlalchemy import Connection, select

from bridge.accounts import MAIN, Accounts, Caller
from bridge.app import Bridge
from bridge.delivery.budgets import Budgets
from bridge.handoffs.account import BOT, Account
from bridge.intake.service import Intake
from bridge.security.vault import Vault
from bridge.settings import read_settings
from bridge.store import Transaction, migrate, tables
from bridge.worker.payer import Payer
from connectors.mapping import shipped_mapping
from connectors.registry import CHATS, HELPDESKS, Connectors
from connectors.slack import SlackChat
from connectors.zendesk import ApiToken, ZendeskAccount, ZendeskHelpdesk
from sandbox.bot import CALLBACK_PATH, BotStandIn
from sandbox.outbox import Outbox
from sandbox.simulation.calls import TOO_MANY, Calls
from sandbox.simulation.day import BOT_URL, LATENCY_SECONDS, START
from sandbox.simulation.lane import TimetableLane
from sandbox.simulation.plugs import WireSender, plugged_in
from sandbox.simulation.shop import desk_text, hire_at_slack, hire_at_zendesk
from sandbox.simulation.store import SimulatedDatabase
from sandbox.simulation.timetable import Timetable
from sandbox.simulation.weather import Weather
from sandbox.simulation.wire import Host, Passed, Wire
from sandbox.simulation.workforce import Workforce
from sandbox.slack import SlackStandIn, standin
from sandbox.zendesk import ZendeskStandIn
from sandbox.zendesk import seed as zendesk_seed
from sandbox.zendesk.gate import Limits

OTHER: Final = "other"
SETTLED_AFTER: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(minutes=20)
OTHERS_EVERY_SECONDS: Final = 3.0
OTHERS: Final = 40
LONGEST_WAIT_MINUTES: Final = 45
MINUTE: Final = timedelta(minutes=1)


class AccountsOfTwo(Accounts):
    """Gives each account its own connections, which one deployment cannot tell apart yet."""

    def of(self, connection: Connection, account_id: str) -> Account:
        found = super().of(connection, account_id)
        return Account(
            account_id=account_id,
            desk=found.desk,
            desk_version=found.desk_version,
            helpdesk=f"zendesk_{account_id}",
            chat=f"slack_{account_id}",
        )


class Storm:
    def __init__(self, folder: Path, *, seed: int, limit: int) -> None:
        self.time = Timetable(START)
        self.limit = limit  #: calls a minute
        self.begun: list[datetime] = []  #: calls that the first account's helpdesk took
        self._chance = random.Random(f"{seed}:storm")
        weather = Weather(self._chance, self.time, helpdesk="zendesk", hours=24, calm=True)
        self.calls = Calls(self._passed)
        self.wire = Wire(self.time, random.Random(f"{seed}:wire"), weather, self.calls)
        self._bot = BotStandIn(clock=self.time)
        self._outbox = Outbox(clock=self.time, lane=lambda _name, attempt: TimetableLane(self.time, attempt))
        self.bridge, self.database = self._open(folder)
        self.intake = Intake(database=self.database, accounts=self.bridge.accounts, clock=self.time)
        budgets = Budgets(lambda _account, connection: self.bridge.connectors.limits_of(connection))
        self.workforce = Workforce(
            database=self.database,
            payer=Payer(
                database=self.database,
                accounts=self.bridge.accounts,
                connectors=self.bridge.connectors,
                budgets=budgets,
                sender=WireSender(self.wire),
                clock=self.time,
                chance=random.Random(f"{seed}:jitter"),
            ),
            budgets=budgets,
            connections=(*self.bridge.connectors.vendors, BOT),
            timetable=self.time,
            wire=self.wire,
            weather=weather,
            processes=1,
        )

    def play(self, handoffs: int) -> None:
        """Hand over all at once; let the other account go on as ever; end when every ticket is there."""
        with plugged_in(self.wire):
            for number in range(handoffs):
                waited = timedelta(minutes=self._chance.uniform(0, LONGEST_WAIT_MINUTES))
                self._hand_over(MAIN, f"storm-{number}", waited, BOT_URL + CALLBACK_PATH)
            for number in range(OTHERS):
                self.time.after(OTHERS_EVERY_SECONDS * number, partial(self._one_of_others, number))
            until = self.time.now + LONGEST
            while self.time.now < until and (self._owes_tickets() or len(self.others()) < OTHERS):
                self.time.run(self.time.now + SETTLED_AFTER, self.workforce.look_if_woken)

    def share_used(self) -> float:
        """Return how much of the limit was used, from the first call to the last that had others behind it."""
        minutes = max(0, len(self.begun) - 1) // self.limit
        if not minutes:
            return 0.0
        taken = self.begun[minutes * self.limit] - self.begun[0]
        return minutes * MINUTE / taken

    def out_of_order(self) -> int:
        """Return how many tickets were begun before one whose customer had waited longer."""
        deliveries, attempts = tables.deliveries, tables.attempts
        order = (
            select(attempts.c.began_at, deliveries.c.waiting_since)
            .join_from(
                attempts,
                deliveries,
                (attempts.c.account_id == deliveries.c.account_id)
                & (attempts.c.delivery_id == deliveries.c.delivery_id),
            )
            .where(
                deliveries.c.account_id == MAIN, deliveries.c.kind == "open_ticket", attempts.c.attempt == 1
            )
            .order_by(attempts.c.began_at, deliveries.c.waiting_since)
        )
        with self.database.read() as connection:
            waiting = [row.waiting_since for row in connection.execute(order)]
        longest_left, found = datetime.max.replace(tzinfo=START.tzinfo), 0
        for since in reversed(waiting):
            found += since > longest_left
            longest_left = min(longest_left, since)
        return found

    def tickets(self, account_id: str) -> list[Any]:
        handoffs = tables.handoffs
        there = select(handoffs.c.received_at, handoffs.c.ticketed_at).where(
            handoffs.c.account_id == account_id, handoffs.c.ticketed_at.is_not(None)
        )
        with self.database.read() as connection:
            return list(connection.execute(there))

    def others(self) -> list[float]:
        """Return how long the other account waited for each ticket, in seconds."""
        return [(row.ticketed_at - row.received_at).total_seconds() for row in self.tickets(OTHER)]

    def close(self) -> None:
        self.bridge.close()

    def _owes_tickets(self) -> bool:
        deliveries = tables.deliveries
        owed = select(deliveries.c.delivery_id).where(
            deliveries.c.kind == "open_ticket", deliveries.c.state.in_(("owed", "unknown"))
        )
        with self.database.read() as connection:
            return connection.execute(owed.limit(1)).first() is not None

    def _passed(self, passed: Passed) -> None:
        if passed.host == "zendesk" and passed.status != TOO_MANY:
            self.begun.append(passed.at)

    def _one_of_others(self, number: int) -> None:
        self._hand_over(OTHER, f"other-{number}", timedelta(seconds=20), None)

    def _hand_over(self, account_id: str, name: str, waited: timedelta, callback_url: str | None) -> None:
        now = self.time.now
        body = {
            "conversation_id": name,
            "channel": "email",
            "trigger": {"kind": "asked"},
            "customer": {"name": "Priya Nair", "email": f"{name}@customer.example"},
            "summary": {"wants": "her parcel", "tried": "tracking", "suspects": "another door"},
            "asked_at": now.isoformat(),
            "started_at": (now - waited).isoformat(),
        } | ({"callback_url": callback_url} if callback_url else {})
        caller = Caller(account_id=account_id, key_id=self._keys[account_id], test=False)
        self.intake.hand_over(caller, json.dumps(body).encode(), name)

    def _open(self, folder: Path) -> tuple[Bridge, SimulatedDatabase]:
        connectors = Connectors(
            helpdesks={
                "zendesk_main": self._zendesk("zendesk_main", "zendesk"),
                "zendesk_other": self._zendesk("zendesk_other", "zendesk of the other"),
            },
            chats={
                "slack_main": self._slack("slack_main", "slack"),
                "slack_other": self._slack("slack_other", "slack of the other"),
            },
        )
        self._wire_bot()
        desk = folder / "desk.yaml"
        desk.write_text(desk_text("zendesk"), encoding="utf-8")
        secret = Fernet.generate_key().decode()
        url = f"sqlite:///{folder / 'handoff.db'}"
        settings = read_settings({"HANDOFF_DATABASE_URL": url, "HANDOFF_SECRET_KEYS": secret})
        migrate(url)
        database = SimulatedDatabase(url, lambda: False)
        accounts = AccountsOfTwo(Vault([secret]), helpdesk_vendors=HELPDESKS, chat_vendors=CHATS)

        def sign_up(tx: Transaction, account_id: str) -> str:
            mine = {name: kind for name, kind in connectors.vendors.items() if name.endswith(account_id)}
            accounts.ensure(tx, account_id, mine, self.time.now)
            accounts.load_desk(tx, account_id, desk, self.time.now)
            return accounts.create_key(tx, account_id, "bot", self.time.now).key_id

        self._keys = {one: database.transact(partial(sign_up, account_id=one)) for one in (MAIN, OTHER)}
        bridge = Bridge(
            settings=settings, database=database, accounts=accounts, connectors=connectors, clock=self.time
        )
        return bridge, database

    def _zendesk(self, connection: str, host: str) -> ZendeskHelpdesk:
        one = ZendeskStandIn(clock=self.time, outbox=self._outbox, limits=Limits(account=self.limit))
        hire_at_zendesk(one)
        url = f"http://{connection}.simulated"
        spread = 0.0 if host.endswith(OTHER) else 0.4  # so that what it waits longer is the bridge's doing
        self.wire.connect(
            url, Host(name=host, app=one.app, median_seconds=LATENCY_SECONDS["zendesk"], spread=spread)
        )
        sign_in = ApiToken(email=zendesk_seed.BRIDGE_EMAIL, token=zendesk_seed.API_TOKEN)
        return ZendeskHelpdesk(
            account=ZendeskAccount(sign_in=sign_in, subdomain="shop", base_url=url),
            mapping=shipped_mapping("zendesk"),
            connection=connection,
            clock=self.time,
        )

    def _slack(self, connection: str, host: str) -> SlackChat:
        one = SlackStandIn(clock=self.time, outbox=self._outbox)
        hire_at_slack(one)
        url = f"http://{connection}.simulated"
        self.wire.connect(url, Host(name=host, app=one.app, median_seconds=LATENCY_SECONDS["slack"]))
        return SlackChat(token=standin.TOKEN, connection=connection, base_url=f"{url}/api/", clock=self.time)

    def _wire_bot(self) -> None:
        host = Host(name="bot", app=self._bot.app, median_seconds=LATENCY_SECONDS["bot"])
        self.wire.connect(BOT_URL, host)


def main(given: Sequence[str] | None = None) -> int:
    parser = arguments(__doc__)
    parser.add_argument("--handoffs", type=int, default=2_000)
    parser.add_argument("--limit", type=int, default=700, help="calls a minute that the helpdesk takes (700)")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(given)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    return _report(asked).finish(as_json=asked.json)


def _report(asked: argparse.Namespace) -> Report:
    alone = _played(0, asked)
    storm = _played(asked.handoffs, asked)
    report = Report(title=f"{asked.handoffs} handoffs at once, in virtual time", machine=this_machine())
    report.add("tickets opened", storm["tickets"], at_least=asked.handoffs)
    report.add("until the last ticket", storm["seconds"], "s")
    report.add("share of the limit used", 100 * storm["share"], "%", at_least=97)
    report.add("refused as too many (429)", storm["refused"], at_most=1)
    report.add("begun before a longer wait", storm["out_of_order"], at_most=0)
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        before, during = percentile(alone["others"], share), percentile(storm["others"], share)
        report.add(f"the other's tickets, {name} alone", before, "s")
        report.add(f"the other's tickets, {name} in the storm", during, "s", at_most=before * 1.1)
    return report


def _played(handoffs: int, asked: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        storm = Storm(Path(folder), seed=asked.seed, limit=asked.limit)
        try:
            storm.play(handoffs)
            return {
                "tickets": len(storm.tickets(MAIN)),
                "seconds": (storm.begun[-1] - START).total_seconds() if storm.begun else 0.0,
                "share": storm.share_used(),
                "refused": storm.calls.over_the_limit["zendesk"],
                "out_of_order": storm.out_of_order(),
                "others": storm.others(),
            }
        finally:
            storm.close()


if __name__ == "__main__":
    sys.exit(main())
