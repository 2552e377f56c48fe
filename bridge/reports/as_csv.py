"""The report for a spreadsheet: one row for each clock, group and outcome, and two for the shares."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from bridge.reports.honest import Share, Tally
from bridge.reports.report import Report

COLUMNS: Final = (
    "from", "to", "time_zone", "made_at", "clock", "grouped_by", "group",
    "row", "bucket", "handoffs", "of", "share", "interval_low", "interval_high",
)  # fmt: skip
#: a cell that begins so is a formula to a spreadsheet
FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r")


def as_csv(report: Report) -> str:
    """Return the report as CSV with a line of titles; moments are ISO 8601 in the desk's zone.

    Rows with `row` "outcome" add up to the group's handoffs, `of`. Those with "share" are the honest
    number, strict and attended: `handoffs` in time `of` those that count. What cannot be said is empty.
    """
    written = io.StringIO()
    sheet = csv.writer(written, lineterminator="\n")
    sheet.writerow(COLUMNS)
    local = report.period.local
    about = (
        local(report.period.starts_at).isoformat(),
        local(report.period.ends_at).isoformat(),
        report.period.zone,
        local(report.made_at).isoformat(),
    )
    for cells in _rows(report):
        sheet.writerow([harmless(cell) for cell in (*about, *cells)])
    return written.getvalue()


def harmless(cell: Any) -> Any:
    """Return the cell, with a ' before a text that a spreadsheet would run as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_BEGINS) else cell


def _rows(report: Report) -> Iterator[tuple[Any, ...]]:
    grouped = [("all", report.overall)]
    grouped += [("channel", group) for group in report.by_channel]
    grouped += [("shift", group) for group in report.by_shift]
    for grouped_by, group in grouped:
        for clock, tally in (("customer", group.calendar), ("business", group.business)):
            for cells in _buckets(tally):
                yield clock, grouped_by, group.name, *cells


def _buckets(tally: Tally) -> Iterator[tuple[Any, ...]]:
    for outcome, ids in tally.outcomes.items():
        yield "outcome", outcome.value, len(ids), tally.total, "", "", ""
    yield "share", "strict", *_share(tally.strict)
    yield "share", "attended", *_share(tally.attended)


def _share(share: Share) -> tuple[Any, ...]:
    interval = share.interval
    if interval is None:
        return share.hits, share.of, "", "", ""
    return share.hits, share.of, share.value, interval.low, interval.high
