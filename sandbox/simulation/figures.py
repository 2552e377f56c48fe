"""What a simulated day comes to, in numbers, and in words."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, select

from bridge.accounts import MAIN
from bridge.reports.period import Period
from bridge.reports.report import make_report
from bridge.reports.rows import received_in
from bridge.reports.wording import headline
from bridge.store import tables
from sandbox.simulation.calls import Calls
from sandbox.simulation.shop import ZONE

MILLISECOND: Final = timedelta(milliseconds=1)
SHOWN: Final = 20  #: broken rules that are printed


@dataclass(frozen=True, kw_only=True, slots=True)
class Lateness:
    """Of the rungs that fired, in milliseconds after they were due."""

    fired: int
    p50_ms: int
    p99_ms: int
    max_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Accidents:
    """What went wrong on purpose."""

    calls: Mapping[str, int]
    worker_deaths: int
    worker_stalls: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    seed: int
    conversations: int
    handoffs: int
    honest_number: str  #: the report's own headline
    answered_in_window: float | None  #: from 0 to 1, strictly counted
    states: Mapping[str, int]
    lateness: Lateness
    calls: Mapping[str, Mapping[str, int]]  #: by host and kind
    budget_peaks: Mapping[str, float]  #: share of each limit, in its busiest minute
    over_the_limit: Mapping[str, int]  #: 429s of vendors' own limits
    retries: int
    dead_letters: int
    longest_queue: int
    accidents: Accidents
    digest: str  #: of all timelines: the same seed gives the same
    broken: Sequence[str]

    def document(self) -> dict[str, Any]:
        return asdict(self)


def lateness(connection: Connection) -> Lateness:
    """A rung that was due before its handoff came (the bot was slow to tell) is due when it came."""
    clocks, handoffs = tables.clocks, tables.handoffs
    fired = (
        select(clocks.c.due_at, clocks.c.settled_at, handoffs.c.received_at)
        .join_from(
            clocks,
            handoffs,
            (handoffs.c.account_id == clocks.c.account_id) & (handoffs.c.handoff_id == clocks.c.handoff_id),
        )
        .where(clocks.c.state == "fired")
    )
    found = sorted(
        (row.settled_at - max(row.due_at, row.received_at)) // MILLISECOND
        for row in connection.execute(fired)
    )
    return Lateness(
        fired=len(found),
        p50_ms=_nearest(found, 50),
        p99_ms=_nearest(found, 99),
        max_ms=found[-1] if found else 0,
    )


def states(connection: Connection) -> dict[str, int]:
    state = tables.handoffs.c.state
    counted = select(state, func.count()).group_by(state).order_by(state)
    return {name: count for name, count in connection.execute(counted)}  # noqa: C416 - rows are no pairs


def retries(connection: Connection) -> int:
    attempt = tables.attempts.c.attempt
    return int(
        connection.execute(select(func.count()).select_from(tables.attempts).where(attempt > 1)).scalar_one()
    )


def dead_letters(connection: Connection) -> int:
    dead = select(func.count()).select_from(tables.deliveries).where(tables.deliveries.c.state == "dead")
    return int(connection.execute(dead).scalar_one())


def honest(connection: Connection, start: datetime, now: datetime) -> tuple[str, float | None]:
    """Return the report's headline, and the share behind it."""
    period = Period(starts_at=start, ends_at=start + timedelta(days=1), zone=ZONE)
    report = make_report(received_in(connection, MAIN, period), period, now)
    return headline(report), report.overall.calendar.strict.value


def digest(connection: Connection) -> str:
    """Return a fingerprint of every event of every handoff. Ids are chance, so conversations stand for them."""
    timeline, handoffs = tables.timeline, tables.handoffs
    told = connection.execute(
        select(handoffs.c.conversation_id, handoffs.c.received_at, timeline)
        .join_from(
            timeline,
            handoffs,
            (handoffs.c.account_id == timeline.c.account_id)
            & (handoffs.c.handoff_id == timeline.c.handoff_id),
        )
        .order_by(handoffs.c.received_at, handoffs.c.conversation_id, timeline.c.number)
    )
    found = hashlib.sha256()
    for row in told:
        line = (row.conversation_id, row.number, row.event, row.actor, str(row.at), str(row.recorded_at))
        found.update(json.dumps([*line, row.data], sort_keys=True).encode())
    return found.hexdigest()


def calls_by_host(calls: Calls) -> dict[str, dict[str, int]]:
    hosts: dict[str, dict[str, int]] = {}
    for (host, kind), count in sorted(calls.by_kind.items()):
        hosts.setdefault(host, {})[kind] = count
    return hosts


def as_text(figures: Figures) -> str:
    """Return the figures for people."""
    late, made = figures.lateness, figures.accidents
    calls = (
        f"  {host:<10} {sum(kinds.values()):>6}   {_listed(kinds)}" for host, kinds in figures.calls.items()
    )
    peaks = (f"  {name:<32} {share:>6.1%}" for name, share in figures.budget_peaks.items())
    lines = [
        f"Seed {figures.seed}: {figures.conversations} conversations, {figures.handoffs} handoffs.",
        figures.honest_number,
        f"States: {_listed(figures.states)}.",
        f"Rungs: {late.fired} fired, late by {late.p50_ms} ms (p50), {late.p99_ms} ms (p99), {late.max_ms} ms at most.",
        _deliveries(figures),
        "Calls:",
        *calls,
        "Share of each limit in its busiest minute:",
        *peaks,
        f"Refused as too many (429): {_listed(figures.over_the_limit) or 'none'}.",
        f"Calls that went wrong on purpose: {_listed(made.calls) or 'none'}.",
        f"Workers: {made.worker_deaths} deaths, {made.worker_stalls} stalls.",
        f"Timelines: {figures.digest}",
        *_verdict(figures.broken),
    ]
    return "\n".join(lines) + "\n"


def _deliveries(figures: Figures) -> str:
    told = f"Deliveries: {figures.longest_queue} waiting at the peak, {figures.retries} tried again"
    return f"{told}, {figures.dead_letters} dead letters."


def _verdict(broken: Sequence[str]) -> list[str]:
    if not broken:
        return ["Every rule held."]
    more = len(broken) - SHOWN
    rest = [f"  and {more} more"] if more > 0 else []
    return [f"{len(broken)} rules broken:", *(f"  {line}" for line in broken[:SHOWN]), *rest]


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def counted(found: Counter[str]) -> dict[str, int]:
    return dict(sorted(found.items()))


def _nearest(ordered: list[int], percent: int) -> int:
    return ordered[-(-percent * len(ordered) // 100) - 1] if ordered else 0
