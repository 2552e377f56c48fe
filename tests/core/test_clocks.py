"""Clocks: each rung fires once, never early, and calls whoever is on duty then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bridge.delivery import ledger
from bridge.handoffs import clocks, lifecycle
from bridge.store import tables
from connectors.chat import CardState


def fired(house):
    return [row.rung for row in house.all(tables.clocks) if row.state == "fired"]


def test_no_rung_fires_early(house):
    house.hand_over()
    house.later(seconds=149.9)
    assert house.tick() == 0
    house.later(seconds=0.1)
    assert house.tick() == 1


def test_a_rung_that_was_due_does_not_fire_once_the_clock_was_put_back(house):
    house.hand_over()
    house.later(minutes=2.5)
    with house.database.read() as connection:
        (clock,) = clocks.due(connection, house.now, 10)
    put_back = house.now - timedelta(minutes=1)
    assert not house.database.transact(lambda tx: clocks.fire(tx, house.account(), clock, put_back))
    assert house.tick() == 1


def test_the_first_rung_reminds_the_owner_under_the_card_and_directly(house):
    house.hand_over()
    house.pay()
    house.later(minutes=2.5)
    house.tick()
    house.pay()
    (thread, line), (direct, message) = house.chat.notices
    assert (thread, [person.key for person in line.tag]) == ("C0EVENING/1", ["ravi"])
    assert direct == "@ravi"
    assert "Wants her parcel" in message.text


def test_the_breach_is_told_to_the_bot_and_shown_on_the_card(house):
    receipt = house.hand_over(callback_url="https://bot.example/callback")
    house.pay()
    house.later(minutes=5)
    house.tick()
    house.pay()
    assert "breached" in house.events(receipt.handoff_id)
    assert house.chat.cards["1"][-1].state is CardState.LATE
    bodies = b"".join(body for _, _, body in house.sender.posts)
    assert b"handoff.breached" in bodies
    assert b"longer than we promised" in bodies


def test_the_second_rung_tags_the_backup_and_raises_the_priority(house):
    house.hand_over()
    house.pay()
    house.later(minutes=5)
    house.tick()
    house.pay()
    assert "meera" in [person.key for _, notice in house.chat.notices for person in notice.tag]
    assert "urgent" in [change.priority for _, change in house.helpdesk.changed]


def test_the_third_rung_gives_it_to_the_backup(house):
    receipt = house.hand_over()
    house.pay()
    house.later(minutes=7.5)
    house.tick()
    house.pay()
    assert house.handoff(receipt.handoff_id).owner == "meera"
    assert house.helpdesk.changed[-1][1].assignee.key == "meera"


def test_the_last_rung_moves_the_group(house):
    house.hand_over()
    house.pay()
    house.later(minutes=10)
    house.tick()
    house.pay()
    assert "Escalations" in [change.group for _, change in house.helpdesk.changed]


def test_after_a_stop_of_ten_minutes_overdue_rungs_run_once(house):
    house.hand_over()
    house.pay()
    house.later(minutes=12)
    assert house.tick() == 5
    assert house.tick() == 0
    assert sorted(fired(house)) == [0, 1, 2, 3, 4]


def test_many_workers_fire_a_rung_once(house):
    receipt = house.hand_over()
    house.pay()
    house.later(minutes=2.5)
    with house.database.read() as connection:
        (clock,) = clocks.due(connection, house.now, 10)
    account = house.account()

    def fire(_):
        return house.database.transact(lambda tx: clocks.fire(tx, account, clock, house.now))

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(fire, range(6))) == 1
    assert house.events(receipt.handoff_id).count("escalated") == 1


def test_an_answer_cancels_the_rungs_to_come_and_what_fired_ones_still_owe(house):
    receipt = house.hand_over()
    house.pay()
    house.later(minutes=2.5)
    house.tick()
    answer = {"by": "Ravi", "at": house.now, "text": "hello", "message_id": "1"}
    house.change(receipt.handoff_id, lambda change: lifecycle.answered(change, **answer))
    house.pay()
    assert house.chat.notices == []
    house.later(hours=1)
    assert house.tick() == 0


def test_a_claim_does_not_stop_the_clock(house):
    receipt = house.hand_over()
    ravi = house.account().person("ravi")
    house.change(receipt.handoff_id, lambda change: lifecycle.claim(change, ravi, house.now))
    house.later(minutes=5)
    assert house.tick() == 3


def test_how_late_a_rung_fired_is_kept(house):
    house.hand_over()
    house.later(minutes=2.5, milliseconds=40)
    house.tick()
    (row,) = [row for row in house.all(tables.clocks) if row.state == "fired"]
    assert row.late_ms == 40


def test_people_are_those_on_duty_when_the_rung_fires(house):
    house.now = datetime(2026, 11, 21, 19, 28, tzinfo=UTC)  # 00:58 in Kolkata; the night begins at 01:00
    house.hand_over()
    house.pay()
    house.later(minutes=5)
    house.tick()
    house.pay()
    tagged = [person.key for _, notice in house.chat.notices for person in notice.tag]
    assert tagged == ["ravi", "asha"]  # the evening's owner, then the night's backup


@pytest.fixture
def empty_roster(house, desk_file):
    """The desk after everybody has gone home: one shift, on another day."""
    text = desk_file.read_text()
    begin, end = text.index("shifts:"), text.index("# Somebody else")
    shift = "shifts:\n  - {name: monday, channels: [whatsapp, web, email], days: mon, hours: '09:00-10:00',"
    desk_file.write_text(f"{text[:begin]}{shift} owners: [asha], slack_channel: C0MORNING}}\n\n{text[end:]}")
    house.database.transact(lambda tx: house.accounts.load_desk(tx, "main", desk_file, house.now))


def test_nobody_on_duty_brings_the_next_rung_at_once_and_ends_at_the_lead(house, empty_roster):
    receipt = house.hand_over()
    assert receipt.owner is None
    house.pay()
    house.later(minutes=2.5)
    house.tick()
    house.pay()
    assert 2 in fired(house)
    tagged = {person.key for _, notice in house.chat.notices for person in notice.tag}
    assert tagged == {"meera"}


def test_a_post_that_tags_nobody_is_told_to_the_lead_by_the_fallback_channel(house):
    house.chat._knows = lambda person: person.key == "meera"
    house.hand_over()
    house.pay()
    house.later(minutes=2.5)
    house.tick()
    house.pay()
    assert any(
        place == "C0MORNING" and "could not be reached" in notice.text for place, notice in house.chat.notices
    )


def test_a_rung_of_an_edited_desk_is_the_one_it_was_accepted_with(house, desk_file):
    house.hand_over()
    desk_file.write_text(desk_file.read_text().replace("at: 50%", "at: 90%"))
    house.database.transact(lambda tx: house.accounts.load_desk(tx, "main", desk_file, house.now))
    house.later(minutes=2.5)
    assert house.tick() == 1


def test_the_promise_is_kept_in_utc_whatever_the_zone(house):
    receipt = house.hand_over()
    assert receipt.promised_at.utcoffset() == timedelta(0)


def test_a_rungs_calls_that_were_taken_up_and_given_back_are_not_made_once_somebody_has_answered(house):
    receipt = house.hand_over()
    house.pay()
    house.later(minutes=5)
    house.tick()
    jobs = house.claim()
    said = {"by": "Ravi Iyer", "at": house.now, "text": "hello", "message_id": "1"}
    house.change(receipt.handoff_id, lambda change: lifecycle.answered(change, **said))
    house.database.transact(lambda tx: ledger.release(tx, jobs))
    house.pay()
    of_a_rung = [row for row in house.all(tables.deliveries) if row.rung is not None]
    assert {row.kind for row in of_a_rung} >= {"update_ticket", "thread_note"}
    assert {row.state for row in of_a_rung} == {"cancelled"}
    assert [change for _, change in house.helpdesk.changed if change.priority] == []
