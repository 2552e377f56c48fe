"""Another person comes on duty: what is open and unanswered goes to them, once, at that moment.

A row for each channel says who was found on duty and when another one will be. Any number of workers look;
whoever finds a row due, under the account's lock, writes down the change, and it is due no more. The handoffs
then go in transactions of their own, a locked one at a later look, until none is left.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, or_, select, update

from bridge.desk.model import ShiftChange
from bridge.handoffs import lifecycle, saying
from bridge.handoffs.account import Account
from bridge.handoffs.change import Change, open_changes, write_together
from bridge.handoffs.model import Handoff, State
from bridge.roster.model import Duty, Person, Roster
from bridge.roster.on_duty import next_change, on_duty
from bridge.routing.model import ReasonKind
from bridge.store import Transaction, tables
from bridge.store.columns import written_out

ACCOUNTS: Final = tables.accounts
HANDOFFS: Final = tables.handoffs
ROWS: Final = tables.shift_changes
#: what is accepted beside the change may still name the one who left; it is looked for so long
STRAGGLERS: Final = timedelta(seconds=5)
#: a desk that is edited so soon after the time it speaks of still counts as in time
JUST_BEGUN: Final = timedelta(minutes=1)
MOMENT: Final = timedelta(microseconds=1)
(OPEN,) = written_out(State.OPEN.value)
(BOTH_OPEN, BOTH_ANSWERED) = written_out(State.OPEN.value, State.ANSWERED.value)
WAITING: Final = select(HANDOFFS.c.handoff_id).where(
    HANDOFFS.c.account_id == bindparam("of_account"),
    # As the index over what is open spells it out: SQLite uses that only where it sees the same words.
    HANDOFFS.c.state.in_((BOTH_OPEN, BOTH_ANSWERED)),
    HANDOFFS.c.state == OPEN,
    HANDOFFS.c.channel == bindparam("of_channel"),
    or_(HANDOFFS.c.owner.is_(None), HANDOFFS.c.owner != bindparam("but_of")),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """One channel as it was last found. `owner` is None in a gap, `due_at` where no change is foretold."""

    account_id: str
    channel: str
    owner: str | None
    seen_at: datetime
    due_at: datetime | None
    moving: bool  #: some open handoffs are still to go to `owner`


@dataclass(frozen=True, kw_only=True, slots=True)
class Handed:
    """One channel that changed hands. `duty` is None when nobody came on duty, `before` when nobody had been.

    `until` is when the next change is foretold, None where none is. `left` is the duty that ended, None after a gap.
    """

    channel: str
    before: str | None
    duty: Duty | None
    until: datetime | None
    left: Duty | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Who is on duty for a channel, and when that will change."""

    duty: Duty | None
    due_at: datetime | None

    @property
    def owner(self) -> str | None:
        return self.duty.owner if self.duty else None


def standing(roster: Roster, channel: str, at: datetime) -> Standing:
    return Standing(duty=on_duty(roster, channel, at), due_at=next_change(roster, channel, at))


def watches(connection: Connection, account_id: str) -> dict[str, Watch]:
    """Return the account's channels as they were last found, by name."""
    found = connection.execute(select(ROWS).where(ROWS.c.account_id == account_id)).all()
    return {row.channel: Watch(**row._mapping) for row in found}


def is_as_found(watch: Watch | None, now: Standing) -> bool:
    """Return whether a channel is still as it was last found."""
    return watch is not None and (watch.owner, watch.due_at) == (now.owner, now.due_at)


def follow(tx: Transaction, account: Account, now: datetime) -> Sequence[Handed]:
    """Bring the account's rows in line with its roster; return the channels that changed hands by time.

    One worker at a time: whoever comes second finds the rows as the first has left them. A channel that is
    new, or whose person is another only because the desk was edited, changes no hands.
    """
    _lock(tx, account.account_id)
    known = watches(tx.connection, account.account_id)
    handed = (_follow(tx, account, channel, known.get(channel), now) for channel in account.desk.channels)
    return [one for one in handed if one]


