"""A vendor did what it was asked, and we never heard: we look before we ask again, and adopt what we find."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

import pytest
from bridges import SECRET_KEY, Clock, all_of, change, deliveries, events, hand_over, handoff, pay
from fleet import wait_for
from killed_shop import write_desk

from bridge.app import build_bridge, prepare
from bridge.delivery.duties import DUTIES
from bridge.handoffs import lifecycle
from bridge.settings import read_settings
from bridge.store import tables
from connectors import registry
from connectors.zendesk import session as zendesk_session
from sandbox.assembly import ANY_PORTS, Sandbox
from sandbox.faults import Fault
from sandbox.slack.standin import SCOPES

TICKETS = {"zendesk": "POST /api/v2/tickets*", "freshdesk": "POST /api/v2/tickets"}
POST_MESSAGE = "POST /api/chat.postMessage"
HISTORY = frozenset({"channels:history", "groups:history", "im:history"})
#: a weekday's noon in Kolkata, when the example's desk has people on duty
NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


class Town:
    """A bridge and real stand-ins that share one clock, which stands still; what is owed is paid on demand."""

    def __init__(self, sandbox, bridge, clock, helpdesk):
        self.sandbox, self.bridge, self.clock, self.helpdesk = sandbox, bridge, clock, helpdesk

    def goes_wrong(self, vendor, call, action, **more):
        self.sandbox.script.add(Fault(vendor=vendor, call=call, action=action, **more))

    def loses_the_answer_to_a_ticket(self, action="reset_after"):
        self.goes_wrong(self.helpdesk, TICKETS[self.helpdesk], action)

    def pay_after(self, **duration):
        self.clock.later(**duration)
        return pay(self.bridge)

    def state_of(self, kind):
        (row,) = deliveries(self.bridge, kind)
        return row.state

    def tickets(self):
        return list(self.sandbox.stand_ins[self.helpdesk].snapshot()["tickets"])

    def calls(self):
        """Return what the helpdesk was asked about tickets, in order."""
        entries = self.sandbox.journal.entries()
        return [
            e.method for e in entries if e.vendor == self.helpdesk and e.path.startswith("/api/v2/tickets")
        ]

    def cards(self):
        return [
            message
            for channel in self.sandbox.slack.workspace.channels.values()
            for message in channel.top_level()
            if message.metadata and message.metadata["event_type"] == "handoff_card"
        ]


@pytest.fixture
def open_town(sqlite_url, tmp_path, monkeypatch):
    """Give how to open a town with a helpdesk, "zendesk" or "freshdesk"."""
    with ExitStack() as closing:

        def open_it(helpdesk="zendesk"):
            clock = Clock(NOON)
            for name in ("ZendeskHelpdesk", "FreshdeskHelpdesk", "SlackChat"):
                monkeypatch.setattr(registry, name, partial(getattr(registry, name), clock=clock))
            given = {"clock": clock, "ports": ANY_PORTS, "vendors": (helpdesk, "slack")}
            sandbox = closing.enter_context(Sandbox(**given))
            environment = {
                **sandbox.environment(),
                "HANDOFF_DATABASE_URL": sqlite_url,
                "HANDOFF_SECRET_KEYS": SECRET_KEY,
                "HANDOFF_DESK": str(write_desk(tmp_path, rung_seconds=900)),
            }
            bridge = build_bridge(read_settings(environment), clock)
            closing.callback(bridge.close)
            prepare(bridge)
            return Town(sandbox, bridge, clock, helpdesk)

        yield open_it


@pytest.fixture
def town(open_town):
    return open_town()


def assert_one_ticket_known(town, handoff_id):
    (ticket,) = town.tickets()
    assert handoff(town.bridge, handoff_id).ticket.id == ticket["id"]
    assert town.state_of("open_ticket") == "settled"


def test_fault_02_a_ticket_that_is_not_to_be_seen_comes_back_by_its_key(town):
    """The answer to a new ticket is lost and the search finds none: the same key brings the same ticket back."""
    town.loses_the_answer_to_a_ticket()
    handoff_id = hand_over(town.bridge)
    pay(town.bridge)
    town.goes_wrong("zendesk", "GET /api/v2/tickets*", "status", status=200, body='{"tickets": []}')
    town.pay_after(seconds=2)
    assert town.calls() == ["POST", "GET", "POST"]
    assert_one_ticket_known(town, handoff_id)


def test_fault_03_a_helpdesk_that_is_too_slow_and_does_it_all_the_same(town, monkeypatch):
    """The helpdesk answers too late, and made the ticket: unknown is not failed, so we look before we ask again."""
    monkeypatch.setattr(zendesk_session, "TIMEOUT_SECONDS", (3.05, 0.2))
    town.goes_wrong("zendesk", TICKETS["zendesk"], "delay", seconds=0.6)
    handoff_id = hand_over(town.bridge)
    pay(town.bridge)
    assert town.state_of("open_ticket") == "unknown"
    assert "failed" not in events(town.bridge, handoff_id)
    monkeypatch.setattr(zendesk_session, "TIMEOUT_SECONDS", (3.05, 10.0))
    wait_for(town.tickets, 20)
    town.pay_after(seconds=2)
    assert town.calls()[:2] == ["POST", "GET"]
    assert town.calls().count("POST") == 1
    assert_one_ticket_known(town, handoff_id)


@pytest.mark.parametrize("first", ["reset_after", "status"])
def test_fault_04_after_the_keys_lifetime_the_ticket_is_looked_for_whatever_we_know(town, first):
    """The vendor forgets our key before we come again: beyond an hour the ticket is looked for by its handoff."""
    town.goes_wrong("zendesk", TICKETS["zendesk"], first, status=429, retry_after="60")
    handoff_id = hand_over(town.bridge)
    pay(town.bridge)
    before = len(town.calls())
    town.pay_after(hours=3)
    assert town.calls()[before] == "GET"
    assert_one_ticket_known(town, handoff_id)


@pytest.mark.parametrize("lost", ["reset_after", "reset_before"])
def test_fault_05_a_helpdesk_without_any_key_is_looked_through_and_waited_for(open_town, lost):
    """The helpdesk knows no key and its list lags: we look, wait for what may yet turn up, and then make one."""
    town = open_town("freshdesk")
    town.loses_the_answer_to_a_ticket(lost)
    handoff_id = hand_over(town.bridge)
    pay(town.bridge)
    assert town.state_of("open_ticket") == "unknown"
    town.pay_after(seconds=4)
    assert len(town.tickets()) == (1 if lost == "reset_after" else 0)
    town.pay_after(seconds=20)
    assert_one_ticket_known(town, handoff_id)


def test_fault_06_a_card_in_doubt_is_waited_for_then_says_that_it_may_repeat(town):
    """A post's answer is lost and we may not look: nothing for 30 s, then "may repeat", and edits go to the newest."""
    town.sandbox.slack.grant(SCOPES - HISTORY)
    handoff_id = hand_over(town.bridge)
    town.goes_wrong("slack", POST_MESSAGE, "reset_after")
    pay(town.bridge)
    town.pay_after(seconds=10)
    assert len(town.cards()) == 1
    town.pay_after(seconds=25)
    first, second = town.cards()
    assert "May repeat" in second.text
    assert "May repeat" not in first.text
    assert handoff(town.bridge, handoff_id).card.message == second.ts
    before = str(first.blocks)
    change(town.bridge, handoff_id, lambda one: lifecycle.claim(one, one.account.person("asha"), one.now))
    pay(town.bridge)
    first, second = town.cards()
    assert "Asha" in str(second.blocks)
    assert str(first.blocks) == before


