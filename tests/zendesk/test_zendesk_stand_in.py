"""The stand-in is enough of Zendesk for a client that knows nothing of it."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.server import serve
from sandbox.zendesk import ZendeskStandIn
from sandbox.zendesk.gate import Limits
from sandbox.zendesk.seed import API_TOKEN, BRIDGE_EMAIL

UNMODIFIED_ZENPY = """
from zenpy import Zenpy
from zenpy.lib.api_objects import Comment, Ticket, User
zenpy = Zenpy(subdomain="shop", email="{email}", token="{token}", disable_cache=True)
requester = User(name="Lena", email="lena@customer.example")
audit = zenpy.tickets.create(Ticket(subject="Hello", comment=Comment(body="It broke"), requester=requester))
ticket = zenpy.tickets(id=audit.ticket.id)
ticket.comment = Comment(body="We look", public=False)
ticket.priority = "high"
zenpy.tickets.update(ticket)
print(zenpy.users.me().email)
print(zenpy.tickets(id=ticket.id).priority)
print([one.body for one in zenpy.tickets.comments(ticket=ticket.id)])
print(sorted(group.name for group in zenpy.groups()))
"""


@pytest.fixture
def http(desk) -> requests.Session:
    with requests.Session() as session:
        session.auth = (f"{BRIDGE_EMAIL}/token", API_TOKEN)
        session.trust_env = False
        yield session


def new(**more) -> dict:
    return {"ticket": {"subject": "Hello", "comment": {"body": "It broke"}, "external_id": "hof_1"} | more}


def test_unmodified_zenpy_creates_reads_and_changes_tickets(desk):
    environment = os.environ | {"ZENPY_FORCE_NETLOC": urlsplit(desk.url).netloc, "ZENPY_FORCE_SCHEME": "http"}
    script = UNMODIFIED_ZENPY.format(email=BRIDGE_EMAIL, token=API_TOKEN)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == [
        BRIDGE_EMAIL,
        "high",
        "['It broke', 'We look']",
        "['Billing', 'Escalations', 'Returns', 'Support']",
    ], done.stderr


@pytest.mark.parametrize("ending", ["", ".json"])
def test_paths_are_known_with_and_without_their_ending(desk, http, ending):
    made = http.post(f"{desk.url}/api/v2/tickets{ending}", json=new()).json()["ticket"]
    assert http.get(f"{desk.url}/api/v2/tickets/{made['id']}{ending}").json()["ticket"]["subject"] == "Hello"


def test_a_key_answers_twice_the_same_and_dies_after_two_hours(desk, http):
    def create(**more) -> requests.Response:
        return http.post(f"{desk.url}/api/v2/tickets", json=new(**more), headers={"Idempotency-Key": "k"})

    first, second, other = create(), create(), create(subject="Other")
    desk.clock.forward(hours=2)
    late = create()
    looked = [one.headers.get("x-idempotency-lookup") for one in (first, second, late)]
    assert looked == ["miss", "hit", "miss"]
    assert first.json()["ticket"]["id"] == second.json()["ticket"]["id"] != late.json()["ticket"]["id"]
    assert (other.status_code, other.json()["error"]) == (400, "IdempotentRequestError")


def test_errors_have_the_vendors_own_shape(desk, http):
    gone = http.get(f"{desk.url}/api/v2/tickets/999.json")
    assert (gone.status_code, gone.json()) == (404, {"error": "RecordNotFound", "description": "Not found"})
    refused = http.post(f"{desk.url}/api/v2/tickets", json=new(assignee_id=1))
    assert (refused.status_code, list(refused.json()["details"])) == (422, ["assignee"])
    stranger = requests.get(f"{desk.url}/api/v2/groups", auth=("x/token", "y"), timeout=5)
    assert stranger.status_code == 401


def test_nobody_is_told_as_an_anonymous_user(desk):
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{desk.url}/api/v2/users/me.json").json()["user"]["id"] is None


def test_a_body_is_cut_after_64_kb_without_a_word(desk, http):
    made = http.post(f"{desk.url}/api/v2/tickets", json=new(comment={"body": "ж" * 40_000})).json()
    assert len(desk.comments(made["ticket"]["id"])[0]["body"].encode()) == 65_536


def test_a_private_first_comment_makes_the_next_private_too(desk, http):
    made = http.post(f"{desk.url}/api/v2/tickets", json=new(comment={"body": "x", "public": False})).json()
    url = f"{desk.url}/api/v2/tickets/{made['ticket']['id']}"
    later = http.put(url, json={"ticket": {"comment": {"body": "y"}}}).json()
    assert later["audit"]["events"][0]["public"] is False


def test_a_closed_ticket_takes_no_update(desk, http):
    made = http.post(f"{desk.url}/api/v2/tickets", json=new()).json()["ticket"]
    desk.zendesk.set_status(made["id"], "closed")
    refused = http.put(f"{desk.url}/api/v2/tickets/{made['id']}", json={"ticket": {"priority": "low"}})
    assert (refused.status_code, list(refused.json()["details"])) == (422, ["status"])


def test_a_safe_update_loses_against_a_faster_one(desk, http):
    made = http.post(f"{desk.url}/api/v2/tickets", json=new()).json()["ticket"]
    desk.clock.forward(seconds=1)
    desk.zendesk.reply(made["id"], 3601, "First")
    told = {"ticket": {"priority": "low", "safe_update": True, "updated_stamp": made["updated_at"]}}
    refused = http.put(f"{desk.url}/api/v2/tickets/{made['id']}", json=told)
    assert (refused.status_code, refused.json()["error"]) == (409, "UpdateConflict")


def test_keys_that_are_not_allowed_are_dropped_and_named(desk, http):
    made = http.post(f"{desk.url}/api/v2/tickets", json=new(colour="red"))
    assert made.status_code == 201
    assert "ticket.colour" in made.headers["x-zendesk-api-warn"]


def test_the_search_is_minutes_behind_and_the_list_is_not(desk, http):
    http.post(f"{desk.url}/api/v2/tickets", json=new())
    search = f"{desk.url}/api/v2/search.json?query=type:ticket external_id:hof_1"
    listed = http.get(f"{desk.url}/api/v2/tickets?external_id=hof_1").json()["tickets"]
    before = http.get(search).json()["count"]
    desk.clock.forward(minutes=3)
    assert (len(listed), before, http.get(search).json()["count"]) == (1, 0, 1)


def test_over_the_limit_is_a_429_with_its_delay(desk, http):
    limited = ZendeskStandIn(clock=desk.clock, outbox=desk.outbox, limits=Limits(account=2))
    with serve(limited.app) as running:
        answers = [http.get(f"{running.url}/api/v2/groups") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert [one.headers["x-rate-limit-remaining"] for one in answers] == ["1", "0", "0"]
    assert answers[2].headers["retry-after"] == "60"


def test_the_page_sees_tickets_in_words(desk, helpdesk, draft, once):
    ref = helpdesk.open_ticket(draft(), once).ref
    desk.zendesk.reply(int(ref.id), 3601, "I am on it")
    (ticket,) = desk.zendesk.snapshot()["tickets"]
    assert (ticket["group"], ticket["assignee"], ticket["requester"]) == ("Billing", "Asha Rao", "Lena")
    assert ticket["fields"]["Handoff topic"] == "billing_dispute"
    assert [one["role"] for one in ticket["comments"]] == ["bridge", "agent"]


def test_a_ticket_that_is_not_there_is_a_lookup_error(desk):
    with pytest.raises(LookupError):
        desk.zendesk.reply(999, 3601, "Hello?")
