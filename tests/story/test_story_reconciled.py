"""No webhook comes, and everything people do in either helpdesk is found all the same."""

from __future__ import annotations

import pytest
from running_shop import POLLS

AGENTS = {"zendesk": {"asha": 3601, "ravi": 3602}, "freshdesk": {"asha": 4601, "ravi": 4602}}
SOLVED = {"zendesk": "solved", "freshdesk": 4}


@pytest.fixture(params=["zendesk", "freshdesk"])
def deaf(request, sqlite_url, open_shop):
    """A shop at one of the helpdesks, to which every webhook is dropped."""
    shop = open_shop(sqlite_url, poll_every=POLLS, helpdesk=request.param)
    shop.goes_wrong(request.param, "WEBHOOK *", "drop", times=1000)
    return shop


@pytest.fixture
def standin(deaf):
    return deaf.helpdesk


def test_a_reply_is_found(deaf, standin):
    handoff = deaf.hand_over()
    standin.reply(deaf.ticket(handoff), AGENTS[deaf.vendor]["asha"], "It is on its way.", public=True)

    assert deaf.answered(handoff)["answered_by"] == "Asha Rao"


def test_an_assignment_is_found(deaf, standin):
    handoff = deaf.hand_over()
    before = deaf.handoff(handoff).owner
    other = next(key for key in ("asha", "ravi") if key != before)
    deaf.quiet()
    standin.assign(deaf.ticket(handoff), AGENTS[deaf.vendor][other])

    deaf.until("the new owner", lambda: deaf.handoff(handoff).owner == other)


def test_a_solved_ticket_is_found(deaf, standin):
    handoff = deaf.hand_over()
    standin.reply(deaf.ticket(handoff), AGENTS[deaf.vendor]["asha"], "It is on its way.", public=True)
    deaf.answered(handoff)
    standin.set_status(deaf.ticket(handoff), SOLVED[deaf.vendor])

    deaf.until("the end", lambda: deaf.look(handoff)["state"] == "resolved")


@pytest.mark.parametrize("spam", [False, True])
def test_a_deleted_ticket_and_spam_are_found(deaf, standin, spam):
    handoff = deaf.hand_over()
    deaf.quiet()
    standin.delete(deaf.ticket(handoff), spam=spam)

    deaf.until("the loss", lambda: deaf.look(handoff)["state"] == "orphaned")


def test_a_merge_is_found(deaf, standin):
    handoff = deaf.hand_over()
    other = standin.new_ticket("Hello", "lena@customer.example", "It broke")
    deaf.quiet()
    standin.merge(deaf.ticket(handoff), other)

    deaf.until("the move", lambda: deaf.handoff(handoff).ticket.id == str(other))


def test_a_rating_is_found(deaf, standin):
    handoff = deaf.hand_over()
    deaf.quiet()
    if deaf.vendor == "zendesk":
        standin.rate(deaf.ticket(handoff), "bad", "too slow")
    else:
        standin.survey_answer(deaf.ticket(handoff), "too slow", -103)

    deaf.until("the rating", lambda: deaf.handoff(handoff).rating == "bad")
