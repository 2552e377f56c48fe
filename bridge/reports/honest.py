"""The honest number: what had become of each handoff by its deadline, and the share answered in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bridge.handoffs.model import State
from bridge.reports.interval import Interval, wilson
from bridge.reports.received import Received


class Outcome(StrEnum):
    """What became of one handoff. Each has exactly one; all but the first and the last two are misses."""

    IN_TIME = "in_time"  #: a person's answer reached the customer by the deadline
    LATE = "late"  #: it reached the customer after the deadline
    NOT_DELIVERED = "not_delivered"  #: a person wrote, and the relay is still owed or has failed
    ORPHANED = "orphaned"  #: the ticket was deleted or marked as spam, and nobody had answered
    UNANSWERED = "unanswered"
    WITHDRAWN = (
        "withdrawn"  #: or the customer left, before any answer: a miss in strict, left out in attended
    )
    PENDING = "pending"  #: no answer has reached the customer, and the deadline is still to come


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """So many in time, out of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """Return the share, from 0 to 1; None when there is nothing to count."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.hits, self.of)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """The ids of handoffs by outcome. Every outcome has its place, also an empty one."""

    outcomes: Mapping[Outcome, tuple[str, ...]]

    def count(self, outcome: Outcome) -> int:
        return len(self.outcomes[outcome])

    @property
    def total(self) -> int:
        return sum(len(ids) for ids in self.outcomes.values())

    @property
    def strict(self) -> Share:
        """Return the share of all that have matured; a customer who gave up is a miss."""
        return Share(hits=self.count(Outcome.IN_TIME), of=self.total - self.count(Outcome.PENDING))

    @property
    def attended(self) -> Share:
        """Return the share of those who were still there to be answered."""
        return Share(hits=self.strict.hits, of=self.strict.of - self.count(Outcome.WITHDRAWN))


def judge(handoff: Received, deadline: datetime, now: datetime) -> Outcome:
    """Return what has become of `handoff` by `now`, held against `deadline`.

    An answer at the very deadline is in time. A handoff is pending until an answer has reached
    the customer or the deadline has passed, whatever else has happened to it.
    """
    reached_at = handoff.reached_at
    if reached_at is None and now <= deadline:
        return Outcome.PENDING
    if handoff.withdrawn_unanswered:
        return Outcome.WITHDRAWN
    if reached_at is not None:
        return Outcome.IN_TIME if reached_at <= deadline else Outcome.LATE
    return _missed(handoff)


def tally(handoffs: Iterable[Received], deadline: Callable[[Received], datetime], now: datetime) -> Tally:
    """Judge each handoff against its own `deadline`."""
    found: dict[Outcome, list[str]] = {outcome: [] for outcome in Outcome}
    for handoff in handoffs:
        found[judge(handoff, deadline(handoff), now)].append(handoff.handoff_id)
    return Tally(outcomes={outcome: tuple(ids) for outcome, ids in found.items()})


def _missed(handoff: Received) -> Outcome:
    if handoff.answered_at is not None:
        return Outcome.NOT_DELIVERED
    return Outcome.ORPHANED if handoff.state is State.ORPHANED else Outcome.UNANSWERED
