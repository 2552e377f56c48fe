"""The headline and the figures in words, none of them rounded in our favour."""

from __future__ import annotations

from datetime import timedelta

import pytest
from report_cases import after, many, received, report_of

from bridge.handoffs.model import State
from bridge.reports.honest import Share
from bridge.reports.wording import duration, headline, interval, percent, share

WEEK = "from 16 to 22 November (Asia/Kolkata)"
IN_TIME = {"answered_at": after(minutes=1)}


def waiting(count):
    return many(count, "waiting", window=timedelta(days=30))


def test_a_small_week_is_told_in_counts():
    report = report_of(*many(21, "in_time", **IN_TIME), *many(6, "missed"), *waiting(2))
    assert headline(report) == (
        f"21 of 27 customers handed over {WEEK} had a person's answer in time; 2 still pending."
    )


def test_from_thirty_on_there_is_a_percentage():
    report = report_of(*many(20, "in_time", **IN_TIME), *many(10, "missed"))
    assert headline(report) == (
        f"66.6 % (20 of 30) of the customers handed over {WEEK} had a person's answer in time."
    )


def test_the_headline_counts_a_customer_who_gave_up_as_a_miss():
    left = received("left", state=State.WITHDRAWN, closed_at=after(minutes=2))
    assert headline(report_of(left, received("seen", **IN_TIME))).startswith("1 of 2 customers")


def test_one_customer_is_one_customer():
    assert headline(report_of(received(**IN_TIME))).startswith("1 of 1 customer handed over")


def test_an_empty_week_says_so():
    assert headline(report_of(received(test=True))) == f"No customer was handed over {WEEK}."


@pytest.mark.parametrize(("count", "who"), [(1, "1 customer was"), (2, "2 customers were")])
def test_a_week_that_is_all_pending_has_no_share(count, who):
    assert headline(report_of(*waiting(count))) == (
        f"{who} handed over {WEEK}, still pending: there is nothing to count yet."
    )


@pytest.mark.parametrize(
    ("hits", "of", "said"), [(2999, 3000, "99.9 %"), (3000, 3000, "100.0 %"), (57, 100, "57.0 %")]
)
def test_a_share_is_cut_and_never_rounded_up(hits, of, said):
    assert percent(Share(hits=hits, of=of)) == said


def test_an_interval_is_rounded_outward():
    """Unrounded they are 59.58 to 98.21 and 18.07 to 45.43."""
    assert interval(Share(hits=9, of=10)) == "59.5 % to 98.3 %"
    assert interval(Share(hits=12, of=40)) == "18.0 % to 45.5 %"


def test_of_nothing_there_is_nothing_to_say():
    assert (share(Share(hits=0, of=0)), interval(Share(hits=0, of=0))) == ("nothing to count", "")


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (None, "unknown"),
        (timedelta(0), "0.0 s"),
        (timedelta(milliseconds=4290), "4.2 s"),
        (timedelta(minutes=3, seconds=10), "3 min 10 s"),
        (timedelta(hours=30, minutes=5), "30 h 5 min"),
    ],
)
def test_durations_are_said_as_people_say_them(taken, said):
    assert duration(taken) == said
