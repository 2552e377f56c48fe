"""The bridge under test: a real store in a file, real workers taken apart into their steps, a clock that is set."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from cryptography.fernet import Fernet
from model_vendors import BusyChat, BusyHelpdesk, ListeningBot, Webhook
from sqlalchemy import Row, insert, select

from bridge.accounts import MAIN, Accounts, Caller
from bridge.delivery import ledger
from bridge.delivery.budgets import Budgets
from bridge.delivery.job import Job
from bridge.handoffs import clocks, holding
from bridge.handoffs.change import open_change
from bridge.inbound.helpdesk import take_in
from bridge.inbound.press import Presses
from bridge.intake.service import Intake
from bridge.security.vault import Vault
from bridge.store import Database, tables
from bridge.worker.housekeeping import owe_polls
from bridge.worker.payer import Payer
from bridge.worker.ticker import Ticker
from connectors.chat import Press
from connectors.registry import CHATS, HELPDESKS, Connectors

START: Final = datetime(
    2026, 11, 21, 11, 12, tzinfo=UTC
)  #: 16:42 in Kolkata, eighteen minutes before a shift ends
OTHER: Final = "other"
TWIN: Final = "twin"
VENDORS: Final = {"helpdesk": "zendesk", "chat": "slack"}
VAULT_KEY: Final = Fernet.generate_key().decode()
DELIVERIES: Final = tables.deliveries
COPIED: Final = (tables.handoffs, tables.timeline, tables.clocks, tables.messages, tables.deliveries)

#: Who had a conversation before has no say here, so that whose it is can be told from the hour alone.
DESK: Final = """
timezone: Asia/Kolkata
reopen_within_hours: 0
people:
  asha: {{name: Asha Rao, email: asha@shop.example, slack: U07ASHA, zendesk: 3601}}
  ravi: {{name: Ravi Iyer, email: ravi@shop.example, slack: U07RAVI, zendesk: 3602}}
  meera: {{name: Meera Shah, email: meera@shop.example, role: lead, zendesk: 3603}}
channels:
  whatsapp: {{attention_window_minutes: 15}}
shifts:
  - {{name: day, channels: [whatsapp], days: daily, hours: "09:00-17:00", owners: [{early}], backup: {late},
     lead: meera, slack_channel: C0DAY}}
  - {{name: evening, channels: [whatsapp], days: daily, hours: "17:00-23:00", owners: [{late}], backup: {early},
     lead: meera, slack_channel: C0EVENING}}
routes:
  - {{otherwise: true, group: Support, sla: standard}}
sla:
  standard:
    respond_within_minutes: {minutes}
    ladder:
      - {{at: 50%, do: [remind_owner]}}
      - {{at: 100%, do: [tag_backup, raise_priority, tell_customer]}}
      - {{at: 150%, do: [reassign_to_backup, tag_lead]}}
      - {{at: 200%, do: [page: lead, move_group: Escalations]}}
