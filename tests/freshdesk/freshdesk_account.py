"""A Freshdesk account under test, what goes wrong in it, and a handoff for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from stand_ins import NOON, OnTrial, StillClock

from bridge.handoffs.model import Customer, Speaker, TicketRef, Turn
from bridge.roster.model import Person
from connectors.base import Note, Once, Priority, TicketDraft
from sandbox.freshdesk import NO_LIMITS, FreshdeskStandIn
from sandbox.freshdesk.store import Row

HANDOFF = "ho_019a4b2c3d4e5f60718293a4b5c6"
ASHA = Person(key="asha", name="Asha Rao", email="asha@shop.example", ids={"freshdesk": "4601"})
PRIYA = Customer(name="Priya Nair", email="priya@customer.example", external_id="customer-7", tier="gold")
NOTE = Note(
    lines=("Wants the second charge refunded", "Tried payment lookup; suspects a double capture"),
    facts=(("Topic", "billing_dispute"), ("order", "4471")),
    transcript=(
        Turn(speaker=Speaker.CUSTOMER, text="I was charged <b>twice</b>", at=NOON - timedelta(minutes=3)),
        Turn(speaker=Speaker.BOT, text="I see one payment"),
    ),
)
DOCUMENT = {
    "handoff_id": HANDOFF,
    "conversation_id": "wa-1",
    "channel": "whatsapp",
    "topic": "billing_dispute",
    "trigger": {"kind": "failure", "code": "no_match"},
    "customer": {"name": "Priya Nair", "tier": "gold"},
    "summary": {"wants": "the second charge refunded"},
    "promised_at": "2026-11-02T12:15:00+00:00",
    "verification": ["otp"],
    "test": False,
}
DRAFT = TicketDraft(
    handoff_id=HANDOFF,
    subject="Handoff",
    customer=PRIYA,
    note=NOTE,
    document=DOCUMENT,
    group="Billing",
    assignee=ASHA,
    priority=Priority.HIGH,
    tags=("handoff", "trigger_failure"),
)
ONCE = Once(key="dl_1")


def draft(**changes: Any) -> TicketDraft:
    return replace(DRAFT, **changes)


def retry() -> Once:
    """Return the mark of an attempt after a lost answer at noon."""
    return Once(key="dl_1", look_first=True, first_tried_at=NOON)


class Account(OnTrial):
    vendor = "freshdesk"

    def __init__(self, clock: StillClock, url: str) -> None:
        super().__init__(clock, url)
        self.freshdesk = FreshdeskStandIn(clock=clock, outbox=self.outbox, limits=NO_LIMITS)

    def goes_wrong(self, call: str, action: str, **more: Any) -> None:
        """Spoil a call such as "POST tickets"."""
        method, path = call.split(" ")
        super().goes_wrong(f"{method} /api/v2/{path}", action, **more)

    def calls(self, method: str = "*") -> list[str]:
        """Return what was asked of it, as in "POST tickets"."""
        entries = [entry for entry in self.journal.entries() if method in ("*", entry.method)]
        return [f"{entry.method} {entry.path.removeprefix('/api/v2/')}" for entry in entries]

    def tickets(self) -> list[Row]:
        return list(self.freshdesk.store.tickets.values())

    def ticket(self, ref: TicketRef | None = None) -> Row:
        """Return the ticket, which must be the only one where none is named."""
        if ref is not None:
            return self.freshdesk.store.tickets[int(ref.id)]
        [only] = self.tickets()
        return only

    def notes(self) -> list[Row]:
        return [row for rows in self.freshdesk.store.conversations.values() for row in rows if row["private"]]
