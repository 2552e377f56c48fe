"""The books: every accepted handoff is settled, owed or dead-lettered. Anything else was lost, and is an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, case, exists, func, select

from bridge.delivery.job import DeliveryState
from bridge.store import tables

HANDOFFS: Final = tables.handoffs
DELIVERIES: Final = tables.deliveries
OWED: Final = (DeliveryState.OWED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Books:
    """Counts of handoffs of one account by what became of their first duties, the ticket and the card."""

    accepted: int
    settled: int
    owed: int
    dead: int

    @property
    def missing(self) -> int:
        """Handoffs that are neither settled nor owed nor dead-lettered. Always 0 unless we lost one."""
        return self.accepted - self.settled - self.owed - self.dead

    @property
    def balance(self) -> bool:
        return self.missing == 0


def books(connection: Connection, account_id: str, since: datetime) -> Books:
    """Count the handoffs received since then. One that is not owed anything has its ticket or its card."""
    mine = (
        DELIVERIES.c.account_id == HANDOFFS.c.account_id,
        DELIVERIES.c.handoff_id == HANDOFFS.c.handoff_id,
    )
    owed = exists().where(*mine, DELIVERIES.c.state.in_(OWED))
    dead = exists().where(*mine, DELIVERIES.c.state == DeliveryState.DEAD)
    first_duties = exists().where(*mine, DELIVERIES.c.kind.in_(("open_ticket", "post_card")))
    settled = and_(HANDOFFS.c.ticketed_at.is_not(None) | HANDOFFS.c.carded_at.is_not(None), first_duties)
    fate = case((owed, "owed"), (dead, "dead"), (settled, "settled"), else_="missing").label("fate")
    found = connection.execute(
        select(fate, func.count())
        .where(HANDOFFS.c.account_id == account_id, HANDOFFS.c.received_at >= since)
        .group_by(fate)
    )
    counts = {row[0]: row[1] for row in found}
    return Books(
        accepted=sum(counts.values()),
        settled=counts.get("settled", 0),
        owed=counts.get("owed", 0),
        dead=counts.get("dead", 0),
    )
