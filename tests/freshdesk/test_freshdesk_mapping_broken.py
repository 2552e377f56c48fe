"""A field Freshdesk refuses costs that field, never the ticket; a requester it refuses costs the ticket."""

from __future__ import annotations

import json

import pytest
from freshdesk_account import DOCUMENT, ONCE, draft

from bridge.handoffs.model import Customer
from bridge.roster.model import Person
from connectors.errors import Rejected
from connectors.mapping import FieldMapping, read_mapping, shipped_mapping


def mapping_with(tmp_path, text) -> FieldMapping:
    own = tmp_path / "freshdesk.yaml"
    own.write_text(text)
    return shipped_mapping("freshdesk", own)


def test_fault_21_a_removed_field_is_left_out_by_exactly_one_second_post(helpdesk, account):
    account.freshdesk.remove_field("cf_topic")
    outcome = helpdesk.open_ticket(draft(), ONCE)
    assert account.calls("POST").count("POST tickets") == 2
    assert account.ticket()["custom_fields"]["cf_channel"] == "whatsapp"
    assert outcome.problems == (
        "mapping broken: field topic (cf_topic) was refused by the helpdesk (invalid_field), left out",
    )


def test_what_was_left_out_is_told_to_the_agent(helpdesk, account):
    account.freshdesk.remove_field("cf_topic")
    helpdesk.open_ticket(draft(), ONCE)
    [note] = account.notes()
    assert "Not as planned: mapping broken: field topic (cf_topic)" in note["body_text"]


def test_several_faults_are_mended_at_once(connect, account, tmp_path):
    mapping = mapping_with(tmp_path, "fields: {channel: {field: cf_nowhere}}\nticket: {type: Nonsense}")
    nobody = Person(key="zoe", name="Zoe", ids={"freshdesk": "999"})
    outcome = connect(mapping=mapping).open_ticket(draft(assignee=nobody), ONCE)
    assert len(outcome.problems) == 3
    assert account.ticket()["responder_id"] is None
    assert len(account.notes()) == 1


def test_a_value_that_is_no_choice_is_left_out_and_not_repeated(connect, account, tmp_path):
    mapping = mapping_with(tmp_path, "fields: {trigger: {from: topic, kind: choice, choices: null}}")
    secret = draft(document=DOCUMENT | {"topic": "my password is hunter2"})
    outcome = connect(mapping=mapping).open_ticket(secret, ONCE)
    assert account.ticket()["custom_fields"]["cf_handoff_reason"] is None
    assert "hunter2" not in str(outcome.problems)


def test_a_mark_is_left_when_the_key_field_is_refused(helpdesk, account):
    account.freshdesk.remove_field("cf_handoff_key")
    helpdesk.open_ticket(draft(), ONCE)
    assert draft().handoff_id in account.ticket()["tags"]


@pytest.mark.parametrize("customer", [Customer(email="not an address"), Customer(email="zoe@")])
def test_a_refused_requester_is_fatal(helpdesk, account, customer):
    with pytest.raises(Rejected) as caught:
        helpdesk.open_ticket(draft(customer=customer), ONCE)
    assert str(caught.value) == "freshdesk: refused (400): email invalid_value"
    assert account.calls("POST") == ["POST tickets"]


def test_a_refusal_that_names_nothing_we_sent_leaves_the_least(helpdesk, account):
    body = {"description": "Validation failed", "errors": [{"field": "cf_cause", "code": "missing_field"}]}
    account.goes_wrong("POST tickets", "status", status=400, body=json.dumps(body))
    outcome = helpdesk.open_ticket(draft(), ONCE)
    assert outcome.problems[0].startswith(
        "mapping broken: the helpdesk refused the ticket and named cf_cause"
    )
    assert account.ticket()["tags"]
    assert account.ticket()["custom_fields"]["cf_topic"] is None


def test_a_second_refusal_is_final(helpdesk, account):
    account.goes_wrong("POST tickets", "status", status=400, times=2)
    with pytest.raises(Rejected):
        helpdesk.open_ticket(draft(), ONCE)
    assert account.calls("POST") == ["POST tickets", "POST tickets"]


def test_the_text_of_a_refusal_holds_no_words_of_customers(helpdesk, account):
    told = "'my PIN is 1234' is no value"
    body = {
        "errors": [
            {"field": "email", "code": told, "message": told},
            {"field": told, "code": "invalid_value"},
        ]
    }
    account.goes_wrong("POST tickets", "status", status=400, body=json.dumps(body))
    with pytest.raises(Rejected) as caught:
        helpdesk.open_ticket(draft(), ONCE)
    assert "1234" not in str(caught.value)


@pytest.mark.parametrize("body", ["", "[]", "null", '{"errors": 5}', '{"errors": ["x"]}', "<html>"])
def test_a_refusal_without_reasons_is_still_a_refusal(helpdesk, account, body):
    account.goes_wrong("POST tickets", "status", status=400, body=body, times=2)
    with pytest.raises(Rejected):
        helpdesk.open_ticket(draft(), ONCE)


def test_a_field_called_by_its_place_is_left_out_too(helpdesk, account):
    body = {"errors": [{"field": "custom_fields.cf_topic", "code": "invalid_value"}]}
    account.goes_wrong("POST tickets", "status", status=400, body=json.dumps(body))
    outcome = helpdesk.open_ticket(draft(), ONCE)
    assert "topic (cf_topic)" in outcome.problems[0]


def test_a_refused_group_is_asked_for_anew(helpdesk, account):
    helpdesk.open_ticket(draft(handoff_id="ho_1"), ONCE)
    account.freshdesk.store.groups[:] = [one for one in account.freshdesk.store.groups if one["id"] != 4702]
    outcome = helpdesk.open_ticket(draft(handoff_id="ho_2"), ONCE)
    assert "group_id" in outcome.problems[0]
    helpdesk.open_ticket(draft(handoff_id="ho_3"), ONCE)
    assert account.calls().count("GET groups") == 2


def test_the_shipped_mapping_fits_the_account(helpdesk, mapping, account):
    assert {rule.field for rule in mapping.fields.values()} <= account.freshdesk.store.fields.keys()
    assert helpdesk.check() == ()


def test_a_priority_freshdesk_does_not_know_becomes_an_ordinary_one(connect, account):
    outcome = connect(mapping=read_mapping("tags: [handoff]")).open_ticket(draft(), ONCE)
    assert account.ticket()["priority"] == 2
    assert outcome.problems == (
        "mapping broken: field priority was refused by the helpdesk (invalid_value), left out",
    )


def test_a_status_freshdesk_does_not_know_becomes_open(connect, account, tmp_path):
    mapping = mapping_with(tmp_path, "ticket: {status: 77}")
    outcome = connect(mapping=mapping).open_ticket(draft(), ONCE)
    assert account.ticket()["status"] == 2
    assert "field status" in outcome.problems[0]
