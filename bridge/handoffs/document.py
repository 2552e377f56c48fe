"""A handoff as plain JSON: what routes match on, mappings read and the API shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge.handoffs.model import Context, Handoff
from bridge.handoffs.rows import CONTEXT, ROUTE, SUMMARY


def facts(context: Context) -> dict[str, Any]:
    """Return what a route may match on: the bot's words by their names in the API."""
    known: dict[str, Any] = CONTEXT.dump_python(context, mode="json")
    extra = known.pop("extra")
    return {**extra, **known, "language": _language(context.customer.locale)}


def document(handoff: Handoff) -> dict[str, Any]:
    """Return the whole handoff, unmasked: for the ticket's mapping, never for a chat or a log."""
    return {
        **facts(handoff.context),
        "handoff_id": handoff.handoff_id,
        "state": handoff.state.value,
        "test": handoff.test,
        "summary": SUMMARY.dump_python(handoff.summary, mode="json"),
        "route": ROUTE.dump_python(handoff.route, mode="json"),
        "owner": handoff.owner,
        "rung": handoff.rung,
        "flags": list(handoff.flags),
        "started_at": _text(handoff.started_at),
        "asked_at": _text(handoff.asked_at),
        "received_at": _text(handoff.received_at),
        "promised_at": _text(handoff.promised_at),
        "channel_closes_at": _text(handoff.channel_closes_at),
        "claimed_by": handoff.claimed_by,
        "claimed_at": _text(handoff.claimed_at),
        "answered_by": handoff.answered_by,
        "answered_at": _text(handoff.answered_at),
        "closed_at": _text(handoff.closed_at),
        "outcome": handoff.outcome.value if handoff.outcome else None,
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _language(locale: str | None) -> str | None:
    return locale.replace("_", "-").split("-")[0].lower() if locale else None
