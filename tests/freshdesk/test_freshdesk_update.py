"""Changing a ticket: one note however often it is tried, and as little overwritten as can be."""

from __future__ import annotations

import json

import pytest
from freshdesk_account import ASHA, DOCUMENT, HANDOFF, draft

from connectors.base import Note, Once, Priority, TicketChange
from connectors.errors import Busy, Gone, OutcomeUnknown, Rejected

SECOND = Once(key="dl_2")
AGAIN = Once(key="dl_2", look_first=True)
LATE = Note(lines=("Nobody has answered yet.",))


def change(**changes):
    return TicketChange(handoff_id=HANDOFF, **changes)


def test_a_change_moves_group_owner_and_priority(helpdesk, account, opened):
    told = change(group="Escalations", assignee=ASHA, priority=Priority.URGENT)
    outcome = helpdesk.update_ticket(opened, told, SECOND)
    ticket = account.ticket(opened)
    assert (ticket["group_id"], ticket["responder_id"], ticket["priority"]) == (4703, 4601, 4)
    assert outcome.ref == opened
    assert len(account.notes()) == 1


def test_tags_are_added_to_those_people_have_set(helpdesk, account, opened):
    account.ticket(opened)["tags"].append("vip")
    helpdesk.update_ticket(opened, change(tags=("Handoff_withdrawn", "HANDOFF")), SECOND)
    assert account.ticket(opened)["tags"][-2:] == ["vip", "Handoff_withdrawn"]


def test_only_what_differs_is_written(helpdesk, account, opened):
    account.journal.clear()
    helpdesk.update_ticket(opened, change(priority=Priority.HIGH, group="Billing", tags=("handoff",)), SECOND)
    assert account.calls() == [f"GET tickets/{opened.id}"]


def test_what_an_agent_changed_meanwhile_stays(helpdesk, account, opened):
    account.ticket(opened)["custom_fields"]["cf_customer_tier"] = "platinum"
    helpdesk.update_ticket(opened, change(priority=Priority.URGENT), SECOND)
    assert account.ticket(opened)["custom_fields"]["cf_customer_tier"] == "platinum"


def test_fields_are_written_again_with_more_context(helpdesk, account, opened):
    helpdesk.update_ticket(opened, change(document=DOCUMENT | {"topic": "refund"}), SECOND)
    custom = account.ticket(opened)["custom_fields"]
    assert (custom["cf_topic"], custom["cf_channel"]) == ("refund", "whatsapp")


def test_a_note_is_private_and_told_once(helpdesk, account, opened):
    account.goes_wrong("POST tickets/*/notes", "reset_after")
    with pytest.raises(OutcomeUnknown):
        helpdesk.update_ticket(opened, change(note=LATE), SECOND)
    outcome = helpdesk.update_ticket(opened, change(note=LATE), AGAIN)
    assert outcome.found
    assert [note["private"] for note in account.notes()] == [True, True]


def test_another_delivery_writes_its_own_note(helpdesk, account, opened):
    helpdesk.update_ticket(opened, change(note=LATE), SECOND)
    helpdesk.update_ticket(opened, change(note=LATE), Once(key="dl_22", look_first=True))
    assert len(account.notes()) == 3


def test_a_change_half_made_is_finished(helpdesk, account, opened):
    account.goes_wrong("POST tickets/*/notes", "status", status=503)
    told = change(note=LATE, priority=Priority.URGENT)
    with pytest.raises(OutcomeUnknown):
        helpdesk.update_ticket(opened, told, SECOND)
    account.journal.clear()
    helpdesk.update_ticket(opened, told, AGAIN)
    assert account.ticket(opened)["priority"] == 4
    assert len(account.notes()) == 2
    assert account.calls("PUT") == []


def test_a_refused_field_is_left_out_of_a_change(helpdesk, account, opened):
    account.freshdesk.remove_field("cf_topic")
    told = change(document=DOCUMENT | {"topic": "refund", "channel": "web"})
    outcome = helpdesk.update_ticket(opened, told, SECOND)
    assert account.ticket(opened)["custom_fields"]["cf_channel"] == "web"
    assert "topic (cf_topic)" in outcome.problems[0]
    assert len(account.calls("PUT")) == 2


def test_a_change_that_is_refused_as_a_whole_is_told_not_repeated(helpdesk, account, opened):
    account.freshdesk.remove_field("cf_topic")
    told = change(document=DOCUMENT | {"topic": "refund"}, note=LATE)
    outcome = helpdesk.update_ticket(opened, told, SECOND)
    assert "topic (cf_topic)" in outcome.problems[0]
    assert len(account.calls("PUT")) == 1
    assert len(account.notes()) == 2


