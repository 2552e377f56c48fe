"""A helpdesk's webhooks: verified first, kept once, and each with the effect it should have."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta

import pytest
import requests
from bridges import all_of, change, deliveries, events, hand_over, handoff, pay
from vendors_town import wait_for_an_answer

from bridge.handoffs import lifecycle
from bridge.handoffs.model import State
from bridge.store import tables
from connectors.base import Author, AuthorKind, TicketMessage


@pytest.mark.parametrize("path", ["/hooks/zendesk/nobody", "/hooks/nobody/zendesk", "/hooks/slack/slack"])
def test_an_address_of_no_helpdesk_is_404(town, path):
    answer = town.post(path, b"{}", {})
    assert (answer.status_code, answer.content) == (404, b"")


def test_fault_63_what_is_not_signed_is_401_with_nothing_said(town, waiting):
    """A helpdesk's webhook is not signed, or wrongly: 401 without a word, and nothing is kept."""
    sent = town.comment()
    fresh = sent.headers_for(1, None)
    name = "X-Zendesk-Webhook-Signature"
    wrong = [
        {},
        {**fresh, name: ""},
        {**fresh, name: "A" * 44},
        {**fresh, name: "☃".encode().decode("latin-1")},
        {key: value for key, value in fresh.items() if not key.endswith("Timestamp")},
        {**fresh, f"{name}-Timestamp": "yesterday"},
    ]
    answers = [town.post("/hooks/zendesk/zendesk", sent.body, headers) for headers in wrong]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, b"")}
    assert all_of(town.bridge, tables.inbox) == []
    assert handoff(town.bridge, waiting).state is State.OPEN


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_of_another_time_is_401(town, minutes):
    sent = town.comment()
    assert town.signed(sent.body, at=town.clock() + timedelta(minutes=minutes)).status_code == 401


def test_a_changed_body_is_401(town):
    sent = town.comment()
    headers = sent.headers_for(1, None)
    changed = sent.body.replace(b"parcel", b"parade")
    assert town.post("/hooks/zendesk/zendesk", changed, headers).status_code == 401


def test_a_persons_public_comment_stops_the_clock(town, waiting):
    assert town.deliver(town.comment()).status_code == 200
    answered = handoff(town.bridge, waiting)
    assert (answered.state, answered.answered_by, answered.answered_at) == (
        State.ANSWERED,
        "Ravi Iyer",
        town.clock(),
    )
    assert {row.state for row in all_of(town.bridge, tables.clocks)} == {"cancelled"}
    heard = {row.connection: row.heard_at for row in all_of(town.bridge, tables.connections)}
    assert heard["zendesk"] == town.clock()


@pytest.mark.parametrize(
    ("author", "public"),
    [
        ({"id": 3602, "name": "Ravi Iyer", "role": "agent"}, False),
        ({"id": 3600, "name": "Handoff Bridge", "role": "admin"}, True),
        ({"id": 9001, "name": "Priya Nair", "role": "end-user"}, True),
        ({"id": -1, "name": "System", "role": "agent"}, True),
    ],
    ids=["note", "ourselves", "customer", "rule"],
)
def test_fault_50_what_is_no_answer_lets_the_clock_run(town, waiting, author, public):
    """A rule, a note, the customer or the bridge writes on the ticket: no answer, and the clock runs on."""
    assert town.deliver(town.comment(author=author, public=public)).status_code == 200
    assert handoff(town.bridge, waiting).state is State.OPEN
    assert {row.state for row in all_of(town.bridge, tables.clocks)} == {"armed"}


def test_fault_47_the_same_event_a_thousand_times_has_one_effect_and_200_each(town_on_either_store):
    """A webhook comes a thousand times: one answer, one change of the card, and 200 for each."""
    town, waiting = town_on_either_store, wait_for_an_answer(town_on_either_store)
    sent = town.comment()
    headers = sent.headers_for(1, None)

    def some(count):
        with requests.Session() as session:
            return {session.post(sent.url, data=sent.body, headers=headers).status_code for _ in range(count)}

    with ThreadPoolExecutor(8) as pool:
        assert set().union(*pool.map(some, [125] * 8)) == {200}
    assert events(town.bridge, waiting).count("answered") == 1
    assert len(all_of(town.bridge, tables.inbox)) == 1
    assert len(deliveries(town.bridge, "update_card")) == 1


