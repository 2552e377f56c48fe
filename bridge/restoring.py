"""After a store was restored from a copy: doubt what it says is still owed, and ask what it has missed.

The copy remembers the world as it was when it was made. Calls it still owes may have been made since, rungs it
has armed may have fired, people may have answered. So every owed call looks for its own trace before it is sent,
every overdue rung waits for a person's yes, and each helpdesk is asked for all that changed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update

from bridge.accounts import MAIN
from bridge.app import Bridge
from bridge.delivery.duties.poll import from_moment
from bridge.delivery.job import DeliveryState
from bridge.handoffs import holding
from bridge.handoffs.change import open_change
from bridge.store import Transaction, tables
from bridge.worker.housekeeping import owe_polls

CLOCKS: Final = tables.clocks
DELIVERIES: Final = tables.deliveries
STILL_OWED: Final = (DeliveryState.OWED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubted:
    """What the copy said and is not simply believed."""

    calls: int  #: owed calls that will look before they are sent
    rungs: int  #: overdue clocks, the promise's own among them, that wait for a yes
    helpdesks: int  #: asked for everything that changed since the copy was made


def doubt(bridge: Bridge, copied_at: datetime, now: datetime) -> Doubted:
    """Doubt what the store says since `copied_at`, the moment its copy was made. Safe to do again.

    No worker may run meanwhile.
    """
    owe_polls(bridge.database, bridge.connectors, now)
    return Doubted(
        calls=bridge.database.transact(lambda tx: _look_first(tx, copied_at)),
        rungs=sum(_hold(bridge, handoff_id, now) for handoff_id in _overdue(bridge, now)),
        helpdesks=bridge.database.transact(lambda tx: _poll_from(tx, bridge, copied_at, now)),
    )


def _look_first(tx: Transaction, copied_at: datetime) -> int:
    """Let every owed call look for what was sent after the copy was made."""
    doubted = tx.execute(
        update(DELIVERIES)
        .where(
            DELIVERIES.c.account_id == MAIN,
            DELIVERIES.c.handoff_id != "",
            DELIVERIES.c.state.in_(STILL_OWED),
        )
        .values(
            state=DeliveryState.UNKNOWN,
            first_tried_at=func.coalesce(DELIVERIES.c.first_tried_at, copied_at),
            lease=None,
            lease_until=None,
        )
    )
    return int(doubted.rowcount)


def _overdue(bridge: Bridge, now: datetime) -> list[str]:
    with bridge.database.read() as connection:
        found = connection.execute(
            select(CLOCKS.c.handoff_id)
            .where(CLOCKS.c.account_id == MAIN, CLOCKS.c.state == "armed", CLOCKS.c.due_at < now)
            .distinct()
            .order_by(CLOCKS.c.handoff_id)
        )
        return list(found.scalars())


def _hold(bridge: Bridge, handoff_id: str, now: datetime) -> int:
    def work(tx: Transaction) -> int:
        change = open_change(tx, bridge.accounts.of(tx.connection, MAIN), handoff_id, now)
        held = holding.hold(change, now)
        change.write()
        return held

    return bridge.database.transact(work)


def _poll_from(tx: Transaction, bridge: Bridge, copied_at: datetime, now: datetime) -> int:
    for connection, helpdesk in bridge.connectors.helpdesks.items():
        values: dict[str, Any] = {"payload": from_moment(helpdesk, copied_at, now), "not_before": now}
        tx.execute(
            update(DELIVERIES)
            .where(
                DELIVERIES.c.account_id == MAIN,
                DELIVERIES.c.connection == connection,
                DELIVERIES.c.kind == "read_changes",
                DELIVERIES.c.state.in_(STILL_OWED),
            )
            .values(**values, lease=None, lease_until=None)
        )
    return len(bridge.connectors.helpdesks)
