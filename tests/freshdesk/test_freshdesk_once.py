"""One handoff, one ticket, one note, whatever breaks between the two calls."""

from __future__ import annotations

import pytest
from freshdesk_account import HANDOFF, ONCE, draft, retry

from bridge.handoffs.model import Customer
from connectors.base import Once
from connectors.errors import AccessDenied, Busy, OutcomeUnknown, Rejected


def open_fails(helpdesk, error, **changes):
    with pytest.raises(error) as caught:
        helpdesk.open_ticket(draft(**changes), ONCE)
    return caught.value


def assert_one_ticket_with_one_note(account):
    assert len(account.tickets()) == 1
    assert len(account.notes()) == 1


@pytest.mark.parametrize(
    "customer", [draft().customer, Customer(phone="+911"), Customer(external_id="c-7"), Customer()]
)
def test_fault_05_a_201_lost_on_the_wire_makes_no_second_ticket(connect, account, customer):
    account.goes_wrong("POST tickets", "reset_after")
    open_fails(connect(), OutcomeUnknown, customer=customer)
    outcome = connect().open_ticket(draft(customer=customer), retry())
    assert outcome.found
    assert outcome.ref.id == str(account.ticket()["id"])
    assert_one_ticket_with_one_note(account)


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "reset_before"},
        {"action": "status", "status": 429, "retry_after": "30"},
        {"action": "status", "status": 500},
        {"action": "html", "status": 200},
    ],
)
def test_a_note_that_fails_after_the_ticket_leaves_the_outcome_unknown(helpdesk, account, fault):
    account.goes_wrong("POST tickets/*/notes", **fault)
    open_fails(helpdesk, OutcomeUnknown)
    outcome = helpdesk.open_ticket(draft(), retry())
    assert outcome.found
    assert_one_ticket_with_one_note(account)


def test_a_note_whose_answer_was_lost_is_not_written_again(helpdesk, account):
    account.goes_wrong("POST tickets/*/notes", "reset_after")
    open_fails(helpdesk, OutcomeUnknown)
    helpdesk.open_ticket(draft(), retry())
    assert_one_ticket_with_one_note(account)


def test_an_adopted_ticket_with_its_note_is_left_as_it_is(helpdesk, account):
    helpdesk.open_ticket(draft(), ONCE)
    for _ in range(3):
        assert helpdesk.open_ticket(draft(), retry()).found
    assert_one_ticket_with_one_note(account)


def test_looking_again_can_be_busy_and_loses_nothing(helpdesk, account):
    account.goes_wrong("POST tickets", "reset_after")
    open_fails(helpdesk, OutcomeUnknown)
    account.goes_wrong("GET tickets", "status", status=429, retry_after="30")
    with pytest.raises(Busy):
        helpdesk.open_ticket(draft(), retry())
    assert helpdesk.open_ticket(draft(), retry()).found
    assert_one_ticket_with_one_note(account)


def test_a_ticket_that_may_be_on_its_way_is_waited_for(helpdesk, account, clock):
    account.goes_wrong("POST tickets", "reset_before")
    open_fails(helpdesk, OutcomeUnknown)
    clock.forward(seconds=4)
    with pytest.raises(Busy) as caught:
        helpdesk.open_ticket(draft(), retry())
    assert caught.value.retry_after.total_seconds() == 11
    assert account.tickets() == []


def test_a_ticket_that_never_came_is_made_after_the_wait(helpdesk, account, clock):
    account.goes_wrong("POST tickets", "reset_before")
    open_fails(helpdesk, OutcomeUnknown)
    clock.forward(seconds=15)
    outcome = helpdesk.open_ticket(draft(), retry())
    assert not outcome.found
    assert_one_ticket_with_one_note(account)


def test_the_wait_begins_anew_with_each_lost_answer(helpdesk, account, clock):
    account.goes_wrong("POST tickets", "reset_before", times=2)
    open_fails(helpdesk, OutcomeUnknown)
    clock.forward(seconds=60)
    with pytest.raises(OutcomeUnknown):
        helpdesk.open_ticket(draft(), retry())
    clock.forward(seconds=5)
    with pytest.raises(Busy):
        helpdesk.open_ticket(draft(), retry())


def test_a_customer_nobody_knew_has_no_ticket(helpdesk, account, clock):
    clock.forward(seconds=60)
    assert not helpdesk.open_ticket(draft(), retry()).found
    assert account.calls("GET").count("GET tickets") == 2
    assert_one_ticket_with_one_note(account)


def test_a_ticket_is_found_though_its_customer_has_another_address_now(helpdesk, account):
    account.goes_wrong("POST tickets", "reset_after")
    open_fails(helpdesk, OutcomeUnknown)
    [contact] = account.freshdesk.store.contacts.values()
    contact["email"] = "priya@elsewhere.example"
    assert helpdesk.open_ticket(draft(), retry()).found
    assert_one_ticket_with_one_note(account)


