"""Defects that the sweep must find: each takes away one thing that keeps a death from losing or doubling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import update

from bridge.delivery import ledger
from bridge.delivery.job import Job
from bridge.intake.idempotency import KeyedCall
from bridge.store import tables
from connectors.base import Once

DELIVERIES: Final = tables.deliveries


def never_looks() -> None:
    """A delivery whose answer may have been lost is sent again as if it never had been."""

    def anew(job: Job) -> Once:
        return Once(key=f"{job.delivery_id}-{job.attempt}", look_first=False, first_tried_at=None)

    Job.once = property(anew)


def settles_first() -> None:
    """A delivery counts as made as soon as somebody has taken it."""
    lease = ledger._lease

    def settled(tx: Any, rows: Any, token: str, now: Any) -> Any:
        payloads = lease(tx, rows, token, now)
        made = {"state": "settled", "settled_at": now, "lease": None, "lease_until": None}
        ids = [row.delivery_id for row in rows]
        tx.execute(update(DELIVERIES).where(DELIVERIES.c.delivery_id.in_(ids)).values(**made))
        return payloads

    ledger._lease = settled


def forgets_the_key() -> None:
    """The bot's second call with the same key is taken for a new one."""
    KeyedCall.of = classmethod(lambda *_: None)


DEFECTS: Final[Mapping[str, Callable[[], None]]] = {
    one.__name__: one for one in (never_looks, settles_first, forgets_the_key)
}
