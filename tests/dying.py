"""Run as a script: the `handoff` command, in a process that kills itself once, at a chosen point.

    python dying.py POINT SECONDS handoff-arguments…

POINT is one of `POINTS`, or "never". A lease lasts SECONDS. A process that dies leaves a file named by
DIED, and one that finds it there lives on: the same command may be started again.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from bridge import cli
from bridge.delivery import ledger
from bridge.store import Database
from bridge.worker.payer import Payer

Hook = tuple[type, str, Callable[[Callable[..., Any]], Callable[..., Any]]]


def die() -> None:
    """As `kill -9` does it, and only once."""
    died = Path(os.environ["DIED"])
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def when_kept(once: Callable[..., Any]) -> Callable[..., Any]:
    """Die when what bots have asked for is on disk, and nobody has been told."""

    def dying(*given: Any) -> Any:
        value = once(*given)
        if threading.current_thread().name == "store-gathering":
            die()
        return value

    return dying


def before_calling(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(attempt: Callable[..., Any]) -> Callable[..., Any]:
        def dying(payer: Payer, job: Any, *given: Any) -> Any:
            if job.kind == kind:
                die()
            return attempt(payer, job, *given)

        return dying

    return wrap


def before_writing(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(write_down: Callable[..., Any]) -> Callable[..., Any]:
        def dying(payer: Payer, tried: Any) -> Any:
            if any(job.kind == kind for job, _ in tried):
                die()
            return write_down(payer, tried)

        return dying

    return wrap


POINTS: dict[str, Hook] = {
    "accepted": (Database, "_once", when_kept),  # on disk, and not answered yet
    "claimed": (Payer, "attempt", before_calling("open_ticket")),  # nothing sent yet
    # at the helpdesk, and not written down
    "ticket made": (Payer, "write_down_together", before_writing("open_ticket")),
    "card posted": (Payer, "write_down_together", before_writing("post_card")),
}


def main(point: str, seconds: str, *arguments: str) -> int:
    ledger.LEASE = timedelta(seconds=float(seconds))  # type: ignore[misc]
    if point in POINTS:
        place, name, wrap = POINTS[point]
        setattr(place, name, wrap(getattr(place, name)))
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
