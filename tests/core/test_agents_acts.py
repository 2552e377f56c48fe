"""What a person does with a handoff from the chat: each act once, by whoever may, with its actor on the timeline."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest

from bridge.handoffs.model import CardRef, State
from bridge.inbound.press import Presses
from bridge.store import tables
from connectors.base import TicketState
from connectors.chat import Action, Press, PressAnswer
from connectors.errors import Gone, OutcomeUnknown, Rejected

CARD = CardRef(connection="chat", channel="C0EVENING", message="1")
NUMBERS = count(1)


@pytest.fixture
def presses(house):
    house.chat.vendor = "slack"  # under this name the desk's people carry their ids
    house.helpdesk.now = lambda: house.now
    return Presses(
        database=house.database,
        accounts=house.accounts,
        account_id="main",
        connectors=house.connectors,
        clock=lambda: house.now,
    )


@pytest.fixture
def waiting(house, presses):
    """A handoff with ticket and card, owned by Ravi, whom the evening shift has."""
    receipt = house.hand_over(callback_url="https://bot.example/hook")
    house.pay()
    assert house.handoff(receipt.handoff_id).owner == "ravi"
    return receipt.handoff_id


@pytest.fixture
def act(presses, waiting):
    """Press or send off as somebody, by their key in the desk; return what they see."""

    def do(action, who="ravi", *, event_id=None, entered=None, kept=None) -> PressAnswer:
        press = Press(
            event_id=event_id or f"press {next(NUMBERS)}",
            action=action,
            handoff_id=waiting,
            user_id=f"U07{who.upper()}",
            user_name=who,
            card=CARD,
            trigger="trigger",
            entered=entered,
            kept=kept or {},
        )
        answer = presses.take(press)
        if answer.text:
            presses.refuse(press, answer.text)
        return answer

    return do


def event(house, handoff_id, name):
    return next(
        row for row in house.all(tables.timeline) if row.handoff_id == handoff_id and row.event == name
    )


def lines(house):
    """Every line said in the chat, with the place it was said in."""
    return [
        (place, notice.text, [person.key for person in notice.tag]) for place, notice in house.chat.notices
    ]


def test_an_act_that_asks_first_opens_its_dialog_and_changes_nothing_yet(house, act, waiting):
    before = house.handoff(waiting)

    assert act(Action.HAND_OVER) == PressAnswer()
    house.pay()

    ((trigger, dialog),) = house.chat.dialogs
    assert (trigger, dialog.action, dialog.card) == ("trigger", Action.HAND_OVER, CARD)
    assert "ravi" not in [choice.value for choice in dialog.fields[0].choices]
    assert house.handoff(waiting) == before


def test_a_dialog_that_can_no_longer_open_is_told_and_not_tried_again(house, act, waiting):
    act(Action.HAND_OVER)
    house.later(seconds=4)
    house.pay()

    assert house.chat.dialogs == []
    assert lines(house)[-1][:2] == ("C0EVENING@U07RAVI", "If nothing has opened, please press once more.")


@pytest.mark.parametrize("error", [Gone("chat", "expired"), OutcomeUnknown("chat", "no answer")])
def test_a_dialog_that_the_chat_may_not_have_opened_is_told(house, act, waiting, error):
    act(Action.NOTE)
    house.chat.fail_before(error)
    house.pay()
    house.later(seconds=2)
    house.pay()

    assert house.chat.dialogs == []
    assert "press once more" in lines(house)[-1][1]


def test_a_handoff_goes_to_whom_it_is_handed_over(house, act, waiting):
    act(Action.CLAIM)
    answer = act(
        Action.HAND_OVER, entered={"person": "asha", "reason": "She speaks Hindi; card 4111 1111 1111 1111"}
    )
    house.pay()

    assert answer == PressAnswer()
    handoff = house.handoff(waiting)
    assert (handoff.owner, handoff.claimed_by) == ("asha", None)
    assert house.helpdesk.changed[-1][1].assignee.key == "asha"
    assert house.chat.cards["1"][-1].owner.key == "asha"
    place, text, tagged = lines(house)[-1]
    assert (place, tagged) == ("C0EVENING/1", ["asha"])
    assert text.startswith("Ravi hands it over to you: She speaks Hindi")
    assert "4111" not in text
    told = event(house, waiting, "reassigned")
    assert (told.actor, told.data["to"], told.data["before"]) == ("ravi", "Asha", "ravi")


def test_the_clocks_run_on_for_the_new_owner(house, act, waiting):
    act(Action.HAND_OVER, entered={"person": "asha"})
    house.pay()
    house.later(minutes=2, seconds=31)
    house.tick()
    house.pay()

    reminded = [place for place, _, _ in lines(house) if place == "@asha"]
    assert reminded


def test_handing_over_to_somebody_the_desk_has_lost_is_told_at_the_field(act):
    assert act(Action.HAND_OVER, entered={"person": "nobody"}).problems == {
        "person": "The desk does not know this person any more."
    }


def test_a_dialog_sent_off_twice_has_one_effect(house, act, waiting):
    for _ in range(2):
        act(Action.NOTE, entered={"text": "Called the courier."}, event_id="dialog V1")
    house.pay()

    assert len(house.helpdesk.messages["1"]) == 1


def test_a_dialog_mended_after_a_mistake_is_taken(house, act, waiting):
    act(Action.HAND_OVER, entered={"person": "nobody"}, event_id="dialog V1")
    act(Action.HAND_OVER, entered={"person": "asha"}, event_id="dialog V1")

    assert house.handoff(waiting).owner == "asha"


def test_the_wrong_team_is_put_right_with_its_reason(house, act, waiting):
    answer = act(Action.WRONG_TEAM, entered={"group": "Billing", "reason": "a refund"})
    house.pay()

    assert answer == PressAnswer()
    handoff = house.handoff(waiting)
    assert handoff.route.group == "Billing"
    assert handoff.route.reasons[-1].text == "Ravi chose the group Billing"
    assert house.helpdesk.changed[-1][1].group == "Billing"
    told = event(house, waiting, "rerouted")
    assert (told.actor, told.data) == (
        "ravi",
        {"before": "Support", "group": "Billing", "reason": "a refund"},
    )


@pytest.mark.parametrize(
    ("entered", "field"),
    [({"group": "Nowhere", "reason": "x"}, "group"), ({"group": "Billing", "reason": " "}, "reason")],
)
def test_a_team_that_is_not_or_without_a_reason_is_told_at_the_field(house, act, waiting, entered, field):
    assert list(act(Action.WRONG_TEAM, entered=entered).problems) == [field]
    assert house.handoff(waiting).route.group == "Support"


def test_the_owner_cannot_snooze_beyond_the_promise(house, act, waiting):
    house.later(minutes=1)
    answer = act(Action.SNOOZE, entered={"minutes": "5", "reason": "x"})

    assert "Only a lead" in answer.problems["minutes"]
    assert house.handoff(waiting).snoozed_until is None


def test_a_snooze_within_the_promise_keeps_the_ladder_quiet(house, act, waiting):
    house.change(waiting, lambda change: change.become(promised_at=house.now + timedelta(minutes=15)))
    assert act(Action.SNOOZE, entered={"minutes": "10", "reason": "on the phone with them"}) == PressAnswer()
    house.pay()

    assert house.chat.cards["1"][-1].snoozed_by == "Ravi Iyer"
    house.later(minutes=9)
    house.tick()
    assert "escalated" not in house.events(waiting)
    house.later(minutes=1)
    house.tick()
    assert "escalated" in house.events(waiting)


def test_only_a_lead_snoozes_beyond_the_promise(house, act, waiting):
    entered = {"minutes": "30", "reason": "they asked to be called at seven"}
    assert "Only a lead" in act(Action.SNOOZE, "ravi", entered=entered).problems["minutes"]

    assert act(Action.SNOOZE, "meera", entered=entered) == PressAnswer()
    told, promised = event(house, waiting, "snoozed"), house.handoff(waiting).promised_at
    assert (told.actor, told.data["reason"]) == ("meera", "they asked to be called at seven")
    house.now = promised
    house.tick()
    assert "breached" in house.events(waiting)  # the promise never sleeps
    assert "escalated" not in house.events(waiting)


def test_rungs_put_off_together_do_not_fire_together(house, act, waiting):
    act(Action.SNOOZE, "meera", entered={"minutes": "60", "reason": "x"})
    until = house.handoff(waiting).snoozed_until

    due = [row.due_at - until for row in house.all(tables.clocks) if row.rung > 0]
    assert due == [timedelta(minutes=wait) for wait in (0, 2.5, 5, 7.5)]


def test_no_rung_that_an_owner_puts_off_passes_the_promise(house, act, waiting):
    house.change(waiting, lambda change: change.become(promised_at=house.now + timedelta(minutes=11)))
    act(Action.SNOOZE, entered={"minutes": "10", "reason": "x"})

    due = [row.due_at - house.now for row in house.all(tables.clocks) if row.rung > 0]
    assert due == [timedelta(minutes=wait) for wait in (10, 11, 11, 11)]


def test_somebody_who_does_not_have_it_cannot_snooze_it(house, act, waiting):
    answer = act(Action.SNOOZE, "asha", entered={"minutes": "5", "reason": "x"})

    assert answer.problems == {"minutes": "Only who has it, or a lead, can snooze it."}


def test_an_escalation_fires_the_next_rung_at_once_and_once(house, act, waiting):
    assert act(Action.ESCALATE) == PressAnswer()
    house.tick()
    assert act(Action.ESCALATE).text == "It was escalated a moment ago."
    house.tick()

    assert house.events(waiting).count("escalated") == 1
    assert event(house, waiting, "pushed_up").actor == "ravi"


def test_an_escalation_after_the_last_rung_calls_the_lead(house, act, waiting):
    house.later(minutes=20)
    house.tick()
    act(Action.ESCALATE)
    house.pay()

    assert any("Ravi Iyer asks for help" in text and tagged == ["meera"] for _, text, tagged in lines(house))


def test_an_escalation_ends_a_snooze(house, act, waiting):
    act(Action.SNOOZE, "meera", entered={"minutes": "60", "reason": "x"})
    act(Action.ESCALATE)
    house.tick()

    assert house.handoff(waiting).snoozed_until is None
    assert "escalated" in house.events(waiting)


def test_a_reply_is_shown_before_it_is_sent(house, act, waiting):
    answer = act(Action.REPLY, entered={"text": "Your parcel is at the neighbour's, *no. 7*."})

    assert answer.dialog.action is Action.SEND_REPLY
    assert answer.dialog.quoted == "Your parcel is at the neighbour's, *no. 7*."
    assert answer.dialog.kept["text"] == answer.dialog.quoted
    assert "To Priya by whatsapp, from Ravi Iyer, through ticket 1." in answer.dialog.lines[0]
    house.pay()
    assert house.handoff(waiting).answered_at is None
    assert "reply_written" not in house.events(waiting)


def test_a_reply_stands_on_the_ticket_under_the_persons_name_and_stops_the_clock(house, act, waiting):
    house.later(seconds=30)
    act(Action.SEND_REPLY, entered={}, kept={"text": "It is at no. 7."})
    assert house.handoff(waiting).answered_at is None  # nothing is said before the helpdesk has it
    house.pay()

    (said,) = house.helpdesk.messages["1"]
    assert (said.author.name, said.public, said.text) == ("Ravi Iyer", True, "It is at no. 7.")
    handoff = house.handoff(waiting)
    assert (handoff.state, handoff.answered_by, handoff.answered_at) == (
        State.ANSWERED,
        "Ravi Iyer",
        house.now,
    )
    assert handoff.claimed_by == "ravi"
    assert event(house, waiting, "answered").data["message"]["id"] == said.id


def test_a_reply_whose_answer_was_lost_is_said_once(house, act, waiting):
    house.helpdesk.fail_after(OutcomeUnknown("helpdesk", "no answer"))
    act(Action.CLAIM)
    house.pay()
    act(Action.SEND_REPLY, entered={}, kept={"text": "It is at no. 7."})
    for _ in range(3):
        house.later(seconds=5)
        house.pay()

    assert len(house.helpdesk.messages["1"]) == 1
    assert house.handoff(waiting).state is State.ANSWERED


def test_a_reply_that_cannot_be_written_is_told_to_who_wrote_it_and_to_the_lead(house, act, waiting):
    act(Action.CLAIM)
    house.pay()
    house.helpdesk.fail_before(Rejected("helpdesk", "the ticket takes no comment"))
    act(Action.SEND_REPLY, entered={}, kept={"text": "It is at no. 7."})
    house.pay()

    assert house.handoff(waiting).answered_at is None
    told = [text for place, text, _ in lines(house) if place == "@ravi"]
    assert any(
        "could not be written on the ticket" in text and "write it in the helpdesk" in text for text in told
    )
    assert any(tagged == ["meera"] and "did not reach its ticket" in text for _, text, tagged in lines(house))


def test_a_private_note_stands_on_the_ticket_and_answers_nobody(house, act, waiting):
    act(Action.NOTE, entered={"text": "Called the courier."})
    house.pay()

    (said,) = house.helpdesk.messages["1"]
    assert (said.author.name, said.public) == ("Ravi Iyer", False)
    handoff = house.handoff(waiting)
    assert (handoff.state, handoff.claimed_by) == (State.OPEN, None)


@pytest.mark.parametrize("action", [Action.REPLY, Action.NOTE])
def test_nothing_written_is_told_at_the_field(act, action):
    assert list(act(action, entered={"text": "  "}).problems) == ["text"]


def test_a_handoff_is_given_back_with_its_outcome(house, act, waiting):
    answer = act(Action.RESOLVE, entered={"outcome": "customer_left", "reason": "no answer since noon"})
    house.pay()

    assert answer == PressAnswer()
    handoff = house.handoff(waiting)
    assert (handoff.state, handoff.outcome.value, handoff.outcome_by) == (
        State.RESOLVED,
        "customer_left",
        "ravi",
    )
    assert house.helpdesk.states["1"] is TicketState.SOLVED


def test_solved_without_an_answer_is_told_at_the_field(house, act, waiting):
    answer = act(Action.RESOLVE, entered={"outcome": "solved"})

    assert "Answer the customer first" in answer.problems["outcome"]
    assert house.handoff(waiting).state is State.OPEN


def test_a_verdict_on_the_context_is_kept_at_the_press_and_once(house, act, waiting):
    for _ in range(2):
        assert act(Action.RE_ASKED) == PressAnswer()
    house.pay()

    assert house.events(waiting).count("context_rated") == 1
    assert event(house, waiting, "context_rated").data == {"verdict": "re_asked"}
    assert house.chat.dialogs[0][1].fields[0].label == "What did you have to ask again?"


def test_a_line_may_be_added_to_the_verdict(house, act, waiting):
    act(Action.RE_ASKED)
    act(Action.REMARK, entered={"text": "the order number"}, kept={"verdict": "re_asked"})

    told = event(house, waiting, "context_remarked")
    assert (told.actor, told.data) == ("ravi", {"verdict": "re_asked", "words": "the order number"})


@pytest.mark.parametrize(
    ("action", "entered"),
    [
        (Action.HAND_OVER, {"person": "asha"}),
        (Action.WRONG_TEAM, {"group": "Billing", "reason": "x"}),
        (Action.SNOOZE, {"minutes": "5", "reason": "x"}),
        (Action.ESCALATE, None),
        (Action.RESOLVE, {"outcome": "spam"}),
        (Action.NOTE, {"text": "x"}),
        (Action.SEND_REPLY, {}),
    ],
)
def test_what_is_over_takes_no_act(house, act, waiting, action, entered):
    house.helpdesk.states["1"] = TicketState.DELETED
    house.change(waiting, lambda change: change.owe("read_ticket", "helpdesk"))
    house.pay()
    before = house.handoff(waiting)
    answer = act(action, entered=entered, kept={"text": "x"})

    assert "It is over" in (answer.text or "".join(answer.problems.values()))
    assert house.handoff(waiting) == before


@pytest.mark.parametrize("action", list(Action))
def test_a_stranger_can_do_nothing(house, act, waiting, action):
    before = house.handoff(waiting)
    answer = act(action, "stranger", entered={} if action is Action.SEND_REPLY else None, kept={"text": "x"})

    assert answer.text.startswith("Only people of this desk")
    assert house.handoff(waiting) == before
