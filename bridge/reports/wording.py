"""The report in words: the headline, shares, intervals and durations. Nothing is rounded in our favour."""

from __future__ import annotations

from datetime import timedelta
from math import ceil, floor
from typing import Final

from bridge.reports.honest import Outcome, Share
from bridge.reports.report import Report

#: a share of fewer than so many is told as a count; a percentage would promise more than it knows
FEWEST_FOR_PERCENT: Final = 30
UNKNOWN: Final = "unknown"
NOTHING: Final = "nothing to count"
TENTH: Final = timedelta(milliseconds=100)
SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)


def headline(report: Report) -> str:
    """Return the one sentence that says how the period went, by the customer's clock and strictly counted."""
    tally = report.overall.calendar
    when = f"{report.period.in_words(report.made_at)} ({report.period.zone})"
    strict, pending = tally.strict, tally.count(Outcome.PENDING)
    if not tally.total:
        return f"No customer was handed over {when}."
    if not strict.of:
        were = "1 customer was" if pending == 1 else f"{pending} customers were"
        return f"{were} handed over {when}, still pending: there is nothing to count yet."
    waiting = f"; {pending} still pending" if pending else ""
    answered = "had a person's answer in time"
    if strict.of < FEWEST_FOR_PERCENT:
        customers = "customer" if strict.of == 1 else "customers"
        return f"{strict.hits} of {strict.of} {customers} handed over {when} {answered}{waiting}."
    return f"{share(strict)} of the customers handed over {when} {answered}{waiting}."


def percent(share: Share) -> str:
    """Return the share in per cent, cut and not rounded: 2,999 of 3,000 are not 100 %."""
    tenths = share.hits * 1000 // share.of
    return f"{tenths // 10}.{tenths % 10} %"


def share(share: Share) -> str:
    """Return "21 of 27", with the percentage where there are enough."""
    if not share.of:
        return NOTHING
    counted = f"{share.hits} of {share.of}"
    return counted if share.of < FEWEST_FOR_PERCENT else f"{percent(share)} ({counted})"


def interval(share: Share) -> str:
    """Return the 95 % interval, rounded outward; empty when there is none."""
    found = share.interval
    if found is None:
        return ""
    return f"{floor(found.low * 1000) / 10} % to {ceil(found.high * 1000) / 10} %"


def duration(taken: timedelta | None) -> str:
    """Return a duration as people say it. None is "unknown", never 0."""
    if taken is None:
        return UNKNOWN
    if taken < MINUTE:
        return f"{taken // TENTH / 10} s"
    if taken < HOUR:
        return f"{taken // MINUTE} min {taken % MINUTE // SECOND} s"
    return f"{taken // HOUR} h {taken % HOUR // MINUTE} min"
