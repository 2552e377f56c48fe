"""`handoff report`: the honest number of a period."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from bridge.accounts import MAIN
from bridge.commands.outcome import (
    Commands,
    Refused,
    add_command,
    moment,
    print_json,
    settings_from_environment,
)
from bridge.desk.load import read_desk
from bridge.reports.as_csv import as_csv
from bridge.reports.as_document import as_document
from bridge.reports.as_text import as_text
from bridge.reports.period import Period, midnight
from bridge.reports.report import Report, make_report
from bridge.reports.rows import received_in
from bridge.roster.walltime import local_date
from bridge.store import Database, tables
from bridge.store.migrate import is_current
from connectors.registry import VENDORS

DESKS: Final = tables.desk_versions
DAYS: Final = timedelta(days=7)
DAY: Final = timedelta(days=1)
WITHOUT_DESK: Final = "UTC"
DATE_LENGTH: Final = len("2026-11-16")
YEARS: Final = range(1970, 9000)


def add_to(commands: Commands) -> None:
    report = add_command(
        commands,
        "report",
        "of the customers handed over, how many had a person's answer in time",
        "handoff report --from 2026-11-16 --to 2026-11-23 --format text",
        _report,
    )
    edge = "a date in the desk's zone, or a moment with its zone"
    report.add_argument(
        "--from", dest="starts", type=_edge, metavar="DATE", help=f"{edge}; by default seven days before --to"
    )
    report.add_argument(
        "--to",
        dest="ends",
        type=_edge,
        metavar="DATE",
        help=f"{edge}, itself not included; by default tomorrow, so that today is in",
    )
    report.add_argument("--format", choices=("text", "json", "csv"), default="text")
    report.add_argument("--json", dest="format", action="store_const", const="json", help="as --format json")


def _report(given: argparse.Namespace) -> int:
    report = _read(given, datetime.now(UTC))
    if given.format == "json":
        print_json(as_document(report))
    else:
        print(as_csv(report) if given.format == "csv" else as_text(report), end="")
    return 0


def _read(given: argparse.Namespace, now: datetime) -> Report:
    """Raises Refused for a store that another version made, and for a period without time in it."""
    database = Database(settings_from_environment().database_url)
    try:
        if not is_current(database):
            raise Refused("the store's tables are not those of this version; run `handoff migrate`")
        with database.read() as connection:
            period = _period(given.starts, given.ends, newest_zone(connection), now)
            return make_report(received_in(connection, MAIN, period), period, now)
    finally:
        database.close()


def newest_zone(connection: Connection) -> str:
    """Return the zone of the newest desk, UTC while there is none."""
    row = connection.execute(
        select(DESKS.c.text, DESKS.c.file_name)
        .where(DESKS.c.account_id == MAIN)
        .order_by(DESKS.c.version.desc())
        .limit(1)
    ).first()
    return read_desk(row.text, row.file_name, VENDORS).zone if row else WITHOUT_DESK


def _period(starts: date | None, ends: date | None, zone: str, now: datetime) -> Period:
    last = ends or local_date(now, zone) + DAY
    first = starts or last - DAYS
    try:
        return Period(starts_at=_begin(first, zone), ends_at=_begin(last, zone), zone=zone)
    except ValueError:
        raise Refused(f"nothing lies between --from {first} and --to {last}; --to must be later") from None


def _begin(edge: date, zone: str) -> datetime:
    return edge if isinstance(edge, datetime) else midnight(edge, zone)


def _edge(text: str) -> date:
    """Read a date, or a moment with its zone. Raises ArgumentTypeError, for argparse."""
    try:
        read = date.fromisoformat(text) if len(text) == DATE_LENGTH else moment(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write 2026-11-16") from None
    if read.year not in YEARS:
        raise argparse.ArgumentTypeError(f"{text!r} is too far away; no handoff is")
    return read
