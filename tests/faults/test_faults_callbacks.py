"""Callback addresses that misbehave, and events to be fetched where nothing can be called."""

from __future__ import annotations

import pytest
import requests
from vendor_shop import a_still_shop

from bridge.intake.events import SETTLED_AFTER
from bridge.store import tables

CALLBACK = "POST /bot/callback"


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with a_still_shop(sqlite_url, tmp_path) as shop:
        yield shop


def fetch(shop, **asked):
    answer = requests.get(f"{shop.url}/v1/events", params=asked, headers=shop.headers, timeout=10)
    return answer.status_code, answer.json()


def fetch_all(shop, limit):
    """Return every event, page after page."""
    events, after = [], None
    while True:
        status, page = fetch(shop, limit=limit, **({"after": after} if after else {}))
        assert status == 200
        events += page["events"]
        after = page["next"]
        if not page["more"]:
            return events


def named(events):
    return [(event["data"]["handoff_id"], event["data"]["sequence"], event["type"]) for event in events]


def test_fault_33_a_redirect_of_a_callback_is_a_failure_and_is_sent_again(shop):
    """A callback answered with 301 is not followed: it counts as failed and is sent again later."""
    shop.goes_wrong("bot", CALLBACK, "status", status=301)
    shop.hand_over()
    shop.pay()
    assert "unknown" in shop.states("callback")
    shop.pass_time(seconds=30)
    assert set(shop.states("callback")) == {"settled"}
    assert shop.told("accepted")


def test_fault_34_a_callback_address_that_is_gone_is_left_alone_and_the_lead_hears_once(shop):
    """A callback answered with 410: nothing more is sent there, for any handoff, and the lead is told once."""
    shop.goes_wrong("bot", CALLBACK, "status", times=100, status=410)
    first, second = shop.hand_over(), shop.hand_over()
    shop.pass_time(minutes=30)
    assert len(shop.answers("bot", CALLBACK)) <= 2
    assert set(shop.states("callback")) == {"dead", "cancelled"}
    (line,) = [line for line in shop.lines("C0ALL") if "is gone (410)" in line]
    assert "GET /v1/events" in line
    assert "<@U07MEERA>" in line
    assert shop.sandbox.bot.callback_url not in line
    shop.clock.later(seconds=10)
    for handoff in (first, second):
        kept = [kind for one, _, kind in named(fetch_all(shop, 100)) if one == handoff]
        assert kept[:2] == ["handoff.accepted", "handoff.ticketed"]
        assert "handoff.escalated" in kept


def test_fault_34_a_callback_address_is_tried_again_a_day_later(shop):
    """A day after the 410 the address is tried again, so that one that came back is used."""
    shop.goes_wrong("bot", CALLBACK, "status", status=410)
    shop.hand_over()
    shop.pass_time(minutes=1)
    shop.clock.later(days=2)
    shop.sandbox.bot._secret = None  # it reads a clock of its own, two days behind
    later = shop.hand_over()
    shop.pass_time(minutes=1)
    assert later in {event["data"]["handoff_id"] for event in shop.sandbox.bot.events()}


def test_fault_34_what_is_fetched_is_what_callbacks_tell(database_url, tmp_path):
    """Events that are fetched carry the same numbers and the same words as the callbacks."""
    with a_still_shop(database_url, tmp_path, minutes=0.2) as shop:
        shop.hand_over()
        shop.pass_time(minutes=1)
        shop.clock.later(seconds=10)
        told = {
            (one["data"]["handoff_id"], one["data"]["sequence"]): one for one in shop.sandbox.bot.events()
        }
        fetched = {(one["data"]["handoff_id"], one["data"]["sequence"]): one for one in fetch_all(shop, 100)}
        kinds = {one["type"] for one in told.values()}
        assert {"handoff.escalated", "handoff.breached", "handoff.reassigned"} <= kinds
        assert fetched == told


@pytest.mark.parametrize("limit", [1, 4, 500])
def test_fault_34_pages_hold_every_event_once_and_in_order(shop, limit):
    """Pages of any size together hold each event once, each handoff's in its own order."""
    handoffs = [shop.hand_over() for _ in range(3)]
    shop.pass_time(minutes=1)
    shop.clock.later(seconds=10)
    found = named(fetch_all(shop, limit))
    assert len(found) == len(set(found)) >= 9
    for handoff in handoffs:
        numbers = [number for one, number, _ in found if one == handoff]
        assert numbers == sorted(numbers)


def test_fault_34_a_cursor_brings_what_came_since_and_nothing_twice(shop):
    """A cursor is kept by the bot and brings only what came since."""
    first = shop.hand_over()
    shop.clock.later(seconds=10)
    _, page = fetch(shop)
    assert [one for one, _, _ in named(page["events"])] == [first]
    assert fetch(shop, after=page["next"])[1] == {"events": [], "next": page["next"], "more": False}
    second = shop.hand_over()
    shop.clock.later(seconds=10)
    assert [one for one, _, _ in named(fetch(shop, after=page["next"])[1]["events"])] == [second]


def test_fault_34_an_event_shows_once_no_earlier_one_can_still_come(shop):
    """Events are shown a few seconds late, so that none can turn up behind a cursor that was given out."""
    shop.hand_over()
    shop.clock.later(seconds=SETTLED_AFTER.total_seconds() - 1)
    assert fetch(shop)[1]["events"] == []
    shop.clock.later(seconds=1)
    assert len(fetch(shop)[1]["events"]) == 1


def test_fault_34_another_key_fetches_none_of_these_events(shop):
    """A key fetches the events of the handoffs it made, and no other's."""
    shop.hand_over()
    shop.clock.later(seconds=10)
    accounts = shop.bridge.accounts
    other = shop.bridge.database.transact(lambda tx: accounts.create_key(tx, "main", "other", shop.clock()))
    headers = {"Authorization": f"Bearer {other.bearer}"}
    assert requests.get(f"{shop.url}/v1/events", headers=headers, timeout=10).json()["events"] == []
    assert requests.get(f"{shop.url}/v1/events", timeout=10).status_code == 401


@pytest.mark.parametrize("cursor", ["x", "AAAA", "MjAyNi0xMS0yNyBobyAx", "%00", "é"])
def test_fault_34_a_cursor_of_nobodys_is_refused_with_what_would_do(shop, cursor):
    """A cursor that is none of ours is refused with a stable code."""
    status, problem = fetch(shop, after=cursor)
    assert (status, problem["code"]) == (422, "bad_cursor")


def test_fault_58_a_link_to_a_private_address_is_passed_on_and_never_fetched(shop):
    """A record or an attachment that links to a private address: the link is on the ticket, nobody fetches it."""
    link = f"{shop.sandbox.url('slack')}/api/private?of=4411"
    handoff = shop.hand_over(
        records=[{"kind": "invoice", "id": "4411", "url": link}],
        transcript=[{"speaker": "customer", "text": f"See {link}"}],
    )
    shop.pass_time(minutes=1)
    assert link.replace("&", "&amp;") in str(shop.comments(shop.ticket(handoff)))
    assert shop.answers("slack", "* /api/private*") == []
    assert len(shop.cards(handoff)) == 1
    assert shop.rows(tables.deliveries, state="dead") == []
