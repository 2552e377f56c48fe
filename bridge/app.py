"""Builds everything once: one `Bridge` holds what a web process, a worker, or both need."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from bridge.accounts import MAIN, Accounts
from bridge.delivery.budgets import Budgets
from bridge.delivery.workbench import POLL_EVERY
from bridge.handoffs.account import BOT, FEED, NOTIFY, WEBHOOK
from bridge.inbound.hooks import hook_routes
from bridge.inbound.news import News
from bridge.inbound.press import Presses
from bridge.inbound.surfaces import ChatSurfaces
from bridge.intake.answers import SECURITY_SCHEMES, answer_schemas
from bridge.intake.api import body_schemas, intake_routes
from bridge.intake.events import Events, event_routes
from bridge.intake.problems import Problem, answer_http, answer_invalid, answer_problem, answer_unavailable
from bridge.intake.replays import forget_signatures
from bridge.intake.service import Intake
from bridge.notices.reading import load_notices
from bridge.security.outbound import GuardedSender
from bridge.security.vault import Vault
from bridge.settings import Settings, SettingsRefused
from bridge.store import Database, StoreUnavailable
from bridge.web.health import health_routes
from bridge.worker.heartbeat import Heartbeat
from bridge.worker.housekeeping import (
    all_is_well,
    follow_desk_file,
    follow_homes,
    has_desk,
    load_desk_file,
    look_into_the_books,
    owe_feeds,
    owe_groups,
    owe_polls,
)
from bridge.worker.loop import DeliveryLoop
from bridge.worker.payer import Payer
from bridge.worker.retention import keep_for
from bridge.worker.shifts import ShiftWatch
from bridge.worker.ticker import Ticker
from connectors.chat import Link, Receiver
from connectors.notify import AppriseNotifier
from connectors.registry import CHATS, HELPDESKS, Connectors, build_connectors, build_link, build_receiver

log = structlog.get_logger()

AUDIT_EVERY_SECONDS = 60
STANDING_EVERY_SECONDS = 60
THOROUGH_BOOKS_EVERY_SECONDS = 3600
DESK_FILE_EVERY_SECONDS = 15
SHIFTS_EVERY_SECONDS = 1
SIGNATURES_EVERY_SECONDS = 60
#: a page in the chat shows what has changed within this, and is drawn no oftener
HOMES_EVERY_SECONDS = 5
PURGE_EVERY_SECONDS = 30
#: of each PURGE_EVERY_SECONDS at most so many are spent on it, so that a stop need not wait
PURGE_SECONDS = 2.0
#: so long a process for the clocks alone has for each, before a worker takes that clock for missed
CLOCKS_APART_HAVE = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class Bridge:
    settings: Settings
    database: Database
    accounts: Accounts
    connectors: Connectors
    clock: Callable[[], datetime]

    def close(self) -> None:
        self.database.close()


@dataclass(frozen=True, kw_only=True)
class Worker:
    loop: DeliveryLoop
    ticker: Ticker

    def start(self) -> None:
        self.loop.start()
        self.ticker.start()

    def claim_no_more(self) -> None:
        """Begin nothing new; `stop` is to follow. Safe in a signal's handler."""
        self.ticker.look_no_more()
        self.loop.claim_no_more()

    def stop(self) -> None:
        """Finish what has begun and give back the rest."""
        self.ticker.stop()
        self.loop.stop()


def build_bridge(settings: Settings, clock: Callable[[], datetime] | None = None) -> Bridge:
    """Build what every process shares; `clock` None goes by the store's time, as all its processes do.

    Raises SettingsRefused, Unconnectable, MappingRefused, NoticesRefused.
    """
    database = Database(settings.database_url)
    try:
        now = clock or database.clock.now
        connectors = build_connectors(settings, clock=now)
        accounts = Accounts(
            Vault(list(settings.secret_keys)),
            helpdesk_vendors=frozenset(HELPDESKS),
            chat_vendors=frozenset(CHATS),
            helpdesks=tuple(connectors.helpdesks),
            chats=tuple(connectors.chats),
            notices=load_notices(settings.mappings),
        )
    except BaseException:
        database.close()
        raise
    return Bridge(settings=settings, database=database, accounts=accounts, connectors=connectors, clock=now)


def prepare(bridge: Bridge) -> None:
    """Make the main account, its connections and the desk of HANDOFF_DESK, and owe what goes on for ever.

    A desk file that cannot be used leaves the one in force. Where none is, raises DeskRefused with every
    mistake, and SettingsRefused when no file is named. Raises KeysUnreadable for keys of another store.
    """
    now, vendors = bridge.clock(), bridge.connectors.vendors
    bridge.database.transact(lambda tx: bridge.accounts.ensure(tx, MAIN, vendors, now))
    if has_desk(bridge.database, MAIN):
        follow_desk_file(bridge.database, bridge.accounts, bridge.settings.desk, now)
    elif bridge.settings.desk:
        load_desk_file(bridge.database, bridge.accounts, bridge.settings.desk, now)
    else:
        raise SettingsRefused("HANDOFF_DESK is not set, and no desk was loaded before: nobody is on duty")
    owe_what_goes_on(bridge, now)


def owe_what_goes_on(bridge: Bridge, now: datetime) -> None:
    """Owe the polls of helpdesks, the readings of calendars and the care of user groups, where none is owed."""
    owe_polls(bridge.database, bridge.connectors, now)
    owe_feeds(bridge.database, bridge.accounts, now)
    owe_groups(bridge.database, bridge.accounts, now)


