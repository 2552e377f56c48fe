"""Summaries: the bot's own, or one by rules."""

from __future__ import annotations

import pytest

from bridge.handoffs.built_summary import says_something
from bridge.handoffs.model import Attempt, Context, Record, Speaker, Summary, Trigger, TriggerKind, Turn
from bridge.handoffs.summary import ANSWER, summarise, two_lines


def context(**changes):
    plain = {"conversation_id": "c-1", "channel": "web", "trigger": Trigger(kind=TriggerKind.ASKED)}
    return Context(**{**plain, **changes})


def customer(*texts):
    return tuple(Turn(speaker=Speaker.CUSTOMER, text=text) for text in texts)


def test_the_bots_own_summary_is_kept():
    given = Summary(wants="a refund", tried="the FAQ", suspects="a split payment")
    assert summarise(context(summary=given)) == given


def test_fault_59_an_overlong_answer_is_cut_at_a_sentence():
    """A bot's summary is thousands of characters long: it is cut after a sentence."""
    wants = "A refund for order 4411. " + "The parcel came late and broken. " * 120
    cut = summarise(context(summary=Summary(wants=wants))).wants
    assert len(cut) <= ANSWER
    assert cut.endswith("broken. …")


def test_fault_59_a_missing_summary_is_built_and_marked():
    """A bot sends no summary: one is built from the reason and the customer's last words, and marked."""
    built = summarise(
        context(
            topic="billing_dispute",
            trigger=Trigger(kind=TriggerKind.FAILURE, code="no_match"),
            records=(Record(kind="order", id="4411"),),
            attempts=(Attempt(what="looked up the order", outcome="timeout"),),
            transcript=customer("hello", "I was charged twice for my order", "agent please", "ok"),
        )
    )
    assert built == Summary(
        wants="billing dispute, order 4411: “I was charged twice for my order”",
        tried="looked up the order (timeout)",
        suspects="the bot could not do it (no match)",
        built=True,
    )


def test_an_empty_summary_counts_as_missing():
    assert summarise(context(summary=Summary(wants="  "), topic="refund")).built


def test_an_answer_the_bot_left_empty_is_filled_from_its_attempts():
    summary = summarise(context(summary=Summary(wants="a refund"), attempts=(Attempt(what="FAQ"),)))
    assert (summary.wants, summary.tried, summary.built) == ("a refund", "FAQ", False)


def test_a_short_last_turn_is_told_with_the_one_before():
    built = summarise(context(transcript=customer("Where is my refund?", "4411. I want a person.")))
    assert built.wants == "“Where is my refund? / 4411. I want a person.”"


def test_the_bots_words_are_not_the_customers():
    turns = (
        *customer("parcel arrived broken today"),
        Turn(speaker=Speaker.BOT, text="Try our wonderful FAQ page"),
    )
    assert summarise(context(transcript=turns)).wants == "“parcel arrived broken today”"


def test_with_nothing_known_the_lines_say_so():
    built = summarise(context(trigger=Trigger(kind=TriggerKind.OTHER)))
    assert two_lines(built) == ("Wants something not said yet", "Tried nothing yet; suspects nothing")


def test_a_customer_who_only_asked_wants_a_person():
    assert summarise(context(transcript=customer("agent please"))).wants == "a person"


def test_many_attempts_are_named_in_part_and_counted():
    attempts = tuple(Attempt(what=f"step {number}") for number in range(5))
    assert summarise(context(attempts=attempts)).tried == "step 2, step 3, step 4 and 2 more"


@pytest.mark.parametrize(
    "text",
    ["ok", "Hello!", "agent please", "I want to talk to a real person NOW", "👍", "हाँ जी", "转人工", "", "…"],
)
def test_a_call_for_a_person_says_nothing_of_the_matter(text):
    assert not says_something(text)


@pytest.mark.parametrize(
    "text", ["refund", "4411", "मेरा रिफंड कहाँ है", "退款", "I want a person for my invoice"]
)
def test_a_turn_with_content_is_seen(text):
    assert says_something(text)
