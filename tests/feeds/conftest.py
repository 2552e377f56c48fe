"""A bridge whose desk follows a calendar at a real address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from bridges import Clock, a_bridge, pay, write_example_desk
from calendars import CalendarServer

from bridge.accounts import MAIN
from bridge.app import Bridge
from bridge.feeds.rows import readings
from bridge.roster.on_duty import on_duty
from bridge.security.outbound import GuardedSender
from sandbox.server import serve

FEED = """
feeds:
  - {{name: team, url: "{url}/team.ics", channels: [whatsapp]}}
"""


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    server = CalendarServer()
    with serve(server.app) as running:
        server.url = running.url
        yield server


@pytest.fixture
def clock(frozen_now: datetime) -> Clock:
    return Clock(frozen_now)


@pytest.fixture
def desk_file(tmp_path: Path, server: CalendarServer) -> Path:
    path = write_example_desk(tmp_path)
    path.write_text(path.read_text() + FEED.format(url=server.url))
    return path


@pytest.fixture
def town(database_url: str, desk_file: Path, clock: Clock) -> Iterator[Town]:
    with a_bridge(database_url, desk_file, clock) as bridge:
        yield Town(bridge, clock)


class Town:
    """The bridge under test, and what its calendar makes of the roster."""

    def __init__(self, bridge: Bridge, clock: Clock) -> None:
        self.bridge = bridge
        self.clock = clock

    def read(self) -> None:
        """Read the calendar, whenever its time has come."""
        self.clock.later(minutes=16)
        pay(self.bridge, GuardedSender(allow_loopback=True))

    def owner(self, channel: str = "whatsapp") -> str | None:
        with self.bridge.database.read() as connection:
            desk = self.bridge.accounts.of(connection, MAIN).desk
        duty = on_duty(desk.roster, channel, self.clock())
        return duty.owner if duty else None

    def reading(self):
        with self.bridge.database.read() as connection:
            return readings(connection, MAIN)["team"]
