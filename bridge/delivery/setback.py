"""What a failed attempt means: try again, when, and whether to look first; or give up."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bridge.delivery import retry
from bridge.delivery.job import Job
from connectors.errors import AccessDenied, Busy, ConnectorError, Gone, OutcomeUnknown, Rejected, Unreachable

#: a key or a right is missing: a person must act, so there is no hurry
DENIED_WAIT: Final = timedelta(minutes=5)
#: after so long nobody waits for the call any more
GIVEN_UP_AFTER: Final = timedelta(hours=48)
#: a delivery that breaks our own code is given up after so many attempts
POISON_ATTEMPTS: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Setback:
    """Why an attempt did not settle, and what is to follow. `wait` is None for "give up"."""

    error: str
    wait: timedelta | None
    unknown: bool = False  #: the work may have been done
    vendor_trouble: bool = False  #: the vendor itself is in trouble, not this one call
    denied: bool = False  #: a key or a right is missing
    gone: bool = False  #: what the call was about exists no more
    blocks: str | None = None  #: the budget that is used up,
    asked: timedelta = retry.FIRST_WAIT  #: for so long


def setback(job: Job, error: Exception, now: datetime, chance: random.Random) -> Setback:
    """Judge what a duty raised. What is no ConnectorError is a fault of ours, and its text is not shown."""
    asked = error.retry_after if isinstance(error, Busy) else None
    wait = None if _is_too_old(job, now) else retry.wait_after(job.kind, job.attempt, asked, chance)
    match error:
        case AccessDenied():
            too_old = _is_too_old(job, now)
            return Setback(error=str(error), wait=None if too_old else DENIED_WAIT, denied=True)
        case Rejected():
            return Setback(error=str(error), wait=None, gone=isinstance(error, Gone))
        case Busy():
            return Setback(
                error=str(error),
                wait=wait,
                vendor_trouble=isinstance(error, Unreachable),
                blocks=error.limit,
                asked=min(asked or retry.FIRST_WAIT, retry.LONGEST_OBEYED),
            )
        case OutcomeUnknown() | ConnectorError():
            return Setback(error=str(error), wait=wait, unknown=True, vendor_trouble=True)
    poisonous = job.attempt >= POISON_ATTEMPTS
    return Setback(error=type(error).__name__, wait=None if poisonous else wait, unknown=True)


def _is_too_old(job: Job, now: datetime) -> bool:
    """A delivery with a schedule of its own ends with that."""
    if job.kind in retry.SCHEDULES:
        return False
    return job.first_tried_at is not None and now - job.first_tried_at > GIVEN_UP_AFTER