def test_a_ticket_is_found_by_its_tag_when_the_key_field_is_gone(helpdesk, account):
    account.goes_wrong("POST tickets", "reset_after")
    open_fails(helpdesk, OutcomeUnknown)
    account.ticket()["custom_fields"].clear()
    assert helpdesk.open_ticket(draft(), retry()).found


def test_a_ticket_is_found_by_its_key_when_somebody_took_the_tag_off(helpdesk, account):
    account.goes_wrong("POST tickets", "reset_after")
    open_fails(helpdesk, OutcomeUnknown)
    account.ticket()["tags"] = []
    assert helpdesk.open_ticket(draft(), retry()).found


def test_another_ticket_of_the_customer_is_not_taken_for_it(helpdesk, account, clock):
    account.freshdesk.new_ticket("Where is my parcel", "priya@customer.example", "Hello?")
    clock.forward(seconds=60)
    assert not helpdesk.open_ticket(draft(), retry()).found
    assert len(account.tickets()) == 2


def test_among_many_new_tickets_an_old_one_is_found_by_the_search(connect, account, clock):
    by_phone = draft(customer=Customer(phone="+911"))
    account.goes_wrong("POST tickets", "reset_after")
    open_fails(connect(), OutcomeUnknown, customer=by_phone.customer)
    clock.forward(seconds=3600)
    for number in range(320):
        account.freshdesk.new_ticket("Hello", f"c{number}@customer.example", "Hello?")
    assert connect().open_ticket(by_phone, retry()).found
    assert account.calls().count("GET search/tickets") == 1


def test_of_two_tickets_the_oldest_is_kept_and_the_other_named(helpdesk, account):
    first, second = (helpdesk.open_ticket(draft(), ONCE).ref.id for _ in range(2))
    outcome = helpdesk.open_ticket(draft(), retry())
    assert outcome.ref.id == first
    assert outcome.problems == (f"several tickets carry this handoff; {first} is kept, see also {second}",)


def test_the_note_of_another_delivery_is_not_taken_for_the_first(helpdesk, account):
    account.goes_wrong("POST tickets/*/notes", "reset_before")
    open_fails(helpdesk, OutcomeUnknown)
    ticket_id = account.ticket()["id"]
    account.freshdesk.reply(ticket_id, 4601, f"somebody quotes Ref {HANDOFF}", public=False)
    helpdesk.open_ticket(draft(), retry())
    assert [note["user_id"] for note in account.notes()] == [4601, 4600]


def test_a_note_refused_for_good_settles_with_a_problem(helpdesk, account):
    account.goes_wrong("POST tickets/*/notes", "status", status=403)
    outcome = helpdesk.open_ticket(draft(), ONCE)
    assert outcome.ref.id == str(account.ticket()["id"])
    assert outcome.problems == (
        "the private note could not be written (the key is wrong or lacks a right (403))",
    )


def test_a_note_refused_as_a_whole_is_written_short(helpdesk, account):
    account.goes_wrong("POST tickets/*/notes", "status", status=400)
    outcome = helpdesk.open_ticket(draft(), ONCE)
    [note] = account.notes()
    assert "Wants the second charge refunded" in note["body_text"]
    assert outcome.problems == ("the helpdesk refused the note as a whole; a short one is there",)


def test_a_slow_account_gets_no_ticket_from_an_attempt_that_may_be_overtaken(
    helpdesk, account, clock, monkeypatch
):
    real = helpdesk._directory.group_id

    def slowly(name):
        clock.forward(seconds=12)
        return real(name)

    monkeypatch.setattr(helpdesk._directory, "group_id", slowly)
    open_fails(helpdesk, Busy)
    assert account.tickets() == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"action": "status", "status": 401}, AccessDenied),
        ({"action": "status", "status": 403}, AccessDenied),
        ({"action": "status", "status": 409}, Rejected),
        ({"action": "status", "status": 429}, Busy),
        ({"action": "status", "status": 302}, Rejected),
        ({"action": "status", "status": 500}, OutcomeUnknown),
        ({"action": "status", "status": 503}, OutcomeUnknown),
        ({"action": "html", "status": 200}, OutcomeUnknown),
        ({"action": "html", "status": 201}, OutcomeUnknown),
        ({"action": "html", "status": 404}, OutcomeUnknown),
        ({"action": "reset_before"}, OutcomeUnknown),
        ({"action": "status", "status": 201, "body": "[]"}, OutcomeUnknown),
        ({"action": "status", "status": 201, "body": "{}"}, OutcomeUnknown),
    ],
)
def test_each_way_a_new_ticket_fails_keeps_its_meaning(helpdesk, account, fault, error):
    account.goes_wrong("POST tickets", **fault, times=2)
    open_fails(helpdesk, error)
    assert account.notes() == []


def test_no_connection_means_nothing_was_done(connect):
    with pytest.raises(Busy) as caught:
        connect(base_url="http://127.0.0.1:9").open_ticket(draft(group=None), Once(key="dl_1"))
    assert str(caught.value) == "freshdesk: no connection"
