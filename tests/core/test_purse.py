"""One budget: what may be spent of it in whatever window the vendor counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.purse import BREAKER_OPENS, Purse
from connectors.base import Limit, RateReading, RateReadings

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 21, 12, 52, 0, 130_000, tzinfo=UTC)


def purse(calls: int, **more: int) -> Purse:
    return Purse(lane="*", limit=Limit(calls=calls, per=MINUTE, **more))


def spent(one: Purse, now: datetime, most: int = 1_000) -> int:
    """Spend as much as there is, at most so much; return how much it was."""
    taken = 0
    while taken < most and one.spend(now):
        taken += 1
    return taken


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(1, 9)), min_size=1, max_size=60))
def test_no_minute_holds_more_calls_than_the_limit(steps):
    one, now, sent = purse(10), NOW, []
    for seconds, wanted in steps:
        now += timedelta(seconds=seconds)
        sent += [now] * spent(one, now, wanted)

    assert all(sum(first <= at < first + MINUTE for at in sent) <= 10 for first in sent)


def test_a_used_up_budget_is_free_when_it_says_and_loses_two_hundredths_at_most():
    one = purse(10)
    assert spent(one, NOW) == 10
    again_at = one.blocked_until
    assert MINUTE < again_at - NOW <= MINUTE * 1.02
    assert spent(one, again_at - timedelta(milliseconds=1)) == 0
    assert spent(one, again_at) == 10


def test_what_others_spent_is_counted_as_spent():
    one = purse(10)
    one.spend(NOW)
    one.believe(RateReading(limit="*", total=12, remaining=4), NOW)
    assert spent(one, NOW) == 4


def test_a_reading_older_than_our_own_calls_takes_none_of_them_back():
    one = purse(10)
    assert spent(one, NOW, 9) == 9
    one.believe(RateReading(limit="*", total=10, remaining=9), NOW)
    assert spent(one, NOW) == 1


def test_further_calls_of_an_attempt_are_spent_though_the_vendor_has_not_seen_all_yet():
    one, readings = purse(10), RateReadings()
    assert spent(one, NOW, 4) == 4
    for remaining in (9, 8, 7):
        readings.note(RateReading(limit="*", total=10, remaining=remaining))
    (reading,) = readings.take()
    one.believe(reading, NOW)
    assert spent(one, NOW) == 4


def test_what_is_given_back_may_be_spent_again():
    one = purse(1)
    one.spend(NOW)
    one.give_back(NOW)
    assert one.spend(NOW)


def test_after_a_refusal_bursts_wait_until_the_budget_has_rested():
    one = purse(2, until_refused=50)
    assert spent(one, NOW, 20) == 20
    one.refused(NOW + timedelta(seconds=5))
    later = NOW + timedelta(minutes=3)
    assert spent(one, later, 20) == 2
    assert spent(one, later + timedelta(minutes=11), 20) == 20


def test_an_open_breaker_lets_one_through_and_gives_nothing_back():
    one = purse(10)
    one.failures = BREAKER_OPENS
    assert spent(one, NOW) == 1
    one.give_back(NOW)
    assert one.spent == {}
