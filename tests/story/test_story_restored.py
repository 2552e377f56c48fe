"""A store restored from yesterday's copy: what was done since is found, and nothing is done twice."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from running_shop import ASHA, FALLBACK, POLLS
from sqlalchemy import update
from store_copies import copy_store, restore_store
from structlog.testing import capture_logs

from bridge.app import build_bridge
from bridge.restoring import doubt
from bridge.settings import read_settings
from bridge.store import tables

TICKETS = "POST /api/v2/tickets*"


@pytest.fixture
def shop(database_url, open_shop):
    return open_shop(database_url, poll_every=POLLS)


def a_bridge_of(shop):
    return closing(build_bridge(read_settings(shop.environment)))


def restored(shop, copy, copied_at):
    """Put the copy in place, say so, and open the shop on it; return what was doubted."""
    shop.close()
    restore_store(shop.environment["HANDOFF_DATABASE_URL"], copy)
    with a_bridge_of(shop) as bridge:
        doubted = doubt(bridge, copied_at, datetime.now(UTC))
    shop.open()
    return doubted


def copied(shop, folder):
    shop.sandbox.outbox.drain()
    return copy_store(shop.environment["HANDOFF_DATABASE_URL"], folder), datetime.now(UTC)


def test_fault_14_a_ticket_and_a_card_made_after_the_copy_are_found_and_not_made_again(shop, tmp_path):
    """The store is restored from yesterday: tickets and cards made since are linked, never made again."""
    shop.goes_wrong("zendesk", TICKETS, "status", times=1000, status=503)
    handoff = shop.hand_over()
    shop.until("an attempt", lambda: 503 in shop.answers("zendesk", TICKETS))
    copy, at = copied(shop, tmp_path)
    shop.sandbox.script.clear()
    ticket = shop.ticket(handoff)
    shop.card(handoff)
    shop.quiet()
    assert restored(shop, copy, at).calls >= 2
    shop.card(handoff)
    assert shop.ticket(handoff) == ticket
    shop.quiet()
    assert (len(shop.tickets()), len(shop.cards(handoff))) == (1, 1)


def test_fault_14_an_answer_given_after_the_copy_is_found(shop, tmp_path):
    """The store is restored from yesterday: what people answered since is read back from the helpdesk."""
    handoff = shop.hand_over()
    ticket = shop.ticket(handoff)
    shop.quiet()
    copy, at = copied(shop, tmp_path)
    shop.helpdesk.reply(ticket, int(ASHA), "It is on its way.", public=True)
    shop.answered(handoff)
    shop.quiet()
    restored(shop, copy, at)
    assert shop.answered(handoff)["answered_by"] == "Asha Rao"


def test_fault_14_a_ticket_whose_handoff_is_gone_with_the_store_is_told_of(shop, tmp_path):
    """The store is restored from yesterday: a ticket whose handoff came after the copy is told to the operator."""
    copy, at = copied(shop, tmp_path)
    lost = shop.ticket(shop.hand_over())
    shop.quiet()
    with capture_logs() as logs:
        restored(shop, copy, at)
        told = shop.until("the lost one", lambda: [one for one in logs if "lost_handoff" in one["event"]])
    assert {one["ticket"] for one in told} == {str(lost)}


def test_fault_14_no_rung_of_yesterday_fires_without_a_yes(shop, tmp_path):
    """The store is restored from yesterday: rungs overdue by more than an hour wait for a person's yes."""
    handoff = shop.hand_over()
    shop.card(handoff)
    shop.quiet()
    copy, _ = copied(shop, tmp_path)
    shop.close()
    restore_store(shop.environment["HANDOFF_DATABASE_URL"], copy)
    with a_bridge_of(shop) as bridge:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        bridge.database.transact(lambda tx: tx.execute(update(tables.clocks).values(due_at=yesterday)))
    shop.open()
    shop.until("the hold", lambda: shop.events(handoff, "rungs_held"))
    shop.until(
        "the lead told", lambda: [line for line in shop.lines(FALLBACK) if "waits for a person" in line]
    )
    assert shop.events(handoff, "escalated", "breached") == []
    assert shop.thread(handoff) == []
