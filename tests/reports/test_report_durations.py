"""How long things took, and what is unknown rather than nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_cases import ASKED, after, many, received, report_of

from bridge.reports.spread import spread


def minutes(*taken):
    return spread(
        (f"ho_{number}", None if given is None else timedelta(minutes=given))
        for number, given in enumerate(taken)
    )


def test_a_percentile_is_a_duration_that_was_measured():
    taken = minutes(*range(1, 11))
    found = [taken.percentile(percent) // timedelta(minutes=1) for percent in (50, 90, 95, 99, 100)]
    assert found == [5, 9, 10, 10, 10]


def test_of_nothing_known_there_is_no_percentile():
    taken = minutes(None, None)
    assert (taken.percentile(50), taken.longest) == (None, None)
    assert taken.unknown == ("ho_0", "ho_1")


@pytest.mark.parametrize("percent", [0, 101])
def test_a_percentile_that_is_none_is_refused(percent):
    with pytest.raises(ValueError, match="no percentile"):
        minutes(1).percentile(percent)


@given(st.lists(st.none() | st.integers(0, 10_000)), st.integers(1, 100))
def test_so_many_per_cent_lie_within_the_percentile(taken, percent):
    found = minutes(*taken)
    reached = found.percentile(percent)
    assert len(found.known) + len(found.unknown) == len(taken)
    if reached is not None:
        within = sum(duration <= reached for duration in found.durations)
        assert within * 100 >= percent * len(found.durations)


def test_the_first_response_is_a_person_s_message_also_where_its_relay_failed():
    report = report_of(received("written", relayed=True, answered_at=after(minutes=3)))
    assert report.response.longest == timedelta(minutes=3)
    assert report.wait_after.unknown == ("written",)


def test_those_never_answered_stand_beside_the_response_times():
    report = report_of(received("answered", answered_at=after(minutes=40)), received("silence"))
    assert (report.response.known, report.response.unknown) == (("answered",), ("silence",))


def test_those_who_wait_within_their_window_are_not_called_never_answered():
    assert report_of(received(), now=after(minutes=5)).response.unknown == ()


def test_a_wait_before_the_ask_that_the_bot_did_not_tell_is_unknown_and_not_nothing():
    report = report_of(
        received("told", started_at=after(minutes=-6), answered_at=after(minutes=4)),
        received("not_told", answered_at=after(minutes=2)),
    )
    assert report.wait_before.durations == (timedelta(minutes=6),)
    assert report.wait_total.durations == (timedelta(minutes=10),)
    assert report.wait_before.unknown == report.wait_total.unknown == ("not_told",)
    assert len(report.wait_after.known) == 2


def test_our_own_share_of_the_delay_runs_from_acceptance():
    accepted = after(minutes=2)
    report = report_of(
        received(
            received_at=accepted,
            ticketed_at=accepted + timedelta(seconds=1),
            carded_at=accepted + timedelta(seconds=3),
        ),
        *many(2, "without", received_at=ASKED),
    )
    assert report.ticketing.durations == (timedelta(seconds=1),)
    assert report.announcing.durations == (timedelta(seconds=3),)
    assert report.announcing.unknown == ("without_1", "without_2")