@contextmanager
def frozen_in_the_middle(monkeypatch, kind, meanwhile):
    """Let the first call of this kind stand still once it has begun, until `meanwhile` is over."""
    duty, frozen = DUTIES[kind], []

    def freezing(job, bench):
        if not frozen:
            frozen.append(job)
            meanwhile()
        return duty(job, bench)

    monkeypatch.setitem(DUTIES, kind, freezing)
    yield frozen


@pytest.mark.parametrize(
    ("helpdesk", "kind", "count"),
    [
        ("zendesk", "open_ticket", Town.tickets),
        ("freshdesk", "open_ticket", Town.tickets),
        ("zendesk", "post_card", Town.cards),
    ],
)
def test_fault_07_a_worker_that_wakes_after_its_lease_sends_and_settles_nothing(
    open_town, monkeypatch, helpdesk, kind, count
):
    """A worker is frozen in the middle of a call until another has done its work: woken, it changes nothing."""
    town = open_town(helpdesk)
    hand_over(town.bridge)
    with frozen_in_the_middle(monkeypatch, kind, lambda: town.pay_after(seconds=31)) as frozen:
        pay(town.bridge)
        town.pay_after(seconds=40)
    (late,) = frozen
    assert len(count(town)) == 1
    (settled,) = deliveries(town.bridge, kind)
    assert (settled.state, settled.attempts > late.attempt) == ("settled", True)
    ended = [
        row.outcome for row in all_of(town.bridge, tables.attempts) if row.delivery_id == late.delivery_id
    ]
    assert ended == [None, "settled"]


def test_fault_07_a_call_that_could_outlast_the_lease_is_not_begun(town, monkeypatch):
    """A worker was held up for most of its lease: it begins no call that could end after it, and comes again."""
    hand_over(town.bridge)
    with frozen_in_the_middle(monkeypatch, "open_ticket", lambda: town.clock.later(seconds=25)):
        pay(town.bridge)
    assert town.calls() == []
    assert town.state_of("open_ticket") == "owed"
    town.pay_after(seconds=2)
    assert len(town.tickets()) == 1
