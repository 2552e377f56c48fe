"""How long a Retry-After header asks us to wait."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_WAIT = timedelta(minutes=15)  #: an absurd header must not park a handoff for a day
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


def wait_named_by(header: str | None, now: datetime | None = None) -> timedelta | None:
    """Return the wait, in seconds or by an HTTP date, from nothing to `LONGEST_WAIT`; None when unreadable.

    `now` is aware and matters for dates alone.
    """
    if header is None:
        return None
    text = header.strip()
    wait = timedelta(seconds=float(text)) if _SECONDS.fullmatch(text) else _until(text, now)
    return None if wait is None else max(timedelta(0), min(wait, LONGEST_WAIT))


def _until(text: str, now: datetime | None) -> timedelta | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware - (now or datetime.now(UTC))
