"""People and shifts, as the desk file names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Someone who can own a handoff. `ids` is by vendor: what that vendor calls this person."""

    key: str
    name: str
    email: str | None = None
    role: str = "agent"
    ids: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    notify: tuple[str, ...] = field(default=(), repr=False)  #: addresses beside the chat; they may hold keys

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


def in_utc(at: datetime) -> datetime:
    """Return the same moment in UTC. Raises ValueError for a time without a zone."""
    if at.utcoffset() is None:
        raise ValueError(f"time without a zone: {at!r}")
    return at.astimezone(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A half-open stretch of time, `starts_at` included and `ends_at` not. Both aware, kept in UTC."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        for name in ("starts_at", "ends_at"):
            object.__setattr__(self, name, in_utc(getattr(self, name)))

    def __contains__(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at

    def touches(self, other: Span) -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, kw_only=True, slots=True)
class WallHours:
    """Hours on the wall clock of the day they begin, in minutes after its midnight.

    `closes_minute` beyond 1440 is on the next day; hours are longer than nothing and never
    longer than a day. How long they really last depends on the zone's clock changes.
    """

    opens_minute: int
    closes_minute: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens_minute < DAY_MINUTES:
            raise ValueError(f"hours begin at minute {self.opens_minute}, outside a day")
        if not 0 < self.closes_minute - self.opens_minute <= DAY_MINUTES:
            raise ValueError(f"hours last {self.closes_minute - self.opens_minute} minutes")


class Rotation(StrEnum):
    """How often a shift passes to the next of its owners, counted in local calendar days."""

    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def days(self) -> int:
        return 7 if self is Rotation.WEEKLY else 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """Hours that repeat on some weekdays, held by one owner at a time. People are keys of the desk.

    `rotation` and `rotation_start` come together; without them the first owner always holds it.
    """

    name: str
    channels: tuple[str, ...]
    days: frozenset[int]  #: of the day it begins; Monday is 0
    hours: WallHours
    zone: str  #: IANA name
    owners: tuple[str, ...]
    rotation: Rotation | None = None
    rotation_start: date | None = None  #: the day the first owner begins
    backup: str | None = None
    lead: str | None = None
    card_channel: str | None = None
    user_group: str | None = None  #: of the chat: it is to hold whoever is on duty for these channels

    def __post_init__(self) -> None:
        if not self.owners:
            raise ValueError(f"shift {self.name} has no owner")
        if not self.days or not self.days <= frozenset(range(7)):
            raise ValueError(f"shift {self.name} is on no weekday we know")
        if (self.rotation is None) != (self.rotation_start is None):
            raise ValueError(f"shift {self.name} needs a rotation and its start together")


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """Somebody else than the rotation says, for one span. Times are aware."""

    channels: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    owner: str
    backup: str | None = None  #: None keeps the shift's
    note: str | None = None

    def __post_init__(self) -> None:
        if not self.span.starts_at < self.span.ends_at:
            raise ValueError("an override must end after it begins")

    @property
    def span(self) -> Span:
        return Span(starts_at=self.starts_at, ends_at=self.ends_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Roster:
    """Everybody, and when they hold which channel. Overrides stand in the order they were made."""

    zone: str
    people: Mapping[str, Person] = field(default_factory=dict)
    shifts: tuple[Shift, ...] = ()
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Duty:
    """Who holds a channel from `starts_at` until, not including, `ends_at`. Times are in UTC.

    `shift` is None when an override covers a time that no shift does; lead and card channel are
    then None too. `override` is None when the rotation decided.
    """

    shift: str | None
    owner: str
    backup: str | None
    lead: str | None
    card_channel: str | None
    starts_at: datetime
    ends_at: datetime
    override: Override | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A stretch in which nobody holds a channel. Times are in UTC, half-open."""

    channel: str
    starts_at: datetime
    ends_at: datetime
