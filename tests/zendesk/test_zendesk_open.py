"""One handoff opens one ticket, whatever happens to the answer."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.handoffs.model import Customer
from bridge.roster.model import Person
from connectors.base import Once
from connectors.errors import AccessDenied, Busy, OutcomeUnknown, Rejected
from connectors.zendesk import ApiToken, OAuthToken, ZendeskAccount, session
from sandbox.zendesk.seed import BRIDGE_ID, OAUTH_TOKEN

CREATE = "POST /api/v2/tickets*"


def test_one_call_opens_the_ticket_with_all_it_needs(desk, helpdesk, draft, once):
    outcome = helpdesk.open_ticket(draft(), once)
    (ticket,) = desk.tickets
    assert outcome.ref.id == str(ticket["id"])
    assert outcome.problems == ()
    assert ticket["external_id"] == "hof_0001"
    assert (ticket["group_id"], ticket["assignee_id"], ticket["priority"]) == (3702, 3601, "high")
    assert {"handoff", "handoff_whatsapp", "vip"} <= set(ticket["tags"])
    assert {"id": 900101, "value": "billing_dispute"} in ticket["custom_fields"]
    assert desk.zendesk.store.users[ticket["requester_id"]]["email"] == "lena@customer.example"
    assert desk.calls("POST /api/v2/tickets.json") == 1


def test_the_first_note_is_private_and_ours(desk, helpdesk, draft, once):
    outcome = helpdesk.open_ticket(draft(), once)
    (comment,) = desk.comments(outcome.ref.id)
    assert comment["public"] is False
    assert comment["author_id"] == BRIDGE_ID
    assert "Wants a refund" in comment["body"]
    assert "Order: A-17" in comment["body"]
    assert "I was charged twice" in comment["body"]


def test_the_ticket_has_an_address_an_agent_can_open(desk, helpdesk, draft, once):
    outcome = helpdesk.open_ticket(draft(), once)
    assert outcome.ref.url == f"{desk.url}/agent/tickets/{outcome.ref.id}"


def test_an_answer_lost_after_the_create_makes_no_second_ticket(desk, helpdesk, draft, once):
    desk.goes_wrong(CREATE, "reset_after")
    with pytest.raises(OutcomeUnknown):
        helpdesk.open_ticket(draft(), once)
    outcome = helpdesk.open_ticket(draft(), replace(once, look_first=True))
    assert outcome.found
    assert [str(one["id"]) for one in desk.tickets] == [outcome.ref.id]


def test_fault_03_a_create_that_comes_through_late_makes_no_second_ticket(
    desk, helpdesk, draft, once, monkeypatch
):
    helpdesk.open_ticket(draft(handoff_id="hof_before"), Once(key="dlv_before"))
    desk.goes_wrong(CREATE, "delay", seconds=0.06)
    with monkeypatch.context() as hasty:
        hasty.setattr(session, "TIMEOUT_SECONDS", (3.05, 0.02))
        with pytest.raises(OutcomeUnknown):
            helpdesk.open_ticket(draft(), once)
    helpdesk.open_ticket(draft(), replace(once, look_first=True))
    deadline = time.monotonic() + 5
    while desk.calls("POST /api/v2/tickets.json") < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(desk.tickets) == 2


def test_the_key_alone_keeps_a_blind_retry_to_one_ticket(desk, helpdesk, draft, once):
    first = helpdesk.open_ticket(draft(), once)
    second = helpdesk.open_ticket(draft(), once)
    assert second.ref == first.ref
    assert len(desk.tickets) == 1


def test_after_an_hour_the_ticket_is_looked_for_though_nobody_asked(desk, helpdesk, draft, once):
    started = desk.clock.now
    helpdesk.open_ticket(draft(), once)
    desk.clock.forward(hours=3)
    late = Once(key=once.key, first_tried_at=started)
    assert helpdesk.open_ticket(draft(), late).found
    assert len(desk.tickets) == 1


def test_the_same_key_with_another_body_finds_the_first_ticket(desk, helpdesk, draft, once):
    first = helpdesk.open_ticket(draft(), once)
    second = helpdesk.open_ticket(draft(subject="Other", document={"topic": "x"}), once)
    assert second.found
    assert second.ref == first.ref


def test_of_several_tickets_the_oldest_is_kept_and_told(desk, helpdesk, draft, once):
    first = helpdesk.open_ticket(draft(), once)
    other = helpdesk.open_ticket(draft(), Once(key="dlv_other"))
    found = helpdesk.open_ticket(draft(), Once(key="dlv_third", look_first=True))
    assert found.ref == first.ref
    assert other.ref.id in found.problems[0]


def test_a_reset_before_the_create_did_nothing_yet_is_told_as_unknown(desk, helpdesk, draft, once):
    desk.goes_wrong(CREATE, "reset_before")
    with pytest.raises(OutcomeUnknown):
        helpdesk.open_ticket(draft(), once)
    assert not helpdesk.open_ticket(draft(), replace(once, look_first=True)).found


def test_no_connection_means_nothing_was_done(draft, once, desk):
    helpdesk = desk.connector(account=replace(desk.account(), base_url="http://127.0.0.1:9"))
    with pytest.raises(Busy):
        helpdesk.open_ticket(draft(), once)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("7", timedelta(seconds=7)),
        ("Mon, 02 Nov 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("86400", timedelta(minutes=15)),
        ("soon", None),
        (None, None),
    ],
)
def test_fault_16_a_429_is_raised_at_once_with_its_delay(desk, helpdesk, draft, once, sent, expected):
    desk.goes_wrong(CREATE, "status", status=429, retry_after=sent)
    with pytest.raises(Busy) as busy:
        helpdesk.open_ticket(draft(), once)
    assert busy.value.retry_after == expected
    assert desk.calls("POST /api/v2/tickets.json") == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_trouble_at_zendesk_leaves_a_create_unknown(desk, helpdesk, draft, once, status):
    desk.goes_wrong(CREATE, "status", status=status)
    with pytest.raises(OutcomeUnknown):
        helpdesk.open_ticket(draft(), once)
    assert desk.calls("POST /api/v2/tickets.json") == 1


def test_fault_20_a_page_of_html_is_a_failure_whose_text_stays_out_of_sight(desk, helpdesk, draft, once):
    desk.goes_wrong(CREATE, "html", status=200)
    with pytest.raises(OutcomeUnknown) as unknown:
        helpdesk.open_ticket(draft(), once)
    assert "<" not in str(unknown.value)
    assert b"<" in unknown.value.__cause__.beginning


def test_fault_21_a_refused_field_costs_one_more_call_and_not_the_ticket(desk, helpdesk, draft, once):
    del desk.zendesk.store.fields[900101]
    outcome = helpdesk.open_ticket(draft(), once)
    (ticket,) = desk.tickets
    assert 900101 not in {one["id"] for one in ticket["custom_fields"]}
    assert 900103 in {one["id"] for one in ticket["custom_fields"]}
    assert outcome.problems == ("field topic (900101) was refused by the helpdesk and left out",)
    assert "refused by the helpdesk" in desk.comments(outcome.ref.id)[0]["body"]
    assert desk.calls("POST /api/v2/tickets.json") == 2


def test_fault_22_an_owner_outside_the_group_is_left_out(desk, helpdesk, draft, once):
    outcome = helpdesk.open_ticket(draft(group="Escalations"), once)
    assert desk.tickets[0]["assignee_id"] is None
    assert desk.tickets[0]["group_id"] == 3703
    assert outcome.problems == ("assignee was refused by the helpdesk and left out",)


def test_fault_22_a_group_that_is_gone_falls_back_to_the_default(desk, helpdesk, draft, once):
    outcome = helpdesk.open_ticket(draft(group="Nirvana", assignee=None), once)
    assert desk.tickets[0]["group_id"] is None
    assert "group Nirvana does not exist" in outcome.problems[0]


def test_a_second_refusal_is_final(desk, helpdesk, draft, once):
    desk.goes_wrong(CREATE, "status", status=422, times=3)
    with pytest.raises(Rejected):
        helpdesk.open_ticket(draft(), once)
    assert desk.calls("POST /api/v2/tickets.json") == 2


def test_a_bad_address_costs_the_address_and_not_the_ticket(desk, helpdesk, draft, once):
    outcome = helpdesk.open_ticket(draft(customer=Customer(name="Lena", email="lena at home")), once)
    requester = desk.zendesk.store.users[desk.tickets[0]["requester_id"]]
    assert (requester["name"], requester["email"]) == ("Lena", None)
    assert "address" in outcome.problems[0]


@pytest.mark.parametrize(
    ("customer", "name"),
    [
        (Customer(), "Customer"),
        (Customer(phone="+4912345"), "+4912345"),
        (Customer(name="{{ticket.id}}"), "{\u200b{ticket.id}}"),
    ],
)
def test_a_customer_without_an_address_is_known_by_name_alone(desk, helpdesk, draft, once, customer, name):
    helpdesk.open_ticket(draft(customer=customer), once)
    assert desk.zendesk.store.users[desk.tickets[0]["requester_id"]]["name"] == name


def test_a_customer_without_an_address_is_found_again_by_their_own_id(desk, helpdesk, draft, once):
    known = desk.zendesk.store.add_user("Lena", None, external_id="C-9")
    helpdesk.open_ticket(draft(customer=Customer(name="Lena", external_id="c-9")), once)
    assert desk.tickets[0]["requester_id"] == known["id"]


def test_a_person_without_an_id_at_zendesk_is_told(desk, helpdesk, draft, once):
    outcome = helpdesk.open_ticket(draft(assignee=Person(key="x", name="Xenia")), once)
    assert outcome.problems == ("Xenia has no Zendesk user id in the desk; nobody is assigned",)
    assert desk.tickets[0]["assignee_id"] is None


def test_a_wrong_key_is_told_without_the_key(desk, draft, once):
    account = ZendeskAccount(sign_in=ApiToken(email="bridge@shop.example", token="s3cret"), base_url=desk.url)
    with pytest.raises(AccessDenied) as denied:
        desk.connector(account=account).open_ticket(draft(), once)
    assert "s3cret" not in str(denied.value) + repr(account)


def test_an_oauth_token_signs_in_too(desk, draft, once):
    account = ZendeskAccount(sign_in=OAuthToken(token=OAUTH_TOKEN), base_url=desk.url)
    assert desk.connector(account=account).open_ticket(draft(), once).ref.id == str(desk.tickets[0]["id"])


def test_a_note_the_helpdesk_gives_to_another_is_told(desk, helpdesk, draft, once, monkeypatch):
    plain = desk.zendesk.store.create
    monkeypatch.setattr(
        desk.zendesk.store, "create", lambda asked, actor: plain({**asked, "submitter_id": 3602}, actor)
    )
    outcome = helpdesk.open_ticket(draft(), once)
    assert outcome.problems == ("the helpdesk shows our note as written by somebody else",)
