"""The interval is Wilson's, stays within 0 and 1 and holds the share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.reports.interval import wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_it_is_the_interval_of_newcombe_s_worked_examples(hits, of, low, high):
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    found = wilson(hits, of)
    assert found
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_of_nothing_there_is_no_interval():
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("hits", "of"), [(-1, 3), (4, 3)])
def test_what_is_no_share_is_refused(hits, of):
    with pytest.raises(ValueError, match="is no share"):
        wilson(hits, of)


@pytest.mark.parametrize("of", range(1, 60))
def test_no_hit_begins_at_0_and_all_hits_end_at_1_exactly(of):
    none, everyone = wilson(0, of), wilson(of, of)
    assert none
    assert everyone
    assert (none.low, everyone.high) == (0.0, 1.0)


@given(st.integers(1, 10**7).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_it_stays_within_0_and_1_and_holds_the_share(counted):
    hits, of = counted
    found = wilson(hits, of)
    assert found
    assert 0 <= found.low <= hits / of <= found.high <= 1


@given(st.integers(1, 10**7).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_hits_and_misses_mirror_each_other(counted):
    hits, of = counted
    one, other = wilson(hits, of), wilson(of - hits, of)
    assert one
    assert other
    assert one.low == pytest.approx(1 - other.high, abs=1e-9)
