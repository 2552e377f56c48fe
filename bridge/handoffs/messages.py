"""What people write to the customer, by the helpdesk's ids: each message is heard of once and passed on once.

The statements are built once: putting one together costs more than running it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update

from bridge.handoffs.change import Change
from bridge.store import tables

MESSAGES: Final = tables.messages
TIMELINE: Final = tables.timeline
#: what became of a message that was passed on
DELIVERED: Final = "delivered"
UNDELIVERED: Final = "undelivered"
#: the event with which a later handoff takes a conversation over, ticket and all
HANDED_OVER_ANEW: Final = "handed_over_anew"

_THEIRS: Final = (
    MESSAGES.c.account_id == bindparam("of_account"),
    MESSAGES.c.handoff_id == bindparam("of_handoff"),
)
_THIS: Final = (*_THEIRS, MESSAGES.c.message_id == bindparam("of_message"))
_KNOWN: Final = select(MESSAGES).where(*_THIS)
_PASS_ON: Final = update(MESSAGES).where(*_THIS).values(number=bindparam("its_number"))
_SETTLE: Final = update(MESSAGES).where(*_THIS).values(relayed=bindparam("became"))
_LAST: Final = (
    select(MESSAGES.c.relayed)
    .where(*_THEIRS, MESSAGES.c.relayed.is_not(None))
    .order_by(MESSAGES.c.number.desc())
    .limit(1)
)
_ANEW: Final = select(TIMELINE.c.data).where(
    TIMELINE.c.account_id == bindparam("of_account"),
    TIMELINE.c.handoff_id == bindparam("of_handoff"),
    TIMELINE.c.event == HANDED_OVER_ANEW,
)


def known(change: Change, message_id: str) -> Row[Any] | None:
    """Return what is kept of a message; None when it is heard of for the first time."""
    return change.tx.execute(_KNOWN, _of(change, message_id)).first()


def keep(change: Change, message_id: str, at: datetime, *, answer: bool) -> None:
    """Remember a message that was heard of for the first time; its words may be still to be read."""
    kept = {"message_id": message_id, "at": at, "answer": answer, "number": None, "relayed": None}
    of = {"account_id": change.handoff.account_id, "handoff_id": change.handoff.handoff_id}
    change.tx.add(MESSAGES, [{**of, **kept}])


def pass_on(change: Change, message_id: str, number: int) -> None:
    """Remember by which event of the timeline the words of a message are told."""
    change.tx.execute(_PASS_ON, {**_of(change, message_id), "its_number": number})


def settle(change: Change, message_id: str, became: str) -> None:
    change.tx.execute(_SETTLE, {**_of(change, message_id), "became": became})


def last_was_lost(change: Change) -> bool:
    """Return whether the bot did not take the last message, by the order of events, whose end is known."""
    return change.tx.execute(_LAST, _in(change)).scalar() == UNDELIVERED


def asked_anew_at(change: Change) -> datetime | None:
    """Return when the conversation was asked for anew: what people write from then on is for that later handoff.

    None where it was not; a closed conversation that is handed over once more has another ticket.
    """
    told = change.tx.execute(_ANEW, _in(change)).scalar()
    return datetime.fromisoformat(told["asked_at"]) if told and "asked_at" in told else None


def _in(change: Change) -> dict[str, Any]:
    return {"of_account": change.handoff.account_id, "of_handoff": change.handoff.handoff_id}


def _of(change: Change, message_id: str) -> dict[str, Any]:
    return {**_in(change), "of_message": message_id}
