"""Pay one delivery: make its call, then settle it in one transaction with what it changed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from bridge.accounts import Accounts
from bridge.delivery import ledger, retry
from bridge.delivery.budgets import Budgets
from bridge.delivery.duties import DUTIES
from bridge.delivery.job import DeliveryState, Job, Paid
from bridge.delivery.workbench import Sender, Workbench
from bridge.handoffs import lifecycle, rows
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_change
from bridge.store import Database, StoreUnavailable, Transaction
from connectors.base import RateReading
from connectors.errors import AccessDenied, Busy, ConnectorError, OutcomeUnknown, Rejected
from connectors.registry import Connectors

log = structlog.get_logger()

#: what a failed delivery of these kinds means for the customer, told to the lead
MUST_BE_KNOWN: Final = {
    "open_ticket": "Its ticket could not be opened.",
    "post_card": "Its card could not be posted.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Setback:
    """Why an attempt did not settle, and what is to follow. `wait` is None for "give up"."""

    error: str
    wait: timedelta | None
    unknown: bool = False
    vendor_trouble: bool = False
    blocks: str | None = None


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
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._connectors = connectors
        self._budgets = budgets
        self._sender = sender
        self._clock = clock
        self._chance = chance

    def pay(self, job: Job) -> None:
        """Attempt `job` and write down how it went. Raises nothing but StoreUnavailable."""
        try:
            paid = DUTIES[job.kind](job, self._bench(job))
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a duty that breaks is a poison message, not a dead worker
            self._put_off(job, self._setback(job, error))
        else:
            self._settle(job, paid)

    def _bench(self, job: Job) -> Workbench:
        with self._database.read() as connection:
            account = self._accounts.of(connection, job.account_id)
            handoff = rows.find(connection, job.account_id, job.handoff_id) if job.handoff_id else None
            secrets = self._accounts.secrets_of(connection, handoff) if handoff else ()
        return Workbench(
            account=account,
            handoff=handoff,
            now=self._clock(),
            sender=self._sender,
            helpdesks=self._connectors.helpdesks,
            chats=self._connectors.chats,
            secrets=secrets,
        )

    def _settle(self, job: Job, paid: Paid) -> None:
        readings = self._readings(job)

        def work(tx: Transaction) -> None:
            now = self._clock()
            account = self._accounts.of(tx.connection, job.account_id)
            change = open_change(tx, account, job.handoff_id, now) if job.handoff_id else None
            if not self._close(tx, job, paid, now):
                log.info("delivery_settled_by_another", delivery=job.delivery_id, kind=job.kind)
                return
            _apply(paid, change, tx, account, now)
            self._budgets.note_readings(tx, job, readings, now)
            self._budgets.succeeded(tx, job)

        self._database.transact(work)
        log.info("delivery_settled", delivery=job.delivery_id, kind=job.kind, attempt=job.attempt)

    def _close(self, tx: Transaction, job: Job, paid: Paid, now: datetime) -> bool:
        if paid.again_after is not None:
            return ledger.owe_again(tx, job, now, paid.again_after, paid.payload or job.payload)
        state = DeliveryState.CANCELLED if paid.pointless else DeliveryState.SETTLED
        return ledger.settle(tx, job, now, state=state, error=paid.pointless)

    def _put_off(self, job: Job, setback: _Setback) -> None:
        readings = self._readings(job)

        def work(tx: Transaction) -> None:
            now = self._clock()
            account = self._accounts.of(tx.connection, job.account_id)
            change = open_change(tx, account, job.handoff_id, now) if job.handoff_id else None
            if setback.wait is None:
                _bury(change, tx, job, now, setback.error)
            else:
                ledger.put_back(
                    tx,
                    job,
                    now,
                    after=setback.wait,
                    error=setback.error,
                    unknown=setback.unknown or job.look_first,
                )
            self._budgets.note_readings(tx, job, readings, now)
            if setback.blocks and setback.wait:
                self._budgets.block(tx, job, setback.blocks, now + setback.wait)
            if setback.vendor_trouble:
                self._budgets.failed(tx, job, now)

        self._database.transact(work)
        log.warning(
            "delivery_put_off" if setback.wait is not None else "delivery_buried",
            delivery=job.delivery_id,
            kind=job.kind,
            attempt=job.attempt,
            error=setback.error,
            wait_seconds=setback.wait.total_seconds() if setback.wait else None,
        )

    def _setback(self, job: Job, error: Exception) -> _Setback:
        if not isinstance(error, ConnectorError):
            return self._poison(job, error)
        text = str(error)
        asked = error.retry_after if isinstance(error, Busy) else None
        wait = retry.wait_after(job.kind, job.attempt, asked, self._chance)
        if (
            job.first_tried_at
            and self._clock() - job.first_tried_at > retry.GIVEN_UP_AFTER
            and job.handoff_id
        ):
            wait = None
        if isinstance(error, AccessDenied):
            return _Setback(error=text, wait=retry.DENIED_WAIT)
        if isinstance(error, Rejected):
            return _Setback(error=text, wait=None)
        if isinstance(error, Busy):
            return _Setback(error=text, wait=wait, vendor_trouble=error.limit is None, blocks=error.limit)
        unknown = isinstance(error, OutcomeUnknown)
        return _Setback(error=text, wait=wait, unknown=unknown, vendor_trouble=True)

    def _poison(self, job: Job, error: Exception) -> _Setback:
        log.error("delivery_broke", delivery=job.delivery_id, kind=job.kind, error=type(error).__name__)
        wait = retry.wait_after(job.kind, job.attempt, None, self._chance)
        given_up = job.attempt >= retry.POISON_ATTEMPTS and bool(job.handoff_id)
        return _Setback(error=type(error).__name__, wait=None if given_up else wait, unknown=True)

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


def _bury(change: Change | None, tx: Transaction, job: Job, now: datetime, error: str) -> None:
    """Give up, and do what that means: another channel for a card, a word to the lead for the rest."""
    if not ledger.bury(change, tx, job, now, error) or change is None:
        return
    fallback = change.account.desk.fallback.card_channel
    if job.kind == "post_card" and fallback and fallback != job.payload["channel"]:
        change.owe("post_card", job.connection, payload={"channel": fallback}, lane=fallback)
    elif job.kind in MUST_BE_KNOWN:
        change.note("failed", actor="bridge", tell_bot=True, what=job.kind, error=error)
        lifecycle.alarm(change, MUST_BE_KNOWN[job.kind])
    change.write()
