"""What the customer said in the survey: asked for only where one was answered."""

from __future__ import annotations

import pytest

from connectors.base import CustomerRating, Rating


@pytest.mark.parametrize(
    ("score", "rating"),
    [(103, Rating.GOOD), (101, Rating.GOOD), (100, Rating.NEUTRAL), (-101, Rating.BAD), (-103, Rating.BAD)],
)
def test_an_answer_is_read_with_the_ticket(helpdesk, account, opened, score, rating):
    account.freshdesk.survey_answer(int(opened.id), "well", score)

    assert helpdesk.history(opened).rating == CustomerRating(rating=rating, words="well")


def test_the_newest_answer_counts(helpdesk, account, opened):
    account.freshdesk.survey_answer(int(opened.id), "slow", -103)
    account.clock.forward(minutes=1)
    account.freshdesk.survey_answer(int(opened.id), "well in the end", 102)

    assert helpdesk.history(opened).rating.rating is Rating.GOOD


def test_nothing_is_asked_where_no_survey_was_answered(helpdesk, account, opened):
    account.journal.clear()

    assert helpdesk.history(opened).rating is None
    assert not any("satisfaction" in call for call in account.calls())


def test_a_plan_without_surveys_hides_no_ticket(helpdesk, account, opened):
    account.freshdesk.survey_answer(int(opened.id), "well")
    account.goes_wrong("GET tickets/*/satisfaction_ratings", "status", status=403)

    history = helpdesk.history(opened)

    assert history.rating is None
    assert history.messages
