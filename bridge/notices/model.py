"""The notices there are, the names each may put in, and the texts of one locale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from bridge.handoffs.text import cut, one_line, strip_bidi
from bridge.notices.templates import Template

ENGLISH: Final = "en"
#: characters of a notice as the customer reads it, and of each name put in; our own, where no channel says
LONGEST_NOTICE: Final = 600
LONGEST_NAME: Final = 80


class NoticeKind(StrEnum):
    """What a customer can be told; docs/operations.md says when."""

    KEPT = "kept"
    KEPT_PAST_PROMISE = "kept_past_promise"
    KEPT_NOT_TAKEN = "kept_not_taken"
    OUT_OF_HOURS = "out_of_hours"
    OUT_OF_HOURS_OPENING_UNKNOWN = "out_of_hours_opening_unknown"
    WAITING = "waiting"
    LONGER_THAN_PROMISED = "longer_than_promised"
    LONGER_THAN_PROMISED_NEXT_CALL = "longer_than_promised_next_call"
    JOINED = "joined"
    PASSED_ON = "passed_on"
    SOLVED = "solved"


class TimeKind(StrEnum):
    """How a moment is written, by whether it is today's for the desk."""

    SAME_DAY = "same_day"
    OTHER_DAY = "other_day"


#: the names a text may put in
NOTICE_NAMES: Final[Mapping[NoticeKind, tuple[str, ...]]] = {
    NoticeKind.KEPT: ("owner", "by"),
    NoticeKind.KEPT_PAST_PROMISE: ("owner",),
    NoticeKind.KEPT_NOT_TAKEN: (),
    NoticeKind.OUT_OF_HOURS: ("opens",),
    NoticeKind.OUT_OF_HOURS_OPENING_UNKNOWN: (),
    NoticeKind.WAITING: ("minutes", "by"),
    NoticeKind.LONGER_THAN_PROMISED: ("minutes",),
    NoticeKind.LONGER_THAN_PROMISED_NEXT_CALL: ("minutes", "by"),
    NoticeKind.JOINED: ("person",),
    NoticeKind.PASSED_ON: ("owner",),
    NoticeKind.SOLVED: (),
}
TIME_NAMES: Final[Mapping[TimeKind, tuple[str, ...]]] = {
    TimeKind.SAME_DAY: ("clock", "zone"),
    TimeKind.OTHER_DAY: ("clock", "zone", "weekday", "day", "month"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """The texts of one locale. `file` is where they were read."""

    locale: str
    file: str
    notices: Mapping[NoticeKind, Template]
    times: Mapping[TimeKind, Template]
    weekdays: tuple[str, ...]  #: Monday first
    months: tuple[str, ...]

    def say(self, kind: NoticeKind, **values: str | int) -> str:
        """Return a notice as one line of plain text. `values` are its names in `NOTICE_NAMES`; times are written."""
        return _line(self.notices[kind].filled(_harmless(values)))

    def moment(self, at: datetime, now: datetime, zone: str) -> str:
        """Return the aware moment `at` on the desk's clocks, with its day unless that is today's."""
        local = at.astimezone(ZoneInfo(zone))
        values: dict[str, str | int] = {"clock": f"{local:%H:%M}", "zone": local.tzname() or zone}
        if local.date() == now.astimezone(ZoneInfo(zone)).date():
            return _line(self.times[TimeKind.SAME_DAY].filled(values))
        values |= {"weekday": self.weekdays[local.weekday()], "month": self.months[local.month - 1]}
        return _line(self.times[TimeKind.OTHER_DAY].filled({**values, "day": local.day}))


class Notices:
    """The wordings of a deployment; English is always among them."""

    def __init__(self, wordings: Mapping[str, Wording]) -> None:
        """Take the wordings by `key_of` their locale."""
        self._wordings = wordings

    def __iter__(self) -> Iterator[Wording]:
        return iter(self._wordings.values())

    def of(self, *locales: str | None) -> Wording:
        """Return the wording of the first locale that has one, in itself or in a wider one, else English.

        For hi-Latn-IN that is hi-Latn-IN, hi-Latn or hi. Source: RFC 4647, "Lookup". None names no locale.
        """
        found = next((found for locale in locales if locale and (found := self._looked_up(locale))), None)
        return found or self._wordings[ENGLISH]

    def speak(self, locale: str) -> bool:
        """Return whether a customer of this locale is told in it, or in a wider one."""
        return self._looked_up(locale) is not None

    def named(self, locale: str) -> Wording | None:
        """Return the wording of exactly this locale; None where there is none."""
        return self._wordings.get(key_of(locale))

    def _looked_up(self, locale: str) -> Wording | None:
        wider = _wider(key_of(locale))
        return next((self._wordings[key] for key in wider if key in self._wordings), None)


def key_of(locale: str) -> str:
    """Return a locale as it is compared: BCP 47 in lower case; hi_IN.UTF-8, as programs write it, is hi-in."""
    return locale.partition(".")[0].partition("@")[0].strip().replace("_", "-").lower()


def _wider(key: str) -> Iterator[str]:
    while key:
        yield key
        key = key.rpartition("-")[0]


def _harmless(values: Mapping[str, str | int]) -> dict[str, str | int]:
    """Return the values with every text cut to size: a person's name is data, whatever stands in it."""
    return {
        name: cut(_plain(value), LONGEST_NAME) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _line(text: str) -> str:
    return cut(_plain(text), LONGEST_NOTICE)


def _plain(text: str) -> str:
    return one_line(strip_bidi(text))
