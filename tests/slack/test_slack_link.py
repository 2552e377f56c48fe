"""The link of our own to Slack: what it brings is kept before it is acknowledged, and it comes back by itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_views import modal

from connectors.slack.link import SlackLink
from sandbox.slack.standin import APP_TOKEN, TOKEN, SlackStandIn

ASHA = "U07ASHA"
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 15.0
WORDS = "where is my refund, said Priya"


@dataclass
class Core:
    """Keeps what it is told, but for what it cannot; `answer` is what an envelope's acknowledgement carries."""

    kept: list[dict[str, Any]] = field(default_factory=list)
    cannot: int = 0
    answer: dict[str, Any] | None = None
    holds: threading.Event | None = None
    begun: int = 0

    def take(self, payload: Any) -> dict[str, Any] | None:
        self.begun += 1
        if self.holds is not None:
            self.holds.wait(PATIENCE_SECONDS)
        if self.cannot:
            self.cannot -= 1
            raise RuntimeError(f"no room for {payload}")
        self.kept.append(payload)
        return self.answer


@dataclass
class Heard:
    opened: int = 0
    troubles: list[str] = field(default_factory=list)

    def open(self) -> None:
        self.opened += 1


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def slack(shop) -> SlackStandIn:
    """Return a workspace that sends through sockets, and waits for no more than half a second."""
    shop.slack = SlackStandIn(clock=shop.clock, outbox=shop.outbox, patience_seconds=0.5)
    shop.slack.use_sockets()
    return shop.slack


@pytest.fixture
def new_link(shop, slack, slack_port, core, heard) -> Iterator[Callable[..., SlackLink]]:
    links: list[SlackLink] = []

    def make(token: str = APP_TOKEN) -> SlackLink:
        links.append(
            SlackLink(
                app_token=token,
                take=core.take,
                on_open=heard.open,
                on_trouble=heard.troubles.append,
                base_url=shop.url,
            )
        )
        links[-1].start()
        return links[-1]

    with shop.behind(slack_port, slack.app):
        yield make
        for link in links:
            link.stop()


@pytest.fixture
def link(new_link, heard) -> SlackLink:
    made = new_link()
    until(lambda: heard.opened == 1)
    return made


