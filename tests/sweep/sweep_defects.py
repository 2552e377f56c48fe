"""Defects that the sweep must find: each takes away one thing that keeps a death from losing or doubling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bridge.delivery import ledger
from bridge.delivery.job import Job
from bridge.intake import service
from connectors.base import Once


def never_looks() -> None:
    """A delivery whose answer may have been lost is sent again as if it never had been."""

    def anew(job: Job) -> Once:
        return Once(key=f"{job.delivery_id}-{job.attempt}", look_first=False, first_tried_at=None)

    Job.once = property(anew)


def settles_first() -> None:
    """A delivery counts as made as soon as somebody has taken it."""
    lease = ledger._lease

    def settled(tx: Any, jobs: Any, now: Any) -> None:
        lease(tx, jobs, now)
        for job in jobs:
            ledger.settle(tx, job, now)

    ledger._lease = settled


def forgets_the_key() -> None:
    """The bot's second call with the same key is taken for a new one."""
    service.recall = service.remember = lambda *_: None


DEFECTS: Final[Mapping[str, Callable[[], None]]] = {
    one.__name__: one for one in (never_looks, settles_first, forgets_the_key)
}
