"""A person ends a handoff with an outcome, and the bot has the conversation again."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update

from bridge.handoffs import lifecycle
from bridge.handoffs.model import BotMay, State
from bridge.handoffs.returning import Outcome, give_back
from bridge.inbound.history import told_by
from bridge.store import tables
from connectors.base import TicketHistory, TicketState
from connectors.chat import CardState

CALLBACK = "https://bot.example/callback"
UNANSWERED = [outcome for outcome in Outcome if outcome is not Outcome.SOLVED]


def ravi(house):
    return house.account().person("ravi")


def ends(house, handoff_id, outcome, words=None):
    """Let Ravi end it; return what he was told."""
    told = []
    house.change(handoff_id, lambda change: told.append(give_back(change, ravi(house), outcome, words)))
    return told[-1]


def answers(house, handoff_id):
    said = {"by": "Ravi Iyer", "at": house.now, "text": "On its way.", "message_id": "1"}
    house.change(handoff_id, lambda change: lifecycle.answered(change, **said))


def told_the_bot(house):
    """Return type and data of each callback, in order."""
    events = [json.loads(body) for _, _, body in house.sender.posts]
    return [(event["type"].removeprefix("handoff."), event["data"]) for event in events]


def noted(house, handoff_id, event):
    (found,) = [
        row for row in house.all(tables.timeline) if (row.handoff_id, row.event) == (handoff_id, event)
    ]
    return found


def test_solved_without_an_answer_is_refused_and_nothing_changes(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    before = house.handoff(handoff_id)
    refusal = ends(house, handoff_id, Outcome.SOLVED)
    assert refusal == "Answer the customer first, or choose another outcome."
    assert house.handoff(handoff_id) == before
    assert house.pay() == 0


def test_an_answered_handoff_is_solved_everywhere_and_the_bot_resumes(house):
    handoff_id = house.hand_over(callback_url=CALLBACK).handoff_id
    house.pay()
    answers(house, handoff_id)
    assert ends(house, handoff_id, Outcome.SOLVED, "The parcel was next door.") is None
    house.pay()
    found = house.handoff(handoff_id)
    assert (found.state, found.outcome, found.outcome_by) == (State.RESOLVED, Outcome.SOLVED, "ravi")
    assert house.helpdesk.states == {"1": TicketState.SOLVED}
    (_, change) = house.helpdesk.changed[-1]
    assert change.note.lines == (
        "Ravi Iyer gave the conversation back to the bot: solved.",
        "The parcel was next door.",
    )
    card = house.chat.cards["1"][-1]
    assert (card.state, card.closing) == (CardState.CLOSED, "solved, given back by Ravi Iyer")
    event, data = told_the_bot(house)[-1]
    assert (event, data["outcome"], data["bot"]) == ("resolved", "solved", "resume")


@pytest.mark.parametrize("outcome", UNANSWERED)
def test_every_other_outcome_closes_without_an_answer_and_stops_the_clocks(house, outcome):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    assert ends(house, handoff_id, outcome) is None
    found = house.handoff(handoff_id)
    assert (found.state, found.outcome, found.answered_at) == (State.RESOLVED, outcome, None)
    assert {row.state for row in house.all(tables.clocks)} == {"cancelled"}
    house.pay()
    assert house.helpdesk.states == {"1": TicketState.SOLVED}


def test_the_words_are_on_the_timeline_and_the_bot_does_not_hear_them(house):
    handoff_id = house.hand_over(callback_url=CALLBACK).handoff_id
    house.pay()
    ends(house, handoff_id, Outcome.NOT_SOLVED, "  She shouted\0. " + "x" * 3000)
    house.pay()
    row = noted(house, handoff_id, "resolved")
    assert (row.actor, row.data["by"], row.data["outcome"]) == ("ravi", "Ravi", "not_solved")
    assert row.data["words"].startswith("She shouted.")
    assert len(row.data["words"]) <= 2000
    assert "shouted" not in str(told_the_bot(house))


def test_what_is_over_cannot_be_ended_again(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    ends(house, handoff_id, Outcome.SPAM)
    assert ends(house, handoff_id, Outcome.NOT_SOLVED) == "It is over already: it was ended before."
    assert house.handoff(handoff_id).outcome is Outcome.SPAM
    assert house.events(handoff_id).count("resolved") == 1


def test_our_own_solving_that_comes_back_by_a_reading_is_no_second_resolve(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    ends(house, handoff_id, Outcome.CUSTOMER_LEFT)
    house.pay()
    assert ("history", "1") in house.helpdesk.calls
    ticket = house.handoff(handoff_id).ticket
    told = TicketHistory(ref=ticket, state=TicketState.SOLVED, messages=())
    house.change(handoff_id, lambda change: told_by(change, told, ticket, "helpdesk"))
    assert [one for one in house.events(handoff_id) if "solved" in one] == ["resolved"]
    assert house.handoff(handoff_id).flags == ()


def test_a_ticket_solved_at_the_helpdesk_gives_back_as_solved(house):
    handoff_id = house.hand_over(callback_url=CALLBACK).handoff_id
    house.pay()
    answers(house, handoff_id)
    house.change(handoff_id, lambda change: lifecycle.resolved(change, actor="helpdesk"))
    house.pay()
    found = house.handoff(handoff_id)
    assert (found.state, found.outcome, found.outcome_by) == (State.RESOLVED, Outcome.SOLVED, None)
    event, data = told_the_bot(house)[-1]
    assert (event, data["outcome"], data["bot"]) == ("resolved", "solved", "resume")
    assert house.chat.cards["1"][-1].closing == "resolved"
    assert house.helpdesk.states == {}  # they solved it: we do not do it again


def test_the_bot_is_silent_while_people_have_it(house):
    handoff_id = house.hand_over(callback_url=CALLBACK).handoff_id
    house.pay()
    meera = house.account().person("meera")
    house.change(handoff_id, lambda change: lifecycle.claim(change, ravi(house), house.now))
    house.change(handoff_id, lambda change: lifecycle.reassign(change, meera, actor="ravi"))
    answers(house, handoff_id)
    house.pay()
    told = {event: data.get("bot") for event, data in told_the_bot(house)}
    assert {name: told[name] for name in ("claimed", "reassigned", "answered")} == dict.fromkeys(
        ("claimed", "reassigned", "answered"), "silent"
    )
    assert house.handoff(handoff_id).bot is BotMay.SILENT


def test_an_answer_that_comes_to_light_after_the_end_does_not_silence_the_bot(house):
    handoff_id = house.hand_over(callback_url=CALLBACK).handoff_id
    house.pay()
    ends(house, handoff_id, Outcome.NOT_SOLVED)
    answers(house, handoff_id)
    house.pay()
    (data,) = [data for event, data in told_the_bot(house) if event == "answered"]
    assert data["bot"] == "resume"


def test_a_withdrawal_because_the_customer_left_says_so_to_people_and_the_bot_resumes(house):
    handoff_id = house.hand_over(callback_url=CALLBACK).handoff_id
    house.pay()
    house.change(handoff_id, lambda change: lifecycle.withdraw(change, "customer_left"))
    house.pay()
    assert house.chat.cards["1"][-1].closing == "the customer left"
    note = house.helpdesk.changed[-1][1].note
    assert note.lines == ("The handoff was withdrawn: the customer left.",)
    event, data = told_the_bot(house)[-1]
    assert (event, data["reason"], data["bot"]) == ("withdrawn", "customer_left", "resume")


def test_a_withdrawal_for_any_other_reason_is_called_a_withdrawal(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    house.change(handoff_id, lambda change: lifecycle.withdraw(change, "the bot knew it after all"))
    house.pay()
    assert house.chat.cards["1"][-1].closing == "withdrawn"
    assert house.handoff(handoff_id).outcome is None


def test_a_handoff_whose_ticket_is_still_to_be_opened_is_solved_once_it_is(house):
    handoff_id = house.hand_over().handoff_id
    ends(house, handoff_id, Outcome.SPAM)
    house.pay()
    assert house.helpdesk.states == {"1": TicketState.SOLVED}


def test_an_outcome_of_a_person_who_left_the_desk_still_closes_the_card(house):
    handoff_id = house.hand_over().handoff_id
    house.pay()
    ends(house, handoff_id, Outcome.SPAM)
    gone = update(tables.handoffs).values(outcome_by="leela")
    house.database.transact(lambda tx: tx.execute(gone))
    house.pay()
    assert house.chat.cards["1"][-1].closing == "resolved"
