"""The report for a terminal: the headline first, then a table for each question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from bridge.handoffs.text import one_line, strip_bidi
from bridge.reports import wording
from bridge.reports.honest import Outcome
from bridge.reports.judged import Judged
from bridge.reports.report import Group, Report
from bridge.reports.spread import Spread

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.IN_TIME: "answered in time",
    Outcome.LATE: "answered too late",
    Outcome.NOT_DELIVERED: "answered, but it did not reach the customer",
    Outcome.ORPHANED: "ticket deleted, never answered",
    Outcome.UNANSWERED: "not answered",
    Outcome.WITHDRAWN: "withdrawn, or the customer left, before any answer",
    Outcome.PENDING: "pending",
}
PERCENTILES: Final = (50, 90, 95, 99)
EXPLAINED: Final = (
    "The customer's clock runs from the ask, day and night, to the end of the customer's attention.",
    "The business clock runs to the promised time, in the hours of the policy's own calendar.",
    "Strict counts a customer who gave up as a miss; attended leaves them out. Pending ones are in neither.",
)


def as_text(report: Report) -> str:
    """Return the whole report, ending in a line end."""
    parts = (
        [wording.headline(report)],
        _about(report),
        _outcomes(report.overall),
        _by("channel", report.by_channel),
        _by("shift", report.by_shift),
        _durations(report),
        _verdicts(report),
        list(EXPLAINED) if report.overall.calendar.total else [],
    )
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _about(report: Report) -> list[str]:
    period, response = report.period, report.response
    silent, due = len(response.unknown), len(response.known) + len(response.unknown)
    merged = f"; merged duplicates left out: {len(report.merged)}" if report.merged else ""
    starts, ends = _moment(period.starts_at, report), _moment(period.ends_at, report)
    return _table(
        [
            ["received", f"from {starts} to before {ends} ({period.zone})"],
            ["as of", f"{_moment(report.made_at, report)} ({period.zone})"],
            [
                "handed over",
                f"{report.overall.calendar.total}; test handoffs left out: {len(report.test)}{merged}",
            ],
            ["never answered", f"{silent} of {due} that have an answer or whose window has ended"],
            ["not relayed", f"{len(report.not_relayed)} answers, counted from when they were written"],
        ]
    )


def _moment(at: datetime, report: Report) -> str:
    return f"{report.period.local(at):%Y-%m-%d %H:%M}"


def _outcomes(group: Group) -> list[str]:
    """Return a row for each outcome and the shares they make; nothing when nobody was handed over."""
    if not group.calendar.total:
        return []
    calendar, business = group.calendar, group.business
    rows = [["", "customer's clock", "business clock"]]
    rows += [[name, str(calendar.count(of)), str(business.count(of))] for of, name in OUTCOMES.items()]
    rows.append(["all", str(calendar.total), str(business.total)])
    for name, one, other in (
        ("in time, strict", calendar.strict, business.strict),
        ("in time, attended", calendar.attended, business.attended),
    ):
        rows.append([name, wording.share(one), wording.share(other)])
        rows.append(["  95 % interval", wording.interval(one), wording.interval(other)])
    return _table(rows)


def _by(what: str, groups: Sequence[Group]) -> list[str]:
    """Return a table with one row for each group; nothing when there is none."""
    if not groups:
        return []
    titles = [
        f"by {what}",
        "handed over",
        "pending",
        "in time",
        "95 % interval",
        "attended",
        "business clock",
    ]
    return _table([titles, *(_group(group) for group in groups)])


def _group(group: Group) -> list[str]:
    calendar = group.calendar
    return [
        strip_bidi(one_line(group.name)),
        str(calendar.total),
        str(calendar.count(Outcome.PENDING)),
        wording.share(calendar.strict),
        wording.interval(calendar.strict),
        wording.share(calendar.attended),
        wording.share(group.business.strict),
    ]


def _durations(report: Report) -> list[str]:
    if not report.overall.calendar.total:
        return []
    titles = ["how long", *(f"p{percent}" for percent in PERCENTILES), "longest", "known for"]
    return _table(
        [
            titles,
            _duration("ask to a person's first message", report.response, "never answered"),
            _duration("acceptance to ticket", report.ticketing, "without ticket"),
            _duration("acceptance to card", report.announcing, "without card"),
            _duration("customer's wait before the ask", report.wait_before, wording.UNKNOWN),
            _duration("customer's wait after the ask", report.wait_after, "not reached by an answer"),
            _duration("customer's whole wait", report.wait_total, wording.UNKNOWN),
        ]
    )


def _duration(name: str, spread: Spread, otherwise: str) -> list[str]:
    taken = [wording.duration(spread.percentile(percent)) for percent in PERCENTILES]
    known, unknown = len(spread.known), len(spread.unknown)
    missing = f", {unknown} {otherwise}" if unknown else ""
    return [name, *taken, wording.duration(spread.longest), f"{known} of {known + unknown}{missing}"]


def _verdicts(report: Report) -> list[str]:
    """Return what was said of answered handoffs; nothing when none was answered."""
    if not report.routed.coverage.of:
        return []
    titles = ["how well", "share", "95 % interval", "known for"]
    return _table(
        [
            titles,
            _verdict("came to the right team at once", report.routed),
            _verdict("nothing had to be asked again", report.context),
            _verdict("customers satisfied", report.satisfaction),
        ]
    )


def _verdict(name: str, judged: Judged) -> list[str]:
    share, coverage = judged.share, judged.coverage
    return [name, wording.share(share), wording.interval(share), f"{coverage.hits} of {coverage.of}"]


def _table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the rows with their columns aligned, two spaces apart."""
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
