"""A key's secret that was tampered with costs the bot its callbacks, and the customer nothing."""

from __future__ import annotations

from bridges import all_of, deliveries, hand_over, handoff, pay
from sqlalchemy import update
from structlog.testing import capture_logs

from bridge.accounts import MAIN
from bridge.store import tables


def test_fault_67_ticket_and_card_are_made_all_the_same(open_bridge):
    """The sealed secret of a key cannot be opened: callbacks wait, ticket and card are made all the same."""
    bridge = open_bridge()
    now = bridge.clock()
    key = bridge.database.transact(lambda tx: bridge.accounts.create_key(tx, MAIN, "bot", now))
    bridge.database.transact(
        lambda tx: tx.execute(update(tables.keys).values(sealed_secret=b"\x01" + b"0" * 60))
    )
    handoff_id = hand_over(bridge, key_id=key.key_id, callback_url="https://bot.example/callback")
    with capture_logs() as logs:
        pay(bridge)
    seen = handoff(bridge, handoff_id)
    assert (seen.ticket.id, seen.card.message) == ("1", "1")
    assert {row.state for row in deliveries(bridge, "callback")} <= {"owed", "unknown"}
    assert "Tampered" in [one.get("error") for one in logs if one["event"] == "delivery_broke"]
    assert all(row.outcome != "settled" for row in all_of(bridge, tables.attempts) if row.error)