def move_on(tx: Transaction, account: Account, channel: str, now: datetime) -> int:
    """Give what is open and unanswered on a channel to whoever came on duty; return how many went.

    A handoff that somebody is changing just now is left for the next look.
    """
    watch = watches(tx.connection, account.account_id).get(channel)
    duty = on_duty(account.desk.roster, channel, now)
    to = account.person(duty.owner) if duty else None
    if watch is None or not watch.moving or duty is None or to is None or to.key != watch.owner:
        return 0
    asked = {"of_account": account.account_id, "of_channel": channel, "but_of": to.key}
    wanted = tx.execute(WAITING, asked).scalars().all()
    changes = open_changes(tx, account, wanted, now, skip_locked=True)
    going = [one for one in changes.values() if _goes(one.handoff, to, duty, account.desk.roster)]
    for change in going:
        _hand_on(change, to, stands_in=duty.override is not None)
    write_together(tx, changes.values())
    if len(changes) == len(wanted) and now >= watch.seen_at + STRAGGLERS:
        _set(tx, watch, moving=False)
    return len(going)


def _lock(tx: Transaction, account_id: str) -> None:
    mine = ACCOUNTS.c.account_id == account_id
    tx.execute(select(ACCOUNTS.c.account_id).where(mine).with_for_update(key_share=True))


def _follow(
    tx: Transaction, account: Account, channel: str, watch: Watch | None, now: datetime
) -> Handed | None:
    roster = account.desk.roster
    at = max(now, watch.seen_at) if watch else now  # another's clock may be a little ahead
    found = standing(roster, channel, at)
    as_found = {"owner": found.owner, "due_at": found.due_at}
    if watch is None:
        place = {"account_id": account.account_id, "channel": channel}
        tx.add(ROWS, [{**place, **as_found, "seen_at": at, "moving": False}])
        return None
    if is_as_found(watch, found):
        return None
    if found.owner == watch.owner:
        _set(tx, watch, **as_found)
        return None
    by_time = _is_by_time(watch, found, at)
    moves = by_time and found.duty is not None and account.desk.shift_change is ShiftChange.MOVE
    _set(tx, watch, **as_found, seen_at=at, moving=moves)
    if not by_time:
        return None
    return Handed(
        channel=channel,
        before=watch.owner,
        duty=found.duty,
        until=found.due_at,
        left=on_duty(roster, channel, (watch.due_at or at) - MOMENT),
    )


def _is_by_time(watch: Watch, found: Standing, at: datetime) -> bool:
    """Return whether the time for it had come, and not only somebody edited the desk."""
    if watch.due_at is not None and watch.due_at <= at:
        return True
    return found.duty is not None and at - found.duty.starts_at < JUST_BEGUN


def _set(tx: Transaction, watch: Watch, **values: Any) -> None:
    mine = (ROWS.c.account_id == watch.account_id, ROWS.c.channel == watch.channel)
    tx.execute(update(ROWS).where(*mine).values(**values))


def _goes(handoff: Handoff, to: Person, duty: Duty, roster: Roster) -> bool:
    """Return whether an open handoff goes to whoever came on duty.

    It stays with an owner whom a rule of the desk names, with one who is not of the channel's roster at all
    (somebody gave it to them by hand), and with the backup who claimed it and is on duty still.
    """
    if handoff.state is not State.OPEN or handoff.owner == to.key:
        return False
    if handoff.owner is None:
        return True
    named_by_rule = handoff.route.has(ReasonKind.FIXED_OWNER) and handoff.owner == handoff.route.owner
    holds_on = handoff.owner == handoff.claimed_by == duty.backup
    return not named_by_rule and not holds_on and handoff.owner in _of_roster(roster, handoff.context.channel)


def _of_roster(roster: Roster, channel: str) -> Collection[str | None]:
    """Return everybody who at any time holds the channel, or stands behind who does."""
    people: set[str | None] = set()
    for shift in roster.shifts:
        if channel in shift.channels:
            people.update((*shift.owners, shift.backup))
    for override in roster.overrides:
        if channel in override.channels:
            people.update((override.owner, override.backup))
    return people


def _hand_on(change: Change, to: Person, *, stands_in: bool) -> None:
    before = change.account.person(change.handoff.owner)
    left = change.handoff.owner
    whence = f"{before.first_name}'s shift is over" if before else "nobody was on duty"
    lifecycle.reassign(change, to, actor="shift", reason=f"{whence}, {to.first_name} is on duty now")
    change.become(handed_on_from=left)
    saying.under_the_card(change, _said(before, stands_in=stands_in), to)


def _said(before: Person | None, *, stands_in: bool) -> str:
    if before is None:
        return "It is yours: nobody was on duty until now."
    if stands_in:
        return f"It is yours now: you stand in for {before.first_name}."
    return f"It is yours now: {before.first_name}'s shift is over."
