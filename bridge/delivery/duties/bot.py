"""What the bot hears of its handoff, and the webhooks that a ladder calls. Signed by Standard Webhooks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from bridge.delivery.job import Job, Paid
from bridge.delivery.workbench import Workbench
from bridge.handoffs import defects, lifecycle, messages
from bridge.handoffs.change import Change
from bridge.handoffs.document import document
from bridge.security.signatures import sign
from connectors.errors import Busy, Gone, OutcomeUnknown

RECEIVER = "receiver"


def callback(job: Job, bench: Workbench) -> Paid:
    """Tell the bot of one event. It may hear it twice; the `webhook-id` stays the same."""
    handoff = bench.the_handoff()
    url = handoff.context.callback_url
    if not url:
        return Paid(pointless="the bot gave no address")
    if bench.bot_gone:
        gone = "the bot's address is gone; its events are kept to be fetched"
        return Paid(pointless=gone, effect=_effect(job, given_up))
    data = {
        "handoff_id": handoff.handoff_id,
        "conversation_id": handoff.context.conversation_id,
        "sequence": job.payload["sequence"],
        **job.payload["data"],
    }
    event = {"type": f"handoff.{job.payload['event']}", "timestamp": job.payload["at"], "data": data}
    _send(job, bench, url, event)
    return Paid(effect=_effect(job, _delivered))


def webhook(job: Job, bench: Workbench) -> Paid:
    """Call the address that a rung of the ladder names."""
    handoff = document(bench.the_handoff())
    shown = (
        "handoff_id",
        "conversation_id",
        "channel",
        "topic",
        "owner",
        "rung",
        "route",
        "promised_at",
        "state",
    )
    body = {
        "type": "handoff.escalated",
        "timestamp": bench.now.isoformat(),
        "data": {**{name: handoff[name] for name in shown}, "rung": job.payload["rung"]},
    }
    _send(job, bench, job.payload["url"], body)
    return Paid()


def _send(job: Job, bench: Workbench, url: str, event: dict[str, Any]) -> None:
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": "application/json", **_signed(job, bench, body)}
    _check(bench.sender.post(url, headers, body).status)


def _signed(job: Job, bench: Workbench, body: bytes) -> dict[str, str]:
    signed: datetime = bench.now
    return dict(sign(bench.secrets, job.delivery_id, signed, body)) if bench.secrets else {}


def _check(status: int) -> None:
    if 200 <= status < 300:
        return
    if status == 410:
        raise Gone(RECEIVER, "the address is gone (410)")
    if status in (429, 503):
        raise Busy(RECEIVER, f"answered {status}")
    raise OutcomeUnknown(RECEIVER, f"answered {status}")


def gone_address(url: str) -> str:
    """Return the name under which an address that is gone is kept; the address itself may hold a secret."""
    return f"callback address {hashlib.sha256(url.encode()).hexdigest()[:16]}"


def leave_alone(change: Change) -> None:
    """The bot's receiver wants nothing more: send nothing there for a day, and let the lead see to it."""
    url = change.handoff.context.callback_url or ""
    host = urlsplit(url).hostname or "an unreadable address"
    told = f"The bot's callback address at {host} is gone (410), so bots are told nothing there for a day."
    defects.meets(change, gone_address(url), f"{told} Their events are kept: GET /v1/events.")


def message_of(job: Job) -> str | None:
    """Return the id of the message whose words this callback carries; None where it carries none."""
    said = job.payload["data"].get("message", {}) if job.kind == "callback" else {}
    return said["id"] if "text" in said else None


def given_up(change: Change, message_id: str) -> None:
    """The bot will not show this message: whoever wrote it must know, unless it took a later one."""
    messages.settle(change, message_id, messages.UNDELIVERED)
    _mark(change)


def _delivered(change: Change, message_id: str) -> None:
    messages.settle(change, message_id, messages.DELIVERED)
    kept = messages.known(change, message_id)
    if kept and kept.answer and change.handoff.delivered_at is None:
        change.become(delivered_at=change.now)
        change.note("answer_relayed", actor="bot")
    _mark(change)


def _effect(job: Job, what: Callable[[Change, str], None]) -> Callable[[Change], None] | None:
    message_id = message_of(job)
    return None if message_id is None else lambda change: what(change, message_id)


def _mark(change: Change) -> None:
    """Let the card say whether the customer has not seen the last reply."""
    undelivered = messages.last_was_lost(change)
    if undelivered != (change.handoff.undelivered_at is not None):
        change.become(undelivered_at=change.now if undelivered else None)
        lifecycle.show(change)
