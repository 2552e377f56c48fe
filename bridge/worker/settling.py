"""Write down how attempts went: settle, put back or bury, with what that changes. Many cost little more than one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from bridge.accounts import Accounts
from bridge.delivery import detours, ledger, trouble
from bridge.delivery.budgets import Budgets
from bridge.delivery.duties.bot import given_up, leave_alone, message_of
from bridge.delivery.duties.tickets import pass_on_unread
from bridge.delivery.job import DeliveryState, Job, Paid
from bridge.delivery.setback import DENIED_WAIT, Setback, setback
from bridge.handoffs import lifecycle, replying
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_changes, write_together
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
#: kinds that are owed anew for ever
STANDING: Final = frozenset({"read_changes", "read_feed", "keep_group"})
HANDOFF_IS_GONE: Final = "its handoff is gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """How an attempt went, or what it raised; and what the vendor's answers said of its limits."""

    outcome: Paid | Exception
    readings: tuple[RateReading, ...] = ()


Attempt = tuple[str, int]  #: a delivery's id and the number of its attempt


@dataclass(frozen=True, kw_only=True, slots=True)
class _Judged:
    """One attempt, and what is to become of its delivery: `outcome` says."""

    job: Job
    outcome: Paid | Setback
    readings: tuple[RateReading, ...]

    @property
    def attempt(self) -> Attempt:
        return _attempt(self.job)

    @property
    def changes_its_handoff(self) -> bool:
        return isinstance(self.outcome, Setback) or self.outcome.effect is not None


