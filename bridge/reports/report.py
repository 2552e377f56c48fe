"""The report of one period: the honest number on both clocks, by channel and shift, and how long things took."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bridge.reports.honest import Tally, tally
from bridge.reports.judged import Judged, context_kept, routed_well, satisfied
from bridge.reports.period import Period
from bridge.reports.received import Received
from bridge.reports.spread import Spread, spread

#: groups for what no shift covered: nobody was on duty, or a rule or a stand-in named the owner
GAP: Final = "gap"
OUTSIDE_SHIFTS: Final = "outside shifts"


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Handoffs counted together, on both clocks.

    `calendar` is the headline: the customer's window from the ask, around the clock. `business`
    counts against the promise, in the hours of the policy's own calendar.
    """

    name: str
    calendar: Tally
    business: Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The figures of one period as they stood at `made_at`.

    Test handoffs are in `test` and nowhere else, duplicates that were merged into another in `merged`.
    """

    period: Period
    made_at: datetime
    overall: Group
    by_channel: tuple[Group, ...]
    by_shift: tuple[Group, ...]
    test: tuple[str, ...]
    merged: tuple[str, ...]
    not_relayed: tuple[str, ...]  #: measured at the person's message, since no bot relays it
    response: Spread  #: the ask to a person's message; unknown: nobody had answered by the window's end
    ticketing: Spread  #: acceptance to the ticket
    announcing: Spread  #: acceptance to the card
    wait_before: Spread  #: the customer's first message to the ask
    wait_after: Spread  #: the ask to the answer's arrival
    wait_total: Spread
    routed: Judged  #: whether it came to the right team at once
    context: Judged  #: whether the bot's context was enough
    satisfaction: Judged  #: the customers' own ratings


def make_report(received: Iterable[Received], period: Period, now: datetime) -> Report:
    """Count the handoffs received in `period`."""
    everything = list(received)
    own = [handoff for handoff in everything if not handoff.test]
    live = [handoff for handoff in own if not handoff.merged_away]
    return Report(
        period=period,
        made_at=now,
        overall=_group("all", live, now),
        by_channel=_groups(live, lambda handoff: handoff.channel, now),
        by_shift=_groups(live, _shift, now),
        test=tuple(handoff.handoff_id for handoff in everything if handoff.test),
        merged=tuple(handoff.handoff_id for handoff in own if handoff.merged_away),
        not_relayed=_not_relayed(live),
        response=_response(live, now),
        ticketing=_since(live, lambda handoff: handoff.received_at, lambda handoff: handoff.ticketed_at),
        announcing=_since(live, lambda handoff: handoff.received_at, lambda handoff: handoff.carded_at),
        wait_before=_since(live, lambda handoff: handoff.started_at, lambda handoff: handoff.asked_at),
        wait_after=_since(live, lambda handoff: handoff.asked_at, lambda handoff: handoff.reached_at),
        wait_total=_since(live, lambda handoff: handoff.started_at, lambda handoff: handoff.reached_at),
        routed=routed_well(live),
        context=context_kept(live),
        satisfaction=satisfied(live),
    )


def _group(name: str, handoffs: Sequence[Received], now: datetime) -> Group:
    return Group(
        name=name,
        calendar=tally(handoffs, lambda handoff: handoff.window_ends_at, now),
        business=tally(handoffs, lambda handoff: handoff.promised_at, now),
    )


def _groups(
    handoffs: Sequence[Received], name_of: Callable[[Received], str], now: datetime
) -> tuple[Group, ...]:
    """Return one group for each name, in the order of the names."""
    found: dict[str, list[Received]] = {}
    for handoff in handoffs:
        found.setdefault(name_of(handoff), []).append(handoff)
    return tuple(_group(name, found[name], now) for name in sorted(found))


def _shift(handoff: Received) -> str:
    return handoff.shift or (OUTSIDE_SHIFTS if handoff.named_owner else GAP)


def _not_relayed(handoffs: Iterable[Received]) -> tuple[str, ...]:
    return tuple(
        handoff.handoff_id for handoff in handoffs if handoff.answered_at is not None and not handoff.relayed
    )


def _response(handoffs: Iterable[Received], now: datetime) -> Spread:
    """Leave out those who wait inside their window: that they are unanswered says nothing yet."""
    due = [handoff for handoff in handoffs if handoff.answered_at is not None or handoff.window_ends_at < now]
    return _since(due, lambda handoff: handoff.asked_at, lambda handoff: handoff.answered_at)


def _since(
    handoffs: Iterable[Received],
    start: Callable[[Received], datetime | None],
    end: Callable[[Received], datetime | None],
) -> Spread:
    return spread((handoff.handoff_id, _between(start(handoff), end(handoff))) for handoff in handoffs)


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    return None if start is None or end is None else end - start
