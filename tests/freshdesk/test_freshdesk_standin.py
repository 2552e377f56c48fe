"""The stand-in behaves as Freshdesk does where a connector could be fooled."""

from __future__ import annotations

import json

import pytest
import requests

from sandbox.freshdesk import API_KEY, GROWTH

TICKET = {
    "email": "zoe@customer.example",
    "subject": "Hello",
    "description": "Hi",
    "status": 2,
    "priority": 1,
}


@pytest.fixture
def ask(account):
    def call(method, path, **sent):
        url = f"{account.url}/api/v2/{path}"
        return requests.request(method, url, auth=(API_KEY, "X"), timeout=5, **sent)

    return call


def codes(answer):
    return {fault["field"]: fault["code"] for fault in answer.json()["errors"]}


def test_an_error_looks_as_freshdesks_own(ask, vendor_file):
    shape = json.loads(vendor_file("freshdesk/errors.json").read_text())["400"]
    bad = TICKET | {"priority": 9, "custom_fields": {"cf_nowhere": "x"}, "group_id": "4701"}
    answer = ask("POST", "tickets", json=bad)
    assert answer.status_code == 400
    assert answer.json().keys() == shape.keys()
    assert answer.json()["errors"][0].keys() == shape["errors"][0].keys()
    assert codes(answer) == {
        "priority": "invalid_value",
        "cf_nowhere": "invalid_field",
        "group_id": "datatype_mismatch",
    }


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"email": None}, {"requester_id": "missing_field"}),
        ({"email": None, "phone": "+911"}, {"name": "missing_field"}),
        ({"email": "no address"}, {"email": "invalid_value"}),
        ({"subject": "x" * 256}, {"subject": "too_long"}),
        ({"tags": ["x" * 33]}, {"tags": "invalid_value"}),
        ({"colour": "red"}, {"colour": "invalid_field"}),
        ({"custom_fields": {"cf_customer_verified": "yes"}}, {"cf_customer_verified": "datatype_mismatch"}),
        ({"custom_fields": {"cf_handoff_reason": "Mars"}}, {"cf_handoff_reason": "invalid_value"}),
        ({"responder_id": 99}, {"responder_id": "invalid_value"}),
    ],
)
def test_one_bad_value_refuses_the_whole_ticket(ask, account, change, fault):
    assert codes(ask("POST", "tickets", json=TICKET | change)) == fault
    assert account.tickets() == []


def test_nobody_gets_in_without_the_key(account):
    answer = requests.get(f"{account.url}/api/v2/tickets", auth=("wrong", "X"), timeout=5)
    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_credentials"


def test_what_is_nowhere_is_an_empty_404(ask):
    for path in ("tickets/999", "agents/1", "nowhere"):
        answer = ask("GET", path)
        assert (answer.status_code, answer.content) == (404, b"")


def test_the_list_limit_of_growth_is_twenty_a_minute(ask, account, clock):
    account.freshdesk.limits.limits = GROWTH
    assert {ask("GET", "tickets").status_code for _ in range(20)} == {200}
    refused = ask("GET", "tickets")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert refused.json() == {"message": "You have exceeded the limit of requests per minute"}
    assert ask("GET", "agents/me").status_code == 200
    clock.forward(seconds=61)
    assert ask("GET", "tickets").headers["X-RateLimit-Remaining"] == "199"


def test_a_contact_nobody_knows_is_a_refusal_of_the_list(ask):
    assert codes(ask("GET", "tickets", params={"email": "nobody@x.example"})) == {"email": "invalid_value"}


def test_a_list_hides_deleted_tickets_and_spam(ask, account):
    desk = account.freshdesk
    live, deleted, spam = (desk.new_ticket("Hi", f"{n}@x.example", "Hi") for n in "abc")
    desk.delete(deleted)
    desk.delete(spam, spam=True)
    listed = [
        [row["id"] for row in ask("GET", f"tickets{asked}").json()]
        for asked in ("", "?filter=deleted", "?filter=spam")
    ]
    assert listed == [[live], [deleted], [spam]]
    assert ask("GET", f"tickets/{deleted}").json()["deleted"] is True


def test_the_search_is_minutes_behind(ask, account, clock):
    account.freshdesk.new_ticket("Hi", "a@x.example", "Hi")
    query = {"query": '"status:2"'}
    assert ask("GET", "search/tickets", params=query).json()["total"] == 0
    clock.forward(seconds=120)
    assert ask("GET", "search/tickets", params=query).json()["total"] == 1
    assert ask("GET", "search/tickets", params={"query": "status:2"}).status_code == 400


def test_pages_are_linked(ask, account):
    for number in range(3):
        account.freshdesk.new_ticket("Hi", f"{number}@x.example", "Hi")
    first = ask("GET", "tickets", params={"per_page": 2})
    assert len(first.json()) == 2
    second = requests.get(first.links["next"]["url"], auth=(API_KEY, "X"), timeout=5)
    assert (len(second.json()), "next" in second.links) == (1, False)


def test_a_reply_over_the_api_is_the_keys_owners(ask, account):
    ticket_id = account.freshdesk.new_ticket("Hi", "a@x.example", "Hi")
    row = ask("POST", f"tickets/{ticket_id}/reply", json={"body": "Hello"}).json()
    assert (row["user_id"], row["private"], row["source"], row["category"]) == (4600, False, 0, 3)


def test_the_page_is_told_what_it_shows(account, opened):
    account.freshdesk.reply(int(opened.id), 4601, "Hello Priya")
    shown = account.freshdesk.snapshot()
    [ticket] = shown["tickets"]
    assert (ticket["group"], ticket["assignee"], ticket["priority"]) == ("Billing", "Asha Rao", "high")
    assert [comment["role"] for comment in ticket["comments"]] == ["bridge", "bridge", "agent"]
    assert [agent["name"] for agent in shown["agents"]] == ["Asha Rao", "Ravi Iyer", "Meera Shah"]
    json.dumps(shown)


def test_a_ticket_or_agent_nobody_knows_is_a_lookup_error(account, opened):
    for ticket_id, agent_id in ((999, 4601), (int(opened.id), 999)):
        with pytest.raises(LookupError):
            account.freshdesk.reply(ticket_id, agent_id, "Hello")
