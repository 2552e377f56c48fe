"""When to look whether another person has come on duty: once a second, in every worker.

What is due stands in the rows, so a look that is lost is made good by the next, and it does not matter who looks.
The roster is worked out again only when the desk is another or the time of a change has come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from bridge.accounts import Accounts, NoDesk, account_ids
from bridge.delivery.duties import shifts as notes
from bridge.desk.model import Desk
from bridge.handoffs import shift_change
from bridge.handoffs.account import Account
from bridge.handoffs.shift_change import Handed, Standing, Watch
from bridge.store import Database, Transaction

log = structlog.get_logger()

#: where no change is foretold, the days ahead are looked at anew after this
FORESEES_FOR: Final = timedelta(hours=1)


class ShiftWatch:
    """Follows the shifts of every account. `look` may be called at any time, and by any number of workers."""

    def __init__(self, *, database: Database, accounts: Accounts, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._accounts = accounts
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[Desk, datetime, Standing]] = {}

    def look(self) -> None:
        """Take note of shifts that have changed, and hand on what is open. Raises StoreUnavailable."""
        for account_id in account_ids(self._database):
            self._look_at(account_id)

    def _look_at(self, account_id: str) -> None:
        now = self._clock()
        with self._database.read() as connection:
            try:
                account = self._accounts.of(connection, account_id)
            except NoDesk:
                return
            known = shift_change.watches(connection, account_id)
        if not self._is_all_as_found(account, known, now):
            self._follow(account_id)
            with self._database.read() as connection:
                known = shift_change.watches(connection, account_id)
        for channel in [watch.channel for watch in known.values() if watch.moving]:
            self._move_on(account_id, channel)

    def _is_all_as_found(self, account: Account, known: dict[str, Watch], now: datetime) -> bool:
        return all(
            shift_change.is_as_found(known.get(channel), self._standing(account, channel, now))
            for channel in account.desk.channels
        )

    def _standing(self, account: Account, channel: str, now: datetime) -> Standing:
        place = (account.account_id, channel)
        worked_out = self._known.get(place)
        if worked_out and worked_out[0] is account.desk and now < worked_out[1]:
            return worked_out[2]
        found = shift_change.standing(account.desk.roster, channel, now)
        self._known[place] = (account.desk, found.due_at or now + FORESEES_FOR, found)
        return found

    def _follow(self, account_id: str) -> None:
        def work(tx: Transaction) -> Sequence[Handed]:
            account, now = self._accounts.of(tx.connection, account_id), self._clock()
            handed = shift_change.follow(tx, account, now)
            notes.owe(tx, account, handed, now)
            return handed

        for one in self._database.transact(work):
            log.info("shift_changed", channel=one.channel, gap=one.duty is None)

    def _move_on(self, account_id: str, channel: str) -> None:
        def work(tx: Transaction) -> int:
            account = self._accounts.of(tx.connection, account_id)
            return shift_change.move_on(tx, account, channel, self._clock())

        moved = self._database.transact(work)
        if moved:
            log.info("handed_on_at_shift_change", channel=channel, handoffs=moved)
