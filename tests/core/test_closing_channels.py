"""A channel that closes: when it does, who is warned before, and that all that is due is due in time."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.handoffs import holding, lifecycle
from bridge.handoffs.accept import PROMISE
from bridge.handoffs.closing import CLOSED, CLOSING
from bridge.handoffs.document import document
from bridge.handoffs.model import Speaker, Turn
from bridge.reports.audit import astray
from bridge.sla.due import LAST_CALL
from bridge.store import tables

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)
LINE = "whatsapp closes at"


def turn(at, speaker=Speaker.CUSTOMER, text="hello?"):
    return Turn(speaker=speaker, text=text, at=at)


def write(house, handoff_id, at=None, speaker=Speaker.CUSTOMER):
    said = [turn(at or house.now, speaker)]
    house.change(handoff_id, lambda change: lifecycle.add_messages(change, said))


def clocks_of(house, handoff_id) -> dict[int, Any]:
    return {row.rung: row for row in house.all(tables.clocks) if row.handoff_id == handoff_id}


def warnings(house):
    return [notice for _, notice in house.chat.notices if LINE in notice.text]


def answer(house, handoff_id):
    said = {"by": "Ravi Iyer", "at": house.now, "text": "hello", "message_id": "1"}
    house.change(handoff_id, lambda change: lifecycle.answered(change, **said))


def load(house, desk_file, *replacements):
    text = desk_file.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    desk_file.write_text(text)
    house.database.transact(lambda tx: house.accounts.load_desk(tx, "main", desk_file, house.now))


@pytest.mark.parametrize(
    ("turns", "counts_from"),
    [
        ([], 0),
        ([(-300, Speaker.CUSTOMER), (-60, Speaker.CUSTOMER), (-1, Speaker.BOT)], -60),
        ([(-60, Speaker.CUSTOMER), (None, Speaker.CUSTOMER)], -60),
        ([(None, Speaker.CUSTOMER), (-5, Speaker.BOT), (-4, Speaker.PERSON)], 0),
    ],
)
def test_the_channel_closes_so_long_after_the_customers_last_message_known(house, turns, counts_from):
    said = tuple(turn(m if m is None else house.now + timedelta(minutes=m), who) for m, who in turns)
    receipt = house.hand_over(transcript=said)
    closes_at = house.now + timedelta(minutes=counts_from) + DAY
    assert house.handoff(receipt.handoff_id).channel_closes_at == closes_at


def test_a_channel_that_does_not_close_has_no_such_moment_and_no_clock(house):
    receipt = house.hand_over(channel="web")
    assert house.handoff(receipt.handoff_id).channel_closes_at is None
    assert min(clocks_of(house, receipt.handoff_id)) == PROMISE


def test_the_desks_hours_are_frozen_and_an_edit_changes_no_running_handoff(house, desk_file):
    receipt = house.hand_over()
    load(house, desk_file, ("closes_after_hours: 24", "closes_after_hours: 2"))
    house.later(minutes=1)
    write(house, receipt.handoff_id)
    assert house.handoff(receipt.handoff_id).channel_closes_at == house.now + DAY


NO_NEW_OWNER = ("{at: 150%, do: [reassign_to_backup, tag_lead]}", "{at: 150%, do: [tag_lead]}")


def test_the_owner_and_the_lead_are_warned_once_an_hour_before_it_closes(house, desk_file):
    load(house, desk_file, NO_NEW_OWNER)
    house.hand_over()
    house.later(minutes=10)
    house.tick()
    house.pay()
    house.later(hours=22, minutes=49)
    for _ in range(2):
        house.tick()
        house.pay()
    assert warnings(house) == []
    house.later(minutes=1)
    for _ in range(2):
        house.tick()
        house.pay()
    (warning,) = warnings(house)
    assert warning.text.startswith(f"{LINE} 18:22 (IST): what is written after that does not reach")
    assert [person.key for person in warning.tag] == ["ravi", "meera"]


def test_of_a_claimed_handoff_the_owner_alone_is_warned(house, desk_file):
    load(house, desk_file, NO_NEW_OWNER)
    receipt = house.hand_over()
    house.hand_over(conversation_id="2")
    house.later(minutes=10)
    house.tick()
    house.pay()
    ravi = house.account().person("ravi")
    house.change(receipt.handoff_id, lambda change: lifecycle.claim(change, ravi, house.now))
    house.later(hours=22, minutes=50)
    house.tick()
    house.pay()
    tagged = sorted(sorted(person.key for person in notice.tag) for notice in warnings(house))
    assert tagged == [["meera", "ravi"], ["ravi"]]


def test_an_answered_customers_channel_is_not_warned_of(house):
    receipt = house.hand_over()
    house.pay()
    answer(house, receipt.handoff_id)
    house.later(hours=23)
    house.tick()
    house.pay()
    assert warnings(house) == []
    assert {clock.state for clock in clocks_of(house, receipt.handoff_id).values()} == {"cancelled"}


def test_an_answer_while_the_warning_is_on_its_way_spares_it(house):
    receipt = house.hand_over()
    house.pay()
    house.later(hours=23)
    house.tick()
    answer(house, receipt.handoff_id)
    house.pay()
    assert warnings(house) == []


def test_a_new_message_of_the_customer_moves_the_close_and_the_warning(house):
    receipt = house.hand_over()
    house.pay()
    house.later(hours=20)
    house.tick()
    write(house, receipt.handoff_id)
    assert house.handoff(receipt.handoff_id).channel_closes_at == house.now + DAY
    assert clocks_of(house, receipt.handoff_id)[CLOSING].due_at == house.now + DAY - HOUR
    house.later(hours=22)
    house.tick()
    house.pay()
    assert warnings(house) == []
    house.later(hours=1)
    house.tick()
    house.pay()
    assert len(warnings(house)) == 1


def test_a_message_after_the_warning_brings_a_warning_of_the_later_close_and_no_early_one(house):
    receipt = house.hand_over()
    house.pay()
    house.later(hours=23.5)
    house.tick()
    write(house, receipt.handoff_id)
    closes_at = house.now + DAY
    house.later(hours=0.5)  # when it would have closed
    house.tick()
    assert "channel_closed" not in house.events(receipt.handoff_id)
    house.now = closes_at - HOUR
    house.tick()
    house.now = closes_at
    house.tick()
    house.pay()
    assert len(warnings(house)) == 2
    assert house.events(receipt.handoff_id).count("channel_closed") == 1


@pytest.mark.parametrize("speaker", [Speaker.BOT, Speaker.PERSON, Speaker.SYSTEM])
def test_what_others_write_moves_nothing(house, speaker):
    receipt = house.hand_over()
    before = house.handoff(receipt.handoff_id).channel_closes_at
    house.later(minutes=5)
    write(house, receipt.handoff_id, speaker=speaker)
    assert house.handoff(receipt.handoff_id).channel_closes_at == before


def test_an_older_message_that_comes_late_brings_the_close_no_earlier(house):
    receipt = house.hand_over()
    before = house.handoff(receipt.handoff_id).channel_closes_at
    write(house, receipt.handoff_id, at=house.now - HOUR)
    assert house.handoff(receipt.handoff_id).channel_closes_at == before


def test_a_message_after_the_answer_moves_the_close_and_arms_nothing(house):
    receipt = house.hand_over()
    answer(house, receipt.handoff_id)
    house.later(hours=1)
    write(house, receipt.handoff_id)
    assert house.handoff(receipt.handoff_id).channel_closes_at == house.now + DAY
    assert clocks_of(house, receipt.handoff_id)[CLOSING].state == "cancelled"


def test_asking_again_with_newer_words_of_the_customer_moves_the_close(house):
    receipt = house.hand_over()
    house.later(hours=2)
    house.hand_over(transcript=(turn(house.now),))
    assert house.handoff(receipt.handoff_id).channel_closes_at == house.now + DAY


def test_the_card_tells_when_it_closes_and_is_brought_up_to_date_when_it_has(house):
    receipt = house.hand_over()
    house.pay()
    closes_at = house.now + DAY
    house.now = closes_at - HOUR
    house.tick()
    house.pay()
    before = len(house.chat.cards["1"])
    house.now = closes_at
    house.tick()
    house.pay()
    shown = house.chat.cards["1"]
    assert len(shown) == before + 1
    assert (shown[-1].customer_channel, shown[-1].channel_closes_at) == ("whatsapp", closes_at)
    assert house.events(receipt.handoff_id)[-1] == "channel_closed"


def test_a_handoff_that_comes_after_the_close_keeps_its_promise_and_ladder_as_they_are(house):
    receipt = house.hand_over(transcript=(turn(house.now - 2 * DAY),))
    clocks = clocks_of(house, receipt.handoff_id)
    assert receipt.promised_at == house.now + timedelta(minutes=5)
    assert min(clocks) == PROMISE
    assert clocks[4].due_at == house.now + timedelta(minutes=10)


def nearly_closed(house, **left):
    """Hand over by a policy of four hours when the channel has so much time left; return it and when it closes."""
    closes_at = house.now + timedelta(**left)
    receipt = house.hand_over(transcript=(turn(closes_at - DAY),), topic="nothing special")
    return receipt, closes_at


@pytest.fixture
def slow(house, desk_file):
    """Promise an answer within four hours, with rungs at 2, 4, 6 and 8 hours."""
    load(
        house,
        desk_file,
        ("respond_within_minutes: 15\n    calendar", "respond_within_minutes: 240\n    calendar"),
    )
    return house


def test_what_would_be_due_after_the_close_is_due_half_an_hour_before_it(slow):
    receipt, _ = nearly_closed(slow, hours=5)
    due = {rung: clock.due_at - slow.now for rung, clock in clocks_of(slow, receipt.handoff_id).items()}
    assert {rung: due[rung] for rung in (PROMISE, 1, 2)} == {PROMISE: 4 * HOUR, 1: 2 * HOUR, 2: 4 * HOUR}
    assert due[3] == due[4] == 5 * HOUR - LAST_CALL
    assert due[CLOSING] == 4 * HOUR
    assert slow.handoff(receipt.handoff_id).promised_at == receipt.promised_at == slow.now + 4 * HOUR


def test_a_promise_beyond_the_close_is_brought_before_it_and_told_so(slow):
    receipt, closes_at = nearly_closed(slow, hours=3)
    assert receipt.promised_at == closes_at - LAST_CALL
    assert "will answer by 20:52 (IST)" in receipt.customer_text
    clocks = clocks_of(slow, receipt.handoff_id)
    assert clocks[PROMISE].due_at == receipt.promised_at
    assert clocks[1].due_at == slow.now + 2 * HOUR
    assert [clocks[rung].due_at for rung in (2, 3, 4)] == [receipt.promised_at] * 3


def test_what_was_brought_forward_fires_in_the_order_of_the_ladder(slow):
    receipt, _ = nearly_closed(slow, hours=3)
    slow.later(hours=3)
    slow.tick()
    mine = [row for row in slow.all(tables.timeline) if row.handoff_id == receipt.handoff_id]
    assert [row.data["rung"] for row in mine if row.event == "escalated"] == [1, 2, 3, 4]
    assert [row.event for row in mine].index("breached") < [row.event for row in mine].index("reassigned")


@pytest.mark.parametrize("minutes", [40, 10, 0.5])
def test_nothing_is_due_at_once_however_soon_the_channel_closes(slow, minutes):
    receipt, closes_at = nearly_closed(slow, minutes=minutes)
    dues = [clock.due_at for clock in clocks_of(slow, receipt.handoff_id).values()]
    assert all(slow.now < due < closes_at for due in dues)
    assert slow.tick() == 0


def test_a_bot_reads_when_the_channel_closes(house):
    receipt = house.hand_over()
    shown = document(house.handoff(receipt.handoff_id))
    assert shown["channel_closes_at"] == (house.now + DAY).isoformat()


def test_the_auditor_and_the_ladder_take_the_clocks_of_the_channel_for_no_rungs(house):
    receipt = house.hand_over()
    house.later(hours=24)
    house.tick()
    house.tick()
    with house.database.read() as connection:
        assert astray(connection, "main", house.now) == []
    handoff = house.handoff(receipt.handoff_id)
    escalated = [row.data["rung"] for row in house.all(tables.timeline) if row.event == "escalated"]
    assert handoff.rung == max(escalated, default=0)
    assert all(rung > 0 for rung in escalated)


def test_after_a_long_outage_the_close_is_shown_and_nothing_of_the_channel_waits_for_a_yes(house):
    receipt = house.hand_over()
    house.pay()
    house.later(hours=26)
    house.tick()
    house.pay()
    clocks = clocks_of(house, receipt.handoff_id)
    assert warnings(house) == []
    assert "channel_closed" in house.events(receipt.handoff_id)
    assert {rung for rung, clock in clocks.items() if clock.state == "held"} == {PROMISE, 1, 2, 3, 4}
    assert clocks[CLOSING].state == "fired"
    assert CLOSED not in clocks


def test_a_restored_store_holds_no_clock_of_the_channel(house):
    receipt = house.hand_over()
    house.later(hours=26)
    house.change(receipt.handoff_id, lambda change: holding.hold(change, house.now))
    assert clocks_of(house, receipt.handoff_id)[CLOSING].state == "armed"


def test_bots_hear_nothing_of_the_warning(house):
    house.hand_over(callback_url="https://bot.example/callback")
    house.later(hours=23)
    house.tick()
    house.pay()
    kinds = {json.loads(body)["type"] for _, _, body in house.sender.posts}
    assert not any("channel" in kind for kind in kinds)
