"""Opening a ticket: what the customer may read, what the agent reads, where it goes."""

from __future__ import annotations

import pytest
from freshdesk_account import ASHA, DOCUMENT, HANDOFF, NOTE, ONCE, PRIYA, draft

from bridge.handoffs.model import Customer, Speaker, Turn
from bridge.roster.model import Person
from connectors.base import Note, Priority
from connectors.mapping import read_mapping


def test_the_ticket_holds_route_fields_and_both_marks(helpdesk, account):
    outcome = helpdesk.open_ticket(draft(), ONCE)
    ticket = account.ticket()
    assert (outcome.ref.id, outcome.problems, outcome.found) == (str(ticket["id"]), (), False)
    assert (ticket["group_id"], ticket["responder_id"], ticket["priority"]) == (4702, 4601, 3)
    assert (ticket["status"], ticket["source"]) == (2, 7)
    assert ticket["tags"] == ["handoff", "handoff_whatsapp", "trigger_failure", HANDOFF]
    assert ticket["custom_fields"]["cf_handoff_key"] == HANDOFF
    assert ticket["custom_fields"]["cf_handoff_reason"] == "Bot failed"
    assert ticket["custom_fields"]["cf_customer_verified"] is True


def test_the_ticket_leads_an_agent_to_its_page(helpdesk, account):
    outcome = helpdesk.open_ticket(draft(), ONCE)
    assert outcome.ref.url == f"{account.url}/a/tickets/{outcome.ref.id}"


def test_nothing_of_the_handoff_is_in_the_public_description(helpdesk, account):
    helpdesk.open_ticket(draft(), ONCE)
    description = account.ticket()["description"]
    assert description.startswith("<div>Thank you.")
    for private in ("charge", "suspects", "payment", HANDOFF):
        assert private not in description


def test_the_note_is_private_and_holds_lines_facts_and_conversation(helpdesk, account):
    helpdesk.open_ticket(draft(), ONCE)
    [note] = account.notes()
    assert (note["private"], note["user_id"], note["category"]) == (True, 4600, 2)
    for said in (*NOTE.lines, "order: 4471", "Customer, 2026-11-02 11:57:00 UTC", "I see one payment"):
        assert said in note["body_text"]


def test_words_of_customers_are_escaped_and_fill_no_placeholder(helpdesk, account):
    turn = Turn(speaker=Speaker.CUSTOMER, text="<script>x</script> {{ticket.requester.email}} {% if %}")
    helpdesk.open_ticket(draft(note=Note(lines=("Wants help",), transcript=(turn,))), ONCE)
    [note] = account.notes()
    assert "&lt;script&gt;" in note["body"]
    assert "{{" not in note["body"]
    assert "{%" not in note["body"]


def test_a_long_conversation_is_attached_as_a_file(helpdesk, account):
    turns = tuple(Turn(speaker=Speaker.CUSTOMER, text="नमस्ते " * 100) for _ in range(60))
    helpdesk.open_ticket(draft(note=Note(lines=NOTE.lines, transcript=turns)), ONCE)
    [note] = account.notes()
    [file] = note["attachments"]
    assert file["name"] == f"conversation-{HANDOFF}.txt"
    assert file["size"] > 60_000
    assert "The conversation has 60 messages" in note["body_text"]
    assert note["private"] is True


@pytest.mark.parametrize(
    ("customer", "known"),
    [
        (PRIYA, {"email": "priya@customer.example", "name": "Priya Nair"}),
        (Customer(phone="+911234567890"), {"phone": "+911234567890", "name": "Customer"}),
        (Customer(external_id="customer-7"), {"unique_external_id": "customer-7"}),
        (Customer(), {"unique_external_id": HANDOFF, "name": "Customer"}),
    ],
)
def test_the_requester_is_told_in_one_way(helpdesk, account, customer, known):
    helpdesk.open_ticket(draft(customer=customer), ONCE)
    contact = account.freshdesk.store.contacts[account.ticket()["requester_id"]]
    assert known.items() <= contact.items()


def test_the_same_customer_is_one_contact(helpdesk, account):
    helpdesk.open_ticket(draft(), ONCE)
    helpdesk.open_ticket(draft(handoff_id="ho_other"), ONCE)
    assert len(account.freshdesk.store.contacts) == 1


def test_an_unknown_group_and_a_person_without_id_are_told(helpdesk, account):
    stranger = Person(key="zoe", name="Zoe")
    outcome = helpdesk.open_ticket(draft(group="Nowhere", assignee=stranger), ONCE)
    assert account.ticket()["group_id"] is None
    assert outcome.problems == (
        "group Nowhere does not exist at the helpdesk; its default group has it",
        "Zoe has no Freshdesk agent id in the desk; nobody is assigned",
    )


def test_groups_are_asked_for_once(helpdesk, account):
    for number in range(3):
        helpdesk.open_ticket(draft(handoff_id=f"ho_{number}"), ONCE)
    assert account.calls().count("GET groups") == 1


def test_a_new_ticket_costs_two_writes(helpdesk, account):
    helpdesk.open_ticket(draft(group=None), ONCE)
    assert account.calls() == ["POST tickets", f"POST tickets/{account.ticket()['id']}/notes"]


def test_a_long_handoff_id_is_no_tag_but_still_a_key(helpdesk, account):
    helpdesk.open_ticket(draft(handoff_id="ho_" + "a" * 40), ONCE)
    assert all(len(tag) <= 32 for tag in account.ticket()["tags"])
    assert account.ticket()["custom_fields"]["cf_handoff_key"] == "ho_" + "a" * 40


def test_the_subject_is_one_line_that_fits(helpdesk, account):
    wants = "a refund\n" + "of everything " * 40
    helpdesk.open_ticket(draft(document=DOCUMENT | {"summary": {"wants": wants}}), ONCE)
    subject = account.ticket()["subject"]
    assert "\n" not in subject
    assert len(subject) <= 250


def test_an_admin_may_map_own_fields_and_names(connect, account):
    own = read_mapping(
        "fields: {kind: {field: type, from: topic}, odd: {field: colour, from: topic}}\n"
        "groups: {Billing: Returns}\npriorities: {low: 1, normal: 1, high: 4, urgent: 4}\n"
    )
    document = DOCUMENT | {"topic": "Refund"}
    outcome = connect(mapping=own).open_ticket(draft(document=document, priority=Priority.HIGH), ONCE)
    ticket = account.ticket()
    assert (ticket["type"], ticket["group_id"], ticket["priority"]) == ("Refund", 4704, 4)
    assert outcome.problems == ("mapping broken: colour is no field of a Freshdesk ticket; left out",)


def test_the_owner_is_assigned_by_their_freshdesk_id(helpdesk, account):
    helpdesk.open_ticket(draft(assignee=ASHA), ONCE)
    assert account.ticket()["responder_id"] == 4601
