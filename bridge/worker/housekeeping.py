"""What a worker does beside its deliveries: follow the desk file, keep the polls going, check the books."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import exists, select

from bridge.accounts import MAIN, Accounts, account_ids
from bridge.delivery import ledger
from bridge.delivery.job import DeliveryState
from bridge.desk.mistakes import DeskRefused
from bridge.reports.accounting import books
from bridge.store import Database, StoreUnavailable, Transaction, tables
from connectors.registry import Connectors

log = structlog.get_logger()

CONNECTIONS: Final = tables.connections
DELIVERIES: Final = tables.deliveries
DESKS: Final = tables.desk_versions
BOOKS_OVER: Final = timedelta(days=31)


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

    def work(tx: Transaction) -> None:
        for connection in connectors.helpdesks:
            _owe_poll(tx, connection, now)

    database.transact(work)


def check_books(database: Database, now: datetime) -> None:
    """Raise an alarm in the log when a handoff is neither settled nor owed nor dead-lettered."""
    try:
        for account_id in account_ids(database):
            with database.read() as connection:
                found = books(connection, account_id, now - BOOKS_OVER)
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
    except StoreUnavailable as error:
        log.error("store_unavailable", error=str(error))


def _owe_poll(tx: Transaction, connection: str, now: datetime) -> None:
    # Locked, so that of several processes that look at once only the first finds none owed.
    place = (CONNECTIONS.c.account_id == MAIN, CONNECTIONS.c.connection == connection)
    tx.execute(select(CONNECTIONS.c.connection).where(*place).with_for_update())
    owed = exists().where(
        DELIVERIES.c.account_id == MAIN,
        DELIVERIES.c.connection == connection,
        DELIVERIES.c.kind == "read_changes",
        DELIVERIES.c.state.in_((DeliveryState.OWED, DeliveryState.UNKNOWN)),
    )
    if tx.execute(select(owed)).scalar():
        return
    ledger.owe(tx, MAIN, "read_changes", connection, now)
