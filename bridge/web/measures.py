"""Measures in Prometheus' format, read from the rows: the same from every process.

Its own clock, and what the store has cost it, each process tells for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import Connection, Text, and_, cast, func, select

from bridge.delivery.job import DeliveryState
from bridge.handoffs.accept import PROMISE
from bridge.handoffs.holding import HELD
from bridge.handoffs.lifecycle import MISROUTED
from bridge.handoffs.model import State
from bridge.reports.accounting import BOOKS_OVER, LOOKED_INTO, books
from bridge.reports.audit import Astray, astray
from bridge.store import Database, tables
from bridge.store.strain import Strain

LATENESS_MS: Final = (10, 25, 50, 100, 250, 1_000, 5_000, 30_000)
OWED: Final = (DeliveryState.OWED, DeliveryState.UNKNOWN)


def measures(database: Database, now: datetime) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Rows(database, now))
    return generate_latest(registry)


class _Rows:
    """Collects every measure in one look at the store."""

    def __init__(self, database: Database, now: datetime) -> None:
        self._database = database
        self._now = now

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        with self._database.read() as connection:
            yield _accepted(connection)
            yield _open(connection)
            yield _misrouted(connection)
            yield _deliveries(connection)
            yield _oldest_owed(connection, self._now)
            yield _defects(connection)
            yield _lateness(connection)
            yield _held(connection)
            yield _feeds(connection, self._now)
            yield from _books(connection, self._now)
            yield _astray(connection, self._now)
        yield _skew(self._database.clock.skew)
        yield from _strain(self._database.strain)


def _skew(skew: timedelta) -> Metric:
    family = GaugeMetricFamily(
        "handoff_clock_skew_seconds", "How far this machine's clock is ahead of the store's time"
    )
    family.add_metric([], skew.total_seconds())
    return family


def _accepted(connection: Connection) -> Metric:
    family = CounterMetricFamily("handoff_accepts", "Handoffs accepted", labels=["account"])
    table = tables.handoffs
    for account, count in connection.execute(
        select(table.c.account_id, func.count()).group_by(table.c.account_id)
    ):
        family.add_metric([account], count)
    return family


def _open(connection: Connection) -> Metric:
    family = GaugeMetricFamily("handoff_open", "Handoffs nobody has answered yet", labels=["account"])
    table = tables.handoffs
    found = connection.execute(
        select(table.c.account_id, func.count())
        .where(table.c.state == State.OPEN)
        .group_by(table.c.account_id)
    )
    for account, count in found:
        family.add_metric([account], count)
    return family


def _misrouted(connection: Connection) -> Metric:
    family = CounterMetricFamily(
        "handoff_misrouted",
        "Handoffs whose ticket could not go to the group or the person of its route",
        labels=["account"],
    )
    table = tables.handoffs
    found = connection.execute(
        select(table.c.account_id, func.count())
        .where(cast(table.c.flags, Text).contains(f'"{MISROUTED}"'))
        .group_by(table.c.account_id)
    )
    for account, count in found:
        family.add_metric([account], count)
    return family


def _deliveries(connection: Connection) -> Metric:
    family = GaugeMetricFamily(
        "handoff_deliveries", "Deliveries by state", labels=["connection", "kind", "state"]
    )
    table = tables.deliveries
    columns = (table.c.connection, table.c.kind, table.c.state)
    for connection_name, kind, state, count in connection.execute(
        select(*columns, func.count()).group_by(*columns)
    ):
        family.add_metric([connection_name, kind, state], count)
    return family


def _oldest_owed(connection: Connection, now: datetime) -> Metric:
    family = GaugeMetricFamily(
        "handoff_oldest_owed_seconds",
        "How overdue the oldest delivery is that could be sent",
        labels=["connection"],
    )
    table = tables.deliveries
    found = connection.execute(
        select(table.c.connection, func.min(table.c.not_before))
        .where(table.c.state.in_(OWED), table.c.not_before <= now)
        .group_by(table.c.connection)
    )
    for connection_name, oldest in found:
        family.add_metric([connection_name], (now - oldest).total_seconds())
    return family


def _defects(connection: Connection) -> Metric:
    family = GaugeMetricFamily(
        "handoff_defects", "Channels, people, fields and addresses that must be mended", labels=["account"]
    )
    table = tables.defects
    for account, count in connection.execute(
        select(table.c.account_id, func.count()).group_by(table.c.account_id)
    ):
        family.add_metric([account], count)
    return family


def _lateness(connection: Connection) -> Metric:
    table = tables.clocks
    # A clock of the channel is no rung, and is armed anew when the customer writes: a count of them would fall.
    fired = and_(table.c.state == "fired", table.c.rung >= PROMISE)
    at_most = [func.count().filter(table.c.late_ms <= bound) for bound in LATENESS_MS]
    row = connection.execute(
        select(*at_most, func.count(), func.coalesce(func.sum(table.c.late_ms), 0)).where(fired)
    ).one()
    family = HistogramMetricFamily("handoff_rung_lateness_seconds", "How late rungs fired")
    buckets = [(str(bound / 1000), float(row[index])) for index, bound in enumerate(LATENESS_MS)]
    family.add_metric([], [*buckets, ("+Inf", float(row[-2]))], sum_value=float(row[-1]) / 1000)
    return family


def _books(connection: Connection, now: datetime) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "handoff_books", "Accepted handoffs by fate; missing must be 0", labels=["account", "fate"]
    )
    for account in connection.execute(select(tables.accounts.c.account_id)).scalars().all():
        found = books(connection, account, now - BOOKS_OVER, looked_into_since=now - LOOKED_INTO)
        for fate in ("settled", "owed", "dead", "missing"):
            family.add_metric([account, fate], getattr(found, fate))
    yield family


def _held(connection: Connection) -> Metric:
    table = tables.clocks
    count = connection.execute(select(func.count()).where(table.c.state == HELD)).scalar_one()
    return GaugeMetricFamily("handoff_held_clocks", "Rungs so late that they wait for a yes", value=count)


def _astray(connection: Connection, now: datetime) -> Metric:
    family = GaugeMetricFamily(
        "handoff_astray",
        "Open handoffs whose clocks cannot be relied on; must be 0",
        labels=["account", "why"],
    )
    for account in connection.execute(select(tables.accounts.c.account_id)).scalars().all():
        counted = Counter(
            one.why for one in astray(connection, account, now, looked_into_since=now - LOOKED_INTO)
        )
        for why in Astray:
            family.add_metric([account, why], counted[why])
    return family


def _feeds(connection: Connection, now: datetime) -> Metric:
    family = GaugeMetricFamily(
        "handoff_feed_age_seconds",
        "How long ago each calendar was last read well; since 1970 when never",
        labels=["account", "feed"],
    )
    table = tables.feeds
    for row in connection.execute(select(table.c.account_id, table.c.feed, table.c.read_at)):
        age = now.timestamp() - (row.read_at.timestamp() if row.read_at else 0.0)
        family.add_metric([row.account_id, row.feed], age)
    return family


def _strain(strain: Strain) -> Iterator[Metric]:
    counted = (
        (
            "handoff_store_repeats",
            "Transactions this process ran again, by what undid them",
            strain.repeats(),
        ),
        ("handoff_store_refusals", "Work of this process that the store did not keep", strain.refusals()),
    )
    for name, text, counts in counted:
        family = CounterMetricFamily(name, text, labels=["reason"])
        for reason, count in counts.items():
            family.add_metric([reason], count)
        yield family
