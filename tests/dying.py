"""Run as a script: the `handoff` command, in a process that kills itself once, at a chosen point.

    python dying.py POINT SECONDS handoff-arguments…

POINT is one of `POINTS`, or "never". A lease lasts SECONDS. A process that dies leaves a file named by
DIED, and one that finds it there lives on: the same command may be started again.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from bridge import cli
from bridge.delivery import ledger
from bridge.intake.service import Intake
from bridge.worker.payer import Payer

Hook = tuple[type, str, Callable[[Callable[..., Any]], Callable[..., Any]]]


def die() -> None:
    """As `kill -9` does it, and only once."""
    died = Path(os.environ["DIED"])
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def after(method: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*given: Any) -> Any:
        value = method(*given)
        die()
        return value

    return dying


def before(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(method: Callable[..., Any]) -> Callable[..., Any]:
        def dying(payer: Payer, job: Any, *given: Any) -> Any:
            if job.kind == kind:
                die()
            return method(payer, job, *given)

        return dying

    return wrap


POINTS: dict[str, Hook] = {
    "accepted": (Intake, "hand_over", after),  # on disk, and not answered yet
    "claimed": (Payer, "pay", before("open_ticket")),  # nothing sent yet
    "ticket made": (Payer, "_settle", before("open_ticket")),  # at the helpdesk, and not written down
    "card posted": (Payer, "_settle", before("post_card")),
}


def main(point: str, seconds: str, *arguments: str) -> int:
    ledger.LEASE = timedelta(seconds=float(seconds))  # type: ignore[misc]
    if point in POINTS:
        place, name, wrap = POINTS[point]
        setattr(place, name, wrap(getattr(place, name)))
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
