"""Each person is written to directly as they want it, and the promise comes before their quiet hours."""

from __future__ import annotations

import pytest
from surface_house import Surfaced

from bridge.handoffs import absence, lifecycle
from bridge.people import alerts
from bridge.roster.alerts import AlertRules, QuietHours
from connectors.chat import Action

ALL_DAY = QuietHours(from_minute=0, to_minute=23 * 60 + 59, zone="Asia/Kolkata")


@pytest.fixture
def chat(house):
    return Surfaced(house)


def wish(house, person, **rules):
    house.database.transact(lambda tx: alerts.keep(tx, "main", person, AlertRules(**rules)))


def half_gone(house, chat):
    """Let half the time of the promise pass, so that the ladder reminds whoever has it."""
    house.pay()
    house.later(minutes=2, seconds=31)
    house.tick()
    house.pay()


def under_the_card(house):
    return [notice for place, notice in house.chat.notices if "/" in place]


def give_to(house, handoff_id, key, actor="meera"):
    house.change(
        handoff_id, lambda change: lifecycle.reassign(change, change.account.person(key), actor=actor)
    )
    house.pay()


def test_the_ladder_reminds_directly_unless_told_otherwise(house, chat):
    house.hand_over()
    half_gone(house, chat)

    assert len(chat.written_to("ravi")) == 1


def test_who_wants_no_reminders_is_tagged_under_the_card_alone(house, chat):
    wish(house, "ravi", reminders=False)
    house.hand_over()
    half_gone(house, chat)

    assert chat.written_to("ravi") == []
    assert ["ravi"] in [[person.key for person in notice.tag] for notice in under_the_card(house)]


def test_quiet_hours_hold_back_no_reminder_from_who_is_on_duty(house, chat):
    wish(house, "ravi", quiet=ALL_DAY)
    house.hand_over()
    half_gone(house, chat)

    assert len(chat.written_to("ravi")) == 1


def test_quiet_hours_hold_back_a_reminder_from_who_is_not_on_duty(house, chat):
    wish(house, "asha", quiet=ALL_DAY)
    handoff_id = house.hand_over().handoff_id
    give_to(house, handoff_id, "asha")
    half_gone(house, chat)

    assert chat.written_to("asha") == []
    assert under_the_card(house)


def test_outside_their_quiet_hours_they_are_reminded(house, chat):
    wish(house, "asha", quiet=QuietHours(from_minute=60, to_minute=120, zone="Asia/Kolkata"))
    handoff_id = house.hand_over().handoff_id
    give_to(house, handoff_id, "asha")
    half_gone(house, chat)

    assert len(chat.written_to("asha")) == 1


def test_who_covers_is_on_duty(house, chat):
    wish(house, "asha", quiet=ALL_DAY)
    chat.say("cover ravi 22:00")
    house.hand_over()
    half_gone(house, chat)

    assert len(chat.written_to("asha")) == 1


def test_who_seems_away_is_not_written_to_in_their_quiet_hours(house, chat):
    wish(house, "asha", quiet=ALL_DAY)
    handoff_id = house.hand_over().handoff_id
    give_to(house, handoff_id, "asha")

    house.change(handoff_id, absence.owner_away)
    house.pay()

    assert chat.written_to("asha") == []


def test_a_handoff_that_becomes_mine_is_told_to_who_wants_it(house, chat):
    wish(house, "asha", mine=True)
    handoff_id = house.hand_over().handoff_id
    assert chat.written_to("ravi") == []

    give_to(house, handoff_id, "asha")
    house.later(seconds=6)
    house.pay()

    (text,) = chat.written_to("asha")
    assert text.startswith("This one is yours now.\nWants her parcel")


def test_the_first_owner_is_told_too(house, chat):
    wish(house, "ravi", mine=True)
    house.hand_over()
    house.later(seconds=6)
    house.pay()

    assert len(chat.written_to("ravi")) == 1


def test_what_i_take_myself_is_not_told_to_me(house, chat):
    wish(house, "asha", mine=True)
    handoff_id = house.hand_over().handoff_id
    chat.press(Action.CLAIM, handoff_id=handoff_id)
    give_to(house, handoff_id, "asha", actor="asha")
    house.later(seconds=6)
    house.pay()

    assert chat.written_to("asha") == []


def test_what_has_gone_on_meanwhile_is_not_told(house, chat):
    wish(house, "asha", mine=True)
    handoff_id = house.hand_over().handoff_id
    house.change(
        handoff_id, lambda change: lifecycle.reassign(change, change.account.person("asha"), actor="meera")
    )
    house.change(
        handoff_id, lambda change: lifecycle.reassign(change, change.account.person("ravi"), actor="meera")
    )
    house.later(seconds=6)
    house.pay()

    assert chat.written_to("asha") == []


def test_a_message_of_choice_that_does_not_arrive_calls_no_lead(house, chat):
    wish(house, "asha", mine=True)
    house.chat._knows = lambda person: person.key != "asha"
    handoff_id = house.hand_over().handoff_id
    house.pay()
    give_to(house, handoff_id, "asha")

    assert "nobody_reached" not in house.events(handoff_id)


def test_the_rules_are_chosen_in_a_dialog_and_shown_on_the_page(house, chat):
    chat.open_home()
    chat.press(Action.ALERTS, subject="alerts")
    house.pay()
    _, dialog = house.chat.dialogs[-1]
    shown = {field.name: field.initial for field in dialog.fields}
    assert shown == {
        "mine": "no",
        "reminders": "yes",
        "quiet_from": None,
        "quiet_to": None,
        "zone": "Asia/Kolkata",
    }

    chat.send_off(mine="yes", reminders="no", quiet_from="10pm", quiet_to="7:00", zone="Europe/Riga")
    chat.pay()

    quiet = QuietHours(from_minute=1320, to_minute=420, zone="Europe/Riga")
    assert house.account().alerts == {"asha": AlertRules(mine=True, reminders=False, quiet=quiet)}
    assert chat.pages()[-1].alerts == (
        "When a handoff becomes mine: yes",
        "When half my time is gone, or a later reminder is due: no",
        "Quiet from 22:00 to 07:00 (Europe/Riga), unless you are on duty for it",
    )


def test_rules_are_changed_again(house, chat):
    wish(house, "asha", mine=True, quiet=ALL_DAY)
    chat.press(Action.ALERTS, subject="alerts")
    house.pay()
    chat.send_off(mine="no", reminders="yes")

    assert house.account().alerts == {"asha": AlertRules()}


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        ({"quiet_from": "late", "quiet_to": "7:00"}, "quiet_from"),
        ({"quiet_from": "22:00"}, "quiet_to"),
        ({"quiet_from": "7:00", "quiet_to": "7:00"}, "quiet_to"),
        ({"quiet_from": "22:00", "quiet_to": "7:00", "zone": "Moon/Base"}, "zone"),
        ({"quiet_from": "22:00", "quiet_to": "7:00", "zone": "../etc/passwd"}, "zone"),
    ],
)
def test_wrong_hours_are_shown_at_their_field(house, chat, entered, field):
    chat.press(Action.ALERTS, subject="alerts")
    house.pay()

    answer = chat.send_off(mine="no", reminders="yes", **entered)

    assert list(answer.problems) == [field]
    assert house.account().alerts == {}