def test_hints_owe_one_reading_however_many_there_are(town, waiting):
    for number in range(5):
        assert town.trigger(invocation=f"01H{number}").status_code == 200
    assert len(deliveries(town.bridge, "read_ticket")) == 1


def test_a_hint_after_the_reading_owes_another(town, waiting):
    town.trigger(invocation="01H1")
    pay(town.bridge)
    town.clock.later(seconds=1)
    town.trigger(invocation="01H2")
    assert [row.state for row in deliveries(town.bridge, "read_ticket")] == ["settled", "owed"]


def reply(town, text="I have found it."):
    ravi = Author(kind=AuthorKind.PERSON, id="3602", name="Ravi Iyer")
    return TicketMessage(id="77", at=town.clock().astimezone(UTC), author=ravi, public=True, text=text)


def test_a_hint_is_read_and_the_answer_found(town, waiting):
    town.helpdesk.messages["1"] = [reply(town)]
    town.trigger()
    pay(town.bridge)
    assert handoff(town.bridge, waiting).answered_by == "Ravi Iyer"


@pytest.mark.parametrize("kind", ["event", "hint"])
def test_a_ticket_that_is_not_ours_is_200_and_nothing_more(town, waiting, kind):
    before = events(town.bridge, waiting)
    answer = town.deliver(town.comment(999)) if kind == "event" else town.trigger(999)
    assert (answer.status_code, answer.content) == (200, b"")
    assert events(town.bridge, waiting) == before
    assert deliveries(town.bridge, "read_ticket") == []


def test_the_mark_of_a_handoff_we_do_not_know_is_no_mark(town):
    assert town.deliver(town.comment(999, external_id="ho_of_somebody_else")).status_code == 200
    assert [row.handoff_id for row in all_of(town.bridge, tables.inbox)] == [None]


def test_a_hint_that_came_before_the_tickets_number_is_read_once_that_is_known(town):
    handoff_id = hand_over(town.bridge)
    assert town.trigger(1).status_code == 200
    assert deliveries(town.bridge, "read_ticket") == []
    town.clock.later(seconds=20)
    town.helpdesk.messages["1"] = [reply(town)]
    pay(town.bridge)
    assert handoff(town.bridge, handoff_id).answered_by == "Ravi Iyer"
    assert [row.state for row in deliveries(town.bridge, "read_ticket")] == ["settled"]


def test_an_answer_that_came_before_the_tickets_number_counts_by_its_mark(town):
    handoff_id = hand_over(town.bridge)
    town.clock.later(seconds=2)
    assert town.deliver(town.comment(1, external_id=handoff_id)).status_code == 200
    assert handoff(town.bridge, handoff_id).state is State.ANSWERED


def test_a_hint_by_mark_before_the_ticket_is_known_is_read_after_it(town):
    handoff_id = hand_over(town.bridge)
    town.trigger(1, externalId=handoff_id)
    town.helpdesk.messages["1"] = [reply(town)]
    pay(town.bridge)
    assert handoff(town.bridge, handoff_id).answered_by == "Ravi Iyer"


@pytest.mark.parametrize(("days", "readings"), [(6.9, 1), (7, 0)])
def test_a_handoff_closed_after_its_answer_is_read_for_seven_days(town, waiting, days, readings):
    said = {"by": "Ravi Iyer", "at": town.bridge.clock(), "text": "hello", "message_id": "1"}
    change(town.bridge, waiting, lambda one: lifecycle.answered(one, **said))
    change(town.bridge, waiting, lambda one: lifecycle.resolved(one, actor="helpdesk"))
    pay(town.bridge)
    town.bridge.clock.later(days=days)
    assert town.trigger().status_code == 200
    assert len(deliveries(town.bridge, "read_ticket")) == readings


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"type": "zen:event-type:user.created"}',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"ticketId": {}}',
    ],
)
def test_signed_bodies_we_have_no_use_for_are_200_and_leave_nothing(town, body):
    assert town.signed(body).status_code == 200
    assert all_of(town.bridge, tables.inbox) == []


def test_a_body_over_a_megabyte_is_413_before_anything_is_asked(town):
    assert town.post("/hooks/zendesk/zendesk", b"x" * 1_000_001, {}).status_code == 413
