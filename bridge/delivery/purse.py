"""What was spent of one limit, and whether one call more may go now.

A vendor counts in windows of its own, and does not say where they begin. So we count over every window
there is: what was sent counts until it is surely out of the vendor's. Calls are gathered in slots, a
120th of the window each, so that a budget stays a small row; a slot counts as late as its last moment,
and one slot longer for calls that were slow on the way. At most two slots are lost of each window.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.base import Limit, RateReading

#: failures in a row after which the breaker opens
BREAKER_OPENS: Final = 5
#: while it is open, one delivery in so long tries whether the vendor is back
PROBE_EVERY: Final = timedelta(seconds=15)
#: windows without a call after which bursts are tried again
RESTED_AFTER: Final = 10
SLOTS: Final = 120
KEPT_SLOTS: Final = SLOTS + 2
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(kw_only=True, slots=True)
class Purse:
    """One budget as a transaction sees it. `limit` is None for one that only blocks and breaks.

    `spent` maps a slot's number to the calls in it. `calls` is what the vendor says the limit is, None
    while it has not said.
    """

    lane: str
    spent: dict[int, int] = field(default_factory=dict)
    calls: int | None = None
    failures: int = 0
    blocked_until: datetime | None = None
    limit: Limit | None = None
    is_new: bool = True
    is_changed: bool = False

    def spend(self, now: datetime) -> bool:
        """Take one call; False when nothing is left, and then `blocked_until` says for how long."""
        if self.blocked_until and self.blocked_until > now:
            return False
        if self.failures >= BREAKER_OPENS:
            self.block(now + PROBE_EVERY)
            return True
        if self.limit is None:
            return True
        self._forget(self.limit, now)
        if self._used() >= self._most(self.limit):
            self.block(self._leaves_at(self.limit, min(self.spent, default=self._slot(self.limit, now))))
            return False
        self._add(self.limit, now, 1)
        return True

    def give_back(self, now: datetime) -> None:
        """Undo a `spend` of the same moment."""
        if self.limit is not None and self.failures < BREAKER_OPENS:
            self._add(self.limit, now, -1)

    def believe(self, reading: RateReading, now: datetime) -> None:
        """Take the vendor's word for its limit; what others spent of it counts as spent now.

        An attempt was charged as one call; those it made beside it are ours, too. They cannot be told from
        the vendor's count alone, as long as calls are on their way that it has not seen.
        """
        self.calls, self.is_changed = reading.total, True
        if self.limit is None:
            return
        self._forget(self.limit, now)
        self._add(self.limit, now, max(0, reading.calls - 1))
        by_others = reading.total - reading.remaining - self._used()
        if by_others > 0:
            self._add(self.limit, now, by_others)

    def refused(self, until: datetime) -> None:
        """The vendor said that it is used up: wait until then, and spend no more than it documents."""
        self.block(max(until, self.blocked_until or until))
        if self.limit and self.limit.until_refused:
            self.calls = self.limit.calls

    def block(self, until: datetime) -> None:
        self.blocked_until, self.is_changed = until, True

    def _most(self, limit: Limit) -> int:
        return self.calls or limit.until_refused or limit.calls

    def _used(self) -> int:
        return sum(self.spent.values())

    def _add(self, limit: Limit, now: datetime, calls: int) -> None:
        slot = self._slot(limit, now)
        self.spent[slot] = self.spent.get(slot, 0) + calls
        self.is_changed = True

    def _forget(self, limit: Limit, now: datetime) -> None:
        """Drop the slots that count no more. After a long rest a burst may be tried again."""
        here = self._slot(limit, now)
        last = max(self.spent, default=here)
        if limit.until_refused and here - last >= RESTED_AFTER * SLOTS:
            self.calls = None
        self.spent = _from(self.spent.items(), here - KEPT_SLOTS + 1, last)

    def _slot(self, limit: Limit, at: datetime) -> int:
        return (at - EPOCH) // (limit.per / SLOTS)

    def _leaves_at(self, limit: Limit, slot: int) -> datetime:
        return EPOCH + (slot + KEPT_SLOTS) * (limit.per / SLOTS)


def _from(spent: Iterable[tuple[int, int]], first: int, last: int) -> dict[int, int]:
    """Return the slots from `first` on; of older ones only that there was a last."""
    kept = {slot: calls for slot, calls in spent if slot >= first}
    return kept or ({last: 0} if last < first else {})
