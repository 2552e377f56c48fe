"""The front door over real HTTP: receipts, retries, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from bridge.handoffs import lifecycle
from bridge.handoffs.hearing import HEARD
from bridge.intake.api import intake_routes
from bridge.intake.problems import Problem, answer_invalid, answer_problem
from bridge.intake.service import Intake
from bridge.roster.model import Person
from bridge.security.signatures import sign
from bridge.store import tables
from sandbox.server import serve


class Door:
    """Calls the intake as a bot does."""

    def __init__(self, url, house):
        self.url = url
        self.house = house
        self.key = house.database.transact(lambda tx: house.accounts.create_key(tx, "main", "bot", house.now))
        self.headers = {"Authorization": f"Bearer {self.key.bearer}"}

    def post(self, body, path="", key=None, headers=None):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"Idempotency-Key": key} if key else {}
        return requests.post(
            f"{self.url}/v1/handoffs{path}",
            data=raw,
            headers={**(headers or self.headers), **named},
            timeout=10,
        )

    def get(self, path):
        return requests.get(f"{self.url}/v1/handoffs{path}", headers=self.headers, timeout=10)

    def patch(self, path, body):
        return requests.patch(f"{self.url}/v1/handoffs{path}", json=body, headers=self.headers, timeout=10)


@pytest.fixture
def door(house) -> Iterator[Door]:
    app = FastAPI()
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.include_router(
        intake_routes(Intake(database=house.database, accounts=house.accounts, clock=lambda: house.now))
    )
    with serve(app) as running:
        yield Door(running.url, house)


def body(**fields):
    return {"conversation_id": "wa-1", "channel": "whatsapp", "trigger": {"kind": "asked"}, **fields}


def rows(house, table=tables.handoffs):
    return house.all(table)


def test_a_handoff_is_accepted_with_owner_promise_and_words_for_the_customer(door):
    answer = door.post(body())
    receipt = answer.json()
    assert answer.status_code == 202
    assert receipt["id"].startswith("ho_")
    assert receipt["owner"] == {"first_name": "Ravi"}
    assert receipt["customer_text"] == "Ravi has your conversation and will answer by 18:37 (IST)."
    assert receipt["promised_at"] == "2026-11-21T13:07:00+00:00"


def test_a_bot_reads_when_the_customers_channel_closes(door):
    said = [{"speaker": "customer", "text": "hello?", "at": "2026-11-21T12:40:00Z"}]
    closing, open_for_ever = (
        door.post(body(conversation_id=channel, channel=channel, transcript=said)).json()["id"]
        for channel in ("whatsapp", "web")
    )
    assert door.get(f"/{closing}").json()["channel_closes_at"] == "2026-11-22T12:40:00+00:00"
    assert door.get(f"/{open_for_ever}").json()["channel_closes_at"] is None


def test_the_same_key_and_body_get_the_same_id(door):
    first, second = (door.post(body(), key="k1").json() for _ in range(2))
    assert first == second
    assert len(rows(door.house)) == 1
    assert door.house.events(first["id"]).count("handed_over_again") == 0


def test_the_same_key_with_another_body_is_refused(door):
    door.post(body(), key="k1")
    answer = door.post(body(topic="refund"), key="k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


def test_the_same_call_from_many_threads_makes_one_handoff(door):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: door.post(body(), key="k1"), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(rows(door.house)) == 1


def test_fault_61_a_customer_who_asks_twice_is_one_handoff(door):
    """A customer asks twice in a moment, even at once: one handoff, brought up to date."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: door.post(body(topic=f"t{n}"), key=f"k{n}"), range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(rows(door.house)) == 1


def test_a_new_handoff_of_a_closed_conversation_is_a_new_one(door):
    first = door.post(body()).json()["id"]
    door.post({"reason": "solved itself"}, path=f"/{first}/withdraw")
    assert door.post(body()).json()["id"] != first


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}, {"Handoff-Key": "key_x"}],
)
def test_a_stranger_gets_401_and_no_detail(door, headers):
    answer = door.post(body(), headers={"X": "y", **headers})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert rows(door.house) == []


