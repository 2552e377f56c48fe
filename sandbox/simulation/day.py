"""One day of the shop, from the first conversation to the last thing owed."""

from __future__ import annotations

import random
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet
from sqlalchemy import func, select

from bridge.accounts import MAIN, Accounts
from bridge.app import Bridge, build_web, owe_what_goes_on, prepare
from bridge.delivery.budgets import Budgets
from bridge.handoffs.account import BOT, WEBHOOK
from bridge.security.vault import Vault
from bridge.settings import Settings, read_settings
from bridge.store import StoreUnavailable, migrate, tables
from bridge.worker.payer import Payer
from connectors.registry import CHATS, HELPDESKS, build_connectors
from sandbox.bot import CALLBACK_PATH, BotStandIn
from sandbox.journal import Journal
from sandbox.outbox import Outbox
from sandbox.simulation import figures
from sandbox.simulation.calls import Calls
from sandbox.simulation.customers import Customers, arrivals
from sandbox.simulation.desks import AtFreshdesk, AtZendesk, WorkPlace
from sandbox.simulation.figures import Figures
from sandbox.simulation.lane import TimetableLane
from sandbox.simulation.plugs import WireSender, plugged_in
from sandbox.simulation.shop import desk_text, hire_at_freshdesk, hire_at_slack, hire_at_zendesk
from sandbox.simulation.staff import Staff
from sandbox.simulation.store import SimulatedDatabase
from sandbox.simulation.ticking import Ticking
from sandbox.simulation.timetable import SkewedClock, Timetable
from sandbox.simulation.verdict import World, broken_rules
from sandbox.simulation.weather import Weather, WebhookFaults
from sandbox.simulation.wire import Host, Passed, Wire
from sandbox.simulation.workforce import Workforce
from sandbox.vendors import FRESHDESK, SLACK, ZENDESK

