"""Presses of the card's button: verified, kept once, and refused in private where they do nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlsplit

from bridges import all_of, change, deliveries, events, handoff, pay
from vendors_town import SIGNING_SECRET, wait_for_an_answer

from bridge.handoffs import lifecycle
from bridge.store import tables
from sandbox.slack.sending import JSON, signed_headers


def told(town):
    """Return what was said to one person alone."""
    return [(row.payload["user_id"], row.payload["text"]) for row in deliveries(town.bridge, "private_line")]


def test_a_press_claims_and_ticket_and_card_follow(town, waiting):
    answer = town.deliver(town.press(waiting, "U07RAVI"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert handoff(town.bridge, waiting).claimed_by == "ravi"
    pay(town.bridge)
    assert town.helpdesk.changed[-1][1].assignee.key == "ravi"
    assert town.bridge.connectors.chats["slack"].cards["1"][-1].claimed_by == "Ravi Iyer"
    assert told(town) == []


def test_fault_63_a_press_not_signed_as_it_should_be_is_401_with_nothing_said(town, waiting):
    """A press is not signed as Slack signs, or at another time: 401 without a word, and nothing changes."""
    old = town.clock() - timedelta(minutes=6)
    sent = town.press(waiting)
    headers = sent.headers_for(1, None)
    wrong = [
        {},
        town.press(waiting, secret="another").headers_for(1, None),
        town.press(waiting, at=old).headers_for(1, None),
        town.press(waiting, at=town.clock() + timedelta(minutes=6)).headers_for(1, None),
        *({**headers, "X-Slack-Signature": junk} for junk in ("", "v0=", "v0=zz", "v1=" + "0" * 64)),
        *({**headers, "X-Slack-Request-Timestamp": junk} for junk in ("", "soon", "-1", "9" * 40, "1e9")),
    ]
    answers = [town.post("/slack/events", sent.body, one) for one in wrong]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, b"")}
    assert handoff(town.bridge, waiting).claimed_by is None


def test_fault_64_headers_sent_twice_or_huge_are_401_and_no_error(town, waiting):
    """Slack's headers come twice, or are of 9,000 signs, over HTTP: 401 without a word, and nothing changes."""
    sent = town.press(waiting)
    good = sent.headers_for(1, None)
    junk = {"X-Slack-Signature": "v0=" + "0" * 9000, "X-Slack-Request-Timestamp": "1" * 9000}
    for name, value in junk.items():
        assert town.post("/slack/events", sent.body, {**good, name: value}).status_code == 401
        assert raw(town, sent.body, [*good.items(), (name, good[name])]) == 401
    assert handoff(town.bridge, waiting).claimed_by is None


def raw(town, body, headers):
    """Call with these headers as they stand, two of one name if so listed; return the status."""
    place = urlsplit(town.url)
    connection = HTTPConnection(place.hostname, place.port, timeout=10)
    connection.putrequest("POST", "/slack/events")
    for name, value in [*headers, ("Content-Length", str(len(body)))]:
        connection.putheader(name, value)
    connection.endheaders(body)
    with closing(connection):
        return connection.getresponse().status


def test_fault_73_no_word_of_what_the_chat_sent_reaches_the_log(town, capfd, caplog):
    """A call of the chat is unsigned, or signed and of another shape: no word of it reaches the log."""
    caplog.set_level(0)
    words = "canary-of-a-customer"
    shapes = [{"text": words}, {"type": "event_callback", "event": words}, [words], words]
    bodies = [json.dumps(one).encode() for one in shapes] + [words.encode()]
    for body in bodies:
        town.post("/slack/events", body, {"X-Slack-Signature": words})
        town.post("/slack/events", body, signed_headers(JSON, body, SIGNING_SECRET, town.clock))
    said = capfd.readouterr()
    assert words not in said.out + said.err + caplog.text


def test_the_same_press_told_again_and_again_is_one_claim(town_on_either_store):
    town, waiting = town_on_either_store, wait_for_an_answer(town_on_either_store)
    sent = town.press(waiting)
    with ThreadPoolExecutor(8) as pool:
        assert [one.status_code for one in pool.map(town.deliver, [sent] * 24)] == [200] * 24
    assert events(town.bridge, waiting).count("claimed") == 1
    assert told(town) == []


def test_pressing_again_what_one_has_already_says_nothing(town, waiting):
    for ts in ("1763729520.000100", "1763729521.000100"):
        town.deliver(town.press(waiting, ts=ts))
    assert events(town.bridge, waiting).count("claimed") == 1
    assert told(town) == []


def test_who_comes_second_is_told_who_has_it_and_nobody_else_is(town, waiting):
    town.deliver(town.press(waiting, "U07RAVI"))
    assert town.deliver(town.press(waiting, "U07ASHA")).status_code == 200
    assert handoff(town.bridge, waiting).claimed_by == "ravi"
    assert told(town) == [("U07ASHA", "Ravi Iyer has it already.")]
    pay(town.bridge)
    chat = town.bridge.connectors.chats["slack"]
    assert [place for place, _ in chat.notices] == ["C0EVENING@U07ASHA"]


def test_fault_69_a_stranger_is_refused_in_private_and_nothing_changes(town, waiting):
    """Somebody who is not of the desk presses Claim: told so in private, and nothing changes."""
    before = events(town.bridge, waiting)
    assert town.deliver(town.press(waiting, "U0STRANGER")).status_code == 200
    assert (handoff(town.bridge, waiting).claimed_by, events(town.bridge, waiting)) == (None, before)
    ((user_id, text),) = told(town)
    assert user_id == "U0STRANGER"
    assert text.startswith("Only people of this desk can do that")


def test_a_press_on_what_is_over_says_so(town, waiting):
    change(town.bridge, waiting, lambda one: lifecycle.withdraw(one, "left"))
    town.deliver(town.press(waiting))
    ((_, text),) = told(town)
    assert text.startswith("It is over")


def test_a_press_on_a_handoff_we_do_not_know_is_200_and_kept(town):
    assert town.deliver(town.press("ho_unknown")).status_code == 200
    assert [row.handoff_id for row in all_of(town.bridge, tables.inbox)] == ["ho_unknown"]
    assert told(town) == []


def test_the_check_of_our_address_gets_its_word_back(town):
    body = json.dumps({"type": "url_verification", "challenge": "word", "token": "t"}).encode()
    headers = signed_headers(JSON, body, SIGNING_SECRET, town.clock)
    answer = town.post("/slack/events", body, headers)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "word"})


def test_without_the_secret_nothing_is_taken(open_town, sqlite_url):
    town = open_town(sqlite_url)
    assert town.deliver(town.press("ho_1")).status_code == 404
