"""The conversation of the demo's story: a parcel that shows delivered and never came."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any


def conversation(now: datetime) -> dict[str, Any]:
    """Return the handoff of the story: the parcel shows delivered, and the policy asks for a person."""

    def turn(speaker: str, text: str, seconds_ago: int) -> dict[str, str]:
        return {"speaker": speaker, "text": text, "at": (now - timedelta(seconds=seconds_ago)).isoformat()}

    return {
        "conversation_id": f"wa-priya-{now:%Y%m%d%H%M%S}",
        "channel": "whatsapp",
        "topic": "delivered_not_received",
        "trigger": {"kind": "policy", "code": "claims_over_2000_need_a_person"},
        "customer": {
            "name": "Priya Nair",
            "email": "priya@customer.example",
            "phone": "+91 98450 12345",
            "external_id": "cust-20931",
            "tier": "gold",
            "locale": "en-IN",
        },
        "summary": {
            "wants": "her parcel, or a replacement before Tuesday's wedding",
            "tried": "tracking (shows delivered yesterday 16:10), asked neighbours and the guard",
            "suspects": "the courier left it at another door",
        },
        "attempts": [
            {"what": "tracking", "outcome": "shows delivered yesterday at 16:10"},
            {"what": "refund policy", "outcome": "claims over ₹2,000 need a person"},
        ],
        "records": [{"kind": "order", "id": "ORD-20931", "url": "https://shop.example/orders/20931"}],
        "fields": {"amount": 4350, "carrier": "BlueKite", "delivered_at": "yesterday 16:10"},
        "verification": ["one-time code to the phone"],
        "sentiment": "upset",
        "started_at": (now - timedelta(seconds=240)).isoformat(),
        "asked_at": now.isoformat(),
        "transcript": [
            turn("customer", "My parcel shows delivered, but nothing is here.", 235),
            turn(
                "bot",
                "I am sorry. Order ORD-20931 was delivered yesterday at 16:10. Could a neighbour have it?",
                220,
            ),
            turn("customer", "I asked everybody, and the guard. Nothing! The wedding is on Tuesday.", 95),
            turn("bot", "I cannot settle a claim of ₹4,350 myself. I am passing you to a colleague.", 5),
        ],
    }
