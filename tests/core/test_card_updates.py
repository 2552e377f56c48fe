"""A card is brought up to date once for all that happened since it was last shown."""

from __future__ import annotations

from bridge.handoffs import clocks, lifecycle
from bridge.handoffs.model import Speaker, Turn
from bridge.store import tables


def write(house, handoff_id, text):
    turn = Turn(speaker=Speaker.CUSTOMER, text=text, at=house.now)
    house.change(handoff_id, lambda change: lifecycle.add_messages(change, [turn]))


def updates(house):
    """Return the handoffs whose cards were ever owed an update, once for each."""
    return sorted(row.handoff_id for row in house.all(tables.deliveries) if row.kind == "update_card")


def test_what_happens_before_an_update_is_begun_needs_no_other(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    write(house, handoff_id, "hello?")
    write(house, handoff_id, "anybody?")
    assert updates(house) == [handoff_id]


def test_what_happens_once_an_update_was_begun_is_shown_by_the_next(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    write(house, handoff_id, "hello?")
    house.claim()
    write(house, handoff_id, "anybody?")
    assert updates(house) == [handoff_id, handoff_id]


def test_of_handoffs_whose_rungs_fire_together_each_gets_the_update_it_is_not_owed_yet(house):
    ids = [house.hand_over(conversation_id=f"wa-{number}").handoff_id for number in range(3)]
    house.pay()
    write(house, ids[0], "hello?")
    house.later(minutes=2.5)
    with house.database.read() as connection:
        due = clocks.due(connection, house.now, 10)
    house.database.transact(lambda tx: clocks.fire_together(tx, house.account(), due, house.now))
    assert updates(house) == sorted(ids)