#: midnight in the shop, so that the day's hours are its people's hours
START: Final = datetime(2026, 11, 18, 18, 30, tzinfo=UTC)
AFTERWARDS: Final = timedelta(hours=3)  #: until the last ladder has ended and the last callback has arrived
BRIDGE_URL: Final = "http://bridge.simulated"
BOT_URL: Final = "http://bot.simulated"
URLS: Final = {name: f"http://{name}.simulated" for name in ("zendesk", "freshdesk", "slack")}
#: how far vendors' clocks are off ours, seconds
SKEWS: Final = {"zendesk": -1.2, "freshdesk": 1.7, "slack": 0.6}
LATENCY_SECONDS: Final = {"zendesk": 0.22, "freshdesk": 0.35, "slack": 0.14, "bot": 0.06, "bridge": 0.02}
STORE_AWAY: Final = 0.0003  #: share of transactions that find the store away
STANDING_EVERY_SECONDS: Final = 60.0
QUEUE_LOOKED_AT_EVERY_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What kind of day. `calm` leaves out everything that goes wrong."""

    seed: int
    conversations: int = 5_000
    share_handed_over: float = 0.4
    helpdesk: str = "zendesk"
    processes: int = 2
    calm: bool = False
    hours: float = 24.0  #: a shorter day is as busy, and ends sooner
    afterwards: timedelta = AFTERWARDS


def simulate(plan: Plan) -> Figures:
    """Play the day and return what it comes to."""
    with tempfile.TemporaryDirectory(prefix="handoff-day-", dir=_memory()) as folder:
        day = Day(plan, Path(folder))
        try:
            return day.play()
        finally:
            day.close()


class Day:
    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._time = time = Timetable(START)
        self._weather = Weather(
            self._chance("weather"), time, helpdesk=plan.helpdesk, hours=plan.hours, calm=plan.calm
        )
        self._calls = Calls(self._noticed)
        self._wire = Wire(time, self._chance("wire"), self._weather, self._calls)
        self._begun = False
        self._longest_queue = 0
        self._open_stand_ins()
        self._open_bridge(folder)
        self._open_people()
        self._open_workers()

    def play(self) -> Figures:
        with plugged_in(self._wire):
            self._connect()
            self._begun = True
            moments = arrivals(self._chance("arrivals"), START, self._plan.hours, self._plan.conversations)
            self._customers.come(moments, self._plan.share_handed_over)
            self._time.every(STANDING_EVERY_SECONDS, self._owe_what_goes_on)
            self._time.every(QUEUE_LOOKED_AT_EVERY_SECONDS, self._measure_queue)
            self._time.run(START + timedelta(hours=self._plan.hours) + self._plan.afterwards, self._between)
        return self._figures()

    def broken_rules(self) -> list[str]:
        """Return a sentence for each thing that is not as it must be at the end of the day."""
        world = World(cases=self._customers.cases, work_place=self._desk, slack=self.slack, bot=self._bot)
        with self.database.read() as connection:
            return broken_rules(connection, world, START - timedelta(days=1))

    def close(self) -> None:
        self._bridge.close()

    def _between(self) -> None:
        self._ticking.plan_if_woken()
        self._workforce.look_if_woken()

    def _noticed(self, passed: Passed) -> None:
        """People see what a call has done."""
        if passed.host == "slack":
            self._staff.look_at_slack()
        elif passed.host == self._plan.helpdesk and passed.method == "POST":
            self._staff.look_at_the_helpdesk()

    def _open_stand_ins(self) -> None:
        time = self._time
        self._outbox = Outbox(
            clock=time,
            script=WebhookFaults(self._weather, self._chance("webhooks")),
            journal=Journal(time),
            lane=lambda _vendor, attempt: TimetableLane(time, attempt),
        )
        clocks = {name: SkewedClock(time, 0 if self._plan.calm else off) for name, off in SKEWS.items()}
        self.zendesk = ZENDESK.open(clocks["zendesk"], self._outbox, 1.0)
        self.freshdesk = FRESHDESK.open(clocks["freshdesk"], self._outbox, 1.0)
        self.slack = SLACK.open(clocks["slack"], self._outbox, 1.0)
        hire_at_zendesk(self.zendesk)
        hire_at_freshdesk(self.freshdesk)
        hire_at_slack(self.slack)
        self._bot = BotStandIn(clock=time)

    def _open_bridge(self, folder: Path) -> None:
        settings = self._settings(folder)
        migrate(settings.database_url)
        self.database = SimulatedDatabase(settings.database_url, self._store_is_away)
        connectors = build_connectors(settings, clock=self._time)
        self._bridge = Bridge(
            settings=settings,
            database=self.database,
            accounts=Accounts(
                Vault(list(settings.secret_keys)),
                helpdesk_vendors=frozenset(HELPDESKS),
                chat_vendors=frozenset(CHATS),
                helpdesks=tuple(connectors.helpdesks),
                chats=tuple(connectors.chats),
            ),
            connectors=connectors,
            clock=self._time,
        )
        prepare(self._bridge)

    def _open_people(self) -> None:
        self._customers = Customers(self._chance("customers"), self._time, self._bot, BOT_URL + CALLBACK_PATH)
        at_zendesk = self._plan.helpdesk == "zendesk"
        self._desk: WorkPlace = AtZendesk(self.zendesk) if at_zendesk else AtFreshdesk(self.freshdesk)
        self._staff = Staff(
            chance=self._chance("staff"),
            timetable=self._time,
            slack=self.slack,
            desk=self._desk,
            case_of=self._customers.by_handoff.get,
            answered=self._customers.come_back,
        )

    def _open_workers(self) -> None:
        bridge = self._bridge
        budgets = Budgets(lambda _account, connection: bridge.connectors.limits_of(connection))
        payer = Payer(
            database=self.database,
            accounts=bridge.accounts,
            connectors=bridge.connectors,
            budgets=budgets,
            sender=WireSender(self._wire),
            clock=self._time,
            chance=self._chance("jitter"),
        )
        self._workforce = Workforce(
            database=self.database,
            payer=payer,
            budgets=budgets,
            connections=(*bridge.connectors.vendors, BOT, WEBHOOK),
            timetable=self._time,
            wire=self._wire,
            weather=self._weather,
            processes=self._plan.processes,
        )
        self._ticking = Ticking(bridge, self.database, self._time, self._workforce, self._chance("scheduler"))

    def _connect(self) -> None:
        """Put everybody on the wire, and tell them where the bridge is."""
        apps = {"zendesk": self.zendesk.app, "freshdesk": self.freshdesk.app, "slack": self.slack.app}
        for name, app in apps.items():
            self._wire.connect(URLS[name], Host(name=name, app=app, median_seconds=LATENCY_SECONDS[name]))
        bot, bridge = self._bot.app, build_web(self._bridge)
        self._wire.connect(BOT_URL, Host(name="bot", app=bot, median_seconds=LATENCY_SECONDS["bot"]))
        self._wire.connect(
            BRIDGE_URL, Host(name="bridge", app=bridge, median_seconds=LATENCY_SECONDS["bridge"])
        )
        for standin in (self.zendesk, self.freshdesk, self.slack):
            standin.connect(BRIDGE_URL)
        made = self.database.transact(
            lambda tx: self._bridge.accounts.create_key(tx, MAIN, "simulated bot", self._time.now)
        )
        self._bot.connect(BRIDGE_URL, made.bearer)

    def _settings(self, folder: Path) -> Settings:
        desk = folder / "desk.yaml"
        desk.write_text(desk_text(self._plan.helpdesk), encoding="utf-8")
        vendor = ZENDESK if self._plan.helpdesk == "zendesk" else FRESHDESK
        return read_settings(
            {
                "HANDOFF_DATABASE_URL": f"sqlite:///{folder / 'handoff.db'}",
                "HANDOFF_SECRET_KEYS": Fernet.generate_key().decode(),
                "HANDOFF_DESK": str(desk),
                "HANDOFF_ALLOW_LOOPBACK_CALLBACKS": "true",
                **vendor.settings(URLS[vendor.name]),
                **SLACK.settings(URLS["slack"]),
            }
        )

    def _owe_what_goes_on(self) -> None:
        with suppress(StoreUnavailable):  # the next round comes all the same
            owe_what_goes_on(self._bridge, self._time.now)

    def _measure_queue(self) -> None:
        waiting = select(func.count()).where(
            tables.deliveries.c.state.in_(("owed", "unknown")),
            tables.deliveries.c.not_before <= self._time.now,
        )
        with self.database.read() as connection:
            self._longest_queue = max(self._longest_queue, connection.execute(waiting).scalar_one())

    def _store_is_away(self) -> bool:
        return self._begun and self._weather.happens(STORE_AWAY)

    def _figures(self) -> Figures:
        calls = self._calls
        with self.database.read() as connection:
            headline, share = figures.honest(connection, START, self._time.now)
            return Figures(
                seed=self._plan.seed,
                conversations=self._plan.conversations,
                handoffs=sum(figures.states(connection).values()),
                honest_number=headline,
                answered_in_window=share,
                states=figures.states(connection),
                lateness=figures.lateness(connection),
                calls=figures.calls_by_host(calls),
                budget_peaks={name: calls.budgets[name].share for name in sorted(calls.budgets)},
                over_the_limit=figures.counted(calls.over_the_limit),
                retries=figures.retries(connection),
                dead_letters=figures.dead_letters(connection),
                longest_queue=self._longest_queue,
                accidents=figures.Accidents(
                    calls=figures.counted(calls.mishaps),
                    worker_deaths=self._workforce.deaths,
                    worker_stalls=self._workforce.stalls,
                ),
                digest=figures.digest(connection),
                broken=self.broken_rules(),
            )

    def _chance(self, what: str) -> random.Random:
        """Return a source of chance of its own, so that one more draw here changes nothing there."""
        return random.Random(f"{self._plan.seed}:{what}")  # noqa: S311 - a simulation, no secret


def _memory() -> str | None:
    """Return a folder in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made there
