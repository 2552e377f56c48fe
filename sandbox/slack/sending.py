"""What Slack sends to the bridge: presses of buttons, once; events, again and again until they are taken."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from sandbox.clock import Clock
from sandbox.outbox import Answer, Delivery
from sandbox.slack.content import buttons
from sandbox.slack.posting import shown
from sandbox.slack.workspace import APP_ID, TEAM_ID, Channel, Message, User, Workspace

VENDOR = "slack"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PATIENCE_SECONDS = 3.0
EVENT_DELAYS = (0.0, 60.0, 300.0)  #: seconds before each of the three redeliveries


def press_payload(
    workspace: Workspace, channel: Channel, message: Message, action_id: str, user: User
) -> dict[str, Any]:
    """Return what Slack tells of a press. Raises LookupError where the message has no such button."""
    block, button = next(
        ((block, one) for block, one in buttons(message.blocks) if one.get("action_id") == action_id),
        (None, None),
    )
    if block is None or button is None:
        raise LookupError(f"message {message.ts} has no button {action_id}")
    trigger = f"{workspace.next_number()}.{TEAM_ID}.sandbox"
    workspace.triggers.add(trigger)
    kept = {name: button[name] for name in ("value", "style", "url") if name in button}
    return {
        "type": "block_actions",
        "user": {"id": user.id, "username": user.handle, "name": user.handle, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "token": "sandbox",
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": False,
        },
        "trigger_id": trigger,
        "team": {"id": TEAM_ID, "domain": "shop"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel.id, "name": channel.name},
        "message": shown(message, channel, with_metadata=True),
        "response_url": f"https://hooks.slack.example/actions/{TEAM_ID}/{workspace.next_number()}",
        "actions": [
            {
                "action_id": action_id,
                "block_id": block.get("block_id", "sandbox"),
                "text": button["text"],
                "type": "button",
                "action_ts": workspace.next_ts(),
                **kept,
            }
        ],
    }


def press_delivery(url: str, payload: Mapping[str, Any], secret: str, clock: Clock) -> Delivery:
    body = urlencode({"payload": json.dumps(payload)}).encode()
    return Delivery(
        url=url,
        headers=_headers(FORM, body, secret, clock),
        body=body,
        vendor=VENDOR,
        label="block_actions",
        timeout_seconds=PATIENCE_SECONDS,
    )


def event_delivery(url: str, event: Mapping[str, Any], number: int, secret: str, clock: Clock) -> Delivery:
    wrapper = {
        "token": "sandbox",
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": dict(event),
        "type": "event_callback",
        "event_id": f"Ev{number:08d}",
        "event_time": int(clock().timestamp()),
    }
    body = json.dumps(wrapper).encode()
    return Delivery(
        url=url,
        headers=_headers(JSON, body, secret, clock),
        body=body,
        vendor=VENDOR,
        label=f"event {event.get('type', '')}",
        patience=_event_patience,
        timeout_seconds=PATIENCE_SECONDS,
    )


def signed_headers(content_type: str, body: bytes, secret: str, clock: Clock) -> dict[str, str]:
    """Return the headers of a request as Slack signs it at this moment."""
    timestamp = str(int(clock().timestamp()))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": content_type,
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest}",
    }


def _headers(
    content_type: str, body: bytes, secret: str, clock: Clock
) -> Callable[[int, Answer | None], dict[str, str]]:
    def headers(number: int, last: Answer | None) -> dict[str, str]:
        retry = {} if last is None else {"X-Slack-Retry-Num": str(number - 1), **_reason(last)}
        return signed_headers(content_type, body, secret, clock) | retry

    return headers


def _reason(last: Answer) -> dict[str, str]:
    if last.status is not None:
        return {"X-Slack-Retry-Reason": "http_error"}
    return {"X-Slack-Retry-Reason": "http_timeout" if last.error == "timeout" else "connection_failed"}


def _event_patience(answer: Answer, number: int) -> float | None:
    names = {name.lower(): value for name, value in answer.headers.items()}
    if names.get("x-slack-no-retry") == "1" or number > len(EVENT_DELAYS):
        return None
    return EVENT_DELAYS[number - 1]
