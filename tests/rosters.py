"""Short ways to write shifts, overrides and moments in tests of the core."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.desk import words
from bridge.roster.model import Override, Roster, Rotation, Shift

KOLKATA = "Asia/Kolkata"


def shift(name: str = "morning", hours: str = "09:00-17:00", days: str = "daily", **given: Any) -> Shift:
    given.setdefault("owners", ("asha",))
    given.setdefault("channels", ("whatsapp",))
    given.setdefault("zone", KOLKATA)
    return Shift(name=name, hours=words.hours(hours), days=words.days(days), **given)


def weekly(start: str, *owners: str) -> dict[str, Any]:
    return {"owners": owners, "rotation": Rotation.WEEKLY, "rotation_start": date.fromisoformat(start)}


def daily(start: str, *owners: str) -> dict[str, Any]:
    return {"owners": owners, "rotation": Rotation.DAILY, "rotation_start": date.fromisoformat(start)}


def override(start: datetime, end: datetime, owner: str, **given: Any) -> Override:
    given.setdefault("channels", ("whatsapp",))
    return Override(starts_at=start, ends_at=end, owner=owner, **given)


def roster(*shifts: Shift, overrides: tuple[Override, ...] = ()) -> Roster:
    return Roster(zone=KOLKATA, shifts=shifts, overrides=overrides)


def local(text: str, zone: str = KOLKATA, *, second_time: bool = False) -> datetime:
    """Return a moment by what the clock on the wall shows; `second_time` for an hour that comes twice."""
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=int(second_time))
    return wall.astimezone(UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
