"""The webhooks the Zendesk stand-in sends: their bodies, signatures and patience."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Mapping
from typing import Any

from sandbox.clock import Clock
from sandbox.outbox import Answer, Delivery, Outbox

ACCOUNT_ID = 36
WEBHOOK_ID = "01HSANDBOXWEBHOOK000000001"
COMMENT_ADDED = "zen:event-type:ticket.comment_added"
TIMEOUT_SECONDS = 12.0
#: tries after the first, by what went wrong
TIMEOUT_TRIES, CONFLICT_TRIES, BUSY_TRIES = 5, 3, 3
RETRY_SECONDS = 1.0
LONGEST_RETRY_AFTER = 60.0  #: seconds


class Hooks:
    """Sends one webhook; `to` nowhere sends none."""

    def __init__(self, clock: Clock, outbox: Outbox, url: str | None, secret: str) -> None:
        self._clock = clock
        self._outbox = outbox
        self._numbers = itertools.count(1)
        self.url = url
        self.secret = secret

    def comment_added(
        self, ticket: Mapping[str, Any], event: Mapping[str, Any], author: Mapping[str, Any]
    ) -> None:
        """Tell of a comment: of every one, our own receiver's included."""
        if self.url is None:
            return
        number = next(self._numbers)
        told = {
            "account_id": ACCOUNT_ID,
            "detail": _detail(ticket, author),
            "event": {"comment": _comment(event, author)},
            "id": f"{number:08x}-0000-4000-8000-000000000000",
            "subject": f"zen:ticket:{ticket['id']}",
            "time": f"{self._clock():%Y-%m-%dT%H:%M:%S.%f}000Z",
            "type": COMMENT_ADDED,
            "zendesk_event_version": "2022-11-06",
        }
        self._send(pretty(told), f"01HSANDBOXINVOCATION{number:06d}", "ticket.comment_added")

    def _send(self, body: bytes, invocation: str, label: str) -> None:
        def headers(number: int, last: Answer | None) -> dict[str, str]:  # noqa: ARG001 - each try is signed anew
            return self._headers(body, invocation)

        delivery = Delivery(
            url=self.url or "",
            headers=headers,
            body=body,
            vendor="zendesk",
            label=label,
            patience=_patience,
            timeout_seconds=TIMEOUT_SECONDS,
        )
        self._outbox.send(delivery)

    def _headers(self, body: bytes, invocation: str) -> dict[str, str]:
        timestamp = f"{self._clock():%Y-%m-%dT%H:%M:%SZ}"
        return {
            "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
            "X-Zendesk-Webhook-Signature": signature(self.secret, timestamp, body),
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Zendesk Webhook",
            "X-Zendesk-Account-Id": str(ACCOUNT_ID),
            "X-Zendesk-Webhook-Id": WEBHOOK_ID,
            "X-Zendesk-Webhook-Invocation-Id": invocation,
        }


def signature(secret: str, timestamp: str, body: bytes) -> str:
    digest = hmac.digest(secret.encode(), timestamp.encode() + body, hashlib.sha256)
    return base64.b64encode(digest).decode()


def pretty(told: Mapping[str, Any]) -> bytes:
    """Return the body as Zendesk writes it: three spaces, sorted, a new line at the end."""
    return (json.dumps(told, indent=3, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _patience(answer: Answer, number: int) -> float | None:
    if answer.status is None:
        return RETRY_SECONDS if answer.error == "timeout" and number <= TIMEOUT_TRIES else None
    if answer.status == 409:
        return RETRY_SECONDS if number <= CONFLICT_TRIES else None
    asked = {name.lower(): value for name, value in answer.headers.items()}.get("retry-after", "")
    patient = answer.status in (429, 503) and asked.isdigit() and float(asked) < LONGEST_RETRY_AFTER
    return float(asked) if patient and number <= BUSY_TRIES else None


def _detail(ticket: Mapping[str, Any], author: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "actor_id": str(author["id"]),
        "assignee_id": _id(ticket["assignee_id"]),
        "brand_id": _id(ticket["brand_id"]),
        "created_at": ticket["created_at"],
        "description": "",
        "external_id": ticket["external_id"] or "",
        "form_id": _id(ticket["ticket_form_id"]),
        "group_id": _id(ticket["group_id"]),
        "id": str(ticket["id"]),
        "is_public": ticket["is_public"],
        "organization_id": _id(ticket["organization_id"]),
        "priority": (ticket["priority"] or "").upper(),
        "requester_id": _id(ticket["requester_id"]),
        "status": ticket["status"].upper(),
        "subject": ticket["subject"] or "",
        "submitter_id": _id(ticket["submitter_id"]),
        "tags": ticket["tags"],
        "type": (ticket["type"] or "").upper(),
        "updated_at": ticket["updated_at"],
        "via": {"channel": "web_service" if ticket["via"]["channel"] == "api" else ticket["via"]["channel"]},
    }


def _comment(event: Mapping[str, Any], author: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(event["id"]),
        "body": event["body"],
        "is_public": event["public"],
        "author": {
            "id": str(author["id"]),
            "is_staff": author.get("role") in ("agent", "admin"),
            "name": author.get("name", ""),
        },
    }


def _id(found: Any) -> str:
    return str(found) if found else "0"
