"""The customer's channel and when it closes: until then what a person writes still reaches them there.

Some channels take a message to a customer only for so long after the customer's own last one. How long is frozen when
the handoff is accepted; the moment moves on with each message of the customer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, update

from bridge.handoffs.account import Account
from bridge.handoffs.change import Change
from bridge.handoffs.model import Context, Speaker, State, Turn
from bridge.sla.due import ahead_of
from bridge.store import tables
from bridge.store.columns import Instant

CLOCKS: Final = tables.clocks
#: the clocks of the channel: one warns before it closes, one shows that it has. PROMISE is 0, rungs count from 1
CLOSING: Final = -1
CLOSED: Final = -2
WARNED_BEFORE: Final = timedelta(hours=1)
_SET: Final = (
    update(CLOCKS)
    .where(
        CLOCKS.c.account_id == bindparam("of_account"),
        CLOCKS.c.handoff_id == bindparam("of_handoff"),
        CLOCKS.c.rung == bindparam("of_rung"),
    )
    .values(
        state="armed", due_at=bindparam("due", type_=Instant), settled_at=None, late_ms=None, reached=None
    )
)


def closes_after(account: Account, channel: str) -> timedelta | None:
    """Return for how long after the customer's last message the channel is open; None for one that never closes."""
    by_channel = account.desk.channels.get(channel)
    return by_channel.closes_after if by_channel else None


def closes_at(context: Context, after: timedelta | None, received_at: datetime) -> datetime | None:
    """Return when the channel closes: so long after the customer's last message known, else after `received_at`.

    None for a channel that does not close.
    """
    if after is None:
        return None
    return (_last_written(context.transcript) or received_at) + after


def warning_due(closing_at: datetime | None, now: datetime) -> dict[int, datetime]:
    """Return the clock that warns before the channel closes; none for one that does not close or has closed."""
    if closing_at is None or closing_at <= now:
        return {}
    return {CLOSING: ahead_of(closing_at, WARNED_BEFORE, now)}


def extend(change: Change) -> None:
    """The customer may have written again: the channel then closes later, and so it is warned of later."""
    handoff = change.handoff
    written = _last_written(handoff.context.transcript)
    if handoff.channel_closes_at is None or handoff.closes_after is None or written is None:
        return
    later = written + handoff.closes_after
    if later <= handoff.channel_closes_at:
        return
    change.become(channel_closes_at=later)
    if handoff.state is State.OPEN:
        for rung, due in warning_due(later, change.now).items():
            set_clock(change, rung, due)


def set_clock(change: Change, rung: int, due: datetime) -> None:
    """Arm a clock of the channel, anew where it was armed, held or fired before."""
    handoff = change.handoff
    place = {"of_account": handoff.account_id, "of_handoff": handoff.handoff_id, "of_rung": rung}
    if change.tx.execute(_SET, {**place, "due": due}).rowcount:
        change.tx.wake("clocks")
    else:
        change.arm({rung: due})


def _last_written(turns: Iterable[Turn]) -> datetime | None:
    """Return when the customer wrote last; None where no turn of theirs has a time."""
    return max((turn.at for turn in turns if turn.speaker is Speaker.CUSTOMER and turn.at), default=None)
