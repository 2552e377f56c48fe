"""What a customer is told at each step: in their language, and only once it is true."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from bridge.handoffs import lifecycle
from bridge.handoffs.model import Customer
from bridge.store import tables

CALLBACK = "https://bot.example/callback"
MORNING = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)  # 10:30 in Kolkata: Asha has it, Ravi behind her
ONE_SHIFT = """shifts:
  - {name: monday, channels: [whatsapp, web, email], days: mon, hours: "09:00-10:00", owners: [asha]}

"""
NO_SHIFT = "shifts: []\n\n"


def load(house, desk_file, *replacements):
    text = desk_file.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    desk_file.write_text(text)
    house.database.transact(lambda tx: house.accounts.load_desk(tx, "main", desk_file, house.now))


def shifts_become(house, desk_file, shifts):
    text = desk_file.read_text()
    load(house, desk_file, (text[text.index("shifts:") : text.index("# Somebody else")], shifts))


def hindi():
    return Customer(name="प्रिया", locale="hi-IN")


def told(house, event):
    """Return what the bot was given to tell the customer with each such event, in order."""
    house.pay()
    sent = [json.loads(body) for _, _, body in house.sender.posts]
    return [one["data"].get("customer_text") for one in sent if one["type"] == f"handoff.{event}"]


def answer(house, handoff_id):
    said = {"by": "Ravi Iyer", "at": house.now, "text": "hello", "message_id": "1"}
    house.change(handoff_id, lambda change: lifecycle.answered(change, **said))


def solve(house, handoff_id):
    house.change(handoff_id, lambda change: lifecycle.resolved(change, actor="helpdesk"))


def claim(house, handoff_id, key):
    person = house.account().person(key)
    house.change(handoff_id, lambda change: lifecycle.claim(change, person, house.now))


def give(house, handoff_id, key):
    person = house.account().person(key)
    house.change(handoff_id, lambda change: lifecycle.reassign(change, person, actor="lead"))


def test_a_customer_of_a_hindi_locale_is_told_in_hindi_who_has_it_and_by_when(house):
    receipt = house.hand_over(customer=hindi(), callback_url=CALLBACK)
    assert receipt.customer_text == "आपकी बातचीत Ravi के पास है। आपको 18:27 बजे (IST) तक जवाब मिल जाएगा।"
    assert told(house, "accepted") == [receipt.customer_text]


def test_without_a_locale_the_desks_language_counts_and_a_customers_own_above_it(house, desk_file):
    load(house, desk_file, ("timezone: Asia/Kolkata", "timezone: Asia/Kolkata\nlanguage: hi"))
    assert "के पास है" in house.hand_over().customer_text
    english = Customer(name="Priya", locale="en_GB")
    assert "has your conversation" in house.hand_over(conversation_id="2", customer=english).customer_text


def test_out_of_hours_the_true_opening_is_told(house, desk_file):
    shifts_become(house, desk_file, ONE_SHIFT)
    english = house.hand_over().customer_text
    assert english.endswith("right now; the team is back at 09:00 on Monday 23 November (IST).")
    in_hindi = house.hand_over(conversation_id="2", customer=hindi()).customer_text
    assert in_hindi.endswith("टीम सोमवार, 23 नवंबर को 09:00 बजे (IST) वापस आएगी।")


def test_out_of_hours_without_a_known_opening_no_time_is_told(house, desk_file):
    shifts_become(house, desk_file, NO_SHIFT)
    assert house.hand_over().customer_text.endswith("Nobody is on duty right now; the team is told.")
    assert "सूचना" in house.hand_over(conversation_id="2", customer=hindi()).customer_text


def test_asking_again_once_the_team_is_back_does_not_say_that_nobody_is_there(house, desk_file):
    shifts_become(house, desk_file, ONE_SHIFT)
    house.hand_over()
    house.now = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)  # Monday 09:15 in Kolkata
    again = house.hand_over()
    assert again.again
    assert again.customer_text.endswith("The team is on duty, and nobody has taken it up yet.")


def test_a_claim_tells_that_the_person_has_joined_and_nothing_tells_it_before(house):
    receipt = house.hand_over(callback_url=CALLBACK)
    assert told(house, "claimed") == []
    claim(house, receipt.handoff_id, "asha")
    assert told(house, "claimed") == ["Asha has joined your conversation."]


def test_a_claim_that_came_second_tells_nothing(house):
    receipt = house.hand_over(callback_url=CALLBACK, customer=hindi())
    claim(house, receipt.handoff_id, "asha")
    claim(house, receipt.handoff_id, "ravi")
    assert told(house, "claimed") == ["आपकी बातचीत Asha ने संभाल ली है।"]


@pytest.mark.parametrize(
    ("locale", "text"), [("en", "Meera has your conversation now."), ("hi", "आपकी बातचीत अब Meera के पास है।")]
)
def test_a_new_owner_who_is_on_duty_is_told(house, locale, text):
    customer = Customer(name="Priya", locale=locale)
    receipt = house.hand_over(callback_url=CALLBACK, customer=customer)
    give(house, receipt.handoff_id, "meera")  # the evening's backup
    assert told(house, "reassigned") == [text]


def test_a_new_owner_who_is_off_duty_is_not_told(house, desk_file):
    load(house, desk_file, ("owners: [ravi, asha]", "owners: [ravi]"))
    receipt = house.hand_over(callback_url=CALLBACK)
    give(house, receipt.handoff_id, "asha")
    assert told(house, "reassigned") == [None]


def test_solved_is_told_after_an_answer_and_not_before(house):
    receipt = house.hand_over(callback_url=CALLBACK)
    solve(house, receipt.handoff_id)
    assert told(house, "resolved") == []
    answer(house, receipt.handoff_id)
    solve(house, receipt.handoff_id)
    solved = "Your conversation is marked as solved. If you need anything else, please write to us again."
    assert told(house, "resolved") == [solved]


def test_solved_is_told_in_hindi(house):
    receipt = house.hand_over(callback_url=CALLBACK, customer=hindi())
    answer(house, receipt.handoff_id)
    solve(house, receipt.handoff_id)
    assert told(house, "resolved")[0].startswith("हमने आपकी समस्या को हल हुआ मानकर बातचीत बंद कर दी है।")


def test_a_conversation_handed_over_anew_is_not_called_solved(house):
    receipt = house.hand_over(callback_url=CALLBACK)
    answer(house, receipt.handoff_id)
    house.hand_over(callback_url=CALLBACK)
    assert told(house, "resolved") == []


def at_breach(house):
    """Return what is told with the rung at the moment of the broken promise."""
    house.later(minutes=5)
    house.tick()
    return [text for text in told(house, "escalated") if text]


def test_a_broken_promise_names_the_time_at_which_somebody_else_is_called(house):
    house.now = MORNING
    house.hand_over(callback_url=CALLBACK)
    (text,) = at_breach(house)
    assert text.startswith("You have waited 5 minutes, longer than we promised. Nobody has been able to")
    # it is due half a minute past 10:37, so that 10:37 would be too early
    assert text.endswith("If you have no answer by 10:38 (IST), we call somebody else.")


def test_a_broken_promise_names_that_time_in_hindi(house):
    house.now = MORNING
    house.hand_over(callback_url=CALLBACK, customer=hindi())
    (text,) = at_breach(house)
    assert text.endswith("यदि आपको 10:38 बजे (IST) तक जवाब न मिले, तो हम टीम के किसी और सदस्य को बुलाएँगे।")


def test_the_time_told_is_that_of_a_rung_which_then_calls_somebody_else(house):
    house.now = MORNING
    receipt = house.hand_over(callback_url=CALLBACK)
    at_breach(house)
    house.later(minutes=2.5)
    house.tick()
    escalated = [row for row in house.all(tables.timeline) if row.event == "escalated"]
    assert "lead Meera called" in escalated[-1].data["steps"]
    assert house.handoff(receipt.handoff_id).rung == 3


def test_no_new_time_is_named_where_the_ladder_only_calls_the_same_people_again(house):
    house.hand_over(callback_url=CALLBACK)  # in the evening Meera is both backup and lead
    assert at_breach(house) == [
        "You have waited 5 minutes, longer than we promised. Nobody has been able to answer yet; we are sorry."
    ]


def test_no_new_time_is_named_where_nobody_is_on_duty_by_then(house, desk_file):
    house.now = MORNING
    hours = [
        ('hours: "09:00-17:00"', 'hours: "09:00-10:36"'),
        ('hours: "17:00-01:00"', 'hours: "17:00-18:00"'),
    ]
    load(
        house,
        desk_file,
        *hours,
        ("  slack_channel: C0MORNING\n  lead: meera\n", "  slack_channel: C0MORNING\n"),
    )
    house.hand_over(callback_url=CALLBACK)
    (text,) = at_breach(house)
    assert text.endswith("we are sorry.")


def test_no_new_time_is_named_where_what_would_call_is_overdue_already(house):
    house.now = MORNING
    house.hand_over(callback_url=CALLBACK)
    house.later(minutes=30)
    house.tick()
    (text,) = [text for text in told(house, "escalated") if text]
    assert text.endswith("we are sorry.")


def test_before_the_promise_has_passed_it_is_not_called_broken_in_hindi(house, desk_file):
    load(house, desk_file, ("{at: 50%, do: [remind_owner]}", "{at: 50%, do: [tell_customer]}"))
    house.hand_over(callback_url=CALLBACK, customer=hindi())
    house.later(minutes=2.5)
    house.tick()
    assert told(house, "escalated") == [
        "आपको प्रतीक्षा करते हुए 2 मिनट हो गए हैं। अब तक आपको जवाब नहीं मिल पाया है; इसके लिए हमें खेद है।"
    ]


def test_past_the_promise_hindi_names_no_past_time(house):
    house.hand_over(customer=hindi())
    house.later(minutes=9)
    again = house.hand_over(customer=hindi())
    assert again.customer_text == "आपकी बातचीत Ravi के पास है। आपको जल्द से जल्द जवाब दिया जाएगा।"
