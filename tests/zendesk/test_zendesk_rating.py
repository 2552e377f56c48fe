"""What the customer said in the survey, as Zendesk keeps it on the ticket."""

from __future__ import annotations

import pytest

from connectors.base import CustomerRating, Once, Rating


@pytest.fixture
def ref(helpdesk, draft):
    return helpdesk.open_ticket(draft(), Once(key="dlv_open")).ref


@pytest.mark.parametrize(
    ("score", "rating"),
    [
        ("good", Rating.GOOD),
        ("good_with_comment", Rating.GOOD),
        ("bad", Rating.BAD),
        ("bad_with_comment", Rating.BAD),
    ],
)
def test_a_rating_is_read_with_the_ticket(desk, helpdesk, ref, score, rating):
    desk.zendesk.rate(int(ref.id), score, "thanks")

    assert helpdesk.history(ref).rating == CustomerRating(rating=rating, words="thanks")


@pytest.mark.parametrize("score", ["offered", "unoffered", "something_new"])
def test_a_survey_that_nobody_answered_is_no_rating(desk, helpdesk, ref, score):
    desk.zendesk.rate(int(ref.id), score)

    assert helpdesk.history(ref).rating is None
