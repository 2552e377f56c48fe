"""What the bridge answers to a command: from the store, to people of the desk, in the desk's own time."""

from __future__ import annotations

import pytest
from surface_house import Surfaced

from bridge.inbound.commands import HELP
from bridge.roster.on_duty import on_duty
from bridge.store import tables


@pytest.fixture
def chat(house):
    return Surfaced(house)


def owner_of(house, channel="whatsapp", at=None):
    duty = on_duty(house.account().desk.roster, channel, at or house.now)
    return duty and duty.owner


def test_who_names_the_owner_of_every_channel_and_until_when(chat):
    lines = chat.say("who").splitlines()

    assert lines[0] == "whatsapp: Ravi Iyer until Sun 22 Nov 01:00 (IST), backup Meera Shah."
    assert [line.split(":")[0] for line in lines] == ["whatsapp", "web", "email"]


def test_who_may_be_asked_of_one_channel_and_of_another_time(chat):
    answer = chat.say("who WhatsApp tomorrow 9:30")

    assert answer.splitlines() == [
        "Sun 22 Nov 09:30 (IST):",
        "whatsapp: Asha Rao until Sun 22 Nov 17:00 (IST), backup Ravi Iyer.",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("who fax", "“fax” is neither a channel nor a time. Channels: whatsapp, web, email."),
        ("who whatsapp soonish", "I cannot read “soonish” as a time. Write 18:00, tomorrow 9:00"),
        ("cover", "Write: cover PERSON UNTIL"),
        ("cover ravi", "Until when? Write 18:00"),
        ("cover ravi soonish", "I cannot read “soonish” as a time."),
        ("cover ravi 2026-11-20T10:00", "has passed already"),
        ("cover ravi 2027-01-20T10:00", "14 days at most. For longer, write an override into the desk file."),
        ("cover zoe 20:00", "The desk knows nobody called “zoe”. It knows Asha, Ravi, Meera."),
        ("cover asha 20:00", "That is you"),
        ("cover meera 20:00", "Meera Shah holds no channel now, so there is nothing to take over."),
        ("cover stop", "There is no cover of yours to end."),
        ("", HELP),
        ("dance", HELP),
        ("help", HELP),
    ],
)
def test_what_cannot_be_done_is_said_with_what_would_do(house, chat, text, said):
    assert said in chat.say(text)
    assert house.all(tables.covers) == []


def test_a_stranger_is_told_what_a_button_tells_them(chat):
    assert chat.say("who", "zoe") == (
        "Only people of this desk can do that. Ask your lead to add you to the desk."
    )


def test_nothing_is_asked_of_a_vendor_before_the_answer(house, chat):
    house.hand_over()
    before = list(house.chat.calls)

    for text in ("who", "mine", "stats", "help", "cover ravi 20:00"):
        chat.say(text)

    assert house.chat.calls == before


def test_mine_tells_my_open_handoffs_the_longest_wait_first(house, chat):
    house.hand_over(conversation_id="wa-1")
    house.later(minutes=3)
    house.hand_over(conversation_id="wa-2", started_at=house.now.replace(hour=10))
    house.pay()

    first, second = chat.say("mine", "ravi").splitlines()

    assert first.startswith("• Wants her parcel: waits for 120 min, answer due Sat 21 Nov")
    assert "waits for 3 min" in second
    assert first.endswith("ticket 1")
    assert chat.say("mine") == "Nobody waits for you."


def test_what_is_private_stays_masked(house, chat):
    house.hand_over(summary=None, topic=None, transcript=())
    house.change(
        house.all(tables.handoffs)[0].handoff_id,
        lambda change: change.become(summary=type(change.handoff.summary)(wants="a call at +91 98765 43210")),
    )

    assert "98765" not in chat.say("mine", "ravi")


def test_stats_is_the_report_s_headline_for_seven_days(house, chat):
    house.hand_over()
    house.later(minutes=20)

    assert chat.say("stats") == (
        "0 of 1 customer handed over from 15 to 21 November (Asia/Kolkata) had a person's answer in time."
    )


