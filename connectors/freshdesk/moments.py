"""Moments as Freshdesk wants them, ISO 8601 in UTC to the second, and as its answers' headers tell them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def as_text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def served_at(header: str | None) -> datetime | None:
    """Return the moment of an answer's Date header; None where there is none that can be read."""
    try:
        found = parsedate_to_datetime(header or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return found.astimezone(UTC) if found.tzinfo else None