def build_web(bridge: Bridge, leaving: threading.Event | None = None) -> FastAPI:
    """Build what is served. Once `leaving` is set, requests that wait for something are answered as it stands."""
    database, accounts, connectors, clock = bridge.database, bridge.accounts, bridge.connectors, bridge.clock
    app = FastAPI(
        title="Handoff bridge",
        version=version("handoff-bridge"),
        summary="Hand a conversation from a bot to people, and know that it held.",
        docs_url="/docs",
        redoc_url=None,
    )
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(StoreUnavailable, answer_unavailable)
    app.add_exception_handler(HTTPException, answer_http)
    intake = Intake(database=database, accounts=accounts, clock=clock, leaving=leaving or threading.Event())
    app.include_router(intake_routes(intake))
    app.include_router(event_routes(Events(database=database, clock=clock), accounts))
    app.include_router(hook_routes(database, accounts, connectors, _receiver(bridge), clock))
    app.include_router(health_routes(database, clock))
    return app


def build_chat_link(bridge: Bridge) -> Link | None:
    """Build the link by which a chat that cannot call us tells us the same; None where it is to call."""
    receiver = _receiver(bridge)
    if receiver is None:
        return None
    return build_link(
        bridge.settings,
        receiver,
        on_open=lambda: log.info("chat_link_open"),
        on_trouble=lambda why: log.warning("chat_link_in_trouble", error=why),
    )


def _receiver(bridge: Bridge) -> Receiver | None:
    place: dict[str, Any] = {
        "database": bridge.database,
        "accounts": bridge.accounts,
        "account_id": MAIN,
        "connectors": bridge.connectors,
        "clock": bridge.clock,
    }
    presses, news = Presses(**place), News(**place)
    surfaces = ChatSurfaces(**place, public_url=bridge.settings.public_url)
    return build_receiver(bridge.settings, presses.take, presses.refuse, news.take, surfaces)


def _described(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document with what the framework cannot know: bodies, answers and ways to sign in."""
    document = FastAPI.openapi(app)
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update({**body_schemas(), **answer_schemas()})
    components["securitySchemes"] = SECURITY_SCHEMES
    return document


def build_worker(bridge: Bridge, *, poll_every: timedelta = POLL_EVERY, clocks_apart: bool = False) -> Worker:
    """Build a worker. With `clocks_apart` another process has the clocks, and this one fires only what that missed."""
    leaving = CLOCKS_APART_HAVE if clocks_apart else timedelta(0)
    ticker = Ticker(database=bridge.database, accounts=bridge.accounts, clock=bridge.clock, leaving=leaving)
    _give_chores(bridge, ticker)
    return Worker(loop=_delivery_loop(bridge, poll_every), ticker=ticker)


def build_clocks(bridge: Bridge) -> Ticker:
    """Build what watches the clocks and does nothing else."""
    return Ticker(database=bridge.database, accounts=bridge.accounts, clock=bridge.clock)


def _delivery_loop(bridge: Bridge, poll_every: timedelta) -> DeliveryLoop:
    budgets = Budgets(lambda _account, connection: bridge.connectors.limits_of(connection))
    payer = Payer(
        database=bridge.database,
        accounts=bridge.accounts,
        connectors=bridge.connectors,
        budgets=budgets,
        sender=GuardedSender(allow_loopback=bridge.settings.allow_loopback_callbacks),
        clock=bridge.clock,
        chance=random.Random(),  # noqa: S311 - jitter
        poll_every=poll_every,
        notifier=AppriseNotifier(),
    )
    return DeliveryLoop(
        database=bridge.database,
        payer=payer,
        budgets=budgets,
        connections=(*bridge.connectors.vendors, BOT, WEBHOOK, FEED, NOTIFY),
        clock=bridge.clock,
    )


def _give_chores(bridge: Bridge, ticker: Ticker) -> None:
    ticker.every(AUDIT_EVERY_SECONDS, _audit(bridge, ticker))
    ticker.every(STANDING_EVERY_SECONDS, lambda: owe_what_goes_on(bridge, bridge.clock()))
    ticker.every(THOROUGH_BOOKS_EVERY_SECONDS, lambda: look_into_the_books(bridge.database, bridge.clock()))
    ticker.every(
        DESK_FILE_EVERY_SECONDS,
        lambda: follow_desk_file(bridge.database, bridge.accounts, bridge.settings.desk, bridge.clock()),
    )
    shifts = ShiftWatch(database=bridge.database, accounts=bridge.accounts, clock=bridge.clock)
    ticker.every(SHIFTS_EVERY_SECONDS, shifts.look)
    ticker.every(HOMES_EVERY_SECONDS, lambda: follow_homes(bridge.database, bridge.accounts, bridge.clock()))
    ticker.every(SIGNATURES_EVERY_SECONDS, lambda: forget_signatures(bridge.database, bridge.clock()))
    days = bridge.settings.retention_days
    retention = timedelta(days=days) if days else None
    ticker.every(
        PURGE_EVERY_SECONDS, lambda: keep_for(bridge.database, retention, bridge.clock(), PURGE_SECONDS)
    )


def _audit(bridge: Bridge, ticker: Ticker) -> Callable[[], None]:
    """Return the minute's audit. It ends in a sign of life to the operator's watcher, if all is well."""
    url = bridge.settings.heartbeat_url
    heartbeat = Heartbeat(url, lambda: ticker.looked_at) if url else None

    def audit() -> None:
        well = all_is_well(bridge.database, bridge.clock())
        if well and heartbeat:
            heartbeat.beat(bridge.clock())

    return audit
