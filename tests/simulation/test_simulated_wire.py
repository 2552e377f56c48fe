"""What goes wrong on the simulated wire reaches a connector as it would from the network."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bridge.handoffs.model import CardRef
from connectors.base import Once
from connectors.chat import Notice
from connectors.errors import Busy, ConnectorError, OutcomeUnknown, Rejected, Unreachable
from connectors.freshdesk import FreshdeskHelpdesk
from connectors.mapping import shipped_mapping
from connectors.slack import SlackChat
from sandbox.freshdesk import API_KEY, FreshdeskStandIn
from sandbox.outbox import Outbox
from sandbox.simulation.lane import TimetableLane
from sandbox.simulation.plugs import plugged_in
from sandbox.simulation.timetable import Timetable
from sandbox.simulation.weather import Mishap, Weather
from sandbox.simulation.wire import Host, Wire
from sandbox.slack import SlackStandIn, standin

NOW = datetime(2026, 11, 21, 12, 52, tzinfo=UTC)


class Town:
    """Freshdesk and Slack on one wire, on which the next call goes wrong as told."""

    def __init__(self) -> None:
        self.time = Timetable(NOW)
        self.next: Mishap | None = None
        weather = Weather(random.Random(1), self.time, helpdesk="freshdesk", hours=1, calm=True)
        weather.of_call = self._next  # type: ignore[method-assign]
        self.wire = Wire(self.time, random.Random(1), weather, lambda _passed: None)
        outbox = Outbox(clock=self.time, lane=lambda _name, attempt: TimetableLane(self.time, attempt))
        freshdesk = FreshdeskStandIn(clock=self.time, outbox=outbox)
        self.slack = SlackStandIn(clock=self.time, outbox=outbox)
        self.wire.connect("http://freshdesk", Host(name="freshdesk", app=freshdesk.app, median_seconds=0.3))
        self.wire.connect("http://slack", Host(name="slack", app=self.slack.app, median_seconds=0.1))
        self.helpdesk = FreshdeskHelpdesk(
            base_url="http://freshdesk",
            api_key=API_KEY,
            mapping=shipped_mapping("freshdesk"),
            clock=self.time,
        )
        self.chat = SlackChat(token=standin.TOKEN, base_url="http://slack/api/", clock=self.time)

    def _next(self, _host: str) -> Mishap | None:
        mishap, self.next = self.next, None
        return mishap

    def say(self) -> None:
        self.chat.post_in_channel("C0ALL", Notice(text="hello"), Once(key="1"))

    def said(self) -> int:
        return len(self.slack.workspace.channels["C0ALL"].messages)


@pytest.fixture
def town() -> Iterator[Town]:
    one = Town()
    with plugged_in(one.wire):
        yield one


@pytest.mark.parametrize(
    ("mishap", "kind", "posts"),
    [
        (Mishap.REFUSED, Unreachable, 0),
        (Mishap.RESET_BEFORE, OutcomeUnknown, 0),
        (Mishap.RESET_AFTER, OutcomeUnknown, 1),
        (Mishap.TIMED_OUT, OutcomeUnknown, 1),
        (Mishap.BUSY, Busy, 0),
        (Mishap.BROKEN, OutcomeUnknown, 0),
        (Mishap.HTML, OutcomeUnknown, 0),
    ],
)
def test_a_post_to_the_chat_fails_as_it_would(town: Town, mishap: Mishap, kind: type, posts: int):
    town.next = mishap
    with pytest.raises(ConnectorError) as failed:
        town.say()
    assert (type(failed.value), town.said()) == (kind, posts)


@pytest.mark.parametrize("mishap", list(Mishap))
def test_a_look_at_the_helpdesk_that_fails_may_be_done_again(town: Town, mishap: Mishap):
    town.next = mishap
    with pytest.raises(Busy):
        town.helpdesk.changes(None, NOW)


def test_a_call_takes_its_time_and_one_that_times_out_all_of_it(town: Town):
    town.say()
    assert 0.02 < town.wire.seconds_taken() < 0.5
    town.next = Mishap.TIMED_OUT
    with pytest.raises(OutcomeUnknown):
        town.say()
    assert town.wire.seconds_taken() == 10.0


def test_a_vendors_own_refusal_comes_through(town: Town):
    with pytest.raises(Rejected):
        town.chat.post_in_thread(
            CardRef(connection="slack", channel="C0ALL", message="1.1"), Notice(text="x"), Once(key="2")
        )


def test_events_of_one_moment_happen_in_the_order_in_which_they_were_planned():
    time, seen = Timetable(NOW), []
    for name in ("first", "second", "third"):
        time.after(5, lambda name=name: seen.append((name, time.now)))
    time.at(NOW - timedelta(hours=1), lambda: seen.append(("overdue", time.now)))
    time.run(NOW + timedelta(minutes=1), lambda: None)
    at = NOW + timedelta(seconds=5)
    assert seen == [("overdue", NOW), ("first", at), ("second", at), ("third", at)]
    assert time.now == NOW + timedelta(minutes=1)