fallback: {{slack_channel: C0FALLBACK, lead: meera}}
"""


class Killed(BaseException):
    """What a killed worker does not come back from."""


class LastCall(Database):
    """The store as a worker sees it that is killed before it can write anything."""

    def __init__(self, database: Database) -> None:
        self.read = database.read  # type: ignore[method-assign]

    def transact(self, work: Callable[..., Any]) -> Any:
        raise Killed


@dataclass(frozen=True)
class Template:
    """A store with both accounts, their desks and keys, made once and copied for each run."""

    path: Path
    accounts: Accounts
    callers: Mapping[str, Caller]
    desks: Mapping[str, Path]


def desk_files(folder: Path, versions: Mapping[str, tuple[timedelta, str, str]]) -> Mapping[str, Path]:
    """Write one desk file for each version: the promised time, and whose the day and the evening are."""
    paths = {}
    for version, (within, early, late) in versions.items():
        minutes = int(within.total_seconds() // 60)
        paths[version] = folder / f"{version}.yaml"
        paths[version].write_text(DESK.format(early=early.lower(), late=late.lower(), minutes=minutes))
    return paths


def make_template(migrated: Path, folder: Path, desks: Mapping[str, Path]) -> Template:
    path = folder / "template.db"
    shutil.copyfile(migrated, path)
    database, accounts = Database(f"sqlite:///{path}"), new_accounts()
    callers = {}
    for account_id in (MAIN, OTHER):
        vendors = VENDORS if account_id == MAIN else {}
        database.transact(lambda tx, id_=account_id, v=vendors: accounts.ensure(tx, id_, v, START))
        database.transact(lambda tx, id_=account_id: accounts.load_desk(tx, id_, desks["first"], START))
        key = database.transact(lambda tx, id_=account_id: accounts.create_key(tx, id_, "bot", START))
        callers[account_id] = Caller(account_id=account_id, key_id=key.key_id, test=False)
    twin = {"account_id": TWIN, "name": TWIN, "wrapped_key": None, "created_at": START}
    database.transact(lambda tx: tx.execute(insert(tables.accounts).values(**twin)))
    database.close()
    return Template(path=path, accounts=accounts, callers=callers, desks=desks)


def new_accounts() -> Accounts:
    return Accounts(
        Vault([VAULT_KEY]),
        helpdesk_vendors=HELPDESKS,
        chat_vendors=CHATS,
        helpdesks=("helpdesk",),
        chats=("chat",),
    )


class House:
    """One run's bridge. `now` is the vendors' time; the bridge's own clock is off by `skew`."""

    def __init__(self, template: Template, folder: Path) -> None:
        self.template = template
        self.path = folder / "handoff.db"
        shutil.copyfile(template.path, self.path)
        self.now, self.skew = START, timedelta(0)
        self.helpdesk = BusyHelpdesk(lambda: self.now)
        self.chat = BusyChat()
        self.vendors = {"helpdesk": self.helpdesk, "chat": self.chat}
        self.bot = ListeningBot(self.clock)
        self.connectors = Connectors(helpdesks={"helpdesk": self.helpdesk}, chats={"chat": self.chat})
        self._watch = sqlite3.connect(self.path)
        self._seen_version = -1
        self._start(template.accounts)

    def clock(self) -> datetime:
        return self.now + self.skew

    def restart(self) -> None:
        """End the process and start another one over the same file."""
        self.database.close()
        self._start(new_accounts())

    def close(self) -> None:
        self._watch.close()
        self.database.close()

    def _start(self, accounts: Accounts) -> None:
        self.database, self.accounts = Database(f"sqlite:///{self.path}"), accounts
        self.budgets = Budgets(lambda _account, connection: self.connectors.limits_of(connection))
        self.intake = Intake(database=self.database, accounts=accounts, clock=self.clock)
        self.presses = Presses(
            database=self.database,
            accounts=accounts,
            account_id=MAIN,
            connectors=self.connectors,
            clock=self.clock,
        )
        self.payer = self._payer(self.database)
        self.killed_payer = self._payer(LastCall(self.database))
        self.ticker = Ticker(database=self.database, accounts=accounts, clock=self.clock)
        owe_polls(self.database, self.connectors, self.clock())

    def _payer(self, database: Database) -> Payer:
        return Payer(
            database=database,
            accounts=self.accounts,
            connectors=self.connectors,
            budgets=self.budgets,
            sender=self.bot,
            clock=self.clock,
            chance=random.Random(7),
        )

    def claim(self, most: int) -> list[Job]:
        room = ledger.Room(threads=2 * most)
        return self.database.transact(lambda tx: ledger.claim(tx, self.clock(), room, self.budgets))

    def ready(self) -> dict[str, tuple[tuple[str, str], datetime]]:
        """Return what may surely be sent now, with its connection and its customer's wait.

        These are first tries, with nothing before them.

        What goes through a budget that is blocked is left out.
        """
        with self.database.read() as connection:
            owed = connection.execute(
                select(DELIVERIES).where(DELIVERIES.c.state.in_(("owed", "unknown")))
            ).all()
            blocked = {
                (row.account_id, row.connection)
                for row in connection.execute(select(tables.budgets))
                if row.blocked_until and row.blocked_until > self.clock()
            }
        first: dict[tuple[str, ...], int] = {}
        for row in owed:
            line = (row.account_id, row.handoff_id or row.delivery_id, row.connection)
            first[line] = min(row.number, first.get(line, row.number))
        return {
            row.delivery_id: ((row.account_id, row.connection), row.waiting_since)
            for row in owed
            if row.attempts == 0
            and row.not_before <= self.clock()
            and row.number == first[row.account_id, row.handoff_id or row.delivery_id, row.connection]
            and (row.account_id, row.connection) not in blocked
        }

    def release(self, jobs: list[Job]) -> None:
        self.database.transact(lambda tx: ledger.release(tx, jobs))

    def die_after_the_call(self, job: Job) -> None:
        """Have the call made, and nothing written down of it."""
        self.bot.caller_dies = True
        with suppress(Killed):
            self.killed_payer.pay(job)
        self.bot.caller_dies = False

    def due(self) -> list[clocks.DueClock]:
        with self.database.read() as connection:
            return list(clocks.due(connection, self.clock(), 100))

    def let_held_rungs_fire(self) -> int:
        """Say yes to every clock that waits for it; return how many there were."""

        def yes(tx: Any, account_id: str, handoff_id: str) -> int:
            change = open_change(tx, self.accounts.of(tx.connection, account_id), handoff_id, self.clock())
            count = holding.let_fire(change, by="an operator")
            change.write()
            return count

        with self.database.read() as connection:
            waiting = {
                (account_id, clock.handoff_id)
                for account_id in (MAIN, OTHER)
                for clock in holding.held(connection, account_id)
            }
        return sum(
            self.database.transact(lambda tx, place=place: yes(tx, *place)) for place in sorted(waiting)
        )

    def fire(self, clock: clocks.DueClock) -> bool:
        def work(tx: Any) -> bool:
            account = self.accounts.of(tx.connection, clock.account_id)
            return clocks.fire(tx, account, clock, self.clock())

        return self.database.transact(work)

    def take_webhook(self, webhook: Webhook, account_id: str = MAIN) -> None:
        """Take a webhook as the hook's address does; one that is not believed raises NotFromVendor."""
        event = self.helpdesk.receive(webhook.headers(self.now), webhook.body, self.clock())

        def work(tx: Any) -> None:
            account = self.accounts.of(tx.connection, account_id)
            take_in(tx, account, "helpdesk", event, webhook.body, self.clock())

        self.database.transact(work)

    def press(self, press: Press) -> None:
        refusal = self.presses.take(press).text
        if refusal:
            self.presses.refuse(press, refusal)

    def load_desk(self, version: str) -> None:
        path = self.template.desks[version]
        self.database.transact(lambda tx: self.accounts.load_desk(tx, MAIN, path, self.clock()))

    def copy_to_twin(self, handoff_id: str) -> None:
        """Give another account the same rows under the same ids, with nothing due before 2100."""
        far = datetime(2100, 1, 1, tzinfo=UTC)
        moved = {
            "clocks": {"due_at": far},
            "deliveries": {"not_before": far, "lease": None, "lease_until": None},
        }

        def work(tx: Any) -> None:
            for table in COPIED:
                mine = (table.c.account_id == MAIN, table.c.handoff_id == handoff_id)
                for row in tx.execute(select(table).where(*mine)).all():
                    values = {**row._mapping, "account_id": TWIN, **moved.get(table.name, {})}
                    tx.execute(insert(table).values(**values))

        self.database.transact(work)

    def seen(self) -> Seen:
        """Return the store as it is, the same object while nothing was written."""
        version = self._watch.execute("PRAGMA data_version").fetchone()[0]
        if version != self._seen_version:
            with self.database.read() as connection:
                rows = {table.name: list(connection.execute(select(table)).all()) for table in COPIED}
            self._seen, self._seen_version = Seen(rows=rows), version
        return self._seen


@dataclass(frozen=True)
class Seen:
    """The store at one moment, by handoff; the twin's rows apart."""

    rows: Mapping[str, list[Row[Any]]]

    @cached_property
    def handoffs(self) -> dict[str, Row[Any]]:
        return {row.handoff_id: row for row in self.rows["handoffs"] if row.account_id != TWIN}

    def of(self, table: str, handoff_id: str) -> list[Row[Any]]:
        return self._by_handoff[table].get(handoff_id, [])

    @cached_property
    def _by_handoff(self) -> dict[str, dict[str, list[Row[Any]]]]:
        found: dict[str, dict[str, list[Row[Any]]]] = {name: {} for name in self.rows}
        for name, rows in self.rows.items():
            for row in rows:
                if row.account_id != TWIN:
                    found[name].setdefault(row.handoff_id, []).append(row)
        return found

    @property
    def twins(self) -> list[tuple[Any, ...]]:
        return [tuple(row) for rows in self.rows.values() for row in rows if row.account_id == TWIN]
