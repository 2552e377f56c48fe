"""What a handoff owes and has promised already, changed as long as nobody has begun on it.

The statements are built once: putting one together costs more than running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update

from bridge.handoffs.change import NOT_BEGUN, Change
from bridge.store import tables
from bridge.store.columns import Instant

DELIVERIES: Final = tables.deliveries
CLOCKS: Final = tables.clocks
#: from the moment words may go to a ticket until the next may; what comes between is told together
WORDS_APART: Final = timedelta(seconds=20)
#: words told together; more begin anew. Half of the 64 kB that the tightest helpdesk keeps of a note
MOST_WORDS_BYTES: Final = 30_000

_THEIRS: Final = (
    DELIVERIES.c.account_id == bindparam("of_account"),
    DELIVERIES.c.handoff_id == bindparam("of_handoff"),
)
_LET_CARD_GO: Final = (
    update(DELIVERIES)
    .where(*_THEIRS, *NOT_BEGUN, DELIVERIES.c.kind == "post_card")
    .values(not_before=bindparam("now"))
)
_STOP_CLOCKS: Final = (
    update(CLOCKS)
    .where(
        CLOCKS.c.account_id == bindparam("of_account"),
        CLOCKS.c.handoff_id == bindparam("of_handoff"),
        CLOCKS.c.state.in_(("armed", "held")),
    )
    .values(state="cancelled", settled_at=bindparam("now"))
)
_STOP_CALLS: Final = (
    update(DELIVERIES)
    .where(*_THEIRS, *NOT_BEGUN, DELIVERIES.c.rung.is_not(None))
    .values(state="cancelled", settled_at=bindparam("now"))
)
_ARMED_AFTER: Final = (
    select(CLOCKS.c.rung, CLOCKS.c.due_at)
    .where(
        CLOCKS.c.account_id == bindparam("of_account"),
        CLOCKS.c.handoff_id == bindparam("of_handoff"),
        CLOCKS.c.state == "armed",
        CLOCKS.c.rung > bindparam("rung"),
        CLOCKS.c.due_at > bindparam("now", type_=Instant),
    )
    .order_by(CLOCKS.c.due_at, CLOCKS.c.rung)
)
_MOVE_RUNG: Final = (
    update(CLOCKS)
    .where(
        CLOCKS.c.account_id == bindparam("of_account"),
        CLOCKS.c.handoff_id == bindparam("of_handoff"),
        CLOCKS.c.rung == bindparam("of_rung"),
        CLOCKS.c.state == "armed",
    )
    .values(due_at=bindparam("then"))
)
_OPENING: Final = select(DELIVERIES.c.connection).where(*_THEIRS, DELIVERIES.c.kind == "open_ticket")
_BEING_OPENED: Final = _OPENING.where(DELIVERIES.c.state.in_(("owed", "unknown")))
_TICKET_CHANGES: Final = (
    select(DELIVERIES.c.delivery_id, DELIVERIES.c.payload)
    .where(*_THEIRS, DELIVERIES.c.kind == "update_ticket", DELIVERIES.c.state.in_(("owed", "unknown")))
    .order_by(DELIVERIES.c.number.desc())
)
_LAST_WORDS_AT: Final = (
    select(DELIVERIES.c.not_before)
    .where(
        *_THEIRS, DELIVERIES.c.kind == "update_ticket", DELIVERIES.c.payload["turns"].as_string().is_not(None)
    )
    .order_by(DELIVERIES.c.number.desc())
    .limit(1)
)
_LET_WORDS_GO: Final = (
    update(DELIVERIES)
    .where(
        *_THEIRS,
        *NOT_BEGUN,
        DELIVERIES.c.kind == "update_ticket",
        DELIVERIES.c.not_before > bindparam("now", type_=Instant),
    )
    .values(not_before=bindparam("now"))
)
_TELL: Final = (
    update(DELIVERIES)
    .where(*_THEIRS, *NOT_BEGUN, DELIVERIES.c.delivery_id == bindparam("its_id"))
    .values(payload=bindparam("told"))
)


def let_words_go(change: Change) -> None:
    """Send the customer's words to the ticket now that wait for more of them."""
    change.tx.execute(_LET_WORDS_GO, {**_of(change), "now": change.now})


def next_words_at(change: Change) -> datetime | None:
    """Return when further words may go to the ticket; None for now.

    With what else changes a ticket it stays within the tightest limit that a helpdesk has on one: thirty
    updates in ten minutes.
    """
    before: datetime | None = change.tx.execute(_LAST_WORDS_AT, _of(change)).scalar()
    return max(before + WORDS_APART, change.now) if before else None


def let_card_go(change: Change) -> None:
    """Send the card now that has waited for its ticket."""
    change.tx.execute(_LET_CARD_GO, {**_of(change), "now": change.now})
    change.tx.wake("deliveries")


def stop(change: Change) -> None:
    """Cancel the rungs not yet fired, held ones too, and what fired ones still owe and nobody has begun to send."""
    stopped = {**_of(change), "now": change.now}
    change.tx.execute(_STOP_CLOCKS, stopped)
    change.tx.execute(_STOP_CALLS, stopped)


def armed_after(change: Change, rung: int) -> Sequence[Row[Any]]:
    """Return the later rungs that are still to come, each with its `rung` and `due_at`, the soonest first."""
    return change.tx.execute(_ARMED_AFTER, {**_of(change), "rung": rung, "now": change.now}).all()


def move_rung(change: Change, rung: int, due_at: datetime) -> None:
    """Let an armed rung fire at another time than it would."""
    change.tx.execute(_MOVE_RUNG, {**_of(change), "of_rung": rung, "then": due_at})
    change.tx.wake("clocks")


def opens_through(change: Change) -> str | None:
    """Return the connection through which the ticket is or was opened; None where no ticket was ever owed."""
    connection: str | None = change.tx.execute(_OPENING, _of(change)).scalar()
    return connection


def is_being_opened(change: Change) -> bool:
    """Return whether the ticket is still owed."""
    return bool(change.tx.execute(_BEING_OPENED, _of(change)).first())


def last_words(change: Change) -> Row[Any] | None:
    """Return the last of what the ticket is owed of the customer's words; None where nothing is.

    Only to the last may words be added: what a worker gave back untouched may stand before words that came later.
    """
    owed = change.tx.execute(_TICKET_CHANGES, _of(change)).all()
    return next((row for row in owed if row.payload.keys() & {"turns", "context"}), None)


def add_turns(change: Change, words: Row[Any], turns: list[Any]) -> bool:
    """Let `words` tell of the turns too; return False where they are many already, or somebody has them in hand.

    A context tells of all the words there are when it is sent: it only must not be taken up before these are kept.
    """
    told = words.payload if "context" in words.payload else {"turns": [*words.payload["turns"], *turns]}
    if "turns" in told and _bytes(told["turns"]) > MOST_WORDS_BYTES:
        return False
    return bool(change.tx.execute(_TELL, {**_of(change), "its_id": words.delivery_id, "told": told}).rowcount)


def _bytes(turns: list[Any]) -> int:
    return sum(len(turn["text"].encode()) for turn in turns)


def _of(change: Change) -> dict[str, Any]:
    return {"of_account": change.handoff.account_id, "of_handoff": change.handoff.handoff_id}
