"""The auditor finds every open handoff whose clocks cannot be relied on, and no other."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from bridge.accounts import MAIN
from bridge.handoffs import holding, lifecycle
from bridge.handoffs.closing import CLOSING
from bridge.reports.audit import Astray, astray
from bridge.store import tables

CLOCKS = tables.clocks


def found(house):
    with house.database.read() as connection:
        return {one.handoff_id: one.why for one in astray(connection, MAIN, house.now)}


@pytest.fixture
def waiting(house):
    return house.hand_over().handoff_id


def write(house, statement):
    house.database.transact(lambda tx: tx.execute(statement))


def test_a_handoff_on_its_way_is_well_until_the_ladder_has_ended_and_after(house, waiting):
    for _ in range(6):
        assert found(house) == {}
        house.later(minutes=3)
        house.tick()
    assert "armed" not in {row.state for row in house.all(CLOCKS) if row.rung != CLOSING}
    assert found(house) == {}


def test_a_handoff_without_its_promise_is_found(house, waiting):
    write(house, delete(CLOCKS).where(CLOCKS.c.rung == 0))
    assert found(house) == {waiting: Astray.NO_PROMISE}


def test_a_clock_stopped_without_an_answer_is_found(house, waiting):
    write(house, update(CLOCKS).where(CLOCKS.c.rung == 2).values(state="cancelled"))
    assert found(house) == {waiting: Astray.STOPPED}


def test_a_clock_that_ran_out_and_that_nobody_looks_at_is_found(house, waiting):
    house.later(minutes=2.5)
    assert found(house) == {}
    house.later(minutes=1, seconds=1)
    assert found(house) == {waiting: Astray.UNSEEN}


def test_an_answered_handoff_needs_no_clock(house, waiting):
    answer = {"by": "Ravi", "at": house.now, "text": "hello", "message_id": "1"}
    house.change(waiting, lambda change: lifecycle.answered(change, **answer))
    assert found(house) == {}


def test_rungs_that_a_person_dropped_are_nothing_to_find(house, waiting):
    house.later(days=1)
    house.tick()
    assert found(house) == {}
    house.change(waiting, lambda change: holding.drop(change, by="dev"))
    assert found(house) == {}
