"""Pay one delivery: make its call, then settle it in one transaction with what it changed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from bridge.accounts import Accounts
from bridge.delivery import detours, ledger, trouble
from bridge.delivery.budgets import Budgets
from bridge.delivery.duties import DUTIES
from bridge.delivery.job import DeliveryState, Job, Paid
from bridge.delivery.setback import DENIED_WAIT, Setback, setback
from bridge.delivery.workbench import POLL_EVERY, Sender, Workbench
from bridge.handoffs import lifecycle, rows
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_change
from bridge.store import Database, StoreUnavailable, Transaction
from connectors.base import RateReading
from connectors.errors import ConnectorError
from connectors.registry import Connectors

log = structlog.get_logger()

#: what a failed delivery of these kinds means for the customer, told to the lead
MUST_BE_KNOWN: Final = {
    "open_ticket": "Its ticket could not be opened.",
    "post_card": "Its card could not be posted.",
}
#: kinds that are signed; a secret that cannot be opened must hold up nothing else
SIGNED: Final = frozenset({"callback", "webhook"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """How an attempt went, or what it raised; and what the vendor's answers said of its limits."""

    outcome: Paid | Exception
    readings: tuple[RateReading, ...]


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
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._connectors = connectors
        self._budgets = budgets
        self._sender = sender
        self._clock = clock
        self._chance = chance
        self._poll_every = poll_every

    def pay(self, job: Job) -> None:
        """Attempt `job` and write down how it went. Raises StoreUnavailable."""
        self.write_down(job, self.attempt(job))

    def attempt(self, job: Job) -> Tried:
        """Make the call, and write nothing. Raises StoreUnavailable."""
        try:
            paid = DUTIES[job.kind](job, self._bench(job))
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - what breaks is a poison message, not a dead worker
            return Tried(outcome=error, readings=self._readings(job))
        return Tried(outcome=paid, readings=self._readings(job))

    def write_down(self, job: Job, tried: Tried) -> None:
        """Settle `job`, or put it off, in one transaction with what that changes. Raises StoreUnavailable."""
        failed = tried.outcome
        if isinstance(failed, Paid):
            try:
                self._settle(job, failed, tried.readings)
                return
            except StoreUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 - the same poison, found while writing
                failed = error
        self._put_off(job, self._judge(job, failed), tried.readings)

    def _bench(self, job: Job) -> Workbench:
        with self._database.read() as connection:
            account = self._accounts.of(connection, job.account_id)
            handoff = rows.find(connection, job.account_id, job.handoff_id) if job.handoff_id else None
            secrets = self._accounts.secrets_of(connection, handoff) if handoff and job.kind in SIGNED else ()
        return Workbench(
            account=account,
            handoff=handoff,
            now=self._clock(),
            sender=self._sender,
            helpdesks=self._connectors.helpdesks,
            chats=self._connectors.chats,
            secrets=secrets,
            poll_every=self._poll_every,
        )

    def _settle(self, job: Job, paid: Paid, readings: tuple[RateReading, ...]) -> None:
        def work(tx: Transaction) -> None:
            now = self._clock()
            account = self._accounts.of(tx.connection, job.account_id)
            change = open_change(tx, account, job.handoff_id, now) if job.handoff_id else None
            if not self._close(tx, job, paid, now):
                log.info("delivery_settled_by_another", delivery=job.delivery_id, kind=job.kind)
                return
            _apply(paid, change, tx, account, now)
            self._budgets.note_readings(tx, job, readings, now)
            if not paid.pointless:
                self._budgets.succeeded(tx, job)
                trouble.over(tx, job)

        self._database.transact(work)
        log.info("delivery_settled", delivery=job.delivery_id, kind=job.kind, attempt=job.attempt)

    def _close(self, tx: Transaction, job: Job, paid: Paid, now: datetime) -> bool:
        if paid.again_after is not None:
            return ledger.owe_again(tx, job, now, paid.again_after, paid.payload or job.payload)
        state = DeliveryState.CANCELLED if paid.pointless else DeliveryState.SETTLED
        return ledger.settle(tx, job, now, state=state, error=paid.pointless)

    def _judge(self, job: Job, error: Exception) -> Setback:
        if not isinstance(error, ConnectorError):
            log.error("delivery_broke", delivery=job.delivery_id, kind=job.kind, error=type(error).__name__)
        return setback(job, error, self._clock(), self._chance)

    def _put_off(self, job: Job, failed: Setback, readings: tuple[RateReading, ...]) -> None:
        def work(tx: Transaction) -> None:
            now = self._clock()
            account = self._accounts.of(tx.connection, job.account_id)
            change = open_change(tx, account, job.handoff_id, now) if job.handoff_id else None
            if failed.wait is None and not job.handoff_id:
                # What no handoff caused goes on for ever; it begins anew, without what it was refused with.
                ledger.owe_again(tx, job, now, DENIED_WAIT, {})
            elif change and (failed.wait is None or (failed.denied and detours.has_one(change, job))):
                _bury(change, tx, job, now, failed.error)
            else:
                unknown = failed.unknown or job.look_first
                wait = failed.wait or DENIED_WAIT
                ledger.put_back(tx, job, now, after=wait, error=failed.error, unknown=unknown)
            if failed.denied:
                trouble.begins(tx, change, job, failed.error, now)
            if change:
                change.write()
            self._budgets.note_readings(tx, job, readings, now)
            if failed.blocks:
                self._budgets.block(tx, job, failed.blocks, now + failed.asked)
            if failed.vendor_trouble and self._connectors.of(job.connection):
                self._budgets.failed(tx, job, now)

        self._database.transact(work)
        log.warning(
            "delivery_put_off" if failed.wait is not None else "delivery_buried",
            delivery=job.delivery_id,
            kind=job.kind,
            attempt=job.attempt,
            error=failed.error,
            wait_seconds=failed.wait.total_seconds() if failed.wait else None,
        )

    def _readings(self, job: Job) -> tuple[RateReading, ...]:
        connector = self._connectors.of(job.connection)
        return connector.readings.take() if connector else ()


def _apply(paid: Paid, change: Change | None, tx: Transaction, account: Account, now: datetime) -> None:
    if paid.effect and change:
        paid.effect(change)
    if paid.errand:
        paid.errand(tx, account, now)
    if change:
        change.write()


def _bury(change: Change, tx: Transaction, job: Job, now: datetime, error: str) -> None:
    """Give up, and see to it that whom it was for hears of it in another way."""
    if not ledger.bury(change, tx, job, now, error):
        return
    if detours.has_one(change, job):
        detours.take(change, job)
    elif job.kind in MUST_BE_KNOWN:
        change.note("failed", actor="bridge", tell_bot=True, what=job.kind, error=error)
        lifecycle.alarm(change, MUST_BE_KNOWN[job.kind])
