"""The short forms a desk file uses: days, hours, zones, points of a ladder, steps and tests."""

from __future__ import annotations

import re
import zoneinfo
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

from bridge.desk.mistakes import did_you_mean
from bridge.roster.model import DAY_MINUTES, WallHours
from bridge.routing.model import Comparison, Test
from bridge.sla.model import Step, StepKind

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
POINT = re.compile(r"(?:(?P<percent>\d{1,4})\s*%|(?P<number>\d{1,5})\s*(?P<unit>[smhd]))")
BOUND = re.compile(r"(>=|<=|>|<)\s*([-+]?\d{1,15}(?:\.\d{1,6})?)")
LOCALE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


#: ways to a person beside the chat that a desk may name; none posts to any web address or runs a program
NOTIFY_SCHEMES = frozenset(
    {
        "mailto",
        "mailtos",
        "msteams",
        "opsgenie",
        "pagerduty",
        "signalwire",
        "sns",
        "twilio",
        "vonage",
        "workflows",
    }
)


def problem(said: str, remedy: str) -> PydanticCustomError:
    """Return an error for a validator to raise, with what would do beside what is wrong."""
    return PydanticCustomError("desk", "{problem}", {"problem": said, "remedy": remedy})


def zone(name: Any) -> str:
    if not isinstance(name, str) or name not in _zones():
        raise problem(f"unknown time zone {name!r}", _zone_remedy(str(name)))
    return name


def locale(name: Any) -> str:
    """Read a language as BCP 47 writes it."""
    if not isinstance(name, str) or not LOCALE.fullmatch(name.strip()):
        raise problem(f"{name!r} names no language", "write en, hi or pt-BR, the name of a file of notices")
    return name.strip()


def hours(text: Any) -> WallHours:
    """Read "09:00-17:00"; an end at or before the start is on the next day, "24:00" is midnight."""
    match = HOURS.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise problem(f"{text!r} is not a span of hours", 'write "09:00-17:00", in quotes')
    opens_hour, opens_minute, closes_hour, closes_minute = (int(part) for part in match.groups())
    opens, closes = opens_hour * 60 + opens_minute, closes_hour * 60 + closes_minute
    if max(opens_minute, closes_minute) > 59 or opens >= DAY_MINUTES or closes > DAY_MINUTES:
        raise problem(f"{text!r} names a time that no clock shows", "hours go from 00:00 to 24:00")
    if opens == closes:
        raise problem(f"{text!r} lasts no time at all", 'write "00:00-24:00" for a whole day')
    return WallHours(opens_minute=opens, closes_minute=closes if closes > opens else closes + DAY_MINUTES)


def days(written: Any) -> frozenset[int]:
    """Read "daily", "mon-sat", "mon,wed,fri" or a list of those; Monday is 0."""
    parts = written if isinstance(written, list) else [written]
    words = [word.strip().casefold() for part in parts if isinstance(part, str) for word in part.split(",")]
    if not words or not all(isinstance(part, str) for part in parts):
        raise problem(f"{written!r} names no days", 'write "daily", "mon-fri" or [mon, wed, fri]')
    return frozenset(day for word in words for day in _days_of(word))


def point(text: Any) -> int | timedelta:
    """Read a point of a ladder: "50%" as 50, "10m" as ten minutes."""
    match = POINT.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise problem(f"{text!r} is no point of a ladder", "write a share such as 50% or a time such as 10m")
    if match["percent"]:
        return int(match["percent"])
    return timedelta(**{UNITS[match["unit"]]: int(match["number"])})


def steps(written: Any) -> tuple[Step, ...]:
    """Read the steps of a rung: a word, or a word with its target as in {page: lead}."""
    parts = written if isinstance(written, list) else [written]
    if not parts:
        raise problem("this rung does nothing", "name a step, such as remind_owner, or remove the rung")
    return tuple(_step(part) for part in parts)


def tests(written: Any) -> tuple[Test, ...]:
    """Read what a route accepts: a value, a bound such as ">= 10000", or a list of those."""
    parts = written if isinstance(written, list) else [written]
    if not parts:
        raise problem("an empty list accepts nothing", "name at least one value")
    return tuple(_test(part) for part in parts)


def feed_address(url: Any) -> str:
    """Read a calendar's address: https, or this machine's own."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
        fit = bool(parts.hostname) and parts.port != 0 and (parts.scheme == "https" or here)
    except ValueError:
        fit = False
    if not fit:
        raise problem(
            "the calendar's address cannot be read",
            "copy its iCal address, which begins with https://; write https:// for webcal://",
        )
    return str(url)


def _days_of(word: str) -> tuple[int, ...]:
    if word == "daily":
        return tuple(range(7))
    first, dash, last = word.partition("-")
    start = _weekday(first.strip())
    if not dash:
        return (start,)
    end = _weekday(last.strip())
    return tuple((start + step) % 7 for step in range((end - start) % 7 + 1))


def _weekday(word: str) -> int:
    found = [number for number, day in enumerate(WEEKDAYS) if len(word) >= 3 and day.startswith(word)]
    if not found:
        raise problem(f"unknown day {word!r}", "days are mon, tue, wed, thu, fri, sat, sun or daily")
    return found[0]


def _step(part: Any) -> Step:
    word, target = _word_and_target(part)
    if word not in list(StepKind):
        raise problem(f"unknown step {word!r}", did_you_mean(word, [kind.value for kind in StepKind]))
    kind = StepKind(word)
    if kind.needs_target != (target is not None):
        remedy = f"write {{{word}: …}}" if kind.needs_target else f"write {word} alone"
        raise problem(f"{word} {'needs a target' if kind.needs_target else 'takes no target'}", remedy)
    if kind is StepKind.CALL_WEBHOOK:
        _check_url(str(target))
    return Step(kind=kind, target=target)


def _word_and_target(part: Any) -> tuple[str, str | None]:
    if isinstance(part, str):
        return part.strip(), None
    if isinstance(part, dict) and len(part) == 1:
        ((word, target),) = part.items()
        if isinstance(target, str) and target.strip():
            return word, target.strip()
        raise problem(f"{word} needs a target that is text", f"write {{{word}: …}}")
    raise problem(f"{part!r} is no step", "write a word such as remind_owner or a pair such as {page: lead}")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        fit = parts.scheme == "https" and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        fit = False
    if not fit:
        raise problem("the webhook's address cannot be called", "write https://host/path, without a password")


def _test(part: Any) -> Test:
    if isinstance(part, bool | int | float):
        return Test(comparison=Comparison.IS, value=part)
    if not isinstance(part, str) or not part.strip():
        raise problem(f"{part!r} is not a value to compare with", "write text, a number or a list of those")
    bound = BOUND.fullmatch(part.strip())
    if bound is not None:
        return Test(
            comparison=Comparison(bound[1]), value=float(bound[2]) if "." in bound[2] else int(bound[2])
        )
    if part.strip()[0] in "<>":
        raise problem(f"{part!r} compares with something that is no number", 'write ">= 10000", in quotes')
    return Test(comparison=Comparison.IS, value=part.strip())


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _zone_remedy(name: str) -> str:
    by_small = {known.casefold(): known for known in _zones()}
    meant = did_you_mean(name, by_small)
    if not meant.startswith("did"):
        return "write an IANA name such as Asia/Kolkata"
    small = meant.split("'")[1]
    return f"did you mean {by_small[small]!r}?"
