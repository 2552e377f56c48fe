"""A person's own page: shown when they open it, and again when something that it shows has changed."""

from __future__ import annotations

import pytest
from surface_house import Surfaced

from bridge.handoffs import lifecycle
from bridge.handoffs.summary import two_lines
from bridge.store import tables
from bridge.worker.housekeeping import load_desk_file
from connectors.chat import Action, CardState
from connectors.errors import OutcomeUnknown


@pytest.fixture
def chat(house):
    return Surfaced(house)


@pytest.fixture
def opened(chat):
    """Ravi's page, as he has just opened it."""
    chat.open_home("ravi")
    chat.pay(seconds=0)
    return chat


def owed(house, kind="publish_home"):
    return [row for row in house.all(tables.deliveries) if row.kind == kind and row.state == "owed"]


def test_opening_the_page_shows_it_at_once(house, chat):
    handoff_id = house.hand_over().handoff_id

    chat.open_home("ravi")
    assert house.chat.homes == {}  # no vendor is called before the answer
    house.pay()

    (page,) = chat.pages("ravi")
    (card,) = page.waiting
    assert (card.handoff_id, card.state) == (handoff_id, CardState.WAITING)
    assert card.lines == two_lines(house.handoff(handoff_id).summary)


def test_the_page_tells_my_shift_the_next_one_and_who_else_is_on(house, chat):
    for who in ("ravi", "asha"):
        chat.open_home(who)
    house.pay()

    mine, hers = chat.pages("ravi")[0], chat.pages("asha")[0]
    assert [holding.channel for holding in mine.mine_now] == ["whatsapp", "web", "email"]
    assert mine.others_now == ()
    assert next((holding.channel, holding.name) for holding in hers.others_now) == ("whatsapp", "Ravi Iyer")
    assert (hers.mine_now, hers.mine_next.shift) == ((), "morning")
    assert hers.mine_next.starts_at.isoformat() == "2026-11-22T03:30:00+00:00"


def test_gaps_of_the_days_ahead_are_told(house, desk_file, chat):
    text = desk_file.read_text()
    night = text[text.index("  - name: night") : text.index("\n\n", text.index("  - name: night"))]
    desk_file.write_text(text.replace(night, ""))
    load_desk_file(house.database, house.accounts, desk_file, house.now)
    chat.open_home("ravi")
    house.pay()

    gap = chat.pages("ravi")[0].gaps[0]
    assert (gap.starts_at.isoformat(), gap.ends_at.isoformat()) == (
        "2026-11-21T19:30:00+00:00",
        "2026-11-22T03:30:00+00:00",
    )


def test_a_long_list_says_how_many_more_there_are(house, chat):
    for number in range(15):
        house.hand_over(conversation_id=f"wa-{number}")
    chat.open_home("ravi")
    house.pay()

    page = chat.pages("ravi")[0]
    assert (len(page.waiting), page.more_waiting) == (12, 3)


def test_what_is_answered_waits_no_more_and_is_counted(house, chat):
    handoff_id = house.hand_over().handoff_id
    house.change(
        handoff_id,
        lambda change: lifecycle.answered(change, by="Ravi", at=house.now, text="Hello", message_id="1"),
    )
    chat.open_home("ravi")
    house.pay()

    page = chat.pages("ravi")[0]
    assert (page.waiting, page.answered) == ((), 1)


def test_a_page_is_drawn_again_when_something_on_it_changes(house, opened):
    house.hand_over()

    opened.follow_homes()
    house.pay()

    assert [len(page.waiting) for page in opened.pages("ravi")] == [0, 1]


def test_a_page_on_which_nothing_changes_is_left_alone(house, opened):
    house.hand_over()
    house.pay()
    opened.follow_homes()
    house.pay()

    for _ in range(5):
        house.later(seconds=5)
        opened.follow_homes()
        house.pay()

    assert len(opened.pages("ravi")) == 2


def test_a_gap_that_lasts_all_week_is_no_change(house, desk_file, chat):
    desk_file.write_text(
        desk_file.read_text().replace("channels: [whatsapp, web, email]", "channels: [whatsapp, web]")
    )
    load_desk_file(house.database, house.accounts, desk_file, house.now)
    chat.open_home("ravi")
    house.pay()
    for _ in range(3):
        house.later(seconds=5)
        chat.follow_homes()
        house.pay()

    (page,) = chat.pages("ravi")
    assert [(gap.channel, gap.starts_at) for gap in page.gaps] == [("email", None)]


def test_many_changes_at_once_are_drawn_once(house, opened):
    for number in range(3):
        house.hand_over(conversation_id=f"wa-{number}")
        opened.follow_homes()

    assert len(owed(house)) == 1
    house.pay()
    assert [len(page.waiting) for page in opened.pages("ravi")] == [0, 3]


def test_a_page_tells_that_the_shift_has_changed(house, opened):
    house.later(hours=7)
    opened.follow_homes()
    house.pay()

    assert opened.pages("ravi")[-1].mine_now == ()


def test_a_page_tells_that_a_promise_has_passed(house, opened):
    house.hand_over()
    opened.follow_homes()
    house.pay()
    house.later(hours=1)
    opened.follow_homes()
    house.pay()

    assert [card.state for card in opened.pages("ravi")[-1].waiting] == [CardState.LATE]


def test_a_page_nobody_has_opened_for_a_day_is_left_alone(house, opened):
    house.later(hours=24)
    house.hand_over()
    opened.follow_homes()
    house.pay()

    assert len(opened.pages("ravi")) == 1


