"""Who said what on a ticket: only a person's public message can be an answer."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from connectors.base import AuthorKind, Once, TicketState
from connectors.errors import AccessDenied, Busy
from connectors.moments import moment
from connectors.zendesk.history import People, merged_into, messages


@pytest.fixture
def ref(helpdesk, draft):
    return helpdesk.open_ticket(draft(), Once(key="dlv_open")).ref


def last(helpdesk, ref):
    return helpdesk.history(ref).messages[-1]


def test_a_persons_public_reply_is_an_answer(desk, helpdesk, ref):
    desk.clock.forward(minutes=3)
    comment_id = desk.zendesk.reply(int(ref.id), 3601, "I am on it")
    told = last(helpdesk, ref)
    assert (told.author.kind, told.author.id, told.author.name) == (AuthorKind.PERSON, "3601", "Asha Rao")
    assert (told.public, told.text, told.id) == (True, "I am on it", str(comment_id))
    assert told.at == desk.clock.now


def test_an_internal_note_is_not_public(desk, helpdesk, ref):
    desk.zendesk.reply(int(ref.id), 3601, "Look at this one", public=False)
    assert not last(helpdesk, ref).public


def test_our_own_note_is_ours(helpdesk, ref):
    assert last(helpdesk, ref).author.kind is AuthorKind.BRIDGE


def test_fault_50_a_bot_with_an_agents_seat_is_a_bot(desk, helpdesk, ref):
    """A bot with an agent's seat replies at Zendesk: it is known by its id, and its reply is no answer."""
    desk.zendesk.reply(int(ref.id), 3699, "Have you tried turning it off?")
    assert last(helpdesk, ref).author.kind is AuthorKind.BOT


def test_fault_50_a_trigger_is_a_rule(desk, helpdesk, ref):
    """A trigger of Zendesk writes to the customer: known as a rule, which is no person."""
    desk.zendesk.trigger_writes(int(ref.id), "We got your message")
    assert last(helpdesk, ref).author.kind is AuthorKind.RULE


@pytest.mark.parametrize(("cause", "kind"), [("auto_vacation", "rule"), ("unverified", "person")])
def test_fault_50_an_out_of_office_mail_that_was_recovered_is_no_person(desk, helpdesk, ref, cause, kind):
    """An agent's out-of-office mail is recovered from Zendesk's suspended ones: no answer when read back."""
    desk.zendesk.reply(int(ref.id), 3601, "I am away until Monday")
    desk.zendesk.store.audits[int(ref.id)][-1]["events"].append({"id": 1, "cause_id": 8, "cause_name": cause})
    assert last(helpdesk, ref).author.kind is AuthorKind(kind)


def test_the_requester_is_a_customer(desk, helpdesk, ref):
    desk.zendesk.customer_writes(int(ref.id), "Hello?")
    assert last(helpdesk, ref).author.kind is AuthorKind.CUSTOMER


def test_an_author_zendesk_does_not_know_is_nobody(desk, helpdesk, ref):
    desk.zendesk.reply(int(ref.id), 3602, "Then I left")
    del desk.zendesk.store.users[3602]
    assert last(helpdesk, ref).author.kind is AuthorKind.RULE


def test_the_history_tells_state_owner_and_handoff(desk, helpdesk, ref):
    desk.zendesk.set_status(int(ref.id), "solved")
    told = helpdesk.history(ref)
    assert (told.state, told.handoff_id, told.assignee_id) == (TicketState.SOLVED, "hof_0001", "3601")


def test_more_audits_than_a_page_are_all_read(desk, helpdesk, ref):
    for number in range(120):
        desk.zendesk.reply(int(ref.id), 3601, f"Reply {number}")
    assert len(helpdesk.history(ref).messages) == 121


@pytest.mark.parametrize("spam", [False, True])
def test_fault_25_a_deleted_or_spam_ticket_is_told_as_deleted(desk, helpdesk, ref, spam):
    desk.zendesk.delete(int(ref.id), spam=spam)
    assert helpdesk.history(ref).state is TicketState.DELETED


