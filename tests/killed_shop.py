"""A shop for real processes: stand-ins, a store, a key, and what is counted where it matters."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet
from sqlalchemy import func, select

from bridge.accounts import MAIN
from bridge.app import Bridge, build_bridge, prepare
from bridge.handoffs.accept import PROMISE
from bridge.reports.accounting import Books, books
from bridge.settings import read_settings
from bridge.store import tables
from sandbox.assembly import ANY_PORTS, Sandbox

DELIVERIES = tables.deliveries
#: far enough back for whatever a test hands over
SINCE = timedelta(days=1)


def write_desk(folder: Path, *, rung_seconds: float) -> Path:
    """Write the example's desk, with one rung that tags the backup after so long, whatever the route."""
    text = (resources.files("bridge.desk") / "example.yaml").read_text()
    begin = text.index("sla:\n  standard:")
    ladder = "ladder: [{at: 100%, do: [tag_backup]}]"
    policies = "\n".join(
        f"  {name}: {{respond_within_minutes: {rung_seconds / 60:.4f}, {ladder}}}"
        for name in ("standard", "fast", "by_mail")
    )
    path = folder / "desk.yaml"
    path.write_text(
        f"{text[:begin]}sla:\n{policies}\n\nfallback: {{slack_channel: C0MORNING, lead: meera}}\n"
    )
    return path


def conversation(number: int, *, turns: int = 0) -> dict[str, Any]:
    """Return what a bot hands over, with so many turns that do not become shorter on disk."""
    return {
        "conversation_id": f"conversation-{number}",
        "channel": "whatsapp",
        "trigger": {"kind": "asked"},
        "customer": {"name": f"Customer {number}", "email": f"c{number}@customer.example"},
        "summary": {
            "wants": f"help with order {number}",
            "tried": "the help page",
            "suspects": "a mix-up",
        },
        "asked_at": datetime.now(UTC).isoformat(),
        "transcript": [{"speaker": "customer", "text": secrets.token_hex(400)} for _ in range(turns)],
    }


class KilledShop:
    """`environment` is what each process of the bridge is started with. This process only looks."""

    def __init__(self, sandbox: Sandbox, environment: Mapping[str, str]) -> None:
        self.sandbox = sandbox
        self.environment = dict(environment)
        self.bridge: Bridge = build_bridge(read_settings(environment))
        prepare(self.bridge)
        self.key = self.bridge.database.transact(
            lambda tx: self.bridge.accounts.create_key(tx, MAIN, "bot", datetime.now(UTC))
        ).bearer

    def post(self, port: int, number: int = 1, **asked: Any) -> requests.Response:
        """Hand over conversation `number`, under a key of its own; `asked` is the query."""
        body = conversation(number) | {"asked_at": None}
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": body["conversation_id"]}
        url = f"http://127.0.0.1:{port}/v1/handoffs"
        return requests.post(url, json=body, headers=headers, params=asked, timeout=20)

    def look(self, port: int, handoff_id: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}"}
        return requests.get(f"http://127.0.0.1:{port}/v1/handoffs/{handoff_id}", headers=headers, timeout=20)

    def rows(self, table: Any) -> list[Any]:
        with self.bridge.database.read() as connection:
            return list(connection.execute(select(table).order_by(*table.primary_key.columns)))

    def deliveries(self, kind: str) -> list[Any]:
        return [row for row in self.rows(DELIVERIES) if row.kind == kind]

    def attempts(self, delivery_id: str) -> list[Any]:
        return [row for row in self.rows(tables.attempts) if row.delivery_id == delivery_id]

    def books(self) -> Books:
        with self.bridge.database.read() as connection:
            return books(connection, MAIN, datetime.now(UTC) - SINCE)

    def owed(self) -> int:
        """Return how many calls are owed for handoffs; the polls are owed for ever and do not count."""
        return self._count(
            DELIVERIES, DELIVERIES.c.state.in_(("owed", "unknown")), DELIVERIES.c.handoff_id != ""
        )

    def armed(self) -> int:
        """Return how many promises and rungs are still to come; the customer's channel closes hours later."""
        return self._count(tables.clocks, tables.clocks.c.state == "armed", tables.clocks.c.rung >= PROMISE)

    def fired(self) -> Counter[str]:
        """Count the rungs that each handoff's timeline tells of."""
        return Counter(row.handoff_id for row in self.rows(tables.timeline) if row.event == "escalated")

    def tickets(self) -> Counter[str]:
        return Counter(ticket["external_id"] for ticket in self.sandbox.zendesk.store.tickets.values())

    def cards(self) -> Counter[str]:
        return Counter(handoff_id for handoff_id, _, _ in self._cards())

    def lines(self) -> Counter[str]:
        """Count the lines under each handoff's cards."""
        found: Counter[str] = Counter()
        for handoff_id, channel, message in self._cards():
            found[handoff_id] += len(channel.replies(message.ts))
        return found

    def asked(self, vendor: str, method: str) -> int:
        """Return how often a vendor was asked in this way, such as "POST"."""
        entries = self.sandbox.journal.entries()
        return sum(entry.vendor == vendor and entry.method == method for entry in entries)

    def _cards(self) -> list[tuple[str, Any, Any]]:
        return [
            (message.metadata["event_payload"]["handoff_id"], channel, message)
            for channel in list(self.sandbox.slack.workspace.channels.values())
            for message in channel.top_level()
            if message.metadata and message.metadata["event_type"] == "handoff_card"
        ]

    def _count(self, table: Any, *conditions: Any) -> int:
        with self.bridge.database.read() as connection:
            return connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()


@contextmanager
def killed_shop(
    url: str, folder: Path, *, rung_seconds: float = 900, sandbox: Mapping[str, Any] | None = None
) -> Iterator[KilledShop]:
    """Give a shop with Zendesk and Slack on a migrated store. Its processes are the test's to start."""
    with Sandbox(ports=ANY_PORTS, vendors=("zendesk", "slack"), **(sandbox or {})) as running:
        environment = {
            **running.environment(),
            "HANDOFF_DATABASE_URL": url,
            "HANDOFF_SECRET_KEYS": Fernet.generate_key().decode(),
            "HANDOFF_DESK": str(write_desk(folder, rung_seconds=rung_seconds)),
            "HANDOFF_LOG_FORMAT": "json",
            "DIED": str(folder / "died"),
        }
        shop = KilledShop(running, environment)
        try:
            yield shop
        finally:
            shop.bridge.close()
