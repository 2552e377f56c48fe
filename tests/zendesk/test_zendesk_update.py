"""Changes reach the ticket once, wherever it lives, and take nothing of others away."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from connectors.base import Once, Priority
from connectors.errors import Busy, Gone, OutcomeUnknown
from sandbox.zendesk.seed import BRIDGE_ID

UPDATE = "PUT /api/v2/tickets/*"


@pytest.fixture
def ref(helpdesk, draft):
    return helpdesk.open_ticket(draft(), Once(key="dlv_open")).ref


def test_one_call_writes_a_private_note_and_all_else(desk, helpdesk, ref, change, note, once):
    told = change(note=note(("Late",)), priority=Priority.URGENT, group="Support", tags=("Breached Promise",))
    helpdesk.update_ticket(ref, told, once)
    (ticket,) = desk.tickets
    assert (ticket["priority"], ticket["group_id"]) == ("urgent", 3701)
    assert {"handoff", "vip", "breached_promise"} <= set(ticket["tags"])
    assert desk.comments(ref.id)[-1]["public"] is False
    assert desk.calls(f"PUT /api/v2/tickets/{ref.id}.json") == 1


def test_a_ticket_is_read_only_where_its_tags_grow(desk, helpdesk, ref, change, note, once):
    reading = f"GET /api/v2/tickets/{ref.id}.json"
    helpdesk.update_ticket(ref, change(note=note(), priority=Priority.URGENT, group="Support"), once)
    assert desk.calls(reading) == 0
    helpdesk.update_ticket(ref, change(tags=("late",)), replace(once, key="another"))
    assert desk.calls(reading) == 1


def test_a_note_is_private_on_a_public_ticket_too(desk, helpdesk, change, note, once):
    ticket_id = desk.zendesk.new_ticket("Hello", "lena@customer.example", "It broke")
    ref = helpdesk._opening.ref(ticket_id)
    helpdesk.update_ticket(ref, change(note=note()), once)
    assert [one["public"] for one in desk.comments(ticket_id)] == [True, False]


def test_a_public_answer_without_the_word_public_would_be_private(desk, ref):
    """The first comment decides for all that do not say, which is why ours always say."""
    agent = desk.zendesk.store.users[3601]
    desk.zendesk.store.update(int(ref.id), {"comment": {"body": "Hello"}}, agent)
    assert desk.comments(ref.id)[-1]["public"] is False


def test_a_lost_answer_adds_no_second_note(desk, helpdesk, ref, change, note, once):
    desk.goes_wrong(UPDATE, "reset_after")
    told = change(note=note(("Once only",)))
    with pytest.raises(OutcomeUnknown):
        helpdesk.update_ticket(ref, told, once)
    outcome = helpdesk.update_ticket(ref, told, replace(once, look_first=True))
    assert outcome.found
    assert sum("Once only" in one["body"] for one in desk.comments(ref.id)) == 1


def test_a_lost_request_is_sent_again_after_looking(desk, helpdesk, ref, change, note, once):
    desk.goes_wrong(UPDATE, "reset_before")
    told = change(note=note(("Once only",)))
    with pytest.raises(OutcomeUnknown):
        helpdesk.update_ticket(ref, told, once)
    assert not helpdesk.update_ticket(ref, told, replace(once, look_first=True)).found
    assert sum("Once only" in one["body"] for one in desk.comments(ref.id)) == 1


def test_somebody_faster_means_try_again(desk, helpdesk, ref, change, once, monkeypatch):
    plain = helpdesk._client.ticket

    def then_an_agent_writes(ticket_id):
        found = plain(ticket_id)
        desk.clock.forward(seconds=2)
        desk.zendesk.reply(int(ticket_id), 3601, "Me first")
        return found

    monkeypatch.setattr(helpdesk._client, "ticket", then_an_agent_writes)
    with pytest.raises(Busy):
        helpdesk.update_ticket(ref, change(tags=("late",)), once)
    assert "late" not in desk.tickets[0]["tags"]


def test_nothing_to_say_sends_nothing(desk, helpdesk, ref, change, once):
    helpdesk.update_ticket(ref, change(tags=("vip",)), once)
    assert desk.calls(f"PUT /api/v2/tickets/{ref.id}.json") == 0


def test_a_refused_assignee_is_left_out_and_the_rest_written(desk, helpdesk, ref, change, asha, once):
    outcome = helpdesk.update_ticket(ref, change(group="Escalations", assignee=asha), once)
    assert desk.tickets[0]["group_id"] == 3703
    assert outcome.problems == ("assignee was refused by the helpdesk and left out",)


def test_fault_23_a_closed_ticket_goes_on_in_a_follow_up(desk, helpdesk, ref, change, note, once):
    desk.zendesk.set_status(int(ref.id), "closed")
    outcome = helpdesk.update_ticket(ref, change(note=note(("Still waiting",))), once)
    follow_up = desk.zendesk.store.tickets[int(outcome.ref.id)]
    assert outcome.ref != ref
    assert follow_up["external_id"] == "hof_0001"
    assert follow_up["via"]["source"]["from"]["ticket_id"] == int(ref.id)
    assert "handoff" in follow_up["tags"]
    (comment,) = desk.comments(outcome.ref.id)
    assert (comment["author_id"], comment["public"]) == (BRIDGE_ID, False)


def test_two_changes_of_a_closed_ticket_share_one_follow_up(desk, helpdesk, ref, change, note):
    desk.zendesk.set_status(int(ref.id), "closed")
    first = helpdesk.update_ticket(ref, change(note=note(("First",))), Once(key="dlv_1"))
    second = helpdesk.update_ticket(ref, change(note=note(("Second",))), Once(key="dlv_2"))
    assert first.ref == second.ref
    assert len(desk.tickets) == 2
    assert len(desk.comments(first.ref.id)) == 2


def test_a_lost_answer_makes_no_second_follow_up(desk, helpdesk, ref, change, note, once):
    desk.zendesk.set_status(int(ref.id), "closed")
    desk.goes_wrong("POST /api/v2/tickets*", "reset_after")
    told = change(note=note(("Once only",)))
    with pytest.raises(OutcomeUnknown):
        helpdesk.update_ticket(ref, told, once)
    assert helpdesk.update_ticket(ref, told, replace(once, look_first=True)).found
    assert len(desk.tickets) == 2


def test_a_ticket_closed_between_reading_and_writing_goes_on_too(
    desk, helpdesk, ref, change, note, once, monkeypatch
):
    plain = helpdesk._client.ticket

    def then_it_is_closed(ticket_id):
        found = plain(ticket_id)
        desk.zendesk.set_status(int(ticket_id), "closed")
        return found

    monkeypatch.setattr(helpdesk._client, "ticket", then_it_is_closed)
    outcome = helpdesk.update_ticket(ref, change(note=note(), tags=("late",)), once)
    assert outcome.ref.id != ref.id


def test_fault_24_a_merged_ticket_is_followed(desk, helpdesk, ref, change, note, once):
    target = desk.zendesk.new_ticket("The same", "lena@customer.example", "Again me")
    desk.zendesk.merge(int(ref.id), target)
    outcome = helpdesk.update_ticket(ref, change(note=note(("Over here",))), once)
    assert outcome.ref.id == str(target)
    assert outcome.ref.since is not None
    assert outcome.ref == helpdesk.history(ref).ref
    assert "Over here" in desk.comments(target)[-1]["body"]


def test_fault_25_a_deleted_ticket_is_gone(desk, helpdesk, ref, change, note, once):
    desk.zendesk.delete(int(ref.id))
    with pytest.raises(Gone):
        helpdesk.update_ticket(ref, change(note=note()), once)


def test_the_fields_are_written_again_when_the_document_comes(desk, helpdesk, ref, change, once):
    helpdesk.update_ticket(ref, change(document={"topic": "refund"}), once)
    assert {"id": 900101, "value": "refund"} in desk.tickets[0]["custom_fields"]


def refused(*field_ids):
    """Return what Zendesk answers to a ticket that lacks what its rules ask for before it is solved."""
    faults = [
        {"description": f"Field {one}: is required when solving a ticket", "ticket_field_id": one}
        for one in field_ids
    ]
    return json.dumps({"error": "RecordInvalid", "details": {"base": faults}})


def test_a_ticket_is_set_to_solved_with_a_private_note_by_one_call(desk, helpdesk, ref, change, note, once):
    helpdesk.update_ticket(ref, change(solved=True, note=note(("Given back",))), once)
    (ticket,) = desk.tickets
    assert ticket["status"] == "solved"
    assert desk.comments(ref.id)[-1]["public"] is False
    assert desk.calls(f"PUT /api/v2/tickets/{ref.id}.json") == 1


def test_a_ticket_that_cannot_be_solved_keeps_the_note_and_the_admin_hears_of_the_field(
    desk, helpdesk, ref, change, note, once
):
    desk.goes_wrong(UPDATE, "status", status=422, body=refused(900101, 555), times=2)
    outcome = helpdesk.update_ticket(ref, change(solved=True, note=note(("Given back",))), once)
    (problem,) = outcome.problems
    assert "could not be set to solved" in problem
    assert "topic (900101)" in problem
    assert "555" in problem
    assert not outcome.misrouted
    assert desk.tickets[0]["status"] != "solved"
    assert sum("Given back" in one["body"] for one in desk.comments(ref.id)) == 1


def test_a_ticket_that_is_closed_already_gets_no_follow_up_only_to_be_solved(
    desk, helpdesk, ref, change, note, once
):
    desk.zendesk.set_status(int(ref.id), "closed")
    outcome = helpdesk.update_ticket(ref, change(solved=True, note=note(("Given back",))), once)
    assert (outcome.ref, len(desk.tickets)) == (ref, 1)
