"""What a worker does beside its deliveries: the desk file, polls and calendars, and the audit of it all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, exists, select

from bridge.accounts import MAIN, Accounts, account_ids
from bridge.delivery import ledger
from bridge.delivery.job import DeliveryState
from bridge.desk.mistakes import DeskRefused
from bridge.handoffs.account import FEED
from bridge.people import homes
from bridge.people.covers import GOES_BY_ROSTER
from bridge.people.home_page import Week, digest_of, page_of
from bridge.reports.accounting import BOOKS_OVER, LOOKED_INTO, books
from bridge.reports.audit import astray
from bridge.store import Database, StoreUnavailable, Transaction, tables
from connectors.registry import Connectors

log = structlog.get_logger()

ACCOUNTS: Final = tables.accounts
DELIVERIES: Final = tables.deliveries
DESKS: Final = tables.desk_versions
#: handoffs named one by one in an alarm
MOST_NAMED: Final = 5
#: once an hour the deliveries of so long are looked into
LOOKED_INTO_HOURLY: Final = timedelta(days=1)


def load_desk_file(database: Database, accounts: Accounts, path: Path, now: datetime) -> int:
    """Keep the desk file as the newest version; return its number. Raises DeskRefused."""
    return database.transact(lambda tx: accounts.load_desk(tx, MAIN, path, now))


def has_desk(database: Database, account_id: str) -> bool:
    """Return whether a desk is in force for the account."""
    with database.read() as connection:
        kept = select(exists().where(DESKS.c.account_id == account_id))
        return bool(connection.execute(kept).scalar())


def follow_desk_file(database: Database, accounts: Accounts, path: Path | None, now: datetime) -> None:
    """Load the desk file again when it has changed; a bad one leaves the last good one in force."""
    if path is None:
        return
    try:
        load_desk_file(database, accounts, path, now)
    except DeskRefused as refused:
        log.error(
            "desk_file_refused",
            file=path.name,
            mistakes=len(refused.mistakes),
            first=str(refused.mistakes[0]),
        )
    except StoreUnavailable as error:
        log.error("store_unavailable", error=str(error))


def owe_polls(database: Database, connectors: Connectors, now: datetime) -> None:
    """See to it that each helpdesk's reconciler is owed, once, whatever the number of processes.

    One that was given up (a cursor the vendor no longer takes, say) begins anew.
    """
    database.transact(
        lambda tx: _owe_standing(tx, [("read_changes", name, "") for name in connectors.helpdesks], now)
    )


def owe_feeds(database: Database, accounts: Accounts, now: datetime) -> None:
    """See to it that the reading of each calendar of the desk is owed, once."""

    def work(tx: Transaction) -> None:
        feeds = accounts.of(tx.connection, MAIN).desk.feeds
        _owe_standing(tx, [("read_feed", FEED, feed.name) for feed in feeds], now)

    database.transact(work)


def owe_groups(database: Database, accounts: Accounts, now: datetime) -> None:
    """See to it that each user group that the desk names is looked after, once."""

    def work(tx: Transaction) -> None:
        account = accounts.of(tx.connection, MAIN)
        groups = sorted({shift.user_group for shift in account.desk.roster.shifts if shift.user_group})
        if account.chat and groups:
            _owe_standing(tx, [(GOES_BY_ROSTER, account.chat, group) for group in groups], now)

    database.transact(work)


def follow_homes(database: Database, accounts: Accounts, now: datetime) -> None:
    """Owe every page opened not long ago that shows something else than it would now."""
    try:
        for account_id in account_ids(database):
            _follow_homes(database, accounts, account_id, now)
    except StoreUnavailable as error:
        log.error("store_unavailable", error=str(error))


def _follow_homes(database: Database, accounts: Accounts, account_id: str, now: datetime) -> None:
    with database.read() as connection:
        if not homes.is_any_kept_up(connection, account_id, now):
            return
        account = accounts.of(connection, account_id)
        week = Week(account, now)
        stale = [
            opened.user_id
            for opened in homes.kept_up(connection, account, now)
            if opened.shown and opened.shown != _digest(connection, week, opened.person)
        ]
    if stale:
        database.transact(lambda tx: homes.owe_pages(tx, account, stale, now))


def _digest(connection: Connection, week: Week, person: str | None) -> str:
    return digest_of(page_of(connection, week, week.account.person(person)))


def all_is_well(database: Database, now: datetime) -> bool:
    """Audit every account. Return whether its books balance and its clocks can be relied on.

    What is not so is an alarm in the log. Without the store nothing is known to be well.
    """
    try:
        verdicts = [_audited(database, account_id, now) for account_id in account_ids(database)]
    except StoreUnavailable as error:
        log.error("store_unavailable", error=str(error))
        return False
    return all(verdicts)


def look_into_the_books(database: Database, now: datetime) -> None:
    """Once in a while look into the deliveries of a whole day, and not of the last hour alone."""
    try:
        for account_id in account_ids(database):
            _audited(database, account_id, now, looked_into=LOOKED_INTO_HOURLY)
    except StoreUnavailable as error:
        log.error("store_unavailable", error=str(error))


def _audited(
    database: Database, account_id: str, now: datetime, looked_into: timedelta = LOOKED_INTO
) -> bool:
    with database.read() as connection:
        found = books(connection, account_id, now - BOOKS_OVER, looked_into_since=now - looked_into)
        lost = astray(connection, account_id, now, looked_into_since=now - looked_into)
    say = log.info if found.balance else log.error
    say(
        "books_balance" if found.balance else "books_do_not_balance",
        account=account_id,
        accepted=found.accepted,
        settled=found.settled,
        owed=found.owed,
        dead=found.dead,
        missing=found.missing,
    )
    for one in lost[:MOST_NAMED]:
        log.error("clock_astray", handoff=one.handoff_id, why=one.why.value, of=len(lost))
    return found.balance and not lost


def _owe_standing(tx: Transaction, wanted: Sequence[tuple[str, str, str]], now: datetime) -> None:
    """Owe each of the deliveries that go on for ever (kind, connection, lane) that is not owed already."""
    # Locked, so that of several processes that look at once only the first finds none owed. Not in the way of
    # new rows of the account.
    mine = ACCOUNTS.c.account_id == MAIN
    tx.execute(select(ACCOUNTS.c.account_id).where(mine).with_for_update(key_share=True))
    for kind, connection, lane in wanted:
        if not _is_owed(tx, kind, connection, lane):
            ledger.owe(tx, MAIN, kind, connection, now, lane=lane)


def _is_owed(tx: Transaction, kind: str, connection: str, lane: str) -> bool:
    owed = exists().where(
        DELIVERIES.c.account_id == MAIN,
        DELIVERIES.c.connection == connection,
        DELIVERIES.c.kind == kind,
        DELIVERIES.c.lane == lane,
        DELIVERIES.c.state.in_((DeliveryState.OWED, DeliveryState.UNKNOWN)),
    )
    return bool(tx.execute(select(owed)).scalar())
