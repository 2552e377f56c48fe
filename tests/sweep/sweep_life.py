"""The test build of the bridge: the real one, counting the places where it may die, working when told to."""

from __future__ import annotations

import json
import random
import secrets
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog
import uvicorn
from sqlalchemy import Connection, func, or_, select
from sweep_boundaries import Boundaries, Edge
from sweep_channel import Channel

from bridge.accounts import MAIN
from bridge.app import Bridge, build_bridge, build_web, build_worker, prepare
from bridge.delivery import ledger
from bridge.reports.accounting import books
from bridge.settings import read_settings
from bridge.store import tables
from bridge.store.writer import SingleWriter
from bridge.worker.loop import NO_WAIT, DeliveryLoop

DELIVERIES = tables.deliveries
STILL_OWED = DELIVERIES.c.state.in_(ledger.STILL_OWED)
#: seldom enough for the story to have three polls, and each of them something to find
POLL_EVERY = timedelta(minutes=20)
KEPT = (tables.handoffs, tables.timeline, tables.clocks, tables.messages, tables.deliveries)


class InThisThread:
    """A pool that does at once what it is given, so that every run goes the same way."""

    def submit(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work(*given))
        return done


class Build:
    """The whole bridge with its objects made and nothing opened: no thread, no file, no connection."""

    def __init__(self, environment: dict[str, str], clock: Callable[[], datetime]) -> None:
        self.bridge: Bridge = build_bridge(read_settings(environment), clock)
        self.worker = build_worker(self.bridge, poll_every=POLL_EVERY)
        self.worker.loop._pool = InThisThread()
        self.web = build_web(self.bridge)
        self.bridge.database.writers = 0  # whoever asks does it, so that every run goes the same way
        # Looked at once by each process: how long a run takes may move no place.
        self.bridge.database._schema._clock = lambda: 0.0
        if self.bridge.database.is_sqlite:
            self.bridge.database._writer.close()

    def share_statements(self, before: Build) -> None:
        """Take over what SQLAlchemy has compiled, which is the same for every process; it is kept by dialect."""
        ours, theirs = self.bridge.database.engine, before.bridge.database.engine
        ours.dialect, ours._compiled_cache = theirs.dialect, theirs._compiled_cache

    def open(self) -> None:
        """Start as `handoff run` does: with the writer's thread, then everything made ready."""
        database = self.bridge.database
        if database.is_sqlite:
            database._writer = SingleWriter(database.engine, database.wakeups.announce)
        prepare(self.bridge)


class Life:
    """One process of the bridge, from its start to its death."""

    def __init__(self, build: Build, channel: Channel, listening: socket.socket) -> None:
        self._build = build
        self._channel = channel
        self._listening = listening
        self._boundaries = Boundaries(lambda label: channel.send({"died_at": label}))
        self._boundaries.install()
        self._server: uvicorn.Server | None = None
        self._errors: list[str] = []
        _log_into(self._errors)

    def obey(self) -> None:
        """Do what is asked, one thing after the other, until told to stop."""
        while (asked := self._channel.receive()) != {"do": "stop"}:
            self._channel.send(getattr(self, f"do_{asked.pop('do')}")(**asked))
        self._close()

    def do_arm(self, dies_at: int | None) -> dict[str, Any]:
        self._boundaries.arm(dies_at)
        return {}

    def do_open(self) -> dict[str, Any]:
        self._build.open()
        self._serve(Edge(self._build.web, self._boundaries))
        return {}

    def _pay(self, loop: DeliveryLoop) -> None:
        """Claim, call and settle in this thread until nothing more may be paid now."""
        while True:
            look = loop._claim_and_hand_out()
            tried = []
            while not loop._tried.empty():
                tried.append(loop._tried.get())
            if tried:
                loop._settle(tried)
            elif look.sleep > NO_WAIT:
                return

    def do_turn(self) -> dict[str, Any]:
        """Fire what is due, pay what may be paid; tell how much is owed yet, and when it may be paid."""
        self._boundaries.reach("turn")
        worker = self._build.worker
        worker.ticker.look()
        self._pay(worker.loop)
        with self._unseen() as connection:
            held = DELIVERIES.c.lease.is_not(None)
            owed = select(func.count()).where(STILL_OWED, or_(DELIVERIES.c.handoff_id != "", held))
            left = connection.execute(owed).scalar_one()
            moments = (
                ledger.next_moment(connection, self._build.bridge.clock()),
                connection.execute(select(func.min(DELIVERIES.c.lease_until)).where(STILL_OWED)).scalar(),
            )
        return {"owed": left, "next": min((one.isoformat() for one in moments if one), default=None)}

    def do_look(self) -> dict[str, Any]:
        """Tell everything that is kept, and what was logged as an error."""
        with self._unseen() as connection:
            kept = {
                table.name: [dict(row._mapping) for row in connection.execute(select(table))]
                for table in KEPT
            }
            found = books(connection, MAIN, self._build.bridge.clock().replace(year=2000))
        counted = {name: getattr(found, name) for name in ("accepted", "settled", "owed", "dead", "missing")}
        return {"kept": json.loads(json.dumps(kept, default=str)), "books": counted, "errors": self._errors}

    def do_trace(self) -> dict[str, Any]:
        return {"passed": self._boundaries.passed}

    @contextmanager
    def _unseen(self) -> Iterator[Connection]:
        """Give a connection for the test's own looking, which is no place to die at."""
        with self._boundaries.unseen(), self._build.bridge.database.read() as connection:
            yield connection

    def _serve(self, app: Any) -> None:
        self._server = server = uvicorn.Server(_quiet(app))
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [self._listening]}, daemon=True)
        self._thread.start()
        while not server.started:
            time.sleep(0.0005)

    def _close(self) -> None:
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join()
        self._build.bridge.close()
        self._boundaries.remove()


def _quiet(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app, http="h11", ws="none", lifespan="off", log_config=None, log_level="critical", access_log=False
    )


def draw_from(chance: random.Random) -> None:
    """Let names and leases be drawn the same way in every run."""
    secrets.token_bytes = lambda nbytes=None: chance.randbytes(nbytes or 32)
    secrets.token_hex = lambda nbytes=None: secrets.token_bytes(nbytes).hex()


def _log_into(errors: list[str]) -> None:
    """Keep what is logged as an error, and let the rest go."""

    def keep(_logger: Any, method: str, told: Any) -> Any:
        if method in ("error", "exception", "critical"):
            errors.append(str({**told, "trace": traceback.format_exc() if told.get("exc_info") else None}))
        raise structlog.DropEvent

    structlog.configure(processors=[keep], cache_logger_on_first_use=False)