def test_fault_24_after_a_merge_only_later_messages_of_the_target_count(desk, helpdesk, ref):
    target = desk.zendesk.new_ticket("The same", "lena@customer.example", "Again me")
    desk.zendesk.reply(target, 3602, "An answer to the other question")
    desk.clock.forward(minutes=1)
    desk.zendesk.merge(int(ref.id), target)
    desk.clock.forward(minutes=1)
    desk.zendesk.reply(target, 3601, "I am on it")
    told = helpdesk.history(ref)
    assert told.ref.id == str(target)
    assert told.handoff_id == "hof_0001"
    people = [one.text for one in told.messages if one.author.kind is AuthorKind.PERSON and one.public]
    assert people == ["I am on it"]


def test_a_customer_cannot_send_the_bridge_to_another_ticket(desk, helpdesk, ref):
    desk.zendesk.customer_writes(int(ref.id), "This request was closed and merged into request #1")
    ticket = {**desk.tickets[0], "status": "closed", "tags": ["closed_by_merge"]}
    assert merged_into(ticket, desk.zendesk.store.audits[int(ref.id)]) is None


def test_reading_in_trouble_may_be_done_again(desk, helpdesk, ref):
    desk.goes_wrong("GET /api/v2/tickets/*", "status", status=503, retry_after="9")
    with pytest.raises(Busy) as busy:
        helpdesk.history(ref)
    assert busy.value.retry_after == timedelta(seconds=9)


def test_a_right_that_is_missing_is_told(desk, helpdesk, ref):
    desk.goes_wrong("GET /api/v2/tickets/*/audits*", "status", status=403)
    with pytest.raises(AccessDenied):
        helpdesk.history(ref)


def test_recorded_audits_are_read(vendor_file):
    recorded = json.loads(vendor_file("zendesk/recorded/ticket-audits-list.json").read_text())
    audits = recorded["interactions"][0]["response"]["body"]["audits"]
    agent = {6130907993114: {"id": 6130907993114, "role": "admin", "name": "09cace"}}
    people = People(own_id=1, not_people=frozenset(), requester_id=6130869168922, users=agent)
    told = messages(audits, people)
    first = told[0]
    assert first.id == "6130852545306"
    assert first.author.kind is AuthorKind.CUSTOMER
    assert first.at == moment("2023-09-09T23:52:05Z")
    assert any(one.author.kind is AuthorKind.PERSON for one in told)


def test_what_an_agent_attaches_is_told_by_name_and_address(desk, helpdesk, ref):
    desk.zendesk.reply(int(ref.id), 3601, "Is this your door?", files=["door.jpg", "hall.jpg"])
    told = last(helpdesk, ref).attachments
    assert [one.name for one in told] == ["door.jpg", "hall.jpg"]
    assert all(one.url.startswith("https://shop.zendesk.example/attachments/token/") for one in told)


@pytest.mark.parametrize(
    "broken", [{"deleted": True}, {"content_url": None}, {"content_url": ""}, {"content_url": 7}]
)
def test_an_attachment_that_cannot_be_fetched_is_left_out(desk, helpdesk, ref, broken):
    desk.zendesk.reply(int(ref.id), 3601, "Is this your door?", files=["door.jpg", "hall.jpg"])
    comment = desk.zendesk.store.audits[int(ref.id)][-1]["events"][0]
    comment["attachments"][0] |= broken
    assert [one.name for one in last(helpdesk, ref).attachments] == ["hall.jpg"]


def test_a_recorded_attachment_is_read(vendor_file):
    recorded = vendor_file("zendesk/recorded/upload-create-with-attachment-comments-redact.json").read_text()
    found = [one for one in _objects(json.loads(recorded)) if {"file_name", "content_url"} <= one.keys()]
    event = {"id": 1, "type": "Comment", "author_id": 3601, "body": "see", "public": True}
    audit = {"created_at": "2024-09-06T18:52:11Z", "events": [{**event, "attachments": found[:1]}]}
    people = People(own_id=3600, not_people=frozenset(), requester_id=9001, users={3601: {"role": "agent"}})
    ((attached,),) = [one.attachments for one in messages([audit], people)]
    assert (attached.name, attached.url) == (found[0]["file_name"], found[0]["content_url"])


def _objects(told):
    """Yield every object inside a recorded answer."""
    parts = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    if isinstance(told, dict):
        yield told
    for part in parts:
        yield from _objects(part)
