"""A Slack workspace to test against: its people, a card, and what can go wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from stand_ins import NOON, OnTrial, StillClock

from bridge.handoffs.model import CardRef, TicketRef
from bridge.roster.model import Person
from connectors.base import Once
from connectors.chat import Card, CardState
from sandbox.slack import SlackStandIn

ASHA = Person(key="asha", name="Asha Rao", email="asha@shop.example", ids={"slack": "U07ASHA"})
RAVI = Person(key="ravi", name="Ravi Iyer", email="Ravi@shop.example")
MEERA = Person(key="meera", name="Meera Shah", ids={"slack": "U07MEERA"})
STRANGER = Person(key="zoe", name="Zoe <!channel>", email="zoe@elsewhere.example")

CARD = Card(
    handoff_id="ho_1",
    channel="C0MORNING",
    state=CardState.WAITING,
    lines=("Wants the second charge refunded", "Tried the refund form; suspects a double booking"),
    reason="Topic billing_dispute goes to Billing",
    waiting_since=NOON - timedelta(minutes=12),
    promised_at=NOON + timedelta(minutes=15),
    owner=ASHA,
    customer="Priya",
    topic="billing_dispute",
)
TICKET = TicketRef(connection="zendesk", id="3512", url="https://shop.zendesk.example/agent/tickets/3512")


class Shop(OnTrial):
    """The workspace."""

    vendor = "slack"

    def __init__(self, clock: StillClock, url: str) -> None:
        super().__init__(clock, url)
        self.slack = SlackStandIn(clock=clock, outbox=self.outbox)

    def goes_wrong(self, call: str, action: str, **more: Any) -> None:
        """Spoil a method such as "chat.postMessage"."""
        super().goes_wrong(f"POST /api/{call}", action, **more)

    def messages(self, channel: str = "C0MORNING") -> list[dict[str, Any]]:
        channels = {one["id"]: one for one in self.slack.snapshot()["channels"]}
        return channels[channel]["messages"] if channel in channels else []

    def calls(self) -> list[str]:
        return [entry.path.removeprefix("/api/") for entry in self.journal.entries()]

    def replies(self, ref: CardRef) -> list[dict[str, Any]]:
        return next(one["replies"] for one in self.messages(ref.channel) if one["ts"] == ref.message)


def retry_of(once: Once) -> Once:
    """Return the mark of an attempt after one at noon whose answer was lost."""
    return Once(key=once.key, look_first=True, first_tried_at=NOON)
