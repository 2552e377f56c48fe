"""A Slack workspace on a real port, with a script of faults, a clock that stands still, and the connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from slack_shop import CARD, Shop, StillClock, retry_of

from connectors.base import Card, Once
from connectors.slack import SlackChat
from sandbox.faults import FaultMiddleware
from sandbox.outbox import Outbox
from sandbox.server import serve
from sandbox.slack import SlackStandIn
from sandbox.slack.standin import TOKEN


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


class Port:
    """One real port for all tests: each puts its own app behind it."""

    app: Any = None
    url: str = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def slack_port() -> Iterator[Port]:
    port = Port()
    with serve(port) as running:
        port.url = running.url
        yield port


@pytest.fixture
def shop(clock: StillClock, slack_port: Port) -> Iterator[Shop]:
    outbox = Outbox(clock=clock, pace=0.0001)
    it = Shop(clock=clock, slack=SlackStandIn(clock=clock, outbox=outbox), outbox=outbox)
    slack_port.app = FaultMiddleware(it.slack.app, vendor="slack", script=it.script, journal=it.journal)
    it.url = f"{slack_port.url}/api/"
    yield it
    outbox.close()


@pytest.fixture
def chat(shop: Shop) -> SlackChat:
    return SlackChat(token=TOKEN, base_url=shop.url, clock=shop.clock)


@pytest.fixture
def card() -> Callable[..., Card]:
    def make(**changes: Any) -> Card:
        return replace(CARD, **changes)

    return make


@pytest.fixture
def once() -> Once:
    return Once(key="dl_1")


@pytest.fixture
def again(once: Once) -> Once:
    return retry_of(once)
