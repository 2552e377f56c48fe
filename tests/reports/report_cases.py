"""Handoffs of one November week, each a change of one that nobody has answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.accounts import MAIN
from bridge.handoffs.model import Context, Handoff, State, Summary, Trigger, TriggerKind
from bridge.reports.period import Period, midnight
from bridge.reports.received import Received
from bridge.reports.report import Report, make_report
from bridge.routing.model import Route
from bridge.sla.model import Policy

KOLKATA = "Asia/Kolkata"
ASKED = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=15)
#: the promise in the policy's own hours; the shop opens late that day
PROMISE = timedelta(minutes=45)
LATER = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
CALLBACK = "https://bot.example/callback"


def after(**given: float) -> datetime:
    """Return the moment so long after the ask."""
    return ASKED + timedelta(**given)


def week() -> Period:
    """Return Monday 16 to Sunday 22 November in Kolkata."""
    start = midnight(datetime(2026, 11, 16, tzinfo=UTC).date(), KOLKATA)
    return Period(starts_at=start, ends_at=start + timedelta(days=7), zone=KOLKATA)


def received(handoff_id: str = "ho_1", **given: Any) -> Received:
    """Return a handoff as the report sees it: nobody has answered, no bot relays."""
    usual: dict[str, Any] = {
        "handoff_id": handoff_id,
        "channel": "whatsapp",
        "shift": "morning",
        "named_owner": "asha",
        "state": State.ANSWERED if given.get("answered_at") else State.OPEN,
        "test": False,
        "relayed": False,
        "window": WINDOW,
        "asked_at": ASKED,
        "received_at": ASKED,
        "promised_at": ASKED + PROMISE,
    }
    return Received(**{**usual, **given})


def many(count: int, name: str, **given: Any) -> list[Received]:
    return [received(f"{name}_{number}", **given) for number in range(1, count + 1)]


def report_of(*handoffs: Received, now: datetime = LATER) -> Report:
    return make_report(handoffs, week(), now)


def stored(handoff_id: str = "ho_1", *, callback_url: str | None = None, **given: Any) -> Handoff:
    """Return the same handoff as the store keeps it."""
    route = {"shift": given.pop("shift", "morning"), "owner": given.pop("named_owner", "asha")}
    context = Context(
        conversation_id=f"conversation of {handoff_id}",
        channel=given.pop("channel", "whatsapp"),
        trigger=Trigger(kind=TriggerKind.FAILURE),
        callback_url=callback_url,
    )
    usual: dict[str, Any] = {
        "account_id": MAIN,
        "handoff_id": handoff_id,
        "state": State.ANSWERED if given.get("answered_at") else State.OPEN,
        "context": context,
        "summary": Summary(),
        "route": Route(
            group=None, priority="normal", policy="fast", card_channel=None, backup=None, lead=None, **route
        ),
        "policy": Policy(name="fast", respond_within=WINDOW),
        "window": WINDOW,
        "asked_at": ASKED,
        "received_at": ASKED,
        "promised_at": ASKED + PROMISE,
    }
    return Handoff(**{**usual, **given})