class Settling:
    def __init__(
        self,
        *,
        database: Database,
        accounts: Accounts,
        connectors: Connectors,
        budgets: Budgets,
        clock: Callable[[], datetime],
        chance: random.Random,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._connectors = connectors
        self._budgets = budgets
        self._clock = clock
        self._chance = chance

    def write_down(self, tried: Sequence[tuple[Job, Tried]]) -> None:
        """Write down how these attempts went, in one transaction for each account. Raises StoreUnavailable."""
        for account_id in {job.account_id: None for job, _ in tried}:
            self._together([(job, how) for job, how in tried if job.account_id == account_id])

    def _together(self, tried: Sequence[tuple[Job, Tried]]) -> None:
        judged = [self._judge(job, how) for job, how in tried]
        try:
            settled = self._database.transact(lambda tx: self._write(tx, judged))
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whose fault it is, is found out one by one
            broke = error
        else:
            for one in judged:
                _tell(one, settled)
            return
        self._apart(tried, broke)

    def _apart(self, tried: Sequence[tuple[Job, Tried]], error: Exception) -> None:
        """What broke while it was written must hold up nobody else; alone it is a poison message."""
        if len(tried) > 1:
            for one in tried:
                self._together([one])
            return
        ((job, how),) = tried
        if isinstance(how.outcome, Paid):
            self._together([(job, replace(how, outcome=error))])
        else:
            # The lease runs out by itself, and whoever takes the delivery then looks first.
            log.error("settling_broke", delivery=job.delivery_id, exc_info=error)

    def _judge(self, job: Job, how: Tried) -> _Judged:
        if isinstance(how.outcome, Paid):
            return _Judged(job=job, outcome=how.outcome, readings=how.readings)
        if not isinstance(how.outcome, ConnectorError):
            name = type(how.outcome).__name__
            log.error("delivery_broke", delivery=job.delivery_id, kind=job.kind, error=name)
        failed = setback(job, how.outcome, self._clock(), self._chance)
        return _Judged(job=job, outcome=failed, readings=how.readings)

    def _write(self, tx: Transaction, judged: Sequence[_Judged]) -> set[Attempt]:
        """Return the attempts whose lease was still ours; what another has settled meanwhile changes nothing."""
        now = self._clock()
        account = self._accounts.of(tx.connection, judged[0].job.account_id)
        # Each handoff is locked before its deliveries, as everywhere; one that stays as it is needs no lock.
        touched = {one.job.handoff_id for one in judged if one.job.handoff_id and one.changes_its_handoff}
        changes = open_changes(tx, account, touched, now) if touched else {}
        settled = _close(tx, judged, now)
        for one in judged:
            change = changes.get(one.job.handoff_id)
            if isinstance(one.outcome, Setback):
                self._put_off(tx, change, one.job, one.outcome, now)
            elif one.attempt in settled:
                _apply(one.outcome, change, tx, account, now)
        write_together(tx, changes.values())
        self._note_vendors(tx, account.account_id, judged, settled, now)
        return settled

    def _put_off(
        self, tx: Transaction, change: Change | None, job: Job, failed: Setback, now: datetime
    ) -> None:
        if change is None and job.handoff_id:
            ledger.settle(tx, job, now, state=DeliveryState.CANCELLED, error=HANDOFF_IS_GONE)
        elif failed.wait is None and job.kind in STANDING:
            # It goes on for ever; it begins anew, without what it was refused with.
            ledger.owe_again(tx, job, now, DENIED_WAIT, {})
        elif failed.wait is None and change is None:
            ledger.settle(tx, job, now, state=DeliveryState.DEAD, error=failed.error)
        elif change and (failed.wait is None or (failed.denied and detours.has_one(change, job))):
            self._bury(change, tx, job, now, failed)
        else:
            unknown = failed.unknown or job.look_first
            wait = failed.wait or DENIED_WAIT
            ledger.put_back(tx, job, now, after=wait, error=failed.error, unknown=unknown)
        if failed.denied:
            trouble.begins(tx, change, job, failed.error, now)

    def _bury(self, change: Change, tx: Transaction, job: Job, now: datetime, failed: Setback) -> None:
        """Give up, and see to it that whom it was for hears of it in another way."""
        error = failed.error
        if not ledger.bury(change, tx, job, now, error):
            return
        if detours.has_one(change, job):
            detours.take(change, job)
            detours.tell(change, job, error, self._connectors.chats[job.connection].address_of(job.lane))
        elif job.kind in MUST_BE_KNOWN:
            change.note("failed", actor="bridge", tell_bot=True, what=job.kind, error=error)
            lifecycle.alarm(change, MUST_BE_KNOWN[job.kind])
        elif "comment" in job.payload:
            replying.not_written(change, job.payload["comment"], error)
        elif job.kind == "callback":
            _give_up_on_bot(change, job, failed)
        elif job.kind == "read_message":
            pass_on_unread(change, job)

    def _note_vendors(
        self,
        tx: Transaction,
        account_id: str,
        judged: Sequence[_Judged],
        settled: set[Attempt],
        now: datetime,
    ) -> None:
        """Believe what the vendors said of their limits, and remember how they are doing."""
        said = [(one.job.connection, reading) for one in judged for reading in one.readings]
        if said:
            self._budgets.note_readings(tx, account_id, said, now)
        well = {
            one.job.connection for one in judged if one.attempt in settled and not _is_pointless(one.outcome)
        }
        if well:
            self._budgets.succeeded(tx, account_id, sorted(well))
            trouble.over(tx, account_id, sorted(well))
        for one in judged:
            if isinstance(one.outcome, Setback):
                self._note_setback(tx, one.job, one.outcome, now)

    def _note_setback(self, tx: Transaction, job: Job, failed: Setback, now: datetime) -> None:
        if failed.blocks:
            self._budgets.block(tx, job, failed.blocks, now + failed.asked)
        if failed.vendor_trouble and self._connectors.of(job.connection):
            self._budgets.failed(tx, job, now)


def _close(tx: Transaction, judged: Iterable[_Judged], now: datetime) -> set[Attempt]:
    """Close what was paid, what goes on for ever until its next round; return the attempts that were still ours."""
    ours: set[Attempt] = set()
    alike: dict[str | None, list[Job]] = {}
    for one in judged:
        paid, job = one.outcome, one.job
        if isinstance(paid, Setback):
            continue
        if paid.again_after is None:
            alike.setdefault(paid.pointless, []).append(job)
        elif ledger.owe_again(tx, job, now, paid.again_after, paid.payload or job.payload):
            ours.add(_attempt(job))
    for pointless, jobs in alike.items():
        state = DeliveryState.CANCELLED if pointless else DeliveryState.SETTLED
        held = ledger.settle_together(tx, jobs, now, state=state, error=pointless)
        ours.update(map(_attempt, held))
    return ours


def _apply(paid: Paid, change: Change | None, tx: Transaction, account: Account, now: datetime) -> None:
    if paid.effect and change:
        paid.effect(change)
    if paid.errand:
        paid.errand(tx, account, now)


def _give_up_on_bot(change: Change, job: Job, failed: Setback) -> None:
    if failed.gone:
        leave_alone(change)
    message_id = message_of(job)
    if message_id is not None:
        given_up(change, message_id)


def _attempt(job: Job) -> Attempt:
    return (job.delivery_id, job.attempt)


def _is_pointless(outcome: Paid | Setback) -> bool:
    return isinstance(outcome, Paid) and outcome.pointless is not None


def _tell(one: _Judged, settled: set[Attempt]) -> None:
    job, outcome = one.job, one.outcome
    if isinstance(outcome, Setback):
        log.warning(
            "delivery_put_off" if outcome.wait is not None else "delivery_buried",
            delivery=job.delivery_id,
            kind=job.kind,
            attempt=job.attempt,
            error=outcome.error,
            wait_seconds=outcome.wait.total_seconds() if outcome.wait else None,
        )
    elif one.attempt in settled:
        log.info("delivery_settled", delivery=job.delivery_id, kind=job.kind, attempt=job.attempt)
    else:
        log.info("delivery_settled_by_another", delivery=job.delivery_id, kind=job.kind)
