"""What Slack sends to the bridge: what people do, once; events, again and again until they are taken."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from sandbox.clock import Clock
from sandbox.outbox import Answer, Delivery
from sandbox.slack.workspace import APP_ID, BOT_USER_ID, TEAM_ID

VENDOR = "slack"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PATIENCE_SECONDS = 3.0
EVENT_DELAYS = (0.0, 60.0, 300.0)  #: seconds before each of the three redeliveries


def press_delivery(url: str, payload: Mapping[str, Any], secret: str, clock: Clock) -> Delivery:
    """Return the delivery of an interaction of any kind."""
    return form_delivery(url, {"payload": json.dumps(payload)}, str(payload["type"]), secret, clock)


def form_delivery(url: str, fields: Mapping[str, str], label: str, secret: str, clock: Clock) -> Delivery:
    body = urlencode(fields).encode()
    return Delivery(
        url=url,
        headers=_headers(FORM, body, secret, clock),
        body=body,
        vendor=VENDOR,
        label=label,
        timeout_seconds=PATIENCE_SECONDS,
    )


def event_wrapper(event: Mapping[str, Any], number: int, clock: Clock) -> dict[str, Any]:
    """Return an event as it is told, with its id, which stays the same over redeliveries."""
    install = {"enterprise_id": None, "team_id": TEAM_ID, "user_id": BOT_USER_ID, "is_bot": True}
    return {
        "token": "sandbox",
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": dict(event),
        "type": "event_callback",
        "event_id": f"Ev{number:08d}",
        "event_time": int(clock().timestamp()),
        "authorizations": [{**install, "is_enterprise_install": False}],
        "is_ext_shared_channel": False,
    }


def event_delivery(url: str, wrapper: Mapping[str, Any], secret: str, clock: Clock) -> Delivery:
    body = json.dumps(wrapper).encode()
    return Delivery(
        url=url,
        headers=_headers(JSON, body, secret, clock),
        body=body,
        vendor=VENDOR,
        label=f"event {wrapper['event'].get('type', '')}",
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
