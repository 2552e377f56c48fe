"""An owner does the whole job from Slack's stand-in, at either helpdesk, and the customer hears each word once."""

from __future__ import annotations

import pytest

from bridge.handoffs.model import State

WORDS = "It is at no. 7, with *Mrs Rao*; {{ticket.requester.email}} stays as typed."


@pytest.fixture(params=["zendesk", "freshdesk"])
def desk(request, database_url, open_shop):
    return open_shop(database_url, helpdesk=request.param)


@pytest.fixture
def handoff(desk):
    made = desk.hand_over()
    desk.ticket(made)
    desk.card(made)
    desk.quiet()
    return made


class Person:
    """Somebody in front of the card."""

    def __init__(self, desk, handoff, user_id):
        self.desk, self.handoff, self.user_id = desk, handoff, user_id
        self.slack = desk.sandbox.slack

    def press(self, action):
        channel, card = self.desk.card(self.handoff)
        self.slack.press(channel, card.ts, action, self.user_id)

    def choose(self, action):
        channel, card = self.desk.card(self.handoff)
        self.slack.choose(channel, card.ts, "more", self.user_id, f"{action}:{self.handoff}")

    def modal(self, title):
        return self.desk.until(
            f"the modal {title}",
            lambda: (view := self.slack.view_of(self.user_id)) and view["title"]["text"] == title and view,
        )

    def submit(self, values=None):
        return self.slack.submit(self.user_id, values or {})


@pytest.fixture
def asha(desk, handoff):
    return Person(desk, handoff, "U07ASHA")


def said_in_public(desk, handoff):
    comments = desk.comments(desk.ticket(handoff))
    return [one for one in comments if WORDS.split(";", maxsplit=1)[0] in one["text"] and one["public"]]


def test_a_reply_from_the_card_is_the_persons_own_and_reaches_the_customer_once(desk, handoff, asha):
    asha.press("reply")
    asha.modal("Reply to customer")
    asha.submit({"text": WORDS})
    assert WORDS in str(asha.modal("Send this?")["blocks"])
    assert asha.submit().closed

    answered = desk.answered(handoff)
    assert answered["answered_by"] == "Asha Rao"
    desk.quiet()
    assert len(said_in_public(desk, handoff)) == 1
    (message,) = desk.told("message")
    assert (message["message"]["text"], message["message"]["author"]) == (WORDS, "Asha Rao")
    assert desk.card_says(handoff, "*Answered* by Asha Rao")
    assert desk.handoff(handoff).claimed_by == "asha"


def test_a_reply_left_at_the_last_look_says_nothing(desk, handoff, asha):
    asha.press("reply")
    asha.modal("Reply to customer")
    asha.submit({"text": WORDS})
    asha.modal("Send this?")
    asha.slack.close_view(asha.user_id)
    desk.quiet()

    assert said_in_public(desk, handoff) == []
    assert desk.look(handoff)["answered_at"] is None


def test_a_line_in_the_cards_thread_never_reaches_the_customer(desk, handoff, asha):
    channel, card = desk.card(handoff)
    asha.slack.write(asha.user_id, channel, "Tell them it is at no. 7", thread_ts=card.ts)
    desk.quiet()

    assert desk.told("message") == []
    assert not any("no. 7" in one["text"] for one in desk.comments(desk.ticket(handoff)))


def test_a_handoff_handed_over_is_assigned_in_the_helpdesk_too(desk, handoff, asha):
    other = "ravi" if desk.handoff(handoff).owner != "ravi" else "asha"
    asha.choose("hand_over")
    asha.modal("Hand over")
    assert asha.submit({"person": other, "reason": "speaks Tamil"}).closed
    desk.quiet()

    assert desk.handoff(handoff).owner == other
    assignee = next(one["assignee"] for one in desk.tickets() if int(one["id"]) == desk.ticket(handoff))
    assert assignee.split()[0].lower() == other
    assert any("speaks Tamil" in line for line in desk.thread(handoff))


def test_a_snooze_without_its_reason_is_not_sent_and_one_too_long_is_told_at_the_field(desk, handoff, asha):
    owner = Person(desk, handoff, f"U07{desk.handoff(handoff).owner.upper()}")
    owner.choose("snooze")
    owner.modal("Snooze")
    assert "reason" in owner.submit({"minutes": "60"}).errors
    shown = owner.submit({"minutes": "60", "reason": "on the phone with them"})

    assert "Only a lead" in shown.errors["minutes"]
    assert desk.handoff(handoff).snoozed_until is None


def test_a_resolved_handoff_is_solved_at_the_helpdesk_and_back_with_the_bot(desk, handoff, asha):
    asha.press("note")
    asha.modal("Private note")
    assert asha.submit({"text": "Spam, I am sure."}).closed
    asha.choose("resolve")
    asha.modal("Resolve")
    assert asha.submit({"outcome": "spam"}).closed
    desk.quiet()

    assert desk.handoff(handoff).state is State.RESOLVED
    (told,) = desk.told("resolved")
    assert (told["outcome"], told["bot"]) == ("spam", "resume")
    status = next(one["status"] for one in desk.tickets() if int(one["id"]) == desk.ticket(handoff))
    assert str(status).lower() in ("solved", "resolved", "4")


def test_a_press_by_two_people_in_one_moment_is_one_claim_and_one_private_word(desk, handoff, asha):
    Person(desk, handoff, "U07RAVI").press("claim")
    asha.press("claim")
    desk.quiet()

    assert len(desk.events(handoff, "claimed")) == 1
    channel, _ = desk.card(handoff)
    assert any("has it already" in str(word) for word in asha.slack.whispers_to("U07ASHA", channel))
