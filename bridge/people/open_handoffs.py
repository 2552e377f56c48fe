"""The open handoffs of one person: those they own or have claimed."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select

from bridge.handoffs.model import Handoff, State
from bridge.handoffs.rows import from_row
from bridge.store import tables
from bridge.store.columns import written_out

HANDOFFS: Final = tables.handoffs
# Both states are written out, as in the index over what is open: only then is that index used.
_OPEN: Final = HANDOFFS.c.state.in_(written_out(State.OPEN.value, State.ANSWERED.value))
_THEIRS: Final[tuple[ColumnElement[Any], ...]] = (
    HANDOFFS.c.account_id == bindparam("of_account"),
    _OPEN,
    or_(HANDOFFS.c.owner == bindparam("of_person"), HANDOFFS.c.claimed_by == bindparam("of_person")),
)
_WAITING: Final = select(HANDOFFS).where(*_THEIRS, HANDOFFS.c.state == State.OPEN.value)
_ANSWERED: Final = select(func.count()).where(*_THEIRS, HANDOFFS.c.state == State.ANSWERED.value)


def waiting_for(connection: Connection, account_id: str, person: str) -> list[Handoff]:
    """Return a person's open handoffs nobody has answered, the longest wait first, with the bot counted in."""
    found = connection.execute(_WAITING, {"of_account": account_id, "of_person": person}).all()
    return sorted((from_row(row) for row in found), key=lambda handoff: handoff.waiting_since)


def count_answered(connection: Connection, account_id: str, person: str) -> int:
    """Return how many of a person's handoffs are answered and not resolved."""
    counted: int = connection.execute(_ANSWERED, {"of_account": account_id, "of_person": person}).scalar_one()
    return counted
