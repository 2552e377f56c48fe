"""Moments as vendors write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def moment(text: Any) -> datetime | None:
    """Return an aware moment in UTC from ISO 8601; None when it is none."""
    try:
        found = datetime.fromisoformat(str(text))
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):  # the year 1 in an eastern zone is before all time
        return None
