"""A Freshdesk account on a real port, with a script of faults, a clock that stands still, and the connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from freshdesk_account import DRAFT, ONCE, Account
from stand_ins import Port, StillClock, open_port

from bridge.handoffs.model import TicketRef
from connectors.freshdesk import FreshdeskHelpdesk
from connectors.mapping import FieldMapping, shipped_mapping
from sandbox.freshdesk import API_KEY, WEBHOOK_SECRET


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def mapping() -> FieldMapping:
    return shipped_mapping("freshdesk")


@pytest.fixture(scope="session")
def freshdesk_port() -> Iterator[Port]:
    with open_port() as port:
        yield port


@pytest.fixture
def account(clock: StillClock, freshdesk_port: Port) -> Iterator[Account]:
    it = Account(clock, freshdesk_port.url)
    with it.behind(freshdesk_port, it.freshdesk.app):
        yield it


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
