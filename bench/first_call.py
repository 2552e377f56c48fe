"""From a bot's POST to the ticket's request at the helpdesk, and from there to the card, in an idle deployment.

    python bench/first_call.py --store both --handoffs 35

The bridge is the real one: `handoff run` on SQLite, `handoff web` and `handoff worker` on PostgreSQL. The vendors are
the sandbox's stand-ins over real HTTP. One handoff is sent about every second, which is what one chat channel takes,
so each finds an idle bridge. Time runs from before the request is sent to the beginning of the call as the
stand-in's journal has it (a whole millisecond late at most). The card waits for its ticket: its time runs from the
ticket's answer to the post. A percentile is of all handoffs of all rounds together.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import requests
from measuring import Report, arguments, percentile, this_machine
from processes import deployment
from stores import Store, postgres_store, sqlite_store

from sandbox.assembly import ANY_PORTS, Sandbox
from sandbox.example import example_handoff
from sandbox.journal import Entry

P50_MS: Final = 15.0
P99_MS: Final = 60.0
STORES: Final = {"sqlite": (sqlite_store, ("run",)), "postgresql": (postgres_store, ("web", "worker"))}
#: one post a second is what a chat channel takes
EVERY_SECONDS: Final = 1.2
PATIENCE_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.01
WARM_UPS: Final = 5
TICKET: Final = "/api/v2/tickets"
CARD: Final = "/chat.postMessage"

Waits = tuple[
    float, float, float
]  #: milliseconds to the answer, to the ticket's request, from ticket to card


class Bot:
    """Hands one conversation over at a time, and waits for ticket and card."""

    def __init__(self, sandbox: Sandbox, port: int, key: str) -> None:
        self._journal = sandbox.journal
        self._url = f"http://127.0.0.1:{port}/v1/handoffs"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        self._number = 0

    def hand_over(self) -> Waits:
        self._number += 1
        seen = max((entry.number for entry in self._journal.entries()), default=0)
        body = example_handoff(datetime.now(UTC), self._number)
        began = datetime.now(UTC)
        answer = self._session.post(
            self._url, json=body, headers={"Idempotency-Key": body["conversation_id"]}
        )
        answered = datetime.now(UTC)
        answer.raise_for_status()
        ticket, card = self._call(seen, TICKET), self._call(seen, CARD)
        return _ms(answered - began), _ms(_arrived(ticket) - began), _ms(_arrived(card) - ticket.at)

    def _call(self, seen: int, path: str) -> Entry:
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            for entry in self._journal.entries(seen):
                if entry.method == "POST" and path in entry.path:
                    return entry
            time.sleep(LOOK_SECONDS)
        raise SystemExit(f"no call of {path} within {PATIENCE_SECONDS:g} s")


def measure(name: str, rounds: int, handoffs: int, code: Path | None) -> tuple[Store, list[Waits]]:
    open_store, commands = STORES[name]
    waits = []
    with open_store() as store, Sandbox(ports=ANY_PORTS, vendors=("zendesk", "slack")) as sandbox:
        here = deployment(store.url, store.room, sandbox.environment(), code)
        with here.running(*commands) as processes:
            bot = Bot(sandbox, processes[0].port, here.make_key())
            for number in range(WARM_UPS + rounds * handoffs):
                waited = bot.hand_over()
                if number >= WARM_UPS:
                    waits.append(waited)
                time.sleep(EVERY_SECONDS)
    return store, waits


def _arrived(entry: Entry) -> datetime:
    return entry.at - timedelta(milliseconds=entry.milliseconds)


def _ms(duration: timedelta) -> float:
    return duration / timedelta(milliseconds=1)


def _tell(report: Report, on: str, waits: Sequence[Waits]) -> None:
    answers, tickets, cards = zip(*waits, strict=True)
    report.add(f"{on}: answer 202, p50", percentile(answers, 0.5), "ms")
    report.add(f"{on}: accept to the ticket's request, p50", percentile(tickets, 0.5), "ms", at_most=P50_MS)
    report.add(f"{on}: accept to the ticket's request, p99", percentile(tickets, 0.99), "ms", at_most=P99_MS)
    report.add(f"{on}: ticket to the card's request, p50", percentile(cards, 0.5), "ms")
    report.add(f"{on}: ticket to the card's request, p99", percentile(cards, 0.99), "ms")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--store", choices=[*STORES, "both"], default="both")
    parser.add_argument("--handoffs", type=int, default=35, help="of each round (35)")
    parser.add_argument("--code", type=Path, help="measure the bridge of another checkout")
    given = parser.parse_args()
    report = Report(title="From accept to the first call", machine=this_machine())
    for name in STORES if given.store == "both" else [given.store]:
        store, waits = measure(name, given.rounds, given.handoffs, given.code)
        report.machine = this_machine(postgres=store.version or report.machine.postgres)
        _tell(report, store.kind, waits)
    return report.finish(as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
