"""Names filled in on trial: when a file is read, and when an admin looks at it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: with these a text is tried; any plural that a language makes shows among them
SAMPLE_MINUTES: Final = tuple(range(1, 121))
SAMPLES: Final = {
    "owner": "Asha",
    "person": "Ravi",
    "by": "18:37 (IST)",
    "opens": "09:00 (IST)",
    "clock": "18:37",
    "zone": "IST",
    "weekday": "Saturday",
    "month": "November",
}
SAMPLE_DAY: Final = 21


def sample_values(names: Iterable[str], minutes: int) -> dict[str, str | int]:
    """Return a usual value for each of the names."""
    numbers = {"minutes": minutes, "day": SAMPLE_DAY}
    return {name: numbers[name] if name in numbers else SAMPLES[name] for name in names}