def test_a_revoked_key_opens_nothing(door):
    house = door.house
    house.database.transact(lambda tx: house.accounts.revoke_key(tx, "main", door.key.key_id, house.now))
    assert door.post(body()).status_code == 401


def signed(door, raw, at=None, key_id=None):
    at = at or door.house.now
    headers = sign([door.key.signing_secret], "msg_1", at, raw)
    return {**headers, "Handoff-Key": key_id or door.key.key_id}


def test_a_request_signed_by_standard_webhooks_is_accepted_and_its_id_is_the_idempotency_key(door):
    raw = json.dumps(body()).encode()
    first, second = (door.post(raw, headers=signed(door, raw)) for _ in range(2))
    assert (first.status_code, first.json()) == (202, second.json())


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_future_signature_is_refused(door, minutes):
    raw = json.dumps(body()).encode()
    at = door.house.now + timedelta(minutes=minutes)
    assert door.post(raw, headers=signed(door, raw, at)).status_code == 401


@pytest.mark.parametrize(
    "junk", ["", "v1", "v1,", "v1,%%%", "☃".encode().decode("latin-1"), "v1," + "A" * 5000]
)
def test_junk_signatures_are_401_and_never_500(door, junk):
    raw = json.dumps(body()).encode()
    headers = {**signed(door, raw), "webhook-signature": junk}
    assert door.post(raw, headers=headers).status_code == 401


def test_fault_51_a_body_over_a_megabyte_is_413(door):
    """A body is larger than a megabyte: 413, with what to send in its place."""
    answer = door.post(body(transcript=[{"speaker": "customer", "text": "x" * 1_100_000}]))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_fault_51_a_body_over_a_megabyte_without_a_declared_length_is_413_too(door):
    """A body without a declared length goes on and on: 413 as soon as a megabyte is passed."""
    chunks = (b"x" * 100_000 for _ in range(15))
    answer = requests.post(f"{door.url}/v1/handoffs", data=chunks, headers=door.headers, timeout=10)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xef\xbb\xbf{}",
        b'{"a": 1e999}',
        b'{"a": NaN}',
        b'{"channel": "a", "channel": "b"}',
        b'{"a": "\\ud800"}',
        b"[" * 3000 + b"]" * 3000,
        b"\xff\xfe",
    ],
)
def test_fault_53_unreadable_json_is_400_with_a_place_and_never_500(door, raw):
    """The body is no JSON that we take: 400 with the place, never 500."""
    answer = door.post(raw)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["errors"][0]["problem"]


def test_a_missing_field_is_422_with_its_path(door):
    answer = door.post({"channel": "whatsapp", "trigger": {"kind": "asked"}})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/conversation_id", "problem": "is missing"}]


def test_unknown_triggers_and_extra_fields_are_kept(door):
    answer = door.post(body(trigger={"kind": "moonphase", "code": "full"}, mood_ring="blue"))
    seen = door.get(f"/{answer.json()['id']}").json()
    assert seen["trigger"] == {"kind": "other", "code": "moonphase: full"}
    assert seen["mood_ring"] == "blue"


def test_fault_53_nul_is_removed_with_a_flag(door):
    """A text of the body holds NUL: the handoff is kept without it, and flagged."""
    answer = door.post(body(topic="re\u0000fund"))
    seen = door.get(f"/{answer.json()['id']}").json()
    assert (seen["topic"], "nul_removed" in seen["flags"]) == ("refund", True)


@pytest.mark.parametrize("asked", ["2031-01-01T00:00:00Z", "2026-11-14T00:00:00Z"])
def test_a_wrong_clock_is_clamped_with_a_flag(door, asked):
    answer = door.post(body(asked_at=asked))
    seen = door.get(f"/{answer.json()['id']}").json()
    assert "clock_untrusted" in seen["flags"]
    assert seen["asked_at"] == "2026-11-21T12:52:00+00:00"


def test_the_timeline_tells_each_event_in_order(door):
    handoff_id = door.post(body()).json()["id"]
    door.house.pay()
    events = door.get(f"/{handoff_id}/timeline").json()["events"]
    assert [event["event"] for event in events] == ["accepted", "ticketed", "announced"]
    assert [event["sequence"] for event in events] == sorted(event["sequence"] for event in events)


