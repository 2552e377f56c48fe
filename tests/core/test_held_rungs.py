"""Rungs over an hour late wait for a person's yes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.handoffs import holding, lifecycle
from bridge.handoffs.accept import PROMISE
from bridge.store import tables


def states(house):
    """Return the states of the promise and the rungs; the channel's own clocks are never held."""
    return [row.state for row in house.all(tables.clocks) if row.rung >= PROMISE]


def let_fire(house, handoff_id):
    house.change(handoff_id, lambda change: holding.let_fire(change, by="dev"))


def alarms(house):
    house.pay()
    return [notice.text for _, notice in house.chat.notices if notice.text == holding.ALARM]


@pytest.fixture
def long_out(house):
    """Return the id of a handoff whose whole ladder fell due during an outage of a day."""
    receipt = house.hand_over()
    house.pay()
    house.later(days=1)
    house.tick()
    return receipt.handoff_id


def test_after_an_outage_of_a_day_no_rung_fires_by_itself(house, long_out):
    assert set(states(house)) == {"held"}
    assert "escalated" not in house.events(long_out)
    assert "breached" not in house.events(long_out)
    assert house.tick() == 0


def test_a_rung_within_the_hour_fires_and_an_older_one_is_held(house):
    house.hand_over(asked_at=house.now - timedelta(minutes=6))  # its ladder ends ten minutes after the ask
    house.later(hours=1)
    assert house.tick() == sum(state == "fired" for state in states(house)) > 0
    assert "held" in states(house)


def test_a_rung_that_is_an_hour_late_to_the_moment_fires_beside_those_that_are_held(house):
    receipt = house.hand_over()
    due = sorted(row.due_at for row in house.all(tables.clocks))
    house.now = due[1] + holding.LATEST
    house.tick()
    assert [row.due_at for row in house.all(tables.clocks) if row.state == "held"] == due[:1]
    assert "escalated" in house.events(receipt.handoff_id) or "breached" in house.events(receipt.handoff_id)


def test_the_lead_is_told_once_however_many_wait(house, long_out):
    house.hand_over(conversation_id="wa-2", asked_at=house.now - timedelta(days=1))
    house.tick()
    assert len(alarms(house)) == 1


def test_with_a_yes_each_held_rung_fires_once(house, long_out):
    let_fire(house, long_out)
    assert house.tick() == len(states(house))
    let_fire(house, long_out)
    assert house.tick() == 0
    assert house.events(long_out).count("escalated") == 4


def test_with_a_no_none_ever_fires(house, long_out):
    house.change(long_out, lambda change: holding.drop(change, by="dev"))
    let_fire(house, long_out)
    assert house.tick() == 0
    assert set(states(house)) == {"cancelled"}


def test_who_said_so_is_on_the_timeline(house, long_out):
    let_fire(house, long_out)
    (event,) = [row for row in house.all(tables.timeline) if row.event == "held_rungs_let_fire"]
    assert (event.actor, event.data["said_by"]) == ("operator", "dev")


def test_an_answer_that_comes_to_light_ends_the_hold(house, long_out):
    answer = {"by": "Ravi", "at": house.now, "text": "hello", "message_id": "1"}
    house.change(long_out, lambda change: lifecycle.answered(change, **answer))
    assert set(states(house)) == {"cancelled"}
