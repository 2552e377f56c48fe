"""A conversation that comes again soon after it was over finds whoever had it, if they are on duty."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.handoffs import lifecycle
from bridge.handoffs.model import Customer, Former, State
from bridge.handoffs.returning import Outcome, give_back
from bridge.store import tables
from bridge.worker.housekeeping import load_desk_file

HOUR = timedelta(hours=1)


def answered(house, handoff_id, by="Ravi Iyer"):
    said = {"by": by, "at": house.now, "text": "On its way.", "message_id": "1"}
    house.change(handoff_id, lambda change: lifecycle.answered(change, **said))


def resolved(house, by="Meera Shah", key="meera", **context):
    """Let the backup answer and end a handoff of the evening, which is Ravi's."""
    handoff_id = house.hand_over(**context).handoff_id
    house.pay()
    answered(house, handoff_id, by)
    person = house.account().person(key)
    house.change(handoff_id, lambda change: give_back(change, person, Outcome.SOLVED, None))
    house.pay()
    return handoff_id


def again(house, **context):
    return house.handoff(house.hand_over(**context).handoff_id)


def reasons(house, handoff):
    (accepted,) = [
        row
        for row in house.all(tables.timeline)
        if (row.handoff_id, row.event) == (handoff.handoff_id, "accepted")
    ]
    return accepted.data["reasons"]


def edit(house, desk_file, text):
    desk_file.write_text(desk_file.read_text() + text)
    load_desk_file(house.database, house.accounts, desk_file, house.now)


def test_whoever_answered_has_it_again_while_they_are_on_duty_and_the_route_says_why(house):
    resolved(house)
    over = house.now
    house.later(hours=1)
    found = again(house)
    assert (found.owner, found.route.backup) == ("meera", "ravi")
    assert found.former == Former(person="meera", until=over)
    assert "meera had this conversation before and is on duty" in reasons(house, found)


def test_the_card_says_with_whom_it_was_and_until_when(house):
    resolved(house)
    over = house.now
    house.later(hours=1)
    again(house)
    house.later(seconds=5)
    house.pay()
    card = house.chat.cards["2"][-1]
    assert (card.owner.key, card.was_with.key, card.was_with_until) == ("meera", "meera", over)


def test_whoever_is_off_duty_by_then_is_named_and_the_shift_s_owner_has_it(house):
    resolved(house, by="Asha Rao", key="asha")  # whose shift it is not
    found = again(house)
    assert (found.owner, found.former.person) == ("ravi", "asha")
    assert not any("before" in text for text in reasons(house, found))


def test_where_the_answer_names_nobody_of_the_desk_the_owner_counts(house):
    resolved(house, by="Somebody Else")
    assert again(house).former.person == "ravi"


def test_one_that_was_ended_without_an_answer_goes_back_to_its_owner(house):
    handoff_id = house.hand_over().handoff_id
    house.change(
        handoff_id, lambda change: lifecycle.claim(change, house.account().person("meera"), house.now)
    )
    meera = house.account().person("meera")
    house.change(handoff_id, lambda change: give_back(change, meera, Outcome.NOT_SOLVED, None))
    assert again(house).owner == "meera"


@pytest.mark.parametrize(("hours", "owner"), [(23.9, "meera"), (24, "ravi")])
def test_after_a_day_it_is_a_conversation_like_any_other(house, hours, owner):
    resolved(house)
    house.later(hours=hours)
    found = again(house)
    assert found.owner == owner
    assert (found.former is None) == (owner == "ravi")


def test_the_desk_says_how_long_it_remembers(house, desk_file):
    edit(house, desk_file, "reopen_within_hours: 2\n")
    resolved(house)
    house.later(hours=2)
    assert again(house).former is None


def test_a_desk_that_remembers_nothing_gives_it_to_the_shift(house, desk_file):
    edit(house, desk_file, "reopen_within_hours: 0\n")
    resolved(house)
    found = again(house)
    assert (found.owner, found.former) == ("ravi", None)


def test_an_owner_whom_a_rule_names_has_it_whoever_had_it_before(house):
    gold = {"customer": Customer(name="Priya Nair", tier="gold"), "topic": "else"}
    resolved(house, by="Ravi Iyer", key="ravi", **gold)
    found = again(house, **gold)
    assert (found.owner, found.former.person) == ("meera", "ravi")


def test_another_conversation_and_a_test_remember_nothing(house):
    resolved(house)
    assert again(house, conversation_id="wa-2").former is None
    assert again(house, test=True).former is None


def test_a_withdrawn_conversation_was_nobody_s(house):
    handoff_id = house.hand_over().handoff_id
    house.change(handoff_id, lambda change: lifecycle.withdraw(change, None))
    assert again(house).former is None


def test_the_last_of_several_counts(house):
    resolved(house)
    house.later(minutes=5)
    resolved(house, by="Ravi Iyer", key="ravi")
    house.later(minutes=5)
    assert again(house).former.person == "ravi"


def test_an_answered_conversation_handed_over_anew_stays_with_who_answered_on_the_same_ticket(house):
    first = house.hand_over().handoff_id
    house.pay()
    answered(house, first, "Meera Shah")
    house.later(minutes=1)
    found = again(house)
    assert (found.owner, found.former.person) == ("meera", "meera")
    assert found.ticket == house.handoff(first).ticket
    assert house.handoff(first).state is State.RESOLVED


def test_one_that_comes_again_opens_a_ticket_of_its_own(house):
    resolved(house)
    handoff_id = house.hand_over().handoff_id
    house.pay()
    assert house.handoff(handoff_id).ticket.id == "2"
