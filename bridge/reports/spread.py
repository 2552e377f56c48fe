"""How long something took: percentiles, and how many cannot be known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Durations in rising order, with the ids of the handoffs they come from.

    `unknown` holds those for which there is no duration: unknown is never zero.
    """

    durations: tuple[timedelta, ...]
    known: tuple[str, ...]
    unknown: tuple[str, ...]

    def percentile(self, percent: int) -> timedelta | None:
        """Return the smallest duration within which `percent` of the known ones lie (nearest rank).

        It is always one that was measured. None when none is known.
        """
        if not 0 < percent <= 100:
            raise ValueError(f"there is no percentile {percent}")
        if not self.durations:
            return None
        rank = -(-percent * len(self.durations) // 100)
        return self.durations[rank - 1]

    @property
    def longest(self) -> timedelta | None:
        return self.durations[-1] if self.durations else None


def spread(taken: Iterable[tuple[str, timedelta | None]]) -> Spread:
    """Sort (handoff id, duration) pairs; a duration of None is unknown."""
    pairs = list(taken)
    known = sorted((duration, handoff_id) for handoff_id, duration in pairs if duration is not None)
    return Spread(
        durations=tuple(duration for duration, _ in known),
        known=tuple(handoff_id for _, handoff_id in known),
        unknown=tuple(handoff_id for handoff_id, duration in pairs if duration is None),
    )
