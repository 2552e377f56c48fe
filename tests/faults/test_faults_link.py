"""A host that Slack cannot call: what comes by the bridge's own link is kept once, before it is acknowledged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from running_shop import CHANNEL, FALLBACK
from vendor_shop import StillShop, a_still_shop

from bridge.app import build_chat_link
from bridge.store import tables
from sandbox.slack.standin import APP_TOKEN

PATIENCE_SECONDS = 10.0


@contextmanager
def a_linked_shop(url: str, folder: Any) -> Iterator[StillShop]:
    """Give a shop that Slack cannot call, with two links as two web processes have them."""
    with a_still_shop(
        url, folder, settings={"SLACK_APP_TOKEN": APP_TOKEN, "SLACK_SIGNING_SECRET": ""}
    ) as shop:
        slack = shop.sandbox.slack
        slack.use_sockets()
        links = [build_chat_link(shop.bridge) for _ in range(2)]
        try:
            for link in links:
                link.start()
            until(lambda: len(slack.sockets) == 2)
            yield shop
        finally:
            for link in links:
                link.stop()


@pytest.fixture
def linked_shop(database_url, tmp_path):
    with a_linked_shop(database_url, tmp_path) as shop:
        yield shop


def until(look: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < deadline, "not seen in time"
        time.sleep(0.01)


def handed_over(shop):
    handoff = shop.hand_over()
    shop.pay()
    shop.clock.later(seconds=6)
    shop.pay()
    return handoff


def press(shop, handoff, user_id):
    shop.press(handoff, user_id)
    shop.sandbox.outbox.drain(20)
    shop.pay()


def test_fault_47_an_envelope_that_comes_twice_has_one_effect(linked_shop):
    """An event comes in two envelopes, by two links at once: both are acknowledged, it is kept once and told once."""
    shop = linked_shop
    shop.goes_wrong("slack", "WEBHOOK event channel_archive", "duplicate")
    shop.sandbox.slack.archive(CHANNEL)
    shop.sandbox.outbox.drain(20)
    shop.pay()
    told = [one for one in shop.sandbox.outbox.log() if "channel_archive" in one.label]
    assert [one.status for one in told] == [200, 200]
    assert len(shop.rows(tables.inbox, source="slack")) == 1
    assert len([line for line in shop.lines(FALLBACK) if "comes here" in line]) == 1


def test_fault_47_an_event_whose_acknowledgement_was_lost_comes_again_without_effect(linked_shop):
    """The acknowledgement of an event is lost on its way: Slack tells it again, and it has no second effect."""
    shop = linked_shop
    shop.goes_wrong("slack", "WEBHOOK event channel_archive", "reset_after")
    shop.sandbox.slack.archive(CHANNEL)
    shop.sandbox.outbox.drain(20)
    shop.pay()
    told = [one for one in shop.sandbox.outbox.log() if "channel_archive" in one.label]
    assert [one.status for one in told] == [None, 200]
    assert len(shop.rows(tables.inbox, source="slack")) == 1
    assert len([line for line in shop.lines(FALLBACK) if "comes here" in line]) == 1


def test_a_press_by_a_link_claims(linked_shop):
    handoff = handed_over(linked_shop)
    press(linked_shop, handoff, "U07RAVI")
    assert linked_shop.handoff(handoff).claimed_by == "ravi"


def test_fault_69_a_stranger_who_presses_by_a_link_is_refused_too(linked_shop):
    """Somebody who is not of the desk presses, and it comes by a link: told so in private, and nothing changes."""
    shop = linked_shop
    shop.sandbox.slack.add_user("U0STRANGER", "eve")
    shop.sandbox.slack.workspace.channels[CHANNEL].members.add("U0STRANGER")
    handoff = handed_over(shop)
    press(shop, handoff, "U0STRANGER")
    assert shop.handoff(handoff).claimed_by is None
    assert shop.states("private_line") == ["settled"]
