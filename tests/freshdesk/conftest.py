"""A Freshdesk account on a real port, with a script of faults, a clock that stands still, and the connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from freshdesk_account import DRAFT, ONCE, Account, StillClock

from bridge.handoffs.model import TicketRef
from connectors.freshdesk import FreshdeskHelpdesk
from connectors.mapping import FieldMapping, shipped_mapping
from sandbox.faults import FaultMiddleware
from sandbox.freshdesk import API_KEY, NO_LIMITS, WEBHOOK_SECRET, FreshdeskStandIn
from sandbox.outbox import Outbox
from sandbox.server import serve


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def mapping() -> FieldMapping:
    return shipped_mapping("freshdesk")


class Door:
    """One port for all tests, each with an account of its own behind it."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def freshdesk_door() -> Iterator[tuple[Door, str]]:
    door = Door()
    door.app = FastAPI()
    with serve(door) as running:
        yield door, running.url


@pytest.fixture
def account(clock: StillClock, freshdesk_door: tuple[Door, str]) -> Iterator[Account]:
    door, url = freshdesk_door
    outbox = Outbox(clock=clock, pace=0.0001)
    freshdesk = FreshdeskStandIn(clock=clock, outbox=outbox, limits=NO_LIMITS)
    it = Account(clock=clock, freshdesk=freshdesk, outbox=outbox, url=url)
    door.app = FaultMiddleware(freshdesk.app, vendor="freshdesk", script=it.script, journal=it.journal)
    yield it
    outbox.close()


@pytest.fixture
def connect(account: Account, mapping: FieldMapping, clock: StillClock) -> Callable[..., FreshdeskHelpdesk]:
    """Return how to make a connector, as another process would."""

    def make(**changes: Any) -> FreshdeskHelpdesk:
        told: dict[str, Any] = {
            "base_url": account.url,
            "api_key": API_KEY,
            "mapping": mapping,
            "webhook_secrets": [WEBHOOK_SECRET],
            "clock": clock,
        }
        return FreshdeskHelpdesk(**told | changes)

    return make


@pytest.fixture
def helpdesk(connect: Callable[..., FreshdeskHelpdesk]) -> FreshdeskHelpdesk:
    return connect()


@pytest.fixture
def opened(helpdesk: FreshdeskHelpdesk) -> TicketRef:
    """Return an open ticket of the handoff."""
    return helpdesk.open_ticket(DRAFT, ONCE).ref