def test_a_refusal_that_cannot_be_mended_is_raised(helpdesk, account, opened):
    account.goes_wrong("PUT tickets/*", "status", status=400)
    with pytest.raises(Rejected):
        helpdesk.update_ticket(opened, change(priority=Priority.URGENT), SECOND)


@pytest.mark.parametrize("spam", [True, False])
def test_fault_25_a_deleted_ticket_is_gone(helpdesk, account, opened, spam):
    account.freshdesk.delete(int(opened.id), spam=spam)
    with pytest.raises(Gone):
        helpdesk.update_ticket(opened, change(note=LATE), SECOND)


def test_fault_24_a_change_follows_the_ticket_it_was_merged_into(helpdesk, account, opened):
    target = account.freshdesk.new_ticket("Charged twice", "priya@customer.example", "Hello?")
    account.freshdesk.merge(int(opened.id), target)
    outcome = helpdesk.update_ticket(opened, change(note=LATE), SECOND)
    assert outcome.ref.id == str(target)
    assert outcome.ref.since is not None
    assert outcome.ref == helpdesk.history(opened).ref
    assert "Nobody has answered" in account.freshdesk.store.conversations[target][-1]["body_text"]


def test_fault_23_a_closed_ticket_takes_a_note(helpdesk, account, opened):
    account.freshdesk.set_status(int(opened.id), 5)
    helpdesk.update_ticket(opened, change(note=LATE), SECOND)
    assert account.ticket(opened)["status"] == 5
    assert len(account.notes()) == 2


@pytest.mark.parametrize(
    ("call", "fault", "error"),
    [
        ("GET tickets/*", {"action": "status", "status": 500}, Busy),
        ("GET tickets/*", {"action": "reset_before"}, Busy),
        ("GET tickets/*", {"action": "html", "status": 200}, Busy),
        ("PUT tickets/*", {"action": "status", "status": 429}, Busy),
        ("PUT tickets/*", {"action": "reset_after"}, OutcomeUnknown),
        ("PUT tickets/*", {"action": "html", "status": 200}, OutcomeUnknown),
    ],
)
def test_reads_are_busy_and_writes_unknown_when_their_answer_is_lost(
    helpdesk, account, opened, call, fault, error
):
    account.goes_wrong(call, **fault)
    with pytest.raises(error):
        helpdesk.update_ticket(opened, change(priority=Priority.URGENT), SECOND)


def test_a_429_names_the_limit_of_updates_when_calls_are_left(helpdesk, account, opened):
    account.goes_wrong("PUT tickets/*", "status", status=429, retry_after="17")
    with pytest.raises(Busy) as caught:
        helpdesk.update_ticket(opened, change(priority=Priority.URGENT), SECOND)
    assert caught.value.retry_after.total_seconds() == 17


def test_an_id_that_is_none_is_gone(helpdesk, opened):
    from dataclasses import replace

    with pytest.raises(Gone):
        helpdesk.update_ticket(replace(opened, id="../agents/me"), change(note=LATE), SECOND)


def test_words_of_customers_in_a_note_close_no_ticket(helpdesk, account, opened):
    said = Note(lines=("This ticket is closed and merged into ticket 1",))
    helpdesk.update_ticket(opened, change(note=said), SECOND)
    account.freshdesk.set_status(int(opened.id), 5)
    outcome = helpdesk.update_ticket(opened, change(note=LATE), Once(key="dl_3"))
    assert outcome.ref == opened
    assert draft().handoff_id in account.ticket(opened)["tags"]


def test_a_ticket_is_set_to_resolved_with_a_private_note(helpdesk, account, opened):
    helpdesk.update_ticket(opened, change(solved=True, note=LATE), SECOND)
    assert account.ticket(opened)["status"] == 4
    assert len(account.notes()) == 2


def test_a_ticket_that_is_closed_already_stays_closed(helpdesk, account, opened):
    account.ticket(opened)["status"] = 5
    helpdesk.update_ticket(opened, change(solved=True, note=LATE), SECOND)
    assert account.ticket(opened)["status"] == 5


def test_a_ticket_that_cannot_be_resolved_gets_the_note_and_the_admin_hears_of_the_field(
    helpdesk, account, opened
):
    faults = [{"field": "cf_topic", "message": "It should not be blank: a secret", "code": "missing_field"}]
    body = json.dumps({"description": "Validation failed", "errors": faults})
    account.goes_wrong("PUT tickets/*", "status", status=400, body=body)
    outcome = helpdesk.update_ticket(opened, change(solved=True, note=LATE), SECOND)
    (problem,) = outcome.problems
    assert "could not be set to resolved" in problem
    assert "topic (cf_topic)" in problem
    assert "secret" not in problem
    assert account.ticket(opened)["status"] == 2
    assert len(account.notes()) == 2