def test_stats_that_would_take_too_long_say_so(house, chat, monkeypatch):
    monkeypatch.setattr("bridge.inbound.commands.MOST_COUNTED", 1)
    house.hand_over(conversation_id="wa-1")
    house.hand_over(conversation_id="wa-2")

    assert "Run `handoff report`" in chat.say("stats")


@pytest.mark.parametrize("name", ["ravi", "Ravi", "RAVI IYER", "@U07RAVI", "@ravi"])
def test_a_cover_makes_me_the_owner_until_then(house, chat, name):
    answer = chat.say(f"cover {name} 20:00")

    assert answer == (
        "You cover for Ravi Iyer on whatsapp, web, email until Sat 21 Nov 20:00 (IST). "
        "Whoever waits unanswered for Ravi comes to you."
    )
    assert owner_of(house) == "asha"
    house.later(minutes=97)
    assert owner_of(house) == "asha"
    house.later(minutes=1)
    assert owner_of(house) == "ravi"


def test_who_covers_gets_the_handoffs(house, chat):
    chat.say("cover ravi 20:00")

    assert house.hand_over().owner == "Asha"


def test_who_says_that_somebody_covers(chat):
    chat.say("cover ravi 20:00")

    assert chat.say("who web") == (
        "web: Asha Rao until Sat 21 Nov 20:00 (IST), backup Meera Shah. "
        "Asha covers for Ravi until 20:00, says Asha."
    )


def test_a_command_told_twice_makes_one_cover(house, chat):
    first = chat.say("cover ravi 20:00", event_id="the same")
    house.later(minutes=1)

    assert chat.say("cover ravi 20:00", event_id="the same") == first
    assert len(house.all(tables.covers)) == 1


def test_a_cover_is_made_longer_by_another(house, chat):
    chat.say("cover ravi 20:00")
    chat.say("cover ravi 22:00")
    house.later(hours=3)

    assert owner_of(house) == "asha"


@pytest.mark.parametrize("who", ["asha", "ravi"])
def test_a_cover_is_given_back_by_either(house, chat, who):
    chat.say("cover ravi 20:00")
    house.later(minutes=5)

    assert chat.say("cover stop", who) == "Given back: it is the turn of Ravi Iyer again."
    assert owner_of(house) == "ravi"
    assert owner_of(house, at=house.now.replace(minute=55)) == "asha"  # as it was then
    assert chat.say("cover stop", who) == "There is no cover of yours to end."


def test_a_cover_is_ended_by_nobody_else(house, chat):
    chat.say("cover ravi 20:00")

    assert chat.say("cover stop", "meera") == "There is no cover of yours to end."
    assert owner_of(house) == "asha"


def test_a_first_name_that_several_have_is_asked_back(house, desk_file, chat):
    text = (
        desk_file.read_text().replace("name: Meera Shah", "name: Ravi Shah").replace("  ravi:\n", "  rv:\n")
    )
    for place in ("owners: [asha, ravi]", "owners: [ravi, asha]", "backup: ravi"):
        text = text.replace(place, place.replace("ravi", "rv"))
    desk_file.write_text(text)
    reload(house, desk_file)

    assert chat.say("cover ravi 20:00") == (
        "Several people are called ravi. Write the key instead: rv, meera."
    )


def test_who_is_known_by_e_mail_alone_is_answered_afterwards(house, desk_file, chat):
    desk_file.write_text(desk_file.read_text().replace("    slack: U07ASHA\n", ""))
    reload(house, desk_file)
    house.chat.emails["U07ASHA"] = "asha@shop.example"

    at_once = chat.say("cover ravi 20:00")
    assert owner_of(house) == "ravi"
    house.pay()

    assert "answer by direct message" in at_once
    assert owner_of(house) == "asha"
    (told,) = chat.alone()
    assert told.startswith("You cover for Ravi Iyer")


def test_who_is_nobody_of_the_desk_hears_so_after_the_look(house, desk_file, chat):
    desk_file.write_text(desk_file.read_text().replace("    slack: U07ASHA\n", ""))
    reload(house, desk_file)

    chat.say("who", "zoe")
    house.pay()

    (told,) = chat.alone("zoe")
    assert told.startswith("Only people of this desk")


def reload(house, desk_file):
    from bridge.worker.housekeeping import load_desk_file

    load_desk_file(house.database, house.accounts, desk_file, house.now)
