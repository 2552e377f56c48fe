"""What counts as answered in time, what is a miss, and what waits. One rule, one test."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_cases import ASKED, LATER, WINDOW, after, many, received, report_of

from bridge.handoffs.model import Outcome as Ending
from bridge.handoffs.model import State
from bridge.reports.honest import Outcome, Share, judge, tally
from bridge.reports.received import Received

MICROSECOND = timedelta(microseconds=1)


def outcome(now=LATER, **given) -> Outcome:
    handoff = received(**given)
    return judge(handoff, handoff.window_ends_at, now)


def test_an_answer_at_the_very_end_of_the_window_is_in_time():
    assert outcome(answered_at=ASKED + WINDOW) is Outcome.IN_TIME


def test_an_answer_after_the_window_is_late():
    assert outcome(answered_at=ASKED + WINDOW + MICROSECOND) is Outcome.LATE


def test_the_window_runs_from_the_ask_and_not_from_acceptance():
    received_at = after(minutes=8)
    assert outcome(received_at=received_at, answered_at=received_at + timedelta(minutes=8)) is Outcome.LATE


def test_where_the_bot_relays_the_delivery_counts_and_not_the_writing():
    assert (
        outcome(relayed=True, answered_at=after(minutes=14), delivered_at=after(minutes=16)) is Outcome.LATE
    )


def test_where_nothing_is_relayed_the_writing_counts_and_is_marked():
    written, silent = received("written", answered_at=after(minutes=3)), received("silent")
    relayed = received("relayed", relayed=True, answered_at=after(minutes=3), delivered_at=after(minutes=4))
    report = report_of(written, silent, relayed)
    assert report.overall.calendar.outcomes[Outcome.IN_TIME] == ("written", "relayed")
    assert report.not_relayed == ("written",)


def test_a_relay_still_owed_or_given_up_is_a_miss_once_the_window_has_passed():
    assert outcome(relayed=True, answered_at=after(minutes=3)) is Outcome.NOT_DELIVERED


def test_a_relay_still_owed_within_the_window_is_pending():
    assert outcome(now=after(minutes=4), relayed=True, answered_at=after(minutes=3)) is Outcome.PENDING


def test_one_that_nobody_has_answered_is_a_miss_once_the_window_has_passed():
    assert outcome(now=ASKED + WINDOW) is Outcome.PENDING
    assert outcome(now=ASKED + WINDOW + MICROSECOND) is Outcome.UNANSWERED


def test_one_that_was_solved_without_an_answer_is_a_miss():
    assert outcome(state=State.RESOLVED, closed_at=after(minutes=5)) is Outcome.UNANSWERED


@pytest.mark.parametrize("ending", [Ending.NOT_SOLVED, Ending.DUPLICATE, Ending.SPAM])
def test_one_that_a_person_ended_without_an_answer_is_a_miss_whatever_they_called_it(ending):
    ended = {"state": State.RESOLVED, "outcome": ending, "closed_at": after(minutes=5)}
    assert outcome(**ended) is Outcome.UNANSWERED
    report = report_of(received("ended", **ended), received("kept", answered_at=after(minutes=3)))
    assert (report.overall.calendar.strict, report.overall.calendar.attended) == (Share(hits=1, of=2),) * 2


def test_a_customer_who_left_is_a_miss_in_strict_and_left_out_in_attended():
    left = {"state": State.RESOLVED, "outcome": Ending.CUSTOMER_LEFT, "closed_at": after(minutes=5)}
    report = report_of(received("left", **left), received("kept", answered_at=after(minutes=3)))
    calendar = report.overall.calendar
    assert (calendar.strict, calendar.attended) == (Share(hits=1, of=2), Share(hits=1, of=1))


def test_a_customer_who_was_answered_before_they_left_is_a_hit_or_late_like_any_other():
    left = {"state": State.RESOLVED, "outcome": Ending.CUSTOMER_LEFT, "closed_at": after(hours=1)}
    assert outcome(answered_at=after(minutes=3), **left) is Outcome.IN_TIME
    assert outcome(answered_at=after(minutes=30), **left) is Outcome.LATE


def test_an_answer_after_the_customer_left_is_no_excuse():
    left = {"state": State.RESOLVED, "outcome": Ending.CUSTOMER_LEFT, "closed_at": after(minutes=5)}
    assert outcome(answered_at=after(minutes=10), **left) is Outcome.WITHDRAWN


def test_a_duplicate_that_the_helpdesk_has_merged_is_left_out_and_told():
    ended = {"state": State.RESOLVED, "outcome": Ending.DUPLICATE, "closed_at": after(minutes=5)}
    report = report_of(received("merged", on_another_ticket=True, **ended), received("silent"))
    assert (report.overall.calendar.total, report.merged) == (1, ("merged",))


def test_a_duplicate_that_was_answered_counts_as_what_it_was():
    ended = {"state": State.RESOLVED, "outcome": Ending.DUPLICATE, "closed_at": after(minutes=9)}
    answered = received("both", on_another_ticket=True, answered_at=after(minutes=3), **ended)
    report = report_of(answered)
    assert (report.overall.calendar.count(Outcome.IN_TIME), report.merged) == (1, ())


def test_one_whose_ticket_was_deleted_is_a_miss():
    assert outcome(state=State.ORPHANED, closed_at=after(minutes=5)) is Outcome.ORPHANED


def test_one_that_was_answered_before_its_ticket_was_deleted_counts():
    given = {"state": State.ORPHANED, "answered_at": after(minutes=2), "closed_at": after(minutes=5)}
    assert outcome(**given) is Outcome.IN_TIME


def test_a_roster_gap_is_no_excuse():
    report = report_of(received(shift=None, named_owner=None))
    assert report.overall.calendar.strict == Share(hits=0, of=1)
    assert [group.name for group in report.by_shift] == ["gap"]


def test_fault_62_one_withdrawn_before_any_answer_is_a_miss_in_strict_and_left_out_in_attended():
    """A customer left before any answer: a column of its own in the report, and a miss in the strict number."""
    withdrawn = received("left", state=State.WITHDRAWN, closed_at=after(minutes=9))
    counted = report_of(withdrawn, received("seen", answered_at=after(minutes=2))).overall.calendar
    assert counted.outcomes[Outcome.WITHDRAWN] == ("left",)
    assert (counted.strict, counted.attended) == (Share(hits=1, of=2), Share(hits=1, of=1))


def test_an_answer_to_a_customer_who_had_left_does_not_count():
    given = {"state": State.WITHDRAWN, "closed_at": after(minutes=4), "answered_at": after(minutes=5)}
    assert outcome(**given) is Outcome.WITHDRAWN


def test_one_withdrawn_after_its_answer_counts_as_answered():
    given = {"state": State.WITHDRAWN, "closed_at": after(minutes=5), "answered_at": after(minutes=4)}
    assert outcome(**given) is Outcome.IN_TIME


def test_one_withdrawn_within_its_window_waits_for_the_window_s_end():
    given = {"state": State.WITHDRAWN, "closed_at": after(minutes=4)}
    assert outcome(now=after(minutes=5), **given) is Outcome.PENDING
    assert outcome(now=after(minutes=16), **given) is Outcome.WITHDRAWN


def test_pending_ones_are_in_neither_share():
    counted = report_of(
        *many(3, "answered", answered_at=after(minutes=1)), *many(2, "waiting"), now=after(minutes=5)
    ).overall.calendar
    assert counted.count(Outcome.PENDING) == 2
    assert counted.strict == counted.attended == Share(hits=3, of=3)


def test_test_handoffs_are_in_no_figure():
    report = report_of(received("live"), received("drill", test=True, answered_at=after(minutes=1)))
    assert report.test == ("drill",)
    assert report.overall.calendar.total == len(report.response.unknown) == 1
    assert report.not_relayed == report.wait_after.known == ()


def test_the_business_clock_counts_against_the_promise():
    report = report_of(received("slow", answered_at=after(minutes=30)))
    assert report.overall.calendar.strict == Share(hits=0, of=1)
    assert report.overall.business.strict == Share(hits=1, of=1)


def test_the_two_clocks_mature_each_in_its_own_time():
    report = report_of(received(), now=after(minutes=20))
    assert report.overall.calendar.count(Outcome.UNANSWERED) == 1
    assert report.overall.business.count(Outcome.PENDING) == 1


def test_of_nothing_there_is_no_share():
    assert (Share(hits=0, of=0).value, Share(hits=0, of=0).interval) == (None, None)


def moments() -> st.SearchStrategy:
    return st.none() | st.integers(0, 90).map(lambda minutes: after(minutes=minutes))


HANDOFFS = st.lists(
    st.builds(
        received,
        state=st.sampled_from(State),
        relayed=st.booleans(),
        channel=st.sampled_from(["web", "whatsapp"]),
        shift=st.sampled_from(["morning", None]),
        named_owner=st.sampled_from(["asha", None]),
        test=st.booleans(),
        answered_at=moments(),
        delivered_at=moments(),
        closed_at=moments(),
    ),
    max_size=12,
).map(lambda made: [_named(handoff, number) for number, handoff in enumerate(made)])


def _named(handoff: Received, number: int) -> Received:
    fields = {name: getattr(handoff, name) for name in Received.__dataclass_fields__}
    return Received(**{**fields, "handoff_id": f"ho_{number}"})


@given(HANDOFFS, st.integers(0, 90))
def test_each_handoff_has_one_outcome_and_the_outcomes_add_up(handoffs, minutes):
    counted = tally(handoffs, lambda handoff: handoff.window_ends_at, after(minutes=minutes))
    ids = [handoff_id for bucket in counted.outcomes.values() for handoff_id in bucket]
    assert sorted(ids) == sorted(handoff.handoff_id for handoff in handoffs)
    assert counted.total == len(handoffs)
    assert counted.strict.hits <= counted.attended.of <= counted.strict.of <= counted.total


@given(HANDOFFS, st.integers(0, 90))
def test_channels_and_shifts_add_up_to_the_whole(handoffs, minutes):
    report = report_of(*handoffs, now=after(minutes=minutes))
    for groups in (report.by_channel, report.by_shift):
        for of in Outcome:
            together = sorted(handoff_id for group in groups for handoff_id in group.calendar.outcomes[of])
            assert together == sorted(report.overall.calendar.outcomes[of])
            assert report.overall.business.count(of) == sum(group.business.count(of) for group in groups)
