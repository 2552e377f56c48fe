"""The vendors' ways to call a bridge: over real HTTP, each call signed as its stand-in signs it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from bridges import Clock, a_bridge, hand_over, pay, write_example_desk

from bridge.app import Bridge, build_web
from connectors.base import ChangePage, HelpdeskEvent
from connectors.mapping import shipped_mapping
from connectors.remembering import RememberingChat, RememberingHelpdesk
from connectors.zendesk import OAuthToken, ZendeskAccount, ZendeskHelpdesk
from sandbox.outbox import Delivery
from sandbox.server import serve
from sandbox.slack.sending import press_delivery
from sandbox.zendesk.hooks import Hooks, signature

SECRET = "zendesk-webhook-secret"
SIGNING_SECRET = "slack-signing-secret"
RAVI = {"id": 3602, "name": "Ravi Iyer", "role": "agent"}
PRIYA = {"id": 9001, "name": "Priya Nair", "role": "end-user"}


class HearingHelpdesk(RememberingHelpdesk):
    """Remembers tickets, and reads webhooks as Zendesk's connector does."""

    vendor = "zendesk"

    def __init__(self) -> None:
        super().__init__("zendesk")
        self._ear = ZendeskHelpdesk(
            account=ZendeskAccount(sign_in=OAuthToken(token="t"), subdomain="shop"),
            mapping=shipped_mapping("zendesk"),
            webhook_secrets=(SECRET,),
            own_user_id=3600,
        )

    def changes(self, cursor: str | None, now: datetime) -> ChangePage:
        return ChangePage(cursor="", tickets=())  # only webhooks tell here

    def receive(self, headers: Mapping[str, str], body: bytes, now: datetime) -> HelpdeskEvent:
        return self._ear.receive(headers, body, now)


class SlackLike(RememberingChat):
    vendor = "slack"


@dataclass
class Caught:
    """Takes what a stand-in would send."""

    deliveries: list[Delivery] = field(default_factory=list)

    def send(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)


@dataclass
class Town:
    """The bridge at its address, and the vendors' ways to call it."""

    bridge: Bridge
    url: str
    clock: Clock

    @property
    def helpdesk(self) -> HearingHelpdesk:
        return self.bridge.connectors.helpdesks["zendesk"]  # type: ignore[return-value]

    def comment(
        self, ticket_id: int = 1, author: Mapping[str, Any] = RAVI, *, public: bool = True, **ticket: Any
    ) -> Delivery:
        """Return the webhook that tells of a comment, as the stand-in would send it."""
        caught = Caught()
        hooks = Hooks(self.clock, caught, f"{self.url}/hooks/zendesk/zendesk", SECRET)  # type: ignore[arg-type]
        comment = {"id": 77, "body": "I have found your parcel.", "public": public}
        hooks.comment_added({**TICKET, "id": ticket_id, **ticket}, comment, author)
        return caught.deliveries[0]

    def trigger(self, ticket_id: object = 1, invocation: str = "01H1", **more: str) -> requests.Response:
        """Send what our trigger at the helpdesk sends: which ticket, and no more."""
        body = json.dumps({"type": "newMessage", "ticketId": str(ticket_id), **more}).encode()
        return self.signed(body, {"X-Zendesk-Webhook-Invocation-Id": invocation})

    def signed(
        self, body: bytes, headers: Mapping[str, str] | None = None, at: datetime | None = None
    ) -> requests.Response:
        moment = f"{at or self.clock():%Y-%m-%dT%H:%M:%SZ}"
        mark = {
            "X-Zendesk-Webhook-Signature": signature(SECRET, moment, body),
            "X-Zendesk-Webhook-Signature-Timestamp": moment,
        }
        return self.post("/hooks/zendesk/zendesk", body, {**mark, **(headers or {})})

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        return requests.post(self.url + path, data=body, headers=headers, timeout=10)

    def deliver(self, delivery: Delivery) -> requests.Response:
        return requests.post(
            delivery.url, data=delivery.body, headers=delivery.headers_for(1, None), timeout=10
        )

    def press(
        self,
        handoff_id: str,
        user_id: str = "U07RAVI",
        *,
        ts: str = "1763729520.000100",
        secret: str = SIGNING_SECRET,
        at: datetime | None = None,
    ) -> Delivery:
        """Return the call that tells of a press of the card's button, signed as Slack signs it."""
        payload = {
            "type": "block_actions",
            "user": {"id": user_id, "name": user_id.lower(), "team_id": "T0SHOP"},
            "container": {"type": "message", "message_ts": "1763729500.000001", "channel_id": "C0EVENING"},
            "team": {"id": "T0SHOP"},
            "channel": {"id": "C0EVENING"},
            "message": {"ts": "1763729500.000001", "text": "A customer waits"},
            "actions": [
                {
                    "action_id": "claim",
                    "block_id": "b",
                    "type": "button",
                    "value": handoff_id,
                    "action_ts": ts,
                }
            ],
        }
        moment = at or self.clock()
        return press_delivery(f"{self.url}/slack/events", payload, secret, lambda: moment)


TICKET: dict[str, Any] = {
    "id": 1,
    "assignee_id": 3602,
    "brand_id": 1,
    "created_at": "2026-11-21T12:52:01Z",
    "external_id": None,
    "ticket_form_id": None,
    "group_id": 3701,
    "is_public": True,
    "organization_id": None,
    "priority": "high",
    "requester_id": 9001,
    "status": "open",
    "subject": "her parcel",
    "submitter_id": 3600,
    "tags": [],
    "type": None,
    "updated_at": "2026-11-21T12:53:00Z",
    "via": {"channel": "web"},
}


def wait_for_an_answer(town: Town) -> str:
    """Hand over and let ticket 1 and the card be made; return the handoff's id."""
    handoff_id = hand_over(town.bridge)
    pay(town.bridge)
    town.clock.later(seconds=30)
    pay(town.bridge)
    return handoff_id


@contextmanager
def a_town(url: str, folder: Path, now: datetime, **settings: str) -> Iterator[Town]:
    """Give a town on a store, whose clock stands still at `now` until it is moved."""
    clock = Clock(now)
    desk = write_example_desk(folder)
    with (
        a_bridge(url, desk, clock, helpdesk=HearingHelpdesk(), chat=SlackLike("slack"), **settings) as bridge,
        serve(build_web(bridge)) as running,
    ):
        yield Town(bridge, running.url, clock)
