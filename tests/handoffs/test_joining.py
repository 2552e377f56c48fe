"""A conversation told a second time: what is said anew counts, what is left out stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.handoffs.joining import LONGEST_TRANSCRIPT, joined, joined_transcript
from bridge.handoffs.model import (
    Context,
    Customer,
    Hints,
    Record,
    Speaker,
    Summary,
    Trigger,
    TriggerKind,
    Turn,
)

ASKED = Trigger(kind=TriggerKind.ASKED)
UNSAID = Trigger(kind=TriggerKind.OTHER)
KIRAN = Customer(
    name="Kiran", email="old@x.example", phone="+91 1", external_id="42", tier="gold", locale="hi-IN"
)


def told(**fields):
    return Context(**{"conversation_id": "c-1", "channel": "web", "trigger": ASKED, **fields})


def turns(*texts):
    return tuple(Turn(speaker=Speaker.CUSTOMER, text=str(text)) for text in texts)


def test_a_new_email_leaves_the_rest_of_the_customer_as_it_was():
    again = joined(told(customer=KIRAN), told(customer=Customer(email="new@x.example", name="")))
    assert again.customer == Customer(
        name="Kiran", email="new@x.example", phone="+91 1", external_id="42", tier="gold", locale="hi-IN"
    )


def test_hints_and_summary_are_joined_member_by_member():
    first = told(hints=Hints(group="Billing", owner="asha"), summary=Summary(wants="a refund", tried="FAQ"))
    again = joined(first, told(hints=Hints(owner="ravi"), summary=Summary(suspects="fraud")))
    assert again.hints == Hints(group="Billing", owner="ravi")
    assert again.summary == Summary(wants="a refund", tried="FAQ", suspects="fraud")


@pytest.mark.parametrize(
    ("known", "more", "wanted"),
    [
        (None, None, None),
        (None, Summary(wants="b"), Summary(wants="b")),
        (Summary(wants="a"), None, Summary(wants="a")),
    ],
)
def test_a_summary_told_once_is_the_summary(known, more, wanted):
    assert joined(told(summary=known), told(summary=more)).summary == wanted


def test_what_is_left_out_stays_and_what_is_said_counts():
    first = told(topic="refund", sentiment="calm", callback_url="https://bot.example/", customer=KIRAN)
    again = joined(first, told(trigger=UNSAID, topic="billing", sentiment=""))
    assert again == told(
        topic="billing", sentiment="calm", callback_url="https://bot.example/", customer=KIRAN
    )


def test_a_new_trigger_counts_and_the_channel_stays():
    again = joined(told(), told(trigger=Trigger(kind=TriggerKind.EMOTION), channel="whatsapp"))
    assert (again.trigger.kind, again.channel) == (TriggerKind.EMOTION, "web")


def test_records_facts_and_unknown_fields_add_up():
    first = told(records=(Record(kind="order", id="1"),), fields={"a": 1}, extra={"x": 1})
    again = joined(first, told(records=(Record(kind="order", id="2"),), fields={"a": 2}, extra={"y": 2}))
    assert [record.id for record in again.records] == ["1", "2"]
    assert (again.fields, again.extra) == ({"a": 2}, {"x": 1, "y": 2})


@pytest.mark.parametrize(
    ("known", "more", "wanted"),
    [
        ("", "", ""),
        ("", "ab", "ab"),
        ("ab", "", "ab"),
        ("ab", "abc", "abc"),
        ("abc", "bc", "abc"),
        ("abm", "abc", "abmc"),
        ("ab", "cd", "abcd"),
        ("ya", "ayy", "yay"),
    ],
)
def test_transcripts_are_joined_turn_by_turn(known, more, wanted):
    whole = joined_transcript(turns(*known), turns(*more))
    assert "".join(turn.text for turn in whole) == wanted


def test_the_same_words_at_another_time_are_another_turn():
    at = [datetime(2026, 11, 2, 12, minute, tzinfo=UTC) for minute in (0, 1)]
    first, second = (Turn(speaker=Speaker.CUSTOMER, text="hello?", at=one) for one in at)
    assert joined_transcript((first,), (second,)) == (first, second)


def test_the_newest_turns_of_a_long_transcript_are_kept():
    long = turns(*range(20_000))
    assert joined_transcript((), long) == long[-LONGEST_TRANSCRIPT:]
    assert joined_transcript(long, turns("new"))[-2:] == turns(19_999, "new")
    assert len(joined_transcript(long, turns("new"))) == LONGEST_TRANSCRIPT


def test_each_turn_is_looked_up_and_not_searched_for(monkeypatch):
    known, more, compared = turns(*range(20_000)), turns(*range(18_500, 20_500)), []
    same = Turn.__eq__
    monkeypatch.setattr(Turn, "__eq__", lambda one, other: compared.append(1) or same(one, other))
    assert joined_transcript(known, more)[-1].text == "20499"
    assert len(compared) < 10_000
