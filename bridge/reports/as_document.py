"""The report as a document for programs. Keys are stable: new ones may come, none goes or changes its meaning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bridge.reports.honest import Share, Tally
from bridge.reports.judged import Judged
from bridge.reports.report import Group, Report
from bridge.reports.spread import Spread
from bridge.reports.wording import headline


def as_document(report: Report) -> dict[str, Any]:
    """Return what JSON can hold. Moments are ISO 8601 in the desk's zone, durations are in seconds.

    headline               one sentence
    period                 from, to (half-open), time_zone, made_at
    handed_over            how many live handoffs were received in the period
    excluded.test          ROWS of the test handoffs, which are in no other figure
    excluded.merged        ROWS of duplicates merged into the ticket of another handoff, in no other figure either
    answered_in_window     TALLY by the customer's clock: the window from the ask, around the clock
    answered_by_promise    TALLY by the business clock: the promise in the policy's own calendar
    not_relayed            ROWS of answers measured when they were written, as no bot relays them
    first_human_response   SPREAD from the ask to a person's first message; unknown: never answered, which is
                           share_never_answered (0 to 1, null when nothing is due) of known and unknown
    delay.ticket, .card    SPREAD from acceptance to the ticket, to the card
    wait.before            SPREAD from the customer's first message to the ask; unknown: the bot did not say
    wait.after             SPREAD from the ask until an answer had reached the customer
    wait.total             SPREAD of both together
    judged.skill_match     JUDGED: 1 less the answered handoffs whose group a person had to choose anew
    judged.context_retention   JUDGED: 1 less those of whom a person said that they had to ask again
    judged.csat_escalated  JUDGED: customers who were satisfied, by the helpdesk's survey
    by_channel, by_shift   lists of name, handed_over, answered_in_window, answered_by_promise

    ROWS    count, handoff_ids
    TALLY   total, matured, pending; outcomes: ROWS by in_time, late, not_delivered, orphaned, unanswered,
            withdrawn, pending, which add up to total; strict and attended: a SHARE each
    SHARE   in_time, of, share (0 to 1), interval_95 (low, high); the last two are null when `of` is 0
    JUDGED  well, badly, unsaid: ROWS; share: a SHARE of well in both, its `in_time` is how many went well;
            coverage (0 to 1, null when nothing was answered): of how many something was said
    SPREAD  known: ROWS, unknown: ROWS, p50_seconds, p90_seconds, p95_seconds, p99_seconds, max_seconds
            (null when nothing is known)
    """
    return {
        "headline": headline(report),
        "period": {
            "from": _moment(report.period.starts_at, report),
            "to": _moment(report.period.ends_at, report),
            "time_zone": report.period.zone,
            "made_at": _moment(report.made_at, report),
        },
        **_counts(report.overall),
        "excluded": {"test": _rows(report.test), "merged": _rows(report.merged)},
        "not_relayed": _rows(report.not_relayed),
        "first_human_response": _response(report.response),
        "delay": {"ticket": _spread(report.ticketing), "card": _spread(report.announcing)},
        "wait": {
            "before": _spread(report.wait_before),
            "after": _spread(report.wait_after),
            "total": _spread(report.wait_total),
        },
        "judged": {
            "skill_match": _judged(report.routed),
            "context_retention": _judged(report.context),
            "csat_escalated": _judged(report.satisfaction),
        },
        "by_channel": [{"name": group.name, **_counts(group)} for group in report.by_channel],
        "by_shift": [{"name": group.name, **_counts(group)} for group in report.by_shift],
    }


def _counts(group: Group) -> dict[str, Any]:
    return {
        "handed_over": group.calendar.total,
        "answered_in_window": _tally(group.calendar),
        "answered_by_promise": _tally(group.business),
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "total": tally.total,
        "matured": tally.strict.of,
        "pending": tally.total - tally.strict.of,
        "strict": _share(tally.strict),
        "attended": _share(tally.attended),
        "outcomes": {outcome.value: _rows(ids) for outcome, ids in tally.outcomes.items()},
    }


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        "well": _rows(judged.well),
        "badly": _rows(judged.badly),
        "unsaid": _rows(judged.unsaid),
        "share": _share(judged.share),
        "coverage": judged.coverage.value,
    }


def _share(share: Share) -> dict[str, Any]:
    interval = share.interval
    return {
        "in_time": share.hits,
        "of": share.of,
        "share": share.value,
        "interval_95": {"low": interval.low, "high": interval.high} if interval else None,
    }


def _response(response: Spread) -> dict[str, Any]:
    due = len(response.known) + len(response.unknown)
    return {**_spread(response), "share_never_answered": len(response.unknown) / due if due else None}


def _spread(spread: Spread) -> dict[str, Any]:
    return {
        "known": _rows(spread.known),
        "unknown": _rows(spread.unknown),
        **{f"p{percent}_seconds": _seconds(spread.percentile(percent)) for percent in (50, 90, 95, 99)},
        "max_seconds": _seconds(spread.longest),
    }


def _rows(ids: Sequence[str]) -> dict[str, Any]:
    return {"count": len(ids), "handoff_ids": list(ids)}


def _seconds(taken: timedelta | None) -> float | None:
    return None if taken is None else taken.total_seconds()


def _moment(at: datetime, report: Report) -> str:
    return report.period.local(at).isoformat()
