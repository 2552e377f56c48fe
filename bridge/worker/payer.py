"""Pay one delivery: make its call. How that went is written down by `settling`."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from bridge.accounts import Accounts
from bridge.delivery import ledger
from bridge.delivery.budgets import Budgets
from bridge.delivery.duties import perform
from bridge.delivery.duties.bot import gone_address
from bridge.delivery.job import ABOUT, Job, Paid
from bridge.delivery.workbench import POLL_EVERY, Notifier, Page, Sender, Workbench
from bridge.handoffs import defects, rows
from bridge.handoffs.account import Account
from bridge.handoffs.model import Handoff
from bridge.people import homes
from bridge.people.home_page import Week, digest_of, page_of
from bridge.store import Database, StoreUnavailable
from bridge.worker.settling import Settling, Tried
from connectors.fence import held_while
from connectors.registry import Connectors

#: kinds that are signed; a secret that cannot be opened must hold up nothing else
SIGNED: Final = frozenset({"callback", "webhook"})


class Payer:
    def __init__(
        self,
        *,
        database: Database,
        accounts: Accounts,
        connectors: Connectors,
        budgets: Budgets,
        sender: Sender,
        clock: Callable[[], datetime],
        chance: random.Random,
        poll_every: timedelta = POLL_EVERY,
        notifier: Notifier | None = None,
    ) -> None:
        self._notifier = notifier
        self._database = database
        self._accounts = accounts
        self._connectors = connectors
        self._sender = sender
        self._clock = clock
        self._poll_every = poll_every
        self._settling = Settling(
            database=database,
            accounts=accounts,
            connectors=connectors,
            budgets=budgets,
            clock=clock,
            chance=chance,
        )

    def pay(self, job: Job) -> None:
        """Attempt `job` and write down how it went. Raises StoreUnavailable."""
        self.write_down(job, self.attempt(job))

    def benches(self, jobs: Sequence[Job]) -> list[Workbench | None]:
        """Return what each of `jobs` works with, as the store stands now. Raises StoreUnavailable.

        None stands for what could not be read together with the rest; `attempt` then finds out whose fault it is.
        """
        try:
            return [*self._read(jobs)]
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 - one that cannot be read holds up nobody else
            return [None for _ in jobs]

    def attempt(self, job: Job, bench: Workbench | None = None) -> Tried:
        """Make the call, and write nothing. Without `bench` it is read first. Raises StoreUnavailable."""
        try:
            bench = bench or self._read([job])[0]
            with held_while(lambda: ledger.may_write(job, self._clock())):
                outcome: Paid | Exception = perform(job, bench)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - what breaks is a poison message, not a dead worker
            outcome = error
        connector = self._connectors.of(job.connection)
        return Tried(outcome=outcome, readings=connector.readings.take() if connector else ())

    def write_down(self, job: Job, tried: Tried) -> None:
        """Settle `job` or put it off, with all that changes. Raises StoreUnavailable."""
        self._settling.write_down([(job, tried)])

    def write_down_together(self, tried: Sequence[tuple[Job, Tried]]) -> None:
        """Write down how several attempts went, in one transaction for each account. Raises StoreUnavailable."""
        self._settling.write_down(tried)

    def _read(self, jobs: Sequence[Job]) -> list[Workbench]:
        with self._database.read() as connection:
            by_account = _handoffs_of(jobs)
            accounts = {account_id: self._accounts.of(connection, account_id) for account_id in by_account}
            handoffs = {
                account_id: rows.find_several(connection, account_id, handoff_ids)
                for account_id, handoff_ids in by_account.items()
            }
            return [
                self._bench(
                    connection, job, accounts[job.account_id], handoffs[job.account_id].get(_about(job))
                )
                for job in jobs
            ]

    def _bench(
        self, connection: Connection, job: Job, account: Account, handoff: Handoff | None
    ) -> Workbench:
        signed = handoff is not None and job.kind in SIGNED
        bot_gone = handoff is not None and _bot_is_gone(connection, job, handoff, self._clock())
        return Workbench(
            account=account,
            handoff=handoff,
            now=self._clock(),
            sender=self._sender,
            helpdesks=self._connectors.helpdesks,
            chats=self._connectors.chats,
            secrets=self._accounts.secrets_of(connection, handoff) if handoff and signed else (),
            poll_every=self._poll_every,
            notifier=self._notifier,
            page=self._page(connection, job, account) if job.kind == homes.KIND else None,
            bot_gone=bot_gone,
        )

    def _page(self, connection: Connection, job: Job, account: Account) -> Page | None:
        opened = homes.find(connection, account, job.lane)
        if opened is None:
            return None
        home = page_of(connection, Week(account, self._clock()), account.person(opened.person))
        return Page(home=home, digest=digest_of(home))


def _handoffs_of(jobs: Sequence[Job]) -> dict[str, set[str]]:
    by_account: dict[str, set[str]] = {job.account_id: set() for job in jobs}
    for job in jobs:
        by_account[job.account_id].add(_about(job))
    return by_account


def _about(job: Job) -> str:
    """Return the handoff of a delivery: the one in whose order it stands, else the one it only tells of."""
    return job.handoff_id or str(job.payload.get(ABOUT, ""))


def _bot_is_gone(connection: Connection, job: Job, handoff: Handoff, now: datetime) -> bool:
    url = handoff.context.callback_url
    if job.kind != "callback" or not url:
        return False
    return defects.lasts(connection, job.account_id, gone_address(url), now)
