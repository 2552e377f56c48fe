"""Helpdesks that say "not so fast"."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest
from vendor_shop import TICKETS, a_still_shop

from bridge.handoffs import lifecycle
from bridge.handoffs.accept import Handover, accept
from bridge.handoffs.change import open_change
from bridge.store import tables


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with a_still_shop(sqlite_url, tmp_path) as shop:
        yield shop


def refusals(shop):
    return shop.answers("zendesk", TICKETS).count(429)


def kinds(jobs):
    return [job.kind for job in jobs if job.connection == "zendesk"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (lambda now: "40", 40),
        (lambda now: format_datetime(now + timedelta(seconds=90), usegmt=True), 90),
        (lambda now: None, 1),
        (lambda now: "86400", 900),
    ],
    ids=["seconds", "date", "none", "absurd"],
)
def test_fault_16_a_429_is_obeyed_to_the_second_and_at_most_a_quarter_of_an_hour(shop, header, seconds):
    """429 with seconds, a date, no header, or a whole day: the call waits so long, a quarter of an hour at most."""
    shop.goes_wrong("zendesk", TICKETS, "status", status=429, retry_after=header(shop.clock()))
    handoff = shop.hand_over()
    shop.pay()
    shop.clock.later(seconds=seconds - 0.5)
    shop.pay()
    assert (refusals(shop), shop.tickets()) == (1, [])
    shop.clock.later(seconds=1)
    shop.pay()
    assert shop.ticket(handoff)
    assert shop.states("open_ticket") == ["settled"]


def test_fault_16_a_429_of_one_account_stops_no_other(shop):
    """429 for one customer of ours: the other accounts' tickets are opened meanwhile."""
    shop.goes_wrong("zendesk", TICKETS, "status", status=429, retry_after="600")
    handoff = shop.handoff(shop.hand_over())
    shop.pay()
    accounts, now = shop.bridge.accounts, shop.clock()

    def hand_over_elsewhere(tx):
        accounts.ensure(tx, "other", {}, now)
        accounts.load_desk(tx, "other", shop.bridge.settings.desk, now)
        handover = Handover(context=handoff.context, asked_at=now)
        return accept(tx, accounts.of(tx.connection, "other"), handover, now).handoff_id

    other = shop.bridge.database.transact(hand_over_elsewhere)
    shop.pay()
    assert len(shop.tickets()) == 1
    opened = {row.handoff_id: row.state for row in shop.rows(tables.deliveries, kind="open_ticket")}
    assert opened == {handoff.handoff_id: "owed", other: "settled"}


def test_fault_17_the_limit_in_the_answers_is_spent_and_not_overdrawn(shop):
    """A burst beyond the account's limit: the limit the answers tell of is counted, so hardly a call is refused."""
    shop.helpdesk._limits.limits = type(shop.helpdesk._limits.limits)(account=12)
    shop.hand_over()
    shop.pay()
    for _ in range(14):
        shop.hand_over()
    shop.pay()
    assert len(shop.tickets()) < 13
    shop.pass_time(minutes=3)
    assert len(shop.tickets()) == 15
    assert refusals(shop) == 0


def test_fault_17_after_a_storm_tickets_and_rungs_go_before_mirrors_and_polls(shop):
    """A storm of 429: when it ends, tickets are opened before anything is copied, polled or read back."""
    old = [shop.hand_over() for _ in range(3)]
    shop.pay()
    shop.goes_wrong("zendesk", "*", "status", status=429, retry_after="60")
    shop.hand_over()
    shop.pay()
    shop.clock.later(minutes=3)
    for handoff in old:
        shop.post(f"/v1/handoffs/{handoff}/messages", {"messages": [{"text": "Hello?"}]})
    for _ in range(3):
        shop.hand_over()
    shop.tick()
    found = kinds(shop.claim())
    assert found[:4] == ["open_ticket"] * 4
    assert sorted(found[4:]) == ["read_changes", *["update_ticket"] * 3]


def test_fault_17_a_rung_takes_along_what_stands_before_it(shop):
    """A rung behind a copy of its own handoff: the copy goes as soon as the rung must, so that the rung is not late."""
    handoff = shop.hand_over()
    shop.pay()
    shop.post(f"/v1/handoffs/{handoff}/messages", {"messages": [{"text": "Hello?"}]})
    (before,) = shop.rows(tables.deliveries, kind="update_ticket", state="owed")
    assert before.waiting_since > shop.clock()
    shop.clock.later(minutes=15)
    shop.tick()
    waits = {row.waiting_since for row in shop.rows(tables.deliveries, connection="zendesk", state="owed")}
    poll = shop.rows(tables.deliveries, kind="read_changes")[0].waiting_since
    assert waits - {poll} == {shop.handoff(handoff).waiting_since}


def test_fault_17_a_copy_has_its_turn_after_ten_minutes(shop):
    """Copies are put back and not starved: after ten minutes one counts like a customer who waits since then."""
    handoff = shop.hand_over()
    shop.pay()
    account = shop.bridge.accounts
    shop.bridge.database.transact(
        lambda tx: _claim(tx, account.of(tx.connection, "main"), handoff, shop.clock())
    )
    shop.clock.later(minutes=11)
    shop.hand_over()
    assert kinds(shop.claim())[-2:] == ["update_ticket", "open_ticket"]


def _claim(tx, account, handoff_id, now):
    change = open_change(tx, account, handoff_id, now)
    lifecycle.claim(change, account.person("asha"), now)
    change.write()
