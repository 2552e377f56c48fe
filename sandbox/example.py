"""One conversation a bot could not settle, to hand over when there is none at hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

NAMES = ("Priya Nair", "Arjun Mehta", "Sara Thomas", "Kabir Singh", "Leela Menon")


def example_handoff(now: datetime, number: int) -> dict[str, Any]:
    """Return the body of a POST to /v1/handoffs. Another `number` is another customer's conversation."""
    order, name = 4470 + number, NAMES[(number - 1) % len(NAMES)]

    def turn(speaker: str, text: str, seconds_ago: int) -> dict[str, str]:
        return {
            "speaker": speaker,
            "text": text,
            "at": (now - timedelta(seconds=seconds_ago)).isoformat(),
        }

    return {
        "conversation_id": f"example-{number}-{now:%Y%m%d%H%M%S}",
        "channel": "whatsapp",
        "asked_at": now.isoformat(),
        "started_at": (now - timedelta(seconds=95)).isoformat(),
        "trigger": {"kind": "topic", "code": "billing_dispute"},
        "topic": "billing_dispute",
        "customer": {
            "name": name,
            "email": f"{name.split()[0].lower()}.{number}@customer.example",
            "external_id": f"customer-{number}",
            "locale": "en-IN",
        },
        "summary": {
            "wants": f"the second charge on order {order} refunded",
            "tried": "payment lookup, which found one payment only",
            "suspects": "the card was captured twice",
        },
        "attempts": [{"what": "payment lookup", "outcome": "one payment found, two on the statement"}],
        "records": [{"kind": "order", "id": str(order)}],
        "transcript": [
            turn("customer", f"Hi, I was charged twice for order {order}", 90),
            turn("bot", "I am sorry to hear that. I can see one payment of ₹2,340. Is that the one?", 80),
            turn("customer", "No, there are two on my statement! I want to talk to a person.", 20),
            turn("bot", "Of course. I am passing you on with everything you told me.", 5),
        ],
    }
