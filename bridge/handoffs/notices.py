"""What the customer is told. Each text says only what has happened, and a time the policy stands for."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.handoffs.account import Account
from bridge.handoffs.model import Handoff


def kept(account: Account, handoff: Handoff) -> str:
    """Tell that the conversation is kept, who has it, and by when an answer is promised."""
    by = _clock_time(handoff.promised_at, handoff.received_at, ZoneInfo(account.desk.zone))
    owner = account.person(handoff.owner)
    if owner is None:
        return (
            f"We have kept your conversation. Nobody is on duty right now; you will have an answer by {by}."
        )
    return f"{owner.first_name} has your conversation and will answer by {by}."


def late(account: Account, handoff: Handoff, now: datetime) -> str:
    """Tell that the promise was missed and that others have been called."""
    owner = account.person(handoff.owner)
    who = f"{owner.first_name} and the team have" if owner else "The team has"
    waited = max(1, round((now - handoff.asked_at).total_seconds() / 60))
    unit = "minute" if waited == 1 else "minutes"
    return f"You have waited {waited} {unit}, longer than we promised. {who} been called again."


def _clock_time(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{local:%H:%M} ({local.tzname()})"
    return f"{local:%H:%M} on {local:%A} {local.day} {local:%B} ({local.tzname()})"
