"""What is over goes when it is old enough, with all that hangs on it. What is open or owed stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from bridge.accounts import MAIN
from bridge.handoffs import lifecycle
from bridge.handoffs.purging import count_purgeable, purge_some, purge_unclaimed_events
from bridge.store import tables
from bridge.worker import retention
from bridge.worker.retention import purge

#: every table with rows of a handoff
OF_A_HANDOFF = (
    tables.handoffs,
    tables.timeline,
    tables.clocks,
    tables.messages,
    tables.deliveries,
    tables.attempts,
    tables.inbox,
)
MONTH = timedelta(days=31)


@pytest.fixture
def withdrawn(house):
    """Give how to make a handoff that was paid for and withdrawn; return its id."""

    def make(conversation_id="wa-1"):
        handoff_id = house.hand_over(conversation_id=conversation_id).handoff_id
        house.pay()
        answer = {"by": "Asha", "at": house.now, "text": "hello", "message_id": "1"}
        house.change(handoff_id, lambda change: lifecycle.answered(change, **answer))
        house.change(handoff_id, lambda change: lifecycle.withdraw(change, "found it"))
        house.pay()
        heard(house, f"event-{conversation_id}", handoff_id)
        return handoff_id

    return make


def heard(house, event_id, handoff_id=None):
    row = {"source": "helpdesk", "event_id": event_id, "digest": "x", "handoff_id": handoff_id}
    house.database.transact(
        lambda tx: tx.execute(insert(tables.inbox).values(account_id=MAIN, received_at=house.now, **row))
    )


def purge_all(house, most=50):
    return house.database.transact(lambda tx: purge_some(tx, MAIN, house.now - MONTH, most))


def left(house):
    return {row.handoff_id for row in house.all(tables.handoffs)}


def test_a_handoff_closed_long_ago_leaves_no_row_behind(house, withdrawn):
    withdrawn()
    house.later(days=32)
    assert purge_all(house) == 1
    assert {table.name: house.all(table) for table in OF_A_HANDOFF} == {
        table.name: [] for table in OF_A_HANDOFF
    }


def test_one_closed_lately_stays_whole(house, withdrawn):
    withdrawn()
    before = {table.name: house.all(table) for table in OF_A_HANDOFF}
    house.later(days=30)
    assert purge_all(house) == 0
    assert {table.name: house.all(table) for table in OF_A_HANDOFF} == before


def test_what_is_open_or_answered_stays_whatever_its_age(house):
    waiting = house.hand_over(conversation_id="waiting").handoff_id
    answered = house.hand_over(conversation_id="answered").handoff_id
    answer = {"by": "Asha", "at": house.now, "text": "hello", "message_id": "1"}
    house.pay()
    house.change(answered, lambda change: lifecycle.answered(change, **answer))
    house.pay()
    house.later(days=400)
    assert purge_all(house) == 0
    assert left(house) == {waiting, answered}


def test_what_is_still_owed_keeps_its_handoff(house, withdrawn):
    handoff_id = withdrawn()
    house.change(handoff_id, lambda change: lifecycle.alarm(change, "Somebody should look."))
    house.later(days=32)
    assert purge_all(house) == 0
    house.pay()
    assert purge_all(house) == 1


def test_another_accounts_handoffs_are_left_alone(house, withdrawn):
    withdrawn()
    house.later(days=32)
    counted = house.database.transact(lambda tx: purge_some(tx, "other", house.now - MONTH, 50))
    assert (counted, len(left(house))) == (0, 1)


def test_the_oldest_go_first_and_no_more_at_once_than_asked(house, withdrawn):
    made = []
    for number in range(3):
        made.append(withdrawn(str(number)))
        house.later(minutes=1)
    house.later(days=32)
    assert purge_all(house, most=2) == 2
    assert left(house) == {made[2]}


def test_events_that_belonged_to_nobody_are_forgotten_too(house):
    heard(house, "old")
    house.later(days=32)
    heard(house, "new")
    forgotten = house.database.transact(lambda tx: purge_unclaimed_events(tx, MAIN, house.now - MONTH, 50))
    assert (forgotten, [row.event_id for row in house.all(tables.inbox)]) == (1, ["new"])


def test_counting_removes_nothing(house, withdrawn):
    withdrawn()
    house.later(days=32)
    with house.database.read() as connection:
        assert count_purgeable(connection, MAIN, house.now - MONTH) == 1
    assert len(left(house)) == 1


def test_a_purge_goes_on_over_all_accounts_until_nothing_is_left(house, withdrawn):
    for number in range(3):
        withdrawn(str(number))
    house.later(days=32)
    purged = purge(house.database, house.now - MONTH, most_at_once=2)
    assert (purged.handoffs, left(house)) == (3, set())


def test_without_a_retention_everything_is_kept(house, withdrawn):
    withdrawn()
    house.later(days=4000)
    retention.keep_for(house.database, None, house.now, most_seconds=1.0)
    assert len(left(house)) == 1
    retention.keep_for(house.database, MONTH, house.now, most_seconds=1.0)
    assert left(house) == set()
