"""What tests against a vendor's stand-in share: a clock, a port, faults, and what was asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from sandbox.faults import Fault, FaultMiddleware, FaultScript
from sandbox.journal import Journal
from sandbox.outbox import Outbox
from sandbox.server import serve

NOON: Final = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@dataclass
class StillClock:
    """A clock that stands until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **more: float) -> None:
        """Move it, as in `forward(minutes=3)`."""
        self.now += timedelta(**more)


class Port:
    """A real port for many tests: each puts its own app behind it."""

    app: Any = None
    url: str = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket"):
            await self.app(scope, receive, send)


@contextmanager
def open_port() -> Iterator[Port]:
    port = Port()
    with serve(port) as running:
        port.url = running.url
        yield port


class OnTrial:
    """A vendor's stand-in under test: what goes wrong in it, and what was asked of it.

    The journal holds calls to the stand-in alone, not what its outbox sends.
    """

    vendor: ClassVar[str]

    def __init__(self, clock: StillClock, url: str) -> None:
        self.clock = clock
        self.url = url
        self.script = FaultScript()
        self.journal = Journal(clock)
        self.outbox = Outbox(clock=clock, script=self.script, pace=0.0001)

    def goes_wrong(self, call: str, action: str, **more: Any) -> None:
        """Let the next call such as "POST /api/v2/tickets" go wrong."""
        self.script.add(Fault(vendor=self.vendor, call=call, action=action, **more))

    @contextmanager
    def behind(self, port: Port, app: Any) -> Iterator[None]:
        """Answer at the port by the stand-in's app, through the faults."""
        port.app = FaultMiddleware(app, vendor=self.vendor, script=self.script, journal=self.journal)
        yield
        self.outbox.close()
