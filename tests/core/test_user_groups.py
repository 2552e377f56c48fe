"""A user group that a shift names holds whoever is on duty, and is changed only where it differs."""

from __future__ import annotations

import pytest
from surface_house import Surfaced

from bridge.worker.housekeeping import load_desk_file
from connectors.errors import AccessDenied


@pytest.fixture
def chat(house, desk_file):
    name_group(house, desk_file)
    return Surfaced(house)


def name_group(house, desk_file, change=lambda text: text):
    text = desk_file.read_text().replace(
        "    slack_channel: C0MORNING\n", "    slack_channel: C0MORNING\n    slack_user_group: S0ONDUTY\n"
    )
    desk_file.write_text(change(text))
    load_desk_file(house.database, house.accounts, desk_file, house.now)


def calls(house):
    return [about for call, about in house.chat.calls if call == "keep_group"]


def test_the_group_holds_the_owner_and_the_backup(house, chat):
    chat.owe_groups()
    house.pay()

    assert house.chat.groups == {"S0ONDUTY": {"ravi", "meera"}}


def test_it_is_owed_once_by_however_many_workers(house, chat):
    chat.owe_groups()
    chat.owe_groups()
    house.pay()

    assert calls(house) == ["S0ONDUTY"]


def test_it_changes_with_the_shift_and_is_left_alone_meanwhile(house, chat):
    chat.owe_groups()
    house.pay()
    house.now = house.now.replace(hour=19, minute=25)
    house.pay()  # the ten minutes after which it is read again have passed
    before = len(calls(house))
    for _ in range(5):
        house.later(minutes=1)
        house.pay()

    assert house.now.minute == 30  # the night begins, at one o'clock in Kolkata
    assert len(calls(house)) == before + 1
    assert house.chat.groups == {"S0ONDUTY": {"meera", "asha"}}


def test_it_changes_with_a_cover_at_once(house, chat):
    chat.owe_groups()
    house.pay()

    chat.say("cover ravi 20:00")
    house.pay()
    assert house.chat.groups == {"S0ONDUTY": {"asha", "meera"}}

    house.later(minutes=1)
    chat.say("cover stop")
    house.pay()
    assert house.chat.groups == {"S0ONDUTY": {"ravi", "meera"}}


def test_a_group_changed_by_hand_is_put_right(house, chat):
    chat.owe_groups()
    house.pay()
    house.chat.groups["S0ONDUTY"] = frozenset({"asha"})
    for _ in range(11):
        house.later(minutes=1)
        house.pay()

    assert house.chat.groups == {"S0ONDUTY": {"ravi", "meera"}}


def test_while_nobody_is_on_duty_the_lead_stands_in_it(house, desk_file, chat):
    text = desk_file.read_text()
    evening, night = text.index("  - name: evening"), text.index("  - name: night")
    desk_file.write_text(text[:evening] + text[night:])
    load_desk_file(house.database, house.accounts, desk_file, house.now)
    chat.owe_groups()
    house.pay()

    assert house.chat.groups == {"S0ONDUTY": {"meera"}}


def test_a_group_that_may_not_be_changed_is_tried_again(house, chat):
    house.chat.fail_before(AccessDenied("chat", "missing_scope"))
    chat.owe_groups()
    house.pay()
    house.later(hours=1)
    house.pay()

    assert house.chat.groups == {"S0ONDUTY": {"ravi", "meera"}}


def test_a_group_that_the_desk_no_longer_names_is_left_as_it_is(house, desk_file, chat):
    chat.owe_groups()
    house.pay()
    desk_file.write_text(desk_file.read_text().replace("    slack_user_group: S0ONDUTY\n", ""))
    load_desk_file(house.database, house.accounts, desk_file, house.now)
    for _ in range(3):
        house.later(hours=6)
        chat.owe_groups()
        house.pay()

    assert calls(house) == ["S0ONDUTY"]
