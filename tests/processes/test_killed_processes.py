"""kill -9 at random: every handoff accepted becomes one ticket and one card, and every rung fires once."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from fleet import Fleet, wait_for
from sqlalchemy import func, select

from bridge.accounts import MAIN
from bridge.app import build_bridge, prepare
from bridge.settings import read_settings
from bridge.store import tables
from sandbox.assembly import ANY_PORTS, Sandbox

#: the full proof is `make kill`; the suite runs a sample
HANDOFFS = int(os.environ.get("HANDOFF_KILL_HANDOFFS", "60"))
SEED = int(os.environ.get("HANDOFF_KILL_SEED", "20261121"))
RUNG_SECONDS = 20


def desk_of_the_test(folder: Path) -> Path:
    """One rung that is due while the killing goes on, in three channels by turns of the clock."""
    text = (resources.files("bridge.desk") / "example.yaml").read_text()
    begin = text.index("sla:\n  standard:")
    ladder = "ladder: [{at: 100%, do: [tag_backup]}]"
    policies = "\n".join(
        f"  {name}: {{respond_within_minutes: {RUNG_SECONDS / 60:.4f}, {ladder}}}"
        for name in ("standard", "fast", "by_mail")
    )
    path = folder / "desk.yaml"
    path.write_text(
        f"{text[:begin]}sla:\n{policies}\n\nfallback: {{slack_channel: C0MORNING, lead: meera}}\n"
    )
    return path


def bodies(count: int) -> list[dict[str, object]]:
    return [
        {
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
        }
        for number in range(count)
    ]


@pytest.mark.parametrize(("webs", "workers", "store"), [(1, 1, "sqlite"), (2, 2, "postgres")])
def test_nothing_is_lost_or_doubled_when_processes_are_killed(request, tmp_path, webs, workers, store):
    url = request.getfixturevalue(f"{store}_url")
    with Sandbox(ports=ANY_PORTS, vendors=("zendesk", "slack")) as sandbox:
        environment = {
            **sandbox.environment(),
            "HANDOFF_DATABASE_URL": url,
            "HANDOFF_SECRET_KEYS": Fernet.generate_key().decode(),
            "HANDOFF_DESK": str(desk_of_the_test(tmp_path)),
        }
        bridge = build_bridge(read_settings(environment))
        prepare(bridge)
        key = bridge.database.transact(
            lambda tx: bridge.accounts.create_key(tx, MAIN, "bot", datetime.now(UTC))
        ).bearer
        chance, done = random.Random(SEED), threading.Event()
        with Fleet(environment, tmp_path, webs=webs, workers=workers) as fleet:
            killer = threading.Thread(target=fleet.kill_at_random, args=(chance, done, (0.5, 2.0)))
            killer.start()
            try:
                handoffs = fleet.hand_over(key, bodies(HANDOFFS))
            finally:
                wait_for(lambda: owed(bridge) <= HANDOFFS // 10, 120)
                done.set()
                killer.join()
            wait_for(lambda: owed(bridge) == 0 and armed(bridge) == 0, 240)
        assert len(set(handoffs.values())) == HANDOFFS
        assert tickets(sandbox) == Counter(dict.fromkeys(handoffs.values(), 1))
        assert cards(sandbox) == Counter(dict.fromkeys(handoffs.values(), 1))
        assert notices(sandbox) == Counter(dict.fromkeys(handoffs.values(), 1))
        assert fired(bridge) == Counter(dict.fromkeys(handoffs.values(), 1))
        bridge.close()


def owed(bridge) -> int:
    table = tables.deliveries
    with bridge.database.read() as connection:
        return connection.execute(
            select(func.count()).where(table.c.state.in_(("owed", "unknown")), table.c.handoff_id != "")
        ).scalar_one()


def armed(bridge) -> int:
    with bridge.database.read() as connection:
        return connection.execute(select(func.count()).where(tables.clocks.c.state == "armed")).scalar_one()


def fired(bridge) -> Counter[str]:
    """Count the rungs each handoff's timeline tells of; rung 0 is the promise itself."""
    table = tables.timeline
    with bridge.database.read() as connection:
        rows = connection.execute(select(table.c.handoff_id).where(table.c.event == "escalated"))
        return Counter(rows.scalars())


def tickets(sandbox) -> Counter[str]:
    return Counter(ticket["external_id"] for ticket in sandbox.zendesk.store.tickets.values())


def cards(sandbox) -> Counter[str]:
    return Counter(
        message.metadata["event_payload"]["handoff_id"]
        for channel in sandbox.slack.workspace.channels.values()
        for message in channel.top_level()
        if message.metadata and message.metadata["event_type"] == "handoff_card"
    )


def notices(sandbox) -> Counter[str]:
    """Count the lines in the thread of each handoff's card."""
    found: Counter[str] = Counter()
    for channel in sandbox.slack.workspace.channels.values():
        for message in channel.top_level():
            if message.metadata and message.metadata["event_type"] == "handoff_card":
                found[message.metadata["event_payload"]["handoff_id"]] += len(channel.replies(message.ts))
    return found
