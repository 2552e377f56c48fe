"""What we promise, in which hours, and what happens when the promise runs out. Plain data, fit for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from bridge.roster.model import WallHours


class CalendarKind(StrEnum):
    """Which hours count towards a promise."""

    ALWAYS = "always"
    SHIFT = "shift"  #: while anybody is on duty for the handoff's channel
    HOURS = "hours"  #: the calendar's own opening hours


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """Hours of one weekday. Monday is 0."""

    weekday: int
    hours: WallHours


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """Hours that count. `zone`, `openings` and `holidays` are used by the kind HOURS alone.

    Hours that begin on a holiday do not open.
    """

    kind: CalendarKind = CalendarKind.ALWAYS
    zone: str | None = None
    openings: tuple[Opening, ...] = ()
    holidays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if self.kind is CalendarKind.HOURS and not (self.zone and self.openings):
            raise ValueError("a calendar with its own hours needs a zone and openings")


class StepKind(StrEnum):
    """What a rung can do."""

    REMIND_OWNER = "remind_owner"
    TAG_BACKUP = "tag_backup"
    TAG_LEAD = "tag_lead"
    REASSIGN_TO_BACKUP = "reassign_to_backup"
    RAISE_PRIORITY = "raise_priority"
    MOVE_GROUP = "move_group"  #: target: the group's name
    TELL_CUSTOMER = "tell_customer"
    CALL_WEBHOOK = "call_webhook"  #: target: an https URL
    PAGE = "page"  #: target: "owner", "backup", "lead" or a person's key

    @property
    def needs_target(self) -> bool:
        return self in (StepKind.MOVE_GROUP, StepKind.CALL_WEBHOOK, StepKind.PAGE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    kind: StepKind
    target: str | None = None

    def __post_init__(self) -> None:
        if self.kind.needs_target != bool(self.target):
            raise ValueError(f"step {self.kind} {'needs a' if self.kind.needs_target else 'takes no'} target")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """What happens at one point of the promise: a share of it, or a fixed time from its start."""

    number: int  #: from 1
    at_percent: int | None = None
    after: timedelta | None = None
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if (self.at_percent is None) == (self.after is None):
            raise ValueError(f"rung {self.number} needs a percentage or a time, not both")

    def offset(self, respond_within: timedelta) -> timedelta:
        """Return how much counted time passes before the rung is due."""
        if self.after is not None:
            return self.after
        return respond_within * (self.at_percent or 0) / 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A promise with its ladder. `window` is the customer's attention, None where the channel decides."""

    name: str
    respond_within: timedelta
    window: timedelta | None = None
    calendar: Calendar = Calendar()
    ladder: tuple[Rung, ...] = ()

    def __post_init__(self) -> None:
        if self.respond_within <= timedelta(0):
            raise ValueError(f"policy {self.name} promises an answer in no time")
        offsets = [rung.offset(self.respond_within) for rung in self.ladder]
        if any(later <= earlier for earlier, later in pairwise(offsets)):
            raise ValueError(f"the ladder of policy {self.name} does not rise")