def test_who_never_opened_their_page_gets_none(house, opened):
    house.hand_over()
    opened.follow_homes()
    house.pay()

    assert list(house.chat.homes) == ["U07RAVI"]


def test_a_lost_answer_is_drawn_again(house, chat):
    chat.open_home("ravi")
    house.chat.fail_after(OutcomeUnknown("chat", "no answer"))
    house.pay()
    house.later(minutes=1)
    house.pay()

    assert len(chat.pages("ravi")) == 2


def test_a_stranger_s_page_says_whom_it_is_for(house, chat):
    house.hand_over()
    chat.open_home("zoe")
    house.pay()

    (page,) = chat.pages("zoe")
    assert page.refusal.startswith("Only people of this desk")
    assert (page.waiting, page.others_now) == ((), ())


def test_who_is_known_by_e_mail_alone_gets_their_own_page(house, desk_file, chat):
    desk_file.write_text(desk_file.read_text().replace("    slack: U07RAVI\n", ""))
    load_desk_file(house.database, house.accounts, desk_file, house.now)
    house.chat.emails["U07RAVI"] = "ravi@shop.example"
    house.hand_over()

    chat.open_home("ravi")
    house.pay()

    assert [len(page.waiting) for page in chat.pages("ravi")] == [1]


def test_a_button_of_the_page_does_what_the_card_s_does_and_the_page_follows(house, opened):
    handoff_id = house.hand_over().handoff_id
    opened.press(Action.CLAIM, "ravi", handoff_id=handoff_id)

    assert house.handoff(handoff_id).claimed_by == "ravi"
    opened.pay()
    assert opened.pages("ravi")[-1].waiting[0].claimed_by == "Ravi Iyer"


def test_what_a_press_on_the_page_could_not_do_is_told_by_direct_message(house, opened):
    handoff_id = house.hand_over().handoff_id
    opened.press(Action.CLAIM, "ravi", handoff_id=handoff_id)
    opened.press(Action.CLAIM, "asha", handoff_id=handoff_id)
    opened.pay(seconds=6)

    assert opened.alone("asha") == ["Ravi Iyer has it already."]


def test_a_press_about_a_handoff_that_is_gone_is_told_too(opened):
    opened.press(Action.CLAIM, "ravi", handoff_id="ho_gone")
    opened.pay()

    assert opened.alone("ravi") == ["This handoff is not known here."]


def test_taking_over_asks_until_when_and_then_covers(house, chat):
    chat.open_home()
    chat.press(Action.TAKE_OVER, subject="web")
    house.pay()
    (dialog,) = (dialog for _, dialog in house.chat.dialogs)
    assert dialog.lines == ("Ravi Iyer holds web until Sun 22 Nov 01:00 (IST).",)
    assert dialog.fields[0].initial == "2026-11-22T01:00"

    answer = chat.send_off(until="20:00")
    chat.pay()

    assert answer.text == chat.alone()[0]
    page = chat.pages()[-1]
    assert [holding.channel for holding in page.mine_now] == ["web"]
    assert page.covers[0].text == "You cover for Ravi Iyer on web"


def test_a_time_that_cannot_be_read_is_shown_at_its_field(house, chat):
    chat.press(Action.TAKE_OVER, subject="web")
    house.pay()

    answer = chat.send_off(until="soon")

    assert list(answer.problems) == ["until"]
    assert "18:00" in answer.problems["until"]
    assert house.all(tables.covers) == []


@pytest.mark.parametrize(
    ("subject", "who", "said"),
    [
        ("web", "ravi", "You hold web already."),
        ("fax", "asha", "Nobody holds fax now, so there is nothing to take over."),
    ],
)
def test_what_cannot_be_taken_over_is_said(chat, subject, who, said):
    assert chat.press(Action.TAKE_OVER, who, subject=subject).text == said


def test_a_dialog_sent_off_twice_makes_one_cover(house, chat):
    chat.press(Action.TAKE_OVER, subject="web")
    house.pay()
    _, dialog = house.chat.dialogs[-1]
    for _ in range(2):
        chat.press(Action.TAKE_OVER, event_id="the same", entered={"until": "20:00"}, kept=dialog.kept)

    assert len(house.all(tables.covers)) == 1


def test_a_cover_is_given_back_by_its_button(house, chat):
    chat.say("cover ravi 20:00")
    chat.open_home()
    house.pay()
    cover = chat.pages()[-1].covers[0]

    chat.press(Action.GIVE_BACK, subject=cover.cover_id)
    chat.pay()

    assert chat.pages()[-1].covers == ()
    assert chat.alone() == ["Given back: it is the turn of Ravi Iyer again."]


def test_a_stranger_s_press_on_a_page_is_refused(chat):
    assert chat.press(Action.TAKE_OVER, "zoe", subject="web").text.startswith("Only people of this desk")


def test_who_presses_on_a_page_and_is_known_by_e_mail_alone_is_looked_up(house, desk_file, chat):
    desk_file.write_text(desk_file.read_text().replace("    slack: U07ASHA\n", ""))
    load_desk_file(house.database, house.accounts, desk_file, house.now)
    house.chat.emails["U07ASHA"] = "asha@shop.example"

    chat.press(Action.TAKE_OVER, subject="web")
    house.pay()

    assert [dialog.action for _, dialog in house.chat.dialogs] == [Action.TAKE_OVER]
    chat.send_off(until="20:00")
    assert len(house.all(tables.covers)) == 1