def until(look: Callable[[], Any]) -> Any:
    """Wait for another thread's doing."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "not seen in time"
        threading.Event().wait(LOOK_SECONDS)
    return found


def tell(shop):
    shop.slack.send_event({"type": "app_mention", "text": WORDS})
    shop.outbox.drain(20)


def test_an_event_is_kept_and_comes_once(shop, link, core, heard):
    tell(shop)

    assert [one["event"]["text"] for one in core.kept] == [WORDS]
    assert [attempt.status for attempt in shop.outbox.log()] == [200]
    assert (heard.opened, heard.troubles) == (1, [])


def test_what_could_not_be_kept_is_not_acknowledged_and_comes_again(shop, link, core, heard):
    core.cannot = 2

    tell(shop)

    assert len(core.kept) == 1
    assert [attempt.status for attempt in shop.outbox.log()] == [None, None, 200]
    assert heard.troubles == ["slack: an envelope was not taken (RuntimeError)"] * 2


def test_a_submission_is_answered_by_what_its_acknowledgement_carries(shop, slack, link, core):
    slack.shortcut(ASHA, "anything")
    shop.outbox.drain()
    asked, client = core.kept[0], WebClient(token=TOKEN, base_url=shop.url)
    client.views_open(trigger_id=asked["trigger_id"], view=modal())
    core.answer = {"response_action": "errors", "errors": {"reason": "Say more."}}

    shown = slack.submit(ASHA, {"reason": "because"})

    assert shown.errors == {"reason": "Say more."}
    assert core.kept[1]["type"] == "view_submission"


def test_an_event_is_acknowledged_without_a_word(shop, slack, link, core):
    core.answer = {"text": "nobody asked"}

    tell(shop)

    (attempt,) = shop.outbox.log()
    assert (attempt.status, len(core.kept)) == (200, 1)


@pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
def test_a_link_that_slack_ends_is_followed_by_another_and_nothing_is_lost(
    shop, slack, link, core, heard, reason
):
    slack.disconnect_sockets(reason)

    until(lambda: heard.opened == 2 and len(slack.sockets) == 1)
    tell(shop)
    assert len(core.kept) == 1


def test_a_link_that_breaks_without_a_word_is_made_again(shop, slack, link, core, heard):
    link._client.current_session.sock.shutdown(2)

    until(lambda: heard.opened == 2 and len(slack.sockets) == 1)
    tell(shop)
    assert len(core.kept) == 1


def test_a_link_that_is_not_to_be_had_at_first_is_asked_for_again(shop, slack, new_link, core, heard):
    shop.goes_wrong("apps.connections.open", "status", status=503)
    shop.goes_wrong("apps.connections.open", "reset_before")

    new_link()

    until(lambda: len(slack.sockets) == 1)
    tell(shop)
    assert len(core.kept) == 1
    assert len(heard.troubles) == 2


def test_slack_is_left_alone_as_long_as_it_asks(shop, slack, new_link, heard):
    shop.goes_wrong("apps.connections.open", "status", status=429, retry_after="30")

    link = new_link()

    until(lambda: heard.troubles)
    began = time.monotonic()
    link.stop()
    assert time.monotonic() - began < 2.5
    assert shop.calls().count("apps.connections.open") == 1


def test_a_token_that_is_refused_is_told_in_plain_words(shop, new_link, heard):
    new_link("xapp-1-A111-canary")

    (why, *_) = until(lambda: heard.troubles)
    assert why.startswith("slack: SLACK_APP_TOKEN is refused: make an app-level token")
    assert "canary" not in why


def test_ten_links_stand_beside_each_other_and_an_event_comes_to_one(shop, slack, new_link, core):
    for _ in range(3):
        new_link()
    until(lambda: len(slack.sockets) == 3)

    tell(shop)

    assert len(core.kept) == 1


def test_a_stop_waits_for_what_was_taken_and_hangs_up(shop, slack, link, core):
    core.holds = threading.Event()
    slack.send_event({"type": "app_mention", "text": WORDS})
    until(lambda: core.begun)
    threading.Timer(0.2, core.holds.set).start()

    link.stop()

    assert core.holds.is_set()
    until(lambda: len(slack.sockets) == 0)
    shop.outbox.drain(20)
    assert len(core.kept) == 1
    assert shop.outbox.log()[0].status == 200


def test_a_stop_does_not_wait_for_ever(slack, link, core):
    core.holds = threading.Event()
    slack.send_event({"type": "app_mention", "text": WORDS})
    until(lambda: core.begun)

    link.stop()

    assert not core.holds.is_set()
    core.holds.set()


def test_a_slow_one_holds_up_no_other(shop, slack, link, core):
    core.holds = held = threading.Event()
    slack.send_event({"type": "app_mention", "text": WORDS})
    until(lambda: core.begun == 1)
    core.holds = None

    slack.send_event({"type": "app_mention", "text": "and me"})

    until(lambda: "and me" in [one["event"]["text"] for one in core.kept])
    assert not held.is_set()
    held.set()


def test_nothing_that_comes_in_is_logged(shop, link, core, heard, caplog):
    caplog.set_level(logging.DEBUG)
    core.cannot = 1

    tell(shop)

    assert (WORDS in caplog.text, WORDS in str(heard.troubles)) == (False, False)


def test_attempts_that_fail_come_more_and_more_seldom():
    from connectors.slack.link import _pause

    assert [_pause(failed) for failed in (0, 1, 2, 20)] == [
        timedelta(seconds=1),
        timedelta(seconds=2),
        timedelta(seconds=4),
        timedelta(minutes=1),
    ]
