"""Which rules can never be reached, because an earlier one takes everything they would."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.routing.facts import number, passes
from bridge.routing.model import Comparison, Condition, RouteRule, Test

UPWARD = (Comparison.AT_LEAST, Comparison.OVER)
DOWNWARD = (Comparison.AT_MOST, Comparison.UNDER)


def dead_rules(rules: Sequence[RouteRule]) -> tuple[tuple[RouteRule, RouteRule], ...]:
    """Return each rule that no handoff can reach, with the earlier rule that takes its place."""
    dead = []
    for place, rule in enumerate(rules):
        taken_by = next((earlier for earlier in rules[:place] if _covers_rule(earlier, rule)), None)
        if taken_by is not None:
            dead.append((rule, taken_by))
    return tuple(dead)


def _covers_rule(earlier: RouteRule, later: RouteRule) -> bool:
    return all(any(_covers(wide, narrow) for narrow in later.when) for wide in earlier.when)


def _covers(wide: Condition, narrow: Condition) -> bool:
    """Return whether whatever passes `narrow` passes `wide` too."""
    same_place = wide.path == narrow.path or (wide.path == "trigger" and narrow.path.startswith("trigger."))
    return same_place and all(any(_covers_test(w, n) for w in wide.tests) for n in narrow.tests)


def _covers_test(wide: Test, narrow: Test) -> bool:
    if narrow.comparison is Comparison.IS:
        return passes(narrow.value, wide)
    same_way = any(wide.comparison in way and narrow.comparison in way for way in (UPWARD, DOWNWARD))
    if not same_way or number(wide.value) is None or number(narrow.value) is None:
        return False
    return _beyond(wide, narrow)


def _beyond(wide: Test, narrow: Test) -> bool:
    """Return whether the bound of `narrow` lies within `wide`; both look the same way."""
    bound, edge = number(narrow.value), number(wide.value)
    if bound == edge:
        return wide.comparison is narrow.comparison or narrow.comparison in (
            Comparison.OVER,
            Comparison.UNDER,
        )
    return passes(narrow.value, wide)
