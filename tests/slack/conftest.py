"""A Slack workspace on a real port, with a script of faults, a clock that stands still, and the connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from scripted_bridge import ScriptedBridge, a_scripted_bridge
from slack_sdk import WebClient
from slack_shop import CARD, Shop, retry_of
from stand_ins import Port, StillClock, open_port

from connectors.base import Once
from connectors.chat import Card
from connectors.slack import SlackChat
from sandbox.slack.standin import TOKEN


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture(scope="session")
def slack_port() -> Iterator[Port]:
    with open_port() as port:
        yield port


@pytest.fixture
def shop(clock: StillClock, slack_port: Port) -> Iterator[Shop]:
    it = Shop(clock, f"{slack_port.url}/api/")
    with it.behind(slack_port, it.slack.app):
        yield it


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


@pytest.fixture
def client(shop: Shop) -> WebClient:
    return WebClient(token=TOKEN, base_url=shop.url)


@pytest.fixture
def app(shop: Shop) -> Iterator[ScriptedBridge]:
    """Return the app that Slack tells of everything."""
    with a_scripted_bridge(shop.clock) as bridge:
        shop.slack.connect(bridge.url)
        yield bridge
