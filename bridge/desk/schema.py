"""The shape of a desk file, entry by entry; the core's one place with a vendor's words, as YAML keys."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, StringConstraints

from bridge.desk import words
from bridge.desk.model import REOPEN_WITHIN, ShiftChange
from bridge.roster.model import Rotation, WallHours
from bridge.routing.model import Test
from bridge.sla.model import Step

LONGEST_MINUTES = 60 * 24 * 31
CHANNEL_ID = re.compile(r"[CDG][A-Z0-9]+")
GROUP_ID = re.compile(r"S[A-Z0-9]+")

SECTIONS = (
    "timezone",
    "language",
    "people",
    "roles",
    "channels",
    "shifts",
    "overrides",
    "feeds",
    "routes",
    "sla",
    "calendars",
    "fallback",
    "helpdesk",
    "shift_change",
    "reopen_within_hours",
)
REQUIRED_SECTIONS = ("timezone", "people", "channels", "routes", "sla")


def _one_or_many(written: Any) -> Any:
    return [written] if isinstance(written, str) else written


def _channel_id(written: Any) -> str:
    """A channel is stored by its id, which outlives a change of name."""
    if not isinstance(written, str) or not CHANNEL_ID.fullmatch(written.strip()):
        raise words.problem(
            f"{written!r} is not the id of a channel",
            "copy the channel ID from the channel's details; it looks like C0MORNING",
        )
    return written.strip()


def _group_id(written: Any) -> str:
    if not isinstance(written, str) or not GROUP_ID.fullmatch(written.strip()):
        raise words.problem(
            f"{written!r} is not the id of a user group",
            "copy the group's ID from its details; it looks like S0ONDUTY",
        )
    return written.strip()


def _email(written: Any) -> str:
    name, at, host = written.strip().partition("@") if isinstance(written, str) else ("", "", "")
    if not (name and at and host) or any(sign.isspace() for sign in written.strip()):
        raise words.problem(f"{written!r} is not an e-mail address", "write name@host")
    return str(written.strip())


def _notify_address(written: Any) -> str:
    """An address may hold a key, so it is never repeated."""
    scheme = written.strip().partition("://")[0].lower() if isinstance(written, str) else ""
    if scheme not in words.NOTIFY_SCHEMES or "://" not in written:
        listed = ", ".join(f"{name}://" for name in sorted(words.NOTIFY_SCHEMES))
        raise words.problem(
            "is no address that a person can be notified at", f"begin it with one of {listed}"
        )
    return str(written.strip())


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Addresses = Annotated[
    tuple[Annotated[str, PlainValidator(_notify_address)], ...], BeforeValidator(_one_or_many)
]
Names = Annotated[tuple[Text, ...], BeforeValidator(_one_or_many), Field(min_length=1)]
Minutes = Annotated[float, Field(gt=0, le=LONGEST_MINUTES)]
Zone = Annotated[str, PlainValidator(words.zone)]
Hours = Annotated[WallHours, PlainValidator(words.hours)]
Days = Annotated[frozenset[int], PlainValidator(words.days)]
ChannelId = Annotated[str, PlainValidator(_channel_id)]
GroupId = Annotated[str, PlainValidator(_group_id)]
Email = Annotated[str, PlainValidator(_email)]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_alias=True)


class PersonEntry(Entry):
    """A person; what each vendor calls them stands beside these keys, under the vendor's name."""

    name: Text
    email: Email | None = None
    role: Text = "agent"
    languages: Names = ()
    skills: Names = ()
    notify: Addresses = ()


class ChannelEntry(Entry):
    attention_window_minutes: Minutes | None = None
    closes_after_hours: Annotated[float, Field(gt=0, le=24 * 365)] | None = None


class ShiftEntry(Entry):
    name: Text
    channels: Names | None = None  #: all of the desk's when not given
    days: Days
    hours: Hours
    timezone: Zone | None = None  #: the desk's when not given
    owners: Names
    rotate: Rotation | None = None
    rotation_start: date | None = None
    backup: Text | None = None
    lead: Text | None = None
    card_channel: ChannelId | None = Field(default=None, alias="slack_channel")
    user_group: GroupId | None = Field(default=None, alias="slack_user_group")


class OverrideEntry(Entry):
    begins: datetime = Field(alias="from")  #: in the desk's zone unless it carries its own
    ends: datetime = Field(alias="to")
    channels: Names | None = None  #: all of the desk's when not given
    owner: Text
    backup: Text | None = None
    note: Text | None = None


class FeedEntry(Entry):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    url: Annotated[str, PlainValidator(words.feed_address)]
    channels: Names | None = None  #: all of the desk's when not given


class RouteEntry(Entry):
    when: dict[str, Annotated[tuple[Test, ...], PlainValidator(words.tests)]] | None = None
    otherwise: bool | None = None
    group: Text | None = None
    owner: Text | None = None
    priority: Literal["low", "normal", "high", "urgent"] | None = None
    sla: Text | None = None
    card_channel: ChannelId | None = Field(default=None, alias="slack_channel")


class RungEntry(Entry):
    at: Annotated[int | timedelta, PlainValidator(words.point)] | None = None
    after_minutes: Annotated[float, Field(ge=0, le=LONGEST_MINUTES)] | None = None
    do: Annotated[tuple[Step, ...], PlainValidator(words.steps)]


class PolicyEntry(Entry):
    respond_within_minutes: Minutes
    window_minutes: Minutes | None = None
    calendar: Text = "always"
    ladder: tuple[RungEntry, ...] = ()


class CalendarEntry(Entry):
    timezone: Zone | None = None
    hours: dict[str, Any] = Field(min_length=1)  #: days → one span of hours or a list of them
    holidays: tuple[date, ...] = ()


class FallbackEntry(Entry):
    card_channel: ChannelId | None = Field(default=None, alias="slack_channel")
    lead: Text | None = None


class HandingOnEntry(Entry):
    """Keys that stand at the top of the file: who has a handoff when the shift is over, and when it comes again."""

    shift_change: ShiftChange = ShiftChange.MOVE
    reopen_within_hours: Annotated[float, Field(ge=0, le=24 * 365)] = REOPEN_WITHIN.total_seconds() / 3600
