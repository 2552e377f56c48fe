"""Moments as vendors write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def moment(text: Any) -> datetime | None:
    """Return an aware moment in UTC from ISO 8601; None when it is none."""
    try:
        found = datetime.fromisoformat(str(text))
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):  # the year 1 in an eastern zone is before all time
        return None


def is_untouched(row: Mapping[str, Any]) -> bool:
    """Return whether a vendor's row is as old as it is new: nobody has changed it since it was made."""
    made = moment(row.get("created_at"))
    return made is not None and made == moment(row.get("updated_at"))