def test_more_context_reaches_ticket_and_card(door):
    handoff_id = door.post(body(topic="refund")).json()["id"]
    door.house.pay()
    answer = door.patch(f"/{handoff_id}", {"fields": {"amount": 4350}, "topic": "billing_dispute"})
    door.house.pay()
    assert answer.json()["fields"] == {"amount": 4350}
    assert door.house.helpdesk.changed[0][1].document["fields"] == {"amount": 4350}
    assert door.house.chat.cards["1"][-1].topic == "billing_dispute"


def test_the_customers_further_messages_reach_the_ticket(door):
    handoff_id = door.post(body()).json()["id"]
    door.house.pay()
    answer = door.post(
        {"messages": [{"speaker": "customer", "text": "Hello?"}]}, path=f"/{handoff_id}/messages"
    )
    door.house.pay()
    assert (answer.status_code, answer.json()["turns"]) == (202, 1)
    assert door.house.helpdesk.changed[0][1].note.transcript[0].text == "Hello?"


def test_a_withdrawn_handoff_takes_no_more_messages(door):
    handoff_id = door.post(body()).json()["id"]
    withdrawn = door.post({"reason": "left"}, path=f"/{handoff_id}/withdraw")
    late = door.post(
        {"messages": [{"speaker": "customer", "text": "Hello?"}]}, path=f"/{handoff_id}/messages"
    )
    assert (withdrawn.json()["state"], late.status_code) == ("withdrawn", 409)


def test_an_unknown_handoff_is_404(door):
    answers = [
        door.get("/ho_nothing"),
        door.get("/ho_nothing/timeline"),
        door.patch("/ho_nothing", {"topic": "x"}),
    ]
    assert {answer.status_code for answer in answers} == {404}


def test_waiting_for_the_ticket_gives_up_in_time_and_says_it_is_not_there(door):
    answer = door.post(body(), path="?wait=ticketed&timeout_seconds=0.1")
    assert (answer.status_code, answer.json()["ticket"]) == (202, None)


def test_handoffs_of_a_test_key_are_marked(door):
    house = door.house
    key = house.database.transact(lambda tx: house.accounts.create_key(tx, "main", "t", house.now, test=True))
    answer = door.post(body(), headers={"Authorization": f"Bearer {key.bearer}"})
    assert door.get(f"/{answer.json()['id']}").json()["test"] is True


def test_the_callbacks_address_and_the_hints_are_not_shown_again(door):
    answer = door.post(body(callback_url="https://bot.example/secret-path"))
    assert "secret-path" not in door.get(f"/{answer.json()['id']}").text


def test_no_key_is_kept_as_it_is(door):
    stored = " ".join(str(tuple(row)) for row in rows(door.house, tables.keys))
    assert door.key.bearer not in stored
    assert door.key.signing_secret not in stored


def test_messages_sent_twice_under_one_key_reach_the_ticket_once(door):
    handoff_id = door.post(body()).json()["id"]
    door.house.pay()
    for _ in range(2):
        answer = door.post(
            {"messages": [{"speaker": "customer", "text": "Hello?"}]},
            path=f"/{handoff_id}/messages",
            key="m1",
        )
    assert (answer.status_code, answer.json()["turns"]) == (202, 1)


def test_a_key_of_one_handoff_is_free_for_another(door):
    ids = [door.post(body(conversation_id=f"wa-{number}")).json()["id"] for number in range(2)]
    answers = [door.post({"reason": "left"}, path=f"/{one}/withdraw", key="w1") for one in ids]
    assert [answer.json()["state"] for answer in answers] == ["withdrawn", "withdrawn"]


ALLOWED = {
    *("id", "state", "test", "conversation_id", "channel", "topic", "trigger", "customer", "fields"),
    *("records", "attempts", "verification", "sentiment", "summary", "language", "flags", "window_seconds"),
    *("started_at", "asked_at", "received_at", "promised_at", "claimed_at", "answered_at", "closed_at"),
    *("owner", "claimed_by", "answered_by", "turns", "ticket", "announced", "rung", "channel_closes_at"),
    *("outcome", "bot"),
}


def claim(door, handoff_id, key="ravi"):
    person = door.house.account().person(key)
    door.house.change(handoff_id, lambda change: lifecycle.claim(change, person, door.house.now))


