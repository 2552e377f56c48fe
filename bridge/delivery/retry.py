"""How long to wait before a delivery is tried again."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

FIRST_WAIT: Final = timedelta(seconds=1)
LONGEST_WAIT: Final = timedelta(minutes=5)
#: a vendor that names a longer delay is asked again after this
LONGEST_OBEYED: Final = timedelta(minutes=15)

#: Standard Webhooks, "Deliverability and reliability": now, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h
WEBHOOK_WAITS: Final[Sequence[timedelta]] = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
SCHEDULES: Final[Mapping[str, Sequence[timedelta]]] = {"callback": WEBHOOK_WAITS, "webhook": WEBHOOK_WAITS}


def wait_after(kind: str, attempt: int, asked: timedelta | None, chance: random.Random) -> timedelta | None:
    """Return how long to wait after the failed attempt number `attempt`; None when it is time to give up.

    `asked` is the delay the vendor named, None for none. The rest is doubled each time, with
    jitter, so that those who failed together do not come back together.
    """
    schedule = SCHEDULES.get(kind)
    if schedule is not None:
        planned = schedule[attempt - 1] if attempt <= len(schedule) else None
    else:
        planned = min(FIRST_WAIT * 2 ** min(attempt - 1, 16), LONGEST_WAIT)
    if planned is None:
        return None
    jittered = planned * chance.uniform(0.5, 1.0)
    return max(jittered, min(asked, LONGEST_OBEYED)) if asked else jittered
