"""A retail story, played through a real bridge and seen at the stand-ins: a parcel that never came."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import requests

from sandbox.assembly import Sandbox

T = TypeVar("T")

LOOK_SECONDS: Final = 0.05
ANSWER: Final = (
    "Hello Priya, this is {first_name}. I am sorry about your parcel. The courier's photo shows another door, "
    "so I have sent a new one today; it arrives tomorrow before noon."
)


class StoryFailed(Exception):
    """A step of the story was not seen in time. The text names the step."""


@dataclass(kw_only=True)
class Story:
    """Plays once. `tell` hears of each step as it is seen; `step_seconds` is how long one may take."""

    sandbox: Sandbox
    bridge_url: str
    key: str
    now: datetime
    tell: Callable[[str], None]
    step_seconds: float = 30.0
    seen: dict[str, Any] = field(default_factory=dict)

    def play(self) -> dict[str, Any]:
        """Return what was seen, step by step. Raises StoryFailed."""
        answer = self._hand_over()
        ticket = self._see("the ticket in the helpdesk", lambda: self._ticket(answer["id"]))
        channel, card = self._see("the card in the shift's channel", lambda: self._card(ticket["id"]))
        self._announce(answer, ticket, channel, card)
        self._see_rung(channel["id"], card["ts"])
        self._claim(answer["id"], channel["id"], card["ts"])
        self._answer(answer["id"], ticket["id"])
        self._relayed(answer["id"])
        return self.seen

    def _hand_over(self) -> dict[str, Any]:
        answer = self.sandbox.bot.hand_off(conversation(self.now))
        self.seen |= {"handoff_id": answer["id"], "promised_at": answer["promised_at"]}
        self.tell(f"The bot hands over: {answer['id']}, kept.")
        self.tell(f"The customer reads: “{answer['customer_text']}”")
        return answer

    def _announce(
        self, answer: dict[str, Any], ticket: dict[str, Any], channel: dict[str, Any], card: dict[str, Any]
    ) -> None:
        self.seen |= {
            "ticket": {key: ticket[key] for key in ("id", "subject", "group", "assignee", "priority")},
            "card": {"channel": channel["id"], "channel_name": channel["name"], "ts": card["ts"]},
            "owner": answer["owner"]["first_name"] if answer["owner"] else None,
        }
        self.tell(f"Ticket {ticket['id']} stands in {ticket['group']}, assigned to {ticket['assignee']}.")
        self.tell(f"The card stands in #{channel['name']} and names {self.seen['owner']}, who is on duty.")

    def _see_rung(self, channel: str, ts: str) -> None:
        self.tell("Nobody answers yet; the clock runs.")
        reply = self._see("the first rung of the ladder", lambda: next(iter(self._thread(channel, ts)), None))
        self.tell(f"The clock fires its first rung: “{_plain(reply['text'])}”")

    def _claim(self, handoff_id: str, channel: str, ts: str) -> None:
        user_id = self._owner_in_chat()
        self.sandbox.press(channel, ts, "claim", user_id)
        self._see("the claim", lambda: self._look(handoff_id)["claimed_by"])
        self.tell(f"{self.seen['owner']} presses Claim.")

    def _answer(self, handoff_id: str, ticket_id: str) -> None:
        agent_id = self._agent_in_helpdesk()
        text = ANSWER.format(first_name=self.seen["owner"])
        self.sandbox.reply("zendesk", ticket_id, agent_id, text, public=True)
        self.tell(f"{self.seen['owner']} answers on the ticket.")
        handoff = self._see("the stopped clock", lambda: self._answered(handoff_id))
        self.seen["answered_at"] = handoff["answered_at"]
        self.tell(f"The clock stops: answered by {handoff['answered_by']}.")

    def _relayed(self, handoff_id: str) -> None:
        line = self._see("the answer in the customer's chat", lambda: self._chat_line(handoff_id))
        self.tell(f"The customer reads: “{line}”")
        self._see("the card turned to answered", lambda: self._card_says("Answered"))

    def _see(self, step: str, look: Callable[[], T | None]) -> T:
        until = time.monotonic() + self.step_seconds
        while time.monotonic() < until:
            found = look()
            if found:
                return found
            time.sleep(LOOK_SECONDS)
        raise StoryFailed(f"not seen within {self.step_seconds:g} seconds: {step}")

    def _ticket(self, handoff_id: str) -> dict[str, Any] | None:
        known = self._look(handoff_id)["ticket"]
        tickets = self.sandbox.zendesk.snapshot()["tickets"] if known else []
        return next((ticket for ticket in tickets if ticket["id"] == known["id"]), None)

    def _card(self, ticket_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the channel and the card, once the card links to the ticket."""
        for channel in self.sandbox.slack.snapshot()["channels"]:
            for message in channel["messages"]:
                if f"/tickets/{ticket_id}" in str(message["blocks"]):
                    return channel, message
        return None

    def _card_says(self, word: str) -> bool:
        place = self.seen["card"]
        channels = self.sandbox.slack.snapshot()["channels"]
        messages = next(channel["messages"] for channel in channels if channel["id"] == place["channel"])
        card = next(message for message in messages if message["ts"] == place["ts"])
        return word.lower() in str(card["blocks"]).lower()

    def _thread(self, channel: str, ts: str) -> list[dict[str, Any]]:
        channels = self.sandbox.slack.snapshot()["channels"]
        messages = next(one["messages"] for one in channels if one["id"] == channel)
        return next((message["replies"] for message in messages if message["ts"] == ts), [])

    def _owner_in_chat(self) -> str:
        users: dict[str, str] = self.sandbox.slack.snapshot()["users"]
        return next(user_id for user_id, name in users.items() if name.split()[0] == self.seen["owner"])

    def _agent_in_helpdesk(self) -> Any:
        agents = self.sandbox.zendesk.snapshot()["agents"]
        return next(agent["id"] for agent in agents if agent["name"].split()[0] == self.seen["owner"])

    def _answered(self, handoff_id: str) -> dict[str, Any] | None:
        handoff = self._look(handoff_id)
        return handoff if handoff["answered_at"] else None

    def _chat_line(self, handoff_id: str) -> str | None:
        for event in self.sandbox.bot.events():
            if event["type"] == "handoff.message" and event["data"]["handoff_id"] == handoff_id:
                return str(event["data"]["message"]["text"])
        return None

    def _look(self, handoff_id: str) -> dict[str, Any]:
        answer = requests.get(
            f"{self.bridge_url}/v1/handoffs/{handoff_id}",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=10,
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


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


def _plain(text: str) -> str:
    return " ".join(text.split())