def test_a_bot_sees_what_is_meant_for_it_and_nothing_else(door):
    answer = door.post(body(routing={"group": "Billing"}, transcript=[{"role": "user", "text": "hi"}]))
    door.house.pay()
    seen = door.get(f"/{answer.json()['id']}").json()
    assert set(seen) == ALLOWED
    assert (seen["ticket"].keys(), seen["turns"]) == ({"id", "url"}, 1)


def test_a_bot_asks_whether_it_may_speak(door):
    handoff_id = door.post(body()).json()["id"]
    assert door.get(f"/{handoff_id}").json()["bot"] == "silent"
    withdrawn = door.post({"reason": "customer_left"}, f"/{handoff_id}/withdraw").json()
    assert (withdrawn["state"], withdrawn["outcome"], withdrawn["bot"]) == (
        "withdrawn",
        "customer_left",
        "resume",
    )


def test_unknown_fields_never_stand_in_for_what_the_bridge_says(door):
    answer = door.post(body(owner="me", id="mine", state="resolved", claimed_by="me"))
    seen = door.get(f"/{answer.json()['id']}").json()
    assert (seen["id"], seen["state"]) == (answer.json()["id"], "open")
    assert (seen["owner"], seen["claimed_by"]) == ({"first_name": "Ravi"}, None)


def test_people_are_shown_by_their_first_names(door):
    handoff_id = door.post(body()).json()["id"]
    claim(door, handoff_id)
    seen = door.get(f"/{handoff_id}").json()
    events = door.get(f"/{handoff_id}/timeline").json()["events"]
    assert (seen["owner"], seen["claimed_by"]) == ({"first_name": "Ravi"}, {"first_name": "Ravi"})
    assert (events[-1]["event"], events[-1]["actor"], events[-1]["data"]["by"]) == ("claimed", "Ravi", "Ravi")


def test_somebody_who_has_left_the_desk_is_still_shown_by_the_first_name(door):
    handoff_id = door.post(body()).json()["id"]
    gone = Person(key="key-of-leela", name="Leela Rao")
    door.house.change(handoff_id, lambda change: lifecycle.claim(change, gone, door.house.now))
    told = door.get(f"/{handoff_id}").text + door.get(f"/{handoff_id}/timeline").text
    assert "key-of-leela" not in told
    assert door.get(f"/{handoff_id}/timeline").json()["events"][-1]["actor"] == "Leela"


def test_the_timeline_holds_no_word_for_operators(door):
    handoff_id = door.post(body()).json()["id"]
    door.house.pay()
    secret = dict.fromkeys(
        ("before", "people", "reasons", "channel", "connection", "error", "problems", "steps"), "secret-word"
    )
    events = [*HEARD, "nobody_reached", "delivery_dead", "announced", "of_a_later_version"]

    def note_all(change):
        for event in events:
            change.note(event, actor="bridge", **secret)

    door.house.change(handoff_id, note_all)
    told = door.get(f"/{handoff_id}/timeline")
    card_channel = door.house.handoff(handoff_id).card.channel
    assert (told.status_code, "secret-word" in told.text, f'"{card_channel}"' in told.text) == (
        200,
        False,
        False,
    )
    assert "reasons" not in told.json()["events"][0]["data"]


def test_a_patch_keeps_the_messages_that_came_before_it(door):
    handoff_id = door.post(body(transcript=[{"role": "user", "text": "hi"}])).json()["id"]
    door.post({"messages": ["anyone?"]}, path=f"/{handoff_id}/messages")
    answer = door.patch(f"/{handoff_id}", {"transcript": [{"role": "user", "text": "hi"}]})
    assert (answer.status_code, answer.json()["turns"]) == (200, 2)


def test_a_second_handover_with_an_email_alone_keeps_the_customers_name(door):
    door.post(body(customer={"name": "Priya", "tier": "gold"}))
    answer = door.post(body(customer={"email": "priya@customer.example"}))
    customer = door.get(f"/{answer.json()['id']}").json()["customer"]
    assert (customer["name"], customer["tier"]) == ("Priya", "gold")
    assert customer["email"] == "priya@customer.example"
