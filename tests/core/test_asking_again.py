"""A customer who asks again, and what is honestly said then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bridge.handoffs import lifecycle
from bridge.handoffs.model import State
from bridge.store import tables
from connectors.base import Author, AuthorKind, TicketMessage


def answer(house, handoff_id, text="hello"):
    said = {"by": "Ravi Iyer", "at": house.now, "text": text, "message_id": "1"}
    house.change(handoff_id, lambda change: lifecycle.answered(change, **said))


def test_a_conversation_handed_over_anew_after_an_answer_gets_a_new_promise_on_the_same_ticket(house):
    first = house.hand_over()
    house.pay()
    answer(house, first.handoff_id)
    house.later(hours=1)
    second = house.hand_over()
    house.pay()
    assert second.handoff_id != first.handoff_id
    assert second.promised_at == house.now + timedelta(minutes=5)
    assert house.handoff(first.handoff_id).state is State.RESOLVED
    assert house.handoff(second.handoff_id).ticket == house.handoff(first.handoff_id).ticket
    assert len(house.helpdesk.tickets) == 1
    assert len(house.chat.cards) == 2


def test_asking_again_after_the_promise_has_passed_names_no_past_time(house):
    house.hand_over()
    house.later(minutes=9)
    again = house.hand_over()
    assert again.customer_text == "Ravi has your conversation and will answer as soon as possible."


def test_a_handoff_of_yesterday_is_told_with_its_day(house):
    house.now = datetime(2026, 11, 21, 18, 28, tzinfo=UTC)  # 23:58 in Kolkata
    receipt = house.hand_over()
    assert receipt.customer_text.endswith("will answer by 00:03 on Sunday 22 November (IST).")


def test_fault_48_a_solved_ticket_without_an_answer_leaves_the_clock_running(house):
    """A ticket is solved before anybody has replied: that is no answer, and the clock runs on."""
    receipt = house.hand_over()
    house.pay()
    for _ in range(2):
        house.change(receipt.handoff_id, lambda change: lifecycle.resolved(change, actor="helpdesk"))
    house.later(minutes=5)
    assert house.tick() == 3
    assert house.events(receipt.handoff_id).count("solved_unanswered") == 1
    answer(house, receipt.handoff_id)
    house.change(receipt.handoff_id, lambda change: lifecycle.resolved(change, actor="helpdesk"))
    assert house.handoff(receipt.handoff_id).state is State.RESOLVED


def test_a_test_never_mixes_with_a_live_handoff_of_the_same_conversation(house):
    tried = house.hand_over(test=True)
    live = house.hand_over()
    assert tried.handoff_id != live.handoff_id
    assert {row.handoff_id: row.test for row in house.all(tables.handoffs)} == {
        tried.handoff_id: True,
        live.handoff_id: False,
    }


def test_words_that_no_store_can_hold_are_cleaned_and_the_answer_counts(house):
    receipt = house.hand_over()
    answer(house, receipt.handoff_id, text="hello\x00 \ud800")
    assert house.handoff(receipt.handoff_id).answered_at == house.now


def test_a_rung_before_the_promise_does_not_say_it_was_broken(house, desk_file):
    text = desk_file.read_text().replace("{at: 50%, do: [remind_owner]}", "{at: 50%, do: [tell_customer]}")
    desk_file.write_text(text)
    house.database.transact(lambda tx: house.accounts.load_desk(tx, "main", desk_file, house.now))
    house.hand_over(callback_url="https://bot.example/callback")
    house.later(minutes=2.5)
    house.tick()
    house.pay()
    told = b"".join(body for _, _, body in house.sender.posts).decode()
    assert "You have waited 2 minutes. Nobody has been able to answer yet; we are sorry." in told


def test_the_old_answer_is_none_to_an_ask_that_the_bot_dates_before_it(house):
    first = house.hand_over()
    house.pay()
    house.later(minutes=3)
    answer(house, first.handoff_id)
    told = TicketMessage(
        id="1",
        at=house.now,
        author=Author(kind=AuthorKind.PERSON, name="Ravi Iyer"),
        public=True,
        text="hello",
    )
    house.helpdesk.messages["1"] = [told]
    house.later(minutes=2)
    second = house.hand_over(asked_at=house.now - timedelta(minutes=4))
    house.change(second.handoff_id, lambda change: change.owe("read_ticket", "helpdesk"))
    house.pay()
    assert house.handoff(second.handoff_id).answered_at is None


def test_a_handoff_that_came_while_nobody_was_on_duty_is_flagged(house, desk_file):
    text = desk_file.read_text()
    begin, end = text.index("shifts:"), text.index("# Somebody else")
    shift = (
        "{name: monday, channels: [whatsapp, web, email], days: mon, hours: '09:00-10:00', owners: [asha]}"
    )
    desk_file.write_text(f"{text[:begin]}shifts:\n  - {shift}\n\n{text[end:]}")
    house.database.transact(lambda tx: house.accounts.load_desk(tx, "main", desk_file, house.now))
    receipt = house.hand_over()
    (accepted,) = [row for row in house.all(tables.timeline) if row.event == "accepted"]
    assert house.handoff(receipt.handoff_id).flags == ("gap",)
    assert accepted.data["flags"] == ["gap"]
    assert receipt.customer_text.startswith("We have kept your conversation. Nobody is on duty right now;")
