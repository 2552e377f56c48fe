"""What ended together is written down together: as if each had been alone, at the price of a few."""

from __future__ import annotations

from collections import Counter

import pytest
from bridges import deliveries, events, hand_over, handoff, payer_of
from sqlalchemy import delete, event, update

from bridge.delivery import ledger
from bridge.delivery.budgets import Budgets
from bridge.handoffs import lifecycle
from bridge.store import tables

DELIVERIES = tables.deliveries


@pytest.fixture
def bridge(open_bridge):
    return open_bridge()


def claim(bridge, threads=100):
    budgets, room = Budgets(lambda _account, _connection: {}), ledger.Room(threads=threads)
    return bridge.database.transact(lambda tx: ledger.claim(tx, bridge.clock(), room, budgets))


def attempted(bridge, kind="open_ticket"):
    """Claim what may be sent, and make the calls; return the payer and how they went, not yet written down."""
    payer = payer_of(bridge)
    return payer, [(job, payer.attempt(job)) for job in claim(bridge) if job.kind == kind]


def states(bridge, kind="open_ticket"):
    return Counter(row.state for row in deliveries(bridge, kind))


def test_each_of_a_batch_has_its_effect_and_is_settled(bridge):
    ids = [hand_over(bridge, f"wa-{number}") for number in range(5)]
    payer, tried = attempted(bridge)
    payer.write_down_together(tried)
    assert states(bridge) == {"settled": 5}
    assert len({handoff(bridge, one).ticket.id for one in ids}) == 5
    assert all("ticketed" in events(bridge, one) for one in ids)


def test_one_that_cannot_be_written_holds_up_none_that_ended_with_it(bridge, monkeypatch):
    poisoned, *others = [hand_over(bridge, f"wa-{number}") for number in range(4)]
    ticketed = lifecycle.ticketed

    def breaks_for_one(change, ref, problems=()):
        if change.handoff.handoff_id == poisoned:
            raise UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates")
        ticketed(change, ref, problems)

    monkeypatch.setattr(lifecycle, "ticketed", breaks_for_one)
    payer, tried = attempted(bridge)
    payer.write_down_together(tried)
    assert states(bridge) == {"settled": 3, "unknown": 1}
    assert handoff(bridge, poisoned).ticket is None
    assert all(handoff(bridge, one).ticket for one in others)


def test_one_whose_lease_was_lost_changes_nothing_and_the_others_are_settled(bridge):
    for number in range(3):
        hand_over(bridge, f"wa-{number}")
    payer, tried = attempted(bridge)
    lost = tried[1][0]
    bridge.database.transact(
        lambda tx: tx.execute(
            update(DELIVERIES).where(DELIVERIES.c.delivery_id == lost.delivery_id).values(lease="another's")
        )
    )
    payer.write_down_together(tried)
    assert states(bridge) == {"settled": 2, "owed": 1}
    assert handoff(bridge, lost.handoff_id).ticket is None


def test_two_effects_on_one_handoff_are_both_kept(bridge):
    handoff_id = hand_over(bridge)
    bridge.database.transact(lambda tx: tx.execute(update(DELIVERIES).values(not_before=bridge.clock())))
    payer = payer_of(bridge)
    tried = [(job, payer.attempt(job)) for job in claim(bridge) if job.handoff_id]
    assert {job.kind for job, _ in tried} == {"open_ticket", "post_card"}
    payer.write_down_together(tried)
    settled = handoff(bridge, handoff_id)
    assert settled.ticket
    assert settled.card
    assert {"ticketed", "announced"} <= set(events(bridge, handoff_id))


def test_a_delivery_whose_handoff_is_gone_is_cancelled_and_not_tried_for_ever(bridge):
    hand_over(bridge)
    for table in (tables.clocks, tables.timeline, tables.handoffs):
        bridge.database.transact(lambda tx, table=table: tx.execute(delete(table)))
    payer, tried = attempted(bridge)
    payer.write_down_together(tried)
    (row,) = deliveries(bridge, "open_ticket")
    assert (row.state, row.error) == ("cancelled", "its handoff is gone")


def test_ten_together_take_a_fraction_of_the_statements_of_ten_alone(bridge):
    def statements(write):
        for number in range(10):
            hand_over(bridge, f"wa-{number}-{write.__name__}")
        payer, tried = attempted(bridge)
        counted = []
        listening = (bridge.database.engine, "before_cursor_execute", lambda *_: counted.append(1))
        event.listen(*listening)
        write(payer, tried)
        event.remove(*listening)
        return len(counted)

    def alone(payer, tried):
        for one in tried:
            payer.write_down_together([one])

    def together(payer, tried):
        payer.write_down_together(tried)

    assert statements(together) < statements(alone) / 3
